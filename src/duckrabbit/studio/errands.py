"""Work that needs a core for a moment, done in threads beside the event loop; a flood of it is refused."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from duckrabbit.errors import UsageError
from duckrabbit.studio.answers import Refusal
from duckrabbit.studio.limits import MAX_ERRANDS

P = ParamSpec("P")
T = TypeVar("T")

QUICK_THREADS, SLOW_THREADS = 4, 1


class Errands:
    """Two lines: quick things (a disk, a list) that are always taken, and slow ones of which only so many wait."""

    def __init__(self) -> None:
        self._quick = ThreadPoolExecutor(QUICK_THREADS, "quick")
        self._slow = ThreadPoolExecutor(SLOW_THREADS, "slow")
        self._count = 0

    async def quick(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Do something that takes milliseconds.

        Raises:
            Refusal: 400 with the sentence of a `UsageError`.
        """
        assert not named
        return await self._run(self._quick, work, *arguments)

    async def slow(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Do something that takes up to seconds.

        Raises:
            Refusal: 429 where too much of it waits, 400 with the sentence of a `UsageError`.
        """
        assert not named
        if self._count >= MAX_ERRANDS:
            raise Refusal(429, "Too much is asked for at once: wait a moment, then try again.", {"Retry-After": "2"})
        self._count += 1
        try:
            return await self._run(self._slow, work, *arguments)
        finally:
            self._count -= 1

    async def _run(self, pool: ThreadPoolExecutor, work: Callable[..., T], *arguments: object) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)
        except UsageError as error:
            raise Refusal(400, str(error)) from None

    def close(self) -> None:
        """Take nothing more."""
        self._quick.shutdown(wait=False, cancel_futures=True)
        self._slow.shutdown(wait=False, cancel_futures=True)
