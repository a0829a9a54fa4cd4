"""From words to a frozen dataclass of options: tyro parses, and what it refuses is said in one sentence."""

import dataclasses
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr
from difflib import get_close_matches
from typing import Any, TypeVar, get_type_hints

import tyro

from duckrabbit.errors import UsageError

T = TypeVar("T")

_PLAIN = (tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes)
_KINDS = (("float", "numbers"), ("int", "whole numbers")), (("float", "a number"), ("int", "a whole number"))


def parse(options: type[T], verb: str, arguments: Sequence[str]) -> T | None:
    """The options that the words of a verb give, or None when its help was asked for and printed.

    Raises:
        UsageError: for an unknown option, a missing value, or a value of the wrong kind.
    """
    takes = dict(_options_of(options))
    asked = _before_dashes(arguments)
    helping = "-h" in asked or "--help" in asked
    if not helping:
        _refuse_unknown(asked, takes, verb)
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            return tyro.cli(
                options, prog=f"duckrabbit {verb}", args=["--help"] if helping else list(arguments), config=_PLAIN
            )
    except SystemExit as end:
        if not end.code:
            return None
        raise UsageError(_sentence(said.getvalue(), verb, arguments, takes)) from None


def _options_of(options: type[Any]) -> Iterator[tuple[str, str]]:
    """Every option by its spelling, and what it takes; groups of options are dataclasses of their own."""
    hints = get_type_hints(options, include_extras=True)
    for field in dataclasses.fields(options):
        if isinstance(field.type, type) and dataclasses.is_dataclass(field.type):
            yield from _options_of(field.type)
        elif "Positional" not in str(hints[field.name]):
            kinds = _KINDS[0] if "tuple" in str(hints[field.name]) else _KINDS[1]
            kind = next((words for word, words in kinds if word in str(hints[field.name])), "a value")
            yield "--" + name_of(field.name, hints[field.name]), kind


def name_of(field: str, hint: Any) -> str:
    """How an option is spelt: as its field, unless `arg(name=…)` says otherwise."""
    named = (getattr(mark, "name", None) for mark in getattr(hint, "__metadata__", ()))
    return next((str(name) for name in named if name), field.replace("_", "-"))


def _before_dashes(arguments: Sequence[str]) -> list[str]:
    """The words before a bare `--`, after which all are positional."""
    return list(arguments[: arguments.index("--")]) if "--" in arguments else list(arguments)


def _refuse_unknown(asked: Sequence[str], takes: dict[str, str], verb: str) -> None:
    for word in asked:
        name = word.partition("=")[0].replace("_", "-")
        if name.startswith("--") and name not in takes:
            near = get_close_matches(name, takes, n=1)
            hint = f"did you mean {near[0]}?" if near else f"see duckrabbit {verb} --help."
            raise UsageError(f"{verb} has no option {word.partition('=')[0]}: {hint}")


def _sentence(said: str, verb: str, arguments: Sequence[str], takes: dict[str, str]) -> str:
    """What tyro drew as a box, as one sentence that says what to do."""
    words = " ".join(re.sub(r"[│╭╮╰╯─]", " ", said).split())
    see = f"see duckrabbit {verb} --help."
    if found := re.search(r"Missing value for argument '(--[\w-]+)'", words):
        return f"{found[1]} was given nothing: give it {takes.get(found[1], 'a value')}, {see}"
    if found := re.search(r"(?:Error parsing|for argument) '?(--[\w-]+)", words):
        option, kind = found[1], takes.get(found[1], "a value")
        given = " ".join(_values_of(option, arguments))
        lists = " (a prompt comes before it)" if kind in ("numbers", "whole numbers") else ""
        return f"{option} can't be {given!r}: give it {kind}{lists}, {see}"
    if found := re.search(r"Missing from duckrabbit [\w-]+: (\S+)", words):
        return f"{verb} lacks its {found[1]}: give one, {see}"
    if found := re.search(r"Unrecognized options: (.*?) (?:Perhaps|For full)", words):
        return f"{verb} can't make sense of {found[1]!r}: leave it out, or write -- before a prompt like that, {see}"
    return f"The words after {verb} can't be understood: {see}"


def _values_of(option: str, arguments: Sequence[str]) -> list[str]:
    """The words given to the last occurrence of an option."""
    values: list[str] = []
    inside = False
    for word in arguments:
        name, equals, value = word.partition("=")
        if name.startswith("--"):
            inside = name.replace("_", "-") == option
            values = ([value] if equals else []) if inside else values
        elif inside:
            values.append(word)
    return values
