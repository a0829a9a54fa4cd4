"""What every verb that makes pictures does with its options: sweep, a file of pairs, the best of many, or just make."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from duckrabbit.cli.verbs import with_options
from duckrabbit.errors import UsageError

if TYPE_CHECKING:
    from duckrabbit.cli.best import Kept
    from duckrabbit.cli.produce import Job
    from duckrabbit.making.choose import Opener
    from duckrabbit.making.make import Picture

T = TypeVar("T", bound=Any)


@dataclass(frozen=True)
class Maker(Generic[T]):
    """A verb that makes pictures.

    Attributes:
        jobs: from its options to what is made.
        show: writes a sheet of what was made, for each seed its picture of every job.
        with_prompts: the options with the prompts of a line of --pairs; None for verbs that take no such file.
    """

    jobs: "Callable[[T, Opener], list[Job]]"
    show: "Callable[[T, list[Job], list[list[Picture]]], None]"
    with_prompts: Callable[[T, tuple[str, ...]], T] | None = None

    def run(self, options: T) -> int:
        """Make the pictures."""
        if getattr(getattr(options, "sweeping", None), "sweep", ()):
            from duckrabbit.cli.sweep import sweep

            return sweep(options, self.plans)
        opener = new_opener()
        if self.with_prompts is not None and options.pairs is not None:
            from duckrabbit.cli.pairs import run_pairs

            return run_pairs(options, self, self.with_prompts, opener)
        self.make(options, self.planned(options, opener))
        return 0

    def planned(self, options: T, opener: "Opener") -> "list[Job]":
        """What is to be made; what should be known of it is told, and a judge that nobody asks is refused."""
        jobs = self.plans(options, opener)
        refuse_idle_judge(options, jobs)
        return jobs

    def plans(self, options: T, opener: "Opener") -> "list[Job]":
        """The same where a judge may be for others than these: one setting of a sweep."""
        jobs = self.jobs(options, opener)
        if options.output.no_source:
            if not any(job.planned.recipe.sources for job in jobs):
                raise UsageError("--no-source leaves out the picture it starts from, and there is none: do without it.")
            jobs = [replace(job, planned=replace(job.planned, keeps_sources=False)) for job in jobs]
        opener.remark(f"note: {remark}" for job in jobs for remark in job.planned.remarks)
        return jobs

    def make(self, options: T, jobs: "list[Job]") -> "Kept | None":
        """Make the jobs, and what shows them; the best is given back where one was looked for."""
        from duckrabbit.cli.produce import produce

        searching = getattr(options, "searching", None)
        if searching is not None and searching.numbers(options.output)[0]:
            from duckrabbit.cli.best import produce_best

            best = produce_best(jobs, options.output, searching, options.computing)
            return next(iter(best[0]), None)
        self.show(options, jobs, produce(jobs, options.output))
        return None


def refuse_idle_judge(options: Any, jobs: "Sequence[Job]") -> None:
    """Raise UsageError where a judge was named that neither guides one of the jobs nor chooses among candidates."""
    searching = getattr(options, "searching", None)
    chooses = searching is not None and searching.best is not None
    if options.computing.judge is None or chooses or any(job.planned.judge is not None for job in jobs):
        return
    other = "leave it out" if searching is None else "give one of them, or leave it out"
    raise UsageError(f"--judge reads pictures for --best or --judge-scale, and neither is asked for: {other}.")


def new_opener() -> "Opener":
    """Opens models, and says on standard error which, and how prompts are understood."""
    from duckrabbit.making.choose import Opener

    return Opener(lambda line: print(with_options(line), file=sys.stderr))


def show_looks(options: Any, jobs: "list[Job]", made: "Sequence[Sequence[Picture]]") -> None:
    """A sheet of several pictures, a row for each look."""
    from duckrabbit.cli.sheets import write_sheet

    pictures = [row[0] for row in made]
    if len(pictures) < 2:
        return
    looks = jobs[0].planned.recipe.looks
    rows = [
        (f"{look.prompt} ({look.name})", [look.see(picture.pixels[None])[0] for picture in pictures]) for look in looks
    ]
    if len(looks) < 2:
        rows = [("", [picture.pixels for picture in pictures])]
    labels = [f"seed {picture.seed}" for picture in pictures]
    write_sheet(options.output, jobs[0].verb, jobs[0].slug, rows, labels)
