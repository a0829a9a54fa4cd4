"""One process at a time works in a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import cannot_write

LOCK = "lock"

PATIENCE = 0.3
"""Seconds for whoever only looks whether somebody works there to look away again."""


@contextmanager
def alone_in(folder: Path, refusal: str) -> Iterator[None]:
    """Work in a folder as the only one; it is made if need be.

    The system releases the lock when the process ends, however it ends.

    Raises:
        UsageError: the refusal, if another process works there.
    """
    lock = FileLock(folder / LOCK, timeout=PATIENCE)
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise UsageError(refusal) from None
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        yield
    finally:
        lock.release()
        if made and {file.name for file in folder.iterdir()} <= {LOCK}:
            # Nothing came of it: what was refused leaves no folder behind.
            (folder / LOCK).unlink(missing_ok=True)
            for place in made:
                place.rmdir()


def is_taken(folder: Path) -> bool:
    """Whether a process works in a folder."""
    if not (folder / LOCK).is_file():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        # Nobody can work where nobody may write.
        return False
