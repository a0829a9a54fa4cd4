"""Several processes that search together, each doing its share of the blocks in the same folder."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import torch

from duckrabbit.errors import UsageError
from duckrabbit.making.best_of import Search, search_for
from duckrabbit.making.plan import plan
from duckrabbit.making.pruning import Rungs
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.search.folders import Progress, SearchFolder, Tell, work

REFUSED = 2


@dataclass(frozen=True)
class Order:
    """What is searched for: all that another process needs to take part in it, as plain values.

    Attributes:
        recipe: what to make.
        best: how many are kept.
        first: the first seed.
        count: how many seeds.
        size: the pictures' side; None for the model's own.
        second_sampler: as in `plan`.
        rungs: as in `search_for`.
        block_size: as in `search_for`.
        keeps_sources: as in `Planned`.
    """

    recipe: Recipe
    best: int
    first: int
    count: int
    size: int | None = None
    second_sampler: SamplerConfig | None = None
    rungs: Rungs | None = None
    block_size: int | None = None
    keeps_sources: bool = True

    @staticmethod
    def of(search: Search) -> "Order":
        """What another process needs to take part in a search; it finds the same rungs and blocks."""
        planned = search.contest.planned
        return Order(
            planned.recipe,
            search.best,
            search.first,
            search.count,
            planned.size,
            planned.second_sampler,
            search.rungs,
            search.block_size,
            planned.keeps_sources,
        )

    def search(self, model: Model) -> Search:
        """The search with this model.

        Raises:
            UsageError: if the recipe can't be made with the model, or nobody can judge what it makes.
        """
        planned = plan(self.recipe, model, self.size, self.second_sampler)
        planned = replace(planned, keeps_sources=self.keeps_sources)
        return search_for(planned, self.best, self.first, self.count, self.rungs, self.block_size)


@dataclass(frozen=True)
class Workplace:
    """What another process loads: the model as it was named, and how it computes.

    Attributes:
        model: its name.
        device: where it runs.
        dtype: the precision of its network.
        threads: of the CPU.
        weights: as in `load_model`.
        embeddings: as in `load_model`.
        size: as in `load_model`.
        judge: as in `Model`.
    """

    model: str
    device: str
    dtype: torch.dtype
    threads: int
    weights: str | None = None
    embeddings: str | None = None
    size: int | None = None
    judge: str | None = None

    def open(self) -> Model:
        """The model."""
        torch.set_num_threads(self.threads)
        model = load_model(self.model, self.device, self.dtype, self.weights, self.embeddings, size=self.size)
        return replace(model, judge=self.judge)


def work_together(order: Order, workplace: Workplace, folder: SearchFolder, workers: int, tell: Tell) -> None:
    """Search with so many processes, spawned for it; pixels and choice are those of one process alone.

    Raises:
        UsageError: if a process was refused something, or ended before its share was done.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs, processes = [], [], []
    for share in range(workers):
        reading, writing = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(order, workplace, folder, share, workers, writing), daemon=True)
        ours.append(reading)
        theirs.append(writing)
        processes.append(process)
    with _running(processes):
        # With only the process's own end left open, a line ends when its process does.
        for line in theirs:
            line.close()
        _listen(ours, tell)
    for process in processes:
        if process.exitcode != 0:
            raise UsageError(
                f"A process of the search ended with exit code {process.exitcode}, perhaps for want of memory: give "
                "fewer `workers`; the same command goes on."
            )


@contextmanager
def _running(processes: Sequence[BaseProcess]) -> Iterator[None]:
    """Started, and ended whatever happens."""
    with _deaf():
        for process in processes:
            process.start()
    try:
        yield
    except BaseException:
        for process in processes:
            process.terminate()
        raise
    finally:
        for process in processes:
            process.join()


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are started meanwhile don't hear Ctrl-C: the one that began them ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _listen(lines: Sequence[Connection], tell: Tell) -> None:
    """Add up what the processes tell until all have ended."""
    shares = dict.fromkeys(lines, Progress(0.0, 0, None))
    speaking = set(lines)
    while speaking:
        ready = wait(list(speaking))
        for line in [own for own in speaking if own in ready]:
            try:
                said = line.recv()
            except EOFError:
                speaking.remove(line)
                continue
            if isinstance(said, str):
                raise UsageError(said)
            shares[line] = said
        bests = [own.best for own in shares.values() if own.best is not None]
        best = max(bests, key=lambda own: own.score, default=None)
        tell(Progress(sum(own.done for own in shares.values()), sum(own.total for own in shares.values()), best))


def _work(order: Order, workplace: Workplace, folder: SearchFolder, share: int, of: int, line: Connection) -> None:
    """One process's part."""
    parent = multiprocessing.parent_process()

    def tell(progress: Progress) -> None:
        if parent is not None and not parent.is_alive():
            os._exit(1)
        line.send(progress)

    try:
        work(order.search(workplace.open()), folder, share, of, tell)
    except UsageError as error:
        line.send(str(error))
        raise SystemExit(REFUSED) from None
