"""Views: ways to look at a picture that only rearrange its pixels, each with its transformation and its animation."""

from duckrabbit.illusions.views.animate import animate
from duckrabbit.illusions.views.catalogue import VIEWS, parse_view
from duckrabbit.illusions.views.composition import Composition
from duckrabbit.illusions.views.flip import Flip
from duckrabbit.illusions.views.identity import Identity
from duckrabbit.illusions.views.inner_circle import InnerCircle
from duckrabbit.illusions.views.jigsaw import Jigsaw
from duckrabbit.illusions.views.mirror import Mirror
from duckrabbit.illusions.views.motion import canvas_side
from duckrabbit.illusions.views.named import NamedView
from duckrabbit.illusions.views.negate import Negate
from duckrabbit.illusions.views.patch_permute import PatchPermute
from duckrabbit.illusions.views.pixel_permute import PixelPermute
from duckrabbit.illusions.views.rotate import Rotate90, Rotate90Clockwise, Rotate180
from duckrabbit.illusions.views.skew import Skew
from duckrabbit.illusions.views.square_hinge import SquareHinge
from duckrabbit.illusions.views.view import View

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
