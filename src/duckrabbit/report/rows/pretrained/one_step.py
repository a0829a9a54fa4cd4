"""A1.3: the estimate of the clean picture, asked for once."""

from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.level import Level
from duckrabbit.report.bodies.sheet import Sheet
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.rows.pretrained.blur import blurred
from duckrabbit.report.rows.pretrained.common import BLUR_SIGMA, HEADS, LEVELS, PHOTO, decibels, noisy
from duckrabbit.report.workshop import Stopwatch, Workshop


def one_step_denoising(workshop: Workshop) -> Figure:
    """A1.3: x̂_0 at three levels."""
    painter = workshop.shelf.painter
    watch = Stopwatch()
    images = (workshop.shelf.choice.image, "photo:chelsea")
    sources = [painter.source(image) for image in images]
    estimates = [
        painter.made([Denoise(source, Level(level=level), "one-step", PHOTO) for source in sources], [0, 0])
        for level in LEVELS
    ]
    strips, gains = [], []
    for number, source in enumerate(sources):
        clean = source.pixels(painter.final).cpu()
        noised = [noisy(painter, source, level) for level in LEVELS]
        found = [column[number].pixels for column in estimates]
        plates = (
            workshop.plate(f"noised-{number}", [clean, *noised], 4, "A photograph, and under more and more noise"),
            workshop.plate(f"one-step-{number}", [clean, *found], 4, "What one step makes of it: ever softer"),
        )
        values = ", ".join(f"{decibels(picture, clean):.1f}" for picture in found)
        strips += [("noised", plates[0]), (f"estimated in one step ({values} dB)", plates[1])]
        blur = blurred(painter, source, LEVELS[1], BLUR_SIGMA)
        gains.append(decibels(found[1], clean) - decibels(blur, clean))
    gain = min(gains)
    sheet = Exhibit(
        "Two photographs under noise, and the clean picture as the model estimates it in one step. At level "
        f"{LEVELS[1]} it is nearer to the photograph than A1.2's blur (σ = {BLUR_SIGMA:g}) by {gain:.1f} dB or more."
        if gain > 0
        else "Two photographs under noise, and the clean picture as the model estimates it in one step. At level "
        f"{LEVELS[1]} it does not beat A1.2's blur (σ = {BLUR_SIGMA:g}) on both.",
        Sheet(("clean", *HEADS), tuple(strips)),
        Origin.NOW,
        (*painter.one_step_parameters(), f"prompt “{PHOTO}”", f"levels {', '.join(map(str, LEVELS))}", "seed 0"),
        "\n".join(
            painter.command("denoise", image, PHOTO, "--levels", *LEVELS, "--method", "one-step") for image in images
        ),
        watch.read(),
    )
    lesson = (
        "The network was trained to make the squared error of its estimate small. The estimate that does so is the "
        "posterior mean: the average of all pictures that could have become this noisy one, each weighted by how "
        "likely it is.",
        "With little noise few pictures are left in the running, and their average is sharp. With much noise many are, "
        "they disagree about everything fine, and the average of sharp pictures that disagree is a soft one. So the "
        "blur is no weakness of the network: it is the right answer to the question it was asked. To get one picture "
        "rather than the mean of all, ask again and again. That is A1.4.",
    )
    return Figure(lesson, (sheet,))
