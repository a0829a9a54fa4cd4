"""The index of the gallery in SQLite: what each picture says of itself, so that none is read twice, and favourites.

Each change is one transaction: whoever is killed in the middle of it leaves the index as it was before.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from duckrabbit.studio.tasks import words_of

FILE = "index.sqlite3"
OLD_INDEX, OLD_FAVOURITES = "index.json", "favourites.json"
"""What galleries kept before there was SQLite; both are read once, when the index is made."""

# The names of files are bytes, for not every name is text. `entry` is an Entry in JSON; NULL for somebody else's PNG.
SCHEMA = (
    "CREATE TABLE pictures (file BLOB PRIMARY KEY, id TEXT UNIQUE, size INTEGER, written INTEGER,"
    " made REAL, words TEXT, entry TEXT) WITHOUT ROWID",
    "CREATE INDEX newest ON pictures (made DESC, file) WHERE entry IS NOT NULL",
    "CREATE TABLE favourites (file BLOB PRIMARY KEY) WITHOUT ROWID",
    "PRAGMA user_version = 2",
)

Stamp = tuple[int, int]
"""A file's size in bytes and when it was written in nanoseconds since 1970, by which a change is seen."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A picture in the gallery.

    Attributes:
        id: names it to clients; no path.
        file: its name in the folder.
        made: when it was written, in seconds since 1970.
        side: its width in pixels.
        verb: what was made.
        prompts: of its recipe; for a hybrid with the parts' names in `parts`.
        parts: the parts of a hybrid.
        views: of an anagram.
        model: what made it.
        seed: with which seed.
        favourite: whether it is one.
        odds: how likely it is to be read as asked in every look, says a judge; None where none was asked.
    """

    id: str
    file: str
    made: float
    side: int
    verb: str
    prompts: tuple[str, ...]
    parts: tuple[str, ...]
    views: tuple[str, ...]
    model: str
    seed: int
    favourite: bool = False
    odds: float | None = None


class Cursor(msgspec.Struct, frozen=True):
    """A place between two pictures: after the one of that time and file."""

    made: float
    file: bytes

    @staticmethod
    def after(entry: Entry) -> "Cursor":
        """The place after a picture."""
        return Cursor(entry.made, os.fsencode(entry.file))

    @staticmethod
    def parse(text: str) -> "Cursor | None":
        """The place that a client was told of; None for any other text."""
        made, _, file = text.partition("_")
        try:
            return Cursor(float.fromhex(made), bytes.fromhex(file))
        except (ValueError, OverflowError):
            return None

    def __str__(self) -> str:
        # A plus in an address would be read as a space.
        return f"{self.made.hex().replace('+', '')}_{self.file.hex()}"


Read = tuple[str, Stamp, Entry | None]
"""A file, its stamp, and what it says of itself; None for a PNG of somebody else's."""


class Index:
    """The index on a connection; for one thread at a time. Take one from `open_index` or `empty_index`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def create(self, found: Sequence[Read], favourites: Sequence[str]) -> None:
        """Make its tables, unless they are there, and fill them."""
        if self._value("PRAGMA user_version") == 0:
            with self._transaction():
                for statement in SCHEMA:
                    self._connection.execute(statement)
                self._insert(found)
                for file in favourites:
                    self._favour(file, True)
        elif self._value("PRAGMA user_version") == 1:
            # Searched by fewer words.
            with self._transaction():
                rows = self._connection.execute("SELECT file, entry FROM pictures WHERE entry IS NOT NULL").fetchall()
                worded = [(_columns(msgspec.json.decode(entry, type=Entry))[1], file) for file, entry in rows]
                self._connection.executemany("UPDATE pictures SET words = ? WHERE file = ?", worded)
                self._connection.execute("PRAGMA user_version = 2")

    def damage(self) -> str | None:
        """What is wrong with the file; None where nothing is.

        Raises:
            sqlite3.OperationalError: if that can't be told, for it can't be read.
        """
        try:
            said = str(self._value("PRAGMA quick_check(1)"))
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            said = str(error)
        return None if said == "ok" else said

    def favourites(self) -> list[str]:
        """The files that are favourites, as far as they can be read."""
        with suppress(sqlite3.Error):
            return [os.fsdecode(file) for (file,) in self._connection.execute("SELECT file FROM favourites")]
        return []

    def in_memory(self) -> "Index":
        """A copy that is in no file."""
        connection = _connected(":memory:")
        self._connection.backup(connection)
        return Index(connection)

    def close(self) -> None:
        """Use it no more."""
        self._connection.close()

    def stamps(self) -> Mapping[str, Stamp]:
        """Every file that it knows."""
        rows = self._connection.execute("SELECT file, size, written FROM pictures")
        return {os.fsdecode(file): (size, written) for file, size, written in rows}

    def change(self, gone: Sequence[str], found: Sequence[Read]) -> None:
        """Forget files, then learn others.

        Raises:
            sqlite3.OperationalError: if that can't be written.
        """
        with self._transaction():
            self._connection.executemany("DELETE FROM pictures WHERE file = ?", [(os.fsencode(file),) for file in gone])
            self._insert(found)

    def favour(self, file: str, favourite: bool) -> None:
        """Make a file a favourite, or no longer one.

        Raises:
            sqlite3.OperationalError: if that can't be written.
        """
        with self._transaction():
            self._favour(file, favourite)

    def get(self, identity: str) -> Entry | None:
        """The picture of an id."""
        return next(iter(self._entries("FROM pictures WHERE id = ? AND entry IS NOT NULL", [identity])), None)

    def page(
        self, search: str, favourites_only: bool, offset: int, limit: int, cursor: Cursor | None = None, verb: str = ""
    ) -> tuple[Sequence[Entry], int]:
        """The newest first: those from `offset` or the cursor on, `limit` at the most, and how many there are in all.

        With a verb those of that verb alone.

        After a cursor a page takes as long wherever it is, and what has come meanwhile moves nothing.
        """
        words = [_plain(word) for word in search.lower().split()]
        conditions = ["entry IS NOT NULL", *["instr(words, ?)"] * len(words)]
        if verb:
            # Within a text in it, quotation marks would have a backslash before them.
            conditions.append("instr(entry, ?)")
            words.append(json.dumps({"verb": verb})[1:-1])
        if favourites_only:
            conditions.append("file IN favourites")
        chosen = f"FROM pictures WHERE {' AND '.join(conditions)}"
        place, values = "", []
        if cursor is not None:
            place, values = " AND made <= ? AND (made < ? OR file > ?)", [cursor.made, cursor.made, cursor.file]
        ordered = f"{chosen}{place} ORDER BY made DESC, file LIMIT ? OFFSET ?"
        entries = self._entries(ordered, [*words, *values, limit, offset])
        return entries, self._value(f"SELECT count(*) {chosen}", words)

    def _entries(self, chosen: str, values: Sequence[object]) -> list[Entry]:
        rows = self._connection.execute(f"SELECT entry, file IN favourites {chosen}", values)
        return [msgspec.convert({**json.loads(entry), "favourite": bool(is_one)}, Entry) for entry, is_one in rows]

    def _insert(self, found: Sequence[Read]) -> None:
        rows = [(os.fsencode(file), identity(file), *stamp, *_columns(entry)) for file, stamp, entry in found]
        self._connection.executemany("INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def _favour(self, file: str, favourite: bool) -> None:
        insert, delete = "INSERT OR IGNORE INTO favourites VALUES (?)", "DELETE FROM favourites WHERE file = ?"
        self._connection.execute(insert if favourite else delete, (os.fsencode(file),))

    def _value(self, query: str, values: Sequence[object] = ()) -> Any:
        [(value,)] = self._connection.execute(query, values)
        return value

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def empty_index() -> Index:
    """An index in memory."""
    index = Index(_connected(":memory:"))
    index.create((), ())
    return index


def open_index(folder: Path) -> Index:
    """The index in a folder; where there is none, or a damaged one, a new one of what is left of earlier ones.

    Raises:
        sqlite3.OperationalError: if the disk is full.
        OSError: if a damaged one can't be put aside.
    """
    path = folder / FILE
    index = Index(_connected(str(path)))
    favourites = []
    try:
        if index.damage() is not None:
            favourites = index.favourites()
            index.close()
            os.replace(path, path.with_suffix(".damaged"))
            index = Index(_connected(str(path)))
        index.create(_old_rows(folder), [*favourites, *_old_favourites(folder)])
    except BaseException:
        index.close()
        raise
    return index


def identity(file: str) -> str:
    """What a file is called to clients."""
    return hashlib.sha256(os.fsencode(file)).hexdigest()[:16]


def _connected(name: str) -> sqlite3.Connection:
    """A connection for any thread, on which a transaction begins where it is said."""
    return sqlite3.connect(name, isolation_level=None, check_same_thread=False)


def _columns(entry: Entry | None) -> tuple[float | None, str | None, str | None]:
    """What is ordered by, what is searched, and the entry."""
    if entry is None:
        return None, None, None
    own = (entry.verb, *entry.prompts, *entry.parts, *entry.views, entry.model, str(entry.seed), entry.file)
    known = (*own, *words_of(entry.verb, entry.views, entry.parts))
    return entry.made, _plain(" ".join(known).lower()), json.dumps(msgspec.to_builtins(entry))


def _plain(text: str) -> str:
    """Text that SQLite takes: half a surrogate pair, as a name of bytes may have, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def _old_favourites(folder: Path) -> list[str]:
    names = _read_json(folder / OLD_FAVOURITES)
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _old_rows(folder: Path) -> list[Read]:
    """The rows of an index that was JSON, as far as they are as they were written."""
    content = _read_json(folder / OLD_INDEX)
    rows = content.get("pictures") if isinstance(content, dict) else None
    taken: dict[str, Read] = {}
    for row in rows if isinstance(rows, list) else ():
        with suppress(msgspec.ValidationError):
            entry, stamp = msgspec.convert(row, Entry), msgspec.convert(row, _Stamped).stamp
            if entry.id == identity(entry.file):
                taken[entry.file] = entry.file, stamp, entry
    return list(taken.values())


class _Stamped(msgspec.Struct):
    stamp: Stamp


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
