"""The model process: it holds the models, makes one job after another, and answers small questions between two steps.

    python -m duckrabbit.studio.worker [JUDGE]

It reads a line of JSON a command on standard input and writes a line of JSON an event on standard output. When its
input ends, the studio has ended, and so does it.
"""

import json
import os
import queue
import signal
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import msgspec
from torch import Tensor

from duckrabbit.diffusion.noise import consecutive_seeds
from duckrabbit.diffusion.sampling import State
from duckrabbit.errors import UsageError, in_words
from duckrabbit.making.best_of import best_of, judged, search_for
from duckrabbit.making.make import Picture, make, make_planned
from duckrabbit.making.plan import plan
from duckrabbit.media.names import new_file
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.search.ambigram import Ambigram
from duckrabbit.studio.bodies import FindRequest, LessonRequest, order_of
from duckrabbit.studio.finding import Finder
from duckrabbit.studio.lessons import lesson
from duckrabbit.studio.previews import making_film, preview, still
from duckrabbit.studio.rows import RowWatch, row_of

KEPT_MODELS = 3
"""Models in memory at once; the one that was used longest ago makes room."""

PREVIEW_SECONDS = 0.08
"""Between two previews at least: what is quicker than the eye need not be sent."""

FIND_SECONDS = 0.5
"""Between two words on how far a block of pairs is."""

NICENESS = 5
"""The page goes before what it waits for."""

Command = Mapping[str, Any]
Tell = Callable[[Mapping[str, Any]], None]


class Cancelled(Exception):
    """The job that is made is not wanted any more."""


class Inbox:
    """Commands as they come: jobs wait their turn, questions are answered between steps, a cancel counts at once."""

    def __init__(self, lines: TextIO) -> None:
        self.jobs: queue.Queue[Command] = queue.Queue()
        self._questions: queue.Queue[Command] = queue.Queue()
        self._cancelled: set[str] = set()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()

    def cancelled(self, job: str) -> bool:
        """Whether a job is not wanted any more."""
        return job in self._cancelled

    def question(self) -> Command | None:
        """A question that waits for its answer."""
        try:
            return self._questions.get_nowait()
        except queue.Empty:
            return None

    def _read(self, lines: TextIO) -> None:
        for line in lines:
            command = json.loads(line)
            if command["do"] == "cancel":
                self._cancelled.add(command["job"])
            elif command["do"] in ("make", "warm", "find"):
                self.jobs.put(command)
            else:
                self._questions.put(command)
                # Wakes the worker where it waits for a job.
                self.jobs.put({"do": "look"})
        # Whoever gave the commands has gone, perhaps killed: nothing is left to do, and nobody to tell.
        os._exit(0)


class Worker:
    """Makes jobs with models that it keeps."""

    def __init__(self, inbox: Inbox, tell: Tell, judge: str | None = None) -> None:
        self._inbox = inbox
        self._tell = tell
        self._judge = judge
        self._models: OrderedDict[str, Model] = OrderedDict()
        # What is looked for while nothing else is to be made.
        self._wanted: Command | None = None
        self._finder: Finder | None = None

    def run(self) -> None:
        """Work for ever."""
        while True:
            if self._wanted is None:
                self._obey(self._inbox.jobs.get())
            else:
                self._obey_all()
                self._find_on()

    def _obey_all(self) -> None:
        """Do what waits."""
        self._answer_questions()
        with suppress(queue.Empty):
            while True:
                self._obey(self._inbox.jobs.get_nowait())

    def _obey(self, command: Command) -> None:
        self._answer_questions()
        if command["do"] == "make":
            self._make(command)
        elif command["do"] == "warm":
            self._warm(command["load"])
        elif command["do"] == "find":
            self._wanted, self._finder = (command if command["request"] is not None else None), None

    def _find_on(self) -> None:
        """Try a block of pairs more; what is asked for meanwhile is made between two of its steps."""
        wanted = self._wanted
        if wanted is None:
            return
        told = {"says": "find", "find": wanted["find"]}
        step = 0
        last = 0.0

        def watch(_: State) -> None:
            nonlocal step, last
            self._obey_all()
            if self._wanted is not wanted:
                raise Cancelled
            step += 1
            if time.monotonic() - last > FIND_SECONDS:
                last = time.monotonic()
                self._tell({**told, "step": step, "steps": steps, "tried": 0, "tiles": []})

        try:
            if self._finder is None:
                model = self._model(wanted["load"])
                self._finder = Finder(msgspec.convert(wanted["request"], FindRequest), model, Path(wanted["folder"]))
            finder, steps = self._finder, self._finder.steps
            self._tell({**told, "step": 0, "steps": steps, "tried": 0, "tiles": finder.known()})
            tried, tiles = finder.block(watch)
            self._tell({**told, "step": steps, "steps": steps, "tried": tried, "tiles": tiles})
        except Cancelled:
            return
        except UsageError as error:
            self._wanted = None
            self._tell({**told, "problem": in_words(error)})
        # As of a job: the worker must live on.
        except Exception as error:
            self._wanted = None
            self._tell({**told, "problem": f"Nothing more can be found ({type(error).__name__}: {error}): begin anew."})

    def _warm(self, load: str) -> None:
        """Load a model before it is asked for; what is wrong with it is told to whoever asks."""
        with suppress(UsageError, OSError, MemoryError):
            self._model(load)

    def _make(self, command: Command) -> None:
        job = str(command["job"])
        try:
            if self._inbox.cancelled(job):
                raise Cancelled
            files = self._made(job, command)
            self._tell({"says": "done", "job": job, "files": files})
        except Cancelled:
            self._tell({"says": "cancelled", "job": job})
        except UsageError as error:
            self._tell({"says": "failed", "job": job, "problem": in_words(error)})
        # Whatever a job runs into, the next one must find the worker alive.
        except Exception as error:
            problem = f"This can't be made ({type(error).__name__}: {error}): change something, then try again."
            self._tell({"says": "failed", "job": job, "problem": problem})

    def _made(self, job: str, command: Command) -> list[str]:
        order = order_of(command["request"])
        model = self._model(command["load"])
        if isinstance(order.recipe, Ambigram):
            rows = RowWatch(order.recipe, model)
            self._tell({"says": "begun", "job": job, "steps": rows.steps, "remarks": []})
            watch = _Watch(job, rows.steps, 1, self._inbox, self._tell, self._answer_questions)
            row = row_of(order, order.recipe, model, rows, watch.see)
            return [_save(row, Path(command["out"]))]
        planned = plan(order.recipe, model, order.size)
        search = search_for(planned, order.count, order.seed, order.among) if order.among else None
        steps = planned.steps if search is None else search.steps
        said = dict.fromkeys(remark for prompt in order.recipe.prompts for remark in model.remarks(prompt))
        remarks = [in_words(remark) for remark in (*said, *planned.remarks)]
        self._tell({"says": "begun", "job": job, "steps": steps, "remarks": remarks})
        # Where a few are chosen among many, all of the field are seen, and how it narrows.
        shown = order.count if search is None else search.block_size
        watch = _Watch(job, steps, shown, self._inbox, self._tell, self._answer_questions)
        if search is None:
            made = make_planned([planned] * order.count, consecutive_seeds(order.seed, order.count), watch)
            pictures = judged(planned, made)
        else:
            best = [candidate.picture for candidate in best_of(search, watch)]
            pictures = sorted(best, key=lambda picture: picture.seed)
        if self._inbox.cancelled(job):
            raise Cancelled
        return [_save(picture, Path(command["out"])) for picture in pictures]

    def _answer_questions(self) -> None:
        while (question := self._inbox.question()) is not None:
            try:
                answer = self._answered(question)
                self._tell({"says": "answer", "ask": question["ask"], "answer": answer})
            except UsageError as error:
                self._tell({"says": "answer", "ask": question["ask"], "problem": in_words(error)})
            except Exception as error:
                problem = f"This can't be shown ({type(error).__name__}: {error}): try another picture."
                self._tell({"says": "answer", "ask": question["ask"], "problem": problem})

    def _answered(self, question: Command) -> Any:
        model = self._model(question["load"])
        if question["do"] == "lesson":
            return lesson(msgspec.convert(question["request"], LessonRequest), model)
        if question["do"] == "live":
            order = order_of(question["request"])
            return still(make(order.recipe, model, 1, order.seed)[0].pixels)
        return making_film(order_of(question["request"]), model, question["format"])

    def _model(self, load: str) -> Model:
        """A model, loaded when it is first asked for, and again when its file has changed."""
        path = Path(load)
        key = f"{load}@{(path / 'model.safetensors').stat().st_mtime_ns}" if path.is_dir() else load
        if key not in self._models:
            model = load_model(load)
            self._models[key] = replace(model, judge=self._judge) if model.kind == "pictures" else model
            while len(self._models) > KEPT_MODELS:
                self._models.popitem(last=False)
        self._models.move_to_end(key)
        return self._models[key]


class _Watch:
    """Sees every step: tells of it, lets questions in, and stops a job that was cancelled."""

    def __init__(self, job: str, steps: int, shown: int, inbox: Inbox, tell: Tell, between: Callable[[], None]) -> None:
        self._job, self._steps, self._rows = job, steps, shown
        self._inbox, self._tell, self._between = inbox, tell, between
        self._step = 0
        self._started = time.monotonic()
        self._shown = 0.0

    def __call__(self, state: State) -> None:
        self.see(self._step + 1, lambda: state.pictures(state.x0[: self._rows]))

    def see(self, step: int, shown: Callable[[], Tensor]) -> None:
        """So many steps are made, and that is what is seen, [N, C, H, W]."""
        if self._inbox.cancelled(self._job):
            raise Cancelled
        self._step = step
        now = time.monotonic()
        left = (now - self._started) / self._step * (self._steps - self._step)
        event: dict[str, Any] = {"says": "step", "job": self._job, "step": self._step, "steps": self._steps}
        event["seconds_left"] = round(left, 2)
        if now - self._shown > PREVIEW_SECONDS or self._step == self._steps:
            self._shown = now
            event["preview"] = preview(shown())
        self._tell(event)
        self._between()


def _save(picture: Picture, folder: Path) -> str:
    with new_file(folder, f"{picture.recipe.verb}-{picture.seed}", ".png") as path:
        picture.save(path)
    return path.name


def main() -> None:
    """Work until standard input ends."""
    os.nice(NICENESS)
    # Ctrl-C reaches all processes of a terminal; the studio says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever a library prints must not come between the events.
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(event: Mapping[str, Any]) -> None:
        try:
            events.write(json.dumps(event) + "\n")
            events.flush()
        except OSError:
            os._exit(0)

    tell({"says": "ready"})
    Worker(Inbox(sys.stdin), tell, next(iter(sys.argv[1:]), None)).run()


if __name__ == "__main__":
    main()
