"""duckrabbit edit"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import Computing, Output, Sampling, Searching, Sweeping, Wording, option

if TYPE_CHECKING:
    from duckrabbit.cli.produce import Job
    from duckrabbit.cli.session import Models
    from duckrabbit.models.model import Model


@dataclass(frozen=True)
class Options:
    """Make a picture anew from a noised one: duckrabbit edit mnist:test/7 3 --start 1 5 10 20"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a file, - for standard input, mnist:test/7, or a picture of the package such as photo:tower or sketch:house"""
    prompts: Positional[Annotated[tuple[str, ...], option("[PROMPT]")]] = ()
    """what it is to become"""
    start: Annotated[tuple[int, ...], option("I ...")] = ()
    """where to start on the grid: 0 is noise, and the larger the more is kept"""
    start_level: Annotated[tuple[float, ...], option("LEVEL ...")] = ()
    """in place of start: the level itself, 0 (clean) to 999 (noise)"""
    wording: Wording = field(default_factory=Wording)
    sampling: Sampling = field(default_factory=Sampling)
    output: Output = field(default_factory=Output)
    searching: Searching = field(default_factory=Searching)
    sweeping: Sweeping = field(default_factory=Sweeping)
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Make the pictures."""
    from duckrabbit.cli.best import produce_best, wants_best
    from duckrabbit.cli.produce import produce
    from duckrabbit.cli.session import Models
    from duckrabbit.cli.starts import write_row_sheet
    from duckrabbit.cli.sweep import sweep
    from duckrabbit.recipes.edit import Edit

    if options.sweeping.sweep:
        return sweep(options, prepared, options.sweeping.sweep, options.searching)
    model, jobs = prepared(options, Models())
    if wants_best(options.searching, options.output):
        produce_best(jobs, model, options.output, options.sampling, options.searching, options.computing)
        return 0
    made = produce(jobs, model, options.output, options.sampling)
    recipe = jobs[0].recipe
    assert isinstance(recipe, Edit)
    original = recipe.picture.pixels(model.at(options.output.size))
    write_row_sheet(options.output, "edit", f"{options.image} {_prompt(options) or ''}", original, jobs, made)
    return 0


def prepared(options: Options, models: "Models") -> "tuple[Model, list[Job]]":
    """The model, and what it is to make."""
    from duckrabbit.cli.produce import Job
    from duckrabbit.cli.sampler import sampler_of
    from duckrabbit.cli.session import read_source
    from duckrabbit.errors import UsageError
    from duckrabbit.recipes.edit import Edit, course_sampler

    if bool(options.start) == bool(options.start_level):
        raise UsageError("Where to start is not clear: give either --start 1 5 10 20 or --start-level 900 500.")
    prompt = _prompt(options)
    model = models.open(options.computing, [] if prompt is None else [prompt], options.image, options.output.size)
    source = read_source(options.image, model.at(options.output.size))
    sampler = sampler_of(options.sampling, course_sampler(model))
    negative = options.wording.negative_prompt
    name = f"{options.image} {prompt or ''}"
    return model, [
        Job(Edit(source, prompt, i, None, negative, sampler), f"{name} start {i}", f"start {i}", {"start": i})
        for i in options.start
    ] + [
        Job(
            Edit(source, prompt, None, level, negative, sampler),
            f"{name} level {level:g}",
            f"level {level:g}",
            {"start_level": level},
        )
        for level in options.start_level
    ]


def _prompt(options: Options) -> str | None:
    from duckrabbit.cli.prompts import at_most_one

    given = at_most_one(options.prompts, "edit")
    return None if given is None and not options.wording.style else options.wording.styled(given or "")
