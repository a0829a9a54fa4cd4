"""B2: step by step. DDPM and flow matching, each told the time, and told the class too."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from duckrabbit.models.model import SamplerConfig
from duckrabbit.report.bodies import Sheet, Stack, Table
from duckrabbit.report.chart import Axis, Chart, Series
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.measures import Quality
from duckrabbit.report.rows.digits.recorded import TrainingRecord, loss_exhibit, samples_exhibit
from duckrabbit.report.rows.digits.sampled import (
    DIGITS,
    generate_command,
    guided_at,
    samples_exhibit_now,
    samples_of,
    seeds_by_digit,
)
from duckrabbit.report.wording import model_words, sampler_words, seed_words
from duckrabbit.report.workshop import Stopwatch, Workshop

DDPM_BY_CLASS, LONGER = "mnist-ddpm-class-course", "mnist-ddpm-class"
FLOW_BY_CLASS = "mnist-flow-class-course"
SCALES = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0)
GUIDANCE = 5.0
EULER_STEPS = (1, 2, 4, 8, 16, 32)
EULER_SAMPLES = 8


def ddpm_by_time(workshop: Workshop) -> Figure:
    """B2.1: DDPM (arXiv:2006.11239), told the time."""
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


def ddpm_by_class(workshop: Workshop) -> Figure:
    """B2.2: DDPM, told the class too, and what classifier-free guidance (arXiv:2207.12598) buys and costs."""
    record = TrainingRecord.read("mnist-ddpm-class")
    model = workshop.shelf.model(DDPM_BY_CLASS)
    strong = guided_at(model.sampler, GUIDANCE)
    now = samples_exhibit_now(
        workshop, DDPM_BY_CLASS, "Every digit at guidance scale 5; the pictures of a row share their noise.", strong
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
    model, without = workshop.shelf.model(DDPM_BY_CLASS), workshop.shelf.model("mnist-ddpm")
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

    measured = [("real test digits", real), *((f"γ = {one.scale:g}", one.quality) for one in scored)]
    measured.append((f"{LONGER}, trained longer, γ = {longer.sampler.guidance_scale:g}", default))
    table = Table(
        ("", "read as asked", "Fréchet distance", "spread of those read as asked"),
        (
            *((name, f"{q.accuracy:.0%}", f"{q.frechet:.2f}", _share(q.diversity)) for name, q in measured),
            (f"{without.name}, no class (B2.1)", "–", f"{unconditional:.2f}", "–"),
            ("real test digits, classes by chance", "–", f"{unsorted:.2f}", "–"),
        ),
    )
    best = min(scored, key=lambda one: one.quality.frechet)
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
    spreads = [(one.scale, one.quality.diversity) for one in scored]
    return Chart(
        "Accuracy and spread against the guidance scale",
        Axis("guidance scale γ"),
        Axis("share"),
        (
            Series("read as asked", tuple((one.scale, one.quality.accuracy) for one in scored)),
            Series("spread, real digits being 1", tuple((x, y) for x, y in spreads if y is not None)),
        ),
        marked=True,
    )


def flow_by_time(workshop: Workshop) -> Figure:
    """B2.3: flow matching (arXiv:2210.02747), told the time."""
    record = TrainingRecord.read("mnist-flow")
    lesson = (
        "Flow matching joins each digit to a random noise by a straight line, xₜ = (1 − t) x₀ + t ε, and trains the "
        "network to predict the velocity along it, dx/dt = ε − x₀. Sampling follows that velocity from noise to digit. "
        "No table of β is needed, and at t = 1 there is nothing but noise.",
        "The lines are straight, but they cross, and at a crossing the network answers with the mean of their "
        "velocities. So the paths it makes still bend: one Euler step from pure noise lands on the mean digit "
        "of B1.4, for the very same reason, and the choice is made in the steps after it. They bend little, "
        "which is why few are enough.",
    )
    now = samples_exhibit_now(workshop, "mnist-flow", "Samples from the model as shipped, none picked.")
    return Figure(
        lesson,
        (
            loss_exhibit((("", record),), "the velocity"),
            samples_exhibit(workshop, record),
            now,
            _euler_exhibit(workshop),
        ),
    )


def _euler_exhibit(workshop: Workshop) -> Exhibit:
    """The same noise, followed in more and more Euler steps."""
    model = workshop.shelf.model("mnist-flow")
    watch = Stopwatch()
    strips = []
    for steps in EULER_STEPS:
        pictures = samples_of(model, SamplerConfig("euler", steps), range(EULER_SAMPLES))
        words = f"{steps} step{'s' if steps > 1 else ''}"
        plate = workshop.plate(f"euler-{steps}", list(pictures), EULER_SAMPLES, f"Samples in {words} of Euler's method")
        strips.append((words, plate))
    return Exhibit(
        "The same eight noises, followed in 1, 2, 4 … 32 steps: from the mean digit to a digit.",
        Sheet((), tuple(strips)),
        Origin.NOW,
        (model_words(model), seed_words(range(EULER_SAMPLES)), "euler, uniform grid"),
        generate_command(model, SamplerConfig("euler", EULER_STEPS[2]), "", range(EULER_SAMPLES)),
        watch.read(),
    )


def flow_by_class(workshop: Workshop) -> Figure:
    """B2.4: flow matching, told the class too; a falling learning rate against a small constant one."""
    falling, fixed = TrainingRecord.read("mnist-flow-class"), TrainingRecord.read("mnist-flow-class-fixed")
    model = workshop.shelf.model(FLOW_BY_CLASS)
    chosen, other = falling.settings["hyperparameters"], fixed.settings["hyperparameters"]
    labels = (f"{chosen['learning_rate']:g}, falling", f"{other['learning_rate']:g}, constant")
    compared = loss_exhibit(((labels[0], falling), (labels[1], fixed)), "the velocity")
    lower = labels[0] if falling.final_loss < fixed.final_loss else labels[1]
    strong = guided_at(model.sampler, GUIDANCE)
    lesson = (
        "The same flow with the class, trained twice: with a large learning rate that an exponential schedule lowers "
        f"tenfold over the run, and with a small constant one and no schedule. The loss ends lower with {lower}. "
        "A large rate makes large strides and jitters about the minimum; lowering it takes the jitter away. A small "
        "constant rate makes small strides to the end, and needs nothing tuned but patience.",
        "Both curves level off far above zero, and must: the velocity ε − x₀ can't be known from xₜ alone, so what is "
        "left is the variance of the target, not an error that more training would remove.",
    )
    return Figure(
        lesson,
        (
            compared,
            samples_exhibit(workshop, falling, f"Learning rate {labels[0]}: samples at guidance 5 after each epoch."),
            samples_exhibit(workshop, fixed, f"Learning rate {labels[1]}: the same seeds, the same epochs."),
            samples_exhibit_now(workshop, model.name, "Every digit from the model as shipped, at guidance 5.", strong),
            samples_exhibit_now(
                workshop,
                model.name,
                f"The same at the model's own guidance, {model.sampler.guidance_scale:g}.",
            ),
        ),
    )
