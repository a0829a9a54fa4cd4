"""Several processes that search together, each doing its share of the blocks in the same folder."""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from duckrabbit.errors import UsageError
from duckrabbit.recipes.order import Order, Workplace
from duckrabbit.recipes.search import Progress, Tell, work
from duckrabbit.recipes.search_folder import SearchFolder

POLL_SECONDS = 0.2


def work_together(order: Order, workplace: Workplace, folder: SearchFolder, workers: int, tell: Tell) -> None:
    """Search with so many processes, spawned for it; pixels and choice are those of one process alone.

    Raises:
        UsageError: if a process was refused something.
        RuntimeError: if one failed.
    """
    context = multiprocessing.get_context("spawn")
    lines, processes = [], []
    for share in range(workers):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(order, workplace, folder, share, workers, theirs), daemon=True)
        lines.append(ours)
        processes.append(process)
    with _running(processes):
        _listen(lines, processes, tell)
    for process in processes:
        if process.exitcode != 0:
            raise RuntimeError(f"a process of the search ended with exit code {process.exitcode}")


@contextmanager
def _running(processes: Sequence[BaseProcess]) -> Iterator[None]:
    """Started, and ended whatever happens."""
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


def _listen(lines: Sequence[Connection], processes: Sequence[BaseProcess], tell: Tell) -> None:
    """Add up what the processes tell until all have ended."""
    shares = [Progress(0.0, 0, None)] * len(lines)
    while any(process.is_alive() for process in processes):
        for share, line in enumerate(lines):
            while line.poll(POLL_SECONDS / len(lines)):
                try:
                    said = line.recv()
                except EOFError:
                    break
                if isinstance(said, str):
                    raise UsageError(said)
                shares[share] = said
            bests = [own.best for own in shares if own.best is not None]
            best = max(bests, key=lambda own: own.score, default=None)
            tell(Progress(sum(own.done for own in shares), sum(own.total for own in shares), best))


def _work(order: Order, workplace: Workplace, folder: SearchFolder, share: int, of: int, line: Connection) -> None:
    """One process's part."""
    # Ctrl-C reaches the whole group: the process that began it ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def tell(progress: Progress) -> None:
        if parent is not None and not parent.is_alive():
            os._exit(1)
        line.send(progress)

    try:
        work(order.search(workplace.open()), folder, share, of, tell)
    except UsageError as error:
        line.send(str(error))
