"""The gallery: a folder of PNGs that remember how they were made.

The PNGs are all there is to keep. The index beside them saves reading each again, and is made anew where it is lost;
favourites are a list of names; what is deleted waits in a folder of its own.
"""

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import atomic_write, cannot_write
from duckrabbit.media.png import read_metadata
from duckrabbit.studio.schema import Schema, problem_with
from duckrabbit.studio.sources import job_of_record

INDEX, FAVOURITES, TRASH = "index.json", "favourites.json", "trash"
INDEX_FORMAT = 1
TICK_NANOSECONDS = 100_000_000

_TEXT, _NUMBER, _TEXTS = {"type": "string"}, {"type": "integer"}, {"type": "array", "items": {"type": "string"}}
_FIELDS: Schema = {
    **dict.fromkeys(("id", "file", "verb", "model"), _TEXT),
    **dict.fromkeys(("prompts", "parts", "views"), _TEXTS),
    **dict.fromkeys(("side", "seed"), _NUMBER),
    "made": {"type": "number"},
    "stamp": {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2},
    "favourite": {"type": "boolean"},
}
ROW: Schema = {"type": "object", "properties": _FIELDS, "required": list(_FIELDS), "additionalProperties": False}
"""A row of the index."""


@dataclass(frozen=True)
class Entry:
    """A picture in the gallery.

    Attributes:
        id: names it to clients; no path.
        file: its name in the folder.
        made: when it was written, in seconds since 1970.
        stamp: the file's size and time, by which a change is seen.
        side: its width.
        verb: what was made.
        prompts: of its recipe; for a hybrid with the parts' names in `parts`.
        parts: the parts of a hybrid.
        views: of an anagram.
        model: what made it.
        seed: with which seed.
        favourite: whether it is one.
    """

    id: str
    file: str
    made: float
    stamp: tuple[int, int]
    side: int
    verb: str
    prompts: tuple[str, ...]
    parts: tuple[str, ...]
    views: tuple[str, ...]
    model: str
    seed: int
    favourite: bool = False

    def to_json(self) -> dict[str, Any]:
        """What a client is told."""
        hidden = ("stamp",)
        return {name: value for name, value in vars(self).items() if name not in hidden}

    def fits(self, words: list[str]) -> bool:
        """Whether each word is somewhere in what is known of it."""
        text = " ".join((self.verb, *self.prompts, *self.parts, *self.views, self.model, str(self.seed), self.file))
        return all(word in text.lower() for word in words)


class Gallery:
    """The pictures of a folder; safe to use from several threads."""

    def __init__(self, folder: Path, private: Path) -> None:
        self.folder = folder
        self.private = private
        self._lock = threading.RLock()
        self._entries: dict[str, Entry] = {}
        self._others: dict[str, tuple[int, int]] = {}
        self._favourites: set[str] = set()
        self._seen: int | None = None
        self.revision = 0

    def open(self) -> None:
        """Read what is there.

        Raises:
            UsageError: if the folder can't be made.
        """
        try:
            self.private.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self.private, error) from error
        with self._lock:
            favourites = _read_json(self.private / FAVOURITES)
            self._favourites = {name for name in favourites if isinstance(name, str)} if favourites else set()
            self._from_index(_read_json(self.private / INDEX))
            self.look()

    def look(self) -> None:
        """See what has been written, changed or taken away since, by this studio or by anyone."""
        with self._lock:
            try:
                changed = self.folder.stat().st_mtime_ns
            except OSError:
                changed = 0
            if changed == self._seen:
                return
            before = dict(self._entries)
            there = dict(_stamps(self.folder))
            for identity in [i for i, entry in self._entries.items() if there.get(entry.file) != entry.stamp]:
                del self._entries[identity]
            self._others = {file: stamp for file, stamp in self._others.items() if there.get(file) == stamp}
            known = {entry.file for entry in self._entries.values()} | set(self._others)
            for file, stamp in there.items():
                if file not in known:
                    self._add(file, stamp)
            # Clocks of file systems tick slowly: what has just changed may change again within the same tick.
            self._seen = changed if time.time_ns() - changed > TICK_NANOSECONDS else None
            if self._entries != before:
                self.revision += 1
                self._write_index()

    def _add(self, file: str, stamp: tuple[int, int]) -> None:
        entry = _entry(self.folder / file, stamp)
        if entry is None:
            self._others[file] = stamp
        else:
            self._entries[entry.id] = replace(entry, favourite=file in self._favourites)

    def page(self, search: str, favourites_only: bool, offset: int, limit: int) -> tuple[Sequence[Entry], int]:
        """The newest first: those from `offset` on, `limit` at the most, and how many there are in all."""
        words = search.lower().split()
        self.look()
        with self._lock:
            found = [e for e in self._entries.values() if e.fits(words) and (e.favourite or not favourites_only)]
        found.sort(key=lambda entry: (-entry.made, entry.file))
        return found[offset : offset + limit], len(found)

    def get(self, identity: str) -> Entry | None:
        """The picture of an id."""
        with self._lock:
            found = self._entries.get(identity)
        if found is None:
            self.look()
            with self._lock:
                found = self._entries.get(identity)
        return found

    def named(self, files: Sequence[str]) -> Sequence[Entry]:
        """The pictures of these files, as far as they are there."""
        with self._lock:
            found = (self._entries.get(_identity(file)) for file in files)
            return [entry for entry in found if entry is not None]

    def path(self, entry: Entry) -> Path:
        """Where a picture is."""
        return self.folder / entry.file

    def favour(self, entry: Entry, favourite: bool) -> Entry:
        """Make a picture a favourite, or no longer one.

        Raises:
            UsageError: if that can't be kept.
        """
        with self._lock:
            wanted = self._favourites | {entry.file} if favourite else self._favourites - {entry.file}
            _write_json(self.private / FAVOURITES, sorted(wanted))
            self._favourites = wanted
            self._entries[entry.id] = replace(entry, favourite=favourite)
            self.revision += 1
            return self._entries[entry.id]

    def delete(self, entry: Entry) -> None:
        """Put a picture into the trash.

        Raises:
            UsageError: if it can't be moved.
        """
        trash = self.private / TRASH
        with self._lock:
            try:
                trash.mkdir(parents=True, exist_ok=True)
                os.replace(self.path(entry), trash / entry.file)
            except OSError as error:
                raise cannot_write(trash / entry.file, error) from error
            self._entries.pop(entry.id, None)
            self.revision += 1

    def restore(self, identity: str) -> Entry | None:
        """Take a picture out of the trash; None where there is none of that id, or another has its name by now.

        Raises:
            UsageError: if it can't be moved.
        """
        with self._lock:
            for path in sorted((self.private / TRASH).glob("*.png")):
                target = self.folder / path.name
                if _identity(path.name) != identity or target.exists():
                    continue
                try:
                    os.replace(path, target)
                except OSError as error:
                    raise cannot_write(target, error) from error
                self.look()
                return self._entries.get(identity)
        return None

    def _from_index(self, index: Any) -> None:
        """Believe the index as far as the files are as it says; what it can't tell is read again."""
        self._entries = {}
        if not isinstance(index, Mapping) or index.get("format") != INDEX_FORMAT:
            return
        rows = index.get("pictures")
        for row in rows if isinstance(rows, list) else ():
            entry = _entry_of(row)
            if entry is not None:
                self._entries[entry.id] = replace(entry, favourite=entry.file in self._favourites)

    def _write_index(self) -> None:
        # The index is a convenience: where it can't be written the pictures are read again next time.
        with suppress(UsageError, OSError):
            rows = [vars(entry) for entry in self._entries.values()]
            _write_json(self.private / INDEX, {"format": INDEX_FORMAT, "pictures": rows})


def _entry_of(row: Any) -> Entry | None:
    """The entry that a row of the index holds; None where the row is not as it was written."""
    if problem_with(row, ROW, {}) is not None or row["id"] != _identity(row["file"]):
        return None
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Entry(**fields)


def _stamps(folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Every PNG that is wholly there, with its size and time."""
    with suppress(OSError), os.scandir(folder) as items:
        for item in items:
            if item.name.endswith(".png") and not item.name.startswith(".") and item.is_file(follow_symlinks=False):
                with suppress(OSError):
                    status = item.stat()
                    if status.st_size > 0:
                        yield item.name, (status.st_size, status.st_mtime_ns)


def _entry(path: Path, stamp: tuple[int, int]) -> Entry | None:
    """What a PNG says of itself; None for one that is not a picture of duckrabbit's."""
    try:
        record = read_metadata(path)
        with Image.open(path) as image:
            side = image.width
    except (UsageError, OSError):
        return None
    job = job_of_record(record)
    if job is None:
        return None
    recipe = job["recipe"]
    parts = {name: part for name, part in recipe.get("parts", {}).items() if part.get("picture") is None}
    prompts = recipe.get("prompts") or [p["prompt"] for p in parts.values()] or [recipe.get("prompt")]
    return Entry(
        id=_identity(path.name),
        file=path.name,
        made=stamp[1] / 1e9,
        stamp=stamp,
        side=side,
        verb=job["verb"],
        prompts=tuple(prompt for prompt in prompts if prompt),
        parts=tuple(recipe.get("parts", ())),
        views=tuple(recipe.get("views", ())),
        model=str(job["model"]),
        seed=job["seed"],
    )


def _identity(file: str) -> str:
    return hashlib.sha256(file.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _write_json(path: Path, value: Any) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(value), encoding="utf-8")
