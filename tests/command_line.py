"""The command for tests: how it ended, what it left, and a process of its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def paths(self) -> list[Path]:
        """The paths on standard output."""
        return [Path(line) for line in self.out.splitlines()]

    @property
    def told(self) -> list[dict[str, Any]]:
        """The lines of JSON on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Ended]


def files(folder: Path) -> set[str]:
    """Every file in a folder, however deep."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def start(
    *arguments: str,
    folder: Path,
    before: tuple[str, ...] = ("-m",),
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, *before, "duckrabbit", *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 60) -> None:
    """Until something holds, which a process must bring about before it ends."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        if process.poll() is not None and not condition():
            pytest.fail(f"ended with {process.returncode}: {process.communicate()[1]}")
        time.sleep(0.005)
