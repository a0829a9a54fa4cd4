"""Measure what each everyday subject adds to an anagram of pocket's; duckrabbit.search.priors says what for.

    python tools/measure_subject_priors.py measure part0.safetensors --minutes 8 --seed 0 [--device cuda]
    python tools/measure_subject_priors.py fit part*.safetensors subject-priors.json [--before TABLE]

`measure` makes one anagram each of random pairs, by several views and in several styles, and asks the selecting judge.
Parts of different seeds may be measured side by side. `--before` begins from an earlier model's table, as far as the
new scores bear it out: two thousand anagrams are too few to tell hundreds of subjects apart, but enough to tell what
has changed. The reporting judge has no say, so that it can tell how good the advice is.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import torch
from safetensors.torch import load_file
from torch import Tensor

from duckrabbit.judges.calibration import guiding_checksum
from duckrabbit.judges.judge import load_judge
from duckrabbit.judges.question import question_of, scores_each
from duckrabbit.judges.subjects import prompt_for, subjects_of
from duckrabbit.making.make import make_all
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.tensors import write_tensors
from duckrabbit.models.load import load_model
from duckrabbit.recipes.anagram import Anagram

VIEWS = ("flip", "rotate-90", "rotate-180", "jigsaw", "inner-circle", "skew", "negate")
STYLES = ("a cartoon of", "an oil painting of", "a lithograph of", "a watercolor of", "a photo of")

ROUNDS = 20
BELIEF = 32.0
"""A prior is believed as if it had been seen so many times to be nought, or what an earlier table says: with less, the
greatest are those with the most luck."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure")
    measuring.add_argument("out", type=Path)
    measuring.add_argument("--minutes", type=float, default=8.0)
    measuring.add_argument("--seed", type=int, default=0)
    measuring.add_argument("--batch", type=int, default=512)
    measuring.add_argument("--device", default="auto")
    fitting = commands.add_parser("fit")
    fitting.add_argument("parts", type=Path, nargs="+")
    fitting.add_argument("out", type=Path)
    fitting.add_argument("--before", type=Path, help="the table of an earlier model")
    options = parser.parse_args()
    if options.command == "measure":
        measure(options.out, options.minutes, options.seed, options.batch, options.device)
    else:
        fit_parts(options.parts, options.out, options.before)


def measure(out: Path, minutes: float, seed: int, batch: int, device: str) -> None:
    """Random pairs, batch by batch, until the time is over; the file is whole after each."""
    model = load_model("pocket", device)
    judge = load_judge("pictures", "selecting", model.device)
    subjects, rng, end = subjects_of(judge), Random(seed), time.monotonic() + 60 * minutes
    rows: list[tuple[int, int, int]] = []
    scores: list[torch.Tensor] = []
    while time.monotonic() < end:
        view, style = len(scores) % len(VIEWS), rng.choice(STYLES)
        pairs = [tuple(rng.sample(range(len(subjects)), 2)) for _ in range(batch)]
        recipes = [Anagram((prompt_for(subjects[a], style), prompt_for(subjects[b], style)), (VIEWS[view],))
                   for a, b in pairs]  # fmt: skip
        seeds = [1_000_000 * seed + len(rows) + k for k in range(batch)]
        pixels = torch.stack([made.pixels for made in make_all(recipes, model, seeds, batch_size=batch)])
        scores.append(scores_each([question_of(judge, recipe.looks) for recipe in recipes], pixels))
        rows += [(a, b, view) for a, b in pairs]
        columns = torch.tensor(rows, dtype=torch.int16).T.contiguous()
        write_tensors(out, {"a": columns[0], "b": columns[1], "view": columns[2], "score": torch.cat(scores)}, {})
        print(f"{len(rows)} anagrams, mean score {torch.cat(scores).mean():.3f}", flush=True)


def fit_parts(parts: list[Path], out: Path, before: Path | None) -> None:
    """The subject_priors in what was measured, and how well those of one half of it tell the other half's scores."""
    loaded = [load_file(str(part)) for part in parts]
    data = {name: torch.cat([part[name] for part in loaded]) for name in ("a", "b", "view", "score")}
    a, b, scores = data["a"].long(), data["b"].long(), data["score"].double()
    for view in range(len(VIEWS)):
        own = data["view"] == view
        if bool(own.any()):
            scores[own] -= scores[own].mean()
    judge = load_judge("pictures", "selecting")
    subjects = subjects_of(judge)
    table = json.loads(before.read_text("utf-8"))["priors"] if before else {}
    known = torch.tensor([table.get(subject, 0.0) for subject in subjects], dtype=torch.float64)
    share = share_kept(known[a] + known[b], scores)
    kept = share * known
    left = scores - kept[a] - kept[b]
    half = torch.arange(len(a)) % 2 == 0
    of_half = kept + fit(a[half], b[half], left[half], len(subjects))
    told = (of_half[a] + of_half[b])[~half]
    print(f"{share:.2f} of the table before is kept")
    print(f"{len(a)} anagrams; of half of them, told against found in the other: "
          f"{torch.corrcoef(torch.stack([told, scores[~half]]))[0, 1]:.3f}")  # fmt: skip
    model = load_model("pocket", "cpu")
    judges = {
        "guiding": guiding_checksum("pictures", model.illusion_sampler.judge_scale),
        "selecting": judge.checksum,
    }
    write(out, model.checksum, judges, subjects, kept + fit(a, b, left, len(subjects)), len(a))
    print(f"wrote {out}")


def share_kept(told: Tensor, scores: Tensor) -> float:
    """How much of what a table tells of pairs is in their scores, by least squares, from 0 to 1."""
    return min(1.0, max(0.0, float((told * scores).sum() / told.square().sum().clamp_min(1e-12))))


def fit(a: Tensor, b: Tensor, scores: Tensor, count: int) -> Tensor:
    """The subject_priors [count] g in score ≈ g_a + g_b + a constant.

    Args:
        a: the first subject of each pair, int64 [N].
        b: the second.
        scores: of the pairs, [N], those of each view less their mean.
        count: of the subjects.
    """
    left = scores.double() - scores.double().mean()
    seen = torch.bincount(a, minlength=count) + torch.bincount(b, minlength=count)
    subject_priors = torch.zeros(count, dtype=torch.float64)
    for _ in range(ROUNDS):
        own = torch.zeros(count, dtype=torch.float64)
        own.index_add_(0, a, left - subject_priors[b]).index_add_(0, b, left - subject_priors[a])
        subject_priors = own / (seen + BELIEF)
    return subject_priors


def write(
    path: Path, model: str, judges: Mapping[str, str], subjects: Sequence[str], subject_priors: Tensor, n: int
) -> None:
    """Write a table of subject_priors, the greatest first, and what it was measured on."""
    order = sorted(range(len(subjects)), key=lambda k: (-float(subject_priors[k]), subjects[k]))
    table = {subjects[k]: round(float(subject_priors[k]), 3) for k in order}
    data = {"hold_for": [{"model": model, "judges": dict(judges)}], "anagrams": n, "priors": table}
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
