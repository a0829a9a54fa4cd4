"""The command that makes a picture once more."""

import shlex

from duckrabbit.cli.remember import Memory
from duckrabbit.cli.spell import spelt


def command_for(memory: Memory) -> str | None:
    """The command line of a picture's record, exact to the precision; None where no command line says it all."""
    words = spelt(memory.recipe)
    # A command line gives both stages one sampler.
    if words is None or memory.second_sampler not in (None, memory.recipe.sampler):
        return None
    model = ["--model", memory.model, *(["--weights", memory.weights] if memory.weights else [])]
    size = [] if memory.second_sampler is None else ["--size", str(memory.size)]
    exact = ["--precision", str(memory.circumstances["dtype"]), "--threads", str(memory.threads)]
    exact += ["--compile"] if memory.compiled else []
    return shlex.join(["duckrabbit", *words, *model, "--seed", str(memory.seed), *size, *exact])
