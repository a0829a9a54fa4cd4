"""Training runs: started, followed, stopped and resumed, each in the run folder that the command line would use."""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from duckrabbit.errors import UsageError
from duckrabbit.media.alone import is_taken
from duckrabbit.studio.bodies import RunRequest
from duckrabbit.studio.events import Events
from duckrabbit.studio.web import Refusal
from duckrabbit.trained.digit_recipes import DIGIT_RECIPES
from duckrabbit.trained.digits import TrainingRun
from duckrabbit.trained.run_folder import CONFIG, write_config

MAX_POINTS = 600
"""Points of a loss curve that a page is given."""

MAX_RUNS = 200
DIGITS = 60_000
"""Pictures in MNIST's training set."""

LEARNT = {"epsilon": "the noise", "velocity": "the velocity", "v": "v", "x0": "the picture"}
"""What a network is to say, by its parametrization: losses of different ones can't be compared."""

STOP_SECONDS = 20.0

_SAMPLES = re.compile(r"epoch-[0-9]{2,4}\.(png|webp)")


@dataclass
class Live:
    """A run that is being trained.

    Attributes:
        process: what trains it.
        lines: what it has reported since it started.
        stopping: whether it was told to stop.
        told: when the page was last told.
    """

    process: asyncio.subprocess.Process
    lines: list[dict[str, Any]] = field(default_factory=list)
    stopping: bool = False
    told: float = 0.0


class Training:
    """All runs of a folder; one is trained at a time."""

    def __init__(self, folder: Path, events: Events) -> None:
        self.folder = folder
        self._events = events
        self._live: dict[str, Live] = {}
        self._problems: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def names(self) -> list[str]:
        """The runs, the latest first."""
        found = [path.parent for path in self.folder.glob(f"*/{CONFIG}")][:MAX_RUNS]
        return [path.name for path in sorted(found, key=lambda path: -path.stat().st_mtime)]

    def summary(self, name: str) -> dict[str, Any] | None:
        """A run in a few words; None where there is no such run, or it is of another kind."""
        run = self._run(name)
        if run is None:
            return None
        lines = self._lines(name)
        last = lines[-1] if lines else None
        epochs = run.hyperparameters.epochs
        steps = epochs * (min(run.examples or DIGITS, DIGITS) // run.hyperparameters.batch_size)
        step = last["step"] if last else 0
        speed = last["pictures_per_second"] if last else None
        return {
            "name": name,
            "recipe": run.recipe,
            "learns": LEARNT[DIGIT_RECIPES[run.recipe].config.parametrization],
            "state": self._state(name, step >= steps),
            "epochs": epochs,
            "epoch": last["epoch"] if last else 0,
            "step": step,
            "steps": steps,
            "seconds_left": (steps - step) * run.hyperparameters.batch_size / speed if speed else None,
            "loss": last["loss"] if last else None,
            "pictures_per_second": speed,
            "hidden": run.hidden,
            "batch_size": run.hyperparameters.batch_size,
            "learning_rate": run.hyperparameters.learning_rate,
            "examples": run.examples,
            "problem": self._problems.get(name),
            "samples": self._samples(name),
            "usable": (self.folder / name / "model.safetensors").is_file(),
        }

    def curve(self, name: str) -> list[list[float]]:
        """The loss against the step, at most so many points."""
        lines = self._lines(name)
        every = -(-len(lines) // MAX_POINTS) or 1
        chunks = [lines[k : k + every] for k in range(0, len(lines), every)]
        return [[chunk[-1]["step"], sum(line["loss"] for line in chunk) / len(chunk)] for chunk in chunks]

    def sample(self, name: str, file: str) -> Path | None:
        """The file of a sheet of samples, if there is one of that name."""
        if name not in self.names() or not _SAMPLES.fullmatch(file):
            return None
        path = self.folder / name / "samples" / file
        return path if path.is_file() else None

    async def start(self, wanted: RunRequest) -> str:
        """Begin a run in a folder of its own, and train it.

        Raises:
            Refusal: 409 while another is trained, 422 for what can't be trained.
            UsageError: if its folder can't be written.
        """
        self._one_at_a_time()
        if wanted.recipe not in DIGIT_RECIPES:
            raise Refusal(422, f"There is no training recipe of that name: the recipes are {', '.join(DIGIT_RECIPES)}.")
        if len(self.names()) >= MAX_RUNS:
            raise Refusal(409, f"{self.folder} holds {MAX_RUNS} runs already: move some elsewhere.")
        run = _with(TrainingRun.of(wanted.recipe), wanted)
        name = next(n for n in _names(run.recipe) if not (self.folder / n).exists())
        write_config(self.folder / name, run)
        await self._train(name)
        return name

    async def resume(self, name: str) -> None:
        """Go on with a run.

        Raises:
            Refusal: 404 where there is none, 409 while another is trained, or this one by somebody else.
        """
        if self._run(name) is None:
            raise Refusal(404, "There is no such run: look at the list of runs.")
        self._one_at_a_time()
        if is_taken(self.folder / name):
            raise Refusal(409, f"{name} is being trained by another process: wait until that one ends.")
        await self._train(name)

    async def stop(self, name: str) -> None:
        """Let a run stop after its next step.

        Raises:
            Refusal: 409 unless it is being trained.
        """
        live = self._live.get(name)
        if live is None:
            raise Refusal(409, "This run is not being trained: there is nothing to stop.")
        live.stopping = True
        if not live.lines:
            # It is still waking up: nothing has been learned that could be lost.
            live.process.terminate()
        elif live.process.stdin is not None:
            live.process.stdin.close()
        self._tell(name)

    async def close(self) -> None:
        """Stop everything, and wait until it is kept."""
        for name in list(self._live):
            with suppress(Refusal):
                await self.stop(name)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
            for live in self._live.values() if late else ():
                live.process.kill()

    def _state(self, name: str, done: bool) -> str:
        """Where a run is; `elsewhere` while another process trains it, as one of a studio that was killed may."""
        live = self._live.get(name)
        if live is not None:
            return "stopping" if live.stopping else "training"
        if is_taken(self.folder / name):
            return "elsewhere"
        return "done" if done else "stopped"

    def _one_at_a_time(self) -> None:
        if self._live:
            raise Refusal(409, f"{next(iter(self._live))} is being trained: stop it, or wait until it is done.")

    async def _train(self, name: str) -> None:
        self._problems.pop(name, None)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "duckrabbit.studio.trainer", str(self.folder / name),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"OMP_WAIT_POLICY": "passive", **os.environ},
            start_new_session=True,
        )  # fmt: skip
        self._live[name] = Live(process)
        task = asyncio.create_task(self._follow(name, self._live[name]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._tell(name)

    async def _follow(self, name: str, live: Live) -> None:
        assert live.process.stdout is not None
        while line := await live.process.stdout.readline():
            report = json.loads(line)
            if "problem" in report:
                self._problems[name] = report["problem"]
                continue
            live.lines.append(report)
            if report["epoch_done"] or time.monotonic() - live.told > 0.5:
                live.told = time.monotonic()
                self._tell(name)
        code = await live.process.wait()
        if code not in (0, 2) and not live.stopping and name not in self._problems:
            self._problems[name] = "The training process ended unexpectedly: resume it from its last checkpoint."
        del self._live[name]
        self._tell(name)

    def _tell(self, name: str) -> None:
        self._events.tell("run", f"run:{name}", {"name": name})

    def _run(self, name: str) -> TrainingRun | None:
        if name not in self.names():
            return None
        try:
            return TrainingRun.from_toml(self.folder / name / CONFIG)
        except UsageError:
            return None

    def _lines(self, name: str) -> list[dict[str, Any]]:
        """The metrics on disk, and after them those that are not there yet."""
        lines: list[dict[str, Any]] = []
        with suppress(OSError, ValueError, TypeError, KeyError):
            for text in (self.folder / name / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
                line = json.loads(text)
                lines.append({key: line[key] for key in ("step", "epoch", "loss", "pictures_per_second")})
        live = self._live.get(name)
        if live is not None and live.lines:
            first = live.lines[0]["step"]
            lines = [line for line in lines if line["step"] < first] + live.lines
        return lines

    def _samples(self, name: str) -> list[str]:
        folder = self.folder / name / "samples"
        return sorted(path.name for path in folder.glob("epoch-*.*") if _SAMPLES.fullmatch(path.name))


def _with(run: TrainingRun, wanted: RunRequest) -> TrainingRun:
    """A recipe's run with what was asked for in place of its own."""
    asked = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not None}
    own = {name: asked[name] for name in ("examples", "hidden") if name in asked}
    shared = {name: asked[name] for name in ("epochs", "batch_size", "seed") if name in asked}
    changed = replace(run, **own, hyperparameters=replace(run.hyperparameters, **shared))
    if (changed.examples or DIGITS) < changed.hyperparameters.batch_size:
        raise Refusal(422, "There are fewer examples than one batch: take more examples, or a smaller batch.")
    return changed


def _names(recipe: str) -> Iterator[str]:
    """The recipe's own name, and then with numbers."""
    yield recipe
    number = 2
    while True:
        yield f"{recipe}-{number}"
        number += 1
