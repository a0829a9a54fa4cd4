"""A1.7.2: regions painted anew (RePaint's replacement), and what resampling does to the seam."""

from dataclasses import dataclass

import torch
from torch import Tensor

from duckrabbit.diffusion.path import time_of_level
from duckrabbit.diffusion.sampling import State
from duckrabbit.making.sampling import Sampling
from duckrabbit.media.masks import box_mask, ellipse_mask
from duckrabbit.media.pixels import to_uint8
from duckrabbit.recipes.inpaint import Inpaint
from duckrabbit.recipes.source import Source
from duckrabbit.report.bodies import Sheet
from duckrabbit.report.figure import Exhibit, Figure, seed_words, stem_of
from duckrabbit.report.measures import seam
from duckrabbit.report.painter import PHOTO, Painter
from duckrabbit.report.workshop import Workshop

HALF_WAY = 480
LIGHTHOUSE, SPIRE, ROCKET, BEAR, BALLOON = (
    "a lighthouse", "a photo of a tower", "a rocket ship", "a bear", "a hot air balloon",
)  # fmt: skip
PROMPTS = (PHOTO, LIGHTHOUSE, SPIRE, ROCKET, BEAR, BALLOON)
RESAMPLINGS = 4
SEEDS = (0, 1)
FEW = Sampling(steps=9, solver="ddpm")
MANY = Sampling(steps=1 + RESAMPLINGS * 8, solver="ddpm")
"""As many network evaluations: the last step, into the clean level, is never repeated."""


@dataclass(frozen=True)
class Hole:
    """A region to paint.

    Attributes:
        image: the picture.
        shape: box or ellipse.
        corners: x0, y0, x1, y1 in pixels of a picture 64 wide.
        prompts: what to paint.
    """

    image: str
    shape: str
    corners: tuple[int, int, int, int]
    prompts: tuple[str, ...]

    def mask(self, painter: Painter) -> Source:
        """The region at the size of the pictures that are made."""
        x0, y0, x1, y1 = (round(corner * painter.model.size / 64) for corner in self.corners)
        times = painter.final.size // painter.model.size
        make = box_mask if self.shape == "box" else ellipse_mask
        mask = make(times * x0, times * y0, times * x1, times * y1, painter.final.size)
        return Source.of_mask(f"{self.shape} {x0},{y0},{x1},{y1}", mask)


def inpainting(workshop: Workshop) -> Figure:
    """A1.7.2: three pictures, several prompts, and the seam (RePaint, arXiv:2201.09865)."""
    prompts = (PHOTO, LIGHTHOUSE, SPIRE, ROCKET)[: workshop.effort.edited]
    tower = Hole(workshop.shelf.choice.image, "box", (14, 2, 42, 30), prompts)
    holes = (
        tower,
        Hole("photo:astronaut", "ellipse", (16, 2, 50, 42), (PHOTO, BEAR)),
        Hole("photo:mountain", "box", (34, 4, 60, 26), (PHOTO, BALLOON)),
    )
    exhibits = []
    for done, hole in enumerate(holes):
        workshop.tell(stem_of(hole.image), done / (len(holes) + 1))
        exhibits.append(_painted(workshop, hole))
    workshop.tell("resampling", len(holes) / (len(holes) + 1))
    exhibits.append(_resampled(workshop, tower))
    return Figure(tuple(exhibits))


def _painted(workshop: Workshop, hole: Hole) -> Exhibit:
    painter = workshop.shelf.painter
    source, mask = painter.source(hole.image), hole.mask(painter)
    recipes = [Inpaint(source, mask, prompt) for prompt in hole.prompts]
    half: list[Tensor] = []

    def keep(state: State) -> None:
        if not half and state.t <= time_of_level(HALF_WAY):
            half.extend(x.float().cpu() for x in state.pictures(state.x_t))

    made = painter.pixels(recipes, [0] * len(recipes), watch=keep)
    picture, painted = source.pixels(painter.final).cpu(), mask.mask(painter.final).cpu()
    light = (painted[None] * 1.7 - 1).expand_as(picture)
    inside = torch.where(painted > 0, picture, torch.zeros_like(picture))
    strips = []
    for number, (prompt, result) in enumerate(zip(hole.prompts, made, strict=True)):
        row = [picture, light, inside, half[number], result]
        alt = f"A picture, the mask, what is inside it, a noisy picture half way, and the hole filled: {prompt}"
        strips.append(workshop.strip(f"“{prompt}”", f"{stem_of(hole.image)}-{number}", row, alt))
    changed = sum(_changed(picture, result, painted) for result in made)
    kept = int((painted == 0).sum())
    words = mask.name.split(" ")[1]
    return Exhibit(
        f"The picture, the mask (light is painted), the hole to fill, the picture on its way, and the result. Of the "
        f"{kept} pixels outside the mask {changed if changed else 'none'} changed.",
        Sheet(("picture", "mask", "hole to fill", f"level {HALF_WAY}", "result"), tuple(strips)),
        (*painter.parameters(recipes[0]), "seed 0", f"{hole.shape} {words}"),
        "\n".join(
            painter.command("inpaint", hole.image, prompt, f"--mask-{hole.shape}", words) for prompt in hole.prompts
        ),
        workshop.seconds(),
    )


def _resampled(workshop: Workshop, hole: Hole) -> Exhibit:
    """The same number of evaluations, spent on more levels or on settling at each."""
    painter = workshop.shelf.painter
    source, mask = painter.source(hole.image), hole.mask(painter)
    picture, painted = source.pixels(painter.final).cpu(), mask.mask(painter.final).cpu()
    strips, seams, commands = [], [], []
    for repeats, sampling in ((1, MANY), (RESAMPLINGS, FEW)):
        recipe = Inpaint(source, mask, SPIRE, repeats)
        made = painter.pixels([recipe] * len(SEEDS), SEEDS, sampling)
        label = f"{sampling.steps} steps, {'each once' if repeats == 1 else f'each {repeats} times'}"
        alt = f"The hole filled in {label}"
        strips.append(workshop.strip(label, f"resampled-{repeats}", [picture, *made], alt))
        seams.append(sum(seam(result, painted) for result in made) / len(made))
        words = ["--mask-box", mask.name.split(" ")[1], "--resamplings", repeats, *sampling.words]
        commands.append(painter.command("inpaint", hole.image, SPIRE, *words, "--count", len(SEEDS)))
    return Exhibit(
        f"{MANY.steps} evaluations spent in two ways. Across the seam neighbouring pixels differ by {seams[0]:.1f} "
        f"grey levels without resampling and by {seams[1]:.1f} with it; in the same places of the photograph they "
        f"differ by {seam(picture, painted):.1f}.",
        Sheet(("picture", *(f"seed {seed}" for seed in SEEDS)), tuple(strips)),
        (
            *painter.parameters(Inpaint(source, mask, SPIRE), MANY),
            f"and {FEW.steps} steps",
            f"prompt “{SPIRE}”",
            seed_words(SEEDS),
        ),
        "\n".join(commands),
        workshop.seconds(),
    )


def _changed(picture: Tensor, result: Tensor, painted: Tensor) -> int:
    """How many known pixels are not the picture's own in 8 bits."""
    before, after = torch.from_numpy(to_uint8(picture)), torch.from_numpy(to_uint8(result))
    different = (before != after).reshape(*painted.shape, -1).any(dim=-1)
    return int((different & (painted == 0)).sum())
