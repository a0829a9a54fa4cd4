"""duckrabbit score"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, UseAppendAction

from duckrabbit.cli.options import Flag, option

if TYPE_CHECKING:
    from torch import Tensor

    from duckrabbit.search.looks import Look
    from duckrabbit.search.reader import Kind
    from duckrabbit.search.reading import Reading


@dataclass(frozen=True)
class Options:
    """Say how well a picture is read, look by look, against chance: duckrabbit score IMAGE.png"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a PNG that duckrabbit wrote, or any picture with --prompts"""
    prompts: Annotated[tuple[str, ...], option("PROMPT ...")] = ()
    """what is to be seen in each view; the first upright (by default what the picture remembers)"""
    view: UseAppendAction[Annotated[tuple[str, ...], option("VIEW")]] = ()
    """with --prompts: one for each further prompt: a view, or a part of a hybrid (far, mid, near, grey …)"""
    device: Annotated[str, option("DEVICE")] = "auto"
    """auto (a GPU where there is one), cpu, cuda, cuda:1 or mps"""
    json: Flag = False
    """print one line of JSON"""


def run(options: Options) -> int:
    """Print what the reporting judge reads."""
    from duckrabbit.models.device import choose_device
    from duckrabbit.search.question import question_of
    from duckrabbit.search.reader import load_reader
    from duckrabbit.search.reading import readings_of

    looks = _looks(options)
    kind: Kind = "digits" if all(_is_digit(look.prompt) for look in looks) else "pictures"
    reader = load_reader(kind, "reporting", choose_device(options.device))
    question = question_of(reader, looks)
    told = readings_of(question, _pixels(options.image, kind))
    right = all(reading.right for reading in told)
    if options.json:
        line = {"path": options.image, "judge": f"{kind} reporting {reader.checksum}", "read_as_asked": right}
        print(json.dumps({**line, "looks": [reading.to_json() for reading in told]}))
        return 0
    print(f"{options.image}, by the reporting judge of {kind} ({len(reader.names):,} names):")
    for reading in told:
        print(_line(reading, max(len(own.look) for own in told)))
    print(_conclusion(told, right))
    return 0


def _looks(options: Options) -> "Sequence[Look]":
    """What is to be seen where: as the words say, or as the picture remembers."""
    from duckrabbit.cli.remember import remembered
    from duckrabbit.errors import UsageError
    from duckrabbit.illusions.views import parse_view
    from duckrabbit.recipes.looks import PARTS, looks_of
    from duckrabbit.search.looks import Look, as_it_is

    if not options.prompts:
        if options.view:
            raise UsageError("--view says how to look, but not what is to be seen: give --prompts, too.")
        return looks_of(remembered(Path(options.image)).recipe)
    views = options.view
    if len(views) == len(options.prompts) - 1:
        views = ("identity", *views)
    if len(views) != len(options.prompts):
        raise UsageError(
            f"{len(options.prompts)} prompts and {len(options.view)} views don't go together: give one --view for each "
            "prompt after the first, which is read upright."
        )
    return [
        Look(view, prompt, PARTS[view] if view in PARTS else parse_view(view)) if view != "identity"
        else Look("upright", prompt, as_it_is)
        for view, prompt in zip(views, options.prompts, strict=True)
    ]  # fmt: skip


def _is_digit(prompt: str) -> bool:
    return len(prompt) == 1 and prompt in "0123456789"


def _pixels(image: str, kind: "Kind") -> "Tensor":
    """The picture [C, S, S], at its own size where that is a multiple of the judge's."""
    from duckrabbit.media.pictures import read_picture
    from duckrabbit.media.square import WHITE, square_picture
    from duckrabbit.recipes.source import on_light_ground
    from duckrabbit.search.reader import CHANNELS, SIDES

    side = SIDES[kind]
    own = side if image == "-" else square_picture(image, WHITE).width
    pixels = read_picture(image, own if own % side == 0 and own <= 8 * side else side, CHANNELS[kind])
    return -pixels if kind == "digits" and on_light_ground(pixels) else pixels


def _line(reading: "Reading", width: int) -> str:
    from duckrabbit.cli.percent import percent

    place = f"{ordinal(reading.place)} of {reading.choices:,}"
    said = (
        f"  {reading.look:{width}}  {reading.prompt!r}: {percent(reading.probability)}, {place} "
        f"(by chance {100 * reading.chance:.2g} %)"
    )
    others = ", ".join(f"{name} {percent(sure)}" for name, sure in reading.first)
    return said if reading.right else f"{said}; read as {others}"


def _conclusion(told: "Sequence[Reading]", right: bool) -> str:
    if len(told) == 1:
        return "read as asked" if right else "not read as asked"
    if right:
        return f"read as asked in all {len(told)} looks"
    return f"read as asked in {sum(reading.right for reading in told)} of {len(told)} looks"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th …

    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '112th']
    """
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
