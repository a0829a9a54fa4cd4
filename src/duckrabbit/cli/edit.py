"""duckrabbit edit"""

from dataclasses import dataclass, field
from typing import Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import Computing, Output, Sampling, Wording, option


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
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Make the pictures."""
    from duckrabbit.cli.produce import Job, produce
    from duckrabbit.cli.prompts import at_most_one
    from duckrabbit.cli.sampler import sampler_of
    from duckrabbit.cli.session import open_model, read_source
    from duckrabbit.cli.starts import write_row_sheet
    from duckrabbit.errors import UsageError
    from duckrabbit.recipes.edit import Edit, course_sampler

    if bool(options.start) == bool(options.start_level):
        raise UsageError("Where to start is not clear: give either --start 1 5 10 20 or --start-level 900 500.")
    given = at_most_one(options.prompts, "edit")
    prompt = None if given is None and not options.wording.style else options.wording.styled(given or "")
    model = open_model(options.computing, [] if prompt is None else [prompt], options.image, options.output.size)
    final = model.at(options.output.size)
    source = read_source(options.image, final)
    sampler = sampler_of(options.sampling, course_sampler(model))
    negative = options.wording.negative_prompt
    name = f"{options.image} {prompt or ''}"
    jobs = [
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
    made = produce(jobs, model, options.output, options.sampling)
    write_row_sheet(options.output, "edit", name, source.pixels(final), jobs, made)
    return 0
