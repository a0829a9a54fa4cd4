"""B2.3 and B2.4: flow matching, told the time, and told the class too."""

from duckrabbit.models.model import SamplerConfig
from duckrabbit.report.bodies.sheet import Sheet
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.rows.recorded import loss_exhibit, samples_exhibit
from duckrabbit.report.rows.sampled import generate_command, guided_at, samples_exhibit_now, samples_of
from duckrabbit.report.training_record import TrainingRecord
from duckrabbit.report.wording import model_words, seed_words
from duckrabbit.report.workshop import Stopwatch, Workshop

EULER_STEPS = (1, 2, 4, 8, 16, 32)
EULER_SAMPLES = 8
GUIDANCE = 5.0
CLASSES = "mnist-flow-class-course"


def time_conditioned(workshop: Workshop) -> Figure:
    """B2.3: flow matching, told the time."""
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


def class_conditioned(workshop: Workshop) -> Figure:
    """B2.4: flow matching, told the class too; a falling learning rate against a small constant one."""
    falling, fixed = TrainingRecord.read("mnist-flow-class"), TrainingRecord.read("mnist-flow-class-fixed")
    model = workshop.shelf.model(CLASSES)
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
