"""duckrabbit edit"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.maker import Maker
from duckrabbit.cli.options import CropName, Making, option

if TYPE_CHECKING:
    from duckrabbit.cli.produce import Job
    from duckrabbit.making.choose import Opener
    from duckrabbit.making.make import Picture


USUAL_START = 10
"""On the courses' grid, where nothing is said."""


@dataclass(frozen=True)
class Options(Making):
    """Make a picture anew from a noised one: duckrabbit edit mnist:test/7 3 --start 1 5 10 20"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a file, - for standard input, mnist:test/7, or a picture of the package such as photo:tower or sketch:house"""
    prompts: Positional[Annotated[tuple[str, ...], option("[PROMPT]")]] = ()
    """what it is to become"""
    start: Annotated[tuple[int, ...], option("I ...")] = ()
    """where to start on the grid: 0 is noise, and the larger the more is kept (level 690, 10 on the courses' grid)"""
    start_level: Annotated[tuple[float, ...], option("LEVEL ...")] = ()
    """in place of start: the level itself, 0 (clean) to 999 (noise)"""
    crop: CropName = ""
    """which square of it: centre (the default), left, right, top, bottom, pad (all of it), or a box X0,Y0,X1,Y1"""


def run(options: Options) -> int:
    """Make the pictures."""
    return MAKER.run(options)


def jobs(options: Options, opener: "Opener") -> "list[Job]":
    """What is to be made, a job for each start."""
    from duckrabbit.cli.produce import Job
    from duckrabbit.cli.sources import check_order, read_source
    from duckrabbit.diffusion.grid import COURSE_LEVELS
    from duckrabbit.errors import UsageError
    from duckrabbit.recipes.edit import Edit

    check_order(options.image, options.prompts, "IMAGE PROMPT")
    prompt = options.wording.one_of(options.prompts, "edit")
    size, negative = options.output.size, options.wording.negative_prompt
    model = opener.open(options.computing, [] if prompt is None else [prompt], options.image, size)
    source = read_source(options.image, model.at(size), options.crop)
    if options.start and options.start_level:
        raise UsageError("Where to start is not clear: give either --start 1 5 10 20 or --start-level 900 500.")
    # A level, which every grid has, where an index may be beyond the end of a short one.
    start_level = options.start_level or (() if options.start else (float(COURSE_LEVELS[USUAL_START]),))
    starts = [Edit(source, prompt, i, None, negative) for i in options.start]
    levels = [Edit(source, prompt, None, level, negative) for level in start_level]
    made = []
    for recipe in (*starts, *levels):
        name, value = ("start", recipe.start) if recipe.start is not None else ("start_level", recipe.start_level)
        label = f"{name.removeprefix('start_')} {value:g}"
        planned = options.sampling.plan(recipe, model, size)
        made.append(Job(planned, f"{source.name} {prompt or ''} {label}", label, {name: value}))
    return made


def show(options: Options, jobs: "list[Job]", made: "list[list[Picture]]") -> None:
    """The picture, then what became of it from each start."""
    from duckrabbit.cli.sources import write_row_sheet

    [original], name = jobs[0].planned.recipe.sources, options.wording.one_of(options.prompts, "edit") or ""
    pixels = original.pixels(jobs[0].planned.final)
    write_row_sheet(options.output, f"{original.name} {name}", pixels, jobs, made)


MAKER = Maker(jobs, show)
