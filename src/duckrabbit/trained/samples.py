"""What a model makes, shown while it is trained: a sheet and, of digits, an animation of how they came about."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from duckrabbit.datasets.mnist import mnist, pictures_to_float
from duckrabbit.diffusion.noise import Noise
from duckrabbit.diffusion.sampling import initial_noise, noised
from duckrabbit.errors import UsageError
from duckrabbit.making.films import Film, tiled
from duckrabbit.making.make import make_planned
from duckrabbit.making.plan import plan
from duckrabbit.making.sampling import Sampling
from duckrabbit.media.animation import write_animation
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.pixels import to_uint8
from duckrabbit.media.sheet import contact_sheet
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.generate import Generate
from duckrabbit.trained.digit_recipes import SOURCES_GUIDANCE

COLUMNS, ROWS = 10, 4
FRAME_MILLISECONDS = 80
LAST_FRAME_REPEATS = 12
MOMENTS = 20
"""Of sampling, after the first: with more steps not every one is shown."""


def show_samples(model: Model, stem: Path, sampler: SamplerConfig | None = None) -> None:
    """Write STEM.png, and STEM.webp where the model samples step by step.

    A model that samples shows 40 digits; each column is one digit where it knows classes. A one-step denoiser shows ten
    test digits, noised, and denoised.

    Args:
        model: what was trained so far.
        stem: of the files.
        sampler: how digits are sampled; None for `shown_sampler`.
    """
    if model.knows_level:
        frames = sampling_frames(model, sampler or shown_sampler(model))
        write_animation(stem.with_suffix(".webp"), [*frames, *[frames[-1]] * LAST_FRAME_REPEATS], FRAME_MILLISECONDS)
        sheet = frames[-1]
    else:
        sheet = tiled(denoising_rows(model), COLUMNS)
    _write(stem.with_suffix(".png"), sheet)


def show_prompts(model: Model, prompts: Sequence[str], stem: Path, count: int = 8) -> None:
    """Write STEM.png: a row of pictures, as large as the model makes them, for each prompt that it understands."""
    understood = [prompt for prompt in prompts if _understands(model, prompt)]
    plans = [plan(Generate(prompt), model, model.sizes[-1]) for prompt in understood]
    made = make_planned([planned for planned in plans for _ in range(count)], [*range(count)] * len(understood))
    sheet = contact_sheet([p.pixels for p in made], count, row_labels=[p or "(no prompt)" for p in understood], gap=4)
    with atomic_write(stem.with_suffix(".png")) as temporary:
        sheet.save(temporary, format="PNG", optimize=True)


def _understands(model: Model, prompt: str) -> bool:
    try:
        model.check_prompt(prompt)
    except UsageError:
        return False
    return True


def shown_sampler(model: Model) -> SamplerConfig:
    """The model's own way of sampling, where it knows classes under the sources' guidance scale of 5 at all times.

    It is what a command with --guidance-scale 5 does.
    """
    return Sampling(guidance_scale=SOURCES_GUIDANCE if model.conditional else None).over(model.sampler)


def sampling_frames(model: Model, sampler: SamplerConfig) -> list[Tensor]:
    """The 40 samples as they come about, tiled: the noisy pictures before the first step, and 20 moments after it."""
    digits = [str(i % COLUMNS) if model.conditional else "" for i in range(COLUMNS * ROWS)]
    plans = {digit: plan(Generate(digit, sampler=sampler), model) for digit in set(digits)}
    film = Film(COLUMNS, every=-(-sampler.steps // MOMENTS))
    make_planned([plans[digit] for digit in digits], range(len(digits)), film)
    return film.frames


def denoising_rows(model: Model) -> Tensor:
    """Ten test digits, what was made of them with the model's noise, and what it makes of that: [30, 1, 28, 28]."""
    level = model.config["level"]
    clean = pictures_to_float(mnist("test").pictures[:COLUMNS]).to(model.device)
    noise = Noise(tuple(range(COLUMNS)))
    path = model.denoiser.path
    alpha, _ = path.at(level)
    if alpha == 0:
        noisy = initial_noise(path, noise, model.shape, level).to(model.device)
    else:
        noisy = torch.cat([noised(path, x0, level, Noise((seed,))) for seed, x0 in enumerate(clean)])
    denoised = model.denoiser(noisy, level, [""] * COLUMNS).x0
    return torch.cat([clean, noisy, denoised])


def _write(path: Path, picture: Tensor) -> None:
    from PIL import Image

    with atomic_write(path) as temporary:
        Image.fromarray(to_uint8(picture)).save(temporary, format="PNG", optimize=True)
