"""Pictures as the bytes of files: PNG, and for print PNG, PDF and SVG at true size."""

import io
from collections.abc import Sequence

from PIL import Image
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views.cuts import Cut
from duckrabbit.media.cutting import cutting_svg
from duckrabbit.media.pdf import MILLIMETRES_AN_INCH, true_size_pdf
from duckrabbit.media.pixels import to_uint8

LEAST, MOST = 10.0, 2000.0


def png_bytes(image: Image.Image, dots_an_inch: float | None = None) -> bytes:
    """A PNG, which may say how large it is to be printed."""
    file = io.BytesIO()
    image.save(file, "PNG", **({} if dots_an_inch is None else {"dpi": (dots_an_inch, dots_an_inch)}))
    return file.getvalue()


def check_millimetres(millimetres: float) -> None:
    """Raise UsageError unless a print can be so wide."""
    if not LEAST <= millimetres <= MOST:
        raise UsageError(f"{millimetres:g} mm is no size for a print: give `millimetres` from {LEAST:g} to {MOST:g}.")


def print_bytes(pixels: Tensor, suffix: str, millimetres: float, cuts: Sequence[Cut] = ()) -> bytes:
    """A square picture [C, S, S] so many millimetres wide as png, pdf or svg; the latter two with its cuts.

    Raises:
        UsageError: if that is no size for a print, or there is no such format.
    """
    check_millimetres(millimetres)
    image = Image.fromarray(to_uint8(pixels))
    if suffix == "png":
        return png_bytes(image, image.width / millimetres * MILLIMETRES_AN_INCH)
    if suffix == "pdf":
        return true_size_pdf(image, millimetres, cuts)
    if suffix == "svg":
        return cutting_svg(image, cuts, millimetres).encode()
    raise UsageError(f"There is no format {suffix!r} for a print: the formats are png, pdf and svg.")
