"""duckrabbit noise"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.maker import Maker
from duckrabbit.cli.options import Computing, CropName, Output, option

if TYPE_CHECKING:
    from duckrabbit.cli.produce import Job
    from duckrabbit.making.choose import Opener
    from duckrabbit.making.make import Picture


@dataclass(frozen=True)
class Options:
    """Put noise on a picture: duckrabbit noise mnist:test/7 --levels 250 500 750"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a file, - for standard input, mnist:test/7, or a picture of the package such as photo:tower or sketch:house"""
    levels: Annotated[tuple[float, ...], option("LEVEL ...")] = ()
    """levels on the model's path, 0 (clean) to 999 (noise)"""
    noise_sigma: Annotated[tuple[float, ...], option("SIGMA ...")] = ()
    """in place of levels: σ of noise added to a picture in [0, 1]"""
    crop: CropName = ""
    """which square of it: centre (the default), left, right, top, bottom, pad (all of it), or a box X0,Y0,X1,Y1"""
    output: Output = field(default_factory=Output)
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Make the pictures."""
    return MAKER.run(options)


def jobs(options: Options, opener: "Opener") -> "list[Job]":
    """What is to be made, a job for each level."""
    from duckrabbit.cli.produce import Job
    from duckrabbit.cli.sources import named_levels, read_source
    from duckrabbit.making.plan import plan
    from duckrabbit.recipes.noise import Forward

    named, size = named_levels(options.levels, options.noise_sigma, "noise"), options.output.size
    name = options.computing.model or opener.chosen_for([], options.image)
    model = opener.named(name, options.computing, size)
    source = read_source(options.image, model.at(size), options.crop)
    return [
        Job(plan(Forward(source, n.level), model, size), f"{source.name} {n.slug}", n.label, n.details) for n in named
    ]


def show(options: Options, jobs: "list[Job]", made: "list[list[Picture]]") -> None:
    """The picture, then it at each level."""
    from duckrabbit.cli.sources import write_row_sheet

    [original], planned = jobs[0].planned.recipe.sources, jobs[0].planned
    write_row_sheet(options.output, original.name, original.pixels(planned.final), jobs, made)


MAKER = Maker(jobs, show)
