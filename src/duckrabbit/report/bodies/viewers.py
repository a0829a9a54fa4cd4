"""Illusions to play with: a picture that turns, and a picture that moves away."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from duckrabbit.report.bodies.gallery import Playable
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
        first, second = self.readings
        answer = _answer((("upright", first), (f"through {self.view}", second)), self.note)
        return (
            f'<div class="viewer turning" data-axis="{axis}" data-degrees="{degrees}">'
            f'<div class="stage">{self.plate.html()}</div>'
            f'<div class="controls"><button type="button" class="turn" aria-pressed="false">{words}</button>'
            f"{answer}</div></div>"
        )


@dataclass(frozen=True)
class Distance:
    """A hybrid that a slider moves away.

    Attributes:
        plate: the picture at full size.
        readings: the names of its parts and what they show, from near to far; hidden until asked for.
        note: said with them.
    """

    plate: Plate
    readings: tuple[tuple[str, str], ...]
    note: str

    def html(self) -> str:
        """The picture, its slider and its answer."""
        return (
            f'<div class="viewer distance"><div class="stage">{self.plate.html()}</div>'
            '<div class="controls"><label>near <input type="range" min="0" max="100" value="0" '
            f'aria-label="Distance, from near to far"> far</label>{_answer(self.readings, self.note)}</div></div>'
        )


@dataclass(frozen=True)
class Moving:
    """An anagram whose pieces move in an animation.

    Attributes:
        playable: the picture and its animation.
        view: the name of the view.
        readings: what it shows upright and through the view; hidden until asked for.
        note: said with them.
    """

    playable: Playable
    view: str
    readings: tuple[str, str]
    note: str

    def html(self) -> str:
        """The picture, its button and its answer."""
        first, second = self.readings
        answer = _answer((("upright", first), (f"through {self.view}", second)), self.note)
        return f'<div class="viewer moving">{self.playable.html()}<div class="controls">{answer}</div></div>'


@dataclass(frozen=True)
class Revealed:
    """A strip of ways to see one picture.

    Attributes:
        plate: the strip.
        readings: the names of the picture's parts and what they show; hidden until asked for.
        note: said with them.
    """

    plate: Plate
    readings: tuple[tuple[str, str], ...]
    note: str

    def html(self) -> str:
        """The strip and its answer."""
        strip = f'<div class="sheet pair"><div class="strip">{self.plate.html()}</div></div>'
        return f'<div class="viewer">{strip}<div class="controls">{_answer(self.readings, self.note)}</div></div>'


def _answer(readings: Sequence[tuple[str, str]], note: str) -> str:
    """What the parts show, and a note, once it is asked for."""
    said = "; ".join(f"{name}: {what}" for name, what in readings)
    return f'<details><summary>What do you see?</summary><p class="answer">{escape(said)}. {escape(note)}</p></details>'
