"""Which pairs to try next: subjects that did well in a view are asked for again, with others and with each other.

A pair's score is taken to be μ + u_a + w_b: how well the first subject stands upright, and how well the second is read
through the view. Each effect has a normal posterior; new pairs are those that look best when every effect is drawn
from its own (Thompson, 1933), so that what is little known is tried, too. The pool of subjects widens as it goes on.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

Pair = tuple[str, str]

FIRST_POOL, WIDENING = 12, 3.0
"""So many subjects at first, and after n pairs `WIDENING` √n more."""

PRIOR = 2.0
"""An effect is believed as if it had been seen so many times to be nought."""

SPREAD = 2.0
"""The standard deviation of a pair's score about what its subjects explain, in units of log p."""

ROUNDS = 5


@dataclass(frozen=True)
class Effect:
    """What is known of one subject in one place: the mean of its effect, and how often it was seen."""

    mean: float = 0.0
    count: int = 0

    def drawn(self, rng: Random) -> float:
        """A draw from its posterior."""
        return rng.gauss(self.mean, SPREAD / math.sqrt(self.count + PRIOR))


@dataclass(frozen=True)
class Talents:
    """What every subject adds to a pair's score.

    Attributes:
        mean: μ.
        upright: u, subject by subject.
        viewed: w.
    """

    mean: float
    upright: Mapping[str, Effect]
    viewed: Mapping[str, Effect]


def talents_of(scores: Mapping[Pair, float]) -> Talents:
    """Fit the effects to the scores of pairs, one side after the other, a few times."""
    if not scores:
        return Talents(0.0, {}, {})
    mean = sum(scores.values()) / len(scores)
    upright: dict[str, Effect] = {}
    viewed: dict[str, Effect] = {}
    for _ in range(ROUNDS):
        upright = _effects({pair: score - mean - _mean(viewed, pair[1]) for pair, score in scores.items()}, 0)
        viewed = _effects({pair: score - mean - _mean(upright, pair[0]) for pair, score in scores.items()}, 1)
    return Talents(mean, upright, viewed)


def pool(subjects: Sequence[str], tried: int, seed: int) -> list[str]:
    """The subjects that are in play after so many pairs: the first of an order that the seed gives."""
    order = Random(seed).sample(list(subjects), len(subjects))
    return order[: math.ceil(FIRST_POOL + WIDENING * math.sqrt(tried))]


def proposals(subjects: Sequence[str], scores: Mapping[Pair, float], count: int, seed: int) -> list[Pair]:
    """The pairs to try next, each new: neither it nor its reverse was tried. Fewer where no more are left."""
    in_play, talents = pool(subjects, len(scores), seed), talents_of(scores)
    rng = Random(f"{seed} {len(scores)}")
    upright = {name: talents.upright.get(name, Effect()).drawn(rng) for name in in_play}
    viewed = {name: talents.viewed.get(name, Effect()).drawn(rng) for name in in_play}
    new = [(a, b) for a in in_play for b in in_play if a != b and (a, b) not in scores and (b, a) not in scores]
    chosen: list[Pair] = []
    used: dict[str, int] = {}
    for a, b in sorted(new, key=lambda pair: -(upright[pair[0]] + viewed[pair[1]])):
        # No subject fills a round: what is learnt of it is the same after two.
        if (b, a) in chosen or used.get(a, 0) > 1 or used.get(b, 0) > 1:
            continue
        chosen.append((a, b))
        used[a], used[b] = used.get(a, 0) + 1, used.get(b, 0) + 1
        if len(chosen) == count:
            break
    return chosen


def _effects(residuals: Mapping[Pair, float], side: int) -> dict[str, Effect]:
    sums: dict[str, list[float]] = {}
    for pair, residual in residuals.items():
        sums.setdefault(pair[side], []).append(residual)
    return {name: Effect(sum(own) / (len(own) + PRIOR), len(own)) for name, own in sums.items()}


def _mean(effects: Mapping[str, Effect], name: str) -> float:
    return effects.get(name, Effect()).mean
