"""How quick the studio is: its start, its weight, its answers while it samples, its cancelling, and a crowd.

    python bench/studio_latency.py [--model pocket] [--quick]

Starts the command as a user would, in a folder of its own, and asks it over HTTP. Nothing else should run beside it.
"""

import argparse
import asyncio
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

READ = ("/", "/static/main.js", "/api/studio", "/api/jobs", "/api/pictures?limit=60", "/api/reading?prompt=a+rabit",
        "/api/motion?view=jigsaw&size=64")  # fmt: skip
CROWD = ("/", "/static/main.js", "/api/jobs", "/api/pictures", "/api/studio")
TYPING_SECONDS = 5
PROMPTS = {"pocket": ("a watercolor of an elephant", "a watercolor of a rabbit")}


@dataclass(frozen=True)
class Studio:
    """A studio that runs, and when it was started and first answered."""

    process: subprocess.Popen[str]
    port: int
    page_seconds: float
    api_seconds: float

    def ask(self, path: str, method: str = "GET", given: Any = None) -> Any:
        """The JSON of an answer; the bytes of what is none."""
        status, body = asked(self.port, path, method, given)
        assert status < 300, (path, status, body[:300])
        return json.loads(body) if path.startswith("/api") else body


def asked(port: int, path: str, method: str = "GET", given: Any = None) -> tuple[int, bytes]:
    """The status and the body of an answer, by a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    body = None if given is None else json.dumps(given)
    connection.request(method, path, body, {} if given is None else {"Content-Type": "application/json"})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content


@contextmanager
def opened() -> Iterator[Studio]:
    """A studio in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        command = [sys.executable, "-m", "duckrabbit", "studio", "--no-browser"]
        process = subprocess.Popen(
            command, cwd=folder, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        port = int(re.findall(r":(\d+)/", process.stdout.readline())[0])
        asked(port, "/")
        page = time.perf_counter() - started
        asked(port, "/api/jobs")
        yield Studio(process, port, page, time.perf_counter() - started)
        process.send_signal(signal.SIGINT)
        process.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--quick", action="store_true", help="a tenth of the requests")
    options = parser.parse_args()
    times = 2 if options.quick else 5
    starts = []
    for _ in range(times):
        with opened() as studio:
            starts.append((studio.page_seconds, studio.api_seconds))
    print(
        f"start, {times} times: page {spread([page for page, _ in starts])}, API {spread([api for _, api in starts])}"
    )
    print(f"page: {weight():,} bytes in all files")
    with opened() as studio:
        # Someone opens the page, types for a while, and presses Enter.
        studio.ask("/api/studio")
        time.sleep(TYPING_SECONDS)
        print(f"first preview: {first_preview(studio, options.model):.2f} s after the first job of all was submitted,")
        print(f"               {first_preview(studio, options.model):.2f} s after the next one was")
        render = studio.ask("/api/jobs", "POST", job(options.model, 1000, 16))["id"]
        wait_for_step(studio, render, 2)
        print_answers(studio, 10 if options.quick else 100)
        print_crowd(studio, 200)
        studio.ask(f"/api/jobs/{render}", "DELETE")
        print_cancels(studio, options.model, 2 if options.quick else 10)


def spread(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} s (at most {max(seconds):.2f} s)"


def weight() -> int:
    root = Path(str(files("duckrabbit.studio") / "static"))
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def job(model: str, steps: int, count: int) -> Mapping[str, Any]:
    """An anagram of so many steps."""
    sampler = {"solver": "ddim", "steps": steps, "grid": "uniform", "guidance_scale": 3.0}
    recipe = {"prompts": PROMPTS.get(model, ("6", "9")), "views": ["rotate-180"], "sampler": sampler}
    return {"verb": "anagram", "recipe": recipe, "model": model, "count": count}


def wait_for_step(studio: Studio, identity: str, step: int) -> Mapping[str, Any]:
    while True:
        found: Mapping[str, Any] = studio.ask(f"/api/jobs/{identity}")
        if found["step"] >= step or found["state"] not in ("waiting", "making"):
            return found
        time.sleep(0.005)


def first_preview(studio: Studio, model: str) -> float:
    """Seconds from submitting one anagram to its first preview."""
    connection = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=120)
    connection.request("GET", "/api/events")
    events = connection.getresponse()
    started = time.perf_counter()
    identity = studio.ask("/api/jobs", "POST", job(model, 20, 1))["id"]
    while events.readline() != b"event: preview\n":
        pass
    took = time.perf_counter() - started
    connection.close()
    while studio.ask(f"/api/jobs/{identity}")["state"] in ("waiting", "making"):
        time.sleep(0.05)
    return took


def print_answers(studio: Studio, times: int) -> None:
    """How long answers take while a picture is made."""
    everything = []
    for path in READ:
        took = []
        for _ in range(times):
            started = time.perf_counter()
            asked(studio.port, path)
            took.append(1000 * (time.perf_counter() - started))
        everything += took
        print(f"while sampling  {path:34} {of_milliseconds(took)}", flush=True)
    print(f"while sampling  {'all of these':34} {of_milliseconds(everything)}")


def of_milliseconds(took: Sequence[float]) -> str:
    cuts = statistics.quantiles(took, n=20, method="inclusive")
    return (
        f"median {statistics.median(took):6.1f} ms   p95 {cuts[-1]:6.1f} ms   most {max(took):6.1f} ms   of {len(took)}"
    )


def print_crowd(studio: Studio, clients: int) -> None:
    """So many clients at once, each with a connection of its own."""

    async def one(path: str) -> tuple[int, float]:
        started = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", studio.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\nConnection: close\r\n\r\n".encode())
        content = await reader.read()
        writer.close()
        return int(content.split(maxsplit=2)[1]), 1000 * (time.perf_counter() - started)

    async def everyone() -> list[tuple[int, float]]:
        return list(await asyncio.gather(*(one(CROWD[k % len(CROWD)]) for k in range(clients))))

    answers = asyncio.run(everyone())
    good = sum(status == 200 for status, _ in answers)
    print(f"{clients} clients at once while sampling: {good} served, {of_milliseconds([took for _, took in answers])}")


def print_cancels(studio: Studio, model: str, times: int) -> None:
    """From asking to stop to having stopped: steps that were made after the question, and seconds."""
    steps, seconds, each = [], [], []
    for _ in range(times):
        began = time.perf_counter()
        identity = studio.ask("/api/jobs", "POST", job(model, 1000, 4))["id"]
        at = wait_for_step(studio, identity, 1)
        began = time.perf_counter()
        at = wait_for_step(studio, identity, int(at["step"]) + 8)
        each.append((time.perf_counter() - began) / 8)
        asked_at = time.perf_counter()
        before = studio.ask(f"/api/jobs/{identity}", "DELETE")["step"]
        while (over := studio.ask(f"/api/jobs/{identity}"))["state"] == "making":
            time.sleep(0.002)
        seconds.append(time.perf_counter() - asked_at)
        steps.append(over["step"] - before)
    print(
        f"cancelling, {times} times: at most {max(steps)} steps more, stopped after {statistics.median(seconds):.3f} s "
        f"(at most {max(seconds):.3f} s) where a step takes {statistics.median(each):.3f} s"
    )


if __name__ == "__main__":
    main()
