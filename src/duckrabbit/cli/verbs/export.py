"""duckrabbit export"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import Flag, option

if TYPE_CHECKING:
    from torch import Tensor

    from duckrabbit.making.posters import Poster
    from duckrabbit.making.record import Record

FORMATS: Mapping[str, tuple[str, ...]] = {
    "card": ("png",),
    "film": ("gif", "webp", "mp4"),
    "page": ("html",),
    "poster": ("png", "pdf"),
    "jigsaw": ("svg", "pdf"),
}
"""What a picture can be given away as, and the formats of each, the usual one first."""

OF_PAPER, OF_SCREENS = ("poster", "jigsaw"), ("card", "film", "page")
MEANT_FOR: Mapping[str, tuple[str, ...]] = {
    "title": OF_SCREENS,
    "hint": OF_SCREENS,
    "pixels": OF_PAPER,
    "millimetres": OF_PAPER,
    "as_it_is": OF_PAPER,
}
"""What takes each option that not everything takes."""

TITLE = "What do you see?"
FILM_WIDTHS = {"gif": 540, "webp": 720, "mp4": 1080}


@dataclass(frozen=True)
class Options:
    """Give a picture away: a share card, a film that pauses at each reading, a page, a poster or a jigsaw to cut:
    duckrabbit export IMAGE.png --to poster --format pdf --millimetres 300"""

    image: Positional[Annotated[str, option("IMAGE")]]
    """a PNG that duckrabbit wrote"""
    to: Annotated[str, option("WHAT")] = "card"
    """card (1080×1350, both readings), film, page (one HTML file), poster, or jigsaw (of --view jigsaw, to cut)"""
    format: Annotated[str | None, option("FORMAT")] = None
    """png; of a film gif, webp or mp4; of a poster png or pdf; of a jigsaw svg or pdf"""
    title: Annotated[str | None, option("WORDS")] = None
    """of a card, film or page (What do you see?)"""
    hint: Annotated[str | None, option("WORDS")] = None
    """below the title"""
    pixels: Annotated[int | None, option("N")] = None
    """of a poster or jigsaw: its side at the least (2048)"""
    millimetres: Annotated[float | None, option("MM")] = None
    """of a poster or jigsaw: its side on paper (200)"""
    as_it_is: Flag = False
    """of a poster or jigsaw: enlarge the picture as it is, rather than make it at its model's largest size first"""
    out: Annotated[str, option("FOLDER")] = "out"
    """the folder to write to; nothing in it is ever overwritten"""
    weights: Annotated[str | None, option("WEIGHTS")] = None
    """where the model's weights are now (by default where they were)"""
    embeddings: Annotated[str | None, option("PATH")] = None
    """where prompts' embeddings are kept (see duckrabbit embed)"""

    @property
    def words(self) -> tuple[str, str]:
        """The title and the hint."""
        return TITLE if self.title is None else self.title, self.hint or ""

    @property
    def width(self) -> float:
        """On paper, in millimetres."""
        return 200.0 if self.millimetres is None else self.millimetres


def run(options: Options) -> int:
    """Write the file."""
    import sys

    from duckrabbit.cli.display import print_as_named
    from duckrabbit.cli.produce import check_folder
    from duckrabbit.media.atomic import atomic_write
    from duckrabbit.media.names import new_file

    suffix = _suffix(options)
    check_folder(options.out)
    path = Path(options.image)
    content = MAKERS[options.to](options, path, suffix)
    with (
        new_file(Path(options.out), f"{path.stem}-{options.to}", f".{suffix}") as target,
        atomic_write(target) as temporary,
    ):
        temporary.write_bytes(content)
    print(f"wrote {target}", file=sys.stderr)
    print_as_named(target)
    return 0


def _suffix(options: Options) -> str:
    from duckrabbit.errors import UsageError

    if options.to not in FORMATS:
        raise UsageError(f"Nothing is exported to {options.to!r}: give --to {', '.join(FORMATS)}.")
    known = FORMATS[options.to]
    suffix = options.format or known[0]
    if suffix not in known:
        raise UsageError(f"A {options.to} has no format {suffix!r}: its formats are {', '.join(known)}.")
    for name, takers in MEANT_FOR.items():
        if options.to not in takers and getattr(options, name) not in (None, False):
            raise UsageError(f"--{name.replace('_', '-')} means nothing to a {options.to}: leave it out.")
    return suffix


def _card(options: Options, path: Path, suffix: str) -> bytes:  # noqa: ARG001
    from duckrabbit.making.cards import card
    from duckrabbit.media.encoded import png_bytes

    picture, record = _read(path)
    return png_bytes(card(picture, record.recipe, *options.words))


def _film(options: Options, path: Path, suffix: str) -> bytes:
    from duckrabbit.making.card_films import FILM_MILLISECONDS, card_film
    from duckrabbit.media.animation import animation_bytes

    picture, record = _read(path)
    frames = card_film(picture, record.recipe, *options.words, FILM_WIDTHS[suffix])
    return animation_bytes(frames, FILM_MILLISECONDS, suffix)


def _page(options: Options, path: Path, suffix: str) -> bytes:  # noqa: ARG001
    from duckrabbit.studio.share import shared_picture_page

    return shared_picture_page(path, *options.words).encode()


def _poster(options: Options, path: Path, suffix: str) -> bytes:
    from duckrabbit.media.encoded import check_millimetres, print_bytes

    check_millimetres(options.width)
    return print_bytes(_enlarged(options, path).pixels, suffix, options.width)


def _jigsaw(options: Options, path: Path, suffix: str) -> bytes:
    from duckrabbit.errors import UsageError
    from duckrabbit.making.posters import cuts_of
    from duckrabbit.media.encoded import check_millimetres, print_bytes

    check_millimetres(options.width)
    if not cuts_of(_read(path)[1].recipe):
        raise UsageError(f"{path} is no jigsaw: give a picture that was made with --view jigsaw, or --to poster.")
    found = _enlarged(options, path)
    return print_bytes(found.pixels, suffix, options.width, found.cuts)


def _enlarged(options: Options, path: Path) -> "Poster":
    import sys

    from duckrabbit.making.posters import POSTER_SIDE, at_largest, check_side, poster
    from duckrabbit.making.rerun import recorded_model

    side = POSTER_SIDE if options.pixels is None else options.pixels
    check_side(side)
    picture, record = _read(path)
    if not options.as_it_is:
        model = recorded_model(record, options.weights, options.embeddings)
        picture = at_largest(picture, record.recipe, record.seed, model)
    found = poster(picture, record.recipe, side)
    print(f"{path.name}: {found.said}", file=sys.stderr)
    return found


def _read(path: Path) -> "tuple[Tensor, Record]":
    """A picture [C, S, S] and its record."""
    import numpy as np

    from duckrabbit.making.record import recorded
    from duckrabbit.media.decode import decode
    from duckrabbit.media.pixels import from_uint8

    return from_uint8(np.asarray(decode(path))), recorded(path)


MAKERS: Mapping[str, Callable[[Options, Path, str], bytes]] = {
    "card": _card,
    "film": _film,
    "page": _page,
    "poster": _poster,
    "jigsaw": _jigsaw,
}
