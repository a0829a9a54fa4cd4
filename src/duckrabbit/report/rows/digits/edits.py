"""Editing digits: a drawing made anew (A1.7.1-digits), and a hidden half painted in (A1.7.2-digits)."""

from importlib.resources import files

import torch
from torch import Tensor

from duckrabbit.making.make import make_all
from duckrabbit.media.masks import box_mask
from duckrabbit.recipes.edit import Edit, course_sampler
from duckrabbit.recipes.inpaint import Inpaint
from duckrabbit.recipes.source import Source
from duckrabbit.report.bodies import Sheet
from duckrabbit.report.figure import Exhibit, Figure, command, model_words, sampler_words
from duckrabbit.report.rows.digits.sampled import guided_at
from duckrabbit.report.workshop import Workshop

MODEL = "mnist-ddpm-class"
STARTS = (1, 3, 5, 7, 10, 20)
DRAWINGS = (("drawn-4", ("4", "9")), ("drawn-7", ("7", "2")))
HIDDEN = (("mnist:test/0", ("7", "2", "3")), ("mnist:test/61", ("8", "3", "9")))
BOX = (0, 14, 28, 28)


def drawings(workshop: Workshop) -> Figure:
    """A1.7.1-digits: SDEdit of shaky drawings of digits."""
    return Figure(tuple(_drawing(workshop, name, prompts) for name, prompts in DRAWINGS))


def _drawing(workshop: Workshop, name: str, prompts: tuple[str, ...]) -> Exhibit:
    model = workshop.shelf.model(MODEL)
    file = workshop.keep(f"{name}.png", (files("duckrabbit.report") / "assets" / f"{name}.png").read_bytes())
    source = Source.read(str(workshop.page / file), model)
    seeds = [0] * len(prompts)
    columns = [make_all([Edit(source, prompt, start) for prompt in prompts], model, seeds) for start in STARTS]
    strips = []
    for number, prompt in enumerate(prompts):
        row = [source.pixels(model), *(column[number].pixels for column in columns)]
        alt = f"The drawing, and what becomes of it as a {prompt} from starts 1 to 20"
        strips.append(workshop.strip(f"prompt {prompt}", f"{name}-{prompt}", row, alt))
    return Exhibit(
        "A shaky drawing of a digit, then made anew from each start. The first row asks for what was drawn, the second "
        "for something else.",
        Sheet(("drawn", *(f"{start}" for start in STARTS)), tuple(strips)),
        (
            model_words(model),
            f"prompts {' and '.join(prompts)}",
            "seed 0",
            f"starts {', '.join(map(str, STARTS))}",
            *sampler_words(course_sampler(model.sampler), model),
        ),
        command("edit", workshop.page / file, prompts[0], "--start", *STARTS, "--model", MODEL),
        workshop.seconds(),
    )


def inpainting(workshop: Workshop) -> Figure:
    """A1.7.2-digits: the lower half of a digit painted in."""
    return Figure(tuple(_inpainted(workshop, name, prompts) for name, prompts in HIDDEN))


def _inpainted(workshop: Workshop, name: str, prompts: tuple[str, ...]) -> Exhibit:
    model = workshop.shelf.model(MODEL)
    source = Source.read(name, model)
    box = ",".join(map(str, BOX))
    mask = box_mask(*BOX, size=model.size)
    masked = Source.of_mask(f"box {box}", mask)
    picture = source.pixels(model).cpu()
    sampler = guided_at(course_sampler(model.sampler), 3.0)
    made = make_all([Inpaint(source, masked, prompt, sampler=sampler) for prompt in prompts], model, [0] * len(prompts))
    hole = torch.where(mask > 0, torch.full_like(picture, -0.5), picture)
    row: list[Tensor] = [picture, mask[None] * 1.7 - 1, hole, *(one.pixels for one in made)]
    number = name.rpartition("/")[2]
    alt = "A digit, the mask, the digit without its lower half, and the half painted in as each of three digits"
    return Exhibit(
        "A test digit, what is to be painted (light), what is known, and the result for each prompt.",
        Sheet(("digit", "mask", "known", *(f"as {p}" for p in prompts)), (workshop.strip("", number, row, alt),)),
        (
            model_words(model),
            f"prompts {', '.join(prompts)}",
            "seed 0",
            f"mask box {box}",
            *sampler_words(sampler, model),
        ),
        command("inpaint", name, prompts[1], "--mask-box", box, "--guidance-scale", "3", "--model", MODEL),
        workshop.seconds(),
    )
