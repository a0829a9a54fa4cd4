"""What the report is made of: figures, and their exhibits with all that made them."""

from dataclasses import dataclass
from enum import Enum

from duckrabbit.report.bodies import Body


class Origin(Enum):
    """Where an exhibit comes from, as its badge says; the style sheet knows it by its name in small letters."""

    NOW = "computed now"
    RECORDED = "recorded while training"


@dataclass(frozen=True)
class Exhibit:
    """Something to look at, and what made it.

    Attributes:
        caption: what is to be seen, in a sentence or two.
        body: the pictures, chart, table or viewer.
        origin: computed now, or recorded while training.
        parameters: model, prompt, seed, guidance scale, grid, steps and solver, as far as they apply.
        command: the command lines that make it, one a line.
        seconds: how long it took.
        spoils: whether parameters and command give away what the viewer should find alone.
    """

    caption: str
    body: Body
    origin: Origin
    parameters: tuple[str, ...]
    command: str
    seconds: float
    spoils: bool = False


@dataclass(frozen=True)
class Figure:
    """A row of the table of what must be reproducible.

    Attributes:
        lesson: what a student learns from it, a paragraph each.
        exhibits: what shows it.
    """

    lesson: tuple[str, ...]
    exhibits: tuple[Exhibit, ...]
