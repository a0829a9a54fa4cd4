"""duckrabbit ambigram"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import Computing, Flag, Sampling, option

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from duckrabbit.illusions.views import View
    from duckrabbit.media.png import JSON
    from duckrabbit.search.ambigram import Place

LONGEST = 40
SHEET_WIDTH = 448


@dataclass(frozen=True)
class Options:
    """Write a number that reads as another when it is turned: duckrabbit ambigram 619 --view rotate-180"""

    digits: Positional[Annotated[str, option("DIGITS")]]
    """what is read upright"""
    view: Annotated[str, option("VIEW")] = "rotate-180"
    """rotate-180, flip, mirror or negate, or several joined by + (rotate-180)"""
    reads: Annotated[str | None, option("DIGITS")] = None
    """what is read through the view (by default what the view makes of each digit)"""
    candidates: Annotated[int, option("M")] = 32
    """candidates for each place, of which the best is taken; fewer where one is good early (32)"""
    seed: Annotated[int, option("SEED")] = 0
    """of each place's first candidate"""
    out: Annotated[str, option("FOLDER")] = "out"
    """the folder to write to; nothing in it is ever overwritten"""
    json: Flag = False
    """print one line of JSON on standard output"""
    sampling: Sampling = field(default_factory=Sampling)
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Write the picture, a sheet of both readings, and the animation."""
    import sys
    from pathlib import Path

    from duckrabbit.cli.display import Display
    from duckrabbit.cli.produce import print_path
    from duckrabbit.judges.calibration import percent
    from duckrabbit.making.choose import open_named
    from duckrabbit.media.names import new_file, slug
    from duckrabbit.models.load import DEFAULT_DIGITS
    from duckrabbit.search.ambigram import Ambigram, made_row

    _check(options)
    asked = Ambigram(options.digits, options.view, options.reads).settled
    places, reads = asked.places, asked.prompts[1]
    model = open_named(options.computing.model or DEFAULT_DIGITS, options.computing)
    print(f"{options.digits}, read as {reads} by {options.view}", file=sys.stderr)
    recipe = replace(asked, sampler=options.sampling.over(model.illusion_sampler))
    with Display(len(places), "ambigram") as display:
        try:
            made = made_row(recipe, model, options.seed, options.candidates, lambda _: display.advance())
        except KeyboardInterrupt:
            raise KeyboardInterrupt("nothing was written.") from None
    strip = made.pixels
    sure = _read_as_asked(strip, places, options.view)
    stem = "-".join(["ambigram", slug(options.digits), slug(reads), slug(options.view), str(options.seed)])
    with new_file(Path(options.out), stem, ".png") as path:
        made.save(path)
    print(
        f"wrote {path} (seed {options.seed}): the other judge reads {sure.told}, both ways as asked "
        f"{percent(sure.probability)}",
        file=sys.stderr,
    )
    view = recipe.parsed_view
    film = _show(strip, [f"{options.digits} upright", f"{reads} by {options.view}"], view, path)
    line: dict[str, JSON] = {
        "path": str(path),
        "seed": options.seed,
        "verb": "ambigram",
        "prompts": [options.digits, reads],
        "views": ["identity", view.name],
        "model": model.name,
        "size": list(strip.shape[1:]),
        "animation": str(film),
        "read": [sure.upright, sure.through],
        "read_as_asked": [sure.upright, sure.through] == [options.digits, reads],
    }
    print_path(path, line if options.json else None)
    return 0


def _check(options: Options) -> None:
    """Refuse what no ambigram can be made of."""
    from duckrabbit.cli.produce import check_folder
    from duckrabbit.diffusion.noise import Noise
    from duckrabbit.errors import UsageError
    from duckrabbit.making.make import MAX_COUNT

    for what, text in (("The number", options.digits), ("--reads", options.reads)):
        if text is not None and not (0 < len(text) <= LONGEST and set(text) <= set("0123456789")):
            raise UsageError(f"{what} is {text!r}: give 1 to {LONGEST} digits, such as 619.")
    check_folder(options.out)
    if not 1 <= options.candidates <= MAX_COUNT:
        raise UsageError(f"{options.candidates} candidates can't be made: give --candidates from 1 to {MAX_COUNT}.")
    Noise((options.seed, options.seed + options.candidates * len(options.digits)))


def _show(strip: "Tensor", titles: list[str], view: "View", path: "Path") -> "Path":
    """Write the sheet of both readings and the animation beside the picture; the animation's path is given back."""
    import sys

    from duckrabbit.cli.sheets import write_loop
    from duckrabbit.media.atomic import atomic_write
    from duckrabbit.media.names import new_file
    from duckrabbit.media.sheet import contact_sheet
    from duckrabbit.search.ambigram import row_frames, through

    sheet = contact_sheet([strip, through(strip, view)], 1, None, titles, max(1, SHEET_WIDTH // strip.shape[2]))
    with new_file(path.parent, f"{path.stem}-sheet", ".png") as shown, atomic_write(shown) as temporary:
        sheet.save(temporary, format="PNG")
    print(f"wrote {shown}", file=sys.stderr)
    return write_loop(path.parent, path.stem, row_frames(strip, view))


@dataclass(frozen=True)
class Verdict:
    """What the reporting judge reads.

    Attributes:
        upright: the string.
        through: the string through the view.
        probability: that every place is as asked, both ways.
    """

    upright: str
    through: str
    probability: float

    @property
    def told(self) -> str:
        """Both strings."""
        return f"{self.upright}, and through the view {self.through}"


def _read_as_asked(strip: "Tensor", places: "tuple[Place, ...]", view: str) -> Verdict:
    import torch

    from duckrabbit.illusions.views import parse_view
    from duckrabbit.judges.judge import load_judge
    from duckrabbit.search.ambigram import through

    judge = load_judge("digits", "reporting")
    side = strip.shape[1]
    upright = torch.stack(torch.split(strip, side, dim=2))
    seen = torch.stack(torch.split(through(strip, parse_view(view)), side, dim=2))
    log_p = judge.log_probabilities(upright), judge.log_probabilities(seen)
    wanted = [int(place.upright) for place in places], [int(digit) for digit in _target(places, view)]
    total = sum(float(own[k, digit]) for own, row in zip(log_p, wanted, strict=True) for k, digit in enumerate(row))
    told = ["".join(str(int(digit)) for digit in own.argmax(dim=1)) for own in log_p]
    return Verdict(told[0], told[1], float(torch.tensor(total).exp()))


def _target(places: "tuple[Place, ...]", view: str) -> str:
    """What is to be read through the view, left to right."""
    from duckrabbit.illusions.views import parse_view
    from duckrabbit.search.ambigram import reverses

    digits = [place.viewed for place in places]
    return "".join(reversed(digits) if reverses(parse_view(view)) else digits)
