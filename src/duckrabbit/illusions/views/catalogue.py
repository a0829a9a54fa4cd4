"""Every view by its word, and the reading of what a user types."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views.jigsaw import Jigsaw
from duckrabbit.illusions.views.permute import PatchPermute, PixelPermute
from duckrabbit.illusions.views.skew import Skew
from duckrabbit.illusions.views.turned_parts import InnerCircle, SquareHinge
from duckrabbit.illusions.views.view import Composition, NamedView, View
from duckrabbit.illusions.views.whole import Flip, Identity, Mirror, Negate, Rotate90, Rotate90Clockwise, Rotate180

_ALL: tuple[type[NamedView], ...] = (
    Identity,
    Flip,
    Mirror,
    Rotate90,
    Rotate90Clockwise,
    Rotate180,
    Negate,
    Skew,
    PatchPermute,
    PixelPermute,
    Jigsaw,
    InnerCircle,
    SquareHinge,
)

VIEWS: Mapping[str, type[NamedView]] = MappingProxyType({view.keyword: view for view in _ALL})
"""Every view's class by the word a user types; each class has a one-line `description`."""


def parse_view(text: str) -> View:
    """Read `flip`, `skew:2` or `skew:2+negate` (left to right); spaces and capitals do not matter.

    Raises UsageError for an unknown view, listing those there are, and for a parameter that does not fit.
    """
    views = tuple(_parse_one(part.strip().lower()) for part in text.split("+"))
    return views[0] if len(views) == 1 else Composition(views)


def _parse_one(text: str) -> NamedView:
    keyword, colon, parameter = text.partition(":")
    if keyword not in VIEWS:
        close = get_close_matches(keyword, VIEWS, n=1)
        hint = f"did you mean {close[0]}?" if close else "choose one of them, or join several with +."
        raise UsageError(f"There is no view {keyword!r}; the views are {', '.join(VIEWS)}: {hint}")
    return VIEWS[keyword].parse(parameter if colon else None)
