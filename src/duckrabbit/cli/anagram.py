"""duckrabbit anagram"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, UseAppendAction

from duckrabbit.cli.options import Computing, Output, Sampling, Searching, Sweeping, Wording, option

if TYPE_CHECKING:
    from duckrabbit.cli.best import Kept
    from duckrabbit.cli.produce import Job
    from duckrabbit.cli.session import Models
    from duckrabbit.models.model import Model


@dataclass(frozen=True)
class Options:
    """Make a picture that shows something else through each view: duckrabbit anagram 6 9 --view rotate-180"""

    prompts: Positional[Annotated[tuple[str, ...], option("PROMPT PROMPT ...")]] = ()
    """what each view shows; the first is read upright"""
    view: UseAppendAction[Annotated[tuple[str, ...], option("VIEW")]] = ()
    """one for each further prompt, given again for the next: flip, mirror, rotate-90, rotate-90-cw, rotate-180, negate,
    skew[:1.5], patch-permute[:8], pixel-permute, jigsaw[:seed], inner-circle, square-hinge, or several joined by +"""
    combine: Annotated[str, option("WAY")] = "mean"
    """how the views make one picture: mean, alternate or swing (mean)"""
    pairs: Annotated[str | None, option("FILE")] = None
    """in place of prompts: a file with a pair on each line, PROMPT | PROMPT; killed, it goes on where it was"""
    wording: Wording = field(default_factory=Wording)
    sampling: Sampling = field(default_factory=Sampling)
    output: Output = field(default_factory=Output)
    searching: Searching = field(default_factory=Searching)
    sweeping: Sweeping = field(default_factory=Sweeping)
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Make the pictures."""
    from duckrabbit.cli.pairs import prompts_or_pairs, run_pairs
    from duckrabbit.cli.session import Models
    from duckrabbit.cli.sweep import sweep

    if options.sweeping.sweep:
        return sweep(options, prepared, options.sweeping.sweep, options.searching)
    models = Models()
    if prompts_or_pairs(options.pairs, options.prompts):
        return run_pairs(options, options.pairs or "", _with_prompts, prepared, _made, models)
    _made(options, *prepared(options, models))
    return 0


def _with_prompts(options: Options, prompts: tuple[str, ...]) -> Options:
    """The options of one line of --pairs."""
    return replace(options, prompts=prompts, pairs=None)


def prepared(options: Options, models: "Models") -> "tuple[Model, list[Job]]":
    """The model, and what it is to make."""
    from duckrabbit.cli.produce import Job
    from duckrabbit.cli.sampler import sampler_of
    from duckrabbit.making.guided_plan import remarks
    from duckrabbit.recipes.anagram import Anagram

    prompts = tuple(options.wording.styled(prompt) for prompt in options.prompts)
    Anagram(prompts, options.view).parsed_views()
    model = models.open(options.computing, prompts, None, options.output.size)
    sampler = sampler_of(options.sampling, model.illusion_sampler)
    recipe = Anagram(prompts, options.view, options.wording.negative_prompt, sampler, options.combine)
    models.tell(remarks(recipe, model))
    return model, [Job(recipe, " ".join([*prompts, *options.view]))]


def _made(options: Options, model: "Model", jobs: "list[Job]") -> "Kept | None":
    """Make them, and the sheet; the best is given back where one was looked for."""
    from duckrabbit.cli.best import produce_best, wants_best
    from duckrabbit.cli.produce import produce
    from duckrabbit.cli.sheets import write_sheet
    from duckrabbit.recipes.looks import looks_of

    if wants_best(options.searching, options.output):
        best = produce_best(jobs, model, options.output, options.sampling, options.searching, options.computing)
        return next(iter(best[0]), None)
    pictures = [row[0] for row in produce(jobs, model, options.output, options.sampling)]
    if len(pictures) > 1:
        rows = [
            (f"{look.prompt} ({look.name})", [look.see(picture.pixels[None])[0] for picture in pictures])
            for look in looks_of(jobs[0].recipe)
        ]
        write_sheet(options.output, "anagram", jobs[0].slug, rows, [f"seed {picture.seed}" for picture in pictures])
    return None
