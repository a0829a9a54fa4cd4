"""The published protocol for visual anagrams: alignment A and concealment C, their means and 0.9 quantiles.

    python bench/published_metrics.py --judge openai/clip-vit-large-patch14 --model DIR [--weights W] [--size N]
                                      [--pairs 50] [--seeds 10] [--prompts FILE] [--view flip] [--json FILE] [--out DIR]

50 pairs of prompts × 10 seeds by a flip, unselected (LookingGlass, arXiv:2504.08902, Table 1; A and C as in "Visual
Anagrams", arXiv:2311.17919, by CLIP). The published pairs of prompts were not handed out: without --prompts, a file
with PROMPT | PROMPT on each line, pairs of everyday subjects in four styles are drawn, the same every time. The
published rows are printed below ours; theirs are of other pairs. With random weights, as in a test, the numbers mean
nothing, and it is said.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from duckrabbit.cli.pairs import read_pairs
from duckrabbit.judges.judge import load_judge
from duckrabbit.judges.open import agreement, open_judge
from duckrabbit.judges.subjects import prompt_for, random_pairs, subjects_of
from duckrabbit.making.make import make
from duckrabbit.models.load import load_model
from duckrabbit.recipes.anagram import Anagram

STYLES = ("a photo of", "an oil painting of", "a lithograph of", "a watercolor of")

PUBLISHED = (
    ("visual_anagrams on IF", 0.306, 0.340, 0.695, 0.786),
    ("SyncTweedies", 0.302, 0.341, 0.707, 0.801),
    ("LookingGlass", 0.297, 0.338, 0.680, 0.779),
    ("SDS (Burgert)", 0.281, 0.324, 0.679, 0.778),
)
"""LookingGlass, Table 1, flips: A, A₀.₉, C, C₀.₉."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judge", required=True, help="a folder or hub id of CLIP or SigLIP")
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights")
    parser.add_argument("--size", type=int)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--prompts", help="a file with PROMPT | PROMPT on each line")
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--view", default="flip")
    parser.add_argument("--json", type=Path, help="write every picture's A and C there")
    parser.add_argument("--out", type=Path, help="keep the pictures there")
    options = parser.parse_args()
    model = load_model(options.model, options.device, weights=options.weights, size=options.size)
    judge = open_judge(options.judge, model.device)
    pairs = _pairs(options.prompts, options.pairs)
    told: list[dict[str, object]] = []
    numbers: list[tuple[float, float]] = []
    started = time.monotonic()
    for k, prompts in enumerate(pairs):
        recipe = Anagram(prompts, (options.view,))
        made = make(recipe, model, options.seeds, size=options.size)
        found = agreement(judge, recipe.looks, torch.stack([picture.pixels for picture in made]))
        own = list(zip(found.alignment.tolist(), found.concealment.tolist(), strict=True))
        numbers += own
        told += [
            {"prompts": prompts, "seed": picture.seed, "A": a, "C": c}
            for picture, (a, c) in zip(made, own, strict=True)
        ]
        if options.out is not None:
            options.out.mkdir(parents=True, exist_ok=True)
            for picture in made:
                picture.save(options.out / f"{k:03}-{picture.seed}.png")
        print(f"{k + 1} of {len(pairs)}, {time.monotonic() - started:.0f} s: {' / '.join(prompts)}", file=sys.stderr)
    table = torch.tensor(numbers, dtype=torch.float64)
    (a, c), (high_a, high_c) = table.mean(dim=0).tolist(), table.quantile(0.9, dim=0).tolist()
    print(f"{len(pairs)} pairs × {options.seeds} seeds by {options.view}, judge {options.judge} ({judge.checksum})")
    print(f"{'':40} {'A':>6} {'A0.9':>6} {'C':>6} {'C0.9':>6}")
    for name, *row in ((f"{model.name[-38:]}, here", a, high_a, c, high_c), *PUBLISHED):
        print(f"{name:40} " + " ".join(f"{value:6.3f}" for value in row))
    print("the published rows are of other pairs of prompts; of random weights, ours mean nothing")
    if options.json is not None:
        summary = {"A": a, "A0.9": high_a, "C": c, "C0.9": high_c, "judge": judge.checksum, "model": model.checksum}
        options.json.write_text(json.dumps({**summary, "pictures": told}, indent=1))
    return 0


def _pairs(file: str | None, count: int) -> list[tuple[str, str]]:
    """Pairs of prompts: the first of a file, or of an endless row."""
    if file is not None:
        return [(line.prompts[0], line.prompts[1]) for line in read_pairs(file)[:count]]
    subjects = subjects_of(load_judge("pictures", "selecting"))
    drawn = random_pairs(subjects, count, seed=0)
    return [
        (prompt_for(a, STYLES[k % len(STYLES)]), prompt_for(b, STYLES[k % len(STYLES)]))
        for k, (a, b) in enumerate(drawn)
    ]


if __name__ == "__main__":
    raise SystemExit(main())
