"""How well hybrids are read from afar and close by, against the σ of the bands, guidance, and other ways to make them.

    python bench/hybrid_bands.py [--levers plain grey apart …] [--cache FOLDER] [--device cuda] [--quick]

Far is judged after shrinking by four and back, near at full size. Unselected pictures of the same random pairs and
seeds at every setting. The default is chosen by the selecting judge; the reporting judge's columns choose nothing.
With u the estimate without a prompt, L a Gaussian blur and d = D(prompt) − u, `plain` is

    x̂_0 = u + γ L d_far + ν γ (1 − L) d_near

and the other levers change one thing each, see `LEVERS`. ν is the near scale, 1 unless --near-scales says otherwise;
all are pulled by the selecting judge as --judge-scale says.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product

import torch
from pairs import STYLES, Court, Maker, add_options, opened, share
from torch import Tensor

from duckrabbit.diffusion.terms import Band, Term, Weight, weight_at
from duckrabbit.illusions.bands import Grey, LowPass, Rest
from duckrabbit.judges.judge import Judge
from duckrabbit.judges.question import question_of
from duckrabbit.judges.subjects import prompt_for, random_pairs, subjects_of
from duckrabbit.models.model import Model
from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.recipes.recipe import Plan, guidance_of

SIGMAS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
SCALES = (3.0, 5.0, 8.0)

LATE = 0.5
AWAY = 0.5


@dataclass(frozen=True)
class GreyLow:
    """The blurred brightness: L of the mean over the channels."""

    sigma: float

    def __call__(self, x: Tensor) -> Tensor:
        return LowPass(self.sigma)(Grey()(x))


@dataclass(frozen=True)
class GreyHigh:
    """What it leaves: the fine brightness, and every colour."""

    sigma: float

    def __call__(self, x: Tensor) -> Tensor:
        return x - GreyLow(self.sigma)(x)


@dataclass(frozen=True)
class Late:
    """γ early, twice γ late."""

    scale: float

    def __call__(self, t: float) -> float:
        return self.scale if t > LATE else 2 * self.scale


def part(prompt: str, band: Band, scale: Weight, other: str = "", away: float = 0.0) -> tuple[Term, ...]:
    """u + γ (D(prompt) − u) in a band; a share of u may be the estimate for another prompt."""

    def rest(t: float, share: float = 1 - away) -> float:
        return share * (1 - weight_at(scale, t))

    def steered(t: float) -> float:
        return rest(t, away)

    terms = (Term(prompt, scale, band=band), Term("", rest, band=band, leads=False))
    return (*terms, Term(other, steered, band=band, leads=False)) if away else terms


Lever = Callable[[str, str, float, float, float], tuple[Term, ...]]
"""From the far and the near prompt, σ, γ of the far part and γ of the near part to terms."""


def high_pass(sigma: float) -> Band:
    return Rest(LowPass(sigma))


def both(low: Callable[[float], Band], high: Callable[[float], Band], away: float = 0.0) -> Lever:
    return lambda far, near, sigma, far_scale, near_scale: (
        *part(far, low(sigma), far_scale, near, away),
        *part(near, high(sigma), near_scale, far, away),
    )


LEVERS: Mapping[str, Lever] = {
    "plain": both(LowPass, high_pass),
    # More guidance for the near part late.
    "near late": lambda far, near, sigma, far_scale, near_scale: (
        *part(far, LowPass(sigma), far_scale),
        *part(near, high_pass(sigma), Late(near_scale)),
    ),
    # Half of what each part steers away from is the other part's prompt.
    "apart": both(LowPass, high_pass, AWAY),
    # Far is brightness alone; the colours are those of near.
    "grey": both(GreyLow, GreyHigh),
    "grey apart": both(GreyLow, GreyHigh, AWAY),
    "grey far twice": lambda far, near, sigma, far_scale, near_scale: (
        *part(far, GreyLow(sigma), 2 * far_scale),
        *part(near, GreyHigh(sigma), near_scale),
    ),
}


@dataclass(frozen=True)
class Tried(Hybrid):
    """A hybrid made by a lever."""

    lever: str = "plain"

    def plan(self, model: Model) -> Plan:
        """The hybrid's own plan with the lever's terms."""
        far, near = self.prompts
        guidance = guidance_of(self.sampler or self.default_sampler(model), self.negative_prompt, model)
        scales = guidance.scale, self._stronger(guidance).scale
        return replace(super().plan(model), terms=LEVERS[self.lever](far, near, self.sigma, *scales))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, 32)
    parser.add_argument("--levers", nargs="*", choices=LEVERS, default=list(LEVERS))
    parser.add_argument("--sigmas", nargs="*", type=float, default=SIGMAS)
    parser.add_argument("--scales", nargs="*", type=float, default=SCALES)
    parser.add_argument("--near-scales", nargs="*", type=float, default=(1.0,), help="see --near-scale of hybrids")
    parser.add_argument("--steps", type=int, help="of the sampler (the model's own)")
    options = parser.parse_args()
    model = opened(options.model, options)
    court, maker = Court.of(model), Maker.of(model, options)
    pairs = random_pairs(subjects_of(court.reporting), 2 if options.quick else options.pairs, options.seed)
    each = 4 if options.quick else options.candidates
    sigmas, scales = ((2.0,), (5.0,)) if options.quick else (options.sigmas, options.scales)
    print(f"{len(pairs)} pairs, {each} unselected pictures each")
    print(f"{'':36} |  {'selecting judge':^49}  |  {'reporting judge':^49}  |")
    heads = f"{'far':>7} {'near':>7} {'both':>7}  {'log p far':>9} {'near':>7}  {'five':>6}"
    print(f"{'lever':14} {'sigma':>6} {'scale':>7} {'near':>6} |  {heads}  |  {heads}")
    for lever in options.levers:
        for sigma, scale, near_scale in product(sigmas, scales, options.near_scales):
            own = model.illusion_sampler
            sampler = replace(own, guidance_scale=scale, steps=options.steps or own.steps)
            recipes = [hybrid(k, far, near, sigma) for k, (far, near) in enumerate(pairs)]
            tried = [
                Tried(recipe.parts, sigma, sampler=sampler, near_scale=near_scale, lever=lever) for recipe in recipes
            ]
            pictures = maker.pictures(tried, each)
            columns = [measured(judge, recipes, pictures) for judge in (court.selecting, court.reporting)]
            print(f"{lever:14} {sigma:6g} {scale:7g} {near_scale:6g} |  {columns[0]}  |  {columns[1]}", flush=True)


def hybrid(k: int, far: str, near: str, sigma: float) -> Hybrid:
    """The k-th pair's hybrid: styles take turns."""
    style = STYLES[k % len(STYLES)]
    return Hybrid({"far": Part(prompt_for(far, style)), "near": Part(prompt_for(near, style))}, sigma)


def measured(judge: Judge, recipes: list[Hybrid], pictures: list[Tensor]) -> str:
    """The shares read far, near and both, the mean log p of each, and the share with both among the first five."""
    questions = [question_of(judge, recipe.looks) for recipe in recipes]
    places = torch.cat([question.places(own) for question, own in zip(questions, pictures, strict=True)])
    logs = torch.cat([question.readings(own) for question, own in zip(questions, pictures, strict=True)]).mean(dim=0)
    first = places == 1
    return (
        f"{share(first[:, 0])} {share(first[:, 1])} {share(first.all(dim=1))}  {float(logs[0]):9.2f} "
        f"{float(logs[1]):7.2f}  {share((places <= 5).all(dim=1))}"
    )


if __name__ == "__main__":
    main()
