"""The folder of a task that can be taken up again: what the task is, who works there, and the best pictures so far.

    task.json            what is searched for
    journal-K.jsonl      a line for each block that process K finished: every seed's fate
    kept/SEED.png        the best so far
    lock                 held by whoever works there

Killed at any moment it loses nothing kept: a picture is in `kept` before the journal says so, and leaves it only when
enough better ones are there.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any

from duckrabbit.diffusion.sampling import State
from duckrabbit.making.best_of import Block, Scored, Search, Shortlist
from duckrabbit.making.make import Picture
from duckrabbit.media.alone import alone_in
from duckrabbit.media.atomic import atomic_write, cannot_write

TASK = "task.json"


def alone_at(folder: Path) -> AbstractContextManager[None]:
    """Work in a task's folder as the only one: two that began the same task would take each other's work away.

    Raises:
        UsageError: if another process works there.
    """
    return alone_in(
        folder, f"The very same is being made in {folder} by another process: wait for it, or give another folder."
    )


def task_folder(parent: Path, stem: str, task: Mapping[str, Any]) -> Path:
    """The folder in which this very task was begun, or a new one: STEM, STEM-2 …

    Raises:
        UsageError: if it can't be made.
    """
    text = json.dumps(task, sort_keys=True)
    names = (f"{stem}{'' if number == 1 else f'-{number}'}" for number in count(1))
    return next(folder for name in names if _holds(folder := parent / name, text))


def _holds(folder: Path, text: str) -> bool:
    """Whether the folder is this task's, which an empty one becomes."""
    file = folder / TASK
    try:
        if file.is_file() and file.read_text("utf-8") == text:
            return True
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            return False
        with atomic_write(file) as temporary:
            temporary.write_text(text, "utf-8")
    except OSError as error:
        raise cannot_write(folder, error) from error
    return True


@dataclass(frozen=True)
class SearchFolder:
    """Where a search keeps what it has found."""

    folder: Path

    @staticmethod
    def open(parent: Path, stem: str, task: Mapping[str, Any]) -> "SearchFolder":
        """The folder in which this very search was begun, or a new one; see `task_folder`."""
        return SearchFolder(task_folder(parent, stem, task))

    def picture(self, seed: int) -> Path:
        """Where a kept picture is."""
        return self.folder / "kept" / f"{seed}.png"

    def keep(self, picture: Picture) -> None:
        """Write a picture among the best."""
        picture.save(self.picture(picture.seed))

    def forget(self, seed: int) -> None:
        """A picture is no longer among the best."""
        self.picture(seed).unlink(missing_ok=True)

    def note(self, share: int, block: Block) -> None:
        """Write down that a block is done, and what became of each of its seeds."""
        scored = [[own.scored.seed, *own.scored.readings] for own in block.finished]
        append(self._journal(share), {"block": block.number, "scored": scored, "dropped": list(block.dropped)})

    def done(self) -> set[int]:
        """The blocks that are done."""
        return {int(line["block"]) for line in self._lines()}

    def count(self) -> int:
        """How many candidates were looked at."""
        return sum(len(line["scored"]) + len(line["dropped"]) for line in self._lines())

    def scored(self) -> Iterator[Scored]:
        """Every finished candidate, one at a time."""
        for line in self._lines():
            for seed, *readings in line["scored"]:
                yield Scored(int(seed), tuple(map(float, readings)))

    def shortlist(self, size: int) -> Shortlist:
        """The best so far."""
        best = Shortlist(size)
        for scored in self.scored():
            best.add(scored)
        return best

    def remove(self) -> None:
        """The search is over: all of its folder goes."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _journal(self, share: int) -> Path:
        return self.folder / f"journal-{share}.jsonl"

    def _lines(self) -> Iterator[dict[str, Any]]:
        for journal in sorted(self.folder.glob("journal-*.jsonl")):
            yield from lines(journal)


@dataclass(frozen=True)
class Progress:
    """How far a process is.

    Attributes:
        done: candidates that it has looked at, those of the block at hand in part.
        total: candidates of its share that were left to it.
        best: the best of all so far.
    """

    done: float
    total: int
    best: Scored | None


Tell = Callable[[Progress], None]


def work(search: Search, folder: SearchFolder, share: int = 0, of: int = 1, tell: Tell | None = None) -> None:
    """Do every `of`-th block that is not done yet, from the `share`-th on.

    Several processes may work on one folder at the same time, each on its share. At any moment the best so far of
    all that is noted down are in the folder.
    """
    done = folder.done()
    left = [(number, seeds) for number, seeds in search.blocks() if number % of == share and number not in done]
    total = sum(len(seeds) for _, seeds in left)
    steps = max(1, search.contest.planned.steps)
    shortlist = folder.shortlist(search.best)
    looked_at = 0

    def watch(state: State) -> None:
        if tell is not None:
            part = search.block_size * min(1.0, (state.i + 1) / steps)
            tell(Progress(min(looked_at + part, total), total, next(iter(shortlist.best()), None)))

    for block in search.run(watch, left):
        gone = []
        for candidate in block.finished:
            if shortlist.admits(candidate.scored):
                folder.keep(candidate.picture)
                left_out = shortlist.add(candidate.scored)
                gone += [] if left_out is None else [left_out.seed]
        folder.note(share, block)
        for seed in gone:
            folder.forget(seed)
        looked_at += block.size


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Write one line and see it to the disk; half a line that a kill left behind is ended first.

    Raises:
        UsageError: if it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            ending = "" if _whole(file) else "\n"
            file.write(f"{ending}{json.dumps(line)}\n".encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(path, error) from error


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal, one at a time; none where there is none to be read."""
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        for raw in file:
            try:
                line = json.loads(raw)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line


def _whole(file: IO[bytes]) -> bool:
    """Whether the file ends with the end of a line."""
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
