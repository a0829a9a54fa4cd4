"""Serves a studio until it is told to stop: the page at once, and the API as soon as it is there."""

import asyncio
import errno
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from importlib.resources import as_file, files
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from duckrabbit.errors import UsageError
from duckrabbit.studio.guard import MANY_ADDRESSES, Guard
from duckrabbit.studio.settings import Settings
from duckrabbit.studio.web import Refusal, refused

if TYPE_CHECKING:
    from duckrabbit.studio.core import Studio

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


class LazyApi:
    """The API, which is imported and opened while the page comes up; a request waits for it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening: asyncio.Task[ASGIApp] | None = None
        self.studio: Studio | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        assert self._opening is not None
        app = await asyncio.shield(self._opening)
        await app(scope, receive, send)

    def open(self) -> None:
        """Begin."""
        self._opening = asyncio.create_task(self._open())

    async def close(self) -> None:
        """End all that was begun."""
        if self._opening is not None and not self._opening.done():
            self._opening.cancel()
        if self.studio is not None:
            await self.studio.close()

    def end_streams(self) -> None:
        """End what never ends by itself."""
        if self.studio is not None:
            self.studio.events.end()

    async def _open(self) -> ASGIApp:
        core = await asyncio.to_thread(import_module, "duckrabbit.studio.core")
        self.studio = studio = core.Studio(self._settings)
        # The model process starts while the rest is imported.
        await studio.open()
        api = await asyncio.to_thread(import_module, "duckrabbit.studio.api")
        app: ASGIApp = api.build_api(studio)
        return app


def build_app(settings: Settings, api: LazyApi) -> ASGIApp:
    """The studio as an ASGI application."""
    assets = _assets()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001
        api.open()
        try:
            yield
        finally:
            await api.close()

    def asset(name: str, request: Request) -> Response:
        # Only what was found when the studio started: a path from outside never touches the disk.
        if name not in assets:
            return refused(Refusal(404, "There is no such page: open the studio's own."))
        content, kind, tag = assets[name]
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=kind, headers=headers)

    async def page(request: Request) -> Response:
        return asset("index.html", request)

    async def favicon(request: Request) -> Response:
        return asset("icon.svg", request)

    async def static(request: Request) -> Response:
        return asset(request.path_params["path"], request)

    routes = [
        Route("/", page),
        Route("/favicon.ico", favicon),
        Route("/static/{path:path}", static),
        Mount("/", api),
    ]
    return Guard(Starlette(routes=routes, lifespan=lifespan), settings)


def _assets() -> dict[str, tuple[bytes, str, str]]:
    """Every file of the page: its content, its kind and a tag that changes with it."""
    found = {}
    with as_file(files("duckrabbit.studio") / "static") as root:
        for path in sorted(Path(root).rglob("*")):
            if path.is_file() and path.suffix in KINDS:
                content = path.read_bytes()
                tag = f'"{len(content):x}-{hash(content) & 0xFFFFFFFFFFFF:x}"'
                found[path.relative_to(root).as_posix()] = (content, KINDS[path.suffix], tag)
    return found


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
    if settings.public:
        shown = ", ".join(f"{public.origin}/{_token(settings)}" for public in settings.public)
        print(
            f"it is also shown at {shown}: whoever reaches that can use the studio and delete everything in it, so "
            "let the proxy ask for a password.",
            file=sys.stderr,
            flush=True,
        )
    if opens_browser:
        threading.Timer(0.3, webbrowser.open, (where,)).start()
    # The server has shut down in good order by then, and raises the signal again.
    with suppress(KeyboardInterrupt):
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
    return f"http://{shown}:{settings.port}/{_token(settings)}"


def _token(settings: Settings) -> str:
    return f"?token={settings.token}" if settings.token else ""


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
