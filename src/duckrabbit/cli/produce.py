"""Make pictures batch by batch, and write and name each as soon as it is there."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from duckrabbit.cli.display import Display
from duckrabbit.cli.options import Output, Sampling
from duckrabbit.cli.sampler import sampler_of
from duckrabbit.diffusion.noise import Noise
from duckrabbit.diffusion.sampling import State
from duckrabbit.errors import UsageError
from duckrabbit.making.make import BATCH, Picture, make_all
from duckrabbit.making.plan import Watch, course_of, steps_of
from duckrabbit.media.names import new_file, slug
from duckrabbit.media.png import JSON
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.recipe import Recipe

MAX_COUNT = 100_000
SHEET_PICTURES = 200
PLAIN = Sampling()


@dataclass(frozen=True)
class Job:
    """One recipe to make with every seed.

    Attributes:
        recipe: what to make.
        slug: its part of the files' names.
        label: how a sheet calls it.
        details: what its lines of JSON say besides the usual.
    """

    recipe: Recipe
    slug: str
    label: str = ""
    details: Mapping[str, JSON] = field(default_factory=dict)


def produce(
    jobs: Sequence[Job], model: Model, output: Output, sampling: Sampling = PLAIN, watch: Watch | None = None
) -> list[list[Picture]]:
    """Make every job with the seeds seed, seed + 1, … and write a PNG of each.

    Every plan is made before the first picture, so that a mistake leaves no files behind. Standard output gets a line
    for each picture, in the order of the seeds.

    Args:
        jobs: what to make.
        model: what makes it.
        output: how many, how large, and where to.
        sampling: what was given for both stages; the jobs' recipes have it already for the first.
        watch: is shown the states of the first batch of the first job.

    Returns:
        For each seed (of the first 200) its picture of every job.

    Raises:
        UsageError: if a job can't be made with this model or nothing can be written there.
        KeyboardInterrupt: saying how many pictures are kept.
    """
    check(output)
    seconds = [second_sampler(job, model, output, sampling) for job in jobs]
    courses = [course_of(job.recipe, model, output.size, second) for job, second in zip(jobs, seconds, strict=True)]
    steps = sum(max(1, steps_of(course)) for course in courses)
    chunks = range(0, output.count, BATCH)
    kept: list[list[Picture]] = []
    rows: list[list[tuple[Path, Picture]]] = []
    written = 0
    with Display(steps * len(chunks), jobs[0].recipe.verb) as display:
        try:
            for first in chunks:
                seeds = range(output.seed + first, output.seed + min(first + BATCH, output.count))
                rows = [[] for _ in seeds]
                for job, second in zip(jobs, seconds, strict=True):
                    shown = watch if first == 0 and job is jobs[0] else None
                    made = _made(job, second, model, seeds, output, display, shown)
                    for row, picture in zip(rows, made, strict=True):
                        row.append((save(picture, job.slug, model, output, display), picture))
                        written += 1
                if len(kept) < SHEET_PICTURES:
                    kept += [[picture for _, picture in row] for row in rows]
                _tell(rows, jobs, model, output, display)
        except KeyboardInterrupt:
            total = output.count * len(jobs)
            raise KeyboardInterrupt(f"{written} of {total} pictures are kept in {output.out}.") from None
        finally:
            _tell(rows, jobs, model, output, display)
    return kept[:SHEET_PICTURES]


def _tell(
    rows: list[list[tuple[Path, Picture]]], jobs: Sequence[Job], model: Model, output: Output, display: Display
) -> None:
    """Print what is told of every picture and forget it, so that none is left out, nor told of twice."""
    display.pause()
    while rows:
        for (path, picture), job in zip(rows[0], jobs, strict=False):
            print_line(path, picture, model, job, output)
        del rows[0]


def save(picture: Picture, name: str, model: Model, output: Output, display: Display) -> Path:
    """Write a picture under a name of its own, VERB-NAME-SEED[-SIZE].png, and say so."""
    stem = stem_of(picture.recipe, name, picture.seed, model, picture.pixels.shape[-1])
    with new_file(Path(output.out), stem, ".png") as path:
        picture.save(path)
    display.say(f"wrote {path} (seed {picture.seed})")
    return path


def stem_of(recipe: Recipe, name: str, seed: int, model: Model, side: int) -> str:
    """A picture's name without number and suffix, VERB-NAME-SEED[-SIZE]."""
    size = "" if side == model.size else str(side)
    return "-".join(part for part in (recipe.verb, slug(name), str(seed), size) if part)


def second_sampler(job: Job, model: Model, output: Output, sampling: Sampling) -> SamplerConfig | None:
    """What was given for sampling in place of the second stage's own way; None where nothing was, or no stage is."""
    final = model.at(output.size)
    return None if final is model else sampler_of(sampling, job.recipe.default_sampler(final))


def _made(
    job: Job,
    second: SamplerConfig | None,
    model: Model,
    seeds: Sequence[int],
    output: Output,
    display: Display,
    watch: Watch | None,
) -> list[Picture]:
    def stepped(state: State) -> None:
        display.advance()
        if watch is not None:
            watch(state)

    recipes = [job.recipe] * len(seeds)
    return make_all(recipes, model, seeds, stepped, size=output.size, second_sampler=second)


def check(output: Output) -> None:
    """Refuse what can't be written before anything is made."""
    if not 1 <= output.count <= MAX_COUNT:
        raise UsageError(f"{output.count} pictures can't be made: give a --count from 1 to {MAX_COUNT}.")
    Noise((output.seed, output.seed + output.count - 1))
    check_folder(output.out)


def check_folder(out: str) -> None:
    """Refuse a file where a folder is to be; one that can't be looked at is refused where it is written to."""
    folder = Path(out)
    with suppress(OSError):
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file and pictures were to be written into it: give --out a folder.")


def print_line(
    path: Path, picture: Picture, model: Model, job: Job, output: Output, more: Mapping[str, JSON] | None = None
) -> None:
    """A picture's line on standard output: its path, or all about it as JSON."""
    if output.json:
        line = {
            "path": str(path),
            "seed": picture.seed,
            "verb": picture.recipe.verb,
            "prompts": list(picture.recipe.prompts),
            "views": list(getattr(picture.recipe, "views", ())),
            "model": model.name,
            "size": picture.pixels.shape[-1],
            **job.details,
            **(more or {}),
        }
        print(json.dumps(line), flush=True)
    # On a terminal the line on standard error has said it already.
    elif not (sys.stdout.isatty() and sys.stderr.isatty()):
        print(path, flush=True)
