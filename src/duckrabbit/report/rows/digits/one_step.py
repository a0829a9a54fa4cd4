"""B1: one step. What noise does to a digit, and what a network can undo at once."""

import torch
from torch import Tensor

from duckrabbit.datasets.mnist import pictures_to_float
from duckrabbit.diffusion.noise import Noise, Stream
from duckrabbit.diffusion.sampling import noised
from duckrabbit.making.make import make, make_all
from duckrabbit.models.model import Model
from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.level import Level
from duckrabbit.recipes.noise import Forward
from duckrabbit.recipes.source import Source
from duckrabbit.report.bodies import Sheet
from duckrabbit.report.chart import Axis, Chart, Series
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.measures import distance, squared_error
from duckrabbit.report.rows.digits.recorded import TrainingRecord, loss_exhibit, samples_exhibit
from duckrabbit.report.wording import command, model_words, seed_words
from duckrabbit.report.workshop import Stopwatch, Workshop, stacked

SIGMAS = (0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0)
SIGMA_HEADS = tuple(f"{sigma:g}" for sigma in SIGMAS)
INDICES = (0, 1, 2, 4, 61)
LEVEL_OF_NOISE = 999
OUTPUTS = 10


def noising(workshop: Workshop) -> Figure:
    """B1.1: the noising process."""
    model = workshop.shelf.model("mnist-denoiser")
    watch = Stopwatch()
    strips = []
    for index in INDICES:
        source = Source.read(f"mnist:test/{index}", model)
        row = [make(Forward(source, Level(sigma=sigma)), model)[0].pixels for sigma in SIGMAS]
        alt = f"Test digit {index} with noise of σ from 0 to 1: it dissolves from left to right"
        strips.append(("", workshop.plate(f"digit-{index}", row, len(SIGMAS), alt)))
    spread = float(workshop.shelf.test.pictures.double().div(255).std())
    sheet = Exhibit(
        "The same five test digits under more and more noise; σ stands above each column.",
        Sheet(SIGMA_HEADS, tuple(strips)),
        Origin.NOW,
        ("no model", f"σ {', '.join(SIGMA_HEADS)}", "seed 0", f"test digits {', '.join(map(str, INDICES))}"),
        command("noise", f"mnist:test/{INDICES[0]}", "--noise-sigma", *SIGMA_HEADS),
        watch.read(),
    )
    lesson = (
        "z = x + σε: to every pixel, on a scale where black is 0 and white is 1, comes an independent normal number of "
        "standard deviation σ. What leaves the range is clipped for the eye only; the network sees it all.",
        f"MNIST's own standard deviation is {spread:.2f}. So at σ = 0.5 the noise already has "
        f"{(0.5 / spread) ** 2:.1f} times the variance of the digits, and at full σ = 1 it has "
        f"{(1 / spread) ** 2:.0f} times. Still most of them can be read: a stroke is many pixels that agree, and "
        "noise never does.",
    )
    return Figure(lesson, (sheet,))


def denoising(workshop: Workshop) -> Figure:
    """B1.2: the single-step denoiser at its own level."""
    record = TrainingRecord.read("mnist-denoiser")
    model = workshop.shelf.model("mnist-denoiser")
    sigma = float(model.config["level"])
    watch = Stopwatch()
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
                ("the digit", workshop.plate("clean", clean, 10, "Ten clean test digits")),
                (
                    f"with noise of σ = {sigma:g}",
                    workshop.plate("noisy", noisy, 10, "The same digits under noise"),
                ),
                (
                    "denoised in one step",
                    workshop.plate("denoised", cleaned, 10, "The same digits, noise removed"),
                ),
            ),
        ),
        Origin.NOW,
        (model_words(model), f"σ {sigma:g}", "seed 0", "one step"),
        command(
            "denoise",
            "mnist:test/0",
            "--noise-sigma",
            f"{sigma:g}",
            "--method",
            "one-step",
            "--model",
            model.name,
        ),
        watch.read(),
    )
    lesson = (
        "A network that minimises the mean squared error learns the conditional mean E[x | z]: the average of "
        "all digits that could have become this noisy picture, each weighted by how likely it is.",
        f"At σ = {sigma:g} so few digits are left in the running that their average is nearly one of them. Where two "
        "remain possible, as at the ends of strokes, the average is grey: the blur is not a defect of the network but "
        "the honest answer to the question that the loss asks.",
    )
    return Figure(lesson, (loss_exhibit((("", record),), "the digit"), samples_exhibit(workshop, record), now))


def out_of_distribution(workshop: Workshop) -> Figure:
    """B1.3: the same denoiser on noise it was not trained for."""
    model = workshop.shelf.model("mnist-denoiser")
    trained = float(model.config["level"])
    watch = Stopwatch()
    strips = []
    for index in INDICES[:3]:
        clean = workshop.test_digits(index + 1)[-1:]
        noisy = [_noisy(model, clean, sigma) for sigma in SIGMAS]
        cleaned = [_run(model, x) for x in noisy]
        named = f"test digit number {index}, noisy and denoised"
        strips.append((named, workshop.plate(f"noisy-{index}", [x[0] for x in noisy], len(SIGMAS), "Under noise")))
        alt = "What the denoiser makes of it: clean in the middle, broken at both ends"
        strips.append(("", workshop.plate(f"denoised-{index}", [x[0] for x in cleaned], len(SIGMAS), alt)))
    made_by = command(
        "denoise", "mnist:test/0", "--noise-sigma", *SIGMA_HEADS, "--method", "one-step", "--model", model.name
    )
    sheet = Exhibit(
        f"One network, trained at σ = {trained:g} and at nothing else. At σ = 0 it was run on the clean digit (the "
        "command returns a clean picture untouched).",
        Sheet(SIGMA_HEADS, tuple(strips)),
        Origin.NOW,
        (model_words(model), f"σ {', '.join(SIGMA_HEADS)}", "seed 0", "one step"),
        made_by,
        watch.read(),
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
        Origin.NOW,
        (
            model_words(model),
            f"{count} test digits",
            seed_words(range(count)),
            "errors for pictures in [0, 1]",
        ),
        made_by,
        watch.read(),
    )
    lesson = (
        f"Nobody tells this network how noisy its input is; it takes σ = {trained:g} for granted. With less noise it "
        "still averages as if there were more, and so smooths and thickens strokes that were fine. With more "
        "noise, what is left over looks to it like pieces of strokes, and it draws them in.",
        "The cure is to tell it: a network that is given the noise level can serve all of them, and a network that "
        "serves all of them can walk from pure noise to a digit. That is B2.",
    )
    return Figure(lesson, (sheet, chart))


def pure_noise(workshop: Workshop) -> Figure:
    """B1.4: a denoiser of pure noise, which can only answer with the mean."""
    record = TrainingRecord.read("mnist-denoiser-pure-noise")
    model = workshop.shelf.model("mnist-denoiser-pure-noise")
    watch = Stopwatch()
    recipe = Denoise(Source.read("mnist:test/0", model), Level(level=LEVEL_OF_NOISE), "one-step")
    outputs = stacked([picture.pixels for picture in make(recipe, model, OUTPUTS)])
    digits = workshop.shelf.train.pictures
    mean = (digits.double().mean(dim=0) / 127.5 - 1).float()[None]
    inputs = Noise(tuple(range(5)))(Stream.INIT, 1.0, model.shape)
    typical = distance(pictures_to_float(digits[:1000]), mean)
    away = distance(outputs, mean)
    apart = distance(outputs, outputs.mean(dim=0))
    now = Exhibit(
        f"Root mean square distance of the outputs from the mean of all {len(digits):,} training digits: "
        f"{away:.1f} of 255 grey levels, and from one another's mean {apart:.1f}. A training digit is "
        f"{typical:.0f} away.",
        Sheet(
            (),
            (
                ("what goes in: pure noise", workshop.plate("noise", list(inputs), 5, "Five pictures of noise")),
                ("what comes out", workshop.plate("outputs", list(outputs[:5]), 5, "Five nearly equal grey blobs")),
                (
                    "the mean training digit, and beside it the mean of the outputs",
                    workshop.plate("mean", [mean, outputs.mean(dim=0)], 5, "Two grey blobs that look alike"),
                ),
            ),
        ),
        Origin.NOW,
        (model_words(model), "level 999 (pure noise)", seed_words(range(OUTPUTS)), "one step"),
        command(
            "denoise", "mnist:test/0", "--levels", LEVEL_OF_NOISE, "--method", "one-step",
            "--model", model.name, "--count", OUTPUTS,
        ),
        watch.read(),
    )  # fmt: skip
    lesson = (
        "Trained to turn pure noise ε into a digit x, the network is given an input that says nothing about its "
        "target: the two were paired by chance. The best answer under a squared error (the MMSE estimate) is "
        "then E[x | ε] = E[x], the mean of all digits, whatever the noise. A grey blob is not a failure to "
        "train but the optimum.",
        "What little the outputs differ from one another is error: trained on finitely many pairs, the network has not "
        "quite unlearned to look at its input. "
        "One step can't make a choice; many small ones can, because each leaves a picture that says more than "
        "the last.",
    )
    return Figure(lesson, (loss_exhibit((("", record),), "the digit"), samples_exhibit(workshop, record), now))


def _noisy(model: Model, clean: Tensor, sigma: float) -> Tensor:
    """Pictures [N, 1, 28, 28] with noise of σ, each with the seed of its row."""
    t = Level(sigma=sigma).time_on(model.denoiser.path)
    return torch.cat([noised(model.denoiser.path, x0, t, Noise((seed,))) for seed, x0 in enumerate(clean)])


def _run(model: Model, noisy: Tensor) -> Tensor:
    """The one-step denoiser's answer: it knows one level only, so that is what it is told."""
    level = float(model.config["level"])
    return model.denoiser(noisy.to(model.device), level, [""] * len(noisy)).x0.cpu().clamp(-1, 1)
