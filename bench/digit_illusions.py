"""How often digit illusions are read as meant, without selection: `python bench/digit_illusions.py [--device cuda]`.

For every pair of digits (a < b and both orders, a = b too under --same) and each view: the share of samples that the
reporting judge reads as a upright and as b through the view; next to it, chance and how often real digits do it.
"""

import argparse
import itertools

import torch
from torch import Tensor

from duckrabbit.datasets.mnist import mnist, pictures_to_float
from duckrabbit.illusions.views import View, parse_view
from duckrabbit.judges.judge import Judge, load_judge
from duckrabbit.making.make import make_all
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.anagram import Anagram

VIEWS = ("flip", "rotate-180")
TUNING_PAIRS = (
    (6, 9, "rotate-180"),
    (2, 5, "flip"),
    (1, 7, "rotate-180"),
    (0, 8, "flip"),
    (3, 8, "flip"),
    (4, 7, "rotate-180"),
)
TUNED = (
    SamplerConfig("dpmpp_2m", 20, "uniform", 2.0, (0.2, 0.8)),
    SamplerConfig("dpmpp_2m", 20, "uniform", 3.0),
    SamplerConfig("dpmpp_2m", 20, "uniform", 5.0),
    SamplerConfig("dpmpp_2m", 20, "uniform", 8.0),
    SamplerConfig("ddpm", 20, "uniform", 3.0),
    SamplerConfig("ddpm", 20, "uniform", 5.0),
    SamplerConfig("ddpm", 34, "uniform", 3.0),
    SamplerConfig("ddpm", 34, "uniform", 5.0),
)


def rate(
    model: Model, judge: Judge, a: int, b: int, view: str, samples: int, sampler: SamplerConfig | None = None
) -> float:
    """The share of `samples` unselected anagrams that are read as a upright and as b through the view."""
    recipe = Anagram((str(a), str(b)), (view,), sampler=sampler)
    pictures = make_all([recipe] * samples, model, range(samples), batch_size=samples)
    pixels = torch.stack([picture.pixels for picture in pictures]).clamp(-1, 1).to(judge.device)
    return read_both(judge, pixels, parse_view(view), a, b)


def read_both(judge: Judge, pixels: Tensor, view: View, a: int, b: int) -> float:
    both = (judge.read(pixels) == a) & (judge.read(view(pixels)) == b)
    return both.double().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--model", default="mnist-ddpm-class")
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--tune", action="store_true", help="compare samplers on a few pairs by the selecting judge")
    arguments = parser.parse_args()
    model = load_model(arguments.model, arguments.device)
    judge = load_judge("digits", "selecting" if arguments.tune else "reporting", model.device)
    if arguments.tune:
        print("selecting judge |", " | ".join(f"{a}/{b} {view}" for a, b, view in TUNING_PAIRS))
        for sampler in TUNED:
            rates = [rate(model, judge, a, b, view, arguments.samples, sampler) for a, b, view in TUNING_PAIRS]
            label = f"{sampler.solver} {sampler.steps} γ={sampler.guidance_scale:g} {sampler.guidance_interval}"
            print(f"{label:34} |", " | ".join(f"{value:6.1%}" for value in rates), flush=True)
        return
    test = mnist("test")
    for view in VIEWS:
        print(f"\n{view}: read as a and, so seen, as b, {arguments.samples} unselected samples of {model.name}")
        print("(real: the test set's own a that are read as b through the view); chance is 1 %")
        print("a/b | rate  | real")
        for a, b in itertools.combinations_with_replacement(range(10), 2):
            real = pictures_to_float(test.pictures[test.labels == a]).to(judge.device)
            own = rate(model, judge, a, b, view, arguments.samples)
            print(f"{a}/{b} | {own:6.1%} | {read_both(judge, real, parse_view(view), a, b):6.1%}", flush=True)


if __name__ == "__main__":
    main()
