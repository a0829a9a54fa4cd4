"""duckrabbit generate"""

from dataclasses import dataclass, field
from typing import Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import Computing, Flag, Output, Sampling, Wording, option


@dataclass(frozen=True)
class Options:
    """Make a picture of a prompt from noise: duckrabbit generate 7 --count 4"""

    prompts: Positional[Annotated[tuple[str, ...], option("[PROMPT]")]] = ()
    """what to make; none for a model without prompts, or for anything"""
    animate: Flag = False
    """also write a GIF of how the pictures come about"""
    wording: Wording = field(default_factory=Wording)
    sampling: Sampling = field(default_factory=Sampling)
    output: Output = field(default_factory=Output)
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Make the pictures."""
    from duckrabbit.cli.films import Film
    from duckrabbit.cli.produce import Job, produce
    from duckrabbit.cli.prompts import at_most_one
    from duckrabbit.cli.sampler import sampler_of
    from duckrabbit.cli.session import open_model
    from duckrabbit.cli.sheets import write_sheet
    from duckrabbit.recipes.generate import Generate

    prompt = options.wording.styled(at_most_one(options.prompts, "generate") or "")
    model = open_model(options.computing, [prompt] if prompt else [], None, options.output.size)
    recipe = Generate(prompt, options.wording.negative_prompt, sampler_of(options.sampling, model.sampler))
    film = Film() if options.animate else None
    made = produce([Job(recipe, prompt)], model, options.output, options.sampling, film)
    pictures = [row[0] for row in made]
    if len(pictures) > 1:
        labels = [f"seed {picture.seed}" for picture in pictures]
        write_sheet(options.output, "generate", prompt, [("", [p.pixels for p in pictures])], labels)
    if film is not None:
        film.write(options.output, "generate", prompt)
    return 0
