"""A file of prompts, worked through line by line; killed at any moment, the same command goes on where it was."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from duckrabbit.cli.best import Kept, order_of, wants_best
from duckrabbit.cli.gallery_page import entry_of, write_page
from duckrabbit.cli.produce import Job
from duckrabbit.cli.session import Models, leads
from duckrabbit.errors import UsageError
from duckrabbit.making.journal import append, lines
from duckrabbit.making.plan import course_of
from duckrabbit.media.names import slug
from duckrabbit.models.model import Model

T = TypeVar("T", bound=Any)
Prepared = Callable[[T, Models], tuple[Model, list[Job]]]

SEPARATOR = "|"
MAX_LINES = 100_000


@dataclass(frozen=True)
class Line:
    """One line of the file: its number from 1, and its prompts."""

    number: int
    prompts: tuple[str, ...]


def prompts_or_pairs(pairs: str | None, prompts: Sequence[str]) -> bool:
    """Whether a file was given; raises UsageError for both."""
    if pairs is not None and prompts:
        raise UsageError("Both prompts and --pairs were given: give one of them.")
    return pairs is not None


def read_pairs(file: str) -> list[Line]:
    """The lines of a file of pairs; empty ones, those that begin with # and repetitions are left out.

    Raises:
        UsageError: if the file can't be read, or a line holds no pair.
    """
    try:
        text = Path(file).read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(
            f"{file} can't be read ({reason}): give a text file with PROMPT | PROMPT on each line."
        ) from None
    found: dict[tuple[str, ...], Line] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        if raw.strip() and not raw.lstrip().startswith("#"):
            prompts = tuple(prompt.strip() for prompt in raw.split(SEPARATOR))
            if len(prompts) < 2 or not all(prompts):
                raise UsageError(f"Line {number} of {file} is {raw.strip()!r}: write PROMPT | PROMPT.")
            found.setdefault(prompts, Line(number, prompts))
    if not 1 <= len(found) <= MAX_LINES:
        raise UsageError(f"{file} holds {len(found)} pairs: give 1 to {MAX_LINES}, PROMPT | PROMPT on each line.")
    return list(found.values())


def run_pairs(
    options: T,
    file: str,
    with_prompts: Callable[[T, tuple[str, ...]], T],
    prepared: Prepared[T],
    made: Callable[[T, Model, list[Job]], Kept | None],
    models: Models,
) -> int:
    """Make every line's pictures, and a page of every line's best where one was looked for.

    Every line is checked before the first picture is made.
    """
    every = read_pairs(file)
    for line in every:
        try:
            own = with_prompts(options, line.prompts)
            _check(own, *prepared(own, models))
        except UsageError as error:
            raise UsageError(f"Line {line.number} of {file}: {error}") from None
    journal = Path(options.output.out) / f"{slug(Path(file).stem) or 'pairs'}-pairs.jsonl"
    done = {str(entry.get("task")) for entry in lines(journal)}
    left = [line for line in every if _task(options, with_prompts, line) not in done]
    if len(left) < len(every):
        print(f"{len(every) - len(left)} of {len(every)} pairs are done already, says {journal}", file=sys.stderr)
    try:
        for position, line in enumerate(left, 1):
            if leads():
                print(f"pair {position} of {len(left)}: {' | '.join(line.prompts)}", file=sys.stderr)
            own = with_prompts(options, line.prompts)
            best = made(own, *prepared(own, models))
            if leads():
                told = (
                    {}
                    if best is None
                    else {"best": str(best.path), "sure": round(best.sure, 4), "verdict": best.verdict}
                )
                append(journal, {"prompts": list(line.prompts), "task": _task(options, with_prompts, line), **told})
    finally:
        if leads():
            _write_page(journal, {_task(options, with_prompts, line) for line in every})
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


def _check(options: Any, model: Model, jobs: Sequence[Job]) -> None:
    """Refuse what can't be made or judged."""
    for job in jobs:
        assert course_of(job.recipe, model, options.output.size)
        if wants_best(options.searching, options.output):
            order_of(job, model, options.output, options.sampling, options.searching).search(model)


def _task(options: T, with_prompts: Callable[[T, tuple[str, ...]], T], line: Line) -> str:
    """What is made of a line, in words: another option makes it another task."""
    own = with_prompts(options, line.prompts)
    values = (
        getattr(own, name) for name in own.__dataclass_fields__ if name not in ("computing", "output", "searching")
    )
    output, searching = own.output, own.searching
    wanted = (output.seed, output.count, output.size, searching.best, searching.candidates)
    return repr((*values, own.computing.model, *wanted))
