"""B1: one step. What noise does to a digit, and what a network can undo at once."""

import torch
from torch import Tensor

from duckrabbit.datasets.mnist import pictures_to_float
from duckrabbit.diffusion.noise import Noise, Stream
from duckrabbit.diffusion.sampling import noised
from duckrabbit.making.make import make, make_all
from duckrabbit.models.model import Model
from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.noise import Forward, Level
from duckrabbit.recipes.source import Source
from duckrabbit.report.bodies import Sheet
from duckrabbit.report.chart import Axis, Chart, Series
from duckrabbit.report.figure import Exhibit, Figure, command, model_words, seed_words
from duckrabbit.report.measures import distance, squared_error
from duckrabbit.report.rows.digits.recorded import recorded_exhibits
from duckrabbit.report.workshop import Workshop, stacked

SIGMAS = (0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0)
SIGMA_HEADS = tuple(f"{sigma:g}" for sigma in SIGMAS)
INDICES = (0, 1, 2, 4, 61)
LEVEL_OF_NOISE = 999
OUTPUTS = 10


def noising(workshop: Workshop) -> Figure:
    """B1.1: the noising process."""
    model = workshop.shelf.model("mnist-denoiser")
    strips = []
    for index in INDICES:
        source = Source.read(f"mnist:test/{index}", model)
        row = [make(Forward(source, Level(sigma=sigma)), model)[0].pixels for sigma in SIGMAS]
        alt = f"Test digit {index} with noise of σ from 0 to 1: it dissolves from left to right"
        strips.append(workshop.strip("", f"digit-{index}", row, alt))
    spread = float(workshop.shelf.test.pictures.double().div(255).std())
    sheet = Exhibit(
        "The same five test digits under more and more noise; σ stands above each column.",
        Sheet(SIGMA_HEADS, tuple(strips)),
        ("no model", f"σ {', '.join(SIGMA_HEADS)}", "seed 0", f"test digits {', '.join(map(str, INDICES))}"),
        command("noise", f"mnist:test/{INDICES[0]}", "--noise-sigma", *SIGMA_HEADS),
        workshop.seconds(),
    )
    return Figure((sheet,), {"spread": spread})


def denoising(workshop: Workshop) -> Figure:
    """B1.2: the single-step denoiser at its own level."""
    model = workshop.shelf.model("mnist-denoiser")
    sigma = float(model.config["level"])
    sources = [Source.read(f"mnist:test/{index}", model) for index in range(10)]
    level = Level(sigma=sigma)
    clean = [source.pixels(model) for source in sources]
    noisy = [p.pixels for p in make_all([Forward(s, level) for s in sources], model, [0] * 10)]
    cleaned = [p.pixels for p in make_all([Denoise(s, level, "one-step") for s in sources], model, [0] * 10)]
    before, after = squared_error(stacked(noisy), stacked(clean)), squared_error(stacked(cleaned), stacked(clean))
    now = Exhibit(
        f"Ten test digits that no training saw. On them the mean squared error falls from {before:.3f} (noisy, "
        f"clipped) to {after:.4f}.",
        Sheet(
            (),
            (
                workshop.strip("the digit", "clean", clean, "Ten clean test digits"),
                workshop.strip(f"with noise of σ = {sigma:g}", "noisy", noisy, "The same digits under noise"),
                workshop.strip("denoised in one step", "denoised", cleaned, "The same digits, noise removed"),
            ),
        ),
        (model_words(model), f"σ {sigma:g}", "seed 0", "one step"),
        _command(model, "--noise-sigma", f"{sigma:g}"),
        workshop.seconds(),
    )
    return Figure((*recorded_exhibits(workshop, "mnist-denoiser", "the digit"), now), {"sigma": sigma})


def out_of_distribution(workshop: Workshop) -> Figure:
    """B1.3: the same denoiser on noise it was not trained for."""
    model = workshop.shelf.model("mnist-denoiser")
    trained = float(model.config["level"])
    strips = []
    for index in INDICES[:3]:
        clean = workshop.test_digits(index + 1)[-1:]
        noisy = torch.cat([_noisy(model, clean, sigma) for sigma in SIGMAS])
        named = f"test digit number {index}, noisy and denoised"
        strips.append(workshop.strip(named, f"noisy-{index}", noisy.unbind(), "Under noise"))
        alt = "What the denoiser makes of it: clean in the middle, broken at both ends"
        strips.append(workshop.strip("", f"denoised-{index}", _run(model, noisy).unbind(), alt))
    made_by = _command(model, "--noise-sigma", *SIGMA_HEADS)
    sheet = Exhibit(
        f"One network, trained at σ = {trained:g} and at nothing else. At σ = 0 it was run on the clean digit (the "
        "command returns a clean picture untouched).",
        Sheet(SIGMA_HEADS, tuple(strips)),
        (model_words(model), f"σ {', '.join(SIGMA_HEADS)}", "seed 0", "one step"),
        made_by,
        workshop.seconds(),
    )
    count = workshop.effort.noised
    clean = workshop.test_digits(count)
    errors: list[tuple[float, float]] = []
    for done, sigma in enumerate(SIGMAS):
        workshop.tell(f"error at σ = {sigma:g}", done / len(SIGMAS))
        answers = torch.cat([_run(model, part) for part in torch.split(_noisy(model, clean, sigma), 64)])
        errors.append((sigma, squared_error(answers, clean)))
    ratio = errors[-1][1] / dict(errors)[trained]
    chart = Exhibit(
        f"The error against σ. At σ = 1 it is {ratio:.0f} times that at σ = {trained:g}; at σ = 0, where returning the "
        f"input would make no error at all, it is {errors[0][1]:.4f}.",
        Chart(
            "Mean squared error of the denoiser against the noise level",
            Axis("σ of the noise"),
            Axis("mean squared error"),
            (Series("denoiser", tuple(errors)),),
            marked=True,
        ),
        (model_words(model), f"{count} test digits", seed_words(range(count)), "errors for pictures in [0, 1]"),
        made_by,
        workshop.seconds(),
    )
    return Figure((sheet, chart), {"sigma": trained})


def pure_noise(workshop: Workshop) -> Figure:
    """B1.4: a denoiser of pure noise, which can only answer with the mean."""
    model = workshop.shelf.model("mnist-denoiser-pure-noise")
    recipe = Denoise(Source.read("mnist:test/0", model), Level(level=LEVEL_OF_NOISE), "one-step")
    outputs = stacked([picture.pixels for picture in make(recipe, model, OUTPUTS)])
    digits = workshop.shelf.train.pictures
    mean = (digits.double().mean(dim=0) / 127.5 - 1).float()[None]
    inputs = Noise(tuple(range(5)))(Stream.INIT, 1.0, model.shape)
    of_outputs = outputs.mean(dim=0)
    now = Exhibit(
        f"Root mean square distance of the outputs from the mean of all {len(digits):,} training digits: "
        f"{distance(outputs, mean):.1f} of 255 grey levels, and from one another's mean "
        f"{distance(outputs, of_outputs):.1f}. A training digit is "
        f"{distance(pictures_to_float(digits[:1000]), mean):.0f} away.",
        Sheet(
            (),
            (
                workshop.strip("what goes in: pure noise", "noise", inputs.unbind(), "Five pictures of noise"),
                workshop.strip("what comes out", "outputs", outputs[:5].unbind(), "Five nearly equal grey blobs"),
                (
                    "the mean training digit, and beside it the mean of the outputs",
                    workshop.plate("mean", [mean, of_outputs], 5, "Two grey blobs that look alike"),
                ),
            ),
        ),
        (model_words(model), "level 999 (pure noise)", seed_words(range(OUTPUTS)), "one step"),
        f"{_command(model, '--levels', LEVEL_OF_NOISE)} --count {OUTPUTS}",
        workshop.seconds(),
    )
    return Figure((*recorded_exhibits(workshop, "mnist-denoiser-pure-noise", "the digit"), now))


def _command(model: Model, *level: object) -> str:
    """The command line that denoises the first test digit in one step."""
    return command("denoise", "mnist:test/0", *level, "--method", "one-step", "--model", model.name)


def _noisy(model: Model, clean: Tensor, sigma: float) -> Tensor:
    """Pictures [N, 1, 28, 28] with noise of σ, each with the seed of its row."""
    t = Level(sigma=sigma).time_on(model.denoiser.path)
    return torch.cat([noised(model.denoiser.path, x0, t, Noise((seed,))) for seed, x0 in enumerate(clean)])


def _run(model: Model, noisy: Tensor) -> Tensor:
    """The one-step denoiser's answer: it knows one level only, so that is what it is told."""
    level = float(model.config["level"])
    return model.denoiser(noisy.to(model.device), level, [""] * len(noisy)).x0.cpu().clamp(-1, 1)
