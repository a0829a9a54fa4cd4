"""How good the digit models are: `python bench/digit_quality.py [--device cuda] [--samples 10000] [--only guidance]`.

Prints tables: the models as shipped, the guidance sweep, quality against network evaluations for every solver, and
what 8-bit weights cost. Class accuracy and Fréchet distance are by the reporting judge, which selects nothing; the
distance is to the 60,000 training pictures, in units of the test set's own distance to them.
"""

import argparse
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch

from duckrabbit.datasets.mnist import mnist, pictures_to_float
from duckrabbit.judges.frechet import Moments, frechet_distance, spread
from duckrabbit.judges.judge import Judge, load_judge
from duckrabbit.making.make import make_all
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.generate import Generate

CLASS_MODELS = ("mnist-ddpm-class", "mnist-flow-class")
COURSE_MODELS = ("mnist-ddpm-class-course", "mnist-flow-class-course")
SCALES = (0.0, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)
STEPS = (5, 10, 15, 20, 30, 50)
SOLVERS = ("ddpm", "ddim", "heun", "dpmpp_2m")


@dataclass(frozen=True)
class Reference:
    """Real digits in a judge's features."""

    train: Moments
    floor: float
    spread: float

    @staticmethod
    def of(judge: Judge) -> "Reference":
        train, test = mnist("train"), mnist("test")
        features = judge.features(pictures_to_float(train.pictures).to(judge.device))
        moments = Moments.of(features)
        test_features = judge.features(pictures_to_float(test.pictures).to(judge.device))
        accuracy = (judge.read(pictures_to_float(test.pictures).to(judge.device)) == test.labels).double().mean()
        floor = frechet_distance(Moments.of(test_features), moments)
        print(f"reporting judge: test accuracy {accuracy:.2%}; Fréchet distance of the test set {floor:.4f}")
        return Reference(moments, floor, spread(features, train.labels))


@dataclass(frozen=True)
class Score:
    accuracy: float
    frechet: float
    ratio: float
    diversity: float
    seconds: float

    def __str__(self) -> str:
        quality = f"{self.accuracy:8.2%} | {self.frechet:7.4f} | {self.ratio:7.1f} | {self.diversity:6.1%}"
        return f"{quality} | {self.seconds:6.1f}"


HEADER = "accuracy | Fréchet | × floor | spread | seconds"


def score(model: Model, sampler: SamplerConfig, samples: int, judge: Judge, reference: Reference, batch: int) -> Score:
    """Sample classes in turn with seeds 0 … samples − 1 and judge them."""
    recipes = [Generate(str(digit) if model.conditional else "", sampler=sampler) for digit in range(10)]
    started = time.perf_counter()
    pictures = make_all([recipes[i % 10] for i in range(samples)], model, range(samples), batch_size=batch)
    seconds = time.perf_counter() - started
    # What a user gets are 8-bit pictures in [-1, 1].
    pixels = torch.stack([picture.pixels for picture in pictures]).clamp(-1, 1).to(judge.device)
    labels = torch.arange(samples) % 10
    features = judge.features(pixels)
    frechet = frechet_distance(Moments.of(features), reference.train)
    accuracy = (judge.read(pixels) == labels).double().mean().item()
    return Score(accuracy, frechet, frechet / reference.floor, spread(features, labels) / reference.spread, seconds)


def sampled(solver: str, steps: int, scale: float) -> SamplerConfig:
    """As the sources sample: their variance β in ancestral sampling, plain Euler steps of a flow, and no clipping."""
    variance = "beta" if solver == "ddpm" else SamplerConfig.variance
    return SamplerConfig(solver, steps, "uniform", scale, variance=variance, threshold="none")


def evaluations(sampler: SamplerConfig) -> int:
    """Network evaluations a sample costs at γ = 1."""
    return 2 * sampler.steps - 1 if sampler.solver == "heun" else sampler.steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=2_500)
    parser.add_argument("--only", choices=("shipped", "guidance", "solvers", "sources"), default=None)
    parser.add_argument("--models", nargs="*", default=CLASS_MODELS)
    arguments = parser.parse_args()
    models = {name: load_model(name, arguments.device) for name in arguments.models}
    course = {name: load_model(name, arguments.device) for name in COURSE_MODELS}
    judge = load_judge("digits", "reporting", next(iter(models.values())).device)
    reference = Reference.of(judge)

    def table(title: str, rows: Iterable[tuple[str, Model, SamplerConfig]]) -> None:
        print(f"\n{title}\n{'':44} | {HEADER}", flush=True)
        for label, model, sampler in rows:
            result = score(model, sampler, arguments.samples, judge, reference, arguments.batch)
            print(f"{label:44} | {result}", flush=True)

    if arguments.only in (None, "shipped"):
        table("As shipped", ((name, model, model.sampler) for name, model in (models | course).items()))
    if arguments.only in (None, "sources"):
        table("As the sources sample", (
            (f"{name} {solver} {steps} γ={scale:g}", model, sampled(solver, steps, scale))
            for name, model in course.items()
            for solver, steps in ([("ddpm", 300)] if "ddpm" in name else [("euler", 50)])
            for scale in (2.0, 5.0)
        ))  # fmt: skip
    if arguments.only in (None, "guidance"):
        table("Guidance", (
            (
                f"{name} γ={scale:g} at {interval}",
                model,
                replace(model.sampler, guidance_scale=scale, guidance_interval=interval),
            )
            for name, model in models.items()
            for interval in ((0.0, 1.0), model.sampler.guidance_interval)
            for scale in SCALES
            if scale > 1 or interval == (0.0, 1.0)
        ))  # fmt: skip
    if arguments.only in (None, "solvers"):
        samplers = [
            SamplerConfig(solver, steps // 2 if solver == "heun" else steps, grid)
            for solver in SOLVERS
            for grid in ("uniform", "karras")
            for steps in STEPS
        ]
        table("Solvers", (
            (
                f"{name} {s.solver} {s.grid} NFE={evaluations(s)}",
                model,
                replace(model.sampler, solver=s.solver, steps=s.steps, grid=s.grid),
            )
            for name, model in models.items()
            for s in samplers
        ))  # fmt: skip


if __name__ == "__main__":
    main()
