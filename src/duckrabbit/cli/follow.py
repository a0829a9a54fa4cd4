"""A training's reports as they come: on a terminal as a bar, and elsewhere as a line an epoch or a minute."""

import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from duckrabbit.cli.display import Display, print_as_named

if TYPE_CHECKING:
    from duckrabbit.training.loop import Report

SAID_SECONDS = 60.0


def follow(reports: "Iterator[Report]", epochs: int, folder: Path, recipe: str) -> "Report | None":
    """Show each report as it comes, on a terminal as a bar, and elsewhere as a line an epoch or a minute; the last.

    Raises:
        KeyboardInterrupt: saying what is kept, if the user ends it.
    """
    report = None
    said = time.monotonic()
    try:
        with Display(0, "train") as display:
            for report in reports:
                where = f"epoch {report.epoch} of {epochs}" if epochs > 1 else f"step {report.step} of {report.steps}"
                line = f"{where}, loss {report.loss:.4f}, {report.pictures_per_second:,.0f} pictures/s"
                display.at(report.step, report.steps, line)
                if report.epoch_done or time.monotonic() - said > SAID_SECONDS:
                    display.say(line)
                    said = time.monotonic()
    except KeyboardInterrupt:
        kept = "all up to the last checkpoint" if (folder / "checkpoint.safetensors").exists() else "the configuration"
        again = _resume_command(recipe, folder)
        raise KeyboardInterrupt(f"{kept} is kept in {folder}; to go on, run {again}") from None
    return report


def conclude(last: "Report | None", folder: Path, recipe: str) -> None:
    """Say how a training ended, and print the model's path."""
    model = folder / "model.safetensors"
    if last is None:
        print(f"{folder} is trained to the end already: use it with --model {folder}", file=sys.stderr)
    else:
        print(f"wrote {model}: use it with --model {folder}", file=sys.stderr)
        if last.step < last.steps:
            again = _resume_command(recipe, folder)
            print(f"the time is over after {last.step} of {last.steps} steps; to go on, run {again}", file=sys.stderr)
    print_as_named(model)


def _resume_command(recipe: str, folder: Path) -> str:
    """What resumes a run."""
    return shlex.join(["duckrabbit", "train", recipe, "--out", str(folder), "--resume"])
