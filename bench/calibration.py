"""What a score means: fitted on 40 pairs, reported on 60 others; and how often the two judges disagree.

    python bench/calibration.py [--device cuda] [--numbers FILE] [--write] [--plot docs/pictures] [--quick]

Candidates are unselected. For each kind of judge, Platt's two numbers turn the selecting judge's least log-odds into
the probability that the reporting judge reads every look as asked. The expected calibration error has bins of equal
count, of 100 pictures or more; "chosen" are the best of each eight by the selecting judge. --write puts numbers
fitted to all pairs into the package, beside the judges; they hold for the judge scale of these candidates
(--judge-scale) alone. With --numbers nothing is made: the candidates are those of which search_yield.py --save kept
what both judges say, two fifths of the pairs to fit on.
"""

import argparse
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import torch
from fitting import Bin, expected_calibration_error, fit, reliability, write
from pairs import Court, Judged, Maker, Pair, add_options, digit_pairs, judge_all, opened, share, word_pairs
from safetensors import safe_open
from torch import Tensor

from duckrabbit.judges.calibration import FILE, Calibration, guiding_checksum, margins
from duckrabbit.models.model import Model

FITTED, REPORTED, GROUP = 40, 60, 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, 64)
    parser.add_argument("--digits", default="mnist-ddpm-class", help="the model of digits")
    parser.add_argument("--only", choices=("digits", "pictures"), help="one kind of judge alone")
    parser.add_argument("--least", type=int, default=100, help="pictures in a bin")
    parser.add_argument("--numbers", type=Path, help="what search_yield.py --save wrote")
    parser.add_argument("--write", action="store_true", help="put the numbers into the package")
    parser.add_argument("--plot", type=Path, help="a folder for the reliability plots (needs matplotlib)")
    options = parser.parse_args()
    for kind, name in (("digits", options.digits), ("pictures", options.model)):
        if options.only in (None, kind):
            calibrate(opened(name, options), options)


def calibrate(model: Model, options: argparse.Namespace) -> None:
    """Fit, report, and write one kind's numbers."""
    court = Court.of(model)
    kind = court.selecting.kind
    if options.numbers is not None:
        fitted, reported = saved(options.numbers, model, court)
    else:
        maker, candidates = Maker.of(model, options), GROUP if options.quick else options.candidates
        fitted_on, reported_on = split(court, quick=options.quick, seed=options.seed, few=options.pairs < REPORTED)
        fitted, reported = (judge_all(pairs, candidates, maker, court) for pairs in (fitted_on, reported_on))
        disagreement(reported)
    candidates = len(fitted[0].readings)
    scale = model.illusion_sampler.judge_scale
    calibration = fit(
        margins(torch.cat([own.readings for own in fitted])),
        torch.cat([own.read() for own in fitted]),
        scale,
        guiding_checksum(kind, scale),
    )
    print(f"\n{kind}: fitted on {len(fitted)} pairs, {candidates} candidates each, "
          f"judge scale {calibration.judge_scale:g}: "
          f"p = 1/(1 + exp(−({calibration.intercept:.3f}) − {calibration.slope:.3f} m))")  # fmt: skip
    table(fitted, calibration, "fitted", options.least)
    every = table(reported, calibration, "reported", options.least)
    chosen = table([best_of_groups(own) for own in reported], calibration, "chosen", options.least)
    if options.plot is not None:
        plot(options.plot / f"reliability-{kind}.png", kind, {"unselected": every, "best of eight": chosen})
    if options.write:
        # What is told is of all pairs; what was measured of it, of those that had no part in the numbers above.
        calibration = fit(
            margins(torch.cat([own.readings for own in (*fitted, *reported)])),
            torch.cat([own.read() for own in (*fitted, *reported)]),
            scale,
            guiding_checksum(kind, scale),
        )
        measured = {
            "model": model.name,
            "reporting_judge": court.reporting.checksum,
            "pairs": [len(fitted), len(reported)],
            "candidates": candidates,
            "expected_calibration_error": round(expected_calibration_error(every), 4),
            "expected_calibration_error_chosen": round(expected_calibration_error(chosen), 4),
        }
        path = Path(str(files("duckrabbit.models"))) / "weights" / FILE
        write(path, court.selecting, calibration, measured)
        print(f"wrote {path}")


def saved(path: Path, model: Model, court: Court) -> tuple[list[Judged], list[Judged]]:
    """What was kept of a run of search_yield.py: two fifths of the pairs to fit on, and the others."""
    prefix = {"pictures": "words", "digits": "digits"}[court.selecting.kind]
    scale = model.illusion_sampler.judge_scale
    with safe_open(path, framework="pt") as file:
        whose = json.loads(file.metadata()[prefix])
        readings, places, logs = (file.get_tensor(f"{prefix}.{name}") for name in ("readings", "places", "logs"))
    if whose["judges"] != court.checksums(scale) or whose["judge_scale"] != scale:
        raise SystemExit(f"{path} is of other judges, or another judge scale: run search_yield.py --save again.")
    nothing = torch.empty(readings.shape[1], 0)
    every = [
        Judged(nothing, own, place, {}, nothing, log) for own, place, log in zip(readings, places, logs, strict=True)
    ]
    first = len(every) * FITTED // (FITTED + REPORTED)
    return every[:first], every[first:]


def split(court: Court, quick: bool, seed: int, few: bool) -> tuple[list[Pair], list[Pair]]:
    """Pairs to fit on, and others to report on; where a third is asked for, a third of each."""
    first, second = (2, 3) if quick else (FITTED // 3, REPORTED // 3) if few else (FITTED, REPORTED)
    if court.selecting.kind == "digits":
        every = digit_pairs()
        order = torch.randperm(len(every), generator=torch.Generator().manual_seed(seed)).tolist()
        pairs = [every[k] for k in order]
    else:
        pairs = word_pairs(court, first + second, seed)
    return pairs[:first], pairs[first : first + second]


def best_of_groups(judged: Judged) -> Judged:
    """Of each eight candidates the one that the selecting judge would take."""
    groups = len(judged.pictures) // GROUP
    best = judged.scores[: groups * GROUP].view(groups, GROUP).argmax(dim=1) + GROUP * torch.arange(groups)
    return judged.rows(best)


def table(judged: Sequence[Judged], calibration: Calibration, title: str, least: int) -> list[Bin]:
    """What was told and what was found, bin by bin."""
    told = calibration.probabilities(margins(torch.cat([own.readings for own in judged])))
    agreed = torch.cat([own.read() for own in judged])
    bins = reliability(told, agreed, least)
    print(f"{title}: {len(told)} pictures, {share(agreed).strip()} read as asked, "
          f"expected calibration error {expected_calibration_error(bins):.4f}")  # fmt: skip
    for own in bins:
        print(f"    {own.count:5} pictures  told {own.told:6.1%}  found {own.found:6.1%}")
    return bins


def disagreement(judged: Sequence[Judged]) -> None:
    """How often the judges differ."""
    agree = torch.cat([own.agree.flatten() for own in judged])
    both = torch.cat([own.read() for own in judged])
    best = torch.stack([own.read()[own.scores.argmax()] for own in judged])
    ranks = torch.stack([rank_correlation(own.scores, own.logs.amin(dim=1)) for own in judged])
    print(f"the judges' first readings of a look differ in {share(~agree).strip()}; within a pair their scores' rank "
          f"correlation is {float(ranks.nanmean()):.2f}; the selecting judge's choice is read as asked for "
          f"{share(best).strip()} of pairs, any candidate in {share(both).strip()}")  # fmt: skip


def rank_correlation(a: Tensor, b: Tensor) -> Tensor:
    """Spearman's."""
    ranks = torch.stack([own.argsort().argsort().double() for own in (a, b)])
    return torch.corrcoef(ranks)[0, 1]


def plot(path: Path, kind: str, curves: dict[str, list[Bin]]) -> None:
    """Told against found."""
    try:
        import matplotlib
    except ImportError:
        print("no plot: matplotlib is not there")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(4.2, 4.2))
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    for name, bins in curves.items():
        axes.plot([own.told for own in bins], [own.found for own in bins], marker="o", markersize=4, label=name)
    axes.set(xlabel="told", ylabel="found by the reporting judge", title=f"{kind}", xlim=(0, 1), ylim=(0, 1))
    axes.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130, bbox_inches="tight")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
