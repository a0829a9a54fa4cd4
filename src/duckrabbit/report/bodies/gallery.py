"""Pictures side by side, some of which can be played."""

from dataclasses import dataclass
from html import escape

from duckrabbit.report.figure import Plate

SMALL = 280
"""In pixels."""


@dataclass(frozen=True)
class Playable:
    """A picture, and where there is one the animation of how it came about."""

    label: str
    still: Plate
    film: str | None = None

    def html(self) -> str:
        """The still; it becomes the animation when asked to. Without scripts the button is a link to the file."""
        if self.film is None:
            return f"<figure>{self.still.html()}<figcaption>{escape(self.label)}</figcaption></figure>"
        film = escape(self.film)
        play = f'<a class="play" href="{film}">Play<span class="hidden"> {escape(self.label)}</span></a>'
        return f"<figure>{self.still.html()}<figcaption>{escape(self.label)} {play}</figcaption></figure>"


@dataclass(frozen=True)
class Gallery:
    """Playables in as many columns as fit."""

    items: tuple[Playable, ...]

    def html(self) -> str:
        """All of them; a single small picture is not blown up to the full width."""
        single = len(self.items) == 1 and self.items[0].still.width <= SMALL
        return f'<div class="gallery{" single" if single else ""}">{"".join(item.html() for item in self.items)}</div>'
