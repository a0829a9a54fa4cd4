"""From the body of a request to a value that can be trusted, and back: answers in JSON, and the one way of refusing."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from duckrabbit.studio.settings import MAX_JSON_BYTES, READING_SECONDS


class Refusal(Exception):
    """A request that can't be served: an HTTP status, and one sentence that says why and what to do."""

    def __init__(self, status: int, problem: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem
        self.headers = dict(headers or {})


def as_json(content: Any) -> str:
    """A value, which may hold `msgspec.Struct`s, as JSON in a line."""
    return json.dumps(content, separators=(",", ":"), default=msgspec.to_builtins)


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON."""
    return Response(as_json(content), status, headers, "application/json")


def refused(refusal: Refusal) -> Response:
    """A refusal as JSON."""
    return answer({"problem": refusal.problem}, refusal.status, refusal.headers)


async def body_of(request: Request, limit: int) -> bytes:
    """The body, as long as it is no larger than `limit` and arrives in time.

    Raises:
        Refusal: 413 for a larger one, 408 for a slow one, 400 where the client left.
    """
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(READING_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError:
        raise Refusal(408, f"The body took longer than {READING_SECONDS:g} s to arrive: send it again.") from None
    except ClientDisconnect:
        raise Refusal(400, "The body was cut short: send it again.") from None
    return bytes(body)


async def json_of(request: Request, kind: Any, name: str | None = None) -> Any:
    """The body as a value of a type.

    Args:
        request: whose body is read.
        kind: a `msgspec.Struct`, or a union of them.
        name: what the type is called in the OpenAPI document; None for its own name.

    Raises:
        Refusal: 415 unless it is said to be JSON, 400 where it is none, 422 where it does not fit.
    """
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said != "application/json":
        raise Refusal(415, "The body must be JSON: send it with Content-Type: application/json.")
    body = await body_of(request, MAX_JSON_BYTES)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        place = where.replace("`$.", "").replace("`", "") or "The body"
        problem = f"{place} does not fit ({what[:1].lower()}{what[1:]})"
        raise Refusal(422, f"{problem[:500]}: see {name or kind.__name__} in /openapi.json.") from None
    except (msgspec.DecodeError, RecursionError):
        raise Refusal(400, "The body is no JSON: send an object as /openapi.json describes it.") from None


def number_of(request: Request, name: str, default: int, low: int, high: int) -> int:
    """A whole number in the query.

    Raises:
        Refusal: 422 for anything else.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and low <= int(text) <= high):
        raise Refusal(422, f"{name} must be a whole number from {low} to {high}.")
    return int(text)


def _too_large(limit: int) -> Refusal:
    return Refusal(413, f"The body is larger than {limit >> 20} MiB: send a smaller one.")
