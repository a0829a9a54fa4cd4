"""A real studio for tests: the command, in a folder of its own, on a free port of this machine."""

import base64
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

PATIENCE_SECONDS = 90.0
DIGITS = "mnist-ddpm-class"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Running:
    """A studio that runs."""

    process: subprocess.Popen[str]
    port: int
    out: Path

    @property
    def address(self) -> str:
        """Its page."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        path: str,
        method: str = "GET",
        given: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask it something; `given` goes as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        kind = {} if given is None else {"Content-Type": "application/json"}
        content = body if given is None else json.dumps(given).encode()
        try:
            connection.request(method, path, content, {**kind, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def submit(self, job: Mapping[str, Any]) -> str:
        """Submit a job that is taken; its id."""
        answer = self.ask("/api/jobs", "POST", job)
        assert answer.status == 202, answer.body
        return str(answer.json["id"])

    def job(self, identity: str) -> dict[str, Any]:
        """A job as it is now."""
        found: dict[str, Any] = self.ask(f"/api/jobs/{identity}").json
        return found

    def wait(self, identity: str, *states: str) -> dict[str, Any]:
        """Wait until a job is in one of these states (by default: over)."""
        wanted = states or ("done", "cancelled", "failed", "lost")
        return until(lambda: self.job(identity), lambda job: job["state"] in wanted)

    def made(self, job: Mapping[str, Any]) -> list[str]:
        """Make a job; the ids of its pictures."""
        over = self.wait(self.submit(job))
        assert over["state"] == "done", over
        return list(over["pictures"])

    def picture(self, identity: str) -> Image.Image:
        """A picture of the gallery."""
        return Image.open(io.BytesIO(self.ask(f"/api/pictures/{identity}/file").body))


def until(look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
    """Look again and again until what is seen is good."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        seen = look()
        if good(seen):
            return seen
        assert time.monotonic() < end, seen
        time.sleep(0.05)


def _own_port() -> int:
    """A free port where no other process of the tests looks for one: a studio that ended may come back at its own."""
    first = 8400 + 100 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for port in range(first, first + 100):
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port
    raise OSError(f"no port from {first} on is free")


@contextmanager
def studio(
    folder: Path, *, before: Callable[[], None] | None = None, host: str | None = None, port: int | None = None
) -> Iterator[Running]:
    """A studio with its pictures in folder/out; `before` runs in its process before it starts."""
    where = [] if host is None else ["--host", host]
    where += ["--port", str(_own_port() if port is None else port)]
    command = [sys.executable, "-m", "duckrabbit", "studio", "--no-browser", "--out", "out", *where]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,  # noqa: PLW1509
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("http://"), process.stderr.read() if process.stderr else line
        port = int(line.split("?")[0].rstrip("/\n").rpartition(":")[2])
        yield Running(process, port, folder / "out")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()
        process.stdout.close()
        if process.stderr is not None:
            process.stderr.close()


def sampler(steps: int, scale: float = 2.0) -> dict[str, Any]:
    """A way of sampling with so many steps."""
    return {"solver": "ddpm", "steps": steps, "grid": "uniform", "guidance_scale": scale}


def digit_job(prompt: str = "3", steps: int = 3, **more: Any) -> dict[str, Any]:
    """A job of digits that is made in a moment."""
    return {"verb": "generate", "recipe": {"prompt": prompt, "sampler": sampler(steps)}, "model": DIGITS, **more}


def long_job(**more: Any) -> dict[str, Any]:
    """A job that takes a good while."""
    return digit_job(steps=1000, count=16, **more)


def png(side: int = 40, colour: Any = (200, 80, 40), mode: str = "RGB") -> bytes:
    """A plain picture as a PNG."""
    file = io.BytesIO()
    Image.new(mode, (side, side), colour).save(file, "PNG")
    return file.getvalue()


def source(content: bytes, name: str = "a picture") -> dict[str, str]:
    """A picture as a recipe holds it."""
    return {"name": name, "png": base64.b64encode(content).decode()}
