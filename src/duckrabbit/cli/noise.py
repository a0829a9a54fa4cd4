"""duckrabbit noise"""

from dataclasses import dataclass, field
from typing import Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import Computing, Output, option


@dataclass(frozen=True)
class Options:
    """Put noise on a picture: duckrabbit noise mnist:test/7 --levels 250 500 750"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a file, - for standard input, mnist:test/7, or a picture of the package such as photo:tower or sketch:house"""
    levels: Annotated[tuple[float, ...], option("LEVEL ...")] = ()
    """levels on the model's path, 0 (clean) to 999 (noise)"""
    noise_sigma: Annotated[tuple[float, ...], option("SIGMA ...")] = ()
    """in place of levels: σ of noise added to a picture in [0, 1]"""
    output: Output = field(default_factory=Output)
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Make the pictures."""
    from duckrabbit.cli.levels import named_levels
    from duckrabbit.cli.produce import Job, produce
    from duckrabbit.cli.session import announced, named_model, read_source
    from duckrabbit.cli.starts import write_row_sheet
    from duckrabbit.models.load import DEFAULT_DIGITS
    from duckrabbit.recipes.noise import Forward

    named = named_levels(options.levels, options.noise_sigma, "noise")
    name = options.computing.model or announced(DEFAULT_DIGITS, "for its path and size")
    model = named_model(name, options.computing, options.output.size)
    final = model.at(options.output.size)
    source = read_source(options.image, final)
    jobs = [Job(Forward(source, n.level), f"{options.image} {n.slug}", n.label, n.details) for n in named]
    made = produce(jobs, model, options.output)
    write_row_sheet(options.output, "noise", options.image, source.pixels(final), jobs, made)
    return 0
