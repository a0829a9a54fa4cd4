"""How often a search finds an illusion that the other judge reads, next to no selection and chance.

    python bench/search_yield.py [--device cuda] [--sheet winners.png] [--quick]

For each pair of prompts all candidates are finished; the selecting judge chooses the best of 8 and of 64, and the
reporting judge says whether the choice is read as asked both ways: as its first of all its names, as the first of the
562 everyday names, and among the first five of all. Pairs: 60 random ones of everyday subjects (20 for each of flip,
rotate-90, rotate-180, in four styles) with pocket, and all 110 pairs of digits by flip and by rotate-180.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from pairs import (
    DIGIT_VIEWS,
    STYLES,
    VIEWS,
    Court,
    Judged,
    Maker,
    Pair,
    add_options,
    digit_pairs,
    opened,
    save_sheet,
    share,
    word_pairs,
)
from torch import Tensor

FEW, PAIRS_AT_ONCE = 8, 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, 64)
    parser.add_argument("--digits", default="mnist-ddpm-class", help="the model of digits, or none")
    parser.add_argument("--digit-views", nargs="*", choices=DIGIT_VIEWS, default=DIGIT_VIEWS)
    parser.add_argument("--words", choices=("yes", "no"), default="yes", help="whether to try the pairs of words")
    parser.add_argument("--sheet", type=Path, help="where to put a sheet of the winners")
    options = parser.parse_args()
    candidates = FEW if options.quick else options.candidates

    if options.words == "yes":
        model = opened(options.model, options)
        court = Court.of(model)
        pairs = word_pairs(court, 3 if options.quick else options.pairs, options.seed)
        judged = judge_all(pairs, candidates, Maker.of(model, options), court)
        names, restricted = len(court.reporting.names), len(court.restricted)
        print(f"\n{len(pairs)} random pairs, {candidates} candidates each, by {model.name}; {names} names")
        print(f"chance both ways: first 1 in {names**2:,}, of {restricted} 1 in {restricted**2:,}, "
              f"first five 1 in {names**2 // 25:,}")  # fmt: skip
        table(pairs, judged, [("all", every)])
        table(pairs, judged, [(view, lambda pair, view=view: pair.view == view) for view in VIEWS])
        table(pairs, judged, [(style, lambda pair, style=style: pair.style == style) for style in STYLES])
        if options.sheet is not None:
            winners(options.sheet, pairs, judged, court)
    if options.digits != "none":
        model = opened(options.digits, options)
        court = Court.of(model)
        pairs = [pair for pair in digit_pairs(6 if options.quick else None) if pair.view in options.digit_views]
        judged = judge_all(pairs, candidates, Maker.of(model, options), court)
        print(f"\n{len(pairs)} pairs of digits, {candidates} candidates each, by {model.name}; chance both ways 1 %")
        table(pairs, judged, [("all", every)])
        table(pairs, judged, [(view, lambda pair, view=view: pair.view == view) for view in DIGIT_VIEWS])


def every(pair: Pair) -> bool:  # noqa: ARG001
    """All pairs."""
    return True


def judge_all(pairs: Sequence[Pair], candidates: int, maker: Maker, court: Court) -> list[Judged]:
    """Every pair's candidates, finished and judged."""
    started, judged = time.perf_counter(), []
    for first in range(0, len(pairs), PAIRS_AT_ONCE):
        own = [pair.recipe for pair in pairs[first : first + PAIRS_AT_ONCE]]
        judged += [court.judge(recipe, x) for recipe, x in zip(own, maker.pictures(own, candidates), strict=True)]
    seconds = time.perf_counter() - started
    print(f"{len(pairs) * candidates} candidates in {seconds:.0f} s", flush=True)
    return judged


def table(
    pairs: Sequence[Pair], judged: Sequence[Judged], groups: Sequence[tuple[str, Callable[[Pair], bool]]]
) -> None:
    """A block of lines for each way of counting, a line for each group of pairs."""
    ways: list[tuple[str, Callable[[Judged], Tensor]]] = [
        ("first of all", lambda own: own.read()),
        ("first of the everyday", lambda own: own.read_among()),
        ("among the first five", lambda own: own.read(5)),
    ]
    print(f"\n{'read both ways':22} {'pairs':20} {'n':>3}  {'unselected':>10}  {'any of all':>10}  {'best of 8':>9}  "
          f"{'best of ' + str(len(judged[0].pictures)):>10}")  # fmt: skip
    for name, way in ways:
        for title, belongs in groups:
            own = [verdict for pair, verdict in zip(pairs, judged, strict=True) if belongs(pair)]
            if not own:
                continue
            unselected = torch.cat([way(verdict) for verdict in own])
            exists = [bool(way(verdict).any()) for verdict in own]
            few = torch.cat([best_of_each(verdict, way, FEW) for verdict in own])
            most = torch.cat([best_of_each(verdict, way, len(verdict.pictures)) for verdict in own])
            print(f"{name:22} {title:20} {len(own):3}  {share(unselected):>10}  {share(exists):>10}  {share(few):>9}  "
                  f"{share(most):>10}", flush=True)  # fmt: skip


def best_of_each(judged: Judged, way: Callable[[Judged], Tensor], size: int) -> Tensor:
    """Whether the selecting judge's choice is read, for each whole group of `size` candidates."""
    groups = len(judged.pictures) // size
    scores, hits = judged.scores[: groups * size].view(groups, size), way(judged)[: groups * size].view(groups, size)
    return hits.gather(1, scores.argmax(dim=1, keepdim=True))[:, 0]


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
