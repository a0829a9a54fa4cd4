"""B2.1 and B2.2: DDPM, told the time, and told the class too."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from duckrabbit.report.bodies.chart import Chart, Series, linear
from duckrabbit.report.bodies.sheet import Sheet
from duckrabbit.report.bodies.stack import Stack
from duckrabbit.report.bodies.table import Table
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.quality import Quality
from duckrabbit.report.rows.recorded import loss_exhibit, samples_exhibit
from duckrabbit.report.rows.sampled import (
    DIGITS,
    generate_command,
    guided_at,
    samples_exhibit_now,
    samples_of,
    seeds_by_digit,
)
from duckrabbit.report.training_record import TrainingRecord
from duckrabbit.report.wording import model_words, sampler_words, seed_words
from duckrabbit.report.workshop import Stopwatch, Workshop

CLASSES = "mnist-ddpm-class-course"
LONGER = "mnist-ddpm-class"
SCALES = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0)
GUIDANCE = 5.0


def time_conditioned(workshop: Workshop) -> Figure:
    """B2.1: DDPM, told the time."""
    record = TrainingRecord.read("mnist-ddpm")
    model = workshop.shelf.model("mnist-ddpm")
    alpha, sigma = model.denoiser.path.at(1.0)
    lesson = (
        "This network is told the time, so that one network removes every amount of noise, and sampling is B1.2 many "
        "times over: estimate the digit, go a little of the way, estimate again. Each estimate is still a mean "
        "(the first is the blob of B1.4), but it is a mean over fewer and fewer digits as the picture makes its "
        "choices.",
        f"With 300 steps and β up to 0.02, ᾱ_T = {alpha**2:.3f}: the last level is {alpha:.2f} x₀ + {sigma:.2f} "
        "ε, so it is not quite noise. In training a trace of the digit was always left there, in sampling there "
        "is none: sampling starts from pure noise all the same, as the sources do.",
        "No class was asked for, so none can be judged; some samples are no digit at all, and are shown.",
    )
    now = samples_exhibit_now(workshop, "mnist-ddpm", "Samples from the model as shipped, none picked.")
    return Figure(lesson, (loss_exhibit((("", record),), "the noise ε"), samples_exhibit(workshop, record), now))


def class_conditioned(workshop: Workshop) -> Figure:
    """B2.2: DDPM, told the class too, and what guidance buys and costs."""
    record = TrainingRecord.read("mnist-ddpm-class")
    model = workshop.shelf.model(CLASSES)
    strong = guided_at(model.sampler, GUIDANCE)
    now = samples_exhibit_now(
        workshop, CLASSES, "Every digit at guidance scale 5; the pictures of a row share their noise.", strong
    )
    lesson = (
        "The class enters as a one-hot vector that is dropped for one picture in ten, so the same network also knows "
        "what digits look like in general. Classifier-free guidance plays the two answers off against each other: "
        "x̂₀ = γ D(x, t, c) + (1 − γ) D(x, t, ∅). At γ = 0 the class is ignored, at γ = 1 it is obeyed as in training, "
        "above that the picture is pushed away from whatever any digit has.",
        "What it buys: digits that are read as what was asked for. What it costs: diversity. Under strong guidance a "
        "digit comes out in one manner rather than in all the manners people have, so the spread within classes falls, "
        "and with it, once all are legible, the likeness to real digits as the Fréchet distance sees it. The sources "
        "call 5 best; they looked at crispness, which is the one thing that guidance only improves.",
    )
    return Figure(
        lesson,
        (
            loss_exhibit((("", record),), "the noise ε"),
            samples_exhibit(workshop, record),
            now,
            *_sweep(workshop),
        ),
    )


@dataclass(frozen=True)
class _Scored:
    """A guidance scale and the quality of its samples."""

    scale: float
    quality: Quality


def _sweep(workshop: Workshop) -> tuple[Exhibit, ...]:
    """The guidance scales, and the gain over the model without classes, by the same measure."""
    model, without = workshop.shelf.model(CLASSES), workshop.shelf.model("mnist-ddpm")
    samplers = {scale: guided_at(model.sampler, scale) for scale in SCALES}
    watch = Stopwatch()
    strips = []
    for scale, sampler in samplers.items():
        alike = list(samples_of(model, sampler, [0] * 10))
        plate = workshop.plate(f"scale-{scale:g}", alike, 10, f"0 to 9 at guidance scale {scale:g}")
        strips.append((f"γ = {scale:g}", plate))
    strip_seconds = watch.read()

    count = workshop.effort.judged
    yardstick = workshop.shelf.yardstick(workshop.effort.reference)
    labels = torch.arange(count) % 10
    scored: list[_Scored] = []
    for scale, sampler in samplers.items():
        workshop.tell(f"guidance scale {scale:g}", (len(scored) + 1) / (len(SCALES) + 3))
        quality = yardstick.measure(samples_of(model, sampler, seeds_by_digit(count)), labels)
        scored.append(_Scored(scale, quality))
    unconditional = yardstick.distance(samples_of(without, without.sampler, range(count)))
    longer = workshop.shelf.model(LONGER)
    default = yardstick.measure(samples_of(longer, longer.sampler, seeds_by_digit(count)), labels)
    real = yardstick.measure(workshop.digits_in_turn(count), labels)
    unsorted = yardstick.distance(workshop.test_digits(count))
    seconds = watch.read()

    measured = [("real test digits", real), *((f"γ = {own.scale:g}", own.quality) for own in scored)]
    measured.append((f"{LONGER}, trained longer, γ = {longer.sampler.guidance_scale:g}", default))
    table = Table(
        ("", "read as asked", "Fréchet distance", "spread of those read as asked"),
        (
            *((name, f"{q.accuracy:.0%}", f"{q.frechet:.2f}", _share(q.diversity)) for name, q in measured),
            (f"{without.name}, no class (B2.1)", "–", f"{unconditional:.2f}", "–"),
            ("real test digits, classes by chance", "–", f"{unsorted:.2f}", "–"),
        ),
    )
    best = min(scored, key=lambda own: own.quality.frechet)
    change = best.quality.frechet - unconditional
    gain = f"{abs(change):.2f} {'nearer to' if change < 0 else 'further from'} real digits than B2.1"
    ten = guided_at(model.sampler, 10.0)
    how = sampler_words(ten, model)[1:]
    shown = Exhibit(
        "Every digit from one and the same noise under rising guidance.",
        Sheet(DIGITS, tuple(strips)),
        Origin.NOW,
        (model_words(model), "seed 0", *how),
        generate_command(model, ten, "3", range(1)),
        strip_seconds,
    )
    numbers = Exhibit(
        "Accuracy, Fréchet distance and spread by the judge that selects nothing. By Fréchet distance "
        f"γ = {best.scale:g} is best here, and {gain}, measured the same way. (Some of that is no merit: asked for a "
        "class, the digits come in equal numbers; left to chance, a few do not. The last two rows are of that "
        "kind: compare them with each other.)",
        Stack((_curves(scored), table)),
        Origin.NOW,
        (
            model_words(model),
            f"{count} samples a row, a small number: compare rows with one another only",
            f"{seed_words(range(count))}, {count // 10} for each digit",
            *how,
            f"reporting judge, {workshop.effort.reference:,} training digits",
        ),
        generate_command(model, ten, "3", range(3 * count // 10, 4 * count // 10)),
        seconds,
    )
    return shown, numbers


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _curves(scored: Sequence[_Scored]) -> Chart:
    spreads = [(own.scale, own.quality.diversity) for own in scored]
    return Chart(
        "Accuracy and spread against the guidance scale",
        linear("guidance scale γ"),
        linear("share"),
        (
            Series("read as asked", tuple((own.scale, own.quality.accuracy) for own in scored)),
            Series("spread, real digits being 1", tuple((x, y) for x, y in spreads if y is not None)),
        ),
        marked=True,
    )
