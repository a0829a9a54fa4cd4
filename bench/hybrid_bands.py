"""How well hybrids are read from afar and close by, against the σ of the bands and guidance.

    python bench/hybrid_bands.py [--device cuda] [--quick]

Far is judged after shrinking by four and back, near at full size. Unselected pictures of the same random pairs and
seeds at every setting. The default is chosen by the selecting judge; the reporting judge's columns choose nothing.
"""

import argparse
from dataclasses import replace

import torch
from pairs import STYLES, Court, add_options, made, opened, share
from torch import Tensor

from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.recipes.looks import looks_of
from duckrabbit.search.question import question_of
from duckrabbit.search.reader import Reader
from duckrabbit.search.subjects import prompt_for, random_pairs, subjects_of

SIGMAS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
SCALES = (3.0, 5.0, 8.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, 32)
    parser.add_argument("--sigmas", nargs="*", type=float, default=SIGMAS)
    parser.add_argument("--scales", nargs="*", type=float, default=SCALES)
    options = parser.parse_args()
    model = opened(options.model, options)
    court = Court.of(model)
    pairs = random_pairs(subjects_of(court.reporting), 2 if options.quick else options.pairs, options.seed)
    each = 4 if options.quick else options.candidates
    print(f"{len(pairs)} pairs, {each} unselected pictures each")
    print(f"{'':14} |  {'selecting judge':^41}  |  {'reporting judge':^41}  |")
    heads = f"{'far':>7} {'near':>7} {'both':>7}  {'least log p':>11}  {'five':>6}"
    print(f"{'sigma':>6} {'scale':>7} |  {heads}  |  {heads}")
    for sigma in (2.0,) if options.quick else options.sigmas:
        for scale in (5.0,) if options.quick else options.scales:
            sampler = replace(model.illusion_sampler, guidance_scale=scale)
            recipes = [hybrid(k, far, near, sigma) for k, (far, near) in enumerate(pairs)]
            pictures = made([replace(own, sampler=sampler) for own in recipes], each, model, options.batch)
            columns = [measured(reader, recipes, pictures) for reader in (court.selecting, court.reporting)]
            print(f"{sigma:6g} {scale:7g} |  {columns[0]}  |  {columns[1]}", flush=True)


def hybrid(k: int, far: str, near: str, sigma: float) -> Hybrid:
    """The k-th pair's hybrid: styles take turns."""
    style = STYLES[k % len(STYLES)]
    return Hybrid({"far": Part(prompt_for(far, style)), "near": Part(prompt_for(near, style))}, sigma)


def measured(reader: Reader, recipes: list[Hybrid], pictures: list[Tensor]) -> str:
    """The shares read far, near and both, the mean of the least log p, and the share with both among the first five."""
    questions = [question_of(reader, looks_of(recipe)) for recipe in recipes]
    places = torch.cat([question.places(own) for question, own in zip(questions, pictures, strict=True)])
    scores = torch.cat([question.scores(own) for question, own in zip(questions, pictures, strict=True)])
    first = places == 1
    return (
        f"{share(first[:, 0])} {share(first[:, 1])} {share(first.all(dim=1))}  {float(scores.mean()):11.3f}  "
        f"{share((places <= 5).all(dim=1))}"
    )


if __name__ == "__main__":
    main()
