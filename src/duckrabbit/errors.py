"""The one exception that speaks to the user."""

import re
from collections.abc import Callable


class UsageError(ValueError):
    """A mistake of the user's: one sentence that says what was wrong, what was expected and what to do.

    The library names its arguments in it, `so`; whoever shows the sentence spells them as its users know them. The
    command line prints it on standard error without a traceback and exits with code 2.
    """


def spelled(sentence: str, spell: Callable[[str], str]) -> str:
    """A sentence with each `argument` that it names spelled in another way.

    >>> spelled("give `near_scale` 4", lambda name: "--" + name.replace("_", "-"))
    'give --near-scale 4'
    """
    return re.sub(r"`([a-z][a-z_]*)`", lambda found: spell(found[1]), sentence)


def in_words(sentence: object) -> str:
    """A sentence, or an error's, for readers who see neither a command line nor Python.

    >>> in_words("give `near_scale` 4")
    'give near scale 4'
    """
    return spelled(str(sentence), lambda name: name.replace("_", " "))
