"""Views: ways to look at a picture that only rearrange its pixels, each with its transformation and its animation."""

from duckrabbit.illusions.views.catalogue import VIEWS, parse_view
from duckrabbit.illusions.views.jigsaw import Jigsaw
from duckrabbit.illusions.views.motion import canvas_side
from duckrabbit.illusions.views.permute import PatchPermute, PixelPermute
from duckrabbit.illusions.views.skew import Skew
from duckrabbit.illusions.views.turned_parts import InnerCircle, SquareHinge
from duckrabbit.illusions.views.view import Composition, NamedView, View, animate
from duckrabbit.illusions.views.whole import Flip, Identity, Mirror, Negate, Rotate90, Rotate90Clockwise, Rotate180

__all__ = [
    "VIEWS",
    "Composition",
    "Flip",
    "Identity",
    "InnerCircle",
    "Jigsaw",
    "Mirror",
    "NamedView",
    "Negate",
    "PatchPermute",
    "PixelPermute",
    "Rotate90",
    "Rotate90Clockwise",
    "Rotate180",
    "Skew",
    "SquareHinge",
    "View",
    "animate",
    "canvas_side",
    "parse_view",
]
