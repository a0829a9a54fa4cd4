"""Finished rows, kept so that a report that was killed goes on where it was."""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from duckrabbit.media.atomic import atomic_write, cannot_write
from duckrabbit.media.pictures import WHITE, square_picture
from duckrabbit.models.load import SHIPPED
from duckrabbit.report.effort import Effort
from duckrabbit.report.rows.registry import Row
from duckrabbit.report.workshop import Shelf
from duckrabbit.version import VERSION

JUDGES = ("digit-judge-selecting", "digit-judge-reporting")


@dataclass(frozen=True)
class Finished:
    """A finished row.

    Attributes:
        key: of what it was made of; another key means that it must be made again.
        html: its section of the page.
        files: the files in its folder.
        seconds: how long it took.
    """

    key: str
    html: str
    files: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Store:
    """The finished rows of a page: a folder and a manifest for each.

    figures/B1.1/digits.png …   its files
    figures/B1.1/finished.json  written last
    """

    page: Path

    def folder(self, row: Row) -> str:
        """The row's folder, relative to the page."""
        return f"figures/{row.name}"

    def find(self, row: Row, key: str) -> Finished | None:
        """The finished row, if it was made of the same and all its files are there."""
        folder = self.page / self.folder(row)
        try:
            finished = msgspec.json.decode((folder / "finished.json").read_bytes(), type=Finished)
        except (OSError, ValueError, msgspec.MsgspecError):
            return None
        whole = all((folder / name).is_file() for name in finished.files)
        return finished if finished.key == key and whole else None

    def begin(self, row: Row) -> None:
        """An empty folder for the row, cleared of what an earlier report left."""
        folder = self.page / self.folder(row)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from error

    def finish(self, row: Row, key: str, html: str, seconds: float) -> Finished:
        """Keep a row; its files are already in its folder."""
        folder = self.page / self.folder(row)
        files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
        finished = Finished(key, html, tuple(files), seconds)
        with atomic_write(folder / "finished.json") as temporary:
            temporary.write_bytes(msgspec.json.encode(finished))
        return finished


def key_of(row: Row, effort: Effort, shelf: Shelf, page: Path) -> str:
    """A hash of all that a row is made of: its name, the effort, its models, the judges, the report's own files.

    The page's place counts too, since some commands name it, and for the rows of the text-to-image model what the user
    chose: the model and the photograph.
    """
    weights = [_hash_of_weights(name) for name in (*row.models, *JUDGES)]
    chosen = _chosen(shelf) if row.painted else []
    parts = [VERSION, row.name, repr(effort), shelf.device, str(page), *weights, *chosen, _hash_of_report()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _chosen(shelf: Shelf) -> list[str]:
    """The text-to-image model, as it was named and as it is, and the photograph."""
    choice = shelf.choice
    shipped = choice.model in SHIPPED
    checksum = _hash_of_weights(choice.model) if shipped else shelf.painter.model.checksum
    image = hashlib.sha256(square_picture(choice.image, WHITE).tobytes()).hexdigest()
    return [repr(choice), checksum, image]


@cache
def _hash_of_weights(name: str) -> str:
    return _hash([files("duckrabbit.models") / "weights" / f"{name}.safetensors"])


@cache
def _hash_of_report() -> str:
    return _hash(_walk(files("duckrabbit.report")))


def _hash(items: Sequence[Traversable]) -> str:
    total = hashlib.sha256()
    for item in items:
        total.update(item.name.encode() + item.read_bytes())
    return total.hexdigest()


def _walk(folder: Traversable) -> list[Traversable]:
    """Every file below a folder, in the order of their names, without what Python compiled."""
    found: list[Traversable] = []
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if item.is_dir():
            found += _walk(item) if item.name != "__pycache__" else []
        else:
            found.append(item)
    return found
