"""What models do to photographs: denoising them, painting into them and editing them, side by side in one run.

    python bench/photographs.py [--models pocket FILE ...] [--seeds 4] [--inpaint 34x1 34x2 ...] [--quick]

Over the nine photographs of the package, each with the same seeds:

- denoising: PSNR in dB after one step and step by step, from three levels, asked for a high quality photo;
- the seam of inpainting: how much neighbouring pixels of which one is painted differ, in grey levels, beside the same
  places of the photograph, and how often the reporting judge reads what was painted, cut out, as what was asked for;
- editing: PSNR in dB to the photograph, and how often the reporting judge reads it as what was asked for.

What is read is read first, in brackets among the judge's first five.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, product

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from duckrabbit.diffusion.grid import COURSE_LEVELS
from duckrabbit.judges.judge import Judge, load_judge
from duckrabbit.making.make import make_all
from duckrabbit.media.masks import box_mask
from duckrabbit.media.shipped import SHIPPED_PICTURES
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.recipes.denoise import Denoise, Method
from duckrabbit.recipes.edit import Edit
from duckrabbit.recipes.inpaint import Inpaint
from duckrabbit.recipes.noise import Level
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.recipes.source import Source
from duckrabbit.report.measures import psnr, seam

PHOTOS = tuple(name for name in SHIPPED_PICTURES if name.startswith("photo:"))
ANY = "a high quality photo"
LEVELS = (250.0, 500.0, 750.0)
HOLES = ((14, 2, 42, 30), (20, 26, 56, 62))
PAINTED = (ANY, "a castle", "a cat", "a rocket")
EDITED = ("a photo of a cat", "an oil painting of a castle", "a watercolor of a house")
STARTS = (5, 8, 12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["pocket"], metavar="FILE")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--inpaint", nargs="+", default=["34x1", "34x2"], metavar="STEPSxRESAMPLINGS")
    parser.add_argument("--quick", action="store_true", help="one photograph, to see that it runs")
    parser.add_argument("--device", default="auto")
    chosen = parser.parse_args()
    photos, seeds = (PHOTOS[:1], 1) if chosen.quick else (PHOTOS, chosen.seeds)
    judge = load_judge("pictures", "reporting", torch.device("cpu"))
    for name in chosen.models:
        model = load_model(name, device=chosen.device)
        pictures = [Source.read(photo, model) for photo in photos]
        for line in chain(
            denoised(model, pictures, seeds),
            inpainted(model, pictures, seeds, chosen.inpaint, judge),
            edited(model, pictures, seeds, judge),
        ):
            print(f"{name:24} {line}", flush=True)


def denoised(model: Model, pictures: Sequence[Source], seeds: int) -> Iterator[str]:
    """A line for each way: PSNR at each level."""
    methods: tuple[Method, ...] = ("one-step", "iterative")
    for method in methods:
        values = []
        for level in LEVELS:
            recipes = [Denoise(picture, Level(level), method, ANY) for picture in pictures]
            made, _ = made_of(model, recipes, seeds)
            values.append(
                mean(
                    [psnr(one, source.pixels(model)) for source, own in zip(pictures, made, strict=True) for one in own]
                )
            )
        yield f"denoised, {method:22} PSNR {values[0]:5.2f} {values[1]:5.2f} {values[2]:5.2f} dB"


def inpainted(model: Model, pictures: Sequence[Source], seeds: int, ways: Sequence[str], judge: Judge) -> Iterator[str]:
    """A line for each way, so many steps each made so often, 34 on the courses' grid: the seam, and what is read."""
    for way in ways:
        steps, often = map(int, way.split("x"))
        grid = "course" if steps == len(COURSE_LEVELS) else "uniform"
        sampler = replace(model.sampler, solver="ddpm", grid=grid, steps=steps)
        cases = list(product(pictures, HOLES, PAINTED))
        masks = [box_mask(*hole, model.size) for _, hole, _ in cases]
        recipes = [
            Inpaint(picture, Source.of_mask("box", mask), prompt, often, sampler=sampler)
            for (picture, _, prompt), mask in zip(cases, masks, strict=True)
        ]
        made, seconds = made_of(model, recipes, seeds)
        seams = [seam(one, mask) for own, mask in zip(made, masks, strict=True) for one in own]
        before = [seam(picture.pixels(model), mask) for (picture, _, _), mask in zip(cases, masks, strict=True)]
        cut = [cut_out(own, hole) for own, (_, hole, _) in zip(made, cases, strict=True)]
        share = read_in(judge, cut, [prompt for _, _, prompt in cases])
        yield (
            f"inpainted, {way:5}                   seam {mean(seams):5.1f}, photograph {mean(before):.1f} grey levels; "
            f"{share}; {seconds:.0f} s"
        )


def edited(model: Model, pictures: Sequence[Source], seeds: int, judge: Judge) -> Iterator[str]:
    """A line for each start: PSNR to the photograph, and what is read."""
    for start in STARTS:
        cases = list(product(pictures, EDITED))
        made, seconds = made_of(model, [Edit(picture, prompt, start) for picture, prompt in cases], seeds)
        kept = [psnr(one, picture.pixels(model)) for (picture, _), own in zip(cases, made, strict=True) for one in own]
        share = read_in(judge, made, [prompt for _, prompt in cases])
        yield f"edited from {start:2}                  PSNR {mean(kept):5.2f} dB; {share}; {seconds:.0f} s"


def made_of(model: Model, recipes: Sequence[Recipe], seeds: int) -> tuple[list[Tensor], float]:
    """Each recipe with the seeds 0, 1, …: pictures [seeds, C, S, S] of each, and the seconds that took."""
    began = time.monotonic()
    asked = [recipe for recipe in recipes for _ in range(seeds)]
    made = make_all(asked, model, list(range(seeds)) * len(recipes))
    pixels = [one.pixels for one in made]
    return [torch.stack(pixels[k : k + seeds]) for k in range(0, len(pixels), seeds)], time.monotonic() - began


def read_in(judge: Judge, made: Sequence[Tensor], prompts: Sequence[str]) -> str:
    """How often the judge reads what each prompt names, first and among its first five."""
    classes = [judge.asked_for(prompt) for prompt in prompts]
    rows = [(own, known) for own, known in zip(made, classes, strict=True) if known is not None]
    wanted = torch.tensor([known for own, known in rows for _ in own])
    order = judge.log_probabilities(torch.cat([own for own, _ in rows])).argsort(1, descending=True)
    hits = [100 * float((order[:, :k] == wanted[:, None]).any(1).float().mean()) for k in (1, 5)]
    return f"read {hits[0]:4.1f} ({hits[1]:.1f}) %"


def cut_out(pictures: Tensor, hole: tuple[int, int, int, int]) -> Tensor:
    """A hole [x0, y0, x1, y1] of pictures [N, C, S, S], as large as the pictures."""
    x0, y0, x1, y1 = hole
    return interpolate(pictures[..., y0:y1, x0:x1], size=pictures.shape[-2:], mode="bicubic").clamp(-1, 1)


def mean(values: Sequence[float]) -> float:
    """Their mean."""
    return sum(values) / len(values)


if __name__ == "__main__":
    main()
