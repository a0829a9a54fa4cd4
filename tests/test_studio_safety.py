"""What a studio bears: strangers, floods, slow readers, hostile files, a full disk and being killed."""

import asyncio
import io
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import VIEWS, parse_view
from duckrabbit.models.model import SamplerConfig
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.catalogue import to_json
from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.edit import Edit
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.recipes.inpaint import Inpaint
from duckrabbit.recipes.noise import Forward, Level
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.recipes.source import Source
from duckrabbit.recipes.upscale import Upscale
from duckrabbit.search.ambigram import Ambigram
from duckrabbit.studio.api import document
from duckrabbit.studio.bodies import FindRequest, Order, order_of
from duckrabbit.studio.core import Studio
from duckrabbit.studio.events import Events
from duckrabbit.studio.guard import Guard
from duckrabbit.studio.jobs import Job, read_journal, write_journal
from duckrabbit.studio.motions import motion
from duckrabbit.studio.settings import (
    MAX_JSON_BYTES,
    MAX_PICTURE_BYTES,
    MAX_SOURCE_CHARACTERS,
    MAX_STREAMS,
    PublicAddress,
    Settings,
)
from duckrabbit.studio.sources import order_of_record
from duckrabbit.studio.tasks import PAGE, Number
from studio_server import DIGITS, Running, digit_job, long_job, png, studio, until


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with studio(tmp_path_factory.mktemp("studio")) as opened:
        yield opened


# Who may ask


def _guarded(
    configured: Settings, path: str, headers: Mapping[str, str], query: str = ""
) -> tuple[int, dict[str, str]]:
    """The status and headers that a guarded application answers with."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("inside")(scope, receive, send)

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(Guard(app, configured)(scope, receive, send))
    start = sent[0]
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}


HERE = Settings(Path("out"), port=8264)
OPEN = Settings(Path("out"), host="0.0.0.0", port=8264, token="secret")


@pytest.mark.parametrize("host", ["127.0.0.1:8264", "localhost:8264", "[::1]:8264", "127.0.0.2:8264", "LOCALHOST:8264"])
def test_this_machine_is_served(host: str) -> None:
    assert _guarded(HERE, "/api/jobs", {"Host": host})[0] == 200
    assert _guarded(HERE, "/api/jobs", {"Host": host, "Origin": f"http://{host.lower()}"})[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8264",
        "127.0.0.1.evil.example:8264",
        "localhost.evil.example",
        "192.168.0.7:8264",
        "",
        "127.0.0.1:80",
    ],
)
def test_another_host_is_not(host: str) -> None:
    assert _guarded(HERE, "/", {"Host": host})[0] == 421
    assert _guarded(HERE, "/api/jobs", {})[0] == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "https://127.0.0.1:8264"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_another_page_may_not_ask(headers: dict[str, str]) -> None:
    assert _guarded(HERE, "/api/jobs", {"Host": "127.0.0.1:8264", **headers})[0] == 403


def test_a_public_address_is_served_and_nothing_else_is() -> None:
    public = tuple(map(PublicAddress.of, ("https://studio.example.org/", "http://localhost:9000")))
    shown = Settings(Path("out"), port=8264, public=public)
    for host in ("studio.example.org", "studio.example.org:443", "localhost:9000", "127.0.0.1:8264"):
        for origin in ("https://studio.example.org", "http://localhost:9000", None):
            headers = {"Host": host} | ({} if origin is None else {"Origin": origin})
            assert _guarded(shown, "/api/jobs", headers)[0] == 200
        for origin in ("http://studio.example.org", "https://evil.example", "https://localhost:9000"):
            assert _guarded(shown, "/api/jobs", {"Host": host, "Origin": origin})[0] == 403
    for host in ("evil.example", "studio.example.org:80", "localhost:9001", "studio.example.org.evil.example"):
        forwarded = {"X-Forwarded-Host": "studio.example.org", "Forwarded": "host=studio.example.org"}
        assert _guarded(shown, "/api/jobs", {"Host": host, **forwarded})[0] == 421
    assert _guarded(HERE, "/api/jobs", {"Host": "studio.example.org"})[0] == 421


@pytest.mark.parametrize(
    "url", ["studio.example", "ftp://a", "https://a/b", "https://a?b", "https://a:x", "http://u@a", ""]
)
def test_what_is_no_public_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        PublicAddress.of(url)


def test_a_link_from_elsewhere_opens_the_page() -> None:
    headers = {"Host": "127.0.0.1:8264", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert _guarded(HERE, "/", headers)[0] == 200
    assert _guarded(HERE, "/api/jobs", headers)[0] == 403


def test_elsewhere_a_token_is_needed_and_a_name_is_not_enough() -> None:
    host = {"Host": "192.168.0.7:8264"}
    assert _guarded(OPEN, "/api/jobs", host)[0] == 401
    assert _guarded(OPEN, "/", host)[0] == 401
    assert _guarded(OPEN, "/api/jobs", {**host, "Authorization": "Bearer wrong"})[0] == 401
    assert _guarded(OPEN, "/api/jobs", {**host, "Authorization": "Bearer secret"})[0] == 200
    assert _guarded(OPEN, "/api/jobs", {"Host": "rebound.example:8264", "Authorization": "Bearer secret"})[0] == 421


def test_the_token_in_the_address_becomes_a_cookie_that_scripts_cannot_read() -> None:
    host = {"Host": "192.168.0.7:8264"}
    status, headers = _guarded(OPEN, "/", host, "token=secret")
    assert status == 303
    assert headers["location"] == "/"
    cookie = headers["set-cookie"]
    assert "httponly" in cookie.lower()
    assert "samesite=strict" in cookie.lower()
    assert _guarded(OPEN, "/api/jobs", {**host, "Cookie": cookie.split(";")[0]})[0] == 200
    assert _guarded(OPEN, "/", host, "token=wrong")[0] == 401


def test_every_answer_forbids_what_is_not_its_own() -> None:
    for headers in ({"Host": "127.0.0.1:8264"}, {"Host": "evil.example"}):
        _, said = _guarded(HERE, "/", headers)
        assert "default-src 'none'" in said["content-security-policy"]
        assert "'unsafe" not in said["content-security-policy"]
        assert said["x-content-type-options"] == "nosniff"


def test_another_address_makes_a_token(tmp_path: Path) -> None:
    with studio(tmp_path, host="0.0.0.0") as opened:
        assert opened.ask("/api/jobs").status == 401
        assert opened.ask("/static/style.css").status == 401


# What comes in


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/..%2fserver.py",
        "/static//etc/passwd",
        "/api/pictures/..%2f..%2fetc%2fpasswd/file",
        "/api/pictures/anagram-0.png/file",
        "/api/runs/..%2f..%2fetc/samples/passwd",
        "/api/runs/x/samples/..%2f..%2fconfig.toml",
        "/api/shipped?name=photo:../../../etc/passwd",
        "/api/shipped?name=/etc/passwd",
        "/api/sources?name=/etc/passwd",
        "/api/sources?name=-",
        "/api/words?model=/etc/passwd",
        "/api/words?model=run:../../etc",
    ],
)
def test_no_path_from_outside_reaches_the_disk(running: Running, path: str) -> None:
    answer = running.ask(path)
    assert 400 <= answer.status < 500
    assert b"root:" not in answer.body
    assert b"import" not in answer.body


def test_uploads_are_called_by_a_name_and_never_by_a_path(running: Running) -> None:
    answer = running.ask(f"/api/sources?model={DIGITS}&name=..%2F..%2Fetc%2Fpasswd", "POST", body=png()).json
    assert answer["source"]["name"] == "passwd"


def _bomb(side: int) -> bytes:
    """A PNG whose header promises side × side pixels, and whose data is nearly nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def _with_record(text: str) -> bytes:
    info = PngInfo()
    info.add_itxt("duckrabbit", text)
    file = io.BytesIO()
    Image.new("L", (28, 28)).save(file, "PNG", pnginfo=info)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        png()[:60],
        _bomb(60_000),
        _bomb(9_000),
        b"GIF89a" + b"\xff" * 200,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\x00" * 1000,
    ],
    ids=["empty", "text", "program", "cut", "bomb", "large", "gif", "svg", "zeros"],
)
def test_a_hostile_picture_is_refused_with_a_sentence(running: Running, content: bytes) -> None:
    answer = running.ask(f"/api/sources?model={DIGITS}", "POST", body=content)
    assert answer.status == 400
    assert len(answer.json["problem"]) > 20
    assert "/tmp" not in answer.json["problem"]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        json.dumps({"format": 1}),
        json.dumps({"verb": "generate", "recipe": {"prompt": 3}, "seed": 0, "model": {"name": "x"}}),
        json.dumps({"verb": "generate", "recipe": {"prompt": "3"}, "seed": "x", "model": {"name": "x"}}),
        json.dumps({"verb": "generate", "recipe": [], "seed": 0, "model": {"name": "x"}}),
        json.dumps({"verb": "__import__", "recipe": {}, "seed": 0, "model": {"name": "x"}}),
        "[" * 100_000,
    ],
)
def test_a_hostile_record_is_no_job(running: Running, text: str) -> None:
    answer = running.ask(f"/api/sources?model={DIGITS}", "POST", body=_with_record(text))
    assert answer.status == 200
    assert answer.json["record"] is None


def test_a_record_of_anything_makes_no_job_or_a_good_one() -> None:
    for record in (None, 3, [], {}, {"verb": 1, "recipe": 2, "seed": 3, "model": 4}):
        assert order_of_record(record) is None


def test_bodies_are_limited(running: Running) -> None:
    for path, limit in (("/api/jobs", MAX_JSON_BYTES), ("/api/sources", MAX_PICTURE_BYTES)):
        # The header alone is enough to be refused: nothing is sent after it.
        with socket.create_connection(("127.0.0.1", running.port), 20) as line:
            head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\nContent-Type: application/json\r\n"
            line.sendall(f"{head}Content-Length: {limit + 1}\r\n\r\n".encode())
            assert line.recv(100).startswith(b"HTTP/1.1 413")
    answer = running.ask("/api/jobs", "POST", digit_job("x" * (MAX_JSON_BYTES + 1)))
    assert answer.status == 413


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"NaN", b'{"a": Infinity}', b"[" * 50_000, b'{"verb": "\\ud800"}']
)
def test_a_body_that_is_no_json_is_refused(running: Running, body: bytes) -> None:
    answer = running.ask("/api/jobs", "POST", body=body, headers={"Content-Type": "application/json"})
    assert answer.status in (400, 422)
    assert running.ask("/api/jobs", "POST", body=b"{}").status == 415


KEPT = Source("a picture", png(28, 0, "L"))
RECIPES = (
    Generate("3", "4", SamplerConfig("ddpm", 3, guidance_interval=(0.2, 0.8))),
    Anagram(("6", "9", "8"), ("flip", "jigsaw:3"), combine="alternate"),
    Hybrid({"far": Part("3"), "near": Part("8"), "mid": Part(picture=KEPT)}, 3.5, near_scale=4),
    Edit(KEPT, None, start=3),
    Inpaint(KEPT, KEPT, "7", 2),
    Upscale(KEPT),
    Forward(KEPT, Level(500)),
    Denoise(KEPT, Level(sigma=0.5), "blur", blur_sigma=2),
    Ambigram("6089", "flip", "6809", SamplerConfig("ddpm", 3)),
)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.verb)
def test_an_order_comes_back_from_its_json(recipe: Recipe) -> None:
    order = Order(recipe, "pocket", seed=3, count=2, among=8, size=64)
    assert order_of(json.loads(json.dumps(order.to_json()))) == order
    assert order_of({"verb": recipe.verb, "recipe": to_json(recipe)}) == Order(recipe, None)


@pytest.mark.parametrize(
    ("recipe", "change"),
    [
        (0, {"prompt": 3}),
        (0, {"prompt": "x" * 301}),
        (0, {"sampler": {"solver": "magic"}}),
        (0, {"sampler": {"steps": 1001}}),
        (0, {"sampler": {"steps": True}}),
        (0, {"sampler": {"guidance_scale": float("inf")}}),
        (0, {"sampler": {"guidance_interval": [0.5]}}),
        (0, {"sampler": {"judge_scale": 2.1}}),
        (0, {"colour": "red"}),
        (1, {"prompts": ["6"]}),
        (1, {"prompts": ["6"] * 9}),
        (1, {"views": [""]}),
        (2, {"parts": {"far": {"prompt": "3"}}}),
        (2, {"parts": {"far": {"prompt": "3"}, "side": {"prompt": "8"}}}),
        (2, {"near_scale": 21}),
        (3, {"start": -1}),
        (3, {"start_level": 1000}),
        (3, {"picture": {"name": "x", "png": "A" * (MAX_SOURCE_CHARACTERS + 1)}}),
        (4, {"resamplings": 11}),
        (6, {"level": {"level": 1000}}),
        (7, {"blur_sigma": 0}),
        (7, {"method": "wish"}),
        (8, {"digits": ""}),
        (8, {"digits": "6" * 10}),
        (8, {"digits": "six"}),
        (8, {"reads": "\n6"}),
    ],
)
def test_more_than_the_studio_gives_is_not_taken(recipe: int, change: dict[str, Any]) -> None:
    job = {"verb": RECIPES[recipe].verb, "recipe": {**to_json(RECIPES[recipe]), **change}}
    with pytest.raises(msgspec.ValidationError):
        order_of(job)


def test_the_page_asks_for_nothing_that_is_not_taken() -> None:
    examples = {recipe.verb: recipe for recipe in RECIPES}
    numbers = [
        (verb, field.name, value)
        for task in PAGE.tasks
        for verb in task.verbs
        for field in (*task.fields, *task.settings)
        if isinstance(field, Number)
        for value in (field.low, field.high, field.usual)
    ]
    assert len(numbers) >= 12
    for verb, name, value in numbers:
        order = order_of({"verb": verb, "recipe": {**to_json(examples[verb]), name: value}})
        assert getattr(order.recipe, name) == value
    assert set(PAGE.recipes) == set(examples)
    for made in (PAGE.variation, PAGE.enlargement):
        given = {**made.recipe, "picture": to_json(KEPT), "prompt": None}
        assert order_of({"verb": made.verb, "recipe": given}).recipe.sources == (KEPT,)


_followed = ("/api/events", "/api/jobs/{job}/events", "/api/runs/{run}/resume", "/api/runs/{run}/stop")
described = (
    schemathesis.openapi.from_dict(document()).exclude(path=list(_followed)).exclude(path="/api/runs", method="POST")
)


@described.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_any_body_gets_an_answer_that_the_document_tells_of(running: Running, case: Any) -> None:
    response = case.call(base_url=running.address)
    assert response.status_code < 500, response.text
    told = {int(status) for status in case.operation.definition.raw["responses"]}
    assert response.status_code in told | {404, 405, 422, 400}, response.text
    for job in running.ask("/api/jobs").json["jobs"]:
        if job["state"] in ("waiting", "making"):
            running.ask(f"/api/jobs/{job['id']}", "DELETE")


# Many at once


async def _get(port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
    answer = await reader.read()
    writer.close()
    return int(answer.split()[1])


def test_two_hundred_clients_are_served_while_a_picture_is_made(running: Running) -> None:
    making = running.submit(long_job())
    running.wait(making, "making")
    paths = ["/", "/api/jobs", "/api/pictures", "/static/main.js", "/api/studio", "/api/reading?prompt=a+dog"]

    async def all_of_them() -> list[int]:
        return list(await asyncio.gather(*(_get(running.port, paths[k % len(paths)]) for k in range(200))))

    assert asyncio.run(all_of_them()) == [200] * 200
    assert running.job(making)["state"] == "making"
    running.ask(f"/api/jobs/{making}", "DELETE")


def test_a_reader_that_never_reads_holds_nobody_up(running: Running) -> None:
    lines = []
    try:
        for _ in range(20):
            line = socket.create_connection(("127.0.0.1", running.port), 10)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n\r\n".encode())
            lines.append(line)
        over = running.wait(running.submit(digit_job(steps=120, count=16)))
        assert over["state"] == "done"
        assert len(over["pictures"]) == 16
    finally:
        for line in lines:
            line.close()


def test_what_a_slow_follower_has_missed_is_only_what_is_past() -> None:
    async def follow() -> list[bytes]:
        events = Events()
        follower = events.follow()
        for step in range(10_000):
            events.tell("job", "job:a", {"step": step})
        events.tell("job", "job:b", {"step": 0})
        follower.end()
        return [event async for event in follower.events()]

    told = asyncio.run(follow())
    assert len(told) == 3
    assert b"9999" in told[1]
    assert b"event: job" in told[2]


def test_who_comes_late_is_shown_what_is_forming_until_it_is_forgotten() -> None:
    async def told() -> list[bytes]:
        events = Events()
        events.show("preview", "job:a:preview", {"jpeg": "old"})
        events.show("preview", "job:a:preview", {"jpeg": "new"})
        events.show("preview", "job:b:preview", {"jpeg": "gone"})
        events.forget("job:b:preview")
        follower = events.follow()
        follower.end()
        return [event async for event in follower.events()][1:]

    [event] = asyncio.run(told())
    assert b"new" in event


def test_followers_are_counted_and_forgotten() -> None:
    async def fill() -> None:
        events = Events()
        followers = [events.follow() for _ in range(MAX_STREAMS)]
        with pytest.raises(Exception, match="Too many"):
            events.follow()
        events.leave(followers[0])
        events.follow()

    asyncio.run(fill())


# Being killed, and a full disk


def test_killed_in_the_middle_it_comes_back_and_says_what_was_lost(tmp_path: Path) -> None:
    with studio(tmp_path) as opened:
        kept = opened.made(digit_job("5", count=2))
        making = opened.submit(long_job(seed=42))
        waiting = opened.submit(digit_job("6"))
        until(lambda: opened.job(making), lambda job: job["step"] > 1)
        until((tmp_path / "out/.studio/journal.json").read_text, lambda text: waiting in text)
        opened.process.send_signal(signal.SIGKILL)
        opened.process.wait()
    with studio(tmp_path) as again:
        found = until(lambda: again.ask("/api/jobs").json["jobs"], lambda jobs: len(jobs) == 2)
        assert {job["id"]: job["state"] for job in found} == {making: "lost", waiting: "lost"}
        assert all("again" in job["problem"] for job in found)
        assert {entry["id"] for entry in again.ask("/api/pictures").json["pictures"]} == set(kept)
        request = again.job(waiting)["request"]
        assert again.wait(again.submit(request))["state"] == "done"
    assert not list((tmp_path / "out").glob(".*.png"))


@pytest.mark.parametrize(
    "damage", ["", "{", "3", "[null, 3, []]", '[{"id": 3}]', '[{"id": "x", "request": {"verb": "x"}}]']
)
def test_a_damaged_journal_is_read_as_far_as_it_can_be(tmp_path: Path, damage: str) -> None:
    order = Order(RECIPES[0], DIGITS, seed=5)
    write_journal(tmp_path, [Job("a", order)])
    assert read_journal(tmp_path) == [("a", order)]
    journal = tmp_path / "journal.json"
    good = json.loads(journal.read_text())
    journal.write_text(damage)
    assert read_journal(tmp_path) == []
    if damage.startswith("["):
        journal.write_text(json.dumps([*json.loads(damage), *good]))
        assert read_journal(tmp_path) == [("a", order)]


def test_the_model_process_may_die_and_the_studio_does_not(running: Running) -> None:
    making = running.submit(long_job())
    until(lambda: running.job(making), lambda job: job["step"] > 1)
    for worker in _children(running.process.pid):
        os.kill(worker, signal.SIGKILL)
    over = running.wait(making)
    assert over["state"] == "failed"
    assert "try again" in over["problem"]
    assert running.wait(running.submit(digit_job()))["state"] == "done"


def test_a_search_that_nobody_looks_at_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def search() -> list[str]:
        opened, commands, states = Studio(Settings(tmp_path)), [], []

        async def tell(command: Mapping[str, Any]) -> None:
            commands.append(command)

        monkeypatch.setattr(opened.model_process, "tell", tell)
        opened.model_process.ready.set()
        wall = await opened.find(FindRequest(), "pocket")
        follower = opened.events.follow()
        for _ in range(2):
            await opened._hear({"says": "find", "find": wall.id, "step": 1, "steps": 9, "tried": 0, "tiles": []})
            states.append(wall.state)
            opened.events.leave(follower)
        assert [command["request"] is None for command in commands] == [False, True]
        opened.pools.close()
        return states

    monkeypatch.setattr("duckrabbit.studio.core.UNSEEN_SECONDS", -1.0)
    assert asyncio.run(search()) == ["finding", "stopped"]


def _children(parent: int) -> list[int]:
    """The processes that a process has started."""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    found = [int(child) for child in listed.split()]
    return found or [
        int(path.name)
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and f"\nPPid:\t{parent}\n" in (path / "status").read_text()
    ]


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    # No file may grow beyond this: what writing to a full disk is like, for the studio and its model process.
    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    with studio(tmp_path, before=fill) as opened:
        over = opened.wait(opened.submit(digit_job()))
        assert over["state"] == "failed"
        assert "make room" in over["problem"]
        assert opened.ask("/api/pictures").json["total"] == 0
        assert until(lambda: opened.ask("/api/studio").json["notice"], bool)
        taken = opened.ask(f"/api/sources?model={DIGITS}&name=photo.png", "POST", body=png())
        assert taken.status == 400
        assert "photo.png" in taken.json["problem"]
        assert "make room" in taken.json["problem"]
        # Someone makes room, and what was said of it goes.
        for process in (opened.process.pid, *_children(opened.process.pid)):
            resource.prlimit(process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert until(lambda: opened.ask("/api/studio").json["notice"], lambda notice: notice is None) is None
        assert len(opened.made(digit_job())) == 1
    assert len([path for path in (tmp_path / "out").glob("*.png") if path.stat().st_size]) == 1


def test_two_studios_do_not_share_a_folder(tmp_path: Path) -> None:
    with studio(tmp_path):
        command = [sys.executable, "-m", "duckrabbit", "studio", "--no-browser", "--out", "out"]
        second = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 2
    assert "another --out" in second.stderr


def test_ctrl_c_stops_it_even_while_pages_follow(tmp_path: Path) -> None:
    with studio(tmp_path) as opened:
        opened.ask("/api/studio")
        line = socket.create_connection(("127.0.0.1", opened.port), 10)
        line.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{opened.port}\r\n\r\n".encode())
        assert b"200" in line.recv(200)
        opened.submit(long_job())
        opened.process.send_signal(signal.SIGINT)
        assert opened.process.wait(10) == 0
        line.close()


# How views move


@pytest.mark.parametrize("name", [*VIEWS, "flip+negate", "skew:-3", "jigsaw:5+rotate-90", "patch-permute:4"])
def test_a_view_that_moves_arrives_where_the_view_is(name: str) -> None:
    size = 24 if "jigsaw" not in name else 32
    size = 32 if "patch-permute" in name or "jigsaw" in name else size
    described_motion = motion(name, size)
    shown = list(range(size * size))
    for stage in described_motion["stages"]:
        after = [-1] * (size * size)
        last = stage["maps"][-1]
        for pixel, label in enumerate(stage["labels"]):
            x, y = pixel % size - (size - 1) / 2, pixel // size - (size - 1) / 2
            a, b, c, d, e, f = last[label] if len(last[label]) == 6 else (1, 0, 0, 1, *last[label])
            column = round(a * x + c * y + e + (size - 1) / 2) % size
            row = round(b * x + d * y + f + (size - 1) / 2) % size
            after[row * size + column] = shown[pixel]
        shown = after
    assert shown == parse_view(name).permutation(size).tolist()
    assert any(stage["negates"] for stage in described_motion["stages"]) == (parse_view(name).sign < 0)


def test_a_view_that_does_not_fit_is_refused() -> None:
    for name, size in (("patch-permute:7", 64), ("nothing", 64)):
        with pytest.raises(UsageError):
            motion(name, size)
