"""What a user's pictures show: from texts beside them, tables of a folder, or names."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from duckrabbit.media.texts import is_guessed, text_of

BESIDE = (".txt", ".caption")
TABLES = ("metadata.jsonl", "metadata.csv")
FILE, COLUMNS = "file_name", ("text", "caption", "prompt", "description", "label")
"""The columns of tables (those of Hugging Face's image folders): which picture, and what it shows."""

CHARACTERS = 2_000
"""Of a caption; more are no caption's."""


@dataclass(frozen=True)
class Captions:
    """The captions of some pictures.

    Attributes:
        texts: one a picture, in their order.
        named: the places of those whose caption is the name of a file, or of the folder that it is in.
        problems: a sentence for each text that was not read, for whatever reason.
        guessed: the texts whose encoding is a guess.
    """

    texts: tuple[str, ...]
    named: tuple[int, ...]
    problems: tuple[str, ...]
    guessed: tuple[Path, ...]


def is_text(file: Path) -> bool:
    """Whether a file may hold captions."""
    return file.suffix.lower() in BESIDE or file.name.lower() in TABLES


def captions_of(pictures: Sequence[Path], texts: Sequence[Path], folder: Path) -> Captions:
    """The captions of pictures in a folder or in folders of it.

    In this order: NAME.txt or NAME.caption beside NAME.jpg (NAME.jpg.txt, too); the picture's row in metadata.jsonl or
    metadata.csv; the name of the folder within `folder` that it lies in; NAME, less the number at its end.
    """
    beside = {(file.parent, file.name.lower()): file for file in texts if file.name.lower() not in TABLES}
    problems: list[str] = []
    listed: dict[Path, str] = {}
    for file in texts:
        if file.name.lower() in TABLES:
            listed.update(_table(file, set(pictures), problems))
    captions, named, used = [], [], set()
    for place, picture in enumerate(pictures):
        names = (stem.lower() + suffix for suffix in BESIDE for stem in (picture.stem, picture.name))
        texts_of_it = [beside[picture.parent, name] for name in names if (picture.parent, name) in beside]
        used.update(texts_of_it[:1])
        text = _read(texts_of_it[0], problems) if texts_of_it else ""
        text = text or listed.get(picture, "")
        if not text:
            named.append(place)
            text = _of_names(picture, folder)
        captions.append(text)
    problems += [f"{file} was not read: no picture lacks it" for file in beside.values() if file not in used]
    return Captions(tuple(captions), tuple(named), tuple(problems), tuple(filter(_is_guessed, texts)))


def _is_guessed(file: Path) -> bool:
    with suppress(OSError):
        return is_guessed(file.read_bytes())
    return False


def _read(file: Path, problems: list[str]) -> str:
    try:
        return " ".join(text_of(file.read_bytes()).split())[:CHARACTERS]
    except OSError as error:
        problems.append(f"{file} can't be read ({error.strerror})")
        return ""


def _table(file: Path, pictures: set[Path], problems: list[str]) -> dict[Path, str]:
    """The captions that a table gives to pictures, and what is wrong with it."""
    found = {}
    for number, row in _rows(file, problems):
        picture = file.parent / str(row.get(FILE, ""))
        text = next((row[name] for name in COLUMNS if isinstance(row.get(name), str) and str(row[name]).strip()), None)
        if picture not in pictures:
            problems.append(
                f"line {number} of {file} is of {row.get(FILE, 'no picture')}, which is not among the pictures"
            )
        elif text is None:
            problems.append(f'line {number} of {file} has no text: write {{"{FILE}": …, "{COLUMNS[0]}": …}}')
        else:
            found[picture] = " ".join(str(text).split())[:CHARACTERS]
    return found


def _rows(file: Path, problems: list[str]) -> Iterator[tuple[int, Mapping[str, object]]]:
    try:
        text = text_of(file.read_bytes())
    except OSError as error:
        problems.append(f"{file} can't be read ({error.strerror})")
        return
    if file.suffix.lower() == ".csv":
        yield from enumerate(csv.DictReader(io.StringIO(text)), 2)
        return
    for number, line in enumerate(text.splitlines(), 1):
        try:
            row = json.loads(line) if line.strip() else None
        except (ValueError, RecursionError):
            row = line
        if isinstance(row, dict):
            yield number, row
        elif row is not None:
            problems.append(f'line {number} of {file} is no JSON object: write {{"{FILE}": …, "{COLUMNS[0]}": …}}')


def _of_names(picture: Path, folder: Path) -> str:
    if picture.parent != folder:
        return _as_words(picture.parent.name)
    return _as_words(re.sub(r"[\W_]*\d+$", "", picture.stem) or picture.stem)


def _as_words(name: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", name))
