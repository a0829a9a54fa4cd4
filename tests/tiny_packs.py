"""Packs of a few drawn pictures, in the layout of the real ones."""

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

STYLES = ("a cartoon of", "a 3d render of", "a black silhouette of", "pixel art of")
SUBJECTS = (
    *("dog face", "cat", "rocket", "pencil", "house", "evergreen tree", "fire", "man", "woman", "man: beard"),
    *("top hat", "hot beverage", "castle", "sailboat", "red apple", "key"),
)
PHOTOS = (("dog", "a photo of"), ("sunflower", "a photo of"), ("haystacks", "an oil painting of"))

Entry = tuple[dict[str, object], Image.Image]
"""What a pack says of a picture, and the picture."""


def cut_outs(names: Sequence[str] = SUBJECTS, styles: Sequence[str] = STYLES, size: int = 64) -> list[Entry]:
    """Each name in each style: an ellipse of its own on nothing."""
    return [
        ({"set": "drawn", "licence": "CC0", "name": name, "style": style, "sub": "drawn"}, _ellipse(3 * i + j, size))
        for i, name in enumerate(names)
        for j, style in enumerate(styles)
    ]


def photographs(names: Sequence[tuple[str, str]] = PHOTOS, each: int = 2, size: int = 64) -> list[Entry]:
    """Each name a few times: one colour after another."""
    return [
        (
            {"set": "shot", "licence": "CC0", "name": name, "style": style, "src": f"{k}.jpg"},
            Image.new("RGB", (size, size), (40 * k + 20, 30 * i + 40, 120)),
        )
        for i, (name, style) in enumerate(names)
        for k in range(each)
    ]


def write_pack(path: Path, entries: Sequence[Entry]) -> Path:
    """Write a pack."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("items.json", json.dumps([{**said, "k": k} for k, (said, _) in enumerate(entries)]))
        for k, (_, picture) in enumerate(entries):
            file = io.BytesIO()
            picture.save(file, "WEBP", lossless=True, exact=True)
            archive.writestr(f"i/{k}.webp", file.getvalue())
    return path


def write_packs(folder: Path) -> Path:
    """Write what pocket is trained on: art64.zip and photos64.zip."""
    write_pack(folder / "art64.zip", cut_outs())
    write_pack(folder / "photos64.zip", photographs())
    return folder


def _ellipse(number: int, size: int) -> Image.Image:
    picture = Image.new("RGBA", (size, size))
    colour = (number * 37 % 256, number * 91 % 256, number * 53 % 256, 255)
    inset = 6 + number % 9
    ImageDraw.Draw(picture).ellipse((inset, 8, size - inset, size - 8), fill=colour)
    return picture
