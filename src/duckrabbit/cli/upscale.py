"""duckrabbit upscale"""

from dataclasses import dataclass, field
from typing import Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import Computing, Output, Sampling, Searching, Wording, option


@dataclass(frozen=True)
class Options:
    """Make a small picture large: duckrabbit upscale IMAGE.png "a photo of a dog" --model deepfloyd --weights DIR"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a file, - for standard input, or photo:tower; it is averaged down to the first stage's size"""
    prompts: Positional[Annotated[tuple[str, ...], option("[PROMPT]")]] = ()
    """what it shows"""
    wording: Wording = field(default_factory=Wording)
    sampling: Sampling = field(default_factory=Sampling)
    output: Output = field(default_factory=Output)
    searching: Searching = field(default_factory=Searching)
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Make the pictures."""
    from dataclasses import replace

    from duckrabbit.cli.best import produce_best, wants_best
    from duckrabbit.cli.produce import Job, produce
    from duckrabbit.cli.prompts import at_most_one
    from duckrabbit.cli.sampler import sampler_of
    from duckrabbit.cli.session import open_model
    from duckrabbit.cli.starts import write_row_sheet
    from duckrabbit.errors import UsageError
    from duckrabbit.recipes.source import Source
    from duckrabbit.recipes.upscale import Upscale

    given = at_most_one(options.prompts, "upscale")
    prompt = None if given is None and not options.wording.style else options.wording.styled(given or "")
    model = open_model(options.computing, [] if prompt is None else [prompt], options.image)
    if model.second_stage is None:
        raise UsageError(
            f"{model.name} has no second stage to make pictures large: give --model deepfloyd with both stages."
        )
    final = model.at(options.output.size or model.sizes[-1])
    if final is model:
        raise UsageError(
            f"A picture of {final.size}×{final.size} is not larger: give --size {model.sizes[-1]}, or none."
        )
    source = Source.shrunk(options.image, model)
    recipe = Upscale(source, prompt, options.wording.negative_prompt, sampler_of(options.sampling, final.sampler))
    jobs = [Job(recipe, f"{options.image} {prompt or ''}", "upscaled")]
    output = replace(options.output, size=final.size)
    if wants_best(options.searching, output):
        produce_best(jobs, model, output, options.sampling, options.searching, options.computing)
        return 0
    made = produce(jobs, model, output, options.sampling)
    enlarged = model.second_stage.enlarge(source.pixels(model)[None], final.size)[0].clamp(-1, 1)
    write_row_sheet(output, "upscale", jobs[0].slug, enlarged, jobs, made)
    return 0
