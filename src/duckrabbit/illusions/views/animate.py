"""A view shown as a loop: the picture, its transformation, and back."""

from collections.abc import Iterator

from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views.motion import check_frame
from duckrabbit.illusions.views.view import View


def animate(view: View, picture: Tensor, frames: int = 24, hold: int = 8, scale: int = 8) -> Iterator[Tensor]:
    """The frames [C, F, F] of a loop: `hold` still ones, `frames` there, `hold` still ones, `frames` back.

    `picture` is [C, S, S] in [-1, 1]; the motion starts and ends gently. `View.frame` says what F is.
    Raises UsageError, before the first frame, if there are no frames, or the picture or view does not fit.
    """
    if frames < 1 or hold < 0:
        raise UsageError(
            f"An animation needs at least 1 frame of motion and 0 of rest, not {frames} and {hold}: ask for more."
        )
    check_frame(picture, 0.0, scale)
    view.permutation(picture.shape[-1])
    there = [_eased(k / (frames + 1)) for k in range(1, frames + 1)]
    return _frames(view, picture, [*[0.0] * hold, *there, *[1.0] * hold, *reversed(there)], scale)


def _frames(view: View, picture: Tensor, course: list[float], scale: int) -> Iterator[Tensor]:
    shown: tuple[float, Tensor] | None = None
    for progress in course:
        if shown is None or shown[0] != progress:
            shown = (progress, view.frame(picture, progress, scale))
        yield shown[1]


def _eased(t: float) -> float:
    """Smoothstep, 3t² - 2t³: at rest at both ends."""
    return t * t * (3 - 2 * t)
