"""duckrabbit generate"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.maker import Maker, show_looks
from duckrabbit.cli.options import Flag, Making, option

if TYPE_CHECKING:
    from duckrabbit.cli.produce import Job
    from duckrabbit.making.choose import Opener


@dataclass(frozen=True)
class Options(Making):
    """Make a picture of a prompt from noise: duckrabbit generate 7 --count 4"""

    prompts: Positional[Annotated[tuple[str, ...], option("[PROMPT]")]] = ()
    """what to make; none for a model without prompts, or for anything"""
    animate: Flag = False
    """also write a GIF of how the pictures come about"""


def run(options: Options) -> int:
    """Make the pictures."""
    if not options.animate:
        return MAKER.run(options)
    from duckrabbit.cli.maker import new_opener
    from duckrabbit.cli.produce import produce
    from duckrabbit.cli.sheets import write_film
    from duckrabbit.errors import UsageError
    from duckrabbit.making.films import SHEET_SIDE, Film
    from duckrabbit.media.names import slug

    if options.sweeping.sweep or options.searching.best is not None:
        raise UsageError("--animate shows how pictures come about, not --best or --sweep: leave one of them out.")
    options.searching.numbers(options.output)
    [job] = MAKER.planned(options, new_opener())
    film = Film()
    show_looks(options, [job], produce([job], options.output, film))
    stem = "-".join(part for part in ("generate", slug(job.slug), str(options.output.seed)) if part)
    write_film(Path(options.output.out), stem, film.frames, SHEET_SIDE)
    return 0


def jobs(options: Options, opener: "Opener") -> "list[Job]":
    """What is to be made."""
    from duckrabbit.cli.produce import Job
    from duckrabbit.recipes.generate import Generate

    prompt = options.wording.one_of(options.prompts, "generate") or ""
    model = opener.open(options.computing, [prompt] if prompt else [], None, options.output.size)
    recipe = Generate(prompt, options.wording.negative_prompt)
    return [Job(options.sampling.plan(recipe, model, options.output.size), prompt)]


MAKER = Maker(jobs, show_looks)
