"""Make many candidates, keep the best, and show how good they are."""

import atexit
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed

from duckrabbit.cli.animate import MOTION_MILLISECONDS, motion_frames
from duckrabbit.cli.display import Display
from duckrabbit.cli.films import write_film
from duckrabbit.cli.options import Computing, Output, Sampling, Searching
from duckrabbit.cli.percent import percent, sure, verdict
from duckrabbit.cli.produce import MAX_COUNT, Job, check, print_line, second_sampler, stem_of
from duckrabbit.cli.sheets import write_sheet
from duckrabbit.diffusion.noise import Noise
from duckrabbit.errors import UsageError
from duckrabbit.making.best_of import Progress, Search, work
from duckrabbit.making.make import Picture
from duckrabbit.making.order import Order, Workplace
from duckrabbit.making.search_folder import SearchFolder
from duckrabbit.making.shortlist import Scored
from duckrabbit.making.task_folder import alone_in
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.names import new_file, slug
from duckrabbit.models.model import Model
from duckrabbit.search.workers import work_together
from duckrabbit.training.team import Team

EACH = 8
"""Candidates for each picture that is kept, unless it is said how many."""

MAX_BEST = 200
MAX_WORKERS = 64


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


def numbers_of(searching: Searching, output: Output) -> tuple[int, int]:
    """How many are kept, and of how many candidates.

    Raises:
        UsageError: if they contradict each other.
    """
    if searching.best is None:
        if searching.candidates is not None:
            raise UsageError("--from says of how many, but not how many to keep: give --best, too, such as --best 4.")
        if searching.workers != 1:
            raise UsageError("--workers share a search, and nothing is searched for: give --best, too.")
        return 0, 0
    best = searching.best
    count = EACH * best if searching.candidates is None else searching.candidates
    if not 1 <= best <= MAX_BEST:
        raise UsageError(f"The {best} best can't be kept: give --best from 1 to {MAX_BEST}.")
    if not best <= count <= MAX_COUNT:
        raise UsageError(f"The {best} best of {count} can't be found: give --from from {best} to {MAX_COUNT}.")
    if not 1 <= searching.workers <= MAX_WORKERS:
        raise UsageError(f"{searching.workers} workers can't share a search: give --workers from 1 to {MAX_WORKERS}.")
    if output.count != 1:
        raise UsageError("Both --count and --best say how many pictures to write: give one of them.")
    Noise((output.seed, output.seed + count - 1))
    return best, count


def wants_best(searching: Searching, output: Output) -> bool:
    """Whether a search is asked for; raises UsageError for a contradiction."""
    return numbers_of(searching, output)[0] > 0


def produce_best(
    jobs: Sequence[Job], model: Model, output: Output, sampling: Sampling, searching: Searching, computing: Computing
) -> list[list[Kept]]:
    """Search each job's candidates, write the best of each with a contact sheet and an animation of the winner.

    Standard output gets a line for each picture, in the order of the seeds.

    Returns:
        For each job its best, the best first.

    Raises:
        UsageError: if a job can't be made with this model or judged, or nothing can be written there.
        KeyboardInterrupt: when the best so far are written, saying how many they are.
    """
    check(output)
    orders = [order_of(job, model, output, sampling, searching) for job in jobs]
    searches = [order.search(model) for order in orders]
    team = _team(model.device.type == "cuda")
    if searching.workers > 1 and team.size > 1:
        raise UsageError("torchrun's processes share the search already: leave out --workers.")
    if searching.workers > 1 and model.device.type != "cpu":
        raise UsageError("--workers share a CPU: on GPUs, start the command with torchrun --nproc-per-node N instead.")
    return [
        _searched(job, order, search, team, output, searching.workers, computing)
        for job, order, search in zip(jobs, orders, searches, strict=True)
    ]


@cache
def _team(gpu: bool) -> Team:
    """The team that torchrun started, joined once however many searches there are, and left at the process's end."""
    team = Team.join(gpu=gpu)
    if team.size > 1:
        atexit.register(torch.distributed.destroy_process_group)
    return team


def order_of(job: Job, model: Model, output: Output, sampling: Sampling, searching: Searching) -> Order:
    """A job's search as an order; raises UsageError for contradictory numbers."""
    best, count = numbers_of(searching, output)
    return Order(job.recipe, best, output.seed, count, output.size, second_sampler(job, model, output, sampling))


def _searched(
    job: Job, order: Order, search: Search, team: Team, output: Output, workers: int, computing: Computing
) -> list[Kept]:
    stem = "-".join([job.recipe.verb, slug(job.slug), str(order.first), "search"])
    folder = _opened(team, Path(output.out), stem, search)
    with alone_in(folder.folder) if team.leads else nullcontext():
        kept = _searched_in(folder, job, order, search, team, output, workers, computing)
    if team.leads:
        folder.remove()
    return kept


def _searched_in(
    folder: SearchFolder,
    job: Job,
    order: Order,
    search: Search,
    team: Team,
    output: Output,
    workers: int,
    computing: Computing,
) -> list[Kept]:
    model = search.candidates.model
    before = folder.count()
    if before and team.leads:
        print(f"going on where an earlier search stopped: {before} of {order.count} are done", file=sys.stderr)
    interrupted = False
    with Display(order.count, job.recipe.verb) as display:

        def tell(progress: Progress) -> None:
            best = (
                ""
                if progress.best is None
                else f"best so far {percent(sure(search.candidates.calibration, progress.best.readings))}"
            )
            display.at(before + round(progress.done), before + progress.total, best)

        kept: list[Kept] = []
        try:
            if workers > 1:
                work_together(order, _workplace(model, workers, computing), folder, workers, tell)
            else:
                work(search, folder, team.rank, team.size, tell)
        except KeyboardInterrupt:
            if not team.leads:
                raise
            interrupted = True
        if not interrupted:
            # Every process's share is done when the team's sum is there.
            team.average([torch.zeros(1, device=model.device)])
        if not team.leads:
            return []
        try:
            kept = _published(folder, search, job, output, display)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"the best so far are in {folder.folder / 'kept'}; the same command goes on."
            ) from None
    if kept:
        try:
            _show(kept, search, job, output)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"the best {len(kept)} are kept in {output.out}, but not all that shows them."
            ) from None
    if interrupted:
        looked_at = folder.count()
        if looked_at == 0:
            folder.remove()
            raise KeyboardInterrupt("no candidate was finished yet, and nothing was written.")
        raise KeyboardInterrupt(
            f"the best {len(kept)} of the {looked_at} candidates (of {order.count}) that were looked at are kept in "
            f"{output.out}; the same command goes on."
        )
    return kept


def _opened(team: Team, parent: Path, stem: str, search: Search) -> SearchFolder:
    """The search's folder: made by the first process of a team, found by the others."""
    device = search.candidates.model.device
    if team.leads:
        folder = SearchFolder.open(parent, stem, search.task())
        team.as_first(True, device)
        return folder
    team.as_first(True, device)
    return SearchFolder.open(parent, stem, search.task())


def _workplace(model: Model, workers: int, computing: Computing) -> Workplace:
    """What each of several processes loads; they share the cores."""
    threads = max(1, (computing.threads or os.cpu_count() or 1) // workers)
    return Workplace(model.name, "cpu", model.dtype, threads, computing.weights, computing.embeddings)


def _published(folder: SearchFolder, search: Search, job: Job, output: Output, display: Display) -> list[Kept]:
    """Make the best once more, each alone as `rerun` will, and give each a name of its own; the best first."""
    candidates = search.candidates
    best = folder.shortlist(search.best).best()
    remade = []
    for number, scored in enumerate(best):
        display.at(number, len(best), "writing the best")
        candidate = candidates.alone(scored.seed)
        folder.keep(candidate.picture)
        remade.append(candidate)
    display.pause()
    kept: list[Kept] = []
    for candidate in sorted(remade, key=lambda own: (-own.scored.score, own.scored.seed)):
        picture, scored = candidate.picture, candidate.scored
        stem = stem_of(job.recipe, job.slug, scored.seed, candidates.model, picture.pixels.shape[-1])
        path = _copied(folder.picture(scored.seed).read_bytes(), Path(output.out), stem)
        told = candidates.calibration, scored.readings
        kept.append(Kept(path, picture, scored, len(kept) + 1, sure(*told), verdict(*told)))
    return kept


def _copied(content: bytes, folder: Path, stem: str) -> Path:
    """The file of that name if it is the very same picture already, or a new one."""
    there = folder / f"{stem}.png"
    if there.is_file() and there.read_bytes() == content:
        return there
    with new_file(folder, stem, ".png") as path, atomic_write(path) as temporary:
        temporary.write_bytes(content)
    return path


def _show(kept: Sequence[Kept], search: Search, job: Job, output: Output) -> None:
    """The lines, the sheet and the animation."""
    candidates = search.candidates
    looks = candidates.question.looks
    for own in kept:
        each = ", ".join(
            f"{look.name} {percent(float(np.exp(value)))}"
            for look, value in zip(looks, own.scored.readings, strict=True)
        )
        name = f"{own.rank:3}. {own.path} (seed {own.scored.seed})"
        print(f"{name}: {own.verdict} ({each})", file=sys.stderr)
    chance = candidates.question.judge.chance ** len(looks)
    print(f"     by chance: 1 in {round(1 / chance):,}", file=sys.stderr)
    for own in sorted(kept, key=lambda own: own.scored.seed):
        told: dict[str, Any] = {"rank": own.rank, "score": candidates.told(own.scored)}
        print_line(own.path, own.picture, candidates.model, job, output, told)
    rows = [(f"{look.prompt} ({look.name})", [look.see(own.picture.pixels[None])[0] for own in kept]) for look in looks]
    labels = [f"seed {own.scored.seed}: {percent(own.sure)}" for own in kept]
    write_sheet(output, job.recipe.verb, f"{job.slug} best", rows, labels)
    frames = motion_frames(job.recipe, kept[0].picture.pixels)
    if frames:
        write_film(Path(output.out), kept[0].path.stem, ".gif", frames, MOTION_MILLISECONDS)
