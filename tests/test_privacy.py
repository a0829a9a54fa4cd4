"""What a picture says of the photo that it was made from, and what is left of that in files for other people."""

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

import duckrabbit as dr
from command_line import Command
from duckrabbit.making.record import content_for_others, for_others, recipe_of
from duckrabbit.media.pixels import from_uint8
from duckrabbit.media.png import PICTURE_CHUNK, encoded, read_metadata, write_png
from duckrabbit.recipes.hybrid import Part
from duckrabbit.recipes.recipe import with_sources
from duckrabbit.recipes.source import Source

QUICK = ("--steps", "2", "--threads", "1", "--model", "mnist-ddpm-class")
WORDS = {
    "edit": ("edit", "PHOTO", "3", "--start", "1", *QUICK),
    "cropped": ("edit", "PHOTO", "3", "--start", "1", "--crop", "right", *QUICK),
    "inpaint": ("inpaint", "PHOTO", "MASK", "3", *QUICK),
    "inverted": ("inpaint", "PHOTO", "MASK", "3", "--invert-mask", *QUICK),
    "its own mask": ("inpaint", "HOLED", "HOLED", "3", *QUICK),
    "drawn": ("inpaint", "PHOTO", "--mask-ellipse", "7,7,21,21", "3", *QUICK),
    "pasted": ("inpaint", "PHOTO", "--mask-box", "7,7,21,21", "3", "--paste-back", *QUICK),
    "pasted by a mask": ("inpaint", "PHOTO", "MASK", "3", "--paste-back", "--crop", "left", *QUICK),
    "hybrid": ("hybrid", "--far-image", "PHOTO", "--near", "8", *QUICK),
    "noise": ("noise", "PHOTO", "--levels", "250", "--threads", "1"),
    "denoise": ("denoise", "PHOTO", "--levels", "500", *QUICK),
    "best": ("edit", "PHOTO", "3", "--start", "1", "--best", "1", "--from", "2", *QUICK),
}


@pytest.fixture
def typed(tmp_path: Path) -> dict[str, str]:
    """A photo and a mask in a folder whose name is nobody's business."""
    folder = tmp_path / "secret-folder"
    folder.mkdir()
    levels = np.random.default_rng(0).integers(0, 100, (60, 80, 3), np.uint8)
    Image.fromarray(levels).save(folder / "face.png")
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 25:45] = 255
    Image.fromarray(mask).save(folder / "hole.png")
    holed = Image.fromarray(np.dstack([levels, 255 - mask]))
    holed.save(folder / "holed face.png")
    names = {"PHOTO": "face.png", "MASK": "hole.png", "HOLED": "holed face.png"}
    return {name: str(folder / file) for name, file in names.items()}


def told_in(path: Path) -> str:
    """All that a PNG says besides what is seen."""
    with Image.open(path) as image:
        assert isinstance(image, PngImageFile)
        return json.dumps([image.text, [str(chunk[:2]) for chunk in image.private_chunks]], default=str)


def sources_in(value: Any) -> Iterator[str]:
    """Every picture in a record, in base64."""
    if isinstance(value, dict):
        yield from ([value["png"]] if value.get("png") else [])
        for part in value.values():
            yield from sources_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from sources_in(part)


@pytest.mark.parametrize("kind", WORDS)
def test_without_its_source_a_picture_is_made_again_from_that_source_alone(
    duckrabbit: Command, typed: dict[str, str], kind: str
) -> None:
    words = [typed.get(word, word) for word in WORDS[kind]]
    [whole] = duckrabbit(*words, "--out", "whole").paths
    assert "secret-folder" not in told_in(whole) + whole.name
    assert list(sources_in(read_metadata(whole)))
    made = duckrabbit(*words, "--no-source")
    assert made.code == 0, made.err
    [path] = made.paths
    everything = [file for file in Path("out").rglob("*") if file.is_file()]
    remembering = [file for file in everything if file.suffix == ".png" and "sheet" not in file.name]
    assert not any(list(sources_in(read_metadata(file))) for file in remembering)
    assert not any(b"secret-folder" in file.read_bytes() or b"iVBOR" in file.read_bytes() for file in everything)
    assert np.array_equal(np.asarray(Image.open(path)), np.asarray(Image.open(whole)))

    refused = duckrabbit("rerun", str(path))
    assert refused.code == 2
    assert "face.png" in refused.err
    assert "Traceback" not in refused.err
    needed = [typed[WORDS[kind][1]] if kind != "hybrid" else typed["PHOTO"]]
    needed += [typed["MASK"]] if "MASK" in WORDS[kind] else []
    Image.new("RGB", (80, 60), (10, 90, 20)).save("other.png")
    assert duckrabbit("rerun", str(path), "--source", "other.png", *needed[1:]).code == 2
    more = duckrabbit("rerun", str(path), "--source", *needed, "other.png", "other.png")
    assert (more.code, f"{len(needed) + 2} pictures were given with --source" in more.err) == (2, True), more.err
    again = duckrabbit("rerun", str(path), "--source", *needed)
    assert again.code == 0, again.err
    assert "identical" in again.err.splitlines()
    assert list(sources_in(read_metadata(again.paths[0])))
    assert duckrabbit("rerun", str(whole), "--source", *needed).code == 2
    assert "identical" in duckrabbit("rerun", str(whole)).err.splitlines()


@pytest.mark.parametrize("kind", ["edit", "inpaint", "noise"])
def test_no_sheet_shows_a_source_that_is_left_out(duckrabbit: Command, typed: dict[str, str], kind: str) -> None:
    words = [typed.get(word, word) for word in WORDS[kind]]
    widths = {}
    for more in ((), ("--no-source",)):
        assert duckrabbit(*words, "--count", "2", "--out", f"out{len(more)}", *more).code == 0
        [sheet] = Path(f"out{len(more)}").glob("*-sheet.png")
        with Image.open(sheet) as image:
            widths[more] = image.width
    assert widths["--no-source",] < widths[()]


def test_the_hole_of_a_photo_is_in_no_file(duckrabbit: Command, typed: dict[str, str]) -> None:
    [path] = duckrabbit(*(typed.get(word, word) for word in WORDS["inpaint"])).paths
    picture, mask = recipe_of(read_metadata(path)).sources
    model = dr.load_model("mnist-ddpm-class")
    hole = mask.mask(model) > 0
    assert hole.any()
    assert picture.pixels(model)[0][hole].unique().numel() == 1
    assert picture.pixels(model)[0][~hole].unique().numel() > 20
    # Where a latent is encoded, the encoder looks beyond the mask.
    latent = dr.Inpaint(Source.of("a", torch.rand(1, 28, 28)), mask)
    assert latent.remembered(replace(model, own_state_shape=(4, 4, 4))) is latent


def test_a_file_is_stripped_of_its_source_or_of_all(duckrabbit: Command, typed: dict[str, str]) -> None:
    [path] = duckrabbit(*(typed.get(word, word) for word in WORDS["edit"])).paths
    [less] = duckrabbit("info", str(path), "--strip", "--out", "given").paths
    [nothing] = duckrabbit("info", str(path), "--strip-all", "--out", "given").paths
    for copy in (less, nothing):
        assert np.array_equal(np.asarray(Image.open(copy)), np.asarray(Image.open(path)))
    assert read_metadata(less) == for_others(read_metadata(path))
    assert told_in(nothing) == json.dumps([{}, []])
    assert duckrabbit("rerun", str(less), "--source", typed["PHOTO"]).code == 0
    for words in ((str(nothing),), (str(path), "--strip", "--strip-all"), (typed["PHOTO"], "--strip")):
        assert duckrabbit("info", *words).code == 2


def test_nobodys_paths_are_in_a_record_for_others() -> None:
    png = base64.b64encode(Source.of("x", torch.zeros(1, 4, 4)).png).decode()
    model = {"name": "/home/me/run", "weights": "DeepFloyd/IF-I-XL-v1.0,/home/me/if"}
    source = {"name": "/home/me/face.jpg", "png": png}
    told = for_others({"places": [{"model": model, "recipe": {"parts": {"far": {"picture": source}}}}]})
    assert "/home" not in json.dumps(told)
    assert told["places"][0]["model"]["weights"] == "DeepFloyd/IF-I-XL-v1.0,if"
    assert (
        told["places"][0]["recipe"]["parts"]["far"]["picture"]["sha256"] == Source.of("", torch.zeros(1, 4, 4)).digest
    )
    assert told == for_others(told)


@pytest.mark.parametrize("side", [128, 512, 1024])
def test_large_sources_are_kept_in_chunks_of_their_own(tmp_path: Path, side: int) -> None:
    levels = np.random.default_rng(side).integers(0, 256, (side, side, 3), np.uint8)
    file = tmp_path / "source.png"
    Image.fromarray(levels).save(file, compress_level=1)
    png = file.read_bytes()
    metadata = {"recipe": {"picture": {"name": "photo", "png": base64.b64encode(png).decode(), "crop": ""}}}
    write_png(tmp_path / "a.png", from_uint8(levels[:8, :8]), metadata)
    assert read_metadata(tmp_path / "a.png") == metadata
    assert (tmp_path / "a.png").stat().st_size < len(png) + 2000
    with Image.open(tmp_path / "a.png") as image:
        assert image.private_chunks[0][:2] == (PICTURE_CHUNK, png)  # type: ignore[attr-defined]
    assert recipe_of({"format": 1, "verb": "edit", "recipe": {**metadata["recipe"], "start": 1}}).sources[0].png == png
    damaged = (tmp_path / "a.png").read_bytes().replace(PICTURE_CHUNK, b"abCd")
    at = damaged.index(b"abCd")
    length = int.from_bytes(damaged[at - 4 : at], "big")
    crc = zlib.crc32(damaged[at : at + 4 + length]).to_bytes(4, "big")
    (tmp_path / "b.png").write_bytes(damaged[: at + 4 + length] + crc + damaged[at + 8 + length :])
    with pytest.raises(dr.UsageError, match="damaged record"):
        read_metadata(tmp_path / "b.png")


def test_a_file_keeps_its_pixels_and_profile_where_its_record_is_changed(tmp_path: Path) -> None:
    image = Image.new("RGBA", (3, 3), (1, 2, 3, 4))
    (tmp_path / "a.png").write_bytes(encoded(image, {"seed": 3, "recipe": {}}, b"profile"))
    (tmp_path / "b.png").write_bytes(content_for_others(tmp_path / "a.png"))
    with Image.open(tmp_path / "b.png") as copy:
        assert copy.info["icc_profile"] == b"profile"
        assert copy.tobytes() == image.tobytes()
    assert read_metadata(tmp_path / "b.png") == {"seed": 3, "recipe": {}}


def test_sources_are_replaced_in_their_order() -> None:
    a, b = (Source.of(name, torch.zeros(1, 4, 4)) for name in "ab")
    parts = {"far": Part(picture=a), "near": Part("8")}
    for recipe in (dr.Inpaint(a, a), dr.Hybrid(parts), dr.Edit(a, start=1)):
        changed = with_sources(recipe, [b] * len(recipe.sources))
        assert set(changed.sources) == {b}
        assert with_sources(changed, recipe.sources) == recipe
    left = a.left_out()
    assert (left.png, left.digest) == (b"", a.digest)
    assert left.digest == hashlib.sha256(b"(4, 4)" + bytes([128] * 16)).hexdigest()
    with pytest.raises(dr.UsageError, match="left out"):
        left.pixels(dr.load_model("mnist-ddpm-class"))
