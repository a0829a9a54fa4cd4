"""Open models from a user's folder give the pictures of diffusers' own pipelines, on the same noise.

Ours are made as a user makes them: a folder is loaded, a recipe is made. Theirs are given the noise that ours draw.
"""

import itertools
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import diffusers
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor

import tiny_open
from command_line import Command
from duckrabbit.diffusion.guidance import Guidance, guided
from duckrabbit.diffusion.latents import LatentComposition
from duckrabbit.diffusion.noise import Noise, Stream
from duckrabbit.diffusion.sampling import State
from duckrabbit.diffusion.terms import Term
from duckrabbit.errors import UsageError
from duckrabbit.illusions.bands import hybrid_bands
from duckrabbit.illusions.views.whole import Flip, Identity
from duckrabbit.judges.open import agreement, open_judge
from duckrabbit.making.make import make, together
from duckrabbit.making.record import recorded
from duckrabbit.making.rerun import command_for
from duckrabbit.media.png import read_metadata
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.models.open import fitting, flux, prx, prx_pixel, stable_diffusion_3, wordings, z_image
from duckrabbit.models.open.flux import packed
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.edit import Edit
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.recipes.inpaint import Inpaint
from duckrabbit.recipes.source import Source
from duckrabbit.studio.worker import Inbox, Worker
from helpers import Recorder, pictures
from tiny_if import write_cascade, write_pixel_pipeline
from tiny_open import PROMPTS

TOLERANCE = 1e-3
"""In [0, 1]."""

SEED = 5
WRITERS: dict[str, Callable[[Path], Path]] = {
    "prx-pixel": tiny_open.write_prx_pixel,
    "sd": tiny_open.write_stable_diffusion,
    "sd-v": tiny_open.write_stable_diffusion_v,
    "sdxl": tiny_open.write_sdxl,
    "prx": tiny_open.write_prx,
    "sd3": tiny_open.write_sd3,
    "sd3-without-t5": partial(tiny_open.write_sd3, t5=False),
    "z-image": tiny_open.write_z_image,
    "flux": tiny_open.write_flux,
    "flux-dev": tiny_open.write_flux_dev,
}
Folders = Callable[[str], Path]


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """A tiny pipeline's folder by its name, written once."""
    made: dict[str, Path] = {}

    def of(name: str) -> Path:
        if name not in made:
            made[name] = WRITERS[name](tmp_path_factory.mktemp(name))
        return made[name]

    return of


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DUCKRABBIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _load(folder: Path, **given: Any) -> Model:
    return load_model(str(folder), "cpu", torch.float32, **given)


def _ours(model: Model, steps: int, scale: float) -> Tensor:
    """In [0, 1]."""
    recipe = Generate(PROMPTS[0], sampler=SamplerConfig("ddim", steps, "own", scale))
    return make(recipe, model, seed=SEED)[0].pixels.clamp(-1, 1) / 2 + 0.5


def _apart(ours: Tensor, theirs: Tensor) -> float:
    return (ours - theirs).abs().max().item()


# --- PRXPixel --------------------------------------------------------------------------------------------------------


def _prx_pixel(folder: Path, model: Model, steps: int, scale: float) -> Tensor:
    pipeline = diffusers.PRXPixelPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    noise = 2 * Noise((SEED,))(Stream.INIT, 1.0, model.state_shape)
    made = pipeline(
        PROMPTS[0],
        latents=noise,
        num_inference_steps=steps,
        guidance_scale=scale,
        use_resolution_binning=False,
        output_type="pt",
    )
    return made.images[0].clamp(-1, 1) / 2 + 0.5


@pytest.mark.parametrize("steps", [6, 28])
@pytest.mark.parametrize("scale", [1.0, 5.0])
def test_prx_pixel(folder_of: Folders, steps: int, scale: float) -> None:
    folder = folder_of("prx-pixel")
    model = _load(folder)
    assert (model.size, model.state_shape, model.on_latents) == (16, (3, 16, 16), False)
    ours = _ours(model, steps, scale)
    assert ours.std() > 0.05
    assert _apart(ours, _prx_pixel(folder, model, steps, scale)) < TOLERANCE


def test_a_sign_that_is_read_wrongly_is_noticed(folder_of: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of the test above: with the velocity's sign, or the noise's strength, its pictures differ."""
    folder = folder_of("prx-pixel")
    theirs = _prx_pixel(folder, _load(folder), 6, 5.0)
    right = prx_pixel.estimate
    monkeypatch.setattr(prx_pixel, "estimate", lambda network, x, t, words: -right(network, x, t, words))
    assert _apart(_ours(_load(folder), 6, 5.0), theirs) > 10 * TOLERANCE
    monkeypatch.setattr(prx_pixel, "estimate", right)
    monkeypatch.setattr(prx_pixel, "SMALLEST_TIME", 1e-6)
    assert _apart(_ours(_load(folder), 6, 5.0), theirs) > TOLERANCE


def test_a_two_view_anagram_on_pixels_is_the_loop_of_its_definition(folder_of: Folders) -> None:
    folder, steps, scale = folder_of("prx-pixel"), 6, 3.0
    model = _load(folder)
    recipe = Anagram(PROMPTS, ("flip",), sampler=SamplerConfig("ddim", steps, "own", scale))
    [ours] = make(recipe, model, seed=SEED)

    pipeline = diffusers.PRXPixelPipeline.from_pretrained(folder)
    words = {p: pipeline.encode_prompt(p, "cpu", False)[:2] for p in ("", *PROMPTS)}
    scheduler = pipeline.scheduler
    scheduler.set_timesteps(steps)
    x = 2 * Noise((SEED,))(Stream.INIT, 1.0, model.state_shape)
    for step in scheduler.timesteps:
        t = step / 1000
        estimates = []
        for k, prompt in enumerate(PROMPTS):
            seen = x.flip(2) if k else x
            told = [
                pipeline.transformer(seen, t.view(1), states, mask, return_dict=False)[0].detach()
                for states, mask in (words[prompt], words[""])
            ]
            x0 = told[1] + scale * (told[0] - told[1])
            estimates.append(x0.flip(2) if k else x0)
        velocity = (x - (estimates[0] + estimates[1]) / 2) / t.clamp(min=0.05)
        x = scheduler.step(velocity, step, x).prev_sample
    assert _apart(ours.pixels, x[0]) < 1e-4


def test_a_seeds_picture_is_the_same_in_a_batch_at_another_size_and_made_again(
    folder_of: Folders, duckrabbit: Command, tmp_path: Path
) -> None:
    folder = folder_of("prx-pixel")
    model = _load(folder, size=8)
    assert model.sizes == (8,)
    recipe = Anagram(PROMPTS, ("rotate-90",))
    alone, batch = make(recipe, model, seed=SEED + 2)[0], make(recipe, model, 3, SEED)[2]
    assert _apart(alone.pixels, batch.pixels) < 1e-4

    words = ("anagram", *PROMPTS, "--view", "flip", "--model", str(folder), "--size", "8", "--steps", "3")
    made = duckrabbit(*words, "--device", "cpu", "--count", "2", "--threads", "1")
    assert made.code == 0, made.err
    path, other = made.paths
    assert read_metadata(path)["size"] == 8
    assert "--size 8" in (command_for(recorded(path)) or "")
    again = duckrabbit("rerun", str(other))
    assert (again.code, again.err.splitlines()[-1]) == (0, "identical")


def test_prompts_are_encoded_once_and_found_by_the_encoders_they_are_of(
    folder_of: Folders, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of("prx-pixel")
    _ours(_load(folder), 1, 2.0)
    assert "encoding 2 prompts" in capsys.readouterr().err
    [kept] = (cache / "embeddings").iterdir()
    assert len(list(kept.iterdir())) == 2
    _ours(_load(folder), 1, 2.0)
    assert "encoding" not in capsys.readouterr().err
    # Another text encoder under the same prompts: nothing of the old one's is taken.
    other = shutil.copytree(folder, tmp_path / "other")
    weights = load_file(other / "text_encoder" / "model.safetensors")
    save_file({name: 2 * tensor for name, tensor in weights.items()}, other / "text_encoder" / "model.safetensors")
    _ours(_load(other), 1, 2.0)
    assert "encoding 2 prompts" in capsys.readouterr().err
    assert len(list((cache / "embeddings").iterdir())) == 2


def test_prompts_are_embedded_once_for_later_commands(
    folder_of: Folders, tmp_path: Path, duckrabbit: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, kept = folder_of("prx-pixel"), tmp_path / "kept"
    words = ("--model", str(folder), "--embeddings", str(kept))
    ended = duckrabbit("embed", PROMPTS[0], *words)
    assert ended.code == 0
    assert [Path(line).is_file() for line in ended.out.splitlines()] == [True, True]
    # The encoders are gone, and nothing asks for them.
    monkeypatch.setattr(wordings.Wordings, "_pipeline", lambda _: pytest.fail("an encoder was loaded"))
    assert duckrabbit("embed", PROMPTS[0], *words).err.count("(was there)") == 2
    assert duckrabbit("embed", "--list", *words).out.splitlines() == ['""', PROMPTS[0]]
    made = duckrabbit("generate", PROMPTS[0], *words, "--size", "8", "--steps", "2", "--out", str(tmp_path))
    assert made.code == 0


# --- Latents ---------------------------------------------------------------------------------------------------------


SIDES = {"z-image": 64, "flux": 64, "flux-dev": 64}
"""Of families whose folders say none."""

# DDIM of diffusers steps down by 1000 // steps, whatever its own levels are: they agree where that leaves no rest.
STEPS = [(5, 4.0), (10, 1.0)]


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "prx-pixel"])
@pytest.mark.parametrize(("steps", "scale"), STEPS)
def test_models_on_latents(folder_of: Folders, name: str, steps: int, scale: float) -> None:
    folder, side = folder_of(name), SIDES.get(name, 16)
    model = _load(folder, size=SIDES.get(name))
    assert (model.size, model.on_latents, model.state_shape) == (side, True, (4, side // 2, side // 2))
    assert _apart(ours := _ours(model, steps, scale), _theirs(name, folder, model, steps, scale)) < TOLERANCE
    assert ours.std() > 0.02


def _pipeline(name: str, folder: Path) -> Any:
    left_out = ("text_encoder_3", "tokenizer_3") if name == "sd3-without-t5" else ()
    kind = getattr(diffusers, json.loads((folder / "model_index.json").read_text())["_class_name"])
    return kind.from_pretrained(folder, **dict.fromkeys(left_out))


def _pipeline_of_prx(folder: Path) -> Any:
    """Part by part: diffusers puts its encoder into transformers, which loses it when it has loaded another model."""
    parts = {
        "transformer": diffusers.PRXTransformer2DModel,
        "scheduler": diffusers.FlowMatchEulerDiscreteScheduler,
        "text_encoder": diffusers.pipelines.prx.T5GemmaEncoder,
        "tokenizer": transformers.AutoTokenizer,
        "vae": diffusers.AutoencoderKL,
    }
    loaded = {name: part.from_pretrained(folder / name) for name, part in parts.items()}
    return diffusers.PRXPipeline(**loaded, default_sample_size=16)


def _theirs(name: str, folder: Path, model: Model, steps: int, scale: float) -> Tensor:
    """In [0, 1]."""
    pipeline = _pipeline_of_prx(folder) if name == "prx" else _pipeline(name, folder)
    pipeline.set_progress_bar_config(disable=True)
    noise = Noise((SEED,))(Stream.INIT, model.own_grid(steps)[0], model.state_shape)
    # type: ignore[misc]
    given: dict[str, Any] = {"latents": noise, "guidance_scale": scale}
    match name:
        case "z-image":
            given["guidance_scale"] = scale - 1
        case "flux" | "flux-dev":
            given = {"latents": packed(noise), "negative_prompt": "", "true_cfg_scale": scale}
        case "prx":
            given["use_resolution_binning"] = False
    side = {"height": model.size, "width": model.size} if name in SIDES else {}
    made: Tensor = pipeline(PROMPTS[0], num_inference_steps=steps, output_type="pt", **given, **side).images[0]
    return made


def test_a_sign_of_the_prediction_that_is_read_wrongly_is_noticed(folder_of: Folders, tmp_path: Path) -> None:
    """A test of the test above: ε read as v, and the table of another schedule, give other pictures."""
    folder = folder_of("sd")
    right = _ours(_load(folder), 5, 4.0)
    for changes in ({"prediction_type": "v_prediction"}, {"beta_schedule": "linear"}):
        other = shutil.copytree(folder, tmp_path / next(iter(changes)))
        file = other / "scheduler" / "scheduler_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))
        assert _apart(_ours(_load(other), 5, 4.0), right) > 10 * TOLERANCE


@pytest.mark.parametrize(
    ("name", "family"), [("prx", prx), ("sd3", stable_diffusion_3), ("z-image", z_image), ("flux", flux)]
)
def test_a_velocity_that_is_read_wrongly_is_noticed(
    folder_of: Folders, monkeypatch: pytest.MonkeyPatch, name: str, family: Any
) -> None:
    """The same of rectified flow: the velocity's sign, and a time that runs the other way, give other pictures."""
    folder, size, right = folder_of(name), SIDES.get(name), family.estimate
    ours = _ours(_load(folder, size=size), 5, 4.0)

    def other_sign(*given: Any) -> Tensor:
        *_, x, _, _ = given
        return 2 * x - right(*given)

    def other_time(*given: Any) -> Tensor:
        *first, x, t, wordings = given
        velocity = (x - right(*first, x, 1 - t, wordings)) / max(1 - t, 1e-3)
        return x - t * velocity

    for wrong in (other_sign, other_time):
        monkeypatch.setattr(family, "estimate", wrong)
        assert _apart(_ours(_load(folder, size=size), 5, 4.0), ours) > 10 * TOLERANCE, wrong.__name__


def _looking_glass(model: Model, prompts: Sequence[str], flips: Sequence[bool], steps: int, scale: float) -> Tensor:
    """LookingGlass (arXiv:2504.08902, Algorithm 1) by DDIM: a latent a view, residuals, time travel, one alone."""
    encode, decode, path = model.encode, model.decode, model.denoiser.path
    grid = model.own_grid(steps)  # type: ignore[misc]
    noise, channels, side = Noise((SEED,)), model.state_shape[0], model.state_shape[1]
    shape = (len(prompts) * channels, side, side)
    z = list(noise(Stream.INIT, grid[0], shape).split(channels, dim=1))
    turn = [(lambda x: x.flip(2)) if flip else (lambda x: x) for flip in flips]
    for k, (t, s) in enumerate(itertools.pairwise(grid)):
        (a_t, s_t), (a_s, s_s) = path.at(t), path.at(s)
        for visit in range(2 if 0.2 <= k / steps < 0.8 else 1):
            if visit:
                again = noise(Stream.RESAMPLE, t, shape, visit).split(channels, dim=1)
                spread = (s_t**2 - (a_t / a_s) ** 2 * s_s**2) ** 0.5
                z = [a_t / a_s * own + spread * eps for own, eps in zip(z, again, strict=True)]
            here = range(1 if k >= 0.8 * steps else len(prompts))
            told = [[model.denoiser(z[i], t, [words]).x0 for words in (prompts[i], "")] for i in here]
            guided = [scale * asked + (1 - scale) * null for asked, null in told]
            pictures = [decode(own) for own in guided]
            lost = [own - encode(picture) for own, picture in zip(guided, pictures, strict=True)]
            x = torch.stack([turn[i](pictures[i]) for i in here]).mean(dim=0)
            residual = torch.stack([turn[i](lost[i]) for i in here]).mean(dim=0)
            for i in here:
                target = encode(turn[i](x)) + turn[i](residual)
                z[i] = a_s * target + s_s * (z[i] - a_t * target) / s_t
    return decode(z[0])[0]


def test_the_recipe_for_latents_is_the_loop_of_its_paper(folder_of: Folders) -> None:
    model, steps, scale = _load(folder_of("sd")), 10, 3.0
    recipe = Anagram(PROMPTS, ("flip",), sampler=SamplerConfig("ddim", steps, "own", scale))
    [ours] = make(recipe, model, seed=SEED)
    assert _apart(ours.pixels, _looking_glass(model, PROMPTS, (False, True), steps, scale)) < TOLERANCE
    # Had the second view no part in it, it would be another picture.
    assert _apart(ours.pixels, _looking_glass(model, PROMPTS[:1], (False,), steps, scale)) > 10 * TOLERANCE
    [batch] = make(recipe, model, 2, SEED - 1)[1:]
    assert _apart(ours.pixels, batch.pixels) < 1e-4


def _estimated(model: Model, terms: Sequence[Term], states: int = 1) -> tuple[Tensor, Tensor]:
    """What a composition makes of keyed noise, and the noise."""
    x = Noise((SEED,))(Stream.INIT, 0.6, (states * model.state_shape[0], *model.state_shape[1:]))
    composed = LatentComposition(model.denoiser, (tuple(terms),), model.encode, model.decode, correction=_as_it_is)
    return composed(x, 0.6).x0, x


def _as_it_is(x0: Tensor, t: float) -> Tensor:
    """A correction that corrects nothing, but goes by way of the pictures."""
    return x0


def test_one_view_one_prompt_and_bands_of_one_prompt_are_plain_sampling(folder_of: Folders) -> None:
    """The residual gives back what the autoencoder loses, so that an estimate that nothing changes stays as it is."""
    model = _load(folder_of("sd"))
    low, high = hybrid_bands()
    for terms in (
        guided(PROMPTS[0], Guidance(3.0), view=Identity()),
        guided(PROMPTS[0], Guidance(3.0), view=Flip()),
        [*guided(PROMPTS[0], Guidance(3.0), band=low), *guided(PROMPTS[0], Guidance(3.0), band=high)],
    ):
        made, x = _estimated(model, terms)
        told = [model.denoiser(x, 0.6, [words]).x0 for words in (PROMPTS[0], "")]
        estimate = 3 * told[0] - 2 * told[1]
        assert (model.decode(estimate) - model.decode(model.encode(model.decode(estimate)))).abs().max() > 0.01
        assert (made - estimate).abs().max() < 1e-5


@pytest.mark.parametrize("way", ["alternate", "swing"])
def test_views_that_take_turns_do_so_to_the_end(folder_of: Folders, way: str) -> None:
    recipe = Anagram(PROMPTS, ("flip",), sampler=SamplerConfig("ddim", 6, "own", 2.0), combine=way)
    [made] = make(recipe, _load(folder_of("sd")))
    assert made.pixels.isfinite().all()


def test_edit_inpaint_and_hybrid_work_on_latents(folder_of: Folders) -> None:
    model = _load(folder_of("sdxl"))
    picture, quick = pictures(1, 16)[0], SamplerConfig("ddim", 4, "own", 2.0)
    mask = torch.zeros(16, 16)
    mask[4:9, 3:12] = 1
    source = Source.of("picture", picture)
    known = source.pixels(model)
    [painted] = make(Inpaint(source, Source.of_mask("mask", mask), PROMPTS[0], sampler=quick), model)
    assert torch.equal(painted.pixels[:, mask == 0], known[:, mask == 0])
    assert not torch.equal(painted.pixels[:, mask == 1], known[:, mask == 1])
    [kept] = make(Edit(source, PROMPTS[0], start=4, sampler=quick), model)
    assert torch.equal(kept.pixels, model.decode(model.encode(known[None]))[0])
    far_near = Hybrid({"far": Part(PROMPTS[0]), "near": Part(PROMPTS[1])}, sampler=quick)
    near_far = Hybrid({"far": Part(PROMPTS[1]), "near": Part(PROMPTS[0])}, sampler=quick)
    one, other = (make(recipe, model)[0].pixels for recipe in (far_near, near_far))
    assert one.isfinite().all()
    assert _apart(one, other) > TOLERANCE
    with pytest.raises(UsageError, match="of which no part is a picture's"):
        make(Hybrid({"far": Part(picture=source), "near": Part(PROMPTS[0])}, sampler=quick), model)


def test_the_best_of_many_and_films_see_pictures_of_latents(folder_of: Folders, duckrabbit: Command) -> None:
    words = ("--model", str(folder_of("sd")), "--device", "cpu", "--steps", "2", "--threads", "1")
    ended = duckrabbit("anagram", "a dog", "a cat", "--view", "flip", *words, "--best", "1", "--from", "4")
    assert ended.code == 0, ended.err
    [path] = ended.paths
    assert read_metadata(path)["score"]["log_p"].keys() == {"upright: a dog", "flip: a cat"}
    ended = duckrabbit("generate", "a dog", *words, "--animate")
    assert (ended.code, len(list(Path("out").glob("generate*.gif")))) == (0, 1)


# --- A third stage ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three_stages(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """DeepFloyd IF, 16 and 64 pixels here, and the ×4 upscaler behind it."""
    folder = write_cascade(tmp_path_factory.mktemp("three"))
    tiny_open.write_upscaler(folder / "stage3")
    given = {"weights": str(folder), "embeddings": str(folder / "embeddings")}
    model = load_model("deepfloyd", "cpu", torch.float32, **given)  # type: ignore[arg-type]
    # The stage in between samples in its own way, which is made short.
    after = model.second_stage
    assert after is not None
    brief = replace(after.model, sampler=SamplerConfig("ddpm", 2, "leading", 2.0))
    return replace(model, second_stage=replace(after, model=brief))


def test_the_third_stage_is_the_upscalers_own(three_stages: Model) -> None:
    assert three_stages.sizes == (16, 64, 256)
    second, third = (three_stages.at(size) for size in (64, 256))
    recipe, steps, scale = Generate(PROMPTS[0], sampler=SamplerConfig("ddpm", 1, "leading", 1.0)), 5, 3.0
    quick = SamplerConfig("ddim", steps, "own", scale)
    shown: list[State] = []
    [ours] = make(recipe, three_stages, seed=SEED, size=256, second_sampler=quick, watch=shown.append)
    middle = next(state for state in reversed(shown) if state.x_s.shape[-1] == 64 and state.x_s.shape[1] == 3).x_s
    assert len(shown) == 1 + second.sampler.steps + steps

    folder = Path(str(three_stages.weights)) / "stage3"
    pipeline = diffusers.StableDiffusionUpscalePipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    noise, level = Noise((SEED,), 2), 21 / 1000
    low = noise(Stream.LOWRES, level, (3, 64, 64))
    module = __import__(type(pipeline).__module__, fromlist=["randn_tensor"])
    start = noise(Stream.INIT, third.own_grid(steps)[0], third.state_shape)  # type: ignore[misc]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "randn_tensor", lambda *_, **__: low)
        theirs = pipeline(
            PROMPTS[0], middle, num_inference_steps=steps, guidance_scale=scale, latents=start, output_type="pt"
        ).images[0]
    assert _apart(ours.pixels.clamp(-1, 1) / 2 + 0.5, theirs) < TOLERANCE


def test_every_view_is_kept_to_the_end_with_its_own_prompt(three_stages: Model) -> None:
    """Each view's latent is estimated under its prompt, with the small picture through that view behind it."""
    third = three_stages.at(256)
    planned = Anagram(PROMPTS, ("flip",), sampler=SamplerConfig("ddim", 5, "own", 3.0)).plan(third)
    assert (planned.resamplings, planned.alone_from) == (1, 0.0)
    low = pictures(1, 64)
    x = torch.randn(1, 8, 64, 64, generator=torch.Generator().manual_seed(0))
    seen = Recorder(third.denoiser)
    LatentComposition(seen, (planned.terms,), third.encode, third.decode, low=low)(x, 0.5)
    [(rows, _, prompts)] = seen.calls
    assert prompts == [PROMPTS[0], "", PROMPTS[1], ""]
    for row, prompt in zip(rows, prompts, strict=True):
        k = 0 if torch.equal(row[:4], x[0, :4]) else 1
        assert torch.equal(row[:4], x[0, 4 * k : 4 * k + 4])
        assert torch.equal(row[4:], low[0].flip(1) if k else low[0])
        assert prompt in (PROMPTS[k], "")


# --- A judge of any words --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("judges")
    return {kind: tiny_open.write_judge(folder / kind, kind) for kind in ("clip", "siglip")}


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_a_judge_sees_what_its_own_model_sees(judges: dict[str, Path], kind: str) -> None:
    judge = open_judge(str(judges[kind]), torch.device("cpu"))
    shown = pictures(3, 24)
    ours = judge.similarities(shown, PROMPTS)
    model = judge.network
    words = judge.sphere.tokenizer(
        list(PROMPTS), padding="max_length" if kind == "siglip" else True, max_length=20, return_tensors="pt"
    )
    mask = {} if kind == "siglip" else {"attention_mask": words.attention_mask}
    with torch.no_grad():
        theirs = model(input_ids=words.input_ids, pixel_values=((shown + 1) / 2 - 0.5) / 0.25, **mask)
    assert (ours - theirs.image_embeds @ theirs.text_embeds.T).abs().max() < 1e-5
    assert judge.sphere.inverse_temperature == pytest.approx(model.logit_scale.exp().item())


def test_alignment_and_concealment_are_the_papers(judges: dict[str, Path]) -> None:
    judge, shown = open_judge(str(judges["clip"]), torch.device("cpu")), pictures(4, 24)
    looks = Anagram(PROMPTS, ("flip",)).looks
    found = agreement(judge, looks, shown)
    scale = judge.sphere.inverse_temperature
    for n in range(4):
        rows = [judge.similarities(own[None], PROMPTS)[0] for own in (shown[n], shown[n].flip(1))]
        s = torch.stack(rows)
        both = ((s * scale).softmax(0) + (s * scale).softmax(1)) / 2
        assert found.alignment[n] == pytest.approx(min(s[0, 0].item(), s[1, 1].item()), abs=1e-5)
        assert found.concealment[n] == pytest.approx(both.trace().item() / 2, abs=1e-4)


def test_what_one_prompt_is_read_as_does_not_depend_on_the_others(judges: dict[str, Path]) -> None:
    shown, device = pictures(2, 24), torch.device("cpu")
    judge, again = (open_judge.__wrapped__(str(judges["clip"]), device) for _ in range(2))
    assert (judge.asked_for("a dog"), judge.asked_for("a cat"), judge.asked_for(" ")) == (0, 1, None)
    again.asked_for("a cat")
    before = again.log_probabilities(shown)[:, 0]
    assert torch.allclose(judge.log_probabilities(shown)[:, 1], before, atol=1e-5)
    assert (before < 0).all()


def test_a_judge_chooses_scores_and_guides_by_the_same_commands(
    folder_of: Folders, judges: dict[str, Path], duckrabbit: Command
) -> None:
    judge = ("--judge", str(judges["clip"]))
    words = ("--model", str(folder_of("sd")), "--steps", "3", "--device", "cpu", "--threads", "1", *judge)
    prompts = ("anagram", "a zyxel of a village", "a snowy man", "--view", "flip")
    chosen = duckrabbit(*prompts, *words, "--best", "1", "--from", "2")
    assert chosen.code == 0, chosen.err
    scored = duckrabbit("score", str(chosen.paths[0]), *judge, "--json")
    [line] = scored.told
    assert (scored.code, len(line["S"]), 0 < line["C"] < 1) == (0, 2, True)
    assert line["A"] == pytest.approx(min(line["S"][0][0], line["S"][1][1]))

    guided_by = duckrabbit(*prompts, *words, "--judge-scale", "1")
    plain = duckrabbit(*prompts, *words[: -len(judge)])
    assert guided_by.code == 0, guided_by.err
    remembered = read_metadata(guided_by.paths[0])
    assert remembered["judge"]["name"] == str(judges["clip"])
    assert guided_by.paths[0].read_bytes() != plain.paths[0].read_bytes()
    again = duckrabbit("rerun", str(guided_by.paths[0]))
    assert (again.code, again.err.splitlines()[-1]) == (0, "identical")

    found = duckrabbit("discover", "dog", "cat", "man", *words, "--minutes", "0.001", "--style", "a photo of")
    assert found.code == 0, found.err


def test_the_studios_worker_gives_its_judge_to_models_of_pictures(judges: dict[str, Path]) -> None:
    worker = Worker(cast(Inbox, None), lambda _: None, str(judges["clip"]))
    assert [worker._model(name).judge for name in ("pocket", "mnist-ddpm-class")] == [str(judges["clip"]), None]


def test_what_is_no_judge_is_refused(judges: dict[str, Path], tmp_path: Path, duckrabbit: Command) -> None:
    device = torch.device("cpu")
    with pytest.raises(UsageError, match="There is no judge"):
        open_judge(str(tmp_path / "nothing"), device)
    pickled = shutil.copytree(judges["clip"], tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(UsageError, match="pickled weights only, which are never read"):
        open_judge(str(pickled), device)
    (pickled / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(UsageError, match="is a bert and no judge"):
        open_judge(str(pickled), device)
    ended = duckrabbit("generate", "7", "--best", "1", "--judge", str(judges["clip"]))
    assert (ended.code, "makes digits" in ended.err) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "a duck", "--judge", "CLIP"],
        ["generate", "a duck", "--judge", "CLIP", "--animate"],
        ["generate", "a duck", "--judge", "CLIP", "--sweep", "seed=0,1"],
        ["anagram", "a duck", "a rabbit", "--view", "flip", "--judge", "CLIP", "--like-the-course"],
        ["anagram", "--pairs", "pairs.txt", "--view", "flip", "--judge", "CLIP", "--judge-scale", "0"],
        ["noise", "photo:tower", "--levels", "500", "--judge", "CLIP"],
    ],
    ids=" ".join,
)
def test_a_judge_that_nobody_asks_is_refused(words: list[str], judges: dict[str, Path], duckrabbit: Command) -> None:
    Path("pairs.txt").write_text("a duck | a rabbit")
    ended = duckrabbit(*(str(judges["clip"]) if word == "CLIP" else word for word in words), "--threads", "1")
    assert (ended.code, "--judge reads pictures for --best or --judge-scale" in ended.err) == (2, True), ended.err
    assert not Path("out").exists()


def test_a_judge_that_one_setting_of_a_sweep_asks_is_taken(judges: dict[str, Path], duckrabbit: Command) -> None:
    words = ("anagram", "a duck", "a rabbit", "--view", "flip", "--steps", "2", "--threads", "1")
    ended = duckrabbit(*words, "--judge", str(judges["clip"]), "--sweep", "judge-scale=0,0.5")
    assert ended.code == 0, ended.err


@pytest.mark.parametrize("judge", ["nothing", "empty"])
def test_a_studio_does_not_start_with_a_judge_that_is_not_there(
    judge: str, duckrabbit: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[object] = []
    monkeypatch.setattr("duckrabbit.studio.server.serve", lambda *given: served.append(given))
    Path("empty").mkdir()
    ended = duckrabbit("studio", "--no-browser", "--judge", judge)
    assert (ended.code, served, len(ended.err.splitlines())) == (2, [], 1), ended.err


# --- Memory ----------------------------------------------------------------------------------------------------------


def test_a_network_that_does_not_fit_comes_block_by_block(
    folder_of: Folders, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = _ours(_load(folder_of("prx-pixel")), 2, 3.0)
    monkeypatch.setattr(fitting, "_memory", lambda device: 1000.0)
    model = _load(folder_of("prx-pixel"))
    assert torch.equal(_ours(model, 2, 3.0), whole)
    assert "it comes block by block" in capsys.readouterr().err
    network = model.denoiser.lend()  # type: ignore[attr-defined]
    assert any(hasattr(part, "_diffusers_hook") for part in network.modules())


def test_text_encoders_that_fit_nowhere_are_said_so(folder_of: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordings, "free_bytes", lambda device: 100.0)
    with pytest.raises(UsageError, match=r"The text encoders of .* need .* GB of memory and less is free"):
        _ours(_load(folder_of("sd3")), 1, 1.0)


def test_weights_in_8_bits_are_of_another_package_and_of_open_models_alone(
    folder_of: Folders, duckrabbit: Command
) -> None:
    words = ("generate", "a dog", "--precision", "int8", "--device", "cpu")
    refusals = ((("--model", str(folder_of("sd"))), r'pip install "duckrabbit[int8]"'), ((), "8 bits are for"))
    for more, says in refusals:
        ended = duckrabbit(*words, *more)
        assert (ended.code, says in ended.err) == (2, True), ended.err


# --- Whose folder is it? ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"_class_name": "KandinskyV22Pipeline"}, r"is a KandinskyV22Pipeline, .* it plays PRXPixelPipeline"),
        ({"_class_name": "LDMPipeline", "unet": ["", ""], "vqvae": ["", ""]}, "is a LDMPipeline"),
    ],
)
def test_a_pipeline_of_another_class_is_refused_by_name(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps(changes))
    with pytest.raises(UsageError, match=says):
        _load(tmp_path)


def test_fewer_large_pictures_are_made_together(folder_of: Folders) -> None:
    model = _load(folder_of("sd"))
    sizes = {16: 64, 64: 64, 256: 4, 512: 4, 1024: 4}
    assert {size: together(64, replace(model, size=size)) for size in sizes} == sizes
    assert [together(256, replace(model, size=size)) for size in (64, 256, 1024)] == [256, 16, 4]


def test_what_can_not_be_made_is_said(folder_of: Folders, tmp_path: Path) -> None:
    folder = folder_of("prx-pixel")
    for size in (6, 20):
        with pytest.raises(UsageError, match=r"or smaller ones whose side is a multiple of 4"):
            _load(folder, size=size)
    other = shutil.copytree(folder, tmp_path / "other")
    file = other / "scheduler" / "scheduler_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"_class_name": "LCMScheduler"}))
    with pytest.raises(UsageError, match="is of a LCMScheduler"):
        _load(other)
    with pytest.raises(UsageError, match="has no grid of its own"):
        make(Generate("7", sampler=SamplerConfig(grid="own")), load_model("mnist-ddpm-class", "cpu"))


def test_a_unet_at_the_folders_root_is_a_model_of_pixels(tmp_path: Path) -> None:
    whole = write_pixel_pipeline(tmp_path / "whole", None)
    alone = shutil.copytree(whole / "unet", tmp_path / "alone")
    with pytest.raises(UsageError, match=r"scheduler_config.json can't be read"):
        _load(alone)
    shutil.copy(whole / "scheduler" / "scheduler_config.json", alone)
    assert torch.equal(make(Generate(), _load(whole))[0].pixels, make(Generate(), _load(alone))[0].pixels)


def test_from_the_hub_only_what_is_played_is_downloaded(
    folder_of: Folders, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, asked = folder_of("prx-pixel"), []
    files = [str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()]
    siblings = [SimpleNamespace(rfilename=name, size=10**9) for name in [*files, "unet/x.safetensors", "readme.md"]]
    card = SimpleNamespace(siblings=siblings, gated=False, card_data={"license": "apache-2.0"})
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", lambda *_, **__: card)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda name, file: str(folder / file))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)

    def download(name: str, allow_patterns: list[str]) -> str:
        asked.extend(allow_patterns)
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    model = load_model("someone/prxpixel", "cpu", torch.float32)
    assert (model.name, model.size) == ("someone/prxpixel", 16)
    assert sorted(asked) == sorted(files)
    assert f"downloading someone/prxpixel: {len(files)}.0 GB, open (licence: apache-2.0)" in capsys.readouterr().err


def test_offline_a_hub_id_is_found_in_the_cache_or_said_to_be_missing(
    folder_of: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", refuse)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UsageError, match="someone/prxpixel is not whole on this machine and the hub can't be reached"):
        load_model("someone/prxpixel", "cpu")
    repository = tmp_path / "models--someone--prxpixel"
    shutil.copytree(folder_of("prx-pixel"), repository / "snapshots" / "abc")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    assert load_model("someone/prxpixel", "cpu").size == 16
