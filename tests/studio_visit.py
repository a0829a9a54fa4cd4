"""A visit to the studio in a real browser, and what is looked at there."""

import base64
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from studio_server import Running, until

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
WIDE, MIDDLE, PHONE = (1440, 900), (1024, 768), (390, 844)


class Visit:
    """A visit to the studio: its page, every address that was asked for, and every complaint of the browser's."""

    def __init__(
        self,
        browser: Browser,
        running: Running,
        size: tuple[int, int] = MIDDLE,
        context: BrowserContext | None = None,
        **options: object,
    ) -> None:
        width, height = size
        self.context = context or browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.goto(running.address)
        self.ready()

    def ready(self) -> None:
        """Wait until the page is."""
        self.page.locator("html[data-ready]").wait_for(state="attached")

    def refused_jobs(self) -> list[dict[str, Any]]:
        """What the page asks to be made from now on, in the order that it asks; all of it is refused."""
        asked: list[dict[str, Any]] = []

        def refused(route: Route) -> None:
            if route.request.method == "GET":
                route.continue_()
            else:
                asked.append(route.request.post_data_json)
                route.fulfill(status=429, json={"problem": "Too much waits: wait."})

        self.route("**/api/jobs", refused)
        return asked

    def route(self, addresses: str, answer: Callable[[Route], object]) -> None:
        """Answer what the page asks for from now on: a browser begins a moment after it has said that it does."""
        self.page.route(addresses, answer)
        self.page.route(re.compile(r"\?heard$"), lambda route: route.fulfill(body="heard"))
        until(lambda: self.page.evaluate("fetch('/?heard').then((one) => one.text())"), lambda said: said == "heard")

    def changing(self) -> list[tuple[str, str]]:
        """The method and path of whatever the page asks to be changed from now on."""
        asked: list[tuple[str, str]] = []
        self.page.on(
            "request",
            lambda one: None if one.method == "GET" else asked.append((one.method, urlsplit(one.url).path)),
        )
        return asked

    def task(self, name: str) -> None:
        """Choose what to make."""
        self.page.locator(f"#tasks input[value={name}]").check(force=True)

    def settings(self, steps: int, count: int) -> None:
        """How many steps, and how many pictures."""
        details = self.page.locator(".settings")
        if details.get_attribute("open") is None:
            self.page.locator(".settings summary").click()
        self.page.get_by_label("Steps").fill(str(steps))
        shown = self.page.locator("#count")
        while int(shown.inner_text()) > count:
            self.page.locator("#fewer").click()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask for a job within, and wait until the page watches it."""
        with self.page.expect_response(lambda answer: answer.url.endswith("/api/jobs")) as asked:
            yield
        self.page.locator(f"#stage[data-job='{asked.value.json()['id']}']").wait_for()

    def hide(self) -> None:
        """As if another tab were in front of it."""
        self._is("hidden")

    def show(self) -> None:
        """As if it were in front again."""
        self._is("visible")

    def _is(self, seen: str) -> None:
        self.page.evaluate(
            """(seen) => {
                Object.defineProperty(document, "visibilityState", { get: () => seen, configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            seen,
        )

    def deed(self, name: str, within: str = "#deeds") -> None:
        """Do one of the things that stand behind the three dots."""
        self.page.locator(f"{within} .more").click()
        self.page.locator(f"{within} .menu").get_by_role("button", name=name).click()

    def made(self) -> None:
        """Wait until what is being made is on stage."""
        self.page.locator("#stage[aria-busy=false] #deeds button").first.wait_for()

    def close(self, *, context: bool = True) -> None:
        """Leave, having asked nobody else and met no error; the browser's `context` may be another visit's, too."""
        hosts = {urlsplit(url).hostname for url in self.asked if not url.startswith(("data:", "blob:"))}
        assert hosts == {"127.0.0.1"}
        assert self.complaints == [], self.complaints
        if context:
            self.context.close()


def seen_on(canvas: Locator) -> np.ndarray:
    """What a canvas shows in its middle: around that are the mat, buttons and the ring of the keyboard's focus."""
    shown = np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("RGB")).astype(int)
    edge = round(0.16 * len(shown))
    return shown[edge:-edge, edge:-edge]


def edge_of(part: Locator, which: str) -> float:
    """Where an edge of it is in the window."""
    return float(part.evaluate("(one, which) => one.getBoundingClientRect()[which]", which))


def progress_of(canvas: Locator) -> float:
    return float(canvas.get_attribute("data-progress") or 0)


def no_serious_violation(page: Page, where: str) -> None:
    page.wait_for_timeout(200)
    found = page.evaluate("async () => (await axe.run({ resultTypes: ['violations'] })).violations")
    serious = [
        (violation["id"], [node["html"][:160] for node in violation["nodes"]][:4])
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == [], f"{where}: {json.dumps(serious, indent=1)}"


def given_to(page: Page, content: bytes, by: str) -> None:
    """Drop a PNG on the page, or paste it."""
    page.evaluate(
        """([text, by]) => {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "given.png", { type: "image/png" }));
            const how = { bubbles: true, cancelable: true };
            if (by === "drop") document.body.dispatchEvent(new DragEvent("drop", { ...how, dataTransfer: data }));
            else document.body.dispatchEvent(new ClipboardEvent("paste", { ...how, clipboardData: data }));
        }""",
        [base64.b64encode(content).decode(), by],
    )


def stroke(page: Page, box: object, start: tuple[float, float], end: tuple[float, float]) -> None:
    assert isinstance(box, dict)
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=8)
    page.mouse.up()


def pixels_of(text: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))
