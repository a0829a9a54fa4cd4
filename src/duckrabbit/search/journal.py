"""A journal: one line of JSON for each piece of work done, on the disk before the next begins.

Killed at any moment, it loses the line that was being written and no other.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from duckrabbit.media.atomic import cannot_write


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Write one line and see it to the disk; half a line that a kill left behind is ended first.

    Raises:
        UsageError: if it can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            ending = "" if _whole(file) else "\n"
            file.write(f"{ending}{json.dumps(line)}\n".encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(path, error) from error


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal, one at a time; none where there is none to be read."""
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        for raw in file:
            try:
                line = json.loads(raw)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line


def _whole(file: IO[bytes]) -> bool:
    """Whether the file ends with the end of a line."""
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
