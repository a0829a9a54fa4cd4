"""From the body of a request to a value that can be trusted: limited in size and time, and checked."""

import asyncio
import json
from typing import Any

from starlette.requests import ClientDisconnect, Request

from duckrabbit.studio.answers import Refusal
from duckrabbit.studio.limits import MAX_JSON_BYTES, READING_SECONDS
from duckrabbit.studio.schema import problem_with
from duckrabbit.studio.schemas import SCHEMAS


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


async def json_of(request: Request, schema: str) -> Any:
    """The body as JSON that fits the schema of this name.

    Raises:
        Refusal: 415 unless it is said to be JSON, 400 where it is none, 422 where it does not fit.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(415, "The body must be JSON: send it with Content-Type: application/json.")
    body = await body_of(request, MAX_JSON_BYTES)
    try:
        value = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is no JSON: send an object as /openapi.json describes it.") from None
    problem = problem_with(value, SCHEMAS[schema], SCHEMAS)
    if problem is not None:
        raise Refusal(422, f"{problem[:1].upper()}{problem[1:500]}: see {schema} in /openapi.json.")
    return value


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


def _no_number(name: str) -> Any:
    raise ValueError(name)
