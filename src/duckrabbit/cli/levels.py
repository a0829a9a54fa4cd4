"""How noisy: the options that name levels, as values with their labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from duckrabbit.errors import UsageError
from duckrabbit.media.png import JSON
from duckrabbit.recipes.level import Level

MAX_LEVELS = 1000


@dataclass(frozen=True)
class NamedLevel:
    """A level, how a file's name spells it, how a sheet labels it, and what a line of JSON says of it."""

    level: Level
    slug: str
    label: str
    details: Mapping[str, JSON]


def named_levels(levels: Sequence[float], noise_sigma: Sequence[float], verb: str) -> list[NamedLevel]:
    """The levels of --levels, or those of --noise-sigma.

    Raises:
        UsageError: unless exactly one of them was given.
    """
    if bool(levels) == bool(noise_sigma):
        problem = "Both --levels and --noise-sigma were given" if levels else f"{verb} was not told how noisy"
        raise UsageError(f"{problem}: give either --levels 250 500 750 or --noise-sigma 0.2 0.5.")
    if len(levels) + len(noise_sigma) > MAX_LEVELS:
        raise UsageError(f"{len(levels) + len(noise_sigma)} levels are too many: give at most {MAX_LEVELS}.")
    by_level = [NamedLevel(Level(level=x), f"{x:g}", f"level {x:g}", {"level": x}) for x in levels]
    by_sigma = [NamedLevel(Level(sigma=x), f"sigma {x:g}", f"σ = {x:g}", {"noise_sigma": x}) for x in noise_sigma]
    return by_level + by_sigma
