"""Serves a studio until it is told to stop."""

import contextlib
import errno
import socket
import sys
import threading
import webbrowser
from pathlib import Path
from types import FrameType

import uvicorn

from duckrabbit.errors import UsageError
from duckrabbit.studio.app import LazyApi, build_app
from duckrabbit.studio.guard import MANY_ADDRESSES
from duckrabbit.studio.settings import Settings

BACKLOG = 512
GOODBYE_SECONDS = 2


class _Server(uvicorn.Server):
    """Ends the streams that pages follow when it is told to stop: they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, api: LazyApi) -> None:
        super().__init__(config)
        self._api = api

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._api.end_streams()
        super().handle_exit(sig, frame)


def serve(settings: Settings, listening: socket.socket, opens_browser: bool) -> None:
    """Serve on a socket that listens, until Ctrl-C.

    Args:
        settings: where things are.
        listening: from `listen`.
        opens_browser: whether the page is shown at once.
    """
    api = LazyApi(settings)
    config = uvicorn.Config(
        build_app(settings, api),
        log_level="warning",
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
        ws="none",
    )
    server = _Server(config, api)
    where = address(settings)
    print(f"the studio is at {where} (pictures in {settings.out}; Ctrl-C stops it)", file=sys.stderr, flush=True)
    print(where, flush=True)
    if opens_browser:
        threading.Timer(0.3, webbrowser.open, (where,)).start()
    # The server has shut down in good order by then, and raises the signal again.
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])


def listen(host: str, port: int | None, first: int, tries: int = 20) -> tuple[socket.socket, int]:
    """A socket that listens: at a port, or at the first free one from `first` on.

    Raises:
        UsageError: if the port is taken or may not be used, or the host is not this machine's.
    """
    problem: OSError | UnicodeError | None = None
    for candidate in [port] if port is not None else range(first, first + tries):
        try:
            return _bound(host, candidate), candidate
        except UnicodeError as error:
            problem = error
            break
        except OSError as error:
            problem = error
            if error.errno != errno.EADDRINUSE:
                break
    reason = problem.strerror if isinstance(problem, OSError) else "that is no host's name"
    where = f"{host}:{port}" if port is not None else host
    raise UsageError(f"The studio can't listen at {where} ({reason}): give another --host or --port.")


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(place)
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


def address(settings: Settings) -> str:
    """What to type into a browser, token and all."""
    host = "127.0.0.1" if settings.host in MANY_ADDRESSES else settings.host
    shown = f"[{host}]" if ":" in host else host
    token = f"?token={settings.token}" if settings.token else ""
    return f"http://{shown}:{settings.port}/{token}"


def in_use(private: Path) -> bool:
    """Whether another studio has this folder open; until this process ends it is this one's.

    Raises:
        UsageError: if the folder can't be written to.
    """
    try:
        import fcntl
    except ImportError:
        return False
    try:
        private.mkdir(parents=True, exist_ok=True)
        handle = (private / "lock").open("ab")
    except OSError as error:
        raise UsageError(f"Cannot write to {private} ({error.strerror}): give another folder with --out.") from error
    try:
        fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return True
    _held.append(handle)
    return False


_held: list[object] = []
"""Locks are held for as long as their files are open."""
