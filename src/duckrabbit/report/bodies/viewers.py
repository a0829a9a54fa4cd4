"""Illusions to play with: a picture that turns, and a picture that moves away."""

from dataclasses import dataclass
from html import escape

from duckrabbit.report.figure import Plate

AXES = {
    "rotate-180": ("z", -180),
    "rotate-90": ("z", -90),
    "rotate-90-cw": ("z", 90),
    "flip": ("x", 180),
    "mirror": ("y", 180),
}
"""From the name of a view to the axis and the degrees by which a style sheet turns a picture into it."""


@dataclass(frozen=True)
class Turning:
    """An anagram that is turned by a button, by the space bar on it, or by dragging the picture.

    Attributes:
        plate: the picture, upright.
        view: a name in `AXES`.
        readings: what it shows upright and through the view; hidden until asked for.
        note: said with them.
    """

    plate: Plate
    view: str
    readings: tuple[str, str]
    note: str

    def html(self) -> str:
        """The picture, its button and its answer."""
        axis, degrees = AXES[self.view]
        words = {"x": "Turn it over", "y": "Mirror it", "z": "Turn it"}[axis]
        first, second = (escape(reading) for reading in self.readings)
        return (
            f'<div class="viewer turning" data-axis="{axis}" data-degrees="{degrees}">'
            f'<div class="stage">{self.plate.html()}</div>'
            f'<div class="controls"><button type="button" class="turn" aria-pressed="false">{words}</button>'
            f'<details><summary>What do you see?</summary><p class="answer">{first} upright, {second} '
            f"through {escape(self.view)}. {escape(self.note)}</p></details></div></div>"
        )


@dataclass(frozen=True)
class Distance:
    """A hybrid that a slider moves away.

    Attributes:
        plate: the picture at full size.
        readings: what it shows near and far; hidden until asked for.
        note: said with them.
    """

    plate: Plate
    readings: tuple[str, str]
    note: str

    def html(self) -> str:
        """The picture, its slider and its answer."""
        near, far = (escape(reading) for reading in self.readings)
        return (
            f'<div class="viewer distance"><div class="stage">{self.plate.html()}</div>'
            '<div class="controls"><label>near <input type="range" min="0" max="100" value="0" '
            'aria-label="Distance, from near to far"> far</label>'
            f'<details><summary>What do you see?</summary><p class="answer">{near} near, {far} far. '
            f"{escape(self.note)}</p></details></div></div>"
        )
