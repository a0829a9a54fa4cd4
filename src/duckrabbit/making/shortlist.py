"""The best so far, of candidates without number."""

import heapq
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scored:
    """A candidate that was looked at.

    Attributes:
        seed: which one.
        readings: log p of what is asked for, look by look.
    """

    seed: int
    readings: tuple[float, ...]

    @property
    def score(self) -> float:
        """That of the look in which it is least readable."""
        return min(self.readings)


@dataclass
class Shortlist:
    """The best few; of equals those with the smaller seed. It holds no more than `size` candidates.

    Attributes:
        size: how many.
    """

    size: int
    _heap: list[tuple[float, int, Scored]] = field(default_factory=list, repr=False)

    def admits(self, candidate: Scored) -> bool:
        """Whether it would be among the best now."""
        return len(self._heap) < self.size or self._entry(candidate)[:2] > self._heap[0][:2]

    def add(self, candidate: Scored) -> Scored | None:
        """Take a candidate in; what has to leave for it (perhaps itself) is given back."""
        if any(entry[2].seed == candidate.seed for entry in self._heap):
            return None
        if len(self._heap) < self.size:
            heapq.heappush(self._heap, self._entry(candidate))
            return None
        return heapq.heappushpop(self._heap, self._entry(candidate))[2]

    def best(self) -> list[Scored]:
        """The candidates, the best first."""
        return [entry[2] for entry in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]

    @staticmethod
    def _entry(candidate: Scored) -> tuple[float, int, Scored]:
        return candidate.score, -candidate.seed, candidate
