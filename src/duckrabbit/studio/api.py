"""The API as an application: its routes, what is said when something goes wrong, and the OpenAPI document of it all.

It is imported after the page is up: everything here needs torch, which takes its time.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import torch
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from duckrabbit.errors import UsageError
from duckrabbit.studio.bodies import BODIES, Job, Problem
from duckrabbit.studio.core import Studio
from duckrabbit.studio.routes import ENDPOINTS, Endpoint
from duckrabbit.studio.web import Refusal, answer, refused
from duckrabbit.version import VERSION

ABOUT = """Make pictures, anagrams, hybrids and edits, follow them as they come about, and fetch them.

Submit a job with POST /api/jobs, follow it with GET /api/jobs/{job}/events (or ask for /api/jobs/{job} now and then),
and fetch each of its `pictures` from /api/pictures/{picture}/file. A recipe is what pictures remember: the job that
makes a picture again is the `job` of /api/pictures/{picture}."""

_REASONS = {
    400: "it can't be done, and why",
    401: "the token is missing",
    403: "another page asked",
    404: "there is no such thing",
    408: "the body was too slow",
    409: "it can't be done now",
    413: "the body is too large",
    415: "the body is no JSON",
    421: "another host was asked",
    422: "a value does not fit",
    429: "too much at once",
    503: "the model is not there",
}
_ALWAYS = (401, 403, 421)
_REFERENCE = "#/components/schemas/{name}"


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


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "duckrabbit studio", "version": VERSION, "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _schemas() -> dict[str, Any]:
    """Every body and answer by its name."""
    shown, schemas = msgspec.json.schema_components([*BODIES.values(), Job, Problem], ref_template=_REFERENCE)
    unions = {name: schema for name, schema in zip(BODIES, shown, strict=False) if "$ref" not in schema}
    return {**schemas, **unions}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name=name)}


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    inside = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1, "maxLength": 100}}
        for name in re.findall(r"\{(\w+)\}", endpoint.path)
    ]
    query = [
        {"name": p.name, "in": "query", "required": p.required, "schema": dict(p.schema), "description": p.what}
        for p in endpoint.query
    ]
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.what,
        "parameters": [*inside, *query],
        "responses": {
            str(endpoint.good): {"description": endpoint.what, "content": {endpoint.gives: _content(endpoint)}},
            **{
                str(status): {
                    "description": _REASONS[status],
                    "content": {"application/json": {"schema": _reference("Problem")}},
                }
                for status in sorted({*endpoint.refuses, *_ALWAYS})
            },
        },
    }
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _reference(endpoint.body)}},
        }
    if endpoint.takes_picture:
        binary = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": binary}}
    return operation


def _content(endpoint: Endpoint) -> Mapping[str, Any]:
    if endpoint.gives != "application/json":
        return {}
    return {"schema": _reference("Job") if endpoint.path in ("/api/jobs/{job}",) else {"type": "object"}}
