"""Best of N: many candidates, chosen by one judge and reported by another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from duckrabbit.judges.judge import Judge
from duckrabbit.making.make import Picture, make
from duckrabbit.models.model import Model
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.report.workshop import Shelf, stacked

Look = tuple[Callable[[Tensor], Tensor], int]
"""A way to look at pictures [N, 1, S, S], and the digit that is to be read there."""


@dataclass(frozen=True)
class Chosen:
    """The best candidate, and what the judge that chose nothing says.

    Attributes:
        picture: the candidate with the highest score of the selecting judge.
        readings: what the reporting judge reads in it, look by look, and how sure it is.
        successes: of all candidates, how many the reporting judge reads right in every look.
        candidates: how many there were.
    """

    picture: Picture
    readings: tuple[tuple[int, float], ...]
    successes: int
    candidates: int

    def note(self, wanted: Sequence[int]) -> str:
        """The reporting judge's verdict in words."""
        said = " and ".join(f"{digit} ({sure:.0%})" for digit, sure in self.readings)
        verdict = "" if [digit for digit, _ in self.readings] == list(wanted) else ", which is not what was asked for"
        return (
            f"The reporting judge reads {said}{verdict}. Best of {self.candidates} by the other judge; of all "
            f"{self.candidates} it reads {self.successes} right in both."
        )


def best_of(recipe: Recipe, model: Model, looks: Sequence[Look], candidates: int, shelf: Shelf) -> Chosen:
    """Make candidates with the seeds 0, 1 … and keep the one whose least readable look is the most readable."""
    pictures = make(recipe, model, candidates)
    pixels = stacked([picture.pixels for picture in pictures])
    best = int(_least(shelf.judge("selecting"), pixels, looks).argmax())
    reporting = shelf.judge("reporting")
    right = torch.stack([reporting.read(look(pixels)) == digit for look, digit in looks]).all(dim=0)
    readings = []
    for look, _ in looks:
        sure, digit = reporting.log_probabilities(look(pixels[best : best + 1]))[0].exp().max(dim=0)
        readings.append((int(digit), float(sure)))
    return Chosen(pictures[best], tuple(readings), int(right.sum()), candidates)


def _least(judge: Judge, pixels: Tensor, looks: Sequence[Look]) -> Tensor:
    """For each picture the log probability of the digit in the look where it is least, [N]."""
    return torch.stack([judge.log_probabilities(look(pixels))[:, digit] for look, digit in looks]).amin(dim=0)
