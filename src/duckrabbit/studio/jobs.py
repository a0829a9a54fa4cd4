"""Jobs: what people asked for, in the order in which it is made, one at a time.

Those that are not over are in a journal on disk, so that a studio that was killed can say what it lost.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import atomic_write
from duckrabbit.studio import bodies
from duckrabbit.studio.bodies import Order, order_of
from duckrabbit.studio.settings import MAX_WAITING_JOBS, REMEMBERED_JOBS
from duckrabbit.studio.web import Refusal

JOURNAL = "journal.json"


class State(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    MAKING = "making"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    LOST = "lost"


OVER = frozenset((State.DONE, State.CANCELLED, State.FAILED, State.LOST))


@dataclass
class Job:
    """A job and how far it is.

    Attributes:
        id: its name.
        order: what was asked for, its model settled.
        state: where it is.
        step: steps made.
        steps: steps in all; 0 until it is known.
        seconds_left: as far as can be said.
        pictures: the ids of what was made.
        problem: why it failed or is lost, in a sentence.
        remarks: how the prompts were understood.
    """

    id: str
    order: Order
    state: State = State.WAITING
    step: int = 0
    steps: int = 0
    seconds_left: float | None = None
    pictures: list[str] = field(default_factory=list)
    problem: str | None = None
    remarks: list[str] = field(default_factory=list)

    def told(self) -> bodies.Job:
        """What a client is told; the recipe's pictures are left out."""
        order = self.order
        return bodies.Job(
            id=self.id,
            state=self.state.value,
            verb=order.recipe.verb,
            prompts=list(order.recipe.prompts) or [""],
            parts=order.parts,
            views=order.views,
            model=order.model,
            seed=order.seed,
            count=order.count,
            among=order.among,
            size=order.size,
            step=self.step,
            steps=self.steps,
            seconds_left=self.seconds_left,
            pictures=self.pictures,
            problem=self.problem,
            remarks=self.remarks,
        )


class Queue:
    """The jobs: one in the making, those that wait in their order, and the last of those that are over.

    `changed` is called with every job that changes, and with None where the order alone did.
    """

    def __init__(self, changed: Callable[[Job | None], None]) -> None:
        self._jobs: dict[str, Job] = {}
        self._order: list[str] = []
        self._changed = changed

    def submit(self, order: Order) -> Job:
        """Put a job at the end of the line.

        Raises:
            Refusal: 429 where the line is full.
        """
        if len(self._order) >= MAX_WAITING_JOBS:
            raise Refusal(
                429,
                f"{MAX_WAITING_JOBS} jobs wait already: wait for one of them, or cancel one.",
                {"Retry-After": "10"},
            )
        job = Job(secrets.token_hex(6), order)
        self._jobs[job.id] = job
        self._order.append(job.id)
        self._changed(job)
        return job

    def lost(self, identity: str, order: Order) -> Job:
        """Remember a job that an earlier studio did not finish."""
        problem = "The studio ended before this was made: make it again if you like."
        job = Job(identity, order, State.LOST, problem=problem)
        self._jobs[identity] = job
        self._changed(job)
        return job

    def forget(self, job: Job) -> None:
        """Speak no more of a job that is over."""
        self._jobs.pop(job.id, None)

    def next(self) -> Job | None:
        """The job to make now, if one waits."""
        if not self._order:
            return None
        job = self._jobs[self._order.pop(0)]
        job.state = State.MAKING
        self._changed(job)
        return job

    def get(self, identity: str) -> Job | None:
        """The job of a name."""
        return self._jobs.get(identity)

    def waiting(self) -> list[Job]:
        """Those that wait, in their order."""
        return [self._jobs[identity] for identity in self._order]

    def unfinished(self) -> list[Job]:
        """Those that are not over, the one in the making first."""
        making = [job for job in self._jobs.values() if job.state is State.MAKING]
        return [*making, *self.waiting()]

    def all(self) -> list[Job]:
        """Those that are not over in their order, then those that are, the latest first."""
        over = [job for job in self._jobs.values() if job.state in OVER]
        return [*self.unfinished(), *reversed(over)]

    def place(self, job: Job, before: str | None) -> None:
        """Let a waiting job go before another, or to the end.

        Raises:
            Refusal: 409 unless both wait.
        """
        if job.id not in self._order or (before is not None and before not in self._order):
            raise Refusal(409, "Only jobs that wait can change places: this one does not wait any more.")
        if before == job.id:
            return
        self._order.remove(job.id)
        self._order.insert(len(self._order) if before is None else self._order.index(before), job.id)
        self._changed(None)

    def progress(self, job: Job, step: int, steps: int, seconds_left: float | None) -> None:
        """A step more of the job in the making."""
        job.step, job.steps, job.seconds_left = step, steps, seconds_left
        self._changed(job)

    def end(self, job: Job, state: State, problem: str | None = None) -> None:
        """A job is over."""
        if job.id in self._order:
            self._order.remove(job.id)
        job.state, job.problem, job.seconds_left = state, problem, None
        # The latest to end is the latest in the list.
        self._jobs[job.id] = self._jobs.pop(job.id)
        over = [other.id for other in self._jobs.values() if other.state in OVER]
        for identity in over[: max(0, len(over) - REMEMBERED_JOBS)]:
            del self._jobs[identity]
        self._changed(job)


def write_journal(folder: Path, jobs: Sequence[Job]) -> None:
    """Write down the jobs that are not over, whole or not at all.

    Raises:
        UsageError: if the disk is full or the folder can't be written to.
    """
    with atomic_write(folder / JOURNAL) as temporary:
        rows = [{"id": job.id, "request": job.order.to_json()} for job in jobs]
        temporary.write_text(json.dumps(rows), encoding="utf-8")


def read_journal(folder: Path) -> list[tuple[str, Order]]:
    """The jobs that were not over when the journal was last written, by name, as far as they can be read."""
    try:
        rows = json.loads((folder / JOURNAL).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    jobs = []
    for row in rows if isinstance(rows, list) else ():
        with suppress(msgspec.ValidationError, UsageError):
            noted = msgspec.convert(row, _Noted)
            jobs.append((noted.id, order_of(noted.request)))
    return jobs


class _Noted(msgspec.Struct):
    """A row of the journal."""

    id: str
    request: dict[str, Any]
