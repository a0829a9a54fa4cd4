"""Verbs that start from a picture: the picture, the levels they name, and the sheet of what became of it."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from duckrabbit.cli.options import Output
from duckrabbit.cli.produce import Job
from duckrabbit.cli.sheets import Row, write_sheet
from duckrabbit.cli.verbs import with_options
from duckrabbit.errors import UsageError
from duckrabbit.making.make import Picture
from duckrabbit.media.png import JSON
from duckrabbit.media.shipped import is_of_package
from duckrabbit.models.model import Model
from duckrabbit.recipes.noise import Level
from duckrabbit.recipes.source import Source

if TYPE_CHECKING:
    from torch import Tensor


def read_source(image: str, model: Model, crop: str) -> Source:
    """A picture for the model to start from; how it was understood is said on standard error."""
    return Source.read(image, model, say, crop)


def check_order(image: str, words: Sequence[str], order: str) -> None:
    """Refuse, before anything is opened, a prompt in a picture's place where the picture comes later.

    Raises:
        UsageError: saying the order.
    """
    later = next((word for word in words if is_picture(word)), None)
    if later is not None and not is_picture(image):
        raise UsageError(f"There is no file {image}, and {later} comes after it: write them in the order {order}.")


def is_picture(word: str) -> bool:
    """Whether a word names a file that is there, standard input, or a picture of the package."""
    return word == "-" or is_of_package(word) or os.path.isfile(word)


def say(sentence: str) -> None:
    """Say something on standard error."""
    print(with_options(sentence), file=sys.stderr)


def write_row_sheet(
    output: Output, name: str, original: "Tensor", jobs: Sequence[Job], made: Sequence[Sequence[Picture]]
) -> None:
    """A row for each seed: the original [C, H, W], then each job's picture; nothing where one picture was made.

    Files without their sources show no original.
    """
    if len(jobs) * len(made) < 2:
        return
    before, named = ([], []) if output.no_source else ([original.cpu()], ["original"])
    rows: list[Row] = [
        (f"seed {row[0].seed}" if len(made) > 1 else "", [*before, *(picture.pixels for picture in row)])
        for row in made
    ]
    labels = [*named, *(job.label for job in jobs)]
    write_sheet(output, jobs[0].verb, name, rows, labels, columns=min(len(labels), 16))


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
