"""What an exhibit shows: pictures, charts, tables and things to play with. Each is a value; a macro of
assets/bodies.html.j2 writes its HTML."""

from dataclasses import dataclass

SMALL = 280
"""A picture of a gallery that is alone and no wider is not blown up to the full width; in pixels."""

AXES = {
    "rotate-180": ("z", -180),
    "rotate-90": ("z", -90),
    "rotate-90-cw": ("z", 90),
    "flip": ("x", 180),
    "mirror": ("y", 180),
}
"""From the name of a view to the axis and the degrees by which a style sheet turns a picture into it."""


class Body:
    """What an exhibit shows."""

    @property
    def macro(self) -> str:
        """The macro that writes its HTML, which is named like the class."""
        return type(self).__name__.lower()


@dataclass(frozen=True)
class Plate:
    """A picture file of the page.

    Attributes:
        file: relative to the page.
        width: in pixels.
        height: in pixels.
        alt: what it shows, for those who don't see it.
    """

    file: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class Sheet(Body):
    """Strips of equally many tiles, with words rather than pixels for labels: they stay sharp and are read aloud.

    Attributes:
        columns: a short heading for each column; none for no headings.
        strips: a label (or "") and the plate of each row.
    """

    columns: tuple[str, ...]
    strips: tuple[tuple[str, Plate], ...]


@dataclass(frozen=True)
class Album(Body):
    """Labelled pictures in as many columns as fit: a label and a plate each."""

    items: tuple[tuple[str, Plate], ...]


@dataclass(frozen=True)
class Playable:
    """A picture, and where there is one the file of the animation of how it came about.

    The picture becomes the animation when asked to; without scripts its button is a link to the file.
    """

    label: str
    still: Plate
    film: str | None = None


@dataclass(frozen=True)
class Gallery(Body):
    """Playables in as many columns as fit."""

    items: tuple[Playable, ...]

    @property
    def single(self) -> bool:
        """Whether it is one small picture."""
        return len(self.items) == 1 and self.items[0].still.width <= SMALL


@dataclass(frozen=True)
class Table(Body):
    """A table whose first column names its rows; it scrolls by itself where it is wider than the page.

    Attributes:
        head: a heading for each column.
        rows: as wide as the head.
        style: a class of the style sheet: `numbers` or `words`.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    style: str = "numbers"


@dataclass(frozen=True)
class Words(Body):
    """A long list of words, folded away under a heading that opens it."""

    heading: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What an illusion shows, hidden until asked for.

    Attributes:
        readings: how it is looked at, and what is to be seen then.
        note: said with them.
    """

    readings: tuple[tuple[str, str], ...]
    note: str


@dataclass(frozen=True)
class Turning(Body):
    """An anagram that is turned by a button, by the space bar on it, or by dragging the picture.

    Attributes:
        plate: the picture, upright.
        view: a name in `AXES`.
        answer: what it shows.
    """

    plate: Plate
    view: str
    answer: Answer

    @property
    def axis(self) -> str:
        """x, y or z."""
        return AXES[self.view][0]

    @property
    def degrees(self) -> int:
        """How far it turns about the axis."""
        return AXES[self.view][1]


@dataclass(frozen=True)
class Moving(Body):
    """An anagram whose pieces move in an animation."""

    playable: Playable
    answer: Answer


@dataclass(frozen=True)
class Distance(Body):
    """A hybrid at full size that a slider moves away."""

    plate: Plate
    answer: Answer


@dataclass(frozen=True)
class Revealed(Body):
    """A strip of ways to see one picture."""

    plate: Plate
    answer: Answer


@dataclass(frozen=True)
class Stack(Body):
    """Bodies below one another."""

    bodies: tuple[Body, ...]
