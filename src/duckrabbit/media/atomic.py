"""Write a file whole or not at all."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from duckrabbit.errors import UsageError

# Errors that are the disk's, not the program's, when they come up while the content is being written.
FULL_DISK = frozenset(getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS") if hasattr(errno, name))


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; when the block ends well, its file replaces `path` at once.

    The temporary file exists, is empty, and has the suffix of `path`; the folder is made if need be. Whatever
    ends the block early, Ctrl-C too, removes the temporary file and leaves `path` as it was.

    Raises:
        UsageError: `path` is a folder, its folder cannot be written to, or the disk is full.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder and a file was to be written there: give the name of a file.")
    temporary = path.with_name(f".{secrets.token_hex(8)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Mode 0o666 less the umask, as for any new file; tempfile would make it private.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        try:
            yield temporary
        except OSError as error:
            if error.errno in FULL_DISK:
                raise cannot_write(path, error) from error
            raise
        _publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Refuse a folder in which nothing can be written, or that can't be made, before there is anything to write.

    Only an attempt tells: permissions don't bind everyone, and file systems may be read-only.

    Raises:
        UsageError: it is so.
    """
    try:
        there = next((place for place in (folder, *folder.absolute().parents) if place.exists()), folder)
        attempt = there / f".{secrets.token_hex(8)}"
        os.close(os.open(attempt, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        attempt.unlink()
    except OSError as error:
        raise cannot_write(folder, error) from error


def cannot_write(path: Path, error: OSError) -> UsageError:
    """The sentence for a file that cannot be written."""
    return UsageError(
        f"Cannot write {path} ({error.strerror or error}): expected a writable folder with room in it, "
        "so choose another place or make room."
    )


def _publish(temporary: Path, path: Path) -> None:
    try:
        # The bytes reach the disk before the name does: a power cut leaves the old file or the new one.
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
