"""duckrabbit train"""

from dataclasses import fields

from duckrabbit.cli.training import TEXT_RECIPES, Digits, Options, TextToImage
from duckrabbit.errors import UsageError


def run(options: Options) -> int:
    """Train to the end, or as long as was asked for, showing how it goes."""
    if options.recipe in TEXT_RECIPES:
        from duckrabbit.cli.train_pocket import run_pocket

        refuse_given(options.digits, options.recipe)
        return run_pocket(options)
    from duckrabbit.cli.train_digits import run_digits

    refuse_given(options.text, options.recipe)
    return run_digits(options)


def refuse_given(group: Digits | TextToImage, recipe: str) -> None:
    """Raise UsageError if any option of a group was given."""
    for own in fields(group):
        if getattr(group, own.name) != own.default:
            raise UsageError(f"--{own.name.replace('_', '-')} means nothing to {recipe}: leave it out.")
