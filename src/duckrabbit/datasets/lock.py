"""A lock that several processes respect."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.1

if sys.platform == "win32":
    import msvcrt

    def _acquired(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True
else:
    import fcntl

    def _acquired(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class HeldError(Exception):
    """Another process holds the lock."""


@contextmanager
def exclusive(path: Path, patient: bool = True) -> Iterator[None]:
    """Hold the lock named by the file `path` (created, and left there).

    The system releases the lock when the process ends, however it ends.

    Args:
        path: the file.
        patient: wait for whoever holds it.

    Raises:
        HeldError: if another process holds it and this one is not patient.
        OSError: the file cannot be made or locked.
    """
    # Removing the file would let a newcomer lock a second one of the same name, so it stays.
    with path.open("ab") as handle:
        while not _acquired(handle.fileno()):
            if not patient:
                raise HeldError
            time.sleep(POLL_SECONDS)
        yield
