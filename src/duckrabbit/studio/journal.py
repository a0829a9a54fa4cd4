"""The journal of jobs: what was asked for and is not done, on disk, so that a killed studio can say what it lost."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from duckrabbit.media.atomic import atomic_write
from duckrabbit.studio.schema import problem_with
from duckrabbit.studio.schemas import SCHEMAS

FILE = "journal.json"


def write_journal(folder: Path, jobs: Sequence[Mapping[str, Any]]) -> None:
    """Write down the jobs that are not over, each {"id", "request"}, whole or not at all.

    Raises:
        UsageError: if the disk is full or the folder can't be written to.
    """
    with atomic_write(folder / FILE) as temporary:
        temporary.write_text(json.dumps(list(jobs)), encoding="utf-8")


def read_journal(folder: Path) -> list[dict[str, Any]]:
    """The jobs that were not over when the journal was last written; nothing where it can't be read."""
    try:
        rows = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [row for row in rows if _is_job(row)] if isinstance(rows, list) else []


def _is_job(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and isinstance(row.get("id"), str)
        and problem_with(row.get("request"), SCHEMAS["JobRequest"], SCHEMAS) is None
    )
