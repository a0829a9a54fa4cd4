"""Noise on a photograph, and off again: A1.1 the forward process, A1.2 a blur, A1.3 one step, A1.4 step by step."""

from collections.abc import Sequence

from torch import Tensor

from duckrabbit.diffusion.grid import COURSE_LEVELS
from duckrabbit.diffusion.path import time_of_level
from duckrabbit.diffusion.sampling import State
from duckrabbit.illusions.bands import LowPass
from duckrabbit.making.films import Film
from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.noise import Forward, Level
from duckrabbit.recipes.source import Source
from duckrabbit.report.bodies import Gallery, Playable, Sheet, Stack
from duckrabbit.report.figure import Exhibit, Figure, model_words
from duckrabbit.report.measures import psnr
from duckrabbit.report.painter import PHOTO, Painter
from duckrabbit.report.workshop import Workshop

FOUR_LEVELS = (100, 250, 500, 750)
LEVELS = FOUR_LEVELS[1:]
HEADS = tuple(f"level {level}" for level in LEVELS)
ALL_LEVELS = f"levels {', '.join(map(str, LEVELS))}"
BLUR = LowPass(3.0, 5)
"""The sources'."""

KERNEL = 33
TRIED = (0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
START = 10
SHOWN = (690, 540, 390, 240, 90)
OTHER_PHOTOGRAPHS = ("photo:chelsea", "photo:mountain", "photo:coffee")


def forward_process(workshop: Workshop) -> Figure:
    """A1.1: a photograph at four levels."""
    painter, image = workshop.shelf.painter, workshop.shelf.choice.image
    source = painter.source(image)
    clean = source.pixels(painter.final).cpu()
    row = [clean, *(noisy(painter, source, level) for level in FOUR_LEVELS)]
    strip = workshop.strip("", "levels", row, "A photograph that dissolves in noise from left to right")
    spreads = ", ".join(f"{float(picture.std()):.2f}" for picture in row)
    sheet = Exhibit(
        "A photograph and what is left of it at four of 1000 levels. Standard deviations of the pixels, from left to "
        f"right: {spreads}.",
        Sheet(("clean", *(f"level {level}" for level in FOUR_LEVELS)), (strip,)),
        (f"the path of {model_words(painter.model)}", f"levels {', '.join(map(str, FOUR_LEVELS))}", "seed 0"),
        painter.command("noise", image, "--levels", *FOUR_LEVELS),
        workshop.seconds(),
    )
    alpha, sigma = painter.model.denoiser.path.at(time_of_level(500))
    return Figure((sheet,), {"alpha": alpha, "sigma": sigma})


def classical_denoising(workshop: Workshop) -> Figure:
    """A1.2: one blur for all levels, and the best for each."""
    painter, image = workshop.shelf.painter, workshop.shelf.choice.image
    source = painter.source(image)
    clean = source.pixels(painter.final).cpu()
    noised = [noisy(painter, source, level) for level in LEVELS]
    fixed = [blurred(painter, source, level, BLUR) for level in LEVELS]
    tried = {
        level: {sigma: blurred(painter, source, level, LowPass(sigma, KERNEL)) for sigma in TRIED} for level in LEVELS
    }
    best = {level: max(blurs, key=lambda sigma: psnr(blurs[sigma], clean)) for level, blurs in tried.items()}
    tuned = [tried[level][sigma] for level, sigma in best.items()]
    named = f"kernel {KERNEL}, the σ that is best there: {', '.join(f'{sigma:g}' for sigma in best.values())}"
    said = [
        ("noised", noised, "Noise over a photograph, more from left to right"),
        (
            f"kernel {BLUR.kernel}, σ = {BLUR.sigma:g}, as in the sources",
            fixed,
            "The same under one blur: soft, then blotchy",
        ),
        (named, tuned, "Softer where noisier"),
    ]
    strips = tuple(
        workshop.strip(f"{label} ({_psnr(row, clean)})", f"row-{number}", [clean, *row], alt)
        for number, (label, row, alt) in enumerate(said)
    )
    commands = (
        painter.command("denoise", image, "--levels", *levels, *blur_words(blur))
        for levels, blur in [(LEVELS, BLUR), *(((level,), LowPass(sigma, KERNEL)) for level, sigma in best.items())]
    )
    sheet = Exhibit(
        "The noise taken off by a Gaussian blur, after undoing the fading, which the sources leave. PSNR, the peak "
        "signal to noise ratio, is against the clean photograph on the left: higher is nearer. The best σ was found by "
        "looking at it, which no one who only has the noisy picture can do.",
        Sheet(("clean", *HEADS), strips),
        ("no model but its path", ALL_LEVELS, "kernel and σ in pixels of a picture 64 wide", "seed 0"),
        "\n".join(commands),
        workshop.seconds(),
    )
    return Figure((sheet,))


def one_step_denoising(workshop: Workshop) -> Figure:
    """A1.3: x̂_0 at three levels."""
    painter = workshop.shelf.painter
    images = (workshop.shelf.choice.image, "photo:chelsea")
    sources = [painter.source(image) for image in images]
    estimates = [
        painter.pixels([Denoise(source, Level(level=level), "one-step", PHOTO) for source in sources], [0, 0])
        for level in LEVELS
    ]
    strips, gains = [], []
    for number, (source, found) in enumerate(zip(sources, zip(*estimates, strict=True), strict=True)):
        clean = source.pixels(painter.final).cpu()
        row = [clean, *(noisy(painter, source, level) for level in LEVELS)]
        said = f"estimated in one step ({_psnr(found, clean)})"
        strips += [
            workshop.strip("noised", f"noised-{number}", row, "A photograph, and under more and more noise"),
            workshop.strip(said, f"one-step-{number}", [clean, *found], "What one step makes of it: ever softer"),
        ]
        soft = blurred(painter, source, LEVELS[1], BLUR)
        gains.append(psnr(found[1], clean) - psnr(soft, clean))
    gain, blur = min(gains), f"A1.2's blur (kernel {BLUR.kernel}, σ = {BLUR.sigma:g})"
    nearer = f"is nearer to the photograph than {blur} by {gain:.1f} dB or more"
    sheet = Exhibit(
        "Two photographs under noise, and the clean picture as the model estimates it in one step. At level "
        f"{LEVELS[1]} it {nearer if gain > 0 else f'does not beat {blur} on both'}.",
        Sheet(("clean", *HEADS), tuple(strips)),
        (model_words(painter.model), "one step, no guidance", f"prompt “{PHOTO}”", ALL_LEVELS, "seed 0"),
        "\n".join(
            painter.command("denoise", image, PHOTO, "--levels", *LEVELS, "--method", "one-step") for image in images
        ),
        workshop.seconds(),
    )
    return Figure((sheet,))


def iterative_denoising(workshop: Workshop) -> Figure:
    """A1.4: from level 690 down the courses' grid."""
    painter, image = workshop.shelf.painter, workshop.shelf.choice.image
    level = COURSE_LEVELS[START]
    sources = [painter.source(name) for name in (image, *OTHER_PHOTOGRAPHS)]
    recipes = [Denoise(source, Level(level=level), "iterative", PHOTO) for source in sources]
    seen: dict[float, Tensor] = {}
    film = Film(rows=[0])

    def keep(state: State) -> None:
        film(state)
        # Of two stages the first is shown: it has the name of the level first.
        seen.setdefault(round(state.t, 6), state.pictures(state.x_t)[0].float().cpu())

    iterated = painter.pixels(recipes, [0] * len(recipes), watch=keep)
    shown = [seen[round(time_of_level(level), 6)] for level in SHOWN]
    strip = workshop.strip("", "snapshots", [*shown, iterated[0]], "Noise that turns into a photograph")
    played = workshop.film("trajectory", film.frames, painter.model.size)
    still = workshop.plate("end", [iterated[0]], 1, "The picture at the end")
    playable = Playable("from noise to picture", still, played)
    steps = Exhibit(
        f"From level {level} down: the picture that goes into the network at five of the {len(COURSE_LEVELS) - START} "
        "steps, and what is left at the end.",
        Stack((Sheet((*(f"level {level}" for level in SHOWN), "the end"), (strip,)), Gallery((playable,)))),
        (*painter.parameters(recipes[0]), f"prompt “{PHOTO}”", f"start {START} (level {level})", "seed 0"),
        painter.command("denoise", image, PHOTO, "--start", START, "--method", "iterative"),
        workshop.seconds(),
    )
    at_once = [Denoise(source, Level(level=level), "one-step", PHOTO) for source in sources]
    estimates = painter.pixels(at_once, [0] * len(sources))
    strips, numbers = [], []
    for number, (source, estimate, sampled) in enumerate(zip(sources, estimates, iterated, strict=True)):
        clean = source.pixels(painter.final).cpu()
        soft = blurred(painter, source, level, BLUR)
        row = [clean, noisy(painter, source, level), soft, estimate, sampled]
        alt = "A photograph, under noise, blurred, estimated in one step, and denoised step by step"
        strips.append(workshop.strip("", f"compared-{number}", row, alt))
        numbers.append([psnr(picture, clean) for picture in row[2:]])
    means = [sum(column) / len(numbers) for column in zip(*numbers, strict=True)]
    common = ["--start", START, "--method"]
    compared = Exhibit(
        "Four photographs under the same amount of noise, and three ways to take it off. On average over the four, "
        f"blur, one step and {len(COURSE_LEVELS) - START} steps come to {means[0]:.1f}, {means[1]:.1f} and "
        f"{means[2]:.1f} dB PSNR.",
        Sheet(("clean", f"level {level}", "blur", "one step", "many steps"), tuple(strips)),
        (
            *painter.parameters(recipes[0]),
            f"prompt “{PHOTO}”",
            "seed 0",
            f"blur: kernel {BLUR.kernel}, σ = {BLUR.sigma:g}",
        ),
        "\n".join(
            (
                painter.command("denoise", image, "--start", START, *blur_words(BLUR)),
                painter.command("denoise", image, PHOTO, *common, "one-step"),
                painter.command("denoise", image, PHOTO, *common, "iterative"),
            )
        ),
        workshop.seconds(),
    )
    return Figure((steps, compared))


def noisy(painter: Painter, source: Source, level: float) -> Tensor:
    """A picture at a level with the noise of seed 0, [C, S, S]."""
    return painter.pixels([Forward(source, Level(level=level))], [0])[0]


def blurred(painter: Painter, source: Source, level: float, blur: LowPass) -> Tensor:
    """The picture at a level, blurred, [C, S, S]."""
    recipe = Denoise(source, Level(level=level), "blur", blur_sigma=blur.sigma, blur_kernel=blur.kernel)
    return painter.pixels([recipe], [0])[0]


def blur_words(blur: LowPass) -> tuple[str, ...]:
    """As a blur is typed after `denoise`."""
    kernel = () if blur.kernel == LowPass.kernel else ("--blur-kernel", str(blur.kernel))
    return ("--method", "blur", "--blur-sigma", f"{blur.sigma:g}", *kernel)


def _psnr(pictures: Sequence[Tensor], clean: Tensor) -> str:
    return f"{', '.join(f'{psnr(picture, clean):.1f}' for picture in pictures)} dB PSNR"
