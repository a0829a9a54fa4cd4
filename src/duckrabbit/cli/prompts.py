"""Positional words that are prompts."""

from collections.abc import Sequence

from duckrabbit.errors import UsageError


def at_most_one(prompts: Sequence[str], verb: str) -> str | None:
    """The one prompt, or None.

    Raises:
        UsageError: if there are several.
    """
    if len(prompts) > 1:
        raise UsageError(
            f"{verb} takes one prompt and {len(prompts)} were given: put a prompt of several words in quotation marks."
        )
    return prompts[0] if prompts else None
