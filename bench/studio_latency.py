"""How quick the studio is: start, weight, each task from click to picture, answers meanwhile, cancelling, a crowd.

    python bench/studio_latency.py [--model pocket] [--quick]

Starts the command as a user would, in a folder of its own, and asks it over HTTP. Nothing else should run beside it.
"""

import argparse
import asyncio
import http.client
import io
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
from urllib.parse import urlencode

from PIL import Image

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

    def send(self, path: str, content: bytes) -> Any:
        """The JSON of an answer to bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("POST", path, content)
        return json.loads(connection.getresponse().read())


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
        print_tasks(studio, 1 if options.quick else 3)
        print_live(studio, 4 if options.quick else 20)
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


def tasks(studio: Studio) -> Mapping[str, Mapping[str, Any]]:
    """For each task of the page what it asks for when nothing but the prompts is said; one picture."""
    photo, drawing = (
        studio.ask(f"/api/sources?{urlencode({'model': 'pocket', 'name': name})}")["source"]
        for name in ("photo:tower", "sketch:house")
    )
    mask = studio.send("/api/sources?model=pocket&name=mask&as=mask", half_white())["source"]
    first, second = PROMPTS["pocket"]
    return {
        "Picture": {"verb": "generate", "recipe": {"prompt": first}},
        "Anagram": {"verb": "anagram", "recipe": {"prompts": [first, second], "views": ["rotate-180"]}},
        "Anagram of three": {
            "verb": "anagram",
            "recipe": {"prompts": [first, second, "a watercolor of a castle"], "views": ["rotate-180", "flip"]},
        },
        "Hybrid": {"verb": "hybrid", "recipe": {"parts": {"near": {"prompt": first}, "far": {"prompt": second}}}},
        "Edit": {"verb": "edit", "recipe": {"picture": drawing, "prompt": "a house", "start_level": 700}},
        "Inpaint": {"verb": "inpaint", "recipe": {"picture": photo, "mask": mask, "prompt": "a cat"}},
        "Digits": {
            "verb": "anagram",
            "recipe": {"prompts": ["6", "9"], "views": ["rotate-180"]},
            "model": "mnist-ddpm-class",
        },
        "Ambigram of four": {"verb": "ambigram", "recipe": {"digits": "6089"}, "model": "mnist-ddpm-class"},
    }


def half_white() -> bytes:
    """A mask of the left half."""
    file = io.BytesIO()
    image = Image.new("L", (64, 64))
    image.paste(255, (0, 0, 32, 64))
    image.save(file, "PNG")
    return file.getvalue()


def print_tasks(studio: Studio, times: int) -> None:
    """From the click to the first preview, and to the finished picture, task by task; what else is at work before."""
    print(f"load before the tasks: {os.getloadavg()[0]:.2f} over a minute, on {os.cpu_count()} cores", flush=True)
    for name, asked_for in tasks(studio).items():
        took = [click(studio, {"model": "pocket", **asked_for, "count": 1, "seed": k}) for k in range(times + 1)][1:]
        first, last = (statistics.median(column) for column in zip(*took, strict=True))
        print(
            f"click in {name:17} first preview {first:5.2f} s   finished {last:6.2f} s   median of {times}", flush=True
        )


def click(studio: Studio, request: Mapping[str, Any]) -> tuple[float, float]:
    """Seconds from submitting a job to its first preview, and to its picture in the gallery."""
    connection = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=120)
    connection.request("GET", "/api/events")
    events = connection.getresponse()
    started = time.perf_counter()
    identity = studio.ask("/api/jobs", "POST", request)["id"]
    first = last = None
    while last is None:
        line = events.readline()
        if line == b"event: preview\n" and first is None:
            first = time.perf_counter() - started
        elif line.startswith(b"data: ") and identity.encode() in line and b'"state":"done"' in line:
            last = time.perf_counter() - started
        elif b'"state":"failed"' in line:
            raise RuntimeError(line.decode())
    connection.close()
    return last if first is None else first, last


LOOKS = {1: "one evaluation", 4: "4 steps", 5: "5 steps, the first", 6: "6 steps, at the most", 24: "settled, 24 steps"}


def print_live(studio: Studio, times: int) -> None:
    """From the end of a stroke to what becomes of the drawing: after few steps, and after all of them.

    They take turns, so that what else is at work slows all of them alike: how many times one evaluation each takes is
    another machine's ratio as well.
    """
    drawing = studio.ask(f"/api/sources?{urlencode({'model': 'pocket', 'name': 'sketch:house'})}")["source"]
    usual = next(one for one in studio.ask("/api/studio")["models"] if one["name"] == "pocket")["sampler"]
    took: dict[int, list[float]] = {steps: [] for steps in LOOKS}
    for k in range(times + 1):
        for steps, every in took.items():
            sampler = {**usual, "solver": "dpmpp_2m", "steps": steps, "judge_scale": 0}
            recipe = {"picture": drawing, "prompt": "a house", "start_level": 700, "sampler": sampler}
            started = time.perf_counter()
            studio.ask("/api/live", "POST", {"verb": "edit", "recipe": recipe, "model": "pocket", "seed": k})
            every.append(1000 * (time.perf_counter() - started))
    single = statistics.median(took[1][1:])
    for steps, what in LOOKS.items():
        ratio = statistics.median(took[steps][1:]) / single
        print(f"live, {what:20} {of_milliseconds(took[steps][1:])}   {ratio:4.1f} times one", flush=True)


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
