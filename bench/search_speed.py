"""How many accepted illusions a minute: candidates in blocks with early dropping, against one after another in full.

    OMP_NUM_THREADS=2 python bench/search_speed.py [--model mnist-ddpm-class] [--hunt 6] [--quick]

Both look at the same seeds of the same pairs. An illusion is accepted when the reporting judge reads every look as
asked. The plain loop is timed on a few candidates, each made and judged in full, alone; how many of all it would
accept is counted on all of them. The judge's time counts on both sides. See rungs.py for the choice of
the rungs. --hunt lets `discover` choose the pairs, so many minutes for each view; its pictures are
accepted by the same judge in the same way, one a pair at the most.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from pairs import Court, Maker, Pair, add_options, opened, pairs_of
from torch import Tensor

from duckrabbit.judges.subjects import subjects_of
from duckrabbit.making.best_of import Search, search_for
from duckrabbit.making.plan import plan
from duckrabbit.making.pruning import RUNGS, Rungs
from duckrabbit.media.pictures import read_picture
from duckrabbit.models.model import Model
from duckrabbit.search.discover import PairSearch, collection, discover
from duckrabbit.search.priors import shipped_for

TIMED = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, 64)
    parser.add_argument("--hunt", type=float, default=0.0, help="minutes to discover for in each view")
    options = parser.parse_args()
    model = opened(options.model, options)
    court = Court.of(model)
    count = 3 if options.quick else options.pairs
    pairs = pairs_of(model, court, count, options.seed)
    candidates = 32 if options.quick else options.candidates
    print(f"{len(pairs)} pairs, {candidates} candidates each, {torch.get_num_threads()} threads")

    finished = Maker.of(model, options).pictures([pair.recipe for pair in pairs], candidates)
    accepted = sum(int(court.judge(p.recipe, x).read().sum()) for p, x in zip(pairs, finished, strict=True))
    each = plain_seconds(pairs, model)
    total = len(pairs) * candidates
    plain = accepted / (each * total / 60)
    print(f"plain loop: {each:.3f} s a candidate, {accepted} of {total} accepted, {plain:.2f} accepted a minute")
    print(f"{'rungs':14} {'s a candidate':>13} {'accepted':>9} {'a minute':>9} {'against plain':>13} {'best kept':>9}")
    for rungs in ((), RUNGS[court.selecting.kind]):
        seconds, found, kept = searched(pairs, finished, model, court, rungs)
        rate = found / (seconds / 60)
        gain = rate / plain if plain else float("nan")
        name = "dropping" if rungs else "nobody dropped"
        print(f"{name:14} {seconds / total:13.3f} {found:9} {rate:9.2f} {gain:12.2f}× {kept:8.0%}", flush=True)
    if options.hunt:
        views = {pair.view: pair.style for pair in pairs}
        rates = [discovered(view, style, model, court, options.hunt) for view, style in views.items()]
        mean = sum(rates) / len(rates)
        print(f"discover: {mean:.2f} accepted a minute, {mean / plain if plain else float('nan'):.2f}× plain")


def search_of(pair: Pair, model: Model, count: int, rungs: Rungs) -> Search:
    return search_for(plan(pair.recipe, model), 1, 0, count, rungs)


def discovered(view: str, style: str, model: Model, court: Court, minutes: float) -> float:
    """Accepted pictures a minute, each of another pair, where `discover` chooses the pairs."""
    subjects = subjects_of(court.selecting)
    search = PairSearch(
        model, court.selecting, None, subjects, view, style, subject_priors=shipped_for(model.checksum, court.selecting)
    )
    with TemporaryDirectory() as folder:
        kept = collection(Path(folder), "search", search)
        started = time.perf_counter()
        findings = discover(search, kept, 60 * minutes, lambda _: None)
        seconds = time.perf_counter() - started
        accepted = 0
        for found in findings.finished.values():
            pixels = read_picture(kept.picture(found), model.size, model.channels)
            accepted += int(court.judge(search.recipe(found.pair), pixels[None]).read().sum())
    rate = accepted / (seconds / 60)
    print(f"discover {style} {view}: {len(findings.tried)} tried, {len(findings.finished)} finished, "
          f"{accepted} accepted, {rate:.2f} a minute", flush=True)  # fmt: skip
    return rate


def plain_seconds(pairs: Sequence[Pair], model: Model) -> float:
    """What a candidate costs that is made and judged in full, alone."""
    chosen = [(search_of(pairs[k % len(pairs)], model, TIMED, ()).contest, k) for k in range(TIMED)]
    chosen[0][0].alone(0)
    started = time.perf_counter()
    for contest, seed in chosen:
        contest.alone(seed)
    return (time.perf_counter() - started) / TIMED


def searched(
    pairs: Sequence[Pair], wholes: Sequence[Tensor], model: Model, court: Court, rungs: Rungs
) -> tuple[float, int, float]:
    """Seconds, accepted illusions, and for how many pairs the best of all candidates was not dropped."""
    seconds, found, kept = 0.0, 0, 0
    for pair, whole in zip(pairs, wholes, strict=True):
        search = search_of(pair, model, len(whole), rungs)
        started = time.perf_counter()
        finished = [candidate for block in search.run() for candidate in block.finished]
        if model.device.type == "cuda":
            torch.cuda.synchronize()
        seconds += time.perf_counter() - started
        pixels = torch.stack([own.picture.pixels for own in finished])
        found += int(court.judge(pair.recipe, pixels).read().sum())
        best = int(search.contest.question.scores(whole).argmax())
        kept += best in {own.scored.seed for own in finished}
    return seconds, found, kept / len(pairs)


if __name__ == "__main__":
    main()
