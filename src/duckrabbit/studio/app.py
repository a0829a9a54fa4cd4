"""The application: the page at once, and the API as soon as it is there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from duckrabbit.studio.guard import Guard
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
