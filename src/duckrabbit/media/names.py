"""Names of files: words as a part of one, names that are nobody's yet, and the folder that is kept for the user."""

import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from platformdirs import user_cache_path

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import cannot_write

MAX_SLUG = 60
MAX_BYTES = 120
"""So that a name with its verb, seed and number stays below the 255 bytes of most file systems."""


def slug(*words: str) -> str:
    """Words as a part of a file's name: lower case, hyphens, no pictures' suffixes, at most 60 characters of 120 bytes.

    Latin letters lose their accents, other scripts stay as they are, emojis are called by what they show.

    >>> slug("mnist:test/7", "level 250")
    'mnist-test-7-level-250'
    """
    words_alone = re.sub(r"\.(png|jpe?g|webp|gif|bmp|tiff?)\b", "", " ".join(words), flags=re.IGNORECASE)
    if not words_alone.isascii():
        from duckrabbit.datasets.prompts import as_written, with_emojis_named

        decomposed = unicodedata.normalize("NFKD", with_emojis_named(as_written(words_alone)))
        words_alone = unicodedata.normalize("NFC", re.sub(r"(?<=[a-zA-Z])[\u0300-\u036f]+", "", decomposed))
    kept = "".join(c if c == "." or c.isalnum() or _is_mark(c) else " " for c in words_alone.lower())
    cut = "-".join(kept.split())[:MAX_SLUG].encode()[:MAX_BYTES].decode(errors="ignore")
    # Where files are named in another encoding, letters that it lacks are left out.
    return cut.encode(sys.getfilesystemencoding(), "ignore").decode(sys.getfilesystemencoding()).strip("-.")


def _is_mark(character: str) -> bool:
    """Whether it is written on the letter before it: vowels of Indic scripts, points of Hebrew and Arabic."""
    return unicodedata.category(character) in ("Mn", "Mc")


def unused_path(folder: Path, stem: str, suffix: str) -> Path:
    """Claim the first free name of STEM.SUFFIX, STEM-2.SUFFIX, STEM-3.SUFFIX …

    The claim is an empty file made at once, so two processes or threads never get the same name. Write over it
    with `atomic_write`; `new_file` also gives the name back when writing fails.

    Args:
        folder: made if need be.
        stem: the name without number and suffix.
        suffix: with its dot, such as ".png".

    Raises:
        UsageError: the folder cannot be made or written to, or the name is not possible there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            path = folder / f"{stem}{'' if number == 1 else f'-{number}'}{suffix}"
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                continue
            return path
    except OSError as error:
        raise cannot_write(folder / f"{stem}{suffix}", error) from error
    raise UsageError(f"{folder} has no free name for {stem}{suffix}: empty it or choose another folder.")


@contextmanager
def new_file(folder: Path, stem: str, suffix: str) -> Iterator[Path]:
    """An `unused_path` to write to, given back if the block fails.

    Raises:
        UsageError: as `unused_path` does.
    """
    path = unused_path(folder, stem, suffix)
    try:
        yield path
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def cache_folder() -> Path:
    """Where embeddings and packs are kept: `DUCKRABBIT_CACHE`, or a folder in the platform's cache (not created)."""
    chosen = os.environ.get("DUCKRABBIT_CACHE")
    return Path(chosen) if chosen else user_cache_path("duckrabbit", appauthor=False)
