"""The API as an application: its routes, and what is said when something goes wrong.

It is imported after the page is up: everything here needs torch, which takes its time.
"""

import torch
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from duckrabbit.errors import UsageError
from duckrabbit.studio.answers import Refusal, answer, refused
from duckrabbit.studio.core import Studio
from duckrabbit.studio.openapi import document
from duckrabbit.studio.routes import ENDPOINTS


def build_api(studio: Studio) -> Starlette:
    """The API of a studio."""
    # What is left to this process is small; several threads would wait for the cores on which the model works.
    torch.set_num_threads(1)
    described = document()

    async def openapi(request: Request) -> Response:  # noqa: ARG001
        return answer(described)

    routes = [
        Route("/openapi.json", openapi),
        *(Route(endpoint.path, endpoint.handler, methods=[endpoint.method]) for endpoint in ENDPOINTS),
    ]
    handlers = {
        Refusal: _on_refusal,
        UsageError: _on_usage_error,
        HTTPException: _on_http_exception,
        OSError: _on_os_error,
    }
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.state.studio = studio
    return app


async def _on_refusal(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, Refusal)
    return refused(error)


async def _on_usage_error(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return refused(Refusal(400, str(error)))


async def _on_http_exception(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, HTTPException)
    sentences = {
        404: "There is nothing at this address: see /openapi.json.",
        405: "This address takes no such method: see /openapi.json.",
    }
    problem = sentences.get(error.status_code, error.detail)
    return answer({"problem": problem}, error.status_code, error.headers)


async def _on_os_error(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, OSError)
    return refused(Refusal(404, f"A file can't be read ({error.strerror or 'it is not there'}): it may have gone."))
