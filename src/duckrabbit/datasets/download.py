"""Download one file whose size and checksum are known: several mirrors, resumable, never half there."""

import hashlib
import os
import re
import time
from collections.abc import Callable, Sequence
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from duckrabbit.datasets.lock import exclusive
from duckrabbit.errors import UsageError

ATTEMPTS = 5
PAUSE_SECONDS = 0.5
TIMEOUT_SECONDS = 30.0
BLOCK_BYTES = 1 << 16


class _RetryError(Exception):
    """This attempt failed; the same mirror deserves another."""


class _MirrorError(Exception):
    """This mirror will not do."""


def download(urls: Sequence[str], target: Path, sha256: str, size: int) -> None:
    """Make `target` the file of `size` bytes with checksum `sha256`, from the first of `urls` that has it.

    Does nothing when it is there already. An interrupted download stays beside it as `NAME.part` and is
    resumed, by the next attempt or the next run. Progress is shown on standard error. Processes that want
    the same file take turns, and the later ones find it there.

    Args:
        urls: http, https or file URLs of the same file, best first.
        target: where the file belongs; its folder is made if need be.
        sha256: the expected checksum, 64 hexadecimal digits.
        size: the expected size in bytes.

    Raises:
        UsageError: no mirror has the file, or the folder cannot be written to.
    """
    try:
        if _is_wanted(target, sha256, size):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(target.with_name(f"{target.name}.lock")):
            # Another process may have finished while this one waited.
            if not _is_wanted(target, sha256, size):
                _download_from_any(urls, target, sha256, size)
    except OSError as error:
        raise UsageError(
            f"Cannot write {target} ({error.strerror or error}): free some space or allow writing there, "
            "or set DUCKRABBIT_CACHE to another folder."
        ) from error


def _download_from_any(urls: Sequence[str], target: Path, sha256: str, size: int) -> None:
    part = target.with_name(f"{target.name}.part")
    failures: list[str] = []
    with _progress() as progress:
        task = progress.add_task(target.name, total=size)
        for url in urls:
            try:
                _download_from(url, part, sha256, size, lambda done: progress.update(task, completed=done))
            except _MirrorError as refusal:
                failures.append(f"{url}: {refusal}")
            else:
                os.replace(part, target)
                return
    raise UsageError(
        f"Could not download {target.name} ({'; '.join(failures)}): check the connection and run the command "
        f"again, or put a file named {target.name} with {size} bytes and SHA-256 {sha256} into {target.parent} "
        "by hand."
    )


def _download_from(url: str, part: Path, sha256: str, size: int, report: Callable[[int], None]) -> None:
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
        resuming = _length(part) > 0
        try:
            _fetch(url, part, size, report)
        except _RetryError as interruption:
            reason = str(interruption)
            continue
        if _is_wanted(part, sha256, size):
            return
        part.unlink()
        reason = "it has a different checksum"
        # The bytes resumed from may be to blame; only a whole download convicts the mirror.
        if not resuming:
            raise _MirrorError(reason)
    raise _MirrorError(f"{reason} ({ATTEMPTS} attempts)")


def _fetch(url: str, part: Path, size: int, report: Callable[[int], None]) -> None:
    """Append what is missing of `part`, or all of it where the server cannot resume."""
    if _length(part) > size:
        part.unlink()
    start = _length(part)
    if start == size:
        return
    with _open(url, part, start) as response:
        received = _offset(response, part, start, size)
        with part.open("ab") as handle:
            handle.truncate(received)
            report(received)
            # One byte more than expected is asked for, so that a longer file is noticed.
            while received <= size and (block := _read(response, min(BLOCK_BYTES, size + 1 - received))):
                handle.write(block)
                received += len(block)
                report(received)
    if received > size:
        part.unlink()
        raise _MirrorError(f"it sends more than the expected {size} bytes")
    if received < size:
        raise _RetryError(f"the connection ended after {received} of {size} bytes")


def _open(url: str, part: Path, start: int) -> HTTPResponse:
    headers = {"User-Agent": "duckrabbit", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response: HTTPResponse = urlopen(Request(url, headers=headers), timeout=TIMEOUT_SECONDS)
    except HTTPError as error:
        if error.code == 416:
            part.unlink()
            raise _RetryError("the server cannot resume where the download stopped") from error
        kind = _RetryError if error.code >= 500 or error.code in {408, 429} else _MirrorError
        raise kind(f"the server answers {error.code} {error.reason}") from error
    except URLError as error:
        kind = _RetryError if isinstance(error.reason, TimeoutError) else _MirrorError
        raise kind(str(error.reason)) from error
    except (HTTPException, OSError) as error:
        raise _RetryError(str(error) or type(error).__name__) from error
    except ValueError as error:
        raise _MirrorError(f"not a usable URL ({error})") from error
    return response


def _offset(response: HTTPResponse, part: Path, start: int, size: int) -> int:
    """Where in the file the response begins: at `start`, or at 0 from a server that ignores Range."""
    if response.status != 206:
        length = response.headers["Content-Length"]
        if length is not None and length != str(size):
            raise _MirrorError(f"its file has {length} bytes, not {size}")
        return 0
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers["Content-Range"] or "")
    if found is None or int(found[1]) != start:
        part.unlink(missing_ok=True)
        raise _RetryError("the server sent another part of the file than was asked for")
    if found[2] not in {"*", str(size)}:
        raise _MirrorError(f"its file has {found[2]} bytes, not {size}")
    return start


def _read(response: HTTPResponse, count: int) -> bytes:
    try:
        return response.read1(count)
    except (HTTPException, OSError) as error:
        raise _RetryError(str(error) or type(error).__name__) from error


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _is_wanted(path: Path, sha256: str, size: int) -> bool:
    if not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest() == sha256


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
