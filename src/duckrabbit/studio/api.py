"""The API as an application: its addresses, what is said when something goes wrong, and its OpenAPI document.

It is imported after the page is up: everything here needs torch, which takes its time.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import torch
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from duckrabbit.errors import UsageError, in_words
from duckrabbit.studio import api_finds, api_jobs, api_models, api_pictures, api_share, api_wall
from duckrabbit.studio.bodies import BODIES, Job, Problem
from duckrabbit.studio.core import Studio
from duckrabbit.studio.settings import MAX_DIGITS, MAX_PROMPT, MAX_SIDE
from duckrabbit.studio.web import Refusal, answer, refused
from duckrabbit.version import VERSION

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Parameter:
    """A parameter in the query."""

    name: str
    schema: Mapping[str, Any]
    what: str
    required: bool = False


@dataclass(frozen=True)
class Endpoint:
    """An address and a method.

    Attributes:
        method: GET, POST …
        path: with parameters in braces.
        handler: what serves it.
        what: one line.
        good: the status of success.
        gives: the media type of the answer.
        query: its parameters.
        body: the name in `bodies.BODIES` of its JSON body; None for none.
        takes_picture: whether its body is a picture's bytes.
        refuses: the other statuses it may answer with.
    """

    method: str
    path: str
    handler: Handler
    what: str
    good: int = 200
    gives: str = "application/json"
    query: Sequence[Parameter] = ()
    body: str | None = None
    takes_picture: bool = False
    refuses: Sequence[int] = ()


def _text(length: int) -> Mapping[str, Any]:
    return {"type": "string", "maxLength": length}


_MODEL = Parameter("model", _text(300), "a name in the list of models")
_DOWNLOAD = Parameter("download", {"type": "string", "enum": ["true"]}, "as a file to keep")
_SIZE = Parameter("size", {"type": "integer", "minimum": 4, "maximum": min(256, MAX_SIDE)}, "side of the picture")
_TITLE = Parameter("title", _text(80), "above the picture")
_HINT = Parameter("hint", _text(200), "below the title")
_BODY = (400, 408, 413, 415, 422)

ENDPOINTS: Sequence[Endpoint] = (
    Endpoint("GET", "/api/studio", api_models.overview, "the models, views, hybrids and pictures there are"),
    Endpoint("GET", "/api/events", api_jobs.follow, "what happens, as server-sent events", gives="text/event-stream",
             refuses=(429,)),
    Endpoint("GET", "/api/words", api_models.words, "what a model can be asked for", query=(_MODEL,), refuses=(404,)),
    Endpoint("GET", "/api/reading", api_models.read_prompt, "how a model reads a prompt", refuses=(404, 422),
             query=(_MODEL, Parameter("prompt", _text(MAX_PROMPT), "as it is typed"))),
    Endpoint("GET", "/api/row", api_models.read_row, "what a row of digits reads as through a view",
             refuses=(400, 422, 429), query=(Parameter("digits", _text(MAX_DIGITS), "such as 6089", True),
             Parameter("view", _text(100), "rotate-180, flip, mirror or negate, or several joined by +", True))),
    Endpoint("GET", "/api/motion", api_models.view_motion, "how a view moves, piece by piece", refuses=(400, 422, 429),
             query=(Parameter("view", _text(100), "such as jigsaw:3 or flip+negate", True), _SIZE)),
    Endpoint("POST", "/api/lessons", api_models.lesson, "how it works, with a picture of one's own",
             body="LessonRequest", refuses=(*_BODY, 404, 503)),
    Endpoint("GET", "/api/jobs", api_jobs.jobs, "all jobs in their order"),
    Endpoint("POST", "/api/jobs", api_jobs.submit, "submit a job", 202, body="JobRequest", refuses=(*_BODY, 404, 429)),
    Endpoint("POST", "/api/live", api_jobs.live, "one picture of a job at once, shown and not kept", body="JobRequest",
             refuses=(*_BODY, 404, 503)),
    Endpoint("GET", "/api/jobs/{job}", api_jobs.job, "one job, and what was asked for", refuses=(404,)),
    Endpoint("DELETE", "/api/jobs/{job}", api_jobs.cancel, "cancel a job, or speak no more of one that came to nothing",
             refuses=(404, 409)),
    Endpoint("POST", "/api/jobs/{job}/place", api_jobs.place, "let a waiting job go before another",
             body="Place", refuses=(*_BODY, 404, 409)),
    Endpoint("GET", "/api/jobs/{job}/events", api_jobs.follow_job, "what happens to a job, until it is over",
             gives="text/event-stream", refuses=(404, 429)),
    Endpoint("GET", "/api/pictures", api_pictures.gallery, "the gallery, the newest first", refuses=(422,), query=(
             Parameter("search", _text(200), "words that must be in it"),
             Parameter("verb", _text(40), "those of a recipe alone"),
             Parameter("favourites", {"type": "string", "enum": ["true", "false"]}, "favourites alone"),
             Parameter("cursor", _text(2000), "the `next` of an earlier answer: the pictures after those"),
             Parameter("offset", {"type": "integer", "minimum": 0, "maximum": 10**8}, "how many to skip"),
             Parameter("limit", {"type": "integer", "minimum": 1, "maximum": 200}, "how many to give"))),
    Endpoint("GET", "/api/pictures/{picture}", api_pictures.picture, "a picture, and the job that makes it again",
             refuses=(400, 404)),
    Endpoint("DELETE", "/api/pictures/{picture}", api_pictures.delete, "put a picture into the trash",
             refuses=(400, 404)),
    Endpoint("POST", "/api/pictures/{picture}/restore", api_pictures.restore, "take a picture out of the trash",
             refuses=(400, 404)),
    Endpoint("GET", "/api/trash", api_pictures.trash, "what was thrown away, the latest first"),
    Endpoint("DELETE", "/api/trash", api_pictures.empty_trash, "throw it away for good", refuses=(400,)),
    Endpoint("GET", "/api/trash/{picture}/file", api_pictures.trash_file, "a picture in the trash", gives="image/png",
             refuses=(404,)),
    Endpoint("PUT", "/api/pictures/{picture}/favourite", api_pictures.favour, "make a picture a favourite, or not",
             body="Favourite", refuses=(*_BODY, 404)),
    Endpoint("GET", "/api/pictures/{picture}/file", api_pictures.picture_file, "the PNG, to keep without its sources",
             gives="image/png", query=(_DOWNLOAD,), refuses=(400, 404)),
    Endpoint("GET", "/api/pictures/{picture}/animation", api_pictures.animation, "the picture in motion",
             gives="image/gif", refuses=(400, 404, 422, 429, 503), query=(_DOWNLOAD,
             Parameter("format", {"type": "string", "enum": ["gif", "webp", "mp4"]}, "of the file"))),
    Endpoint("GET", "/api/pictures/{picture}/page", api_share.page, "one HTML file with the viewer in it",
             gives="text/html", query=(_DOWNLOAD, _TITLE, _HINT), refuses=(400, 404, 429)),
    Endpoint("GET", "/api/pictures/{picture}/card", api_share.share_card, "a card of 1080 × 1350 with its readings",
             gives="image/png", query=(_DOWNLOAD, _TITLE, _HINT), refuses=(400, 404, 429)),
    Endpoint("GET", "/api/pictures/{picture}/print", api_share.print_out, "enlarged for print, every view kept",
             gives="image/png", refuses=(400, 404, 422, 429), query=(_DOWNLOAD,
             Parameter("format", {"type": "string", "enum": ["png", "pdf", "svg"]}, "of the file"),
             Parameter("millimetres", {"type": "integer", "minimum": 10, "maximum": 2000}, "its side on paper"),
             Parameter("cuts", {"type": "string", "enum": ["true", "false"]}, "with the lines to cut a jigsaw by"))),
    Endpoint("POST", "/api/pictures/{picture}/paste", api_pictures.paste_back, "a painted part back into its photo",
             201, takes_picture=True, refuses=(400, 404, 408, 413, 429)),
    Endpoint("POST", "/api/sources", api_pictures.take, "a picture or mask made ready for a recipe",
             takes_picture=True, refuses=(400, 404, 408, 413, 422, 429), query=(_MODEL,
             Parameter("name", _text(200), "what it is called"),
             Parameter("as", {"type": "string", "enum": ["picture", "mask"]}, "a mask is white where to paint"),
             Parameter("crop", _text(60), "which square: centre, left, right, top, bottom, pad or X0,Y0,X1,Y1"))),
    Endpoint("POST", "/api/readings", api_pictures.readings, "what a judge reads in any picture", takes_picture=True,
             refuses=(400, 404, 408, 413, 429), query=(_MODEL, Parameter("name", _text(200), "what it is called"))),
    Endpoint("GET", "/api/sources", api_pictures.shipped, "a picture of the package made ready for a recipe",
             query=(_MODEL, Parameter("name", _text(100), "photo:tower, sketch:boat, mnist:test/7 …", True)),
             refuses=(400, 404, 429)),
    Endpoint("GET", "/api/shipped", api_pictures.shipped_file, "a picture of the package", gives="image/jpeg",
             query=(Parameter("name", _text(100), "photo:tower, sketch:boat …", True),), refuses=(400,)),
    Endpoint("GET", "/api/wall", api_wall.hanging, "illusions to start from, each with the job that makes it"),
    Endpoint("GET", "/api/wall/{picture}/file", api_wall.hanging_file, "one of them", gives="image/webp",
             refuses=(404,)),
    Endpoint("GET", "/api/surprise", api_wall.surprising, "a pair that works, as a job", refuses=(404, 422),
             query=(Parameter("verb", _text(40), "anagram or hybrid", True),)),
    Endpoint("GET", "/api/find", api_finds.wall, "the pairs that were found, the best first"),
    Endpoint("POST", "/api/find", api_finds.find, "look for pairs of subjects that work", 202, body="FindRequest",
             refuses=(*_BODY, 404)),
    Endpoint("DELETE", "/api/find", api_finds.stop_finding, "look no further"),
    Endpoint("GET", "/api/find/{tile}", api_finds.tile, "the job that makes a found picture again", refuses=(400, 404)),
    Endpoint("GET", "/api/find/{tile}/file", api_finds.tile_file, "a found picture", gives="image/png",
             refuses=(404,)),
    Endpoint("POST", "/api/find/{tile}/keep", api_finds.keep_tile, "keep a found picture in the gallery", 201,
             refuses=(400, 404)),
    Endpoint("GET", "/api/runs", api_models.runs, "the training runs"),
    Endpoint("POST", "/api/runs", api_models.start, "train a digit model", 202, body="RunRequest",
             refuses=(*_BODY, 409)),
    Endpoint("GET", "/api/runs/{run}", api_models.run, "a run with its loss curve", refuses=(404,)),
    Endpoint("POST", "/api/runs/{run}/resume", api_models.resume, "go on with a run", 202, refuses=(404, 409)),
    Endpoint("POST", "/api/runs/{run}/stop", api_models.stop, "stop a run; what it has learned is kept", 202,
             refuses=(409,)),
    Endpoint("GET", "/api/runs/{run}/samples/{file}", api_models.samples, "what a run made after an epoch",
             gives="image/png", refuses=(404,)),
)  # fmt: skip
"""All of them."""

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
    return refused(Refusal(400, in_words(error)))


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
