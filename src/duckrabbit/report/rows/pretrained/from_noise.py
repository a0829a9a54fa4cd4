"""A1.5: pictures from pure noise."""

from torch import Tensor

from duckrabbit.diffusion.sampling import State
from duckrabbit.making.films import tiled
from duckrabbit.recipes.generate import Generate
from duckrabbit.report.bodies.gallery import Gallery, Playable
from duckrabbit.report.bodies.sheet import Sheet
from duckrabbit.report.bodies.stack import Stack
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.painter import Sampling
from duckrabbit.report.rows.pretrained.common import PHOTO
from duckrabbit.report.wording import seed_words
from duckrabbit.report.workshop import Stopwatch, Workshop

COUNT = 5
SNAPSHOTS = (0, 10, 20, 30)
UNGUIDED = Sampling(solver="ddpm", grid="course", guidance_scale=1.0)


def sampling_from_noise(workshop: Workshop) -> Figure:
    """A1.5: five pictures, no guidance, and how they come about."""
    painter = workshop.shelf.painter
    recipe = Generate(PHOTO)
    watch = Stopwatch()
    frames: list[Tensor] = []
    seen: dict[int, Tensor] = {}

    def keep(state: State) -> None:
        if state.i == 0:
            frames.append(tiled(state.x_t, COUNT))
        frames.append(tiled(state.x_s, COUNT))
        # Of two stages the first is shown: it comes first.
        seen.setdefault(state.i, state.x_t.float().cpu())

    made = painter.made([recipe] * COUNT, range(COUNT), UNGUIDED, keep)
    strips = [
        (f"after {step} steps", workshop.plate(f"step-{step}", list(seen[step]), COUNT, f"The five after {step} steps"))
        for step in SNAPSHOTS
        if step in seen
    ]
    final = workshop.plate("end", [picture.pixels for picture in made], COUNT, "Five pictures of nobody knows what")
    film = workshop.film("course", frames, painter.model.size)
    sheet = Exhibit(
        "Five samples, none picked, from noise to picture.",
        Stack((Sheet((), tuple(strips)), Gallery((Playable(f"at the end, after {len(seen)} steps", final, film),)))),
        Origin.NOW,
        (*painter.parameters(recipe, UNGUIDED), f"prompt “{PHOTO}”", seed_words(range(COUNT))),
        painter.command("generate", PHOTO, *UNGUIDED.words(), "--count", COUNT, "--animate"),
        watch.read(),
    )
    lesson = (
        "Start A1.4 at the noisiest level, with noise that hides nothing, and the same loop draws a picture that never "
        "was.",
        "The very first estimate knows nothing: from pure noise the best guess is the average of all pictures under "
        "that prompt, a soft blob (B1.4 shows it). The first steps then settle where light and dark are, and the "
        "last ones what the surface is like.",
        "These five are what the model thinks pictures under this vague prompt are like, at their natural frequencies. "
        "Without guidance many are nothing in particular; they are shown all the same.",
    )
    return Figure(lesson, (sheet,))
