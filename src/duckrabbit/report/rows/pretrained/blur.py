"""A1.2: classical denoising by a Gaussian blur."""

from torch import Tensor

from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.level import Level
from duckrabbit.recipes.source import Source
from duckrabbit.report.bodies.sheet import Sheet
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.painter import Painter
from duckrabbit.report.rows.pretrained.common import BLUR_SIGMA, HEADS, LEVELS, decibels, noisy
from duckrabbit.report.workshop import Stopwatch, Workshop

TRIED = (0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)


def classical_denoising(workshop: Workshop) -> Figure:
    """A1.2: one blur for all levels, and the best for each."""
    painter, image = workshop.shelf.painter, workshop.shelf.choice.image
    watch = Stopwatch()
    source = painter.source(image)
    clean = source.pixels(painter.final).cpu()
    noised = [noisy(painter, source, level) for level in LEVELS]
    fixed = [blurred(painter, source, level, BLUR_SIGMA) for level in LEVELS]
    tuned = [
        max(
            ((sigma, blurred(painter, source, level, sigma)) for sigma in TRIED),
            key=lambda own: decibels(own[1], clean),
        )
        for level in LEVELS
    ]
    best = ", ".join(f"{sigma:g}" for sigma, _ in tuned)
    said = [
        ("noised", noised, "Noise over a photograph, more from left to right"),
        (f"blurred with σ = {BLUR_SIGMA:g}", fixed, "The same under one blur: soft, then blotchy"),
        (f"blurred with the σ that is best there: {best}", [picture for _, picture in tuned], "Softer where noisier"),
    ]
    strips = []
    for number, (label, row, alt) in enumerate(said):
        values = ", ".join(f"{decibels(picture, clean):.1f}" for picture in row)
        plate = workshop.plate(f"row-{number}", [clean, *row], len(row) + 1, alt)
        strips.append((f"{label} ({values} dB)", plate))
    commands = [
        painter.command("denoise", image, "--levels", *LEVELS, "--method", "blur", "--blur-sigma", f"{BLUR_SIGMA:g}")
    ]
    commands += [
        painter.command("denoise", image, "--levels", level, "--method", "blur", "--blur-sigma", f"{sigma:g}")
        for level, (sigma, _) in zip(LEVELS, tuned, strict=True)
    ]
    sheet = Exhibit(
        "The noise taken off by a Gaussian blur, after undoing the fading. The decibels are signal to noise against "
        "the clean photograph on the left: higher is nearer. The best σ was found by looking at it, which no one "
        "who only has the noisy picture can do.",
        Sheet(("clean", *HEADS), tuple(strips)),
        Origin.NOW,
        (
            "no model but its path",
            f"levels {', '.join(map(str, LEVELS))}",
            "σ in pixels of a picture 64 wide",
            "seed 0",
        ),
        "\n".join(commands),
        watch.read(),
    )
    lesson = (
        "Noise changes from pixel to pixel and pictures mostly don't, so averaging neighbours removes noise faster "
        "than picture. But a blur knows nothing else: it treats an edge like noise, and coarse noise like a picture.",
        "More noise wants a wider blur, and a wider blur leaves less picture: the σ that is best grows with the "
        "level, and the decibels fall all the same. To do better, one must know what pictures look like. That is "
        "the next row.",
    )
    return Figure(lesson, (sheet,))


def blurred(painter: Painter, source: Source, level: float, sigma: float) -> Tensor:
    """The picture at a level, blurred, [C, S, S]."""
    return painter.made([Denoise(source, Level(level=level), "blur", blur_sigma=sigma)], [0])[0].pixels
