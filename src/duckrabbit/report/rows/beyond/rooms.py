"""X7: the studio's rooms, as the studio itself was seen when its pictures were taken (`tools/studio_pictures.py`)."""

import io
import json
from importlib.resources import files

from PIL import Image

from duckrabbit.report.bodies import Plate, Sheet
from duckrabbit.report.figure import Exhibit, Figure, Origin, command
from duckrabbit.report.workshop import Workshop

TAKEN = files("duckrabbit.report") / "assets" / "studio"


def studio(workshop: Workshop) -> Figure:
    """X7: each room with what is to be seen there, in the order in which someone walks through them."""
    account = json.loads((TAKEN / "rooms.json").read_text("utf-8"))
    rooms = tuple(
        (f"{room['title']}: {room['shows']}", _plate(workshop, room["file"], room["shows"]))
        for room in account["rooms"]
    )
    return Figure(
        (
            Exhibit(
                "The studio's rooms in Chromium, in the order in which an illusion passes through them.",
                Sheet((), rooms),
                (f"model pocket ({account['pocket'][:8]})", f"window {account['width']}×{account['height']}"),
                command("studio"),
                0.0,
                Origin.TAKEN,
            ),
        )
    )


def _plate(workshop: Workshop, name: str, alt: str) -> Plate:
    content = (TAKEN / name).read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
    return Plate(workshop.keep(name, content), width, height, alt)
