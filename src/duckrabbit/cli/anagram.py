"""duckrabbit anagram"""

from dataclasses import dataclass, field
from typing import Annotated

from tyro.conf import Positional, UseAppendAction

from duckrabbit.cli.options import Computing, Output, Sampling, Wording, option


@dataclass(frozen=True)
class Options:
    """Make a picture that shows something else through each view: duckrabbit anagram 6 9 --view rotate-180"""

    prompts: Positional[Annotated[tuple[str, ...], option("PROMPT PROMPT ...")]] = ()
    """what each view shows; the first is read upright"""
    view: UseAppendAction[Annotated[tuple[str, ...], option("VIEW")]] = ()
    """one for each further prompt, given again for the next: flip, mirror, rotate-90, rotate-90-cw, rotate-180, negate,
    skew[:1.5], patch-permute[:8], pixel-permute, jigsaw[:seed], inner-circle, square-hinge, or several joined by +"""
    wording: Wording = field(default_factory=Wording)
    sampling: Sampling = field(default_factory=Sampling)
    output: Output = field(default_factory=Output)
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Make the pictures."""
    from duckrabbit.cli.produce import Job, produce
    from duckrabbit.cli.sampler import sampler_of
    from duckrabbit.cli.session import open_model
    from duckrabbit.cli.sheets import write_sheet
    from duckrabbit.recipes.anagram import Anagram

    prompts = tuple(options.wording.styled(prompt) for prompt in options.prompts)
    Anagram(prompts, options.view).parsed_views()
    model = open_model(options.computing, prompts, None, options.output.size)
    sampler = sampler_of(options.sampling, model.illusion_sampler)
    recipe = Anagram(prompts, options.view, options.wording.negative_prompt, sampler)
    name = " ".join([*prompts, *options.view])
    pictures = [row[0] for row in produce([Job(recipe, name)], model, options.output, options.sampling)]
    if len(pictures) > 1:
        rows = [
            (f"{prompt} ({view.name})", [view(picture.pixels) for picture in pictures])
            for prompt, view in zip(prompts, recipe.parsed_views(), strict=True)
        ]
        write_sheet(options.output, "anagram", name, rows, [f"seed {picture.seed}" for picture in pictures])
    return 0
