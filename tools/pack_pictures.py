"""From a source's file to a pack's picture: rasterised or cropped, square, of one size."""

import io
from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageOps

Box = tuple[float, float, float, float]
"""Middle, width and height as shares of the picture's: x, y, w, h."""

LANCZOS, NEAREST = Image.Resampling.LANCZOS, Image.Resampling.NEAREST
CLEAR = (0, 0, 0, 0)

SMALL = 64
"""Up to this size a picture is kept in a better quality: each of its pixels counts."""


def made(treatment: str, content: bytes, size: int, box: Box | None) -> bytes:
    """A file's content as a WebP picture of `size`×`size` pixels."""
    if box is not None:
        return _photograph(_boxed(_flat(content), box), size)
    if treatment in CROPS:
        return _photograph(CROPS[treatment](_flat(content, size)), size)
    return _subject(SUBJECTS[treatment](content, size), lossless=treatment == "pixels")


# --- Subjects, which are cut out -------------------------------------------------------------------------------------


def _svg(content: bytes, size: int) -> Image.Image:
    """Rasterised at 128 pixels or more, and shrunk where that is too large."""
    import resvg_py

    first = max(128, size)

    def drawn(**side: int) -> Image.Image:
        picture = resvg_py.svg_to_bytes(svg_string=content.decode("utf-8", "replace"), skip_system_fonts=True, **side)
        return Image.open(io.BytesIO(bytes(picture))).convert("RGBA")

    image = drawn(width=first)
    if image.height > first:
        image = drawn(height=first)
    return _squared(image).resize((size, size), LANCZOS)


def _png(content: bytes, size: int) -> Image.Image:
    image = _squared(Image.open(io.BytesIO(content)).convert("RGBA"))
    return image if image.size == (size, size) else image.resize((size, size), LANCZOS)


def _png_with_margin(content: bytes, size: int) -> Image.Image:
    """Up to four pixels of an empty margin are cut off on each side."""
    image = Image.open(io.BytesIO(content)).convert("RGBA")
    bounds = image.getchannel("A").point(lambda alpha: 255 * (alpha > 8)).getbbox()
    if image.size == (72, 72) and bounds:
        margin = min(4, bounds[0], bounds[1], 72 - bounds[2], 72 - bounds[3])
        image = image.crop((margin, margin, 72 - margin, 72 - margin))
    return image if image.size == (size, size) else image.resize((size, size), LANCZOS)


def _pixels(content: bytes, size: int) -> Image.Image:
    """Pixel art: enlarged by a whole factor, in the middle."""
    image = Image.open(io.BytesIO(content)).convert("RGBA")
    image = image.crop(image.getchannel("A").getbbox())
    room = size - 4
    if max(image.size) <= room:
        factor = room // max(image.size)
        image = image.resize((image.width * factor, image.height * factor), NEAREST)
    else:
        image.thumbnail((room, room), NEAREST)
    canvas = Image.new("RGBA", (size, size), CLEAR)
    canvas.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return canvas


SUBJECTS: Mapping[str, Callable[[bytes, int], Image.Image]] = {
    "svg": _svg,
    "png": _png,
    "png with margin": _png_with_margin,
    "pixels": _pixels,
}


def _squared(image: Image.Image) -> Image.Image:
    side = max(image.size)
    canvas = Image.new("RGBA", (side, side), CLEAR)
    canvas.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return canvas


def _subject(image: Image.Image, lossless: bool) -> bytes:
    pixels = np.asarray(image).copy()
    pixels[pixels[..., 3] == 0] = 0
    file = io.BytesIO()
    quality, alpha_quality = (90, 95) if len(pixels) <= SMALL else (82, 80)
    if lossless:
        Image.fromarray(pixels).save(file, "WEBP", lossless=True, quality=90, method=4)
    else:
        Image.fromarray(pixels).save(
            file, "WEBP", quality=quality, method=6, alpha_quality=alpha_quality, use_sharp_yuv=True
        )
    return file.getvalue()


# --- Photographs and paintings, which are cropped --------------------------------------------------------------------


def _flat(content: bytes, size: int | None = None) -> Image.Image:
    """Upright, opaque, and decoded at no more than it takes for `size`."""
    image: Image.Image = Image.open(io.BytesIO(content))
    if size is not None and image.format == "JPEG":
        image.draft("RGB", (4 * size, 4 * size))
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA", "P"):
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image.convert("RGBA"))
        image = paper
    return image.convert("RGB")


def _boxed(image: Image.Image, box: Box) -> Image.Image:
    """A square around a box, a quarter larger, at least 90 pixels wide and within the picture."""
    w, h = image.size
    side = min(max(max(box[2] * w, box[3] * h) * 1.25, 90), w, h)
    left = min(max(box[0] * w - side / 2, 0), w - side)
    top = min(max(box[1] * h - side / 2, 0), h - side)
    return image.crop((int(left), int(top), int(left + side), int(top + side)))


def _face(image: Image.Image) -> Image.Image:
    """The upper part of a portrait, without its border."""
    side = min(image.size)
    left, top, border = (image.width - side) // 2, int((image.height - side) * 0.12), int(side * 0.04)
    return image.crop((left + border, top, left + side - border, top + side - 2 * border))


def _upper(image: Image.Image) -> Image.Image:
    """Of a tall picture the upper part, where a pet's head is."""
    w, h = image.size
    if h <= w:
        return _busiest(image)
    top = int((h - w) * 0.25)
    return image.crop((0, top, w, top + w))


def _centre(image: Image.Image) -> Image.Image:
    return ImageOps.fit(image, (min(image.size),) * 2)


def _whole_or_busiest(image: Image.Image) -> Image.Image:
    """On plain ground all of it, and more ground; else the busiest square."""
    return _on_its_ground(image) or _busiest(image)


def _widened(image: Image.Image) -> Image.Image:
    """What fills a wide picture keeps its length: ground is mirrored above and below."""
    plain = _on_its_ground(image)
    if plain is not None:
        return plain
    w, h = image.size
    if w <= h * 1.15:
        return _busiest(image)
    left = max(0, (w - int(h * 1.45)) // 2)
    image = image.crop((left, 0, w - left, h))
    top = (image.width - h) // 2
    bottom = image.width - h - top
    return Image.fromarray(
        np.pad(np.asarray(image), ((top, bottom), (0, 0), (0, 0)), mode="reflect" if top < h else "edge")
    )


CROPS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "whole or busiest": _whole_or_busiest,
    "widened": _widened,
    "upper": _upper,
    "face": _face,
    "centre": _centre,
}


def _on_its_ground(image: Image.Image) -> Image.Image | None:
    """The picture in the middle of a square of its border's colour, where its border has but one."""
    small = np.asarray(image.resize((48, 48)), float)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    median = np.median(border, axis=0)
    if image.width == image.height or (np.abs(border - median).max(1) < 22).mean() <= 0.86:
        return None
    side = max(image.size)
    canvas = Image.new("RGB", (side, side), tuple(int(c) for c in median))
    canvas.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return canvas


def _busiest(image: Image.Image) -> Image.Image:
    """The square with most edges in it, the middle preferred."""
    w, h = image.size
    if w == h:
        return image
    small = image.convert("L").resize((max(8, w * 96 // max(w, h)), max(8, h * 96 // max(w, h))))
    grey = np.asarray(small, float)
    edges = np.abs(np.diff(grey, axis=0))[:, :-1] + np.abs(np.diff(grey, axis=1))[:-1]
    along = edges.sum(0 if w > h else 1)
    length, window = len(along), min(edges.shape)
    starts = np.arange(length - window + 1)
    sums = np.concatenate([[0], np.cumsum(along)])
    inside = (sums[window:][: len(starts)] - sums[: len(starts)]) / max(sums[-1], 1e-6)
    off_middle = np.abs((starts - (length - window) / 2) / max(length - window, 1))
    best = int(starts[np.argmax(inside - 0.35 * off_middle)]) / max(length - window, 1)
    if w > h:
        left = round(best * (w - h))
        return image.crop((left, 0, left + h, h))
    top = round(best * (h - w))
    return image.crop((0, top, w, top + w))


def _photograph(image: Image.Image, size: int) -> bytes:
    file = io.BytesIO()
    image.resize((size, size), LANCZOS).save(file, "WEBP", quality=82 if size <= SMALL else 80, method=6)
    return file.getvalue()
