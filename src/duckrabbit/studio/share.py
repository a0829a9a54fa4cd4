"""A page to give away: one HTML file with a picture and the viewer of the studio in it, and nothing from elsewhere."""

import base64
import json
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from duckrabbit.making.record import content_for_others
from duckrabbit.studio.index import Entry
from duckrabbit.studio.motions import motion
from duckrabbit.studio.tasks import PAGE

MODULES = ("dom.js", "icons.js", "motion.js", "distance.js", "grip.js", "viewer.js", "guess.js", "share.js")


def share_page(entry: Entry, path: Path) -> str:
    """The page of a picture, without the pictures that it was made from.

    Raises:
        UsageError: if a view is not one, or the picture does not say how it was made.
        OSError: if the picture is not there any more.
    """
    static = files("duckrabbit.studio") / "static"
    content = {
        "picture": "data:image/png;base64," + base64.b64encode(content_for_others(path)).decode(),
        "side": entry.side,
        "prompts": entry.prompts,
        "parts": entry.parts,
        "views": entry.views,
        "names": PAGE.view_names,
        "motions": {name: motion(name, entry.side) for name in entry.views if name != "identity"},
    }
    # "</script>" within a string would end the script.
    data = json.dumps(content).replace("<", "\\u003c")
    script = "\n".join(_inlined((static / name).read_text("utf-8")) for name in MODULES)
    return Template((static / "share.html").read_text("utf-8")).substitute(
        title=escape("What do you see?"), style=(static / "share.css").read_text("utf-8"), data=data, script=script
    )


def _inlined(module: str) -> str:
    """A module's lines for a single script: what it imports stands there already."""
    lines = (line for line in module.splitlines() if not line.startswith("import "))
    return "\n".join(line.removeprefix("export ") for line in lines)
