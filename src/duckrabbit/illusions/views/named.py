"""A view that has a word of its own, and perhaps one parameter after a colon."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views.motion import Placement, check_frame, paint
from duckrabbit.illusions.views.view import View


@dataclass(frozen=True)
class NamedView(View):
    """A view of one piece: all views but compositions.

    keyword:     the word a user types.
    description: one line for help texts.
    """

    keyword: ClassVar[str]
    description: ClassVar[str]

    @classmethod
    def parse(cls, parameter: str | None) -> Self:
        """The view a user asked for by `keyword` or `keyword:parameter`; raises UsageError if it takes none."""
        if parameter is not None:
            raise UsageError(
                f"The view {cls.keyword} takes no parameter, but {parameter!r} was given: write {cls.keyword} alone."
            )
        return cls()

    @property
    def name(self) -> str:
        return self.keyword

    @abstractmethod
    def placement(self, size: int, progress: float) -> Placement:
        """Where each pixel is when the animation is `progress` in [0, 1] on its way to the viewed picture."""

    def frame(self, picture: Tensor, progress: float, scale: int) -> Tensor:
        check_frame(picture, progress, scale)
        size = picture.shape[-1]
        self.permutation(size)  # refuses a size that does not fit
        return paint(picture, self.placement(size, progress), scale)
