"""Noise on a photograph, and off again: A1.1 the forward process, A1.2 a blur, A1.3 one step, A1.4 step by step."""

from torch import Tensor

from duckrabbit.diffusion.grid import COURSE_LEVELS
from duckrabbit.diffusion.path import time_of_level
from duckrabbit.diffusion.sampling import State
from duckrabbit.making.films import Film
from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.level import Level
from duckrabbit.recipes.noise import Forward
from duckrabbit.recipes.source import Source
from duckrabbit.report.bodies import Gallery, Playable, Sheet, Stack
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.measures import decibels
from duckrabbit.report.painter import PHOTO, Painter
from duckrabbit.report.wording import model_words
from duckrabbit.report.workshop import Stopwatch, Workshop

FOUR_LEVELS = (100, 250, 500, 750)
LEVELS = FOUR_LEVELS[1:]
HEADS = tuple(f"level {level}" for level in LEVELS)
BLUR_SIGMA = 3.0
TRIED = (0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
START = 10
SHOWN = (690, 540, 390, 240, 90)
OTHER_PHOTOGRAPHS = ("photo:chelsea", "photo:mountain", "photo:coffee")


def forward_process(workshop: Workshop) -> Figure:
    """A1.1: a photograph at four levels."""
    painter, image = workshop.shelf.painter, workshop.shelf.choice.image
    watch = Stopwatch()
    source = painter.source(image)
    clean = source.pixels(painter.final).cpu()
    row = [clean, *(noisy(painter, source, level) for level in FOUR_LEVELS)]
    plate = workshop.plate("levels", row, len(row), "A photograph that dissolves in noise from left to right")
    spreads = ", ".join(f"{float(picture.std()):.2f}" for picture in row)
    sheet = Exhibit(
        "A photograph and what is left of it at four of 1000 levels. Standard deviations of the pixels, from left to "
        f"right: {spreads}.",
        Sheet(("clean", *(f"level {level}" for level in FOUR_LEVELS)), (("", plate),)),
        Origin.NOW,
        (f"the path of {model_words(painter.model)}", f"levels {', '.join(map(str, FOUR_LEVELS))}", "seed 0"),
        painter.command("noise", image, "--levels", *FOUR_LEVELS),
        watch.read(),
    )
    alpha, sigma = painter.model.denoiser.path.at(time_of_level(500))
    lesson = (
        "xₜ = αₜ x₀ + σₜ ε. The forward process does two things: it adds noise, and it fades the picture. At level 500 "
        f"this model's path has α = {alpha:.2f} and σ = {sigma:.2f}.",
        "Why fade it? Since α² + σ² = 1, the spread of the pixels goes from the picture's own to one and never beyond "
        "(the numbers above the pictures), so the network is never shown inputs of another size, and at the end "
        "nothing is left but noise of a known size, from which sampling can start. Noise that is only added, as in "
        "B1.1, would have to grow without bound before it drowned the picture.",
    )
    return Figure(lesson, (sheet,))


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
            key=lambda blur: decibels(blur[1], clean),
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


def iterative_denoising(workshop: Workshop) -> Figure:
    """A1.4: from level 690 down the courses' grid."""
    painter, image = workshop.shelf.painter, workshop.shelf.choice.image
    level = COURSE_LEVELS[START]
    watch = Stopwatch()
    sources = [painter.source(name) for name in (image, *OTHER_PHOTOGRAPHS)]
    recipes = [Denoise(source, Level(level=level), "iterative", PHOTO) for source in sources]
    seen: dict[float, Tensor] = {}
    film = Film(rows=[0])

    def keep(state: State) -> None:
        film(state)
        # Of two stages the first is shown: it has the name of the level first.
        seen.setdefault(round(state.t, 6), state.x_t[0].float().cpu())

    iterated = [picture.pixels for picture in painter.made(recipes, [0] * len(recipes), watch=keep)]
    shown = [seen[round(time_of_level(level), 6)] for level in SHOWN]
    strip = workshop.plate("snapshots", [*shown, iterated[0]], len(SHOWN) + 1, "Noise that turns into a photograph")
    played = workshop.film("trajectory", film.frames, painter.model.size)
    still = workshop.plate("end", [iterated[0]], 1, "The picture at the end")
    steps = Exhibit(
        f"From level {level} down: the picture that goes into the network at five of the {len(COURSE_LEVELS) - START} "
        "steps, and what is left at the end.",
        Stack(
            (
                Sheet((*(f"level {level}" for level in SHOWN), "the end"), (("", strip),)),
                Gallery((Playable("from noise to picture", still, played),)),
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
    return Figure(lesson, (steps, compared))


def noisy(painter: Painter, source: Source, level: float) -> Tensor:
    """A picture at a level with the noise of seed 0, [C, S, S]."""
    return painter.made([Forward(source, Level(level=level))], [0])[0].pixels


def blurred(painter: Painter, source: Source, level: float, sigma: float) -> Tensor:
    """The picture at a level, blurred, [C, S, S]."""
    return painter.made([Denoise(source, Level(level=level), "blur", blur_sigma=sigma)], [0])[0].pixels
