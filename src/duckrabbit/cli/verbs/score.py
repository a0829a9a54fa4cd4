"""duckrabbit score"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, UseAppendAction

from duckrabbit.cli.options import Flag, option
from duckrabbit.cli.verbs import with_options

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from duckrabbit.judges.judge import Judge, Kind
    from duckrabbit.judges.looks import Look
    from duckrabbit.judges.reading import Reading


@dataclass(frozen=True)
class Options:
    """Say how well pictures are read, look by look, against chance: duckrabbit score IMAGE.png"""

    images: Positional[Annotated[tuple[str, ...], option("IMAGE ...")]] = ()
    """PNGs that duckrabbit wrote, or any pictures with --prompts"""
    prompts: Annotated[tuple[str, ...], option("PROMPT ...")] = ()
    """what is to be seen in each view; the first upright (by default what each picture remembers)"""
    view: UseAppendAction[Annotated[tuple[str, ...], option("VIEW")]] = ()
    """with --prompts: one for each further prompt: a view, or a part of a hybrid (far, mid, near, grey …)"""
    judge: Annotated[str | None, option("JUDGE")] = None
    """in place of the shipped judge a folder or hub id of CLIP or SigLIP: any prompts, alignment and concealment"""
    device: Annotated[str, option("DEVICE")] = "auto"
    """auto (a GPU where there is one), cpu, cuda, cuda:1 or mps"""
    json: Flag = False
    """print one line of JSON a picture"""


@dataclass(frozen=True)
class Scored:
    """A picture that was put before a judge.

    Attributes:
        image: its file.
        judge: who read it.
        readings: look by look.
    """

    image: str
    judge: "Judge"
    readings: "Sequence[Reading]"

    @property
    def right(self) -> bool:
        """Whether what was asked for is read first in every look."""
        return all(reading.right for reading in self.readings)

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        judge = f"{self.judge.kind} {self.judge.role} {self.judge.checksum}"
        looks = [reading.to_json() for reading in self.readings]
        return {"path": self.image, "judge": judge, "read_as_asked": self.right, "looks": looks}


def run(options: Options) -> int:
    """Print what the reporting judge reads."""
    from duckrabbit.errors import UsageError
    from duckrabbit.models.device import choose_device

    if not options.images:
        raise UsageError("score lacks a picture: give one or more, such as out/anagram-6-9-rotate-180-0.png.")
    device = choose_device(options.device)
    if options.judge is not None:
        return _agree(options, options.judge, device)
    if len(options.images) == 1:
        scored = _scored(options.images[0], options, device)
        print(json.dumps(scored.to_json()) if options.json else _in_full(scored))
        return 0
    every: list[Scored] = []
    for image in options.images:
        try:
            scored = _scored(image, options, device)
        except UsageError as error:
            # Among many, a sheet or a stranger is left out; where none is left, the last one's fault is said.
            refusal = error
            named = "" if image in str(error) else f"{image}: "
            print(f"left out: {named}{with_options(str(error))}", file=sys.stderr)
            continue
        every.append(scored)
        print(json.dumps(scored.to_json()) if options.json else _in_short(scored), flush=True)
    if not every:
        raise refusal
    print(_summary(every), file=sys.stderr)
    return 0


def _agree(options: Options, judge: str, device: "torch.device") -> int:
    """Print alignment and concealment, picture by picture, and of several their mean and 0.9 quantile."""
    import torch

    from duckrabbit.judges.open import agreement, open_judge

    opened = open_judge(judge, device)
    told: list[tuple[float, float]] = []
    for image in options.images:
        looks = _looks(image, options)
        found = agreement(opened, looks, _at_own_size(image)[None])
        told.append((float(found.alignment), float(found.concealment)))
        cosines = found.similarities[0].tolist()
        if options.json:
            line = {"path": image, "judge": f"{judge} {opened.checksum}", "A": told[-1][0], "C": told[-1][1]}
            print(json.dumps({**line, "looks": [look.name for look in looks], "S": cosines}), flush=True)
            continue
        own = [row[k] for k, row in enumerate(cosines)]
        each = ", ".join(f"{look.name} {look.prompt!r} {s:.3f}" for look, s in zip(looks, own, strict=True))
        print(f"{image}: A {told[-1][0]:.3f}, C {told[-1][1]:.3f} (by chance {1 / len(looks):.3g}): {each}", flush=True)
    if len(told) > 1:
        high = torch.tensor(told).quantile(0.9, dim=0).tolist()
        means = [sum(column) / len(told) for column in zip(*told, strict=True)]
        print(f"A {means[0]:.3f}, A0.9 {high[0]:.3f}, C {means[1]:.3f}, C0.9 {high[1]:.3f}", file=sys.stderr)
    return 0


def _scored(image: str, options: Options, device: "torch.device") -> Scored:
    from duckrabbit.judges.judge import load_judge
    from duckrabbit.judges.question import question_of
    from duckrabbit.judges.reading import readings_of

    looks = _looks(image, options)
    kind: Kind = "digits" if all(_is_digit(look.prompt) for look in looks) else "pictures"
    judge = load_judge(kind, "reporting", device)
    unnamed = [look.prompt for look in looks if judge.asked_for(look.prompt) is None]
    if unnamed:
        other = load_judge(kind, "selecting", device)
        if all(other.asked_for(look.prompt) is not None for look in looks):
            only = f"only the judge that selects has a name for {unnamed[0]!r}: it reads this one"
            print(f"note: {only}", file=sys.stderr)
            judge = other
    return Scored(image, judge, readings_of(question_of(judge, looks), _pixels(image, kind, bool(options.prompts))))


def _looks(image: str, options: Options) -> "Sequence[Look]":
    """What is to be seen where: as the words say, or as the picture remembers."""
    from duckrabbit.errors import UsageError
    from duckrabbit.illusions.views import parse_view
    from duckrabbit.judges.looks import Look, as_it_is
    from duckrabbit.making.record import recorded
    from duckrabbit.recipes.hybrid import PARTS

    if not options.prompts:
        if options.view:
            raise UsageError("--view says how to look, but not what is to be seen: give --prompts, too.")
        try:
            return recorded(Path(image)).recipe.looks
        except UsageError as error:
            if str(error).endswith(".") and _is_one_picture(image):
                raise UsageError(f"{str(error).rstrip('.')}, or say with --prompts what it should show.") from None
            raise
    views = options.view
    if len(views) == len(options.prompts) - 1:
        views = ("identity", *views)
    if len(views) != len(options.prompts):
        raise UsageError(
            f"{len(options.prompts)} prompts and {len(options.view)} views don't go together: give one --view for each "
            "prompt after the first, which is read upright."
        )
    seen = {"identity": as_it_is, **PARTS}
    return [
        Look("upright" if view == "identity" else view, prompt, seen.get(view) or parse_view(view))
        for view, prompt in zip(views, options.prompts, strict=True)
    ]


def _is_one_picture(image: str) -> bool:
    """Whether it can be read once it is said what it should show: a picture that is there, and no row of digits."""
    from duckrabbit.cli.sources import is_picture
    from duckrabbit.errors import UsageError
    from duckrabbit.making.record import recorded_row
    from duckrabbit.media.decode import decode
    from duckrabbit.media.shipped import is_of_package

    if not is_picture(image):
        return False
    if image == "-" or is_of_package(image):
        return True
    try:
        decode(Path(image))
    except UsageError:
        return False
    try:
        return recorded_row(Path(image)) is None
    except UsageError:
        return True


def _is_digit(prompt: str) -> bool:
    return len(prompt) == 1 and prompt in "0123456789"


def _pixels(image: str, kind: "Kind", foreign: bool) -> "Tensor":
    """The picture [C, S, S], at its own size where that is a multiple of the judge's.

    Digits on light paper are turned into their negative if they are foreign: duckrabbit's own are what they should be.
    """
    from duckrabbit.cli.sources import say
    from duckrabbit.judges.judge import READINGS
    from duckrabbit.media.pictures import WHITE, read_picture, square_picture
    from duckrabbit.recipes.source import on_light_ground

    side = READINGS[kind].side
    own = side if image == "-" else square_picture(image, WHITE).width
    pixels = read_picture(image, own if own % side == 0 and own <= 16 * side else side, READINGS[kind].channels, say)
    return -pixels if foreign and kind == "digits" and on_light_ground(pixels) else pixels


def _at_own_size(image: str) -> "Tensor":
    """The picture [3, S, S]."""
    from duckrabbit.cli.sources import say
    from duckrabbit.media.pictures import WHITE, read_picture, square_picture
    from duckrabbit.recipes.source import MAX_SIDE

    side = MAX_SIDE if image == "-" else square_picture(image, WHITE).width
    return read_picture(image, min(side, MAX_SIDE), 3, say)


def _in_full(scored: Scored) -> str:
    """A line for each look."""
    width = max(len(reading.look) for reading in scored.readings)
    judge = f"the {scored.judge.role} judge of {scored.judge.kind} ({len(scored.judge.names):,} names)"
    lines = [f"{scored.image}, by {judge}:", *(_line(reading, width) for reading in scored.readings)]
    return "\n".join([*lines, _conclusion(scored)])


def _line(reading: "Reading", width: int) -> str:
    from duckrabbit.judges.calibration import percent

    place = f"{ordinal(reading.place)} of {reading.choices:,}"
    said = (
        f"  {reading.look:{width}}  {reading.prompt!r}: {percent(reading.probability)}, {place} "
        f"(by chance {100 * reading.chance:.2g} %)"
    )
    others = ", ".join(f"{name} {percent(sure)}" for name, sure in reading.first)
    return said if reading.right else f"{said}; read as {others}"


def _in_short(scored: Scored) -> str:
    """One line."""
    from duckrabbit.judges.calibration import percent

    looks = ", ".join(
        f"{own.look} {own.prompt!r} {percent(own.probability)}" + ("" if own.right else f" (read as {own.first[0][0]})")
        for own in scored.readings
    )
    return f"{scored.image}: {_conclusion(scored)}: {looks}"


def _conclusion(scored: Scored) -> str:
    told = scored.readings
    if len(told) == 1:
        return "read as asked" if scored.right else "not read as asked"
    if scored.right:
        return f"read as asked in all {len(told)} looks"
    return f"read as asked in {sum(reading.right for reading in told)} of {len(told)} looks"


def _summary(every: "Sequence[Scored]") -> str:
    """How many are read as asked, and how many would be by chance."""
    import math

    by_chance = sum(math.prod(reading.chance for reading in own.readings) for own in every)
    return f"{sum(own.right for own in every)} of {len(every)} read as asked in every look (by chance {by_chance:.2g})"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th …

    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '112th']
    """
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
