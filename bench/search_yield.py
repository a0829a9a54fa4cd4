"""How often a search finds an illusion that the other judge reads, next to no selection and chance.

    python bench/search_yield.py [--device cuda] [--sheet winners.png] [--save FILE.safetensors] [--quick]

For each pair of prompts all candidates are finished; the selecting judge chooses the best of 8, 16, 32 and 64, and the
reporting judge says whether the choice is read as asked both ways: as its first of all its names, as the first of the
562 everyday names, as the first of those that the pairs of this run ask for, and among the first five of all. The best
of fewer than all is the mean over every draw of so many. Pairs: 60 random ones of everyday subjects (20 for each of
flip, rotate-90, rotate-180, in four styles) with pocket, and all 110 pairs of digits by flip and by rotate-180. With
--words proposed they are pairs as `discover` proposes them. --save keeps what both judges say of every candidate,
as `numbers` tells.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import comb
from pathlib import Path

import torch
from pairs import (
    ASKED,
    DIGIT_VIEWS,
    EVERYDAY,
    Court,
    Judged,
    Maker,
    Pair,
    add_options,
    digit_pairs,
    judge_all,
    opened,
    proposed_pairs,
    save_sheet,
    share,
    word_pairs,
)
from torch import Tensor

from duckrabbit.media.tensors import write_tensors
from duckrabbit.models.model import Model

SIZES = (8, 16, 32)
"""Of so many candidates, and of all, the best is looked at."""

Way = Callable[[Judged], Tensor]
"""From candidates to whether each is read both ways, [N]."""

FIRST: Mapping[str, Way] = {"first of all": lambda own: own.read()}
WAYS: Mapping[str, Way] = {
    **FIRST,
    "first of the everyday": lambda own: own.read_among(EVERYDAY),
    "first of those asked for": lambda own: own.read_among(ASKED),
    "among the first five": lambda own: own.read(5),
}


@dataclass(frozen=True)
class Tried:
    """Pairs, and what became of their candidates."""

    model: Model
    court: Court
    pairs: Sequence[Pair]
    judged: Sequence[Judged]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, 64)
    parser.add_argument("--digits", default="mnist-ddpm-class", help="the model of digits, or none")
    parser.add_argument("--digit-views", nargs="*", choices=DIGIT_VIEWS, default=DIGIT_VIEWS)
    parser.add_argument("--words", choices=("random", "proposed", "no"), default="random", help="which pairs of words")
    parser.add_argument("--sheet", type=Path, help="where to put a sheet of the winners")
    parser.add_argument("--save", type=Path, help="where to put what the judges say of every candidate (safetensors)")
    options = parser.parse_args()
    candidates = SIZES[0] if options.quick else options.candidates
    tried: dict[str, Tried] = {}

    if options.words != "no":
        model = opened(options.model, options)
        court = Court.of(model)
        count = 3 if options.quick else options.pairs
        proposed = options.words == "proposed"
        pairs = (
            proposed_pairs(court, model, count, options.seed) if proposed else word_pairs(court, count, options.seed)
        )
        court = court.of_pairs(pairs)
        judged = timed(pairs, candidates, Maker.of(model, options), court)
        tried["words"] = Tried(model, court, pairs, judged)
        if options.save is not None:
            save(options.save, tried)
        names, everyday, asked = (
            len(own) for own in (court.reporting.names, court.circles[EVERYDAY], court.circles[ASKED])
        )
        print(f"\n{len(pairs)} {options.words} pairs, {candidates} candidates each, by {model.name}; {names} names, "
              f"{everyday} everyday ones, {asked} asked for")  # fmt: skip
        print(f"chance both ways: first 1 in {names**2:,}, of the everyday 1 in {everyday**2:,}, of those asked for "
              f"1 in {asked**2:,}, first five 1 in {names**2 // 25:,}")  # fmt: skip
        table(pairs, judged, WAYS, lambda _: "all")
        table(pairs, judged, WAYS, lambda pair: pair.view)
        table(pairs, judged, WAYS, lambda pair: pair.style)
        if options.sheet is not None:
            winners(options.sheet, pairs, judged, court)
    if options.digits != "none":
        model = opened(options.digits, options)
        court = Court.of(model)
        pairs = [pair for pair in digit_pairs(6 if options.quick else None) if pair.view in options.digit_views]
        court = court.of_pairs(pairs)
        judged = timed(pairs, candidates, Maker.of(model, options), court)
        tried["digits"] = Tried(model, court, pairs, judged)
        if options.save is not None:
            save(options.save, tried)
        print(f"\n{len(pairs)} pairs of digits, {candidates} candidates each, by {model.name}; chance both ways 1 %")
        table(pairs, judged, FIRST, lambda _: "all")
        table(pairs, judged, FIRST, lambda pair: pair.view)


def timed(pairs: Sequence[Pair], candidates: int, maker: Maker, court: Court) -> list[Judged]:
    """What `judge_all` finds, and how long it took."""
    started = time.perf_counter()
    judged = judge_all(pairs, candidates, maker, court)
    seconds = time.perf_counter() - started
    print(f"{len(pairs) * candidates} candidates in {seconds:.0f} s", flush=True)
    return judged


def table(
    pairs: Sequence[Pair], judged: Sequence[Judged], ways: Mapping[str, Way], group: Callable[[Pair], str]
) -> None:
    """A block of lines for each way of counting, a line for each group of pairs."""
    count = len(judged[0].pictures)
    sizes = [size for size in SIZES if size < count] + [count]
    best = "".join(f"  {f'best of {size}':>10}" for size in sizes)
    print(f"\n{'read both ways':24} {'pairs':20} {'n':>3}  {'unselected':>10}  {'any of all':>10}{best}")
    for name, way in ways.items():
        for title in dict.fromkeys(map(group, pairs)):
            own = [verdict for pair, verdict in zip(pairs, judged, strict=True) if group(pair) == title]
            unselected = torch.cat([way(verdict) for verdict in own])
            exists = [bool(way(verdict).any()) for verdict in own]
            chosen = [[best_of(verdict.scores, way(verdict), size) for verdict in own] for size in sizes]
            shares = "".join(f"  {share(found):>10}" for found in chosen)
            print(
                f"{name:24} {title:20} {len(own):3}  {share(unselected):>10}  {share(exists):>10}{shares}", flush=True
            )


def best_of(scores: Tensor, hits: Tensor, size: int) -> float:
    """How likely it is that the best-scored of `size` random candidates is a hit.

    The k-th best of all N, from 0, is the best of C(N − 1 − k, size − 1) of the C(N, size) draws.
    """
    count = len(scores)
    best = (comb(count - 1 - int(k), size - 1) for k in hits[scores.argsort(descending=True)].nonzero())
    return sum(best) / comb(count, size)


def save(path: Path, tried: Mapping[str, Tried]) -> None:
    """The numbers of what was tried, and as metadata whose they are."""
    tensors = {f"{kind}.{name}": own for kind, one in tried.items() for name, own in numbers(one.judged).items()}
    write_tensors(path, tensors, {kind: json.dumps(whose(one)) for kind, one in tried.items()})
    print(f"wrote {path}", flush=True)


def numbers(judged: Sequence[Judged]) -> dict[str, Tensor]:
    """What both judges say of what is asked for, [pairs, N, L] each.

    readings is the selecting judge's log p, logs the reporting one's; places, everyday and asked are its place in the
    reporting judge's order, from 1, of all names and of each circle's.
    """
    return {
        "readings": torch.stack([own.readings for own in judged]),
        "logs": torch.stack([own.logs for own in judged]),
        "places": torch.stack([own.places for own in judged]),
        **{circle: torch.stack([own.among[circle] for own in judged]) for circle in (EVERYDAY, ASKED)},
    }


def whose(tried: Tried) -> dict[str, object]:
    """What made the pictures, who judged them, and what they should show."""
    scale = tried.model.illusion_sampler.judge_scale
    return {
        "model": {"name": tried.model.name, "sha256": tried.model.checksum},
        "judge_scale": scale,
        "judges": tried.court.checksums(scale),
        "pairs": [asdict(pair) for pair in tried.pairs],
    }


def winners(path: Path, pairs: Sequence[Pair], judged: Sequence[Judged], court: Court) -> None:
    """Every pair's best, upright and through its view, with what the reporting judge says."""
    pictures, labels = [], []
    for pair, own in zip(pairs, judged, strict=True):
        best = int(own.scores.argmax())
        looks = court.question(pair.recipe).looks
        for look, subject, place in zip(looks, (pair.a, pair.b), own.places[best].tolist(), strict=True):
            pictures.append(look.see(own.pictures[best][None])[0])
            labels.append(f"{subject} ({'read' if place == 1 else f'{place}.'})")
    save_sheet(path, pictures, labels, 12)


if __name__ == "__main__":
    main()
