"""Build the report: make every row that is not there yet, then write the page."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch

from duckrabbit.errors import UsageError
from duckrabbit.making.record import device_name
from duckrabbit.models.device import choose_device
from duckrabbit.report.effort import FULL, QUICK, Effort
from duckrabbit.report.figure import duration
from duckrabbit.report.finished import Finished, Store, key_of
from duckrabbit.report.page import check_place, section, write_page
from duckrabbit.report.painter import POCKET, Choice
from duckrabbit.report.rows.registry import ROWS, Row
from duckrabbit.report.workshop import Shelf, Stopwatch, Workshop
from duckrabbit.version import VERSION

Progress = Callable[[str, float], None]
"""Is told what is being made, and how much of all is done, 0 … 1."""


def build_report(
    out: Path,
    quick: bool = False,
    only: str | None = None,
    device: str = "auto",
    progress: Progress | None = None,
    choice: Choice = POCKET,
) -> Path:
    """Make every figure of the report as a folder of plain files that opens without a network.

    A report that was killed goes on where it was: rows that are finished and made of the same are kept. The page shows
    every finished row of the folder, and is written last.

    Args:
        out: the folder.
        quick: fewer samples, in minutes rather than tens of them.
        only: the name of one row to make, such as B2.2; None for all, or where another text-to-image model than pocket
            is chosen, for all that it makes.
        device: auto, cpu, cuda, cuda:1, mps.
        progress: is told what is being made, and how much is done.
        choice: the text-to-image model and the photograph of Part A.

    Returns:
        The path of index.html.

    Raises:
        UsageError: if there is no such row, device, model or photograph, or nothing can be written there.
    """
    rows = [row for row in ROWS.values() if (row.painted or choice.model == POCKET.model) and not (quick and row.long)]
    if only is not None:
        rows = [row for row in ROWS.values() if row.name.lower() == only.lower()]
        if not rows:
            raise UsageError(f"The report has no row {only!r}: the rows are {', '.join(ROWS)}.")
    return build_rows(out, QUICK if quick else FULL, rows, device, progress or _silent, choice)


def build_rows(
    out: Path,
    effort: Effort,
    rows: Sequence[Row],
    device: str,
    progress: Progress,
    choice: Choice = POCKET,
) -> Path:
    """Make these rows where they are not finished, then the page of all that are; returns index.html's path."""
    check_place(out)
    shelf, store = Shelf(str(choose_device(device)), choice), Store(out)
    _check_prompts(rows, shelf)
    keys = {row.name: key_of(row, effort, shelf, out) for row in ROWS.values()}
    total, done = sum(row.cost for row in rows), 0.0
    for row in rows:
        if store.find(row, keys[row.name]) is None:
            tell = _Telling(progress, row, done / total, row.cost / total)
            tell("", 0.0)
            _make(row, keys[row.name], Workshop(shelf, effort, out, store.folder(row), tell), store)
        done += row.cost
        progress(f"{row.name} {row.title}: done", done / total)
    finished = {name: one for name, row in ROWS.items() if (one := store.find(row, keys[name])) is not None}
    sections = {name: one.html for name, one in finished.items()}
    return write_page(out, sections, _circumstances(effort, shelf, list(finished.values())))


def _check_prompts(rows: Sequence[Row], shelf: Shelf) -> None:
    """Ask for all prompts beforehand: a model that can't have one says so now, and encodes what is missing at once."""
    for prompt in dict.fromkeys(prompt for row in rows for prompt in row.prompts):
        shelf.painter.model.check_prompt(prompt)


def _make(row: Row, key: str, workshop: Workshop, store: Store) -> None:
    store.begin(row)
    seconds = Stopwatch()
    figure = row.make(workshop)
    store.finish(row, key, section(row, figure), seconds())


@dataclass(frozen=True)
class _Telling:
    """From the progress of one row to that of the whole report."""

    progress: Progress
    row: Row
    before: float
    share: float

    def __call__(self, what: str, part: float) -> None:
        label = f"{self.row.name} {self.row.title}{': ' if what else ''}{what}"
        self.progress(label, self.before + self.share * part)


def _circumstances(effort: Effort, shelf: Shelf, finished: Sequence[Finished]) -> list[tuple[str, str]]:
    """What was used and what it took, for the top of the page."""
    device = torch.device(shelf.device)
    cores = f", {torch.get_num_threads()} threads of {os.cpu_count()}" if device.type == "cpu" else ""
    return [
        ("edition", effort.name),
        ("made", date.today().isoformat()),
        ("took", duration(sum(one.seconds for one in finished))),
        ("on", f"{device_name(device)}{cores}"),
        ("with", f"duckrabbit {VERSION}, torch {torch.__version__}"),
    ]


def _silent(what: str, part: float) -> None:
    """Tell nobody."""
