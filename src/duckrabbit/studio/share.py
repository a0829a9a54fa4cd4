"""A page to give away: one HTML file with a picture and the viewer of the studio in it, and nothing from elsewhere."""

import base64
import json
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from PIL import Image

from duckrabbit.errors import UsageError
from duckrabbit.making.record import content_for_others
from duckrabbit.media.png import read_metadata
from duckrabbit.studio.motions import motion
from duckrabbit.studio.sources import order_of_record
from duckrabbit.studio.tasks import PAGE

MODULES = ("dom.js", "icons.js", "motion.js", "distance.js", "grip.js", "viewer.js", "guess.js", "share.js")
FONTS = {"Fraunces": "fraunces-italic.woff2", "Instrument Sans": "instrument-sans.woff2"}
TITLE = "What do you see?"


def shared_picture_page(path: Path, title: str = TITLE, hint: str = "") -> str:
    """The page of a picture in a file, without the pictures that it was made from.

    Args:
        path: of a PNG that duckrabbit wrote.
        title: above the picture, and of the page.
        hint: below the title; "" for none.

    Raises:
        UsageError: if a view is not one, or the picture does not say how it was made.
        OSError: if the picture is not there any more.
    """
    static = files("duckrabbit.studio") / "static"
    order = order_of_record(read_metadata(path))
    if order is None:
        raise UsageError(f"{path} does not say how it was made, as a single picture does: give another.")
    with Image.open(path) as image:
        side = image.width
    content = {
        "picture": "data:image/png;base64," + base64.b64encode(content_for_others(path)).decode(),
        "side": side,
        "prompts": [prompt for prompt in order.recipe.prompts if prompt],
        "parts": list(order.parts),
        "views": list(order.views),
        "names": PAGE.view_names,
        "motions": {name: motion(name, side) for name in order.views if name != "identity"},
    }
    # "</script>" within a string would end the script.
    data = json.dumps(content).replace("<", "\\u003c")
    script = "\n".join(_inlined((static / name).read_text("utf-8")) for name in MODULES)
    faces = [_face(static, name, file) for name, file in FONTS.items()]
    style = "\n".join([*faces, (static / "share.css").read_text("utf-8")])
    shown = {"title": escape(title), "hint": escape(hint), "style": style, "data": data, "script": script}
    return Template((static / "share.html").read_text("utf-8")).substitute(shown)


def _face(static: Traversable, name: str, file: str) -> str:
    """A font within the page."""
    font = base64.b64encode((static / "fonts" / file).read_bytes()).decode()
    slant = "italic" if "italic" in file else "normal"
    return (
        f'@font-face {{ font-family: "{name}"; font-style: {slant}; font-weight: 100 900; '
        f'src: url("data:font/woff2;base64,{font}") format("woff2"); }}'
    )


def _inlined(module: str) -> str:
    """A module's lines for a single script: what it imports stands there already."""
    lines = (line for line in module.splitlines() if not line.startswith("import "))
    return "\n".join(line.removeprefix("export ") for line in lines)
