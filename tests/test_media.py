"""Pictures, masks, PNGs, sheets and animations, in and out."""

import errno
import io
import json
import os
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw, ImageFilter, ImageOps
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from duckrabbit.datasets.mnist import mnist, pictures_to_float
from duckrabbit.errors import UsageError
from duckrabbit.media import animation
from duckrabbit.media.animation import write_animation
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.crop import parse_crop
from duckrabbit.media.decode import MAX_SIDE
from duckrabbit.media.masks import box_mask, ellipse_mask, read_mask, understood_mask
from duckrabbit.media.names import new_file, unused_path
from duckrabbit.media.paste import pasted, read_photo
from duckrabbit.media.pictures import read_picture
from duckrabbit.media.pixels import from_uint8, to_uint8
from duckrabbit.media.png import MAX_CHARACTERS, read_metadata, write_png
from duckrabbit.media.sheet import contact_sheet
from duckrabbit.media.shipped import shipped
from duckrabbit.media.tensors import write_tensors

same_folder = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def noise(channels: int, size: int, seed: int = 0) -> Tensor:
    levels = np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)
    return from_uint8(levels)[:channels]


def saved(tmp_path: Path, image: Image.Image, name: str = "picture.png", **options: object) -> Path:
    path = tmp_path / name
    image.save(path, **options)
    return path


def colour(picture: Tensor, row: int, column: int) -> list[int]:
    return to_uint8(picture)[row, column].tolist()


def refused(path: Path | str) -> str:
    with pytest.raises(UsageError) as caught:
        read_picture(path, 8, 3)
    message = str(caught.value)
    assert "\n" not in message
    return message


# Pixels


@pytest.mark.parametrize("shape", [(16, 16), (4, 21, 3)])
def test_eight_bits_survive_the_round_trip(shape: tuple[int, ...]) -> None:
    levels = np.arange(np.prod(shape)).astype(np.uint8).reshape(shape)
    picture = from_uint8(levels)
    assert picture.shape == ((1, *shape) if len(shape) == 2 else (3, *shape[:2]))
    assert (to_uint8(picture) == levels).all()


def test_pixels_are_clamped_and_rounded() -> None:
    picture = torch.tensor([[[-7.0, -1.0, 0.003, 1.0, 7.0, float("inf")]]])
    assert to_uint8(picture).tolist() == [[0, 0, 128, 255, 255, 255]]


@pytest.mark.parametrize("bad", [torch.full((1, 2, 2), float("nan")), torch.zeros(2, 4, 4), torch.zeros(4, 4)])
def test_the_programs_mistakes_are_not_the_users(bad: Tensor) -> None:
    with pytest.raises(ValueError, match="picture") as caught:
        to_uint8(bad)
    assert not isinstance(caught.value, UsageError)
    with pytest.raises(ValueError, match="uint8"):
        from_uint8(np.zeros((4, 4, 4), np.uint8))


# Reading pictures


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_of_the_right_size_is_read_exactly(tmp_path: Path, channels: int) -> None:
    picture = noise(channels, 16)
    write_png(tmp_path / "a.png", picture, {})
    assert torch.equal(read_picture(tmp_path / "a.png", 16, channels), picture)


def test_grey_and_colour_change_into_each_other(tmp_path: Path) -> None:
    grey = noise(1, 8)
    write_png(tmp_path / "grey.png", grey, {})
    assert torch.equal(read_picture(tmp_path / "grey.png", 8, 3), grey.expand(3, -1, -1))
    path = saved(tmp_path, Image.new("RGB", (8, 8), (200, 100, 50)))
    luminance = 0.299 * 200 + 0.587 * 100 + 0.114 * 50
    assert abs(int(to_uint8(read_picture(path, 8, 1))[0, 0]) - luminance) <= 1


def test_the_centre_is_cropped_and_resized(tmp_path: Path) -> None:
    levels = np.zeros((40, 100, 3), np.uint8)
    levels[:, 30:70] = (255, 0, 0)
    picture = read_picture(saved(tmp_path, Image.fromarray(levels)), 10, 3)
    assert picture.shape == (3, 10, 10)
    assert (to_uint8(picture) == (255, 0, 0)).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture_upright(tmp_path: Path, orientation: int) -> None:
    upright = np.zeros((16, 16, 3), np.uint8)
    upright[:8, :8], upright[:8, 8:], upright[8:, :8] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    # How the camera stores what the orientation then undoes (EXIF 2.32, 4.6.4.A).
    store = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(store(upright)))
    picture = read_picture(saved(tmp_path, stored, exif=exif), 16, 3)
    assert (to_uint8(picture) == upright).all()


def test_a_damaged_exif_block_is_overlooked(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("RGB", (8, 8), "white"), "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xffgarbage")
    assert colour(read_picture(path, 8, 3), 4, 4) == [255, 255, 255]


def test_transparency_shows_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.paste((255, 0, 0, 128), (0, 0, 4, 8))
    image.paste((0, 0, 255, 255), (0, 0, 2, 8))
    picture = read_picture(saved(tmp_path, image), 8, 3)
    assert colour(picture, 0, 7) == [255, 255, 255]
    assert colour(picture, 0, 0) == [0, 0, 255]
    assert colour(picture, 0, 3) == pytest.approx([255, 127, 127], abs=1)


@pytest.mark.parametrize("mode", ["LA", "PA", "P", "L", "RGB"])
def test_every_kind_of_transparency_shows_white(tmp_path: Path, mode: str) -> None:
    image = Image.new("P" if mode == "PA" else mode, (8, 8), 0)
    if mode in {"LA", "PA"}:
        image.putalpha(0)
        path = saved(tmp_path, image, "a.tiff")
    else:
        path = saved(tmp_path, image, transparency=(0, 0, 0) if mode == "RGB" else 0)
    assert colour(read_picture(path, 8, 3), 3, 3) == [255, 255, 255]


@pytest.mark.parametrize(
    ("image", "name"),
    [
        (Image.new("P", (8, 8), 3), "a.gif"),
        (Image.new("1", (8, 8), 1), "a.png"),
        (Image.new("RGB", (8, 8), "white"), "a.webp"),
        (Image.new("RGB", (8, 8), "white"), "a.bmp"),
        (Image.new("YCbCr", (8, 8), (255, 128, 128)), "a.tiff"),
        (Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "a.jpg"),
        (Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "a.tiff"),
        (Image.new("I;16", (8, 8), 65535), "a.png"),
        (Image.new("I", (8, 8), 65535), "a.tiff"),
        (Image.new("F", (8, 8), 1.0), "a.tiff"),
    ],
)
def test_white_is_white_in_every_mode(tmp_path: Path, image: Image.Image, name: str) -> None:
    if image.mode == "P":
        image.putpalette([255] * 768)
    picture = read_picture(saved(tmp_path, image, name), 8, 3)
    assert colour(picture, 4, 4) == [255, 255, 255]


def test_sixteen_bits_keep_their_greys(tmp_path: Path) -> None:
    levels = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    picture = read_picture(saved(tmp_path, Image.fromarray(levels)), 16, 1)
    assert to_uint8(picture).ravel().tolist() == list(range(256))


def test_cmyk_cyan_is_cyan(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("CMYK", (16, 16), (255, 0, 0, 0)), "a.jpg", quality=100)
    assert colour(read_picture(path, 16, 3), 8, 8) == pytest.approx([0, 255, 255], abs=3)


@pytest.mark.parametrize(("greatest", "bits"), [(4095, 12), (2000, 12), (1023, 10), (700, 10)])
@pytest.mark.parametrize(("name", "mode"), [("a.png", "I;16"), ("a.tiff", "I;16"), ("a.tiff", "I")])
def test_ten_and_twelve_bits_in_sixteen_are_read_as_such_and_that_is_said(
    greatest: int, bits: int, name: str, mode: str, tmp_path: Path
) -> None:
    levels = np.linspace(0, greatest, 64).round().astype(np.uint16 if mode == "I;16" else np.int32).reshape(8, 8)
    said: list[str] = []
    picture = read_picture(saved(tmp_path, Image.fromarray(levels), name), 8, 1, said.append)
    assert to_uint8(picture).tolist() == np.rint(levels / (2**bits - 1) * 255).astype(int).tolist()
    [sentence] = said
    assert f"{name} holds {bits}-bit data" in sentence
    assert str(greatest) in sentence


@pytest.mark.parametrize("greatest", [0, 4096, 30_000, 65_535])
def test_of_other_sixteen_bits_nothing_is_said(greatest: int, tmp_path: Path) -> None:
    said: list[str] = []
    image = Image.fromarray(np.full((8, 8), greatest, np.uint16))
    picture = read_picture(saved(tmp_path, image), 8, 1, said.append)
    assert to_uint8(picture)[0, 0] == round(greatest / 65535 * 255)
    assert not said


def icc(kind: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile, version 2, of a kind of colour."""
    tags = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78), **tags}
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    size = offset + len(body)
    white = struct.pack(">iii", *(round(v * 65536) for v in (0.9642, 1.0, 0.8249)))
    head = struct.pack(
        ">I4sI4s4s4s", size, b"lcms", 0x02400000, b"mntr" if kind != b"CMYK" else b"prtr", kind, connection
    )
    head += bytes(12) + b"acsp" + bytes(28) + white + bytes(48)
    return head + struct.pack(">I", len(tags)) + table + body


def matrix_profile(gamma: float, *primaries: tuple[float, float, float]) -> bytes:
    """A profile of RGB with these primaries as they look under D50."""

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">iii", *(round(v * 65536) for v in values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    tags = {name + b"XYZ": xyz(values) for name, values in zip((b"r", b"g", b"b"), primaries, strict=True)}
    tags |= {name + b"TRC": curve for name in (b"r", b"g", b"b")}
    return icc(b"RGB ", b"XYZ ", {b"wtpt": xyz((0.9642, 1.0, 0.8249)), **tags})


ADOBE = matrix_profile(563 / 256, (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
P3 = matrix_profile(2.2, (0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tiff", "a.webp"])
@pytest.mark.parametrize(
    ("profile", "stored", "seen"),
    [
        (ADOBE, (172, 44, 44), (200, 40, 40)),
        (ADOBE, (117, 199, 62), (40, 200, 40)),
        (P3, (184, 58, 48), (202, 38, 33)),
        (P3, (128, 128, 128), (128, 128, 128)),
    ],
)
def test_colours_are_converted_from_their_profile(
    name: str, profile: bytes, stored: tuple[int, int, int], seen: tuple[int, int, int], tmp_path: Path
) -> None:
    image = Image.new("RGB", (16, 16), stored)
    options = {"quality": 100} if name == "a.jpg" else {"lossless": True} if name == "a.webp" else {}
    path = saved(tmp_path, image, name, icc_profile=profile, **options)
    assert colour(read_picture(path, 16, 3), 8, 8) == pytest.approx(seen, abs=3)


def test_a_profile_holds_for_palettes_and_through_transparency(tmp_path: Path) -> None:
    image = Image.new("RGBA", (16, 16), (172, 44, 44, 255))
    image.paste((0, 0, 0, 0), (0, 0, 4, 16))
    picture = read_picture(saved(tmp_path, image, icc_profile=ADOBE), 16, 3)
    assert colour(picture, 8, 12) == pytest.approx([200, 40, 40], abs=3)
    assert colour(picture, 8, 1) == [255, 255, 255]
    palette = image.convert("RGB").quantize(4)
    picture = read_picture(saved(tmp_path, palette, icc_profile=ADOBE), 16, 3)
    assert colour(picture, 8, 12) == pytest.approx([200, 40, 40], abs=3)


@pytest.mark.parametrize("name", ["a.jpg", "a.tiff"])
def test_cmyk_is_converted_by_its_profile(name: str, tmp_path: Path) -> None:
    """Here all ink is middle grey, which no rule of thumb would say."""
    grid = bytes((255, 128, 128)) + bytes((128, 128, 128)) * 15
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + struct.pack(">9i", *(65536 * (k % 4 == 0) for k in range(9)))
    table += bytes(range(256)) * 4 + grid + bytes(range(256)) * 3
    profile = icc(b"CMYK", b"Lab ", {b"A2B0": table})
    image = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    image.paste((255, 0, 0, 0), (0, 0, 8, 16))
    picture = read_picture(saved(tmp_path, image, name, icc_profile=profile), 16, 3)
    assert colour(picture, 8, 2) == pytest.approx([120, 120, 120], abs=4)
    assert colour(picture, 8, 14) == pytest.approx([255, 255, 255], abs=3)


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("profile", [b"no profile", ADOBE[:200], icc(b"Lab ", b"Lab ", {}), SRGB])
def test_a_profile_that_is_broken_or_of_other_colours_is_ignored(mode: str, profile: bytes, tmp_path: Path) -> None:
    image = shipped("photo:tower").resize((16, 16)).convert(mode)
    plain = read_picture(saved(tmp_path, image, "a.tiff"), 16, 3)
    assert torch.equal(read_picture(saved(tmp_path, image, "b.tiff", icc_profile=profile), 16, 3), plain)


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), name) for name in ("red", "lime", "blue")]
    path = saved(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:])
    assert colour(read_picture(path, 8, 3), 4, 4) == [255, 0, 0]


def test_standard_input_is_a_picture_too(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "lime").save(buffer, "PNG")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(buffer.getvalue())))
    assert colour(read_picture("-", 8, 3), 4, 4) == [0, 255, 0]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert "Standard input is empty" in refused("-")


def test_a_digit_is_a_picture_too() -> None:
    expected = pictures_to_float(mnist("test").pictures[7:8])[0]
    assert torch.equal(read_picture("mnist:test/7", 28, 1), expected)
    assert torch.equal(read_picture("mnist:test/7", 28, 3), expected.expand(3, -1, -1))
    assert read_picture("mnist:test/7", 64, 1).shape == (1, 64, 64)


@pytest.mark.parametrize("source", ["mnist:test/10000", "mnist:test/-1", "mnist:test/", "mnist:dev/1", "mnist:7"])
def test_digits_that_do_not_exist_are_the_users_mistake(source: str) -> None:
    assert source in refused(source)


# Hostile files


def test_missing_empty_and_foreign_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "program.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    assert "empty" in refused(tmp_path / "empty.png")
    assert "no file" in refused(tmp_path / "nowhere.png")
    assert "folder" in refused(tmp_path)
    assert "known format" in refused(tmp_path / "text.png")
    assert "PostScript" in refused(tmp_path / "program.eps")
    refused("with\0nul.png")


def png_of_size(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [(40_000, 40_000), (40_000, 10), (10_100, 10_000), (MAX_SIDE + 1, 1)])
def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(png_of_size(*size))
    message = refused(path)
    assert "at most 100 million" in message
    assert "damaged" not in message


def encoded(container: str) -> bytes:
    buffer = io.BytesIO()
    picture = Image.fromarray(to_uint8(noise(3, 24)))
    picture.save(buffer, container, **({"save_all": True, "append_images": [picture]} if container == "GIF" else {}))
    return buffer.getvalue()


VALID = {container: encoded(container) for container in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")}


@given(data=st.data(), container=st.sampled_from(sorted(VALID)))
@settings(same_folder, max_examples=250)
def test_damaged_pictures_are_read_or_refused(tmp_path: Path, data: st.DataObject, container: str) -> None:
    content = bytearray(VALID[container])
    for _ in range(data.draw(st.integers(1, 8))):
        # Half of the damage goes to the header, where it hurts most.
        limit = data.draw(st.sampled_from([40, len(content) - 1]))
        content[data.draw(st.integers(0, limit))] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged").write_bytes(content)
    with suppress(UsageError):
        picture = read_picture(tmp_path / "damaged", 8, 3)
        assert picture.shape == (3, 8, 8)
        assert picture.abs().max() <= 1


@given(data=st.data(), container=st.sampled_from(["PNG", "JPEG", "WEBP"]))
@same_folder
def test_pictures_cut_short_are_refused(tmp_path: Path, data: st.DataObject, container: str) -> None:
    content = VALID[container]
    # The last bytes only say that the file ends.
    cut = data.draw(st.integers(0, len(content) - 100))
    (tmp_path / "short").write_bytes(content[:cut])
    refused(tmp_path / "short")


@given(garbage=st.binary(max_size=300))
@same_folder
def test_garbage_is_refused(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / "garbage.png").write_bytes(b"\x89PNG\r\n\x1a\n" + garbage)
    refused(tmp_path / "garbage.png")


def test_lab_is_converted_or_refused_by_name(tmp_path: Path) -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    to_lab = ImageCms.buildTransform(srgb, lab, "RGB", "LAB")
    path = saved(tmp_path, ImageCms.applyTransform(Image.new("RGB", (8, 8), "red"), to_lab), "a.tiff")
    # Whether Pillow converts it depends on Pillow's version.
    try:
        found = colour(read_picture(path, 8, 3), 4, 4)
    except UsageError:
        assert "LAB" in refused(path)
    else:
        assert found == pytest.approx([255, 0, 0], abs=8)


# Masks


def test_a_mask_is_cut_at_128_and_white_is_painted(tmp_path: Path) -> None:
    levels = np.repeat(np.array([[0] * 16, [255] * 16], np.uint8), 8, axis=0)
    levels[7, 3], levels[7, 4] = 128, 127  # the soft edge
    mask = read_mask(saved(tmp_path, Image.fromarray(levels)), 16)
    assert torch.equal(mask, torch.from_numpy(levels >= 128).float())
    black = understood_mask(saved(tmp_path, Image.fromarray(levels)), 16, black_paints=True)
    assert torch.equal(black.mask, 1 - mask)
    assert black.share == pytest.approx(1 - mask.mean().item())


def photo(size: int = 64) -> Image.Image:
    """A photograph with bright and dark parts."""
    return shipped("photo:astronaut").convert("RGB").resize((size, size))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_a_hole_in_a_photograph_is_painted(mode: str, tmp_path: Path) -> None:
    image, alpha = photo(), Image.new("L", (64, 64), 255)
    alpha.paste(0, (16, 8, 40, 24))
    if mode == "PA":  # a palette with one transparent colour
        image = image.quantize(200)
        image.putpalette((image.getpalette() or [])[:600] + [0] * 168)
        image.paste(200, (16, 8, 40, 24))
        image.save(tmp_path / "a.png", transparency=200)
        path = tmp_path / "a.png"
    else:
        image = image.convert(mode[:-1])
        image.putalpha(alpha)
        path = saved(tmp_path, image)
    hole = box_mask(16, 8, 40, 24, 64)
    read = understood_mask(path, 64)
    assert torch.equal(read.mask, hole)
    assert read.painted == "the hole"
    assert torch.equal(understood_mask(path, 64, black_paints=True).mask, 1 - hole)


@pytest.mark.parametrize("colour", ["white", "black"])
@pytest.mark.parametrize("ground", [(255, 255, 255, 0), (0, 0, 0, 0), (200, 30, 40, 0)])
def test_a_mask_drawn_on_a_clear_layer_is_read_as_drawn(
    colour: str, ground: tuple[int, int, int, int], tmp_path: Path
) -> None:
    image = Image.new("RGBA", (8, 8), ground)
    image.paste(colour, (0, 0, 4, 8))
    drawn = box_mask(0, 0, 4, 8, 8)
    read = understood_mask(saved(tmp_path, image), 8, black_paints=colour == "black")
    assert torch.equal(read.mask, drawn)
    assert read.painted == colour
    with pytest.raises(UsageError, match=r"paints nothing.*`invert_mask`"):
        understood_mask(saved(tmp_path, image), 8, black_paints=colour == "white")


@pytest.mark.parametrize("levels", [photo(), Image.new("L", (9, 9), 128), Image.new("RGB", (9, 9), (255, 0, 0))])
def test_what_is_no_mask_is_refused(levels: Image.Image, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is no mask.*white.*transparent hole"):
        read_mask(saved(tmp_path, levels), 8)


def test_a_mask_with_soft_or_noisy_edges_is_a_mask(tmp_path: Path) -> None:
    image = Image.new("L", (256, 256))
    ImageDraw.Draw(image).ellipse((50, 50, 200, 200), fill=255)
    soft = image.filter(ImageFilter.GaussianBlur(4)).convert("RGB")
    mask = read_mask(saved(tmp_path, soft, "a.jpg", quality=60), 64)
    assert (mask != ellipse_mask(12.5, 12.5, 50.25, 50.25, 64)).float().mean() < 0.02


def test_a_mask_is_cropped_and_resized_as_its_picture(tmp_path: Path) -> None:
    levels = np.zeros((64, 128), np.uint8)
    levels[16:32, 40:56] = 255
    path = saved(tmp_path, Image.fromarray(levels))
    assert torch.equal(read_mask(path, 16), box_mask(2, 4, 6, 8, 16))
    assert torch.equal(read_mask(path, 16), read_picture(path, 16, 1)[0].gt(0).float())


def test_a_black_mask_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="paints nothing"):
        read_mask(saved(tmp_path, Image.new("L", (8, 8))), 8)


corner = st.integers(0, 12)


@given(x0=corner, y0=corner, x1=corner, y1=corner)
def test_box_and_ellipse_cover_what_they_say(x0: int, y0: int, x1: int, y1: int) -> None:
    if x0 >= x1 or y0 >= y1:
        for make in (box_mask, ellipse_mask):
            with pytest.raises(UsageError):
                make(x0, y0, x1, y1, 12)
        return
    box, ellipse = box_mask(x0, y0, x1, y1, 12), ellipse_mask(x0, y0, x1, y1, 12)
    assert box.shape == ellipse.shape == (12, 12)
    assert box.sum() == (x1 - x0) * (y1 - y0)
    assert (box[y0:y1, x0:x1] == 1).all()
    assert (ellipse <= box).all()
    turned = ellipse[y0:y1, x0:x1]
    assert torch.equal(turned, turned.flip(0, 1))


def test_an_ellipse_has_the_area_of_an_ellipse() -> None:
    assert ellipse_mask(10, 30, 90, 70, 100).sum().item() == pytest.approx(np.pi * 40 * 20, rel=0.01)


@pytest.mark.parametrize(
    "corners", [(-1, 0, 5, 5), (0, 0, 5, 13), (5, 5, 5, 9), (float("nan"), 0, 5, 5), (0.6, 0, 1.4, 5)]
)
def test_masks_outside_or_empty_are_refused(corners: tuple[float, float, float, float]) -> None:
    for make in (box_mask, ellipse_mask):
        with pytest.raises(UsageError, match="mask"):
            make(*corners, 12)


# PNGs that remember

words = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(metadata=st.dictionaries(st.text(), words, max_size=5))
@same_folder
def test_metadata_comes_back(tmp_path: Path, metadata: dict[str, object]) -> None:
    write_png(tmp_path / "a.png", noise(3, 4), metadata)
    assert read_metadata(tmp_path / "a.png") == metadata


@pytest.mark.parametrize("value", ["ein Hase, 鴨, 🦆, \ud800", "long " * 50_000])
def test_unicode_and_long_metadata_come_back(tmp_path: Path, value: str) -> None:
    write_png(tmp_path / "a.png", noise(1, 4), {"prompt": value})
    assert read_metadata(tmp_path / "a.png") == {"prompt": value}
    assert (tmp_path / "a.png").stat().st_size < 10_000


@pytest.mark.parametrize("bad", [{"x": float("nan")}, {"x": "y" * (MAX_CHARACTERS + 1)}])
def test_metadata_that_could_not_be_read_is_not_written(tmp_path: Path, bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"JSON|characters"):
        write_png(tmp_path / "a.png", noise(1, 4), bad)
    assert list(tmp_path.iterdir()) == []


def with_text(tmp_path: Path, text: str) -> Path:
    info = PngInfo()
    info.add_itxt("duckrabbit", text, zip=True)
    return saved(tmp_path, Image.new("L", (4, 4)), pnginfo=info)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[1]",
        "3",
        '{"a": ',
        "[" * 100_000,
        "9" * 5000,
        json.dumps({"x": "y" * MAX_CHARACTERS}),
        "x" * 10**7,
    ],
    ids=["empty", "text", "list", "number", "cut", "deep", "digits", "long", "bomb"],
)
def test_metadata_that_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"picture\.png"):
        read_metadata(with_text(tmp_path, text))


def test_pictures_without_metadata_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not say"):
        read_metadata(saved(tmp_path, Image.new("L", (4, 4))))
    with pytest.raises(UsageError, match="not a PNG"):
        read_metadata(saved(tmp_path, Image.new("L", (4, 4)), "a.jpg"))
    with pytest.raises(UsageError, match="no file"):
        read_metadata(tmp_path / "nowhere.png")


@given(data=st.data())
@same_folder
def test_a_damaged_png_gives_its_record_or_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "a.png"
    write_png(path, noise(3, 8), {"seed": 7})
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with suppress(UsageError):
        assert read_metadata(path) == {"seed": 7}


# Names that are nobody's yet


def test_eight_threads_never_get_the_same_name(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)

    def claim(number: int) -> list[Path]:
        barrier.wait()
        paths = [unused_path(tmp_path, "duck", ".png") for _ in range(5)]
        for path in paths:
            write_png(path, noise(1, 4), {"thread": number})
        return paths

    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(claim, range(8)))
    names = {path.name for paths in claimed for path in paths}
    assert names == {"duck.png"} | {f"duck-{number}.png" for number in range(2, 41)}
    for number, paths in enumerate(claimed):
        assert all(read_metadata(path) == {"thread": number} for path in paths)


def test_a_file_that_is_there_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "duck.png").write_text("mine")
    with new_file(tmp_path, "duck", ".png") as path:
        write_png(path, noise(1, 4), {})
    assert path.name == "duck-2.png"
    assert (tmp_path / "duck.png").read_text() == "mine"


def test_a_name_is_given_back_when_writing_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_file(tmp_path, "duck", ".png"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_names_that_cannot_be_are_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="Cannot write"):
        unused_path(tmp_path / "file", "duck", ".png")
    with pytest.raises(UsageError, match="Cannot write"):
        unused_path(tmp_path, "x" * 300, ".png")


# Whole or not at all


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, failure: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_and_fail() -> None:
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            assert temporary.suffix == ".txt"
            raise failure

    with pytest.raises(failure):
        write_and_fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_success_replaces_the_file_and_makes_folders(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.txt"
    for content in ("first", "second"):
        with atomic_write(path) as temporary:
            temporary.write_text(content)
        assert path.read_text() == content
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_the_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("content")
    (tmp_path / "b.txt").write_text("content")
    write_tensors(tmp_path / "c.safetensors", {"x": torch.zeros(3, 2).T}, {})
    assert len({path.stat().st_mode for path in tmp_path.iterdir()}) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows limits no file's size")
def test_tensors_for_which_there_is_no_room_are_not_written_in_part(tmp_path: Path) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, before[1]))
    try:
        with pytest.raises(UsageError, match="Cannot write"):
            write_tensors(tmp_path / "large.safetensors", {"x": torch.zeros(2**16)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not [*tmp_path.iterdir()]


def test_places_that_cannot_be_written_are_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "a.txt"):
        with pytest.raises(UsageError), atomic_write(path):
            pytest.fail("there is nothing to write to")
    with pytest.raises(UsageError, match="No space left"), atomic_write(tmp_path / "a.txt"):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "a.txt"):
        (tmp_path / "nowhere").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# Sheets


@pytest.mark.parametrize("scale", [1, 3])
def test_every_picture_is_on_the_sheet_in_its_place(scale: int) -> None:
    shades = [-1.0, -0.5, 0.0, 0.5, 1.0]
    sheet = np.asarray(contact_sheet([torch.full((1, 8, 8), s) for s in shades], columns=3, scale=scale, gap=4))
    side = 8 * scale
    assert sheet.shape == (3 * 4 + 2 * side, 4 * 4 + 3 * side, 3)
    for i, shade in enumerate(shades):
        y, x = 4 + (i // 3) * (side + 4), 4 + (i % 3) * (side + 4)
        assert (sheet[y : y + side, x : x + side] == round(127.5 * (shade + 1))).all()
        assert (sheet[y - 1, x : x + side] == (250, 250, 248)).all()


def test_labels_are_written_inside_the_sheet() -> None:
    pictures = [noise(3, 32, seed) for seed in range(4)]
    plain = contact_sheet(pictures, columns=2)
    labelled = contact_sheet(
        pictures,
        columns=2,
        labels=["a", "a long label of many words", "Unbreakable" * 4, "σ = 0.5"],
        row_labels=["first", "an oil painting of people around a campfire"],
    )
    assert labelled.width > plain.width
    assert labelled.height > plain.height
    pixels = np.asarray(labelled)
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    assert all((edge == (250, 250, 248)).all() for edge in edges)
    assert (pixels[:, : labelled.width - plain.width].min()) < 100


def test_sheets_that_do_not_add_up_are_the_programs_mistake() -> None:
    pictures = [noise(1, 8)] * 3
    for bad in (
        {"columns": 0},
        {"columns": 2, "labels": ["a"]},
        {"columns": 2, "row_labels": ["a", "b", "c"]},
        {"columns": 2, "scale": 0},
    ):
        with pytest.raises(ValueError, match="expected"):
            contact_sheet(pictures, **bad)
    with pytest.raises(ValueError, match="at least one picture"):
        contact_sheet([], columns=1)


# Animations


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_animation_has_its_frames_and_repeats(tmp_path: Path, suffix: str, channels: int) -> None:
    path = tmp_path / f"a{suffix}"
    write_animation(path, [noise(channels, 16, seed) for seed in range(12)], 80)
    with Image.open(path) as image:
        assert image.n_frames == 12
        assert image.info["loop"] == 0
        assert image.size == (16, 16)
        image.seek(5)
        image.load()
        assert image.info["duration"] == 80


def shown_every(path: Path, milliseconds: int) -> list[np.ndarray]:
    """What a viewer sees at each tick: frames stored once and shown for longer count as often as shown."""
    shown = []
    with Image.open(path) as image:
        for number in range(image.n_frames):
            image.seek(number)
            pixels = np.asarray(image.convert("RGB")).astype(float)
            shown += [pixels] * (image.info["duration"] // milliseconds)
    return shown


def test_grey_gifs_are_exact_and_colour_ones_close(tmp_path: Path) -> None:
    ramp = torch.linspace(-1, 1, 64).expand(64, 64)
    coloured = [torch.stack([ramp, ramp.T, torch.full_like(ramp, f / 5 - 1)]) for f in range(10)]
    grey = [ramp[None] * (1 - f / 20) for f in range(10)]
    # The colours fill most of the cube: the best 256 of them leave a mean error near 18 in the worst frame.
    for frames, worst in ((grey, 0.0), (coloured, 20.0)):
        write_animation(tmp_path / "a.gif", frames, 50)
        shown = shown_every(tmp_path / "a.gif", 50)
        assert len(shown) == 10
        for found, frame in zip(shown, frames, strict=True):
            assert np.abs(found - to_uint8(frame.expand(3, -1, -1))).mean() <= worst


def test_a_held_frame_keeps_its_time(tmp_path: Path) -> None:
    first, second = noise(1, 8, 1), noise(1, 8, 2)
    write_animation(tmp_path / "a.gif", [first, second, second, second, first], 60)
    expected = [to_uint8(f.expand(3, -1, -1)) for f in (first, second, second, second, first)]
    shown = shown_every(tmp_path / "a.gif", 60)
    assert len(shown) == 5
    assert all((found == frame).all() for found, frame in zip(shown, expected, strict=True))


def test_an_mp4_is_made_whatever_the_sides(tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg")
    path = tmp_path / "a.mp4"
    write_animation(path, [noise(3, 15, seed) for seed in range(3)], 100)
    assert path.read_bytes()[4:8] == b"ftyp"
    assert list(tmp_path.iterdir()) == [path]


def test_an_mp4_without_ffmpeg_is_the_users_to_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(UsageError, match=r"duckrabbit\[video\]"):
        write_animation(tmp_path / "a.mp4", [noise(3, 8)], 100)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_ffmpeg_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\ncat >/dev/null\necho 'no such codec' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(animation.shutil, "which", lambda name: str(program))
    with pytest.raises(UsageError, match="no such codec"):
        write_animation(tmp_path / "a.mp4", [noise(3, 8)], 100)


def test_other_suffixes_and_odd_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.gif, \.webp or \.mp4"):
        write_animation(tmp_path / "a.avi", [noise(3, 8)], 100)
    for frames in ([], [noise(3, 8), noise(3, 9)]):
        with pytest.raises(ValueError, match="frames"):
            write_animation(tmp_path / "a.gif", frames, 100)


# --- Crops and pasting back ------------------------------------------------------------------------------------------


STRIPES = np.zeros((20, 60, 3), np.uint8)
STRIPES[:, :20, 0], STRIPES[:, 20:40, 1], STRIPES[:, 40:, 2] = 255, 255, 255


@pytest.mark.parametrize(
    ("crop", "seen"),
    [("", 1), ("centre", 1), ("center", 1), ("left", 0), ("right", 2), ("top", 1), ("bottom", 1), ("40,0,60,20", 2)],
)
def test_a_crop_chooses_the_square(tmp_path: Path, crop: str, seen: int) -> None:
    tall = {"left": "top", "right": "bottom", "top": "left", "bottom": "right", "40,0,60,20": "0,40,20,60"}
    for levels, way in ((STRIPES, crop), (STRIPES.transpose(1, 0, 2).copy(), tall.get(crop, crop))):
        said: list[str] = []
        picture = read_picture(saved(tmp_path, Image.fromarray(levels)), 16, 3, said.append, parse_crop(way))
        assert colour(picture, 8, 8) == [255 * (k == seen) for k in range(3)]
        assert any("60" in line and "20×20 is used" in line for line in said) == (crop == "")


def test_all_of_a_picture_is_padded_to_a_square_and_a_mask_with_what_is_kept(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(STRIPES))
    picture = read_picture(path, 60, 3, crop=parse_crop("pad"))
    assert [colour(picture, 30, x) for x in (10, 30, 50)] == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    assert colour(picture, 5, 30) == [0, 0, 0]
    light = read_picture(saved(tmp_path, Image.new("RGB", (60, 20), "yellow")), 60, 3, crop=parse_crop("pad"))
    assert colour(light, 5, 30) == [255, 255, 255]
    for black, ground in ((False, "white"), (True, "black")):
        path = saved(tmp_path, Image.new("L", (60, 20), ground))
        mask = understood_mask(path, 60, black_paints=black, crop=parse_crop("pad")).mask
        assert torch.equal(mask, box_mask(0, 20, 60, 40, 60))


@pytest.mark.parametrize("crop", ["middle", "1,2,3", "0,0,20,10", "10,0,5,-5", "50,0,70,20", "-1,0,19,20"])
def test_a_crop_that_is_none_is_refused_in_a_sentence(tmp_path: Path, crop: str) -> None:
    path = saved(tmp_path, Image.fromarray(STRIPES))
    with pytest.raises(UsageError) as refusal:
        read_picture(path, 16, 3, crop=parse_crop(crop))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["a.heic", "a.jpg", "a"])
def test_a_heic_photo_is_called_one_whatever_its_name(tmp_path: Path, name: str) -> None:
    for brands in (b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1heic", b"heix\0\0\0\0"):
        (tmp_path / name).write_bytes(b"\0\0\0\x24ftyp" + brands + bytes(40))
        with pytest.raises(UsageError, match=r"HEIC.*JPEG"):
            read_picture(tmp_path / name, 8, 3)
    (tmp_path / name).write_bytes(b"\0\0\0\x1cftypavif\0\0\0\0avifmif1" + bytes(40))
    with pytest.raises(UsageError, match=r"^((?!HEIC).)*$"):
        read_picture(tmp_path / name, 8, 3)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_what_is_pasted_into_a_photo_leaves_all_else_as_it_was(tmp_path: Path, mode: str, orientation: int) -> None:
    stored = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 50, 4), np.uint8), "RGBA").convert(mode)
    exif = Image.Exif()
    exif[0x112] = orientation
    path = saved(tmp_path, stored, exif=exif)
    photo = read_photo(path)
    upright = ImageOps.exif_transpose(Image.open(path))
    before = np.asarray(upright.convert("RGBA"))
    mask = np.zeros((30, 30), bool)
    mask[3:9, 5:25] = True
    window = parse_crop("right" if orientation == 1 else "bottom").window(*photo.image.size)
    green = torch.tensor([-1.0, 1.0, -1.0]).view(3, 1, 1).expand(3, 8, 8)
    after = np.asarray(pasted(photo, green, window, mask).image.convert("RGBA"))
    where = np.zeros(before.shape[:2], bool)
    where[window[1] : window[3], window[0] : window[2]] = mask
    assert after.shape == before.shape
    assert (after[~where] == before[~where]).all()
    assert (after[where] == (0, 255, 0, 255)).all()


def test_what_is_pasted_into_a_photo_of_another_profile_has_its_colours_there(tmp_path: Path) -> None:
    photo = read_photo(saved(tmp_path, Image.new("RGB", (20, 20), (100, 50, 20)), icc_profile=ADOBE))
    red = torch.tensor([200.0, 40.0, 40.0]).view(3, 1, 1).expand(3, 8, 8) / 127.5 - 1
    mask = np.zeros((20, 20), bool)
    mask[:, 10:] = True
    whole = pasted(photo, red, (0, 0, 20, 20), mask)
    assert whole.image.getpixel((5, 5)) == (100, 50, 20)
    path = saved(tmp_path, whole.image, "b.png", icc_profile=whole.profile)
    assert colour(read_picture(path, 20, 3), 10, 15) == pytest.approx([200, 40, 40], abs=3)
