"""B2: step by step. DDPM and flow matching, each told the time, and told the class too."""

from collections.abc import Mapping

import torch

from duckrabbit.models.model import SamplerConfig
from duckrabbit.report.bodies import Sheet, Stack, Table
from duckrabbit.report.chart import Axis, Chart, Series
from duckrabbit.report.figure import Exhibit, Figure, model_words, sampler_words, seed_words
from duckrabbit.report.measures import Quality
from duckrabbit.report.rows.digits.recorded import (
    TrainingRecord,
    in_the_sources_way,
    loss_exhibit,
    recorded_exhibits,
    samples_exhibit,
)
from duckrabbit.report.rows.digits.sampled import (
    DIGITS,
    generate_command,
    guided_at,
    samples_exhibit_now,
    samples_of,
    seeds_by_digit,
)
from duckrabbit.report.workshop import Workshop

DDPM_BY_TIME, DDPM_BY_CLASS, LONGER = "mnist-ddpm", "mnist-ddpm-class-course", "mnist-ddpm-class"
DDPMS = (DDPM_BY_CLASS, LONGER, DDPM_BY_TIME)
FLOW_BY_CLASS = "mnist-flow-class-course"
SCALES = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0)
GUIDANCE = 5.0
EULER_STEPS = (1, 2, 4, 8, 16, 32)
EULER_SAMPLES = 8


def ddpm_by_time(workshop: Workshop) -> Figure:
    """B2.1: DDPM (arXiv:2006.11239), told the time."""
    recorded = recorded_exhibits(workshop, DDPM_BY_TIME, "the noise ε")
    now = samples_exhibit_now(workshop, DDPM_BY_TIME, "Samples from the model as shipped, none picked.")
    alpha, sigma = workshop.shelf.model(DDPM_BY_TIME).denoiser.path.at(1.0)
    return Figure(
        (*recorded, now, in_the_sources_way(workshop, "mnist-ddpm-sources")), {"alpha": alpha, "sigma": sigma}
    )


def ddpm_by_class(workshop: Workshop) -> Figure:
    """B2.2: DDPM, told the class too, and what classifier-free guidance (arXiv:2207.12598) buys and costs."""
    recorded = recorded_exhibits(workshop, "mnist-ddpm-class", "the noise ε")
    strong = guided_at(workshop.shelf.model(DDPM_BY_CLASS).sampler, GUIDANCE)
    now = samples_exhibit_now(
        workshop, DDPM_BY_CLASS, "Every digit at guidance scale 5; the pictures of a row share their noise.", strong
    )
    return Figure((*recorded, now, in_the_sources_way(workshop, "mnist-ddpm-class-sources"), *_sweep(workshop)))


def _sweep(workshop: Workshop) -> tuple[Exhibit, ...]:
    """The guidance scales, and the gain over the model without classes, by the same measure."""
    model, without = workshop.shelf.model(DDPM_BY_CLASS), workshop.shelf.model(DDPM_BY_TIME)
    samplers = {scale: guided_at(model.sampler, scale) for scale in SCALES}
    ten = samplers[10.0]
    how = sampler_words(ten, model)[1:]
    shown = Exhibit(
        "Every digit from one and the same noise under rising guidance.",
        Sheet(
            DIGITS,
            tuple(
                workshop.strip(
                    f"γ = {scale:g}",
                    f"scale-{scale:g}",
                    samples_of(model, sampler, [0] * 10).unbind(),
                    f"0 to 9 at guidance scale {scale:g}",
                )
                for scale, sampler in samplers.items()
            ),
        ),
        (model_words(model), "seed 0", *how),
        generate_command(model, ten, "3", range(1)),
        workshop.seconds(),
    )

    count = workshop.effort.judged
    yardstick = workshop.shelf.yardstick(workshop.effort.reference)
    labels = torch.arange(count) % 10
    scored: dict[float, Quality] = {}
    for scale, sampler in samplers.items():
        workshop.tell(f"guidance scale {scale:g}", (len(scored) + 1) / (len(SCALES) + 3))
        scored[scale] = yardstick.measure(samples_of(model, sampler, seeds_by_digit(count)), labels)
    unconditional = yardstick.distance(samples_of(without, without.sampler, range(count)))
    longer = workshop.shelf.model(LONGER)
    default = yardstick.measure(samples_of(longer, longer.sampler, seeds_by_digit(count)), labels)
    real = yardstick.measure(workshop.digits_in_turn(count), labels)
    unsorted = yardstick.distance(workshop.test_digits(count))

    measured = {
        "real test digits": real,
        **{f"γ = {scale:g}": quality for scale, quality in scored.items()},
        f"{LONGER}, trained longer, γ = {longer.sampler.guidance_scale:g}": default,
    }
    table = Table(
        ("", "read as asked", "Fréchet distance", "spread of those read as asked"),
        (
            *((name, f"{q.accuracy:.0%}", f"{q.frechet:.2f}", _share(q.diversity)) for name, q in measured.items()),
            (f"{without.name}, no class (B2.1)", "–", f"{unconditional:.2f}", "–"),
            ("real test digits, classes by chance", "–", f"{unsorted:.2f}", "–"),
        ),
    )
    best = min(scored, key=lambda scale: scored[scale].frechet)
    change = scored[best].frechet - unconditional
    gain = f"{abs(change):.2f} {'nearer to' if change < 0 else 'further from'} real digits than B2.1"
    numbers = Exhibit(
        "Accuracy, Fréchet distance and spread by the judge that selects nothing. By Fréchet distance "
        f"γ = {best:g} is best here, and {gain}, measured the same way. (Some of that is no merit: asked for a "
        "class, the digits come in equal numbers; left to chance, a few do not. The last two rows are of that "
        "kind: compare them with each other.)",
        Stack((_curves(scored), table)),
        (
            model_words(model),
            f"{count} samples a row, a small number: compare rows with one another only",
            f"{seed_words(range(count))}, {count // 10} for each digit",
            *how,
            f"reporting judge, {workshop.effort.reference:,} training digits",
        ),
        generate_command(model, ten, "3", range(3 * count // 10, 4 * count // 10)),
        workshop.seconds(),
    )
    return shown, numbers


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _curves(scored: Mapping[float, Quality]) -> Chart:
    spreads = tuple((scale, one.diversity) for scale, one in scored.items() if one.diversity is not None)
    return Chart(
        "Accuracy and spread against the guidance scale",
        Axis("guidance scale γ"),
        Axis("share"),
        (
            Series("read as asked", tuple((scale, one.accuracy) for scale, one in scored.items())),
            Series("spread, real digits being 1", spreads),
        ),
        marked=True,
    )


def flow_by_time(workshop: Workshop) -> Figure:
    """B2.3: flow matching (arXiv:2210.02747), told the time."""
    recorded = recorded_exhibits(workshop, "mnist-flow", "the velocity")
    now = samples_exhibit_now(workshop, "mnist-flow", "Samples from the model as shipped, none picked.")
    return Figure((*recorded, now, in_the_sources_way(workshop, "mnist-flow-sources"), _euler_exhibit(workshop)))


def _euler_exhibit(workshop: Workshop) -> Exhibit:
    """The same noise, followed in more and more Euler steps."""
    model, seeds = workshop.shelf.model("mnist-flow"), range(EULER_SAMPLES)
    strips = []
    for steps in EULER_STEPS:
        words = f"{steps} step{'s' if steps > 1 else ''}"
        pictures = samples_of(model, SamplerConfig("euler", steps), seeds).unbind()
        strips.append(workshop.strip(words, f"euler-{steps}", pictures, f"Samples in {words} of Euler's method"))
    return Exhibit(
        "The same eight noises, followed in 1, 2, 4 … 32 steps: from the mean digit to a digit.",
        Sheet((), tuple(strips)),
        (model_words(model), seed_words(seeds), "euler, uniform grid"),
        generate_command(model, SamplerConfig("euler", EULER_STEPS[2]), "", seeds),
        workshop.seconds(),
    )


def flow_by_class(workshop: Workshop) -> Figure:
    """B2.4: flow matching, told the class too; a falling learning rate against a small constant one."""
    falling, fixed = TrainingRecord.read("mnist-flow-class"), TrainingRecord.read("mnist-flow-class-fixed")
    sampler = workshop.shelf.model(FLOW_BY_CLASS).sampler
    large = f"{falling.hyperparameters.learning_rate:g}, falling"
    small = f"{fixed.hyperparameters.learning_rate:g}, constant"
    exhibits = (
        loss_exhibit(((large, falling), (small, fixed)), "the velocity"),
        samples_exhibit(workshop, falling, f"Learning rate {large}: samples at guidance 5 after each epoch."),
        samples_exhibit(workshop, fixed, f"Learning rate {small}: the same seeds, the same epochs."),
        samples_exhibit_now(
            workshop,
            FLOW_BY_CLASS,
            "Every digit from the model as shipped, at guidance 5.",
            guided_at(sampler, GUIDANCE),
        ),
        samples_exhibit_now(
            workshop, FLOW_BY_CLASS, f"The same at the model's own guidance, {sampler.guidance_scale:g}."
        ),
        in_the_sources_way(workshop, "mnist-flow-class-sources"),
    )
    return Figure(exhibits, {"lower": large if falling.final_loss < fixed.final_loss else small})
