"""duckrabbit info"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional

from duckrabbit.cli.options import Flag, option

if TYPE_CHECKING:
    from duckrabbit.cli.remember import Row


@dataclass(frozen=True)
class Options:
    """Say how a picture was made: duckrabbit info IMAGE.png"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a PNG that duckrabbit wrote"""
    json: Flag = False
    """print the whole record as JSON"""


def run(options: Options) -> int:
    """Print what the picture remembers."""
    from duckrabbit.cli.again import command_for
    from duckrabbit.cli.remember import remembered, remembered_row

    if row := remembered_row(Path(options.image)):
        return _print_row(options, row)
    memory = remembered(Path(options.image))
    command = command_for(memory)
    if options.json:
        print(json.dumps({**memory.record, "command": command}))
        return 0
    print(f"{options.image}: {memory.record['verb']}, seed {memory.seed}, by {memory.model}")
    for name, value in _flat(memory.record["recipe"]):
        print(f"  {name:24} {value}")
    if memory.size is not None:
        print(f"  {'size':24} {memory.size}×{memory.size}")
    if memory.second_sampler is not None:
        for name, value in _flat(memory.record["second_stage"]["sampler"], "second stage's "):
            print(f"  {name:24} {value}")
    for name, value in _flat(memory.record.get("score", {})):
        print(f"  {name:24} {value}")
    print(f"  {'batch':24} picture {memory.row + 1} of {memory.batch} sampled together")
    print(f"  {'model':24} {memory.model} (SHA-256 {memory.checksum[:16]}…)")
    if memory.judge is not None:
        print(f"  {'pulled by the judge':24} SHA-256 {memory.judge[:16]}…")
    for name, value in memory.circumstances.items():
        print(f"  {name:24} {value}")
    print(f"again: {command or 'duckrabbit rerun ' + shlex.quote(options.image)}")
    return 0


def _print_row(options: Options, row: "Row") -> int:
    """What an ambigram remembers: its strings, and a line for each place."""
    again = f"duckrabbit rerun {shlex.quote(options.image)}"
    if options.json:
        print(json.dumps({**row.record, "command": again}))
        return 0
    print(f"{options.image}: ambigram, by {row.places[0].model}")
    for name in ("digits", "reads", "view"):
        print(f"  {name:24} {row.record.get(name)}")
    for number, place in enumerate(row.places, 1):
        print(f"  {f'place {number}':24} {' / '.join(place.recipe.prompts)}, seed {place.seed}")
    print(f"again: {again}")
    return 0


def _flat(record: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """The record as lines of name and value; what is not set is left out, and a picture is named only."""
    lines: list[tuple[str, str]] = []
    for name, value in record.items():
        if isinstance(value, dict):
            lines += _flat(value, f"{prefix}{name} ")
        elif name != "png" and value not in (None, "", []):
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            lines.append((prefix + name.replace("_", " "), text))
    return lines
