"""Who does the work: threads what takes a moment, and the model process what takes longer, one job at a time."""

import asyncio
import itertools
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, TypeVarTuple

from duckrabbit.errors import UsageError, in_words
from duckrabbit.studio.settings import MAX_SLOW
from duckrabbit.studio.web import Refusal

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

QUICK_THREADS, SLOW_THREADS = 4, 1
MAX_LINE = 64 << 20
QUESTION_SECONDS = 120.0
RESTART_SECONDS = 1.0

Heard = Callable[[Mapping[str, Any]], Awaitable[None]]


class ThreadPools:
    """Two lines: quick things (a disk, a list) that are always taken, and slow ones of which only so many wait."""

    def __init__(self) -> None:
        self._quick = ThreadPoolExecutor(QUICK_THREADS, "quick")
        self._slow = ThreadPoolExecutor(SLOW_THREADS, "slow")
        self._count = 0

    async def quick(self, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Do something that takes milliseconds.

        Raises:
            Refusal: 400 with the sentence of a `UsageError`.
        """
        return await self._run(self._quick, work, *arguments)

    async def slow(self, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """Do something that takes up to seconds.

        Raises:
            Refusal: 429 where too much of it waits, 400 with the sentence of a `UsageError`.
        """
        if self._count >= MAX_SLOW:
            raise Refusal(429, "Too much is asked for at once: wait a moment, then try again.", {"Retry-After": "2"})
        self._count += 1
        try:
            return await self._run(self._slow, work, *arguments)
        finally:
            self._count -= 1

    async def _run(self, pool: ThreadPoolExecutor, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)
        except UsageError as error:
            raise Refusal(400, in_words(error)) from None

    def close(self) -> None:
        """Take nothing more."""
        self._quick.shutdown(wait=False, cancel_futures=True)
        self._slow.shutdown(wait=False, cancel_futures=True)


class ModelProcess:
    """The model process, started anew whenever it dies.

    Args:
        heard: is told every event but the answers to questions; {"says": "gone"} when the process has died.
        judge: as in `Settings`.
    """

    def __init__(self, heard: Heard, judge: str | None = None) -> None:
        self._heard, self._judge = heard, judge
        self._process: asyncio.subprocess.Process | None = None
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._task: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()

    def start(self) -> None:
        """Start the process, and keep it running."""
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End the process: its input ends, and so it does, even in the middle of a step."""
        if self._task is not None:
            self._task.cancel()
        process = self._process
        if process is not None and process.returncode is None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                async with asyncio.timeout(3):
                    await process.wait()
            except TimeoutError:
                process.kill()

    async def tell(self, command: Mapping[str, Any]) -> None:
        """Give a command."""
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.write(json.dumps(command).encode() + b"\n")
            await process.stdin.drain()
        except (ConnectionError, RuntimeError):
            # It has just died; that is told as soon as its output ends.
            return

    async def ask(self, question: Mapping[str, Any]) -> Any:
        """Ask a question, which is answered between two steps of what is being made.

        Raises:
            Refusal: 400 where it can't be answered, 503 where nobody does.
        """
        number = next(self._numbers)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        try:
            async with asyncio.timeout(QUESTION_SECONDS):
                await self.ready.wait()
                await self.tell({**question, "ask": number})
                return await future
        except TimeoutError:
            raise Refusal(503, "The model is too busy to answer: try again later.") from None
        finally:
            self._asked.pop(number, None)

    async def _keep(self) -> None:
        while True:
            # Threads that spin while they wait take the cores that the page, the browser and others need.
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "duckrabbit.studio.worker", *([self._judge] if self._judge else []),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=MAX_LINE,
                env={"OMP_WAIT_POLICY": "passive", **os.environ},
                start_new_session=True,
            )  # fmt: skip
            assert self._process.stdout is not None
            while line := await self._process.stdout.readline():
                await self._hear(json.loads(line))
            self.ready.clear()
            await self._process.wait()
            for future in self._asked.values():
                if not future.done():
                    future.set_exception(Refusal(503, "The model process has ended: try again in a moment."))
            await self._heard({"says": "gone"})
            await asyncio.sleep(RESTART_SECONDS)

    async def _hear(self, event: Mapping[str, Any]) -> None:
        if event["says"] == "ready":
            self.ready.set()
        elif event["says"] != "answer":
            await self._heard(event)
        else:
            self._answered(event)

    def _answered(self, event: Mapping[str, Any]) -> None:
        future = self._asked.get(event["ask"])
        if future is None or future.done():
            return
        if "problem" in event:
            future.set_exception(Refusal(400, event["problem"]))
        else:
            future.set_result(event["answer"])
