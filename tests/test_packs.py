"""Packs: what is written is read, and what is damaged is said in a sentence."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from duckrabbit.datasets.packs import Item, read_packs
from duckrabbit.errors import UsageError
from tiny_packs import cut_outs, photographs, write_pack


def test_a_pack_says_and_shows_what_was_written(tmp_path: Path) -> None:
    entries = cut_outs(("cat", "key"), ("a cartoon of",))
    pack = read_packs([write_pack(tmp_path / "art.zip", entries)], 64)
    assert len(pack) == 2
    assert pack.items == (
        Item("drawn", "cat", "a cartoon of", photo=False),
        Item("drawn", "key", "a cartoon of", photo=False),
    )
    assert pack.pictures.shape == (2, 4, 64, 64)
    assert pack.pictures.dtype == torch.uint8
    for own, (_, written) in zip(pack.pictures, entries, strict=True):
        assert np.array_equal(own.permute(1, 2, 0).numpy(), np.asarray(written))


def test_a_picture_with_a_source_is_a_photograph_and_opaque(tmp_path: Path) -> None:
    pack = read_packs([write_pack(tmp_path / "photos.zip", photographs())], 64)
    assert all(item.photo for item in pack.items)
    assert pack.pictures[:, 3].min() == 255


def test_packs_are_joined_in_order(tmp_path: Path) -> None:
    art = write_pack(tmp_path / "art.zip", cut_outs(("cat",)))
    photos = write_pack(tmp_path / "photos.zip", photographs())
    both, first, second = (read_packs(paths, 64) for paths in ([art, photos], [art], [photos]))
    assert both.items == first.items + second.items
    assert torch.equal(both.pictures, torch.cat([first.pictures, second.pictures]))


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[60:120] = b"\x00" * 60
    path.write_bytes(bytes(content))


def _text(path: Path) -> None:
    path.write_text("not a zip file")


def _rewritten(path: Path, items: object, picture: bytes | None = None) -> None:
    with zipfile.ZipFile(path) as archive:
        kept = archive.read("i/0.webp")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("items.json", items if isinstance(items, str) else json.dumps(items))
        archive.writestr("i/0.webp", kept if picture is None else picture)


def _entry(**changes: object) -> dict[str, object]:
    return {"k": 0, "set": "drawn", "name": "cat", "style": "a cartoon of", **changes}


DAMAGES: dict[str, Callable[[Path], None]] = {
    "missing": Path.unlink,
    "truncated": _truncated,
    "corrupt": _corrupt,
    "no zip": _text,
    "no list": lambda path: _rewritten(path, "{"),
    "a number for a list": lambda path: _rewritten(path, 7),
    "a number for an item": lambda path: _rewritten(path, [7]),
    "a picture too few": lambda path: _rewritten(path, [_entry(), _entry(k=1)]),
    "no picture": lambda path: _rewritten(path, [_entry()], b"RIFF"),
    "a name too few": lambda path: _rewritten(path, [{"k": 0, "set": "drawn", "style": "a cartoon of"}]),
    "nothing": lambda path: _rewritten(path, []),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_pack_is_refused_in_a_sentence(damage: Callable[[Path], None], tmp_path: Path) -> None:
    path = write_pack(tmp_path / "art.zip", cut_outs(("cat",), ("a cartoon of",)))
    assert len(read_packs([path], 64)) == 1
    damage(path)
    with pytest.raises(UsageError, match=r"art\.zip.*tools/build_packs\.py") as refusal:
        read_packs([path], 64)
    assert "\n" not in str(refusal.value)


def test_pictures_of_another_size_are_refused(tmp_path: Path) -> None:
    path = write_pack(tmp_path / "art.zip", cut_outs(("cat",), size=32))
    assert len(read_packs([path], 32)) == 4
    with pytest.raises(UsageError, match="64×64"):
        read_packs([path], 64)
    entries = [*cut_outs(("cat",), ("a cartoon of",)), (_entry(), Image.new("RGB", (64, 63)))]
    with pytest.raises(UsageError, match="64×64"):
        read_packs([write_pack(tmp_path / "mixed.zip", entries)], 64)
