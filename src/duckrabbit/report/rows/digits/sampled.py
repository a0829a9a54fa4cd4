"""Exhibits of samples that are made now: a sheet, and how it came about."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from duckrabbit.making.films import Film
from duckrabbit.making.make import make_all
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.generate import Generate
from duckrabbit.report.bodies import Gallery, Playable
from duckrabbit.report.figure import Exhibit, command, model_words, sampler_words, seed_words
from duckrabbit.report.workshop import Workshop, stacked
from duckrabbit.trained.samples import MOMENTS

COLUMNS = 10
DIGITS = tuple("0123456789")


def samples_of(model: Model, sampler: SamplerConfig, seeds: Sequence[int]) -> Tensor:
    """One sample for each seed, [N, 1, 28, 28]: the digits in turn where the model knows them."""
    recipes = [Generate(digit if model.conditional else "", sampler=sampler) for digit in DIGITS]
    made = make_all([recipes[k % COLUMNS] for k in range(len(seeds))], model, seeds)
    return stacked([picture.pixels for picture in made])


def seeds_by_digit(count: int) -> list[int]:
    """Seeds 0 … count − 1 for digits in turn, such that each digit's own seeds are consecutive."""
    each = count // COLUMNS
    return [k % COLUMNS * each + k // COLUMNS for k in range(count)]


def samples_exhibit_now(
    workshop: Workshop,
    name: str,
    caption: str,
    sampler: SamplerConfig | None = None,
) -> Exhibit:
    """A sheet of samples of the model `name` and how they came about.

    A model that knows classes makes a column of each digit; the pictures of a row share their seed.
    """
    model = workshop.shelf.model(name)
    sampler = sampler or model.sampler
    count = workshop.effort.shown
    film = Film(COLUMNS, every=-(-sampler.steps // MOMENTS))
    recipes = [Generate(digit if model.conditional else "", sampler=sampler) for digit in DIGITS]
    seeds = [k // COLUMNS if model.conditional else k for k in range(count)]
    made = make_all([recipes[k % COLUMNS] for k in range(count)], model, seeds, film)
    stem = f"samples-{sampler.guidance_scale:g}"
    plate = workshop.plate(stem, [p.pixels for p in made], COLUMNS, f"{count} digits sampled by {name}")
    prompt = ("prompts 0 to 9, one a column",) if model.conditional else ()
    return Exhibit(
        caption,
        Gallery((Playable("from noise to digits", plate, workshop.film(stem, film.frames)),)),
        (model_words(model), *prompt, seed_words(range(seeds[-1] + 1)), *sampler_words(sampler, model)),
        f"{generate_command(model, sampler, '3', range(seeds[-1] + 1))} --animate",
        workshop.seconds(),
    )


def guided_at(sampler: SamplerConfig, scale: float) -> SamplerConfig:
    """The same with a guidance scale that acts at all times, as --guidance-scale means it."""
    return replace(sampler, guidance_scale=scale, guidance_interval=(0.0, 1.0))


def generate_command(model: Model, sampler: SamplerConfig, digit: str, seeds: range) -> str:
    """The command line that makes samples; of one digit where the model knows them."""
    default = model.sampler
    words: list[object] = [digit] if model.conditional else []
    words += ["--model", model.name, "--seed", seeds[0], "--count", len(seeds)]
    if model.conditional and sampler != default:
        words += ["--guidance-scale", f"{sampler.guidance_scale:g}"]
    if (sampler.solver, sampler.steps, sampler.grid) != (default.solver, default.steps, default.grid):
        words += ["--solver", sampler.solver, "--steps", sampler.steps, "--grid", sampler.grid]
    words += ["--variance", sampler.variance] if sampler.variance != default.variance else []
    words += ["--threshold", sampler.threshold] if sampler.threshold != default.threshold else []
    return command("generate", *words)
