"""X6: one loop, many solvers. Quality against network evaluations."""

from duckrabbit.models.model import SamplerConfig
from duckrabbit.report.bodies import Sheet
from duckrabbit.report.chart import Axis, Chart, Series
from duckrabbit.report.figure import Exhibit, Figure, model_words, seed_words
from duckrabbit.report.rows.digits.sampled import DIGITS, generate_command, samples_of, seeds_by_digit
from duckrabbit.report.workshop import Workshop

MODEL = "mnist-ddpm-class"
SOLVERS = ("ddpm", "ddim", "heun", "dpmpp_2m")
NAMES = {"ddim": "ddim = euler"}


def quality_against_evaluations(workshop: Workshop) -> Figure:
    """X6: every solver at the same number of network evaluations."""
    model, effort = workshop.shelf.model(MODEL), workshop.effort
    count = effort.judged
    yardstick = workshop.shelf.yardstick(effort.reference)
    lines = []
    for done, solver in enumerate(SOLVERS):
        points = []
        for evaluations in effort.evaluations:
            workshop.tell(f"{solver}, {evaluations} evaluations", done / len(SOLVERS))
            sampler = SamplerConfig(solver, steps_for(solver, evaluations))
            pictures = samples_of(model, sampler, seeds_by_digit(count))
            points.append((evaluations_of(sampler), yardstick.distance(pictures)))
        lines.append(Series(NAMES.get(solver, solver), tuple(points)))
    real = yardstick.distance(workshop.digits_in_turn(count))
    chart = Exhibit(
        f"Fréchet distance to real digits against network evaluations for one picture. {count} samples a point are "
        f"few: that many real test digits are at {real:.2f}, and differences below that say nothing.",
        Chart(
            "Fréchet distance against network evaluations, a line for each solver",
            Axis("network evaluations", logarithmic=True),
            Axis("Fréchet distance", logarithmic=True),
            tuple(lines),
            marked=True,
        ),
        (
            model_words(model),
            f"{count} samples a point",
            f"{seed_words(range(count))}, {count // 10} for each digit",
            "guidance scale 1, uniform grid",
        ),
        generate_command(
            model,
            SamplerConfig("heun", steps_for("heun", effort.evaluations[0])),
            "3",
            range(3 * count // 10, 4 * count // 10),
        ),
        workshop.seconds(),
    )
    few, strips = effort.evaluations[1], []
    for solver in SOLVERS:
        sampler = SamplerConfig(solver, steps_for(solver, few))
        name = f"{NAMES.get(solver, solver)}, {evaluations_of(sampler)} evaluations"
        alike = samples_of(model, sampler, [0] * 10).unbind()
        strips.append(workshop.strip(name, solver, alike, f"Digits by {name}"))
    sheet = Exhibit(
        "The same noise under each solver with few evaluations.",
        Sheet(DIGITS, tuple(strips)),
        (model_words(model), "seed 0", "guidance scale 1, uniform grid"),
        generate_command(model, SamplerConfig("ddpm", steps_for("ddpm", few)), "3", range(1)),
        workshop.seconds(),
    )
    return Figure((chart, sheet))


def steps_for(solver: str, evaluations: int) -> int:
    """The steps that take at most so many evaluations: heun needs two a step, but for the last."""
    return (evaluations + 1) // 2 if solver == "heun" else evaluations


def evaluations_of(sampler: SamplerConfig) -> int:
    """Network evaluations for one picture at guidance scale 1."""
    return 2 * sampler.steps - 1 if sampler.solver == "heun" else sampler.steps
