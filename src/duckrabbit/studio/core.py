"""The studio itself: its queue, its gallery, its model process and its training runs, and how they hang together."""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from duckrabbit.media.atomic import atomic_write
from duckrabbit.studio.background import ModelProcess, ThreadPools
from duckrabbit.studio.bodies import FindRequest, Order
from duckrabbit.studio.events import Events
from duckrabbit.studio.finds import FOLDER, Wall
from duckrabbit.studio.gallery import Gallery
from duckrabbit.studio.jobs import Job, Queue, State, read_journal, write_journal
from duckrabbit.studio.settings import Settings
from duckrabbit.studio.training import Training
from duckrabbit.studio.web import Refusal

UNSEEN_SECONDS = 3600.0
PACES = "paces.json"

JOURNAL_SECONDS = 2.0
"""Between two tries to write the journal where the disk is full."""

GONE = "The model process ended in the middle of this, perhaps for lack of memory: try again, or ask for fewer."


class Studio:
    """What all requests share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.events = Events()
        self.pools = ThreadPools()
        self.gallery = Gallery(settings.out, settings.private)
        self.training = Training(settings.runs, self.events)
        self.model_process = ModelProcess(self._hear, settings.judge)
        self.queue = Queue(self._changed)
        self.notice: str | None = None
        self.wall: Wall | None = None
        self.paces: dict[str, float] = {}
        self._begun = 0.0
        self._looked = 0.0
        self._journal_due = asyncio.Event()
        self._work_due = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._making: Job | None = None
        self._loads: dict[str, str] = {}
        self._warmed: set[str] = set()

    async def open(self) -> None:
        """Start everything; the pictures are looked through and the models are loaded while the page comes up."""
        self.model_process.start()
        self.paces = await self.pools.quick(_read_paces, self.settings.private)
        # A page that comes back at once, and asks for a job that was lost, is told so.
        for identity, order in await self.pools.quick(read_journal, self.settings.private):
            self.queue.lost(identity, order)
        self._tasks = [asyncio.create_task(task) for task in (self._prepare(), self._keep_journal(), self._work())]

    async def close(self) -> None:
        """End everything: what waits stays in the journal."""
        self.events.end()
        for task in self._tasks:
            task.cancel()
        await self.model_process.stop()
        await self.training.close()
        self.pools.close()

    def submit(self, order: Order, load: str) -> Job:
        """Take a job; `load` is what the model process is to load for it.

        Raises:
            Refusal: 429 where too many wait.
        """
        job = self.queue.submit(order)
        self._loads[job.id] = load
        self._work_due.set()
        return job

    async def warm(self, load: str) -> None:
        """Have a model loaded once, before it is asked for: someone has opened the page."""
        if load not in self._warmed and not self.queue.unfinished():
            self._warmed.add(load)
            await self.model_process.tell({"do": "warm", "load": load})

    async def cancel(self, job: Job) -> None:
        """Take a job out of the line, or stop it before its next step; one that came to nothing is forgotten.

        Raises:
            Refusal: 409 where it was made, or cancelled already.
        """
        if job.state is State.WAITING:
            self.queue.end(job, State.CANCELLED)
        elif job.state is State.MAKING:
            await self.model_process.tell({"do": "cancel", "job": job.id})
        elif job.state in (State.FAILED, State.LOST):
            self.queue.forget(job)
            self.events.tell("forgotten", f"job:{job.id}", {"id": job.id})
        else:
            raise Refusal(409, "This job is over: there is nothing to cancel.")

    async def find(self, wanted: FindRequest, load: str) -> Wall:
        """Look for pairs while nothing else is to be made; `load` is what the model process is to load for it."""
        self.wall = Wall(secrets.token_hex(6), wanted, self.settings.private / FOLDER)
        self._looked = time.monotonic()
        await self.model_process.ready.wait()
        await self.model_process.tell(
            {
                "do": "find",
                "find": self.wall.id,
                "request": msgspec.to_builtins(wanted),
                "load": load,
                "folder": str(self.wall.root),
            }
        )
        self._tell_of_wall()
        return self.wall

    async def stop_finding(self) -> None:
        """Look no further; what was found stays on the wall."""
        if self.wall is not None and self.wall.state == "finding":
            self.wall.state = "stopped"
            await self.model_process.tell({"do": "find", "request": None})
            self._tell_of_wall()

    async def _stop_unseen(self, wall: Wall) -> None:
        """A search that nobody looks at does not warm the room for ever."""
        if self.events.is_followed:
            self._looked = time.monotonic()
        elif wall.state == "finding" and time.monotonic() - self._looked > UNSEEN_SECONDS:
            wall.problem = "Nobody has looked for an hour, so the search has stopped: Find goes on from here."
            await self.stop_finding()

    def _tell_of_wall(self) -> None:
        if self.wall is not None:
            self.events.tell("find", "find", self.wall.told())

    def say(self, notice: str | None) -> None:
        """Tell everyone what is wrong with the studio as a whole; None where nothing is any more."""
        if notice != self.notice:
            self.notice = notice
            self.events.tell("notice", "notice", {"notice": notice})

    def look(self) -> None:
        """Tell everyone that the gallery has changed."""
        self.events.tell("gallery", "gallery", {"revision": self.gallery.revision})

    async def _prepare(self) -> None:
        try:
            await self.pools.quick(self.gallery.open)
        except Refusal as refusal:
            self.say(refusal.problem)
        self.look()

    async def _work(self) -> None:
        """Give the model process one job after another."""
        while True:
            await self._work_due.wait()
            await self.model_process.ready.wait()
            self._work_due.clear()
            if self._making is None and (job := self.queue.next()) is not None:
                self._making = job
                await self.model_process.tell(
                    {
                        "do": "make",
                        "job": job.id,
                        "request": job.order.to_json(),
                        "load": self._loads.pop(job.id),
                        "out": str(self.settings.out),
                    }
                )

    async def _hear(self, event: Mapping[str, Any]) -> None:
        """What the model process says."""
        job = self._making
        wall = self.wall
        if wall is not None and event["says"] == "find" and event["find"] == wall.id:
            wall.hear(event)
            self._tell_of_wall()
            await self._stop_unseen(wall)
        if wall is not None and event["says"] == "gone" and wall.state == "finding":
            wall.hear({"problem": "The model process ended, perhaps for lack of memory: look again."})
            self._tell_of_wall()
        if event["says"] == "gone" and job is not None:
            self._end(job, State.FAILED, GONE)
            return
        if job is None or event.get("job") != job.id:
            return
        if event["says"] == "begun":
            self._begun = time.monotonic()
            job.remarks = list(event["remarks"])
            self.queue.progress(job, 0, event["steps"], None)
        elif event["says"] == "step":
            self.queue.progress(job, event["step"], event["steps"], event["seconds_left"])
            if "preview" in event:
                self.events.show("preview", f"job:{job.id}:preview", {"id": job.id, **event["preview"]})
        elif event["says"] == "done":
            await self._done(job, event["files"])
        elif event["says"] == "cancelled":
            self._end(job, State.CANCELLED)
        elif event["says"] == "failed":
            self._end(job, State.FAILED, event["problem"])

    async def _done(self, job: Job, files: Sequence[str]) -> None:
        try:
            await self.pools.quick(self.gallery.look)
            entries = await self.pools.quick(self.gallery.named, files)
        except Refusal as refusal:
            self._end(job, State.FAILED, refusal.problem)
            return
        job.pictures = [entry.id for entry in entries]
        job.step = job.steps
        await self._learn_pace(job)
        self._end(job, State.DONE)
        self.look()

    async def _learn_pace(self, job: Job) -> None:
        """How long a step of a picture of its kind takes here, which says how many pictures fit into a while."""
        order = job.order
        if order.among is not None or order.size is not None or not job.steps:
            return
        name = f"{order.model} {order.recipe.verb}"
        self.paces[name] = (time.monotonic() - self._begun) / (order.count * job.steps)
        self.events.tell("pace", f"pace:{name}", {"name": name, "seconds": self.paces[name]})
        with suppress(Refusal):
            await self.pools.quick(_write_paces, self.settings.private, dict(self.paces))

    def _end(self, job: Job, state: State, problem: str | None = None) -> None:
        self._making = None
        self.events.forget(f"job:{job.id}:preview")
        self.queue.end(job, state, problem)
        self._work_due.set()

    def _changed(self, job: Job | None) -> None:
        if job is not None:
            self.events.tell("job", f"job:{job.id}", job.told())
        if job is None or job.step == 0 or job.state is not State.MAKING:
            self.events.tell("queue", "queue", {"order": [waiting.id for waiting in self.queue.unfinished()]})
            self._journal_due.set()

    async def _keep_journal(self) -> None:
        """Write the journal whenever the line has changed; where that fails, again after a while."""
        while True:
            await self._journal_due.wait()
            self._journal_due.clear()
            try:
                await self.pools.quick(write_journal, self.settings.private, self.queue.unfinished())
            except Refusal as refusal:
                self.say(refusal.problem)
                await asyncio.sleep(JOURNAL_SECONDS)
                self._journal_due.set()
            else:
                self.say(None)


def _read_paces(folder: Path) -> dict[str, float]:
    try:
        return msgspec.json.decode((folder / PACES).read_bytes(), type=dict[str, float])
    except (OSError, msgspec.DecodeError):
        return {}


def _write_paces(folder: Path, paces: Mapping[str, float]) -> None:
    with atomic_write(folder / PACES) as temporary:
        temporary.write_text(json.dumps(paces), encoding="utf-8")
