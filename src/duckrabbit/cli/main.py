"""The entry point: find the verb, run it, and say how it ended.

Exit codes: 0 done, 2 the user's mistake, 130 interrupted, 1 anything else.
"""

import errno
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

from duckrabbit.cli.verbs import overview, verb_named, with_options
from duckrabbit.errors import UsageError

DONE, FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (by default the process's own) and return its exit code; raises nothing."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # A stream that the shell closed is none: what is said goes nowhere, what is made is made.
    sys.stdout, sys.stderr = (
        stream or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open as long as the process
        for stream in (sys.stdout, sys.stderr)
    )
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        unheard = cast(Any, _Unheard(sys.stderr.fileno(), "w", closefd=False))
        sys.stderr = io.TextIOWrapper(unheard, sys.stderr.encoding, write_through=True)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a letter shows its code instead of failing.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except UsageError as error:
        print(f"duckrabbit: error: {_on_one_line(with_options(str(error)))}", file=sys.stderr)
        code = MISTAKE
    except KeyboardInterrupt as interrupt:
        kept = _on_one_line(str(interrupt)) or "nothing was written."
        print(f"\nduckrabbit: interrupted: {kept}", file=sys.stderr)
        code = INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        code = DONE
    except OSError as error:
        # Files that can't be written are the user's mistake already; what has no name is a stream.
        if error.errno not in (errno.ENOSPC, errno.EIO, errno.EBADF) or error.filename is not None:
            traceback.print_exc()
            return FAILED
        _forget_stdout()
        _say(
            f"duckrabbit: error: Standard output can't be written to ({error.strerror}): what was made is kept; give "
            "it room or send it elsewhere."
        )
        code = MISTAKE
    except Exception:
        traceback.print_exc()
        code = FAILED
    return code


class _Unheard(io.FileIO):
    """Standard error, which may be full: what can't be said there keeps nothing from being made."""

    def write(self, content: Any) -> int:
        with suppress(OSError):
            super().write(content)
        return len(content)


def _run(arguments: Sequence[str]) -> int:
    if not arguments:
        print(overview(), file=sys.stderr)
        return MISTAKE
    first = arguments[0]
    if first in ("-h", "--help", "help"):
        print(overview())
        return DONE
    if first in ("-V", "--version"):
        from importlib.metadata import version

        print(f"duckrabbit {version('duckrabbit')}")
        return DONE
    verb = verb_named(first)
    if any("\0" in argument for argument in arguments):
        raise UsageError("An argument holds a null character, which no name or prompt has: leave it out.")
    module = importlib.import_module(f"duckrabbit.cli.verbs.{verb.name}")
    from duckrabbit.cli.parse import parse

    options = parse(module.Options, verb.name, arguments[1:])
    return DONE if options is None else int(module.run(options))


def _on_one_line(text: str) -> str:
    """A sentence without line breaks or control characters, whatever names it quotes."""
    words = " ".join(text.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def _say(line: str) -> None:
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def _forget_stdout() -> None:
    """Whoever read the output has left: let Python's flush at exit go nowhere."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
