"""A number that reads as another through a view: each place is an anagram of two digits, the best of many.

A half turn and a mirror reverse the places: what stands first is read last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import torch
from torch import Tensor

from duckrabbit.datasets.mnist import mnist, pictures_to_float
from duckrabbit.errors import UsageError
from duckrabbit.illusions.loops import enlarged, through_views
from duckrabbit.illusions.views import Composition, Flip, Mirror, Negate, Rotate180, View, parse_view
from duckrabbit.judges.judge import load_judge
from duckrabbit.judges.looks import Look, as_it_is
from duckrabbit.making.best_of import Candidate, search_for
from duckrabbit.making.make import Picture
from duckrabbit.making.plan import plan
from duckrabbit.making.record import AMBIGRAM
from duckrabbit.making.sample import Watch
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.recipe import Plan, Recipe

SAMPLES = 200
"""Real digits of each class that say what a view makes of it."""

CANDIDATES = 32
"""For each place, of which the best is taken, unless the caller says otherwise."""

AT_ONCE = 8
"""Candidates of a place that are made together."""

SURE = 0.9
"""A place whose best is as likely as this to be read both ways needs no more candidates."""


LOOP_SIDE = 280
"""In pixels: a row is enlarged as long as it is within this."""


@dataclass(frozen=True)
class Place:
    """What one place shows: a digit upright, and a digit through the view."""

    upright: str
    viewed: str


@dataclass(frozen=True)
class Ambigram(Recipe):
    """A number that reads as another through a view. Its places are searched for one by one: it has no plan of its own.

    Attributes:
        digits: what is read upright.
        view: which leaves the row whole.
        reads: what is read through the view; None for what the view makes of each digit.
        sampler: how; None for the model's own way.
    """

    verb: ClassVar[str] = AMBIGRAM
    digits: str
    view: str = "rotate-180"
    reads: str | None = None
    sampler: SamplerConfig | None = None

    @property
    def views(self) -> tuple[str, ...]:
        """The one view."""
        return (self.view,)

    @property
    def prompts(self) -> tuple[str, ...]:
        """What is read upright, and, as far as it is settled, through the view."""
        return (self.digits,) if self.reads is None else (self.digits, self.reads)

    @property
    def settled(self) -> "Ambigram":
        """The same with what is read through the view."""
        return self if self.reads is not None else replace(self, reads=reading_through(self.digits, self.parsed_view))

    @property
    def parsed_view(self) -> View:
        """The view; raises UsageError where there is none of that name."""
        return parse_view(self.view)

    @property
    def places(self) -> tuple[Place, ...]:
        """The places, left to right; raises UsageError where there are none."""
        return places_of(self.digits, self.settled.prompts[1], self.parsed_view)

    @property
    def looks(self) -> tuple[Look, ...]:
        """The row upright and through the view."""
        view = self.parsed_view

        def turned(rows: Tensor) -> Tensor:
            return torch.stack([through(row, view) for row in rows])

        return Look("upright", self.digits, as_it_is), Look(view.name, self.settled.prompts[1], turned)

    def motion(self, picture: Tensor) -> list[Tensor]:
        """The row [C, S, N·S] through the view and back."""
        return row_frames(picture, self.parsed_view)

    def default_sampler(self, model: Model) -> SamplerConfig:
        """The model's own way with illusions."""
        return model.illusion_sampler

    def plan(self, model: Model) -> Plan:  # noqa: ARG002
        """Raises UsageError: see `made_row`."""
        raise UsageError("A row of digits is searched for place by place: make it as a job, or by duckrabbit ambigram.")


def reverses(view: View) -> bool:
    """Whether the last place is read first.

    Raises:
        UsageError: for a view that takes a string apart.
    """
    if isinstance(view, Composition):
        return sum(reverses(part) for part in view.views) % 2 == 1
    if isinstance(view, Rotate180 | Mirror):
        return True
    if isinstance(view, Flip | Negate):
        return False
    raise UsageError(
        f"The view {view.name} takes a row of digits apart: give rotate-180, flip, mirror or negate, "
        "or several joined by +."
    )


def places_of(digits: str, reads: str, view: View) -> tuple[Place, ...]:
    """The places, left to right.

    Raises:
        UsageError: if the strings differ in length, or the view takes a string apart.
    """
    if len(digits) != len(reads):
        raise UsageError(f"{digits} and {reads} differ in length: give `reads` as many digits as there are places.")
    viewed = reads[::-1] if reverses(view) else reads
    return tuple(Place(a, b) for a, b in zip(digits, viewed, strict=True))


def reading_through(digits: str, view: View) -> str:
    """What the view makes of a string: for each digit what real ones are most taken for when seen so."""
    seen = "".join(_made_of(digit, view) for digit in digits)
    return seen[::-1] if reverses(view) else seen


def made_row(
    recipe: Ambigram,
    model: Model,
    seed: int,
    count: int,
    advance: Callable[[Sequence[Candidate]], None],
    watch: Watch | None = None,
) -> Picture:
    """The row [C, S, N·S], of the best of up to `count` candidates for each place; one is settled once it is `SURE`.

    Args:
        recipe: what to make.
        model: of digits.
        seed: of each place's first candidate.
        count: candidates for a place at the most.
        advance: hears of the places that are settled, left to right, whenever there is one more.
        watch: is shown the states of the place at hand.

    Raises:
        UsageError: if the model makes no digits, or the view leaves no row.
    """
    if model.kind != "digits":
        raise UsageError(f"{model.name} makes no digits: leave the model out, or name a model of digits.")
    settled = recipe.settled
    places = settled.places
    best: list[Candidate] = []
    for number, place in enumerate(places):
        planned = plan(Anagram((place.upright, place.viewed), (recipe.view,), sampler=recipe.sampler), model)
        # Equal places get seeds of their own, so that no two digits of a number look alike.
        before = sum(other == place for other in places[:number])
        search = search_for(planned, 1, seed + before * count, count, block_size=AT_ONCE)
        rivals: list[Candidate] = []
        for block in search.run(watch):
            chosen = max([*rivals, *block.finished], key=lambda own: (own.scored.score, -own.scored.seed))
            rivals = [chosen]
            if (search.contest.probability(chosen.scored.readings) or 0.0) >= SURE:
                break
        best.append(search.contest.alone(chosen.scored.seed, watch))
        advance(best)
    remembered = {
        "verb": AMBIGRAM,
        "digits": settled.digits,
        "reads": settled.reads,
        "view": settled.view,
        "seed": seed,
        "candidates": count,
        "places": [dict(candidate.picture.record) for candidate in best],
    }
    return Picture(joined([candidate.picture.pixels for candidate in best]), seed, settled, remembered)


def joined(pictures: Sequence[Tensor]) -> Tensor:
    """Pictures [C, S, S] side by side, [C, S, N·S]."""
    return torch.cat(list(pictures), dim=2)


def through(strip: Tensor, view: View) -> Tensor:
    """A strip [C, S, N·S] through a view: each place through it, and the places in their new order."""
    places = [view(place) for place in torch.split(strip, strip.shape[1], dim=2)]
    return joined(places[::-1] if reverses(view) else places)


def row_frames(strip: Tensor, view: View) -> list[Tensor]:
    """A loop in which a row of digits [C, S, W], in the middle of a dark square [C, W, W], goes through a view."""
    sharp = enlarged(strip, max(1, LOOP_SIDE // strip.shape[2]))
    side = sharp.shape[2]
    square = sharp.new_full((sharp.shape[0], side, side), -1.0)
    top = (side - sharp.shape[1]) // 2
    square[:, top : top + sharp.shape[1]] = sharp
    return through_views(square, [view])


@cache
def _made_of(digit: str, view: View) -> str:
    test = mnist("test")
    real = pictures_to_float(test.pictures[test.labels == int(digit)][:SAMPLES])
    log_p = load_judge("digits", "selecting").log_probabilities(view(real))
    return str(int(log_p.exp().mean(dim=0).argmax()))
