"""Pictures of their own, each over its label."""

from dataclasses import dataclass
from html import escape

from duckrabbit.report.figure import Plate


@dataclass(frozen=True)
class Album:
    """Labelled pictures in as many columns as fit.

    Attributes:
        items: a label and a plate each.
    """

    items: tuple[tuple[str, Plate], ...]

    def html(self) -> str:
        """All of them."""
        figures = "".join(
            f"<figure>{plate.html()}<figcaption>{escape(label)}</figcaption></figure>" for label, plate in self.items
        )
        return f'<div class="album">{figures}</div>'
