"""A1.1: the forward process on a photograph."""

from duckrabbit.report.bodies.sheet import Sheet
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.rows.pretrained.common import coefficients, noisy
from duckrabbit.report.wording import model_words
from duckrabbit.report.workshop import Stopwatch, Workshop

LEVELS = (100, 250, 500, 750)


def forward_process(workshop: Workshop) -> Figure:
    """A1.1: a photograph at four levels."""
    painter, image = workshop.shelf.painter, workshop.shelf.choice.image
    watch = Stopwatch()
    source = painter.source(image)
    clean = source.pixels(painter.final).cpu()
    row = [clean, *(noisy(painter, source, level) for level in LEVELS)]
    plate = workshop.plate("levels", row, len(row), "A photograph that dissolves in noise from left to right")
    spreads = ", ".join(f"{float(picture.std()):.2f}" for picture in row)
    sheet = Exhibit(
        "A photograph and what is left of it at four of 1000 levels. Standard deviations of the pixels, from left to "
        f"right: {spreads}.",
        Sheet(("clean", *(f"level {level}" for level in LEVELS)), (("", plate),)),
        Origin.NOW,
        (f"the path of {model_words(painter.model)}", f"levels {', '.join(map(str, LEVELS))}", "seed 0"),
        painter.command("noise", image, "--levels", *LEVELS),
        watch.read(),
    )
    alpha, sigma = coefficients(painter, 500)
    lesson = (
        "xₜ = αₜ x₀ + σₜ ε. The forward process does two things: it adds noise, and it fades the picture. At level 500 "
        f"this model's path has α = {alpha:.2f} and σ = {sigma:.2f}.",
        "Why fade it? Since α² + σ² = 1, the spread of the pixels goes from the picture's own to one and never beyond "
        "(the numbers above the pictures), so the network is never shown inputs of another size, and at the end "
        "nothing is left but noise of a known size, from which sampling can start. Noise that is only added, as in "
        "B1.1, would have to grow without bound before it drowned the picture.",
    )
    return Figure(lesson, (sheet,))
