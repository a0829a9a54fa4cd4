"""Which rungs drop the hopeless best: from candidates that are all finished, judged after every step.

    python bench/rungs.py [--model mnist-ddpm-class] [--device cuda] [--quick]

Simulates rungs of one and two rungs on what was recorded: a candidate goes on if its score is above the rung's bar or
among the block's best `least`. The best rungs by accepted illusions per evaluation are chosen on every other pair and
reported on the rest; accepted is what the reporting judge reads as asked in every look. The last column is the mean
over pairs of what each gains alone: a rungs that takes from hard pairs what easy ones gain is below 1 there.
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from pairs import Court, Pair, add_options, opened, pairs_of
from torch import Tensor

from duckrabbit.diffusion.sampling import State
from duckrabbit.making.make import make_all
from duckrabbit.making.pruning import RUNGS, Rung, Rungs
from duckrabbit.models.model import Model

AFTER = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)
LEAST = (1 / 32, 1 / 16, 1 / 8, 1 / 4)
QUANTILES = (0.15, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
BLOCK = 32


@dataclass(frozen=True)
class Recorded:
    """What became of the candidates of one pair.

    Attributes:
        scores: after each of the shares `AFTER` of the steps, [N, len(AFTER)].
        accepted: by the reporting judge, bool [N].
    """

    scores: Tensor
    accepted: Tensor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, 64)
    parser.add_argument("--judging", type=float, default=0.5, help="what judging a candidate costs, in steps")
    options = parser.parse_args()
    model = opened(options.model, options)
    court = Court.of(model)
    count = 4 if options.quick else options.pairs
    pairs = pairs_of(model, court, count, options.seed)
    candidates = BLOCK if options.quick else options.candidates
    records = [recorded(pair, candidates, model, court, options.batch) for pair in pairs]
    steps = model.illusion_sampler.steps
    fitted, held_out = records[::2], records[1::2]
    every = torch.cat([own.scores for own in fitted])
    bars = [torch.quantile(every[:, k], torch.tensor(QUANTILES)).tolist() for k in range(len(AFTER))]
    results = [(rate(rungs, fitted, steps, options.judging), rungs) for rungs in several(bars)]
    results.sort(key=lambda result: -result[0])
    print(f"{sum(int(own.accepted.sum()) for own in records)} of {len(records) * candidates} accepted")
    print(
        "accepted per evaluation, as a multiple of finishing everybody: on the pairs that chose it, on the others, and "
        "the mean of every pair alone"
    )
    shipped = RUNGS[model.kind]
    for name, rungs in [("shipped", shipped)] + [(f"{k + 1}.", own) for k, (_, own) in enumerate(results[:8])]:
        text = "; ".join(f"after {rung.after:g}: {rung.bar:.2f} or best {rung.least:.3g}" for rung in rungs)
        print(f"{name:8} {rate(rungs, fitted, steps, options.judging):5.2f}× "
              f"{rate(rungs, held_out, steps, options.judging):5.2f}× "
              f"{alone(rungs, records, steps, options.judging):5.2f}×  {text}")  # fmt: skip


def several(bars: Sequence[Sequence[float]]) -> Iterator[Rungs]:
    """Rungss to compare; `bars` are scores for each of the shares `AFTER`."""
    for i, after in enumerate(AFTER):
        for least, bar in itertools.product(LEAST, bars[i]):
            yield (Rung(after, least, bar),)
            for j, more, second in itertools.product(range(i + 1, len(AFTER)), (1, 2, 4), range(len(QUANTILES))):
                yield (Rung(after, min(1.0, more * least), bar), Rung(AFTER[j], least, bars[j][second]))


def recorded(pair: Pair, count: int, model: Model, court: Court, batch: int | None) -> Recorded:
    """Make a pair's candidates and judge x̂_0 on the way."""
    question = court.question(pair.recipe)
    size = batch or (512 if model.device.type == "cuda" else BLOCK)
    on_the_way: list[list[Tensor]] = [[] for _ in AFTER]
    steps = model.illusion_sampler.steps

    def watch(state: State) -> None:
        for k, after in enumerate(AFTER):
            if state.i + 1 == max(1, round(after * steps)):
                on_the_way[k].append(question.scores(state.x0))

    pictures = make_all([pair.recipe] * count, model, range(count), watch, batch_size=size)
    accepted = court.judge(pair.recipe, torch.stack([picture.pixels for picture in pictures])).read()
    print(f"{pair}: {int(accepted.sum())} of {count}", flush=True)
    return Recorded(torch.stack([torch.cat(own) for own in on_the_way], dim=1), accepted)


def rate(rungs: Rungs, records: Sequence[Recorded], steps: int, judging: float) -> float:
    """Accepted illusions per evaluation, over that of finishing and judging everybody."""
    found = cost = everything = full = 0.0
    for own in records:
        for scores, accepted in zip(torch.split(own.scores, BLOCK), torch.split(own.accepted, BLOCK), strict=True):
            rows, at = torch.arange(len(scores)), 0
            for rung in rungs:
                k, step = AFTER.index(rung.after), max(1, round(rung.after * steps))
                cost += len(rows) * (step - at + judging)
                rows, at = rows[rung.passed(scores[rows, k], len(scores))], step
            cost += len(rows) * (steps - at + judging)
            found += float(accepted[rows].sum())
            everything += float(accepted.sum())
            full += len(scores) * (steps + judging)
    return (found / cost) / (everything / full) if everything else float("nan")


def alone(rungs: Rungs, records: Sequence[Recorded], steps: int, judging: float) -> float:
    """The mean of `rate` over the pairs of which anything is accepted, each alone."""
    rates = [rate(rungs, [own], steps, judging) for own in records if own.accepted.any()]
    return sum(rates) / len(rates) if rates else float("nan")


if __name__ == "__main__":
    main()
