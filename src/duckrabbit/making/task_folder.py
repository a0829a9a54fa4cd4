"""The folder of a task that can be taken up again: it says what the task is, and one process at a time works there."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import atomic_write, cannot_write

TASK, LOCK = "task.json", "lock"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Work in a task's folder as the only one: two that began the same task would take each other's work away.

    Raises:
        UsageError: if another process works there.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(FileLock(folder / LOCK, timeout=0))
        except Timeout:
            raise UsageError(
                f"The very same is being made in {folder} by another process: wait for it, or give another --out."
            ) from None
        except OSError as error:
            raise cannot_write(folder, error) from error
        yield


def task_folder(parent: Path, stem: str, task: Mapping[str, Any]) -> Path:
    """The folder in which this very task was begun, or a new one: STEM, STEM-2 …

    Raises:
        UsageError: if it can't be made.
    """
    text = json.dumps(task, sort_keys=True)
    for number in count(1):
        folder = parent / f"{stem}{'' if number == 1 else f'-{number}'}"
        file = folder / TASK
        try:
            if file.is_file() and file.read_text("utf-8") == text:
                return folder
            if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
                with atomic_write(file) as temporary:
                    temporary.write_text(text, "utf-8")
                return folder
        except OSError as error:
            raise cannot_write(folder, error) from error
    raise AssertionError("unreachable")
