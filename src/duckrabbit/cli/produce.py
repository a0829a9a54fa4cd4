"""Make pictures batch by batch, and write and name each as soon as it is there."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from duckrabbit.cli.display import Display, print_as_named
from duckrabbit.cli.options import Output
from duckrabbit.diffusion.noise import Noise
from duckrabbit.diffusion.sampling import State
from duckrabbit.errors import UsageError
from duckrabbit.making.make import BATCH, MAX_COUNT, Picture, make_planned, together
from duckrabbit.making.plan import Planned
from duckrabbit.making.sample import Watch
from duckrabbit.media.atomic import atomic_write, check_writable
from duckrabbit.media.names import new_file, slug
from duckrabbit.media.png import JSON
from duckrabbit.models.model import Model

SHEET_PICTURES = 200


@dataclass(frozen=True, eq=False)
class Job:
    """Something to make with every seed.

    Attributes:
        planned: what to make.
        slug: its part of the files' names.
        label: how a sheet calls it.
        details: what its lines of JSON say besides the usual.
        content: from a picture to the bytes of its file; None for a PNG of the picture itself.
    """

    planned: Planned
    slug: str
    label: str = ""
    details: Mapping[str, JSON] = field(default_factory=dict)
    content: Callable[[Picture], bytes] | None = None

    @property
    def verb(self) -> str:
        """Of its recipe."""
        return self.planned.recipe.verb


def produce(jobs: Sequence[Job], output: Output, watch: Watch | None = None) -> list[list[Picture]]:
    """Make every job with the seeds seed, seed + 1, … and write a PNG of each.

    Every job is planned before the first picture, so that a mistake leaves no files behind. Standard output gets a line
    for each picture, in the order of the seeds.

    Args:
        jobs: what to make.
        output: how many, and where to.
        watch: is shown the states of the first batch of the first job.

    Returns:
        For each seed (of the first 200) its picture of every job.

    Raises:
        UsageError: if nothing can be written there.
        KeyboardInterrupt: saying how many pictures are kept.
    """
    check(output)
    steps = sum(max(1, job.planned.steps) for job in jobs)
    at_once = together(BATCH, jobs[0].planned.model)
    chunks = range(0, output.count, at_once)
    kept: list[list[Picture]] = []
    rows: list[list[tuple[Path, Picture]]] = []
    written = 0
    with Display(steps * len(chunks), jobs[0].verb) as display:

        def made(job: Job, seeds: Sequence[int], shown: Watch | None) -> list[Picture]:
            def stepped(state: State) -> None:
                display.advance()
                if shown is not None:
                    shown(state)

            return make_planned([job.planned] * len(seeds), seeds, stepped)

        try:
            for first in chunks:
                seeds = range(output.seed + first, output.seed + min(first + at_once, output.count))
                rows = [[] for _ in seeds]
                for job in jobs:
                    shown = watch if first == 0 and job is jobs[0] else None
                    for row, picture in zip(rows, made(job, seeds, shown), strict=True):
                        row.append((save(picture, job, output, display), picture))
                        written += 1
                if len(kept) < SHEET_PICTURES:
                    kept += [[picture for _, picture in row] for row in rows]
                _print_rows(rows, jobs, output, display)
        except KeyboardInterrupt:
            total = output.count * len(jobs)
            raise KeyboardInterrupt(f"{written} of {total} pictures are kept in {output.out}.") from None
        finally:
            _print_rows(rows, jobs, output, display)
    return kept[:SHEET_PICTURES]


def _print_rows(rows: list[list[tuple[Path, Picture]]], jobs: Sequence[Job], output: Output, display: Display) -> None:
    """Print a line for every picture and forget it, so that none is left out, nor printed twice."""
    display.pause()
    while rows:
        for (path, picture), job in zip(rows[0], jobs, strict=False):
            print_line(path, picture, job, output)
        del rows[0]


def save(picture: Picture, job: Job, output: Output, display: Display, more: str = "") -> Path:
    """Write a picture under a name of its own, VERB-NAME-SEED[-SIZE].png, and say so."""
    with new_file(Path(output.out), stem_of(job, picture, more), ".png") as path:
        if job.content is None:
            picture.save(path)
        else:
            with atomic_write(path) as temporary:
                temporary.write_bytes(job.content(picture))
    display.say(f"wrote {path} (seed {picture.seed})")
    return path


def stem_of(job: Job, picture: Picture, more: str = "") -> str:
    """A picture's name without number and suffix, VERB-NAME-SEED[-SIZE]; `more` is added to the job's own."""
    side = picture.pixels.shape[-1]
    size = "" if side == job.planned.model.size else str(side)
    return "-".join(part for part in (job.verb, slug(f"{job.slug} {more}"), str(picture.seed), size) if part)


def check(output: Output) -> None:
    """Refuse what can't be written before anything is made."""
    if not 1 <= output.count <= MAX_COUNT:
        raise UsageError(f"{output.count} pictures can't be made: give a --count from 1 to {MAX_COUNT}.")
    Noise((output.seed, output.seed + output.count - 1))
    check_folder(output.out)


def check_folder(out: str) -> None:
    """Refuse a place where no folder can be, or none that may be written to."""
    if os.path.isfile(out):
        raise UsageError(f"{out} is a file and pictures were to be written into it: give --out a folder.")
    check_writable(Path(out))


def print_line(path: Path, picture: Picture, job: Job, output: Output, more: Mapping[str, JSON] | None = None) -> None:
    """A picture's line on standard output: its path, or all about it as JSON."""
    line = line_of(path, picture, job.planned.model) | dict(job.details) | dict(more or {})
    print_path(path, line if output.json else None)


def line_of(path: Path, picture: Picture, model: Model) -> dict[str, JSON]:
    """What a line of JSON says of every picture."""
    return {
        "path": str(path),
        "seed": picture.seed,
        "verb": picture.recipe.verb,
        "prompts": list(picture.recipe.prompts),
        "views": list(getattr(picture.recipe, "views", ())),
        "model": model.name,
        "size": picture.pixels.shape[-1],
    }


def print_path(path: Path, line: Mapping[str, JSON] | None) -> None:
    """A line of JSON where there is one, else the path, unless a terminal has it on standard error already."""
    if line is not None:
        print(json.dumps(line), flush=True)
    elif not (sys.stdout.isatty() and sys.stderr.isatty()):
        print_as_named(path)
