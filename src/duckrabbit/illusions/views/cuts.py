"""Where a picture is cut so that its pieces can be put together in another way."""

from dataclasses import dataclass

Point = tuple[float, float]
"""(x, y) in sides of the picture, from its top left corner."""


@dataclass(frozen=True)
class Cut:
    """A straight cut with a knob in its middle: to a neck, around a circle the long way, and on from the other neck.

    Attributes:
        start: where it begins.
        neck: where the knob begins.
        centre: of the knob.
        radius: of the knob.
        other_neck: where the knob ends.
        end: where it ends.
        clockwise: which way it goes around the knob, as one sees it.
    """

    start: Point
    neck: Point
    centre: Point
    radius: float
    other_neck: Point
    end: Point
    clockwise: bool
