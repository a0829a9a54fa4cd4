"""The sheet of verbs that make several pictures from one: it, then what became of it."""

from collections.abc import Sequence

from torch import Tensor

from duckrabbit.cli.options import Output
from duckrabbit.cli.produce import Job
from duckrabbit.cli.sheets import Row, write_sheet
from duckrabbit.making.make import Picture


def write_row_sheet(
    output: Output, verb: str, name: str, original: Tensor, jobs: Sequence[Job], made: Sequence[Sequence[Picture]]
) -> None:
    """A row for each seed: the original [C, H, W], then each job's picture; nothing where one picture was made."""
    if len(jobs) * len(made) < 2:
        return
    rows: list[Row] = [
        (f"seed {row[0].seed}" if len(made) > 1 else "", [original.cpu(), *(picture.pixels for picture in row)])
        for row in made
    ]
    labels = ["original", *(job.label for job in jobs)]
    write_sheet(output, verb, name, rows, labels, columns=min(len(labels), 16))
