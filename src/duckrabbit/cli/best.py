"""Make many candidates, keep the best, and show how good they are."""

import atexit
import math
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.distributed

from duckrabbit.cli.display import Display
from duckrabbit.cli.options import Computing, Output, Searching
from duckrabbit.cli.produce import Job, check, print_line, stem_of
from duckrabbit.cli.sheets import write_loop, write_sheet
from duckrabbit.errors import UsageError
from duckrabbit.judges.calibration import percent, sure, verdict
from duckrabbit.making.best_of import Scored, Search, search_for
from duckrabbit.making.make import Picture
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.names import new_file, slug
from duckrabbit.models.model import Model
from duckrabbit.search.folders import Progress, SearchFolder, alone_at, work
from duckrabbit.search.workers import Order, Workplace, work_together
from duckrabbit.training.team import Team


@dataclass(frozen=True)
class Kept:
    """One of the best.

    Attributes:
        path: its file.
        picture: what is in it.
        scored: how well the selecting judge reads it.
        rank: its place, from 1.
        sure: how likely it is to be read as asked.
        verdict: the same in words.
    """

    path: Path
    picture: Picture
    scored: Scored
    rank: int
    sure: float
    verdict: str


def search_of(job: Job, output: Output, searching: Searching) -> Search:
    """A job's search; raises UsageError for contradictory numbers, and where nobody can judge what it makes."""
    best, count = searching.numbers(output)
    return search_for(job.planned, best, output.seed, count)


def produce_best(jobs: Sequence[Job], output: Output, searching: Searching, computing: Computing) -> list[list[Kept]]:
    """Search each job's candidates, write the best of each with a contact sheet and an animation of the winner.

    Standard output gets a line for each picture, in the order of the seeds.

    Returns:
        For each job its best, the best first.

    Raises:
        UsageError: if a job can't be judged, or nothing can be written there.
        KeyboardInterrupt: when the best so far are written, saying how many they are.
    """
    check(output)
    model = jobs[0].planned.model
    searches = [search_of(job, output, searching) for job in jobs]
    team = _team(model.device.type == "cuda")
    if searching.workers > 1 and team.size > 1:
        raise UsageError("torchrun's processes share the search already: leave out --workers.")
    if searching.workers > 1 and model.device.type != "cpu":
        raise UsageError("--workers share a CPU: on GPUs, start the command with torchrun --nproc-per-node N instead.")
    workplace = _workplace(model, searching.workers, computing)
    return [
        _Searching(job, search, output, team, searching.workers, workplace).kept()
        for job, search in zip(jobs, searches, strict=True)
    ]


@cache
def _team(gpu: bool) -> Team:
    """The team that torchrun started, joined once however many searches there are, and left at the process's end."""
    team = Team.join(gpu=gpu)
    if team.size > 1:
        atexit.register(torch.distributed.destroy_process_group)
    return team


def _workplace(model: Model, workers: int, computing: Computing) -> Workplace:
    """What each of several processes loads; they share the cores."""
    threads = max(1, (computing.threads or os.cpu_count() or 1) // workers)
    given = computing.weights, computing.embeddings
    return Workplace(model.name, "cpu", model.dtype, threads, *given, model.size, model.judge)


@dataclass(frozen=True)
class _Searching:
    """One job's search, by whoever takes part in it."""

    job: Job
    search: Search
    output: Output
    team: Team
    workers: int
    workplace: Workplace

    def kept(self) -> list[Kept]:
        """Search, write and show the best; only the first process of a team does the latter."""
        folder = self._opened()
        with alone_at(folder.folder) if self.team.leads else nullcontext():
            kept = self._searched(folder)
        if self.team.leads:
            folder.remove()
        return kept

    def _opened(self) -> SearchFolder:
        """The search's folder: made by the first process of a team, found by the others."""
        stem = "-".join([self.job.verb, slug(self.job.slug), str(self.search.first), "search"])
        device = self.search.contest.planned.model.device
        if not self.team.leads:
            self.team.as_first(True, device)
        folder = SearchFolder.open(Path(self.output.out), stem, self.search.task())
        if self.team.leads:
            self.team.as_first(True, device)
        return folder

    def _searched(self, folder: SearchFolder) -> list[Kept]:
        before, count = folder.count(), self.search.count
        if before and self.team.leads:
            print(f"going on where an earlier search stopped: {before} of {count} are done", file=sys.stderr)
        with Display(count, self.job.verb) as display:
            interrupted = self._worked(folder, before, display)
            if not self.team.leads:
                return []
            try:
                kept = self._published(folder, display)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(
                    f"the best so far are in {folder.folder / 'kept'}; the same command goes on."
                ) from None
        if kept:
            try:
                self._show(kept)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(
                    f"the best {len(kept)} are kept in {self.output.out}, but not all that shows them."
                ) from None
        if interrupted:
            looked_at = folder.count()
            if looked_at == 0:
                folder.remove()
                raise KeyboardInterrupt("no candidate was finished yet, and nothing was written.")
            raise KeyboardInterrupt(
                f"the best {len(kept)} of the {looked_at} candidates (of {count}) that were looked at are kept in "
                f"{self.output.out}; the same command goes on."
            )
        return kept

    def _worked(self, folder: SearchFolder, before: int, display: Display) -> bool:
        """Look at all candidates; whether that was interrupted."""
        calibration = self.search.contest.calibration

        def tell(progress: Progress) -> None:
            best = ""
            if progress.best is not None:
                best = f"best so far {percent(sure(calibration, progress.best.readings))}"
            display.at(before + round(progress.done), before + progress.total, best)

        try:
            if self.workers > 1:
                work_together(Order.of(self.search), self.workplace, folder, self.workers, tell)
            else:
                work(self.search, folder, self.team.rank, self.team.size, tell)
        except KeyboardInterrupt:
            if not self.team.leads:
                raise
            return True
        # Every process's share is done when the team's sum is there.
        self.team.average([torch.zeros(1, device=self.search.contest.planned.model.device)])
        return False

    def _published(self, folder: SearchFolder, display: Display) -> list[Kept]:
        """Make the best once more, each alone as `rerun` will, and give each a name of its own; the best first."""
        contest = self.search.contest
        best = folder.shortlist(self.search.best).best()
        remade = []
        for number, scored in enumerate(best):
            display.at(number, len(best), "writing the best")
            candidate = contest.alone(scored.seed)
            folder.keep(candidate.picture)
            remade.append(candidate)
        display.pause()
        kept: list[Kept] = []
        for candidate in sorted(remade, key=lambda own: (-own.scored.score, own.scored.seed)):
            picture, scored = candidate.picture, candidate.scored
            content = self.job.content(picture) if self.job.content else folder.picture(scored.seed).read_bytes()
            path = _copied(content, Path(self.output.out), stem_of(self.job, picture))
            told = contest.calibration, scored.readings
            kept.append(Kept(path, picture, scored, len(kept) + 1, sure(*told), verdict(*told)))
        return kept

    def _show(self, kept: Sequence[Kept]) -> None:
        """The lines, the sheet and the animation."""
        contest = self.search.contest
        looks = contest.question.looks
        for own in kept:
            readings = zip(looks, own.scored.readings, strict=True)
            each = ", ".join(f"{look.name} {percent(math.exp(value))}" for look, value in readings)
            name = f"{own.rank:3}. {own.path} (seed {own.scored.seed})"
            print(f"{name}: {own.verdict} ({each})", file=sys.stderr)
        chance = contest.question.judge.chance ** len(looks)
        print(f"     by chance: 1 in {round(1 / chance):,}", file=sys.stderr)
        for own in sorted(kept, key=lambda own: own.scored.seed):
            told: dict[str, Any] = {"rank": own.rank, "score": contest.report(own.scored.readings)}
            print_line(own.path, own.picture, self.job, self.output, told)
        rows = [
            (f"{look.prompt} ({look.name})", [look.see(own.picture.pixels[None])[0] for own in kept]) for look in looks
        ]
        labels = [f"seed {own.scored.seed}: {percent(own.sure)}" for own in kept]
        write_sheet(self.output, self.job.verb, f"{self.job.slug} best", rows, labels)
        if frames := self.job.planned.recipe.motion(kept[0].picture.pixels):
            write_loop(Path(self.output.out), kept[0].path.stem, frames)


def _copied(content: bytes, folder: Path, stem: str) -> Path:
    """The file of that name if it is the very same picture already, or a new one."""
    there = folder / f"{stem}.png"
    if there.is_file() and there.read_bytes() == content:
        return there
    with new_file(folder, stem, ".png") as path, atomic_write(path) as temporary:
        temporary.write_bytes(content)
    return path
