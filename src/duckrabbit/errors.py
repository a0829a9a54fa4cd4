"""The one exception that speaks to the user."""


class UsageError(ValueError):
    """A mistake of the user's: one sentence that says what was wrong, what was expected and what to do.

    It names arguments in backquotes, as in `guidance_scale`. The command line names them as options, --guidance-scale,
    prints the sentence on standard error without a traceback, and exits with code 2.
    """
