"""Every row of the report, in order."""

from collections.abc import Callable
from dataclasses import dataclass

from duckrabbit.report.figure import Figure
from duckrabbit.report.rows import ddpm, edits, flow, illusions, one_step, solvers
from duckrabbit.report.workshop import Workshop


@dataclass(frozen=True)
class Row:
    """A row of the report.

    Attributes:
        name: as the user types it after --only.
        title: its heading.
        models: the shipped models that it depends on.
        cost: its share of the time, for progress only.
        make: makes it.
    """

    name: str
    title: str
    models: tuple[str, ...]
    cost: float
    make: Callable[[Workshop], Figure]


@dataclass(frozen=True)
class Chapter:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


_CLASSES = ("mnist-ddpm-class",)

CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        "One step",
        (
            Row("B1.1", "Noising a digit", ("mnist-denoiser",), 1, one_step.noising),
            Row("B1.2", "Denoising in one step", ("mnist-denoiser",), 2, one_step.denoising),
            Row("B1.3", "Noise it was not trained for", ("mnist-denoiser",), 4, one_step.out_of_distribution),
            Row("B1.4", "Denoising pure noise", ("mnist-denoiser-pure-noise",), 2, one_step.pure_noise),
        ),
    ),
    Chapter(
        "Step by step",
        (
            Row("B2.1", "DDPM, told the time", ("mnist-ddpm",), 6, ddpm.time_conditioned),
            Row(
                "B2.2",
                "DDPM, told the class",
                ("mnist-ddpm-class-course", "mnist-ddpm-class", "mnist-ddpm"),
                50,
                ddpm.class_conditioned,
            ),
            Row("B2.3", "Flow matching, told the time", ("mnist-flow",), 8, flow.time_conditioned),
            Row(
                "B2.4",
                "Flow matching, told the class",
                ("mnist-flow-class-course",),
                16,
                flow.class_conditioned,
            ),
        ),
    ),
    Chapter(
        "Illusions and edits",
        (
            Row("X4", "Digits that turn into others", _CLASSES, 30, illusions.anagrams),
            Row("X4-hybrid", "One digit near, another far", _CLASSES, 10, illusions.hybrids),
            Row("A1.7.1", "Drawings made anew", _CLASSES, 8, edits.drawings),
            Row("A1.7.2", "The hidden half", _CLASSES, 4, edits.inpainting),
        ),
    ),
    Chapter("The loop", (Row("X6", "Many solvers", _CLASSES, 22, solvers.quality_against_evaluations),)),
)

ROWS: dict[str, Row] = {row.name: row for chapter in CHAPTERS for row in chapter.rows}
