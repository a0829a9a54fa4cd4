"""The gallery's index: found again, made again, taken over from what galleries kept before, and true after a kill."""

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import duckrabbit
from duckrabbit.errors import UsageError
from duckrabbit.making.make import Picture
from duckrabbit.models.model import SamplerConfig
from duckrabbit.studio.gallery import Gallery
from duckrabbit.studio.index import Cursor, Entry, Index, empty_index, identity, open_index
from studio_server import DIGITS


@pytest.fixture(scope="module")
def fives() -> list[Picture]:
    model = duckrabbit.load_model(DIGITS)
    return duckrabbit.make(duckrabbit.Generate("5", sampler=SamplerConfig("ddpm", 2)), model, count=3)


@pytest.fixture
def folder(tmp_path: Path, fives: list[Picture]) -> Path:
    """A folder of three pictures, written a minute apart."""
    for k, picture in enumerate(fives):
        picture.save(tmp_path / f"five-{k}.png")
        os.utime(tmp_path / f"five-{k}.png", (1_700_000_000 + 60 * k,) * 2)
    return tmp_path


def _opened(folder: Path) -> Gallery:
    gallery = Gallery(folder, folder / ".studio")
    gallery.open()
    return gallery


def _shown(gallery: Gallery) -> list[Entry]:
    return list(gallery.page("", False, 0, 10)[0])


@pytest.mark.parametrize("damage", [None, b"", b"{", b"SQLite format 3\0" + b"\xff" * 5000, "cut", "scratched"])
def test_a_lost_index_is_made_again_from_the_pictures(folder: Path, damage: bytes | str | None) -> None:
    shown = _shown(_opened(folder))
    assert [entry.file for entry in shown] == ["five-2.png", "five-1.png", "five-0.png"]
    index = folder / ".studio/index.sqlite3"
    content = index.read_bytes()
    if damage is None:
        index.unlink()
    elif damage == "cut":
        index.write_bytes(content[:4096])
    elif damage == "scratched":
        index.write_bytes(content[:4096] + b"\xff" * 300 + content[4396:])
    else:
        assert isinstance(damage, bytes)
        index.write_bytes(damage)
    assert _shown(_opened(folder)) == shown


def test_what_can_be_read_of_the_favourites_in_a_damaged_index_is_kept(folder: Path) -> None:
    gallery = _opened(folder)
    gallery.favour(_shown(gallery)[0], True)
    index = folder / ".studio/index.sqlite3"
    with sqlite3.connect(index) as connection:
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'newest'")
        [(size,)] = connection.execute("PRAGMA page_size")
    content = bytearray(index.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    index.write_bytes(content)
    assert [entry.favourite for entry in _shown(_opened(folder))] == [True, False, False]


def test_the_index_is_not_believed_where_a_file_has_changed(folder: Path, fives: list[Picture]) -> None:
    gallery = _opened(folder)
    revision = gallery.revision
    fives[2].save(folder / "five-0.png")
    assert _shown(gallery)[0].seed == fives[2].seed
    assert gallery.revision == revision + 1
    (folder / "five-1.png").write_bytes(b"not a PNG")
    assert [entry.file for entry in _shown(gallery)] == ["five-0.png", "five-2.png"]
    assert [entry.file for entry in _shown(_opened(folder))] == ["five-0.png", "five-2.png"]


def test_pictures_are_found_by_the_words_on_the_page_in_an_older_index_too(tmp_path: Path) -> None:
    shown = (("rotate-180", ()), ("flip+patch-permute:4", ()), (None, ("far", "near")))
    index = open_index(tmp_path)
    for k, (view, parts) in enumerate(shown):
        entry = Entry(
            id=identity(f"{k}.png"), file=f"{k}.png", made=k, side=28, verb="hybrid" if parts else "anagram",
            prompts=("a", "b"), parts=parts, views=() if view is None else (view,), model="m", seed=1000 + k,
        )  # fmt: skip
        index.change((), [(entry.file, (1, 1), entry)])
    index.close()

    def found(words: str) -> list[int]:
        opened = open_index(tmp_path)
        seeds = [entry.seed - 1000 for entry in opened.page(words, False, 0, 9)[0]]
        opened.close()
        return seeds

    assert [found(words) for words in ("half turn", "Patches", "far away", "hybrid", "half patches")] == [
        [0], [1], [2], [2], [],
    ]  # fmt: skip
    with sqlite3.connect(tmp_path / "index.sqlite3") as older:
        older.execute("UPDATE pictures SET words = file")
        older.execute("PRAGMA user_version = 1")
    older.close()
    assert found("half turn") == [0]


def test_an_old_gallery_is_taken_over(folder: Path) -> None:
    private = folder / ".studio"
    (private / "trash").mkdir(parents=True)
    os.replace(folder / "five-1.png", private / "trash/five-1.png")
    (private / "favourites.json").write_text(json.dumps(["five-1.png", "five-2.png", 3]))

    def row(file: str, model: str) -> dict[str, Any]:
        status = (folder / file).stat()
        own = {"id": identity(file), "file": file, "stamp": [status.st_size, status.st_mtime_ns], "model": model}
        plain = {"side": 28, "verb": "generate", "prompts": ["5"], "parts": [], "views": [], "seed": 0}
        return {**own, **plain, "made": status.st_mtime, "favourite": False}

    # What an old index says of a file as it is now is believed; the rest of it is not.
    stale = {**row("five-2.png", "stale"), "stamp": [1, 1]}
    rows = [row("five-0.png", "believed"), {"id": 3}, None, 4, {**row("five-0.png", "x"), "id": "0"}, stale]
    (private / "index.json").write_text(json.dumps({"format": 1, "pictures": rows}))
    gallery = _opened(folder)
    assert [(entry.file, entry.model, entry.favourite, entry.made) for entry in _shown(gallery)] == [
        ("five-2.png", DIGITS, True, 1_700_000_120),
        ("five-0.png", "believed", False, 1_700_000_000),
    ]
    restored = gallery.restore(identity("five-1.png"))
    assert restored is not None
    assert restored.favourite
    # Once: what is no favourite any more does not come back.
    gallery.favour(restored, False)
    assert [entry.favourite for entry in _shown(_opened(folder))] == [True, False, False]


@pytest.mark.parametrize("content", [b"{", b"[1]", b'{"format": 1, "pictures": 3}', b'{"pictures": [[], 3]}'])
def test_an_old_index_that_is_damaged_is_done_without(folder: Path, content: bytes) -> None:
    (folder / ".studio").mkdir()
    for name in ("index.json", "favourites.json"):
        (folder / ".studio" / name).write_bytes(content)
    assert len(_shown(_opened(folder))) == 3


def test_names_that_are_no_text_are_taken(folder: Path) -> None:
    odd = os.fsdecode(b"f\xffve.png")
    os.replace(folder / "five-0.png", folder / odd)
    gallery = _opened(folder)
    [entry] = [entry for entry in _shown(gallery) if entry.file == odd]
    assert gallery.favour(entry, True).favourite
    assert gallery.page("\udcff", True, 0, 10)[1] == 1
    assert [entry.file for entry in _shown(_opened(folder)) if entry.favourite] == [odd]


KILLED = """
import os, signal, sys
from pathlib import Path
from duckrabbit.studio.index import Index, open_index

index = open_index(Path(sys.argv[1]))
insert = Index._insert

def insert_and_die(self, found):
    insert(self, found)
    os.kill(os.getpid(), signal.SIGKILL)

Index._insert = insert_and_die
index.change(list(index.stamps()), [("new.png", (1, 1), None)])
"""


def test_killed_in_the_middle_of_a_change_the_index_is_as_it_was(folder: Path) -> None:
    gallery = _opened(folder)
    gallery.favour(_shown(gallery)[1], True)
    shown = _shown(gallery)
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder / ".studio")], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    again = _opened(folder)
    assert again.revision == 0
    assert _shown(again) == shown


def test_a_favourite_that_cannot_be_kept_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Index, file: str, favourite: bool) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    gallery = _opened(folder)
    monkeypatch.setattr(Index, "favour", full)
    with pytest.raises(UsageError, match="make room"):
        gallery.favour(_shown(gallery)[0], True)
    assert not _shown(gallery)[0].favourite


def test_where_the_disk_is_full_the_index_is_in_memory_until_there_is_room(
    folder: Path, fives: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = _opened(folder)
    gallery.favour(_shown(gallery)[0], True)

    def full(name: str, **options: object) -> sqlite3.Connection:
        if name != ":memory:":
            raise sqlite3.OperationalError("database or disk is full")
        return connect(name, **options)  # type: ignore[call-overload, no-any-return]

    connect = sqlite3.connect
    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", full)
        late = _opened(folder)
        assert len(_shown(late)) == 3
        with pytest.raises(UsageError, match="make room"):
            late.favour(_shown(late)[1], True)
    assert [entry.favourite for entry in _shown(late)] == [True, False, False]


WORDS = ("duck", "Rabbit", "flip", "100%", "_", "é")
ROWS = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS), st.integers(0, 3), st.booleans()), max_size=12
)


@given(
    ROWS,
    st.lists(st.sampled_from([*WORDS, "DUCK", "u", "%"]), max_size=2),
    st.booleans(),
    st.integers(0, 4),
    st.integers(1, 4),
)
def test_a_page_is_the_part_of_what_fits_that_was_asked_for(
    rows: list[tuple[str, str, int, bool]], words: list[str], favourites_only: bool, offset: int, limit: int
) -> None:
    index = empty_index()
    entries = []
    for k, (prompt, view, made, favourite) in enumerate(rows):
        file = hashlib.sha256(str(k).encode()).hexdigest()[:6] + ".png"
        entry = Entry(
            id=identity(file), file=file, made=made, side=28, verb="anagram", prompts=(prompt,), parts=(),
            views=(view,), model="m", seed=k, favourite=favourite,
        )  # fmt: skip
        entries.append(entry)
        index.change((), [(file, (1, 1), entry), (f"{file}.other.png", (1, 1), None)])
        index.favour(file, favourite)

    def fits(entry: Entry) -> bool:
        known = " ".join((entry.verb, *entry.prompts, *entry.views, entry.model, str(entry.seed), entry.file)).lower()
        return all(word.lower() in known for word in words) and (entry.favourite or not favourites_only)

    expected = sorted(filter(fits, entries), key=lambda entry: (-entry.made, entry.file))
    page = index.page(" ".join(words), favourites_only, offset, limit)
    assert page == (expected[offset : offset + limit], len(expected))
    # From cursor to cursor it is all of them, and what comes meanwhile moves nothing.
    walked: list[Entry] = []
    cursor = None
    while found := index.page(" ".join(words), favourites_only, 0, limit, cursor)[0]:
        walked += found
        told = str(Cursor.after(found[-1]))
        assert quote_plus(told) == told
        cursor = Cursor.parse(told)
        late = msgspec.structs.replace(found[0], made=1e12, file=f"late-{len(walked)}.png")
        index.change((), [(late.file, (1, 1), late)])
    assert walked == expected
