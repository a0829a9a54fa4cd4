"""The OpenAPI document, made of the table of endpoints and the schemas that bodies are checked against."""

import re
from collections.abc import Mapping
from typing import Any

from duckrabbit.studio.routes import ENDPOINTS, Endpoint
from duckrabbit.studio.schemas import SCHEMAS, ref
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


def document() -> dict[str, Any]:
    """The document."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "duckrabbit studio", "version": VERSION, "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


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
                    "content": {"application/json": {"schema": ref("Problem")}},
                }
                for status in sorted({*endpoint.refuses, *_ALWAYS})
            },
        },
    }
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": ref(endpoint.body)}}}
    if endpoint.takes_picture:
        binary = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": binary}}
    return operation


def _content(endpoint: Endpoint) -> Mapping[str, Any]:
    if endpoint.gives != "application/json":
        return {}
    return {"schema": ref("Job") if endpoint.path in ("/api/jobs/{job}",) else {"type": "object"}}
