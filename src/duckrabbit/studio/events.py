"""Events for whoever follows: each is the latest state of one thing, so that a slow reader skips what is past.

A follower keeps one event a topic at the most; what it has not read yet is replaced by what came after. Memory is
bounded by the number of topics, however slow a reader is.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from duckrabbit.studio.settings import MAX_STREAMS
from duckrabbit.studio.web import Refusal, as_json

BEAT_SECONDS = 15.0


class Follower:
    """One reader of events."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self._latest: dict[str, bytes] = {}
        self._news = asyncio.Event()
        self._over = False

    def tell(self, topic: str, event: bytes) -> None:
        """Replace what is known of a topic."""
        if topic.startswith(self._wanted):
            # At the end of the line again: order follows the latest news.
            self._latest.pop(topic, None)
            self._latest[topic] = event
            self._news.set()

    def end(self) -> None:
        """Let the reader have what there is, and then nothing more."""
        self._over = True
        self._news.set()

    async def events(self) -> AsyncIterator[bytes]:
        """What happens, as server-sent events; a comment now and then shows that the line is alive."""
        yield b"retry: 1000\n\n"
        while True:
            while self._latest:
                topic = next(iter(self._latest))
                yield self._latest.pop(topic)
            if self._over:
                return
            self._news.clear()
            try:
                async with asyncio.timeout(BEAT_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                yield b": alive\n\n"


class Events:
    """Everyone who follows."""

    def __init__(self) -> None:
        self._followers: set[Follower] = set()
        self._lasting: dict[str, bytes] = {}

    def tell(self, kind: str, topic: str, content: Any) -> None:
        """Tell all followers of a topic; its events replace one another."""
        self._pass_on(topic, _event(kind, content))

    def show(self, kind: str, topic: str, content: Any) -> None:
        """Tell all followers of a topic, and those who come later as well, until it is forgotten."""
        self._lasting[topic] = _event(kind, content)
        self._pass_on(topic, self._lasting[topic])

    def forget(self, topic: str) -> None:
        """Tell nobody more of what was shown."""
        self._lasting.pop(topic, None)

    def follow(self, wanted: str = "") -> Follower:
        """A new follower of the topics that begin so.

        Raises:
            Refusal: 429 where too many follow already.
        """
        if len(self._followers) >= MAX_STREAMS:
            raise Refusal(429, "Too many pages follow this studio: close some, then try again.", {"Retry-After": "5"})
        follower = Follower(wanted)
        self._followers.add(follower)
        for topic, event in self._lasting.items():
            follower.tell(topic, event)
        return follower

    @property
    def is_followed(self) -> bool:
        """Whether anyone follows."""
        return bool(self._followers)

    def leave(self, follower: Follower) -> None:
        """Forget a follower."""
        self._followers.discard(follower)

    def end(self) -> None:
        """End all streams."""
        for follower in self._followers:
            follower.end()

    def _pass_on(self, topic: str, event: bytes) -> None:
        for follower in self._followers:
            follower.tell(topic, event)


def _event(kind: str, content: Any) -> bytes:
    return f"event: {kind}\ndata: {as_json(content)}\n\n".encode()
