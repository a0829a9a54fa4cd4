"""Answers in JSON, and the one way in which a request is refused."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response


class Refusal(Exception):
    """A request that can't be served: an HTTP status, and one sentence that says why and what to do."""

    def __init__(self, status: int, problem: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem
        self.headers = dict(headers or {})


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON."""
    body = json.dumps(content, separators=(",", ":"), default=msgspec.to_builtins).encode()
    return Response(body, status, headers, "application/json")


def refused(refusal: Refusal) -> Response:
    """A refusal as JSON."""
    return answer({"problem": refusal.problem}, refusal.status, refusal.headers)
