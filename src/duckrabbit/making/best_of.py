"""Best of many: blocks of candidates are made, judged and noted down until all are done."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from duckrabbit.diffusion.sampling import State
from duckrabbit.making.candidates import Candidates
from duckrabbit.making.plan import steps_of
from duckrabbit.making.search_folder import SearchFolder
from duckrabbit.making.shortlist import Scored


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


@dataclass(frozen=True)
class Search:
    """The best few of many candidates.

    Attributes:
        candidates: what is looked for.
        best: how many are kept.
        first: the first seed.
        count: how many seeds.
    """

    candidates: Candidates
    best: int
    first: int
    count: int

    def blocks(self) -> Iterator[tuple[int, range]]:
        """Every block's number and seeds: they depend on nothing but the search, whoever does the work."""
        size, end = self.candidates.block_size, self.first + self.count
        for number, first in enumerate(range(self.first, end, size)):
            yield number, range(first, min(first + size, end))

    def task(self) -> dict[str, Any]:
        """What is searched for, as JSON: two searches with the same task find the same."""
        candidates = self.candidates
        example = candidates.record_of(self.first)
        made = {name: example[name] for name in ("verb", "recipe", "size", "model")}
        judge = candidates.question.judge
        return {
            **made,
            "second_stage": example.get("second_stage"),
            "dtype": example["circumstances"]["dtype"],
            "device": example["circumstances"]["device"],
            "compiled": candidates.model.compiled,
            "judge": judge.checksum,
            "ladder": [
                [rung.after, rung.least, None if math.isinf(rung.bar) else rung.bar] for rung in candidates.ladder
            ],
            "best": self.best,
            "first": self.first,
            "count": self.count,
            "block": candidates.block_size,
        }


def work(search: Search, folder: SearchFolder, share: int = 0, of: int = 1, tell: Tell | None = None) -> None:
    """Do every `of`-th block that is not done yet, from the `share`-th on.

    Several processes may work on one folder at the same time, each on its share. At any moment the best so far of
    all that is noted down are in the folder.
    """
    done = folder.done()
    left = [(number, seeds) for number, seeds in search.blocks() if number % of == share and number not in done]
    total = sum(len(seeds) for _, seeds in left)
    steps = max(1, steps_of(search.candidates.course))
    shortlist = folder.shortlist(search.best)
    looked_at = 0
    for number, seeds in left:

        def watch(state: State, count: int = len(seeds), before: int = looked_at) -> None:
            if tell is not None:
                best = next(iter(shortlist.best()), None)
                tell(Progress(before + count * min(1.0, (state.i + 1) / steps), total, best))

        block = search.candidates.block(seeds, watch)
        gone = []
        for candidate in block.finished:
            if shortlist.admits(candidate.scored):
                folder.keep(candidate.picture)
                left_out = shortlist.add(candidate.scored)
                gone += [] if left_out is None else [left_out.seed]
        folder.note(share, number, block)
        for seed in gone:
            folder.forget(seed)
        looked_at += len(seeds)
