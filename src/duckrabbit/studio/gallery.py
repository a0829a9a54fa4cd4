"""The gallery: a folder of PNGs that remember how they were made.

The PNGs are all there is to keep: the index of them is made anew where it is lost. What is deleted waits in a folder of
its own.
"""

import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec
from PIL import Image

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import cannot_write
from duckrabbit.media.png import read_metadata
from duckrabbit.studio.index import Cursor, Entry, Index, Read, Stamp, empty_index, identity, open_index
from duckrabbit.studio.sources import order_of_record

TRASH = "trash"
TICK_NANOSECONDS = 100_000_000


class Gallery:
    """The pictures of a folder; safe to use from several threads."""

    def __init__(self, folder: Path, private: Path) -> None:
        self.folder = folder
        self.private = private
        self._lock = threading.RLock()
        # Until its file can be opened, and wherever the disk is full, the index is in memory.
        self._index = empty_index()
        self._is_kept = False
        self._seen: int | None = None
        self.revision = 0

    def open(self) -> None:
        """Read what is there.

        Raises:
            UsageError: if the folder can't be made.
        """
        try:
            self.private.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self.private, error) from error
        self.look()

    def look(self) -> None:
        """See what has been written, changed or taken away since, by this studio or by anyone."""
        with self._lock:
            if not self._is_kept:
                with suppress(sqlite3.OperationalError, OSError):
                    self._use(open_index(self.private), is_kept=True)
            try:
                changed = self.folder.stat().st_mtime_ns
            except OSError:
                changed = 0
            if changed == self._seen:
                return
            try:
                self._compare()
            except sqlite3.OperationalError:
                self._use(self._index.in_memory(), is_kept=False)
                self._compare()
            # Clocks of file systems tick slowly: what has just changed may change again within the same tick.
            self._seen = changed if time.time_ns() - changed > TICK_NANOSECONDS else None

    def page(
        self, search: str, favourites_only: bool, offset: int, limit: int, cursor: Cursor | None = None, verb: str = ""
    ) -> tuple[Sequence[Entry], int]:
        """The newest first: those from `offset` or the cursor on, so many, and how many there are in all."""
        self.look()
        with self._lock:
            return self._index.page(search, favourites_only, offset, limit, cursor, verb)

    def get(self, name: str) -> Entry | None:
        """The picture of an id."""
        found = self._known(name)
        if found is None:
            self.look()
            found = self._known(name)
        return found

    def named(self, files: Sequence[str]) -> Sequence[Entry]:
        """The pictures of these files, as far as they are there."""
        found = (self._known(identity(file)) for file in files)
        return [entry for entry in found if entry is not None]

    def path(self, entry: Entry) -> Path:
        """Where a picture is."""
        return self.folder / entry.file

    def favour(self, entry: Entry, favourite: bool) -> Entry:
        """Make a picture a favourite, or no longer one.

        Raises:
            UsageError: if that can't be kept.
        """
        with self._lock:
            try:
                if not self._is_kept:
                    raise sqlite3.OperationalError("there is no room for it")
                self._index.favour(entry.file, favourite)
            except sqlite3.OperationalError as error:
                raise cannot_write(self.private, OSError(str(error))) from error
            self.revision += 1
            return self._known(entry.id) or entry

    def delete(self, entry: Entry) -> None:
        """Put a picture into the trash.

        Raises:
            UsageError: if it can't be moved.
        """
        trash = self.private / TRASH
        with self._lock:
            try:
                trash.mkdir(parents=True, exist_ok=True)
                os.replace(self.path(entry), trash / entry.file)
            except OSError as error:
                raise cannot_write(trash / entry.file, error) from error
            self._look_again()

    def restore(self, name: str) -> Entry | None:
        """Take a picture out of the trash; None where there is none of that id, or another has its name by now.

        Raises:
            UsageError: if it can't be moved.
        """
        with self._lock:
            for path in sorted((self.private / TRASH).glob("*.png")):
                target = self.folder / path.name
                if identity(path.name) != name or target.exists():
                    continue
                try:
                    os.replace(path, target)
                except OSError as error:
                    raise cannot_write(target, error) from error
                self._look_again()
                return self._known(name)
        return None

    def trash(self, most: int) -> tuple[Sequence[Entry], int]:
        """What was thrown away, so many of the latest, and how many there are in all."""
        there = sorted(_stamps(self.private / TRASH), key=lambda own: -own[1][1])
        found = (_entry(self.private / TRASH / file, stamp) for file, stamp in there[:most])
        return [entry for entry in found if entry is not None], len(there)

    def thrown_away(self, name: str) -> Path | None:
        """Where a picture in the trash is; None where there is none of that id."""
        files = (path for path in (self.private / TRASH).glob("*.png") if identity(path.name) == name)
        return next(files, None)

    def empty_trash(self) -> None:
        """Throw away for good what is in the trash.

        Raises:
            UsageError: if it can't be removed.
        """
        with self._lock:
            for path in (self.private / TRASH).glob("*.png"):
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    raise cannot_write(path, error) from error

    def _look_again(self) -> None:
        self._seen = None
        self.look()

    def _known(self, name: str) -> Entry | None:
        with self._lock:
            return self._index.get(name)

    def _compare(self) -> None:
        """Make the index agree with the folder."""
        there, known = dict(_stamps(self.folder)), self._index.stamps()
        gone = [file for file, stamp in known.items() if there.get(file) != stamp]
        new: list[Read] = [
            (file, stamp, _entry(self.folder / file, stamp))
            for file, stamp in there.items()
            if known.get(file) != stamp
        ]
        if gone or new:
            self._index.change(gone, new)
            self.revision += 1

    def _use(self, index: Index, *, is_kept: bool) -> None:
        self._index.close()
        self._index, self._is_kept, self._seen = index, is_kept, None


def _stamps(folder: Path) -> Iterator[tuple[str, Stamp]]:
    """Every PNG that is wholly there, with its stamp."""
    with suppress(OSError), os.scandir(folder) as items:
        for item in items:
            if item.name.endswith(".png") and not item.name.startswith(".") and item.is_file(follow_symlinks=False):
                with suppress(OSError):
                    status = item.stat()
                    if status.st_size > 0:
                        yield item.name, (status.st_size, status.st_mtime_ns)


def _entry(path: Path, stamp: Stamp) -> Entry | None:
    """What a PNG says of itself; None for one that is not a picture of duckrabbit's."""
    try:
        record = read_metadata(path)
        with Image.open(path) as image:
            side = image.width
    except (UsageError, OSError):
        return None
    order = order_of_record(record)
    if order is None:
        return None
    return Entry(
        id=identity(path.name),
        file=path.name,
        made=stamp[1] / 1e9,
        side=side,
        verb=order.recipe.verb,
        prompts=tuple(prompt for prompt in order.recipe.prompts if prompt),
        parts=tuple(order.parts),
        views=tuple(order.views),
        model=str(order.model),
        seed=order.seed,
        odds=_odds_of_all(record.get("places")) if "places" in record else odds_of(record.get("score")),
    )


def odds_of(score: object) -> float | None:
    """What a record's score says: calibrated where it is, else the judge's own p in the look that it reads worst."""
    with suppress(msgspec.ValidationError):
        told = msgspec.convert(score, _Score)
        if told.read_as_asked is not None or told.log_p:
            return math.exp(min(told.log_p.values())) if told.read_as_asked is None else told.read_as_asked
    return None


def _odds_of_all(places: object) -> float | None:
    """How likely all places of a row are to be read as asked; None where it is not known of one."""
    scores = [place.get("score") for place in places if isinstance(place, dict)] if isinstance(places, list) else []
    every = [odds for score in scores if (odds := odds_of(score)) is not None]
    return math.prod(every) if every and len(every) == len(scores) else None


class _Score(msgspec.Struct):
    """A score as a record holds it."""

    log_p: dict[str, Annotated[float, msgspec.Meta(le=0)]] = {}
    read_as_asked: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
