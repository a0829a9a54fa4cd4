"""A PDF of one picture at true size: a page of the picture's size in millimetres, perhaps with lines to cut along."""

import zlib
from collections.abc import Sequence

from PIL import Image

from duckrabbit.illusions.views.cuts import Cut
from duckrabbit.media.cutting import HAIRLINE_MILLIMETRES, cutting_pdf_path

MILLIMETRES_AN_INCH = 25.4
POINTS_A_MILLIMETRE = 72 / MILLIMETRES_AN_INCH


def true_size_pdf(image: Image.Image, millimetres: float, cuts: Sequence[Cut] = ()) -> bytes:
    """A PDF whose page is a square picture so many millimetres wide; its cuts are lines, sharp at any size.

    Pillow's own PDF has no lines, and holds pictures as JPEG alone, which would put noise along every edge.
    """
    side = millimetres * POINTS_A_MILLIMETRE
    own = image.convert("RGB")
    pixels = zlib.compress(own.tobytes(), 9)
    drawn = f"q {side:.3f} 0 0 {side:.3f} 0 0 cm /Picture Do Q"
    if cuts:
        hairline = HAIRLINE_MILLIMETRES * POINTS_A_MILLIMETRE
        drawn += f"\n1 0 0 RG {hairline:.3f} w\n{cutting_pdf_path(cuts, side)}"
    picture = (
        f"<< /Type /XObject /Subtype /Image /Width {own.width} /Height {own.height} /ColorSpace /DeviceRGB "
        f"/BitsPerComponent 8 /Filter /FlateDecode /Length {len(pixels)} >>"
    )
    page = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {side:.3f} {side:.3f}] /Contents 4 0 R "
        "/Resources << /XObject << /Picture 5 0 R >> >> >>"
    )
    return _file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            page.encode(),
            _stream(f"<< /Length {len(drawn)} >>", drawn.encode()),
            _stream(picture, pixels),
        ]
    )


def _stream(head: str, content: bytes) -> bytes:
    return head.encode() + b"\nstream\n" + content + b"\nendstream"


def _file(objects: Sequence[bytes]) -> bytes:
    """A file of these objects, the first of which is the catalogue, with the table of where each begins."""
    body = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    tail = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return bytes(body) + head.encode() + tail.encode()
