"""A file of prompts, worked through line by line; killed at any moment, the same command goes on where it was."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from duckrabbit.cli.best import search_of
from duckrabbit.cli.gallery_page import entry_of, write_page
from duckrabbit.cli.maker import Maker
from duckrabbit.errors import UsageError
from duckrabbit.making.choose import Opener, leads
from duckrabbit.media.names import slug
from duckrabbit.media.texts import is_text, text_of
from duckrabbit.search.folders import append, lines

T = TypeVar("T", bound=Any)

SEPARATOR = "|"
MAX_LINES = 100_000
MOST_SHOWN = 80
"""Letters of a line that is no pair."""

WANTED = "give a text file with PROMPT | PROMPT on each line"


@dataclass(frozen=True)
class Line:
    """One line of the file: its number from 1, and its prompts."""

    number: int
    prompts: tuple[str, ...]


def read_pairs(file: str) -> list[Line]:
    """The lines of a file of pairs; empty ones, those that begin with # and repetitions are left out.

    Raises:
        UsageError: if the file can't be read, or a line holds no pair.
    """
    try:
        text = text_of(Path(file).read_bytes())
    except OSError as error:
        raise UsageError(f"{file} can't be read ({error.strerror}): {WANTED}.") from None
    if not is_text(text):
        raise UsageError(f"{file} is no text: {WANTED}.")
    found: dict[tuple[str, ...], Line] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        if raw.strip() and not raw.lstrip().startswith("#"):
            prompts = tuple(prompt.strip() for prompt in raw.split(SEPARATOR))
            if len(prompts) < 2 or not all(prompts):
                line = raw.strip()
                shown = line if len(line) <= MOST_SHOWN else f"{line[:MOST_SHOWN]}…"
                raise UsageError(f"Line {number} of {file} is {shown!r}: write PROMPT | PROMPT.")
            found.setdefault(prompts, Line(number, prompts))
    if not 1 <= len(found) <= MAX_LINES:
        raise UsageError(f"{file} holds {len(found)} pairs: give 1 to {MAX_LINES}, PROMPT | PROMPT on each line.")
    return list(found.values())


def run_pairs(options: T, maker: Maker[T], with_prompts: Callable[[T, tuple[str, ...]], T], opener: Opener) -> int:
    """Make every line's pictures, and a page of every line's best where one was looked for.

    Every line is checked before the first picture is made.
    """
    every = read_pairs(options.pairs)
    for line in every:
        try:
            _check(with_prompts(options, line.prompts), maker, opener)
        except UsageError as error:
            raise UsageError(f"Line {line.number} of {options.pairs}: {error}") from None
    journal = Path(options.output.out) / f"{slug(Path(options.pairs).stem) or 'pairs'}-pairs.jsonl"
    done = {str(entry.get("task")) for entry in lines(journal)}
    tasks = {line: _task(with_prompts(options, line.prompts)) for line in every}
    left = [line for line in every if tasks[line] not in done]
    if len(left) < len(every):
        print(f"{len(every) - len(left)} of {len(every)} pairs are done already, says {journal}", file=sys.stderr)
    try:
        for position, line in enumerate(left, 1):
            if leads():
                print(f"pair {position} of {len(left)}: {' | '.join(line.prompts)}", file=sys.stderr)
            own = with_prompts(options, line.prompts)
            best = maker.make(own, maker.planned(own, opener))
            if leads():
                told: dict[str, Any] = {"prompts": list(line.prompts), "task": tasks[line]}
                if best is not None:
                    told |= {"best": str(best.path), "sure": round(best.sure, 4), "verdict": best.verdict}
                append(journal, told)
    finally:
        if leads():
            _write_page(journal, set(tasks.values()))
    return 0


def _write_page(journal: Path, tasks: set[str]) -> None:
    """A page of what was found for these tasks, best first, beside the journal; none where nothing was looked for."""
    found = [line for line in lines(journal) if line.get("task") in tasks and Path(str(line.get("best"))).is_file()]
    if not found:
        return
    found.sort(key=lambda line: -float(line["sure"]))
    entries = [entry_of(Path(line["best"]), str(line["verdict"])) for line in found]
    page = journal.with_suffix(".html")
    lead = f"The best picture of each of {len(entries)} pairs."
    write_page(page, journal.stem, lead, entries)
    print(f"wrote {page}", file=sys.stderr)


def _check(options: T, maker: Maker[T], opener: Opener) -> None:
    """Refuse what can't be made or judged: planning a job and its search does."""
    for job in maker.planned(options, opener):
        if options.searching.numbers(options.output)[0]:
            search_of(job, options.output, options.searching)


def _task(options: Any) -> str:
    """What is made of a line, in words: another option makes it another task."""
    values = (
        getattr(options, name)
        for name in options.__dataclass_fields__
        if name not in ("computing", "output", "searching")
    )
    output, searching = options.output, options.searching
    wanted = (output.seed, output.count, output.size, searching.best, searching.candidates)
    return repr((*values, options.computing.model, *wanted))
