"""A scene: what is where in a picture, and the caption that says so. Planned on the CPU, rendered on the device."""

from dataclasses import dataclass
from enum import IntEnum


class Manner(IntEnum):
    """How a picture is painted once it is composed."""

    AS_IS = 0
    OIL = 1
    WATERCOLOR = 2
    LITHOGRAPH = 3
    PENCIL = 4


@dataclass(frozen=True)
class Layer:
    """One picture of the library, placed in a scene.

    Attributes:
        item: its index in the library.
        x: where its middle goes, 0 left, 1 right.
        y: 0 top, 1 bottom.
        size: its side, as a share of the scene's.
        angle: counter-clockwise, in degrees.
        mirrored: whether left and right are swapped.
        tint: red, green and blue in [0, 1], towards which its colours are drawn.
        tinted: how far, 0 to 1.
        light: its brightness, 1 as it is.
        snow: how much its upper edges are whitened, 0 to 1.
        ink: 1 makes it one dark colour, a silhouette.
    """

    item: int
    x: float = 0.5
    y: float = 0.5
    size: float = 1.0
    angle: float = 0.0
    mirrored: bool = False
    tint: tuple[float, float, float] = (0.0, 0.0, 0.0)
    tinted: float = 0.0
    light: float = 1.0
    snow: float = 0.0
    ink: float = 0.0


@dataclass(frozen=True)
class Scene:
    """Layers, from the back to the front, and what is done to the whole.

    Attributes:
        caption: a prompt that describes it; "" trains the null condition.
        layers: at most `MAX_LAYERS`.
        backdrop: a picture of the library that fills the ground.
        softness: how far the backdrop is blurred to mere colours: 0 as it is, 1 an average.
        wash: the colour it is then drawn towards, red, green and blue in [0, 1].
        washed: how far, 0 to 1; 1 is a plain ground.
        mirrored: whether the backdrop's left and right are swapped.
        zoom: how much of the backdrop is seen: 1 all of it, smaller a part.
        shift: where that part lies, x and y in −1 … 1.
        shadow: the darkness of what the front layers cast on the ground, 0 to 1.
        manner: how it is painted.
    """

    caption: str
    layers: tuple[Layer, ...]
    backdrop: int
    softness: float = 0.0
    wash: tuple[float, float, float] = (1.0, 1.0, 1.0)
    washed: float = 0.0
    mirrored: bool = False
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    shadow: float = 0.0
    manner: Manner = Manner.AS_IS


MAX_LAYERS = 8
"""Layers of a scene at most."""
