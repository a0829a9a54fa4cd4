"""A lock that several processes respect."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _acquire(descriptor: int) -> None:
        while True:
            try:
                return msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except PermissionError:
                time.sleep(0.1)
else:
    import fcntl

    def _acquire(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock named by the file `path` (created, and left there), waiting for whoever holds it.

    The system releases the lock when the process ends, however it ends.

    Raises:
        OSError: the file cannot be made or locked.
    """
    # Removing the file would let a newcomer lock a second one of the same name, so it stays.
    with path.open("ab") as handle:
        _acquire(handle.fileno())
        yield
