"""duckrabbit upscale"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.maker import Maker
from duckrabbit.cli.options import Computing, CropName, Output, Sampling, Searching, Wording, option

if TYPE_CHECKING:
    from duckrabbit.cli.produce import Job
    from duckrabbit.making.choose import Opener
    from duckrabbit.making.make import Picture


@dataclass(frozen=True)
class Options:
    """Make a small picture large: duckrabbit upscale IMAGE.png "a photo of a dog" --model deepfloyd --weights DIR"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a file, - for standard input, or photo:tower; it is averaged down to the first stage's size"""
    prompts: Positional[Annotated[tuple[str, ...], option("[PROMPT]")]] = ()
    """what it shows"""
    crop: CropName = ""
    """which square of it: centre (the default), left, right, top, bottom, pad (all of it), or a box X0,Y0,X1,Y1"""
    wording: Wording = field(default_factory=Wording)
    sampling: Sampling = field(default_factory=Sampling)
    output: Output = field(default_factory=Output)
    searching: Searching = field(default_factory=Searching)
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Make the pictures."""
    return MAKER.run(options)


def jobs(options: Options, opener: "Opener") -> "list[Job]":
    """What is to be made."""
    from duckrabbit.cli.produce import Job
    from duckrabbit.cli.sources import say
    from duckrabbit.errors import UsageError
    from duckrabbit.recipes.source import Source
    from duckrabbit.recipes.upscale import Upscale

    prompt = options.wording.one_of(options.prompts, "upscale")
    model = opener.open(options.computing, [] if prompt is None else [prompt], options.image)
    if model.second_stage is None:
        raise UsageError(
            f"{model.name} has no second stage to make pictures large: give --model deepfloyd with both stages."
        )
    final = model.at(options.output.size or model.sizes[-1])
    if final is model:
        raise UsageError(
            f"A picture of {final.size}×{final.size} is not larger: give --size {model.sizes[-1]}, or none."
        )
    recipe = Upscale(Source.shrunk(options.image, model, say, options.crop), prompt, options.wording.negative_prompt)
    return [Job(options.sampling.plan(recipe, model, final.size), f"{recipe.picture.name} {prompt or ''}", "upscaled")]


def show(options: Options, jobs: "list[Job]", made: "list[list[Picture]]") -> None:
    """The picture enlarged, then what the second stage made of it."""
    from duckrabbit.cli.sources import write_row_sheet

    planned, [source] = jobs[0].planned, jobs[0].planned.recipe.sources
    if planned.model.second_stage is None:
        return
    enlarged = planned.model.second_stage.enlarge(source.pixels(planned.model)[None], planned.final.size)
    write_row_sheet(options.output, jobs[0].slug, enlarged[0].clamp(-1, 1), jobs, made)


MAKER = Maker(jobs, show)
