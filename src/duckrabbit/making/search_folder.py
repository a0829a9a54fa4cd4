"""The folder of a search: what was looked at, and the best pictures so far. Killed at any moment it loses nothing kept.

    task.json            what is searched for
    journal-K.jsonl      a line for each block that process K finished: every seed's fate
    kept/SEED.png        the best so far
    lock                 held by whoever works there

A picture is in `kept` before the journal says so, and leaves it only when enough better ones are there.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duckrabbit.making.candidates import Block
from duckrabbit.making.journal import append, lines
from duckrabbit.making.make import Picture
from duckrabbit.making.shortlist import Scored, Shortlist
from duckrabbit.making.task_folder import task_folder


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

    def note(self, share: int, number: int, block: Block) -> None:
        """Write down that a block is done, and what became of each of its seeds."""
        scored = [[own.scored.seed, *own.scored.readings] for own in block.finished]
        append(self._journal(share), {"block": number, "scored": scored, "dropped": list(block.dropped)})

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
