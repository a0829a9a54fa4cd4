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
    from duckrabbit.making.record import Row


@dataclass(frozen=True)
class Options:
    """Say how a picture was made: duckrabbit info IMAGE.png"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a PNG that duckrabbit wrote"""
    json: Flag = False
    """print the whole record as JSON"""
    strip: Flag = False
    """write a copy to give away: what is seen, and the recipe without the photo, mask or other picture in it"""
    strip_all: Flag = False
    """write a copy that says nothing at all of how it was made"""
    out: Annotated[str, option("FOLDER")] = "out"
    """the folder to write a copy to; nothing in it is ever overwritten"""


def run(options: Options) -> int:
    """Print what the picture remembers, or write a copy that remembers less."""
    if options.strip or options.strip_all:
        return _strip(options)
    from duckrabbit.making.record import recorded, recorded_row
    from duckrabbit.making.rerun import command_for

    if row := recorded_row(Path(options.image)):
        return _print_row(options, row)
    record = recorded(Path(options.image))
    command = command_for(record)
    if options.json:
        print(json.dumps({**record.data, "command": command}))
        return 0
    print(f"{options.image}: {record.data['verb']}, seed {record.seed}, by {record.model}")
    for name, value in _flat(record.data["recipe"]):
        print(f"  {name:24} {value}")
    if record.size is not None:
        print(f"  {'size':24} {record.size}×{record.size}")
    if record.second_sampler is not None:
        for name, value in _flat(record.data["second_stage"]["sampler"], "second stage's "):
            print(f"  {name:24} {value}")
    for name, value in _flat(record.data.get("score", {})):
        print(f"  {name:24} {value}")
    print(f"  {'batch':24} picture {record.row + 1} of {record.batch} sampled together")
    print(f"  {'model':24} {record.model} (SHA-256 {record.checksum[:16]}…)")
    if record.judge is not None:
        print(f"  {'guided by the judge':24} SHA-256 {record.judge[:16]}…")
    for name, value in record.circumstances.items():
        print(f"  {name:24} {value}")
    print(f"again: {command or 'duckrabbit rerun ' + shlex.quote(options.image)}")
    return 0


def _strip(options: Options) -> int:
    """Write a copy without what is only its owner's business."""
    from duckrabbit.cli.display import print_as_named
    from duckrabbit.cli.produce import check_folder
    from duckrabbit.errors import UsageError
    from duckrabbit.making.record import content_for_others
    from duckrabbit.media.atomic import atomic_write
    from duckrabbit.media.decode import decode
    from duckrabbit.media.names import new_file
    from duckrabbit.media.png import rewritten

    if options.strip and options.strip_all:
        raise UsageError("--strip keeps the recipe and --strip-all does not: give one of them.")
    check_folder(options.out)
    path = Path(options.image)
    if decode(path).format != "PNG":
        raise UsageError(f"{path} is not a PNG: expected a PNG made by duckrabbit, so give the original file.")
    content = rewritten(path.read_bytes(), {}) if options.strip_all else content_for_others(path)
    with new_file(Path(options.out), f"{path.stem}-stripped", ".png") as copy, atomic_write(copy) as temporary:
        temporary.write_bytes(content)
    if options.json:
        print(json.dumps({"path": str(copy)}))
    else:
        print_as_named(copy)
    return 0


def _print_row(options: Options, row: "Row") -> int:
    """What an ambigram remembers: its strings, and a line for each place."""
    again = f"duckrabbit rerun {shlex.quote(options.image)}"
    if options.json:
        print(json.dumps({**row.data, "command": again}))
        return 0
    print(f"{options.image}: ambigram, by {row.places[0].model}")
    for name in ("digits", "reads", "view"):
        print(f"  {name:24} {row.data.get(name)}")
    for number, place in enumerate(row.places, 1):
        print(f"  {f'place {number}':24} {' / '.join(place.recipe.prompts)}, seed {place.seed}")
    print(f"again: {again}")
    return 0


def _flat(data: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """A record as lines of name and value; what is not set is left out, and a picture is named only."""
    lines: list[tuple[str, str]] = []
    for name, value in data.items():
        if isinstance(value, dict):
            lines += _flat(value, f"{prefix}{name} ")
        elif name != "png" and value not in (None, "", []):
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            lines.append((prefix + name.replace("_", " "), text))
    return lines
