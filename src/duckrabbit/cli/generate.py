"""duckrabbit generate"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import Computing, Flag, Output, Sampling, Searching, Sweeping, Wording, option

if TYPE_CHECKING:
    from duckrabbit.cli.produce import Job
    from duckrabbit.cli.session import Models
    from duckrabbit.models.model import Model


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
    searching: Searching = field(default_factory=Searching)
    sweeping: Sweeping = field(default_factory=Sweeping)
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Make the pictures."""
    from duckrabbit.cli.best import produce_best, wants_best
    from duckrabbit.cli.films import Film
    from duckrabbit.cli.produce import produce
    from duckrabbit.cli.session import Models
    from duckrabbit.cli.sheets import write_sheet
    from duckrabbit.cli.sweep import sweep
    from duckrabbit.errors import UsageError

    if options.animate and (options.sweeping.sweep or options.searching.best is not None):
        raise UsageError("--animate shows how pictures come about, not --best or --sweep: leave one of them out.")
    if options.sweeping.sweep:
        return sweep(options, prepared, options.sweeping.sweep, options.searching)
    model, jobs = prepared(options, Models())
    if wants_best(options.searching, options.output):
        produce_best(jobs, model, options.output, options.sampling, options.searching, options.computing)
        return 0
    film = Film() if options.animate else None
    made = produce(jobs, model, options.output, options.sampling, film)
    pictures = [row[0] for row in made]
    if len(pictures) > 1:
        labels = [f"seed {picture.seed}" for picture in pictures]
        write_sheet(options.output, "generate", jobs[0].slug, [("", [p.pixels for p in pictures])], labels)
    if film is not None:
        film.write(options.output, "generate", jobs[0].slug)
    return 0


def prepared(options: Options, models: "Models") -> "tuple[Model, list[Job]]":
    """The model, and what it is to make."""
    from duckrabbit.cli.produce import Job
    from duckrabbit.cli.prompts import at_most_one
    from duckrabbit.cli.sampler import sampler_of
    from duckrabbit.recipes.generate import Generate

    prompt = options.wording.styled(at_most_one(options.prompts, "generate") or "")
    model = models.open(options.computing, [prompt] if prompt else [], None, options.output.size)
    recipe = Generate(prompt, options.wording.negative_prompt, sampler_of(options.sampling, model.sampler))
    return model, [Job(recipe, prompt)]
