"""B2.1 and B2.2: DDPM, told the time, and told the class too."""

from dataclasses import dataclass, replace

import torch

from duckrabbit.report.bodies.chart import Chart, Series, linear
from duckrabbit.report.bodies.sheet import Sheet
from duckrabbit.report.bodies.stack import Stack
from duckrabbit.report.bodies.table import Table
from duckrabbit.report.figure import Exhibit, Figure, Origin, Plate
from duckrabbit.report.quality import Quality
from duckrabbit.report.rows.recorded import loss_exhibit, samples_exhibit
from duckrabbit.report.rows.sampled import DIGITS, generate_command, samples_exhibit_now, samples_of
from duckrabbit.report.training_record import TrainingRecord
from duckrabbit.report.wording import model_words, sampler_words, seed_words
from duckrabbit.report.workshop import Stopwatch, Workshop

SCALES = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0)
GUIDANCE = 5.0


def time_conditioned(workshop: Workshop) -> Figure:
    """B2.1: DDPM, told the time."""
    record = TrainingRecord.read("mnist-ddpm")
    model = workshop.shelf.model("mnist-ddpm")
    alpha, sigma = model.denoiser.path.at(1.0)
    lesson = (
        "This network is told the time, so that one network removes every amount of noise, and sampling is B1.2 many "
        "times over: estimate the digit, go a little of the way, estimate again. Each estimate is still a mean (the first "
        "is the blob of B1.4), but it is a mean over fewer and fewer digits as the picture makes its choices.",
        f"With 300 steps and β up to 0.02, ᾱ_T = {alpha**2:.3f}: the last level is {alpha:.2f} x₀ + {sigma:.2f} ε, so it "
        "is not quite noise. In training a trace of the digit was always left there, in sampling there is none: "
        f"{_starting_words(model.data.mean, model.data.std)}",
        "No class was asked for, so none can be judged; some samples are no digit at all, and are shown.",
    )
    now = samples_exhibit_now(workshop, "mnist-ddpm", "Samples from the model as shipped, none picked.")
    return Figure(lesson, (loss_exhibit((("", record),)), samples_exhibit(workshop, record), now))


def _starting_words(mean: float, std: float) -> str:
    if (mean, std) == (0.0, 1.0):
        return "sampling starts from pure noise all the same, as the sources do, and pays for it with a few odd digits."
    return f"so sampling starts from noise with the mean and spread that noised digits have there (mean {mean:.2f} of x₀)."


def class_conditioned(workshop: Workshop) -> Figure:
    """B2.2: DDPM, told the class too, and what guidance buys and costs."""
    record = TrainingRecord.read("mnist-ddpm-class")
    model = workshop.shelf.model("mnist-ddpm-class")
    strong = replace(model.sampler, guidance_scale=GUIDANCE)
    now = samples_exhibit_now(
        workshop, "mnist-ddpm-class", "Every digit at guidance scale 5; the pictures of a row share their noise.", strong
    )
    sweep = _sweep(workshop)
    lesson = (
        "The class enters as a one-hot vector that is dropped for one picture in ten, so the same network also knows what "
        "digits look like in general. Classifier-free guidance plays the two answers off against each other: "
        "x̂₀ = γ D(x, t, c) + (1 − γ) D(x, t, ∅). At γ = 0 the class is ignored, at γ = 1 it is obeyed as in training, "
        "above that the picture is pushed away from whatever any digit has.",
        "What it buys: digits that are read as what was asked for. What it costs: diversity. Strong guidance makes the "
        "same upright, heavy digit over and over; in the sweep the spread within classes falls and the Fréchet distance, "
        "which wants real variety, rises again. Which scale is best depends on which of the two is wanted; the "
        "sources call 5 best because they looked at crispness alone.",
    )
    return Figure(lesson, (loss_exhibit((("", record),)), samples_exhibit(workshop, record), now, *sweep))


@dataclass(frozen=True)
class _Scored:
    """A guidance scale, its quality and the first sample of each digit."""

    scale: float
    quality: Quality
    strip: Plate


def _sweep(workshop: Workshop) -> tuple[Exhibit, ...]:
    """The guidance scales, and the gain over the model without classes, by the same measure."""
    model, without = workshop.shelf.model("mnist-ddpm-class"), workshop.shelf.model("mnist-ddpm")
    count = workshop.effort.judged
    watch = Stopwatch()
    yardstick = workshop.shelf.yardstick(workshop.effort.reference)
    labels = torch.arange(count) % 10
    scored: list[_Scored] = []
    for done, scale in enumerate(SCALES):
        workshop.tell(f"guidance scale {scale:g}", (done + 1) / (len(SCALES) + 2))
        pictures = samples_of(model, replace(model.sampler, guidance_scale=scale), count)
        strip = workshop.plate(f"scale-{scale:g}", list(pictures[:10]), 10, f"0 to 9 at guidance scale {scale:g}")
        scored.append(_Scored(scale, yardstick.measure(pictures, labels), strip))
    unconditional = yardstick.distance(samples_of(without, without.sampler, count))
    real_pictures, real_labels = workshop.test_digits(count), workshop.shelf.test.labels[:count]
    real = yardstick.measure(real_pictures, real_labels)
    seconds = watch.read()

    rows = [("real test digits", real)] + [(f"γ = {own.scale:g}", own.quality) for own in scored]
    table = Table(
        ("", "read as asked", "Fréchet distance", "spread within classes"),
        (
            *((name, f"{q.accuracy:.0%}", f"{q.frechet:.2f}", f"{q.diversity:.0%}") for name, q in rows),
            (f"{without.name}, no class (B2.1)", "–", f"{unconditional:.2f}", "–"),
        ),
    )
    best = min(scored, key=lambda own: own.quality.frechet)
    change = best.quality.frechet - unconditional
    gain = f"{abs(change):.2f} {'nearer to' if change < 0 else 'further from'} real digits than B2.1"
    parameters = (
        model_words(model),
        f"{count} samples a scale: a small number, so read differences, not digits",
        seed_words(range(count // 10)),
        *sampler_words(model.sampler, model)[1:],
        f"reporting judge, {workshop.effort.reference:,} training digits",
    )
    command = generate_command(model, replace(model.sampler, guidance_scale=10.0), "3", count // 10)
    shown = Exhibit(
        "The first sample of each digit under rising guidance. The noise of all is the same.",
        Sheet(DIGITS, tuple((f"γ = {own.scale:g}", own.strip) for own in scored)),
        Origin.NOW,
        parameters,
        command,
        seconds,
    )
    measured = Exhibit(
        f"Accuracy, Fréchet distance and spread by the judge that selects nothing. By Fréchet distance γ = {best.scale:g} "
        f"is best here, and {gain}, measured the same way.",
        Stack((_curves(scored), table)),
        Origin.NOW,
        parameters,
        command,
        seconds,
    )
    return shown, measured


def _curves(scored: list[_Scored]) -> Chart:
    return Chart(
        "Accuracy and spread against the guidance scale",
        linear("guidance scale γ"),
        linear("share"),
        (
            Series("read as asked", tuple((own.scale, own.quality.accuracy) for own in scored)),
            Series("spread within classes (real digits: 1)", tuple((own.scale, own.quality.diversity) for own in scored)),
        ),
        marked=True,
    )
