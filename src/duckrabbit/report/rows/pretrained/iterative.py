"""A1.4: noise taken off step by step, against one step and a blur."""

from torch import Tensor

from duckrabbit.diffusion.grid import COURSE_LEVELS
from duckrabbit.diffusion.path import time_of_level
from duckrabbit.diffusion.sampling import State
from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.level import Level
from duckrabbit.report.bodies.gallery import Gallery, Playable
from duckrabbit.report.bodies.sheet import Sheet
from duckrabbit.report.bodies.stack import Stack
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.rows.pretrained.blur import blurred
from duckrabbit.report.rows.pretrained.common import BLUR_SIGMA, PHOTO, decibels, noisy
from duckrabbit.report.workshop import Stopwatch, Workshop

START = 10
SHOWN = (690, 540, 390, 240, 90)
OTHERS = ("photo:chelsea", "photo:mountain", "photo:coffee")


def iterative_denoising(workshop: Workshop) -> Figure:
    """A1.4: from level 690 down the courses' grid."""
    painter, image = workshop.shelf.painter, workshop.shelf.choice.image
    level = COURSE_LEVELS[START]
    watch = Stopwatch()
    sources = [painter.source(name) for name in (image, *OTHERS)]
    recipes = [Denoise(source, Level(level=level), "iterative", PHOTO) for source in sources]
    seen: dict[float, Tensor] = {}
    frames: list[Tensor] = []

    def keep(state: State) -> None:
        if state.i == 0:
            frames.append(state.x_t[0].float().cpu().clamp(-1, 1))
        frames.append(state.x_s[0].float().cpu().clamp(-1, 1))
        # Of two stages the first is shown: it has the name of the level first.
        seen.setdefault(round(state.t, 6), state.x_t[0].float().cpu())

    iterated = [picture.pixels for picture in painter.made(recipes, [0] * len(recipes), watch=keep)]
    shown = [seen[round(time_of_level(own), 6)] for own in SHOWN]
    strip = workshop.plate("snapshots", [*shown, iterated[0]], len(SHOWN) + 1, "Noise that turns into a photograph")
    film = workshop.film("course", frames, painter.model.size)
    still = workshop.plate("end", [iterated[0]], 1, "The picture at the end")
    course = Exhibit(
        f"From level {level} down: the picture that goes into the network at five of the {len(COURSE_LEVELS) - START} "
        "steps, and what is left at the end.",
        Stack(
            (
                Sheet((*(f"level {own}" for own in SHOWN), "the end"), (("", strip),)),
                Gallery((Playable("from noise to picture", still, film),)),
            )
        ),
        Origin.NOW,
        (*painter.parameters(recipes[0]), f"prompt “{PHOTO}”", f"start {START} (level {level})", "seed 0"),
        painter.command("denoise", image, PHOTO, "--start", START, "--method", "iterative"),
        watch.read(),
    )
    estimates = painter.made(
        [Denoise(source, Level(level=level), "one-step", PHOTO) for source in sources], [0] * len(sources)
    )
    strips, numbers = [], []
    for number, (source, estimate, sampled) in enumerate(zip(sources, estimates, iterated, strict=True)):
        clean = source.pixels(painter.final).cpu()
        soft = blurred(painter, source, level, BLUR_SIGMA)
        row = [clean, noisy(painter, source, level), soft, estimate.pixels, sampled]
        alt = "A photograph, under noise, blurred, estimated in one step, and denoised step by step"
        strips.append(("", workshop.plate(f"compared-{number}", row, len(row), alt)))
        numbers.append([decibels(picture, clean) for picture in row[2:]])
    means = [sum(column) / len(numbers) for column in zip(*numbers, strict=True)]
    common = ["--start", START, "--method"]
    compared = Exhibit(
        "Four photographs under the same amount of noise, and three ways to take it off. On average over the four, "
        f"blur, one step and {len(COURSE_LEVELS) - START} steps come to {means[0]:.1f}, {means[1]:.1f} and "
        f"{means[2]:.1f} dB of the original.",
        Sheet(("clean", f"level {level}", "blur", "one step", "many steps"), tuple(strips)),
        Origin.NOW,
        (*painter.parameters(recipes[0]), f"prompt “{PHOTO}”", "seed 0", f"blur σ = {BLUR_SIGMA:g}"),
        "\n".join(
            (
                painter.command("denoise", image, *common, "blur", "--blur-sigma", f"{BLUR_SIGMA:g}"),
                painter.command("denoise", image, PHOTO, *common, "one-step"),
                painter.command("denoise", image, PHOTO, *common, "iterative"),
            )
        ),
        watch.read(),
    )
    lesson = (
        "Instead of believing the first estimate, go a little of the way towards it, put a little fresh noise back, "
        "and estimate again. Each small step settles something, and each estimate is a mean over fewer pictures, so "
        "the result is one sharp picture and no longer an average.",
        "The model was trained on 1000 levels and is asked at every thirtieth. Skipping works because the step "
        "needs only x̂₀ and the two levels: given x₀, the picture at any level is known in closed form, so any "
        "level can be reached from any other, as long as the estimate hardly changes on the way.",
        "Sharp is not the same as right. What the noise destroyed is made up anew, and made-up detail in the wrong "
        "place costs more decibels than none at all: the honest mean is nearer to the original, the sample looks "
        "more like a picture.",
    )
    return Figure(lesson, (course, compared))
