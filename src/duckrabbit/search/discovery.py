"""Which pairs to try next: subjects that did well in a view are asked for again, with others and with each other.

A pair's score is taken to be μ + u_a + w_b: how well the first subject stands upright, and how well the second is read
through the view. Each effect has a normal prior, about what was measured of the subject (`search.priors`),
and a posterior; new pairs are those that look best when every effect is drawn from its own (Thompson, 1933), so that
what is little known is tried, too. The pool of subjects widens as it goes on.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

Pair = tuple[str, str]
SubjectPriors = Mapping[str, float]
"""What a subject is known to add to a pair's score, in units of log p, whichever side it is on and by any view."""

FIRST_POOL, WIDENING = 16, 4.0
"""So many subjects at first, and after n pairs `WIDENING` √n more."""

UNKNOWN, MEASURED = 2.0, 30.0
"""An effect's prior is believed as if it had been seen so many times; the latter where the talent was measured."""

SPREAD = 2.0
"""The standard deviation of a pair's score about what its subjects explain, in units of log p."""

OFTEN = 2
"""A subject is asked for so many times a round: what is learnt of it after more is the same."""

ROUNDS = 5


@dataclass(frozen=True)
class Effect:
    """What is known of one subject in one place: the mean of its effect, and as from how many observations."""

    mean: float = 0.0
    weight: float = UNKNOWN

    def drawn(self, rng: Random) -> float:
        """A draw from its distribution."""
        return rng.gauss(self.mean, SPREAD / math.sqrt(self.weight))

    def after(self, residuals: Sequence[float]) -> "Effect":
        """Its posterior."""
        weight = self.weight + len(residuals)
        return Effect((self.weight * self.mean + sum(residuals)) / weight, weight)


def prior(subject: str, subject_priors: SubjectPriors) -> Effect:
    """What is known of a subject before it was tried."""
    return Effect(subject_priors[subject], MEASURED) if subject in subject_priors else Effect()


@dataclass(frozen=True)
class Effects:
    """What every subject adds to a pair's score.

    Attributes:
        upright: u, subject by subject.
        viewed: w.
    """

    upright: Mapping[str, Effect]
    viewed: Mapping[str, Effect]


def effects_of(subjects: Sequence[str], scores: Mapping[Pair, float], subject_priors: SubjectPriors) -> Effects:
    """Fit the effects to the scores of pairs of these subjects: μ, then one side after the other, a few times."""
    priors = {name: prior(name, subject_priors) for name in subjects}
    upright = viewed = priors
    for _ in range(ROUNDS if scores else 0):
        mean = sum(score - upright[a].mean - viewed[b].mean for (a, b), score in scores.items()) / len(scores)
        upright = _posteriors(priors, [(a, score - mean - viewed[b].mean) for (a, b), score in scores.items()])
        viewed = _posteriors(priors, [(b, score - mean - upright[a].mean) for (a, b), score in scores.items()])
    return Effects(upright, viewed)


def pool(subjects: Sequence[str], size: float, seed: int, subject_priors: SubjectPriors) -> list[str]:
    """The subjects that are in play: the first of an order that the seed draws from what is known of them."""
    rng = Random(seed)
    drawn = {name: prior(name, subject_priors).drawn(rng) for name in subjects}
    return sorted(subjects, key=lambda name: -drawn[name])[: math.ceil(size)]


def proposals(
    subjects: Sequence[str],
    scores: Mapping[Pair, float],
    count: int,
    seed: int,
    subject_priors: SubjectPriors,
    around: str = "",
) -> list[Pair]:
    """The pairs to try next, each new: neither it nor its reverse was tried. Fewer where no more are left.

    Where there is a subject `around`, each has it.
    """
    effects, rng = effects_of(subjects, scores, subject_priors), Random(f"{seed} {len(scores)}")
    size = max(count, FIRST_POOL + WIDENING * math.sqrt(len(scores) + count))
    in_play = pool(subjects, size, seed, subject_priors)
    if around and around not in in_play:
        in_play.append(around)
    upright = {name: effects.upright[name].drawn(rng) for name in in_play}
    viewed = {name: effects.viewed[name].drawn(rng) for name in in_play}
    every = [(a, b) for a in in_play for b in in_play if a != b and (not around or around in (a, b))]
    new = [(a, b) for a, b in every if (a, b) not in scores and (b, a) not in scores]
    chosen: dict[Pair, None] = {}
    for often in (OFTEN, math.inf):
        used: dict[str, int] = {}
        for a, b in sorted(new, key=lambda pair: -(upright[pair[0]] + viewed[pair[1]])):
            if len(chosen) == count:
                break
            if (a, b) in chosen or (b, a) in chosen or max(used.get(a, 0), used.get(b, 0)) >= often:
                continue
            chosen[a, b] = None
            used[a], used[b] = used.get(a, 0) + 1, used.get(b, 0) + 1
    return list(chosen)


def _posteriors(priors: Mapping[str, Effect], residuals: Sequence[tuple[str, float]]) -> dict[str, Effect]:
    own: dict[str, list[float]] = {name: [] for name in priors}
    for name, residual in residuals:
        own[name].append(residual)
    return {name: effect.after(own[name]) for name, effect in priors.items()}
