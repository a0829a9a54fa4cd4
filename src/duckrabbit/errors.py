"""The one exception that speaks to the user."""


class UsageError(ValueError):
    """A mistake of the user's: one sentence that says what was wrong, what was expected and what to do.

    The command line prints it on standard error without a traceback and exits with code 2.
    """
