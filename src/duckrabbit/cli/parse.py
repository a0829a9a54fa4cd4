"""From words to a frozen dataclass of options: tyro parses, and what it refuses is said in one sentence."""

import dataclasses
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import redirect_stdout, suppress
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_type_hints

import tyro

# Typed errors, which tyro keeps unstable: pyproject.toml says in which versions they are as here.
from tyro import _errors as refused

from duckrabbit.errors import UsageError

T = TypeVar("T")

NEAR = 0.75
"""How alike, from 0 to 1, a word is to an option that it was probably meant to be."""

_PLAIN = (tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes)
_KINDS = (("float", "numbers"), ("int", "whole numbers")), (("float", "a number"), ("int", "a whole number"))


_LEFT_OVER = {
    "anagram": "give each further view a --view of its own, such as --view rotate-90 --view flip",
    "hybrid": "give each prompt to its part, such as --far 'a skull' --near 'a cat'",
    "inpaint": "write mask and prompt side by side before options, and leave the mask out with --mask-box or "
    "--mask-ellipse",
    "ambigram": "give one number, and what it reads through the view after --reads, such as 60 --reads 09",
    "animate": "give one picture at a time",
    "export": "give one picture at a time",
    "info": "give one picture at a time",
    "rerun": "give one picture at a time",
    "noise": "give one picture at a time",
    "upscale": "give a prompt of several words in quotation marks, before options",
    "train": "give one recipe, and all else by options",
}
"""What to do, verb by verb, about words for which there is no place."""

_CORNERS = ("--mask-box", "--mask-ellipse")


def parse(options: type[T], verb: str, arguments: Sequence[str]) -> T | None:
    """The options that the words of a verb give, or None when its help was asked for and printed.

    Raises:
        UsageError: for an unknown option, a missing value, or a value of the wrong kind.
    """
    asked = arguments[: arguments.index("--")] if "--" in arguments else arguments
    helping = "-h" in asked or "--help" in asked
    takes = dict(_options_of(options))

    def refuse(event: refused.ParseErrorEvent) -> None:
        raise UsageError(_sentence(event, verb, arguments, takes))

    if not helping:
        _refuse_unknown(asked, takes, verb)
        # Path("") is the current folder, which is written to where a shell's variable is not set.
        if _values_of("--out", asked)[:1] == [""]:
            raise UsageError("--out was given an empty name, as an unset variable has: give it a folder, such as out.")
    try:
        with refused.on_parse_error(refuse):
            if helping and os.environ.get("NO_COLOR"):
                # What is not written to a terminal is not coloured.
                with redirect_stdout(io.StringIO()) as text, suppress(SystemExit):
                    tyro.cli(options, prog=f"duckrabbit {verb}", args=["--help"], config=_PLAIN)
                print(text.getvalue(), end="")
                return None
            words = ["--help"] if helping else list(arguments)
            return tyro.cli(options, prog=f"duckrabbit {verb}", args=words, config=_PLAIN)
    except SystemExit:
        return None


def name_of(field: str, hint: Any) -> str:
    """How an option is spelt: as its field, unless `arg(name=…)` says otherwise."""
    named = (getattr(mark, "name", None) for mark in getattr(hint, "__metadata__", ()))
    return next((str(name) for name in named if name), field.replace("_", "-"))


def _options_of(options: type[Any]) -> Iterator[tuple[str, str]]:
    """Every option by its spelling, and what it takes; groups of options are dataclasses of their own."""
    hints = get_type_hints(options, include_extras=True)
    for field in dataclasses.fields(options):
        if isinstance(field.type, type) and dataclasses.is_dataclass(field.type):
            yield from _options_of(field.type)
        elif "Positional" not in str(hints[field.name]):
            takes = str(get_args(hints[field.name])[:1])
            kinds = _KINDS[0] if "tuple" in takes else _KINDS[1]
            kind = next((words for word, words in kinds if word in takes), "a value")
            if "..." not in takes and "tuple" in takes:
                kind = "two numbers" if kind == "numbers" else f"two {_metavar_of(hints[field.name])}"
            yield "--" + name_of(field.name, hints[field.name]), kind


def _metavar_of(hint: Any) -> str:
    """What each of several values is: of PART PART the parts."""
    named = (getattr(mark, "metavar", None) for mark in getattr(hint, "__metadata__", ()))
    return next((f"{name.partition(' ')[0].lower()}s" for name in named if name), "values")


def _refuse_unknown(asked: Sequence[str], takes: dict[str, str], verb: str) -> None:
    for word in asked:
        name = word.partition("=")[0].replace("_", "-")
        if name.startswith("--") and name not in takes:
            near = _nearest(name, takes)
            hint = f"did you mean {near}?" if near else f"see duckrabbit {verb} --help."
            raise UsageError(f"{verb} has no option {word.partition('=')[0]}: {hint}")


def _nearest(name: str, takes: Iterable[str]) -> str | None:
    """The option that was probably meant: one that begins so, or is spelt nearly so; dashes make none alike."""
    asked = name.strip("-")
    spelt = {option.strip("-"): option for option in takes}
    begun = [option for option in spelt if len(asked) > 2 and option.startswith(asked)]
    near = begun or get_close_matches(asked, spelt, n=1, cutoff=NEAR)
    return spelt[near[0]] if near else None


def _sentence(event: refused.ParseErrorEvent, verb: str, arguments: Sequence[str], takes: dict[str, str]) -> str:
    """What was wrong, what was expected, and what to do."""
    see = f"see duckrabbit {verb} --help."
    match event:
        case refused.MissingArgs(missing_arguments=[first, *_]):
            return f"{verb} lacks its {first.arg.display_name().strip('-').upper()}: give one, {see}"
        case refused.UnrecognizedArgs(tokens=tokens):
            said = " ".join(tokens)
            file = next((token for token in tokens if _dashed([token]) and os.path.exists(token)), None)
            dashed = any(token.startswith("-") for token in tokens)
            other = "leave it out, or write -- before a prompt like that" if dashed else "leave it out"
            do = other if dashed else _LEFT_OVER.get(verb, other)
            if any("," not in corners for option in _CORNERS for corners in _values_of(option, arguments)[:1]):
                do = "join the corners of a mask by commas (--mask-box 10,10,40,40)"
            do = do if file is None else f"write ./{file} for the file of that name"
            return f"{verb} can't make sense of {said!r}: {do}, {see}"
        case refused.BadValue(argument=argument) | refused.InstantiationFailure(argument=argument) if argument:
            option = argument.display_name()
            kind, given = takes.get(option, "a value"), " ".join(_values_of(option, arguments))
            file = _dashed(_values_of(option, arguments) if option.startswith("-") else arguments)
            if file is not None and kind == "a value":
                return f"{verb} takes {file} for an option: write ./{file} for a file of that name, {see}"
            if not given:
                return f"{option} was given nothing: give it {kind}, {see}"
            lists = " (a prompt comes before it)" if kind.endswith("numbers") else ""
            return f"{option} can't be {given!r}: give it {kind}{lists}, {see}"
    return f"The words after {verb} can't be understood: {see}"


def _dashed(words: Iterable[str]) -> str | None:
    """The first word that begins as a short option does, of which there are none."""
    return next((word for word in words if word.startswith("-") and word[1:2] not in ("", "-")), None)


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
