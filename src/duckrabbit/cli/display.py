"""What a maker shows while it works: a bar on a terminal once that takes a second, and a line for each file."""

import io
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_SECONDS = 1.0


def print_as_named(path: Path) -> None:
    """A path on standard output by the file's own bytes, whatever letters the terminal speaks."""
    sys.stdout.flush()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.buffer.write(os.fsencode(path) + b"\n")
        sys.stdout.flush()
    else:
        print(path, flush=True)


class Display:
    """A progress bar over `total` steps on standard error, where that is a terminal; nothing elsewhere."""

    def __init__(self, total: int, title: str) -> None:
        self._total, self._title = total, title
        self._done = 0
        self._started = time.monotonic()
        self._shown = False
        self._terminal = sys.stderr.isatty()
        self._progress: Progress | None = None
        self._task: TaskID

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()

    def advance(self) -> None:
        """One step more."""
        self.at(self._done + 1, self._total, "")

    def at(self, done: int, total: int, note: str) -> None:
        """So many steps of so many, and a word on how it goes."""
        self._done = done
        if not self._terminal or time.monotonic() - self._started < PATIENCE_SECONDS:
            return
        if self._progress is None:
            self._progress, self._task = _bar(self._title)
        if not self._shown:
            self._progress.start()
            self._shown = True
        self._progress.update(self._task, completed=done, total=total, note=note)

    def say(self, line: str) -> None:
        """A line on standard error."""
        self.pause()
        print(line, file=sys.stderr, flush=True)

    def pause(self) -> None:
        """Take the bar away; the next step puts it back."""
        if self._progress is not None and self._shown:
            self._progress.stop()
            self._shown = False


def _bar(title: str) -> "tuple[Progress, TaskID]":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    console = Console(stderr=True)
    progress = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    return progress, progress.add_task(title, total=None, note="")
