"""A page of the best pictures: one file that needs no other."""

import base64
import io
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment
from PIL import Image
from torch import Tensor

from duckrabbit.making.record import recorded
from duckrabbit.making.rerun import command_for
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.decode import decode
from duckrabbit.media.pixels import from_uint8, to_uint8

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
.found { display: grid; grid-template-columns: repeat(auto-fill, minmax(25rem, 1fr)); gap: 2rem; margin-top: 2rem; }
figure { margin: 0; }
.looks { display: flex; gap: .5rem; }
.looks div { flex: 1; font-size: .9rem; }
img { width: 100%; image-rendering: pixelated; border-radius: 4px; }
code { font-size: .8rem; overflow-wrap: anywhere; }
summary { cursor: pointer; font-size: .9rem; }
</style>
<h1>{{ title }}</h1>
<p>{{ lead }}</p>
<div class="found">
{%- for entry in entries %}
<figure><div class="looks">
{%- for picture, words in entry.looks %}
<div><img src="{{ picture | data }}" alt="{{ words }}">{{ words }}</div>
{%- endfor %}
</div><figcaption>{{ entry.verdict }}<details><summary>make it</summary><code>{{ entry.command }}</code></details>
</figcaption></figure>
{%- endfor %}
</div>
</html>
"""


@dataclass(frozen=True)
class Entry:
    """One picture.

    Attributes:
        looks: what is seen in each look, [C, S, S], and what it is.
        verdict: how well it is read.
        command: what makes it again.
    """

    looks: Sequence[tuple[Tensor, str]]
    verdict: str
    command: str


READ_AS_ASKED = "read as asked"
MEANING = "“Read as asked” says how likely a judge that chose nothing is to read every prompt where it should be."


def entry_of(path: Path, verdict: str) -> Entry:
    """The entry of a picture that remembers its recipe.

    Raises:
        UsageError: if it doesn't.
    """
    record = recorded(path)
    pixels = from_uint8(np.asarray(decode(path)))
    looks = [(look.see(pixels[None])[0], f"{look.prompt} ({look.name})") for look in record.recipe.looks]
    command = command_for(record) or shlex.join(["duckrabbit", "rerun", str(path)])
    return Entry(looks, f"{verdict} (seed {record.seed})", command)


def write_page(path: Path, title: str, lead: str, entries: Sequence[Entry]) -> None:
    """Write the page whole or not at all."""
    if any(READ_AS_ASKED in entry.verdict for entry in entries):
        lead = f"{lead} {MEANING}"
    environment = Environment(autoescape=True)
    environment.filters["data"] = _data
    text = environment.from_string(PAGE).render(title=title, lead=lead, entries=entries)
    with atomic_write(path) as temporary:
        temporary.write_text(text, "utf-8")


def _data(picture: Tensor) -> str:
    file = io.BytesIO()
    Image.fromarray(to_uint8(picture)).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
