"""duckrabbit anagram"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, UseAppendAction

from duckrabbit.cli.maker import Maker, show_looks
from duckrabbit.cli.options import Making, option

if TYPE_CHECKING:
    from duckrabbit.cli.produce import Job
    from duckrabbit.making.choose import Opener


@dataclass(frozen=True)
class Options(Making):
    """Make a picture that shows something else through each view: duckrabbit anagram 6 9 --view rotate-180"""

    prompts: Positional[Annotated[tuple[str, ...], option("PROMPT PROMPT ...")]] = ()
    """what each view shows; the first is read upright"""
    view: UseAppendAction[Annotated[tuple[str, ...], option("VIEW")]] = ()
    """one for each further prompt, given again for the next; one for the first, too, if it is not to be read upright:
    flip, mirror, rotate-90, rotate-90-cw, rotate-180, negate,
    skew[:1.5], patch-permute[:8], pixel-permute, jigsaw[:seed], inner-circle, square-hinge, or several joined by +"""
    combine: Annotated[str, option("WAY")] = "mean"
    """how the views make one picture: mean, alternate or swing (mean)"""
    pairs: Annotated[str | None, option("FILE")] = None
    """in place of prompts: a file with a pair on each line, PROMPT | PROMPT; killed, it goes on where it was"""


def run(options: Options) -> int:
    """Make the pictures."""
    if options.pairs is not None and options.prompts:
        from duckrabbit.errors import UsageError

        raise UsageError("Both prompts and --pairs were given: give one of them.")
    return MAKER.run(options)


def jobs(options: Options, opener: "Opener") -> "list[Job]":
    """What is to be made."""
    from duckrabbit.cli.produce import Job
    from duckrabbit.errors import UsageError
    from duckrabbit.recipes.anagram import Anagram

    if len(options.prompts) > 1 and not options.view:
        raise UsageError(
            "Nothing says how the picture is to be turned: give a --view for each prompt after the first, such as "
            "--view rotate-180, flip, mirror or negate."
        )
    prompts = tuple(options.wording.styled(prompt) for prompt in options.prompts)
    recipe = Anagram(prompts, options.view, options.wording.negative_prompt, None, options.combine)
    recipe.parsed_views()
    model = opener.open(options.computing, prompts, None, options.output.size)
    options.wording.refuse_empty(options.prompts, model)
    planned = options.sampling.plan(recipe, model, options.output.size)
    return [Job(planned, " ".join([*prompts, *options.view]))]


def _with_prompts(options: Options, prompts: tuple[str, ...]) -> Options:
    """The options of one line of --pairs."""
    return replace(options, prompts=prompts, pairs=None)


MAKER = Maker(jobs, show_looks, _with_prompts)
