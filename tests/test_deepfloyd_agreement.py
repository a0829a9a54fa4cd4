"""The same weights, noise and levels give the pictures of diffusers' own IF pipelines, and of the courses' loops.

Ours are made as a user makes them: a folder is loaded, a recipe is made. Theirs are given the numbers that ours draw.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from diffusers.schedulers import scheduling_ddpm
from torch import Tensor

from duckrabbit.diffusion.grid import COURSE_LEVELS, course, leading
from duckrabbit.diffusion.guidance import Guidance, guided
from duckrabbit.diffusion.noise import Noise, Stream
from duckrabbit.diffusion.path import Path as ProbabilityPath
from duckrabbit.diffusion.path import SquaredCosine, time_of_level
from duckrabbit.diffusion.sampling import sample, trajectory
from duckrabbit.diffusion.steps import DDPM
from duckrabbit.diffusion.terms import Composition
from duckrabbit.making.make import make, make_planned
from duckrabbit.making.sampling import Sampling
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.edit import Edit
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.inpaint import Inpaint
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.recipes.source import Source
from duckrabbit.recipes.upscale import Upscale
from helpers import pictures
from tiny_if import LARGE, SMALL, WORDS, write_cascade

SCALE = 4.0
PROMPT = WORDS[0]
SEEDS = (5, 6)
TOLERANCE = 1e-3
"""In [0, 1]."""

GRIDS = [("leading", 20), ("leading", 50), ("course", 34)]
FIRST, SECOND = (3, SMALL, SMALL), (3, LARGE, LARGE)


@pytest.fixture(scope="module")
def cascade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cascade(tmp_path_factory.mktemp("if"))


@pytest.fixture(scope="module")
def model(cascade: Path) -> Model:
    return load_model("deepfloyd", "cpu", weights=str(cascade), embeddings=str(cascade / "embeddings"))


def _pipeline(kind: str, folder: Path) -> Any:
    pipeline = getattr(diffusers, kind).from_pretrained(
        folder, variant="fp16", text_encoder=None, safety_checker=None, feature_extractor=None, watermarker=None
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _levels(grid: str, steps: int) -> list[int]:
    return list(COURSE_LEVELS) if grid == "course" else [1000 // steps * k for k in reversed(range(steps))]


def _wording(model: Model) -> dict[str, Tensor]:
    """Our embeddings for their pipelines, one for each seed."""
    encode = model.denoiser.encode  # type: ignore[attr-defined]
    return {
        "prompt_embeds": encode([PROMPT] * len(SEEDS)),
        "negative_prompt_embeds": encode([""] * len(SEEDS)),
    }


def _feed(
    monkeypatch: pytest.MonkeyPatch, pipeline: Any, beforehand: list[Tensor], levels: list[int], noise: Noise, size: int
) -> None:
    """Let their pipeline and scheduler draw what ours draw."""
    first: Iterator[Tensor] = iter(beforehand)
    steps = (noise(Stream.STEP, time_of_level(level), (3, size, size)) for level in levels)
    module = __import__(type(pipeline).__module__, fromlist=["randn_tensor"])
    monkeypatch.setattr(module, "randn_tensor", lambda *_, **__: next(first))
    monkeypatch.setattr(scheduling_ddpm, "randn_tensor", lambda *_, **__: next(steps))


def _ours(recipe: Recipe, model: Model, size: int | None = None) -> Tensor:
    return torch.stack([picture.pixels for picture in make(recipe, model, len(SEEDS), SEEDS[0], size=size)])


def _assert_same(ours: Tensor, theirs: Tensor) -> None:
    """Equal as pictures in [0, 1], which are not saturated all over."""
    assert (ours.abs() < 0.99).float().mean() > 0.2
    assert ((ours - theirs.clamp(-1, 1)).abs().max() / 2).item() < TOLERANCE


@pytest.mark.parametrize(("grid", "steps"), GRIDS)
def test_first_stage(monkeypatch: pytest.MonkeyPatch, cascade: Path, model: Model, grid: str, steps: int) -> None:
    ours = _ours(Generate(PROMPT, sampler=SamplerConfig("ddpm", steps, grid, SCALE)), model)

    pipeline, levels, noise = _pipeline("IFPipeline", cascade / "stage1"), _levels(grid, steps), Noise(SEEDS)
    _feed(monkeypatch, pipeline, [noise(Stream.INIT, time_of_level(levels[0]), FIRST)], levels, noise, SMALL)
    way: dict[str, Any] = {"timesteps": levels} if grid == "course" else {"num_inference_steps": steps}
    theirs = pipeline(guidance_scale=SCALE, output_type="pt", **_wording(model), **way).images
    _assert_same(ours, theirs)
    # Guidance matters here: otherwise the agreement would say less.
    plain = _ours(Generate(PROMPT, sampler=SamplerConfig("ddpm", steps, grid, 1.0)), model)
    assert (plain - ours).abs().mean() > 0.01


# Fifty steps are the first stage's to show: these are sixteen times as many pixels.
@pytest.mark.parametrize(("grid", "steps"), [("leading", 10), ("course", 34)])
def test_second_stage(monkeypatch: pytest.MonkeyPatch, cascade: Path, model: Model, grid: str, steps: int) -> None:
    source = Source.of("small", pictures(1, SMALL)[0])
    ours = _ours(Upscale(source, PROMPT, sampler=SamplerConfig("ddpm", steps, grid, SCALE)), model, LARGE)

    pipeline, levels = _pipeline("IFSuperResolutionPipeline", cascade / "stage2"), _levels(grid, steps)
    noise = Noise(SEEDS, stage=1)
    start = noise(Stream.INIT, time_of_level(levels[0]), SECOND)
    guide = noise(Stream.LOWRES, time_of_level(250), SECOND)
    _feed(monkeypatch, pipeline, [start, guide], levels, noise, LARGE)
    way: dict[str, Any] = {"timesteps": levels} if grid == "course" else {"num_inference_steps": steps}
    small = source.pixels(model).expand(len(SEEDS), -1, -1, -1)
    theirs = pipeline(
        image=small, noise_level=250, guidance_scale=SCALE, output_type="pt", **_wording(model), **way
    ).images
    _assert_same(ours, theirs)


@pytest.mark.parametrize(("grid", "steps"), GRIDS)
@pytest.mark.parametrize("start", [3, 12])
def test_image_to_image(
    monkeypatch: pytest.MonkeyPatch, cascade: Path, model: Model, grid: str, steps: int, start: int
) -> None:
    source = Source.of("original", pictures(1, SMALL)[0])
    ours = _ours(Edit(source, PROMPT, start, sampler=SamplerConfig("ddpm", steps, grid, SCALE)), model)

    pipeline, levels, noise = _pipeline("IFImg2ImgPipeline", cascade / "stage1"), _levels(grid, steps), Noise(SEEDS)
    left = levels[start:]
    _feed(monkeypatch, pipeline, [noise(Stream.INIT, time_of_level(left[0]), FIRST)], left, noise, SMALL)
    way: dict[str, Any] = {"timesteps": levels} if grid == "course" else {"num_inference_steps": steps}
    theirs = pipeline(
        image=source.pixels(model).expand(len(SEEDS), -1, -1, -1),
        strength=(steps - start + 0.5) / steps,
        guidance_scale=SCALE,
        output_type="pt",
        **_wording(model),
        **way,
    ).images
    _assert_same(ours, theirs)


@pytest.mark.parametrize(("grid", "steps"), GRIDS)
def test_inpainting_with_a_known_region_that_stays_clean(
    monkeypatch: pytest.MonkeyPatch, cascade: Path, model: Model, grid: str, steps: int
) -> None:
    """Theirs is not RePaint: its known region carries no noise, from the start to the end."""
    original = pictures(1, SMALL)[0]
    mask = torch.zeros(SMALL, SMALL)
    mask[4:12, 2:10] = 1
    noise, levels = Noise(SEEDS), _levels(grid, steps)
    times = course() if grid == "course" else leading(SquaredCosine(), steps)
    init = noise(Stream.INIT, times[0], FIRST)

    def clean(x_s: Tensor, path: ProbabilityPath, s: float, draw: object) -> Tensor:
        return x_s.where(mask > 0, original)

    composition = Composition(
        model.denoiser, (guided(PROMPT, Guidance(SCALE)),) * len(SEEDS), threshold=model.threshold
    )
    start = model.denoiser.path.noised(original, times[0], init).where(mask > 0, original)
    ours = sample(trajectory(composition, start, times, DDPM(), noise, clean))

    pipeline = _pipeline("IFInpaintingPipeline", cascade / "stage1")
    _feed(monkeypatch, pipeline, [init], levels, noise, SMALL)
    way: dict[str, Any] = {"timesteps": levels} if grid == "course" else {"num_inference_steps": steps}
    theirs = pipeline(
        image=original.expand(len(SEEDS), -1, -1, -1),
        mask_image=mask.expand(len(SEEDS), 1, -1, -1),
        strength=1.0,
        guidance_scale=SCALE,
        output_type="pt",
        **_wording(model),
        **way,
    ).images
    _assert_same(ours, theirs)


def _table(cascade: Path) -> Tensor:
    scheduler = diffusers.DDPMScheduler.from_pretrained(cascade / "stage1" / "scheduler")
    return scheduler.alphas_cumprod  # type: ignore[no-any-return]


def _course_loop(unet: Any, scheduler: Any, x: Tensor, wording: dict[str, Tensor], noise: Noise) -> Tensor:
    """Iterative denoising as the course's notebooks have it: stride 30, guidance, learned variance, no thresholding."""
    scheduler.set_timesteps(timesteps=list(COURSE_LEVELS))
    table = scheduler.alphas_cumprod
    for t, before in itertools.pairwise(COURSE_LEVELS):
        alpha_bar, alpha_bar_before = table[t], table[before]
        alpha = alpha_bar / alpha_bar_before
        beta = 1 - alpha
        with torch.no_grad():
            output = unet(x, t, encoder_hidden_states=wording["prompt_embeds"], return_dict=False)[0]
            null = unet(x, t, encoder_hidden_states=wording["negative_prompt_embeds"], return_dict=False)[0]
        estimate, predicted_variance = torch.split(output, x.shape[1], dim=1)
        null_estimate, _ = torch.split(null, x.shape[1], dim=1)
        estimate = null_estimate + SCALE * (estimate - null_estimate)
        clean = (x - torch.sqrt(1 - alpha_bar) * estimate) / torch.sqrt(alpha_bar)
        x = (
            torch.sqrt(alpha_bar_before) * beta / (1 - alpha_bar) * clean
            + torch.sqrt(alpha) * (1 - alpha_bar_before) / (1 - alpha_bar) * x
        )
        variance = scheduler._get_variance(t, predicted_variance=predicted_variance)
        x = x + torch.exp(0.5 * variance) * noise(Stream.STEP, time_of_level(t), FIRST)
    return x


def test_the_courses_own_loop(cascade: Path, model: Model) -> None:
    """As `--like-the-course` has it: it stops at level 0, where a little noise is left, and thresholds nothing."""
    like_the_course = Sampling(like_the_course=True, guidance_scale=SCALE)
    ours = torch.stack(
        [made.pixels for made in make_planned([like_the_course.plan(Generate(PROMPT), model)] * len(SEEDS), SEEDS)]
    )

    pipeline, noise = _pipeline("IFPipeline", cascade / "stage1"), Noise(SEEDS)
    start = noise(Stream.INIT, time_of_level(COURSE_LEVELS[0]), FIRST)
    theirs = _course_loop(pipeline.unet, pipeline.scheduler, start, _wording(model), noise)
    # Without thresholding an untrained network's pictures leave the range: compare in units of their own spread.
    assert ((ours - theirs).abs().max() / theirs.std()).item() < TOLERANCE


def _repaint_loop(
    unet: Any, scheduler: Any, original: Tensor, mask: Tensor, wording: dict[str, Tensor], noise: Noise, visits: int
) -> Tensor:
    """RePaint (Lugmayr et al., 2022, algorithm 1): known and unknown are joined at each level; jumps of one step."""
    table = scheduler.alphas_cumprod
    x = noise(Stream.INIT, time_of_level(COURSE_LEVELS[0]), FIRST)
    for t, s in zip(COURSE_LEVELS, [*COURSE_LEVELS[1:], -1], strict=True):
        bar_t, bar_s = table[t], table[s] if s >= 0 else torch.tensor(1.0)
        beta = 1 - bar_t / bar_s
        for visit in range(visits if s >= 0 else 1):
            if visit > 0:
                again = noise(Stream.RESAMPLE, time_of_level(t), FIRST, visit)
                x = torch.sqrt(1 - beta) * x + torch.sqrt(beta) * again
            output = unet(x, t, encoder_hidden_states=wording["prompt_embeds"], return_dict=False)[0]
            estimate, v = output[:, :3], (output[:, 3:] + 1) / 2
            clean = scheduler._threshold_sample((x - torch.sqrt(1 - bar_t) * estimate) / torch.sqrt(bar_t))
            if s < 0:
                return clean.where(mask > 0, original)
            mean = (bar_s.sqrt() * beta * clean + (bar_t / bar_s).sqrt() * (1 - bar_s) * x) / (1 - bar_t)
            log_variance = v * beta.log() + (1 - v) * ((1 - bar_s) / (1 - bar_t) * beta).log()
            painted = mean + (log_variance / 2).exp() * noise(Stream.STEP, time_of_level(t), FIRST, visit)
            known = bar_s.sqrt() * original + (1 - bar_s).sqrt() * noise(Stream.KNOWN, time_of_level(s), FIRST, visit)
            x = painted.where(mask > 0, known)
    raise AssertionError("the last level returns")


@pytest.mark.parametrize("visits", [1, 3])
def test_repaint_with_resampling(cascade: Path, model: Model, visits: int) -> None:
    mask = torch.zeros(SMALL, SMALL)
    mask[3:9, 5:14] = 1
    source, hole = Source.of("original", pictures(1, SMALL)[0]), Source.of_mask("hole", mask)
    ours = _ours(Inpaint(source, hole, PROMPT, visits, sampler=SamplerConfig("ddpm", 34, "course", 1.0)), model)

    pipeline = _pipeline("IFPipeline", cascade / "stage1")
    original = source.pixels(model)
    with torch.no_grad():
        theirs = _repaint_loop(pipeline.unet, pipeline.scheduler, original, mask, _wording(model), Noise(SEEDS), visits)
    _assert_same(ours, theirs)
    assert torch.equal(ours[0][:, mask == 0], original[:, mask == 0])


def test_a_deeper_cascade_at_both_sizes_in_a_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All four levels of IF's UNets, and the second stage fed with the first's own picture."""
    folder = write_cascade(tmp_path, (32, 64, 96, 128))
    model = load_model("deepfloyd", "cpu", weights=str(folder), embeddings=str(folder / "embeddings"))
    ours = _ours(Generate(PROMPT, sampler=SamplerConfig("ddpm", 10, "leading", SCALE)), model, LARGE)

    theirs: Tensor | None = None
    for k, (kind, shape) in enumerate([("IFPipeline", FIRST), ("IFSuperResolutionPipeline", SECOND)]):
        pipeline, levels, noise = _pipeline(kind, folder / f"stage{k + 1}"), _levels("leading", 10), Noise(SEEDS, k)
        drawn = [noise(Stream.INIT, time_of_level(900), shape), noise(Stream.LOWRES, time_of_level(250), shape)]
        _feed(monkeypatch, pipeline, drawn, levels, noise, shape[1])
        guide: dict[str, Any] = {} if theirs is None else {"image": theirs}
        theirs = pipeline(
            num_inference_steps=10, guidance_scale=SCALE, output_type="pt", **_wording(model), **guide
        ).images
    assert theirs is not None
    _assert_same(ours, theirs)
