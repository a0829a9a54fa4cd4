"""The studio's page in a real browser, through the real server, with the shipped models."""

import base64
import io
import json
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect, sync_playwright

from studio_server import DIGITS, Running, digit_job, long_job, png, studio, until

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
WIDE, MIDDLE, PHONE = (1440, 900), (1024, 768), (390, 844)
GREY = {
    "verb": "hybrid",
    "recipe": {"parts": {"grey": {"prompt": "3"}, "colour": {"prompt": "8"}}},
    "model": DIGITS,
}
"""What only the model can refuse."""
TASKS = ["generate", "anagram", "hybrid", "edit", "inpaint", "digits"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with studio(tmp_path_factory.mktemp("studio")) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


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
        self.page.evaluate(
            """() => {
                Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
                document.dispatchEvent(new Event("visibilitychange"));
            }"""
        )

    def made(self) -> None:
        """Wait until what is being made is on stage."""
        self.page.locator("#deeds button").first.wait_for()

    def close(self, *, context: bool = True) -> None:
        """Leave, having asked nobody else and met no error; the browser's `context` may be another visit's, too."""
        hosts = {urlsplit(url).hostname for url in self.asked if not url.startswith(("data:", "blob:"))}
        assert hosts == {"127.0.0.1"}
        assert self.complaints == []
        if context:
            self.context.close()


@pytest.fixture
def visit(browser: Browser, running: Running) -> Iterator[Visit]:
    opened = Visit(browser, running)
    yield opened
    opened.close()


def _seen(canvas: Locator) -> np.ndarray:
    """What a canvas shows in its middle: around that are the mat, buttons and the ring of the keyboard's focus."""
    shown = np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("RGB")).astype(int)
    edge = round(0.16 * len(shown))
    return shown[edge:-edge, edge:-edge]


def _edge(part: Locator, which: str) -> float:
    """Where an edge of it is in the window."""
    return float(part.evaluate("(one, which) => one.getBoundingClientRect()[which]", which))


def _progress(canvas: Locator) -> float:
    return float(canvas.get_attribute("data-progress") or 0)


def test_an_anagram_is_made_and_turned(visit: Visit) -> None:
    page = visit.page
    visit.task("anagram")
    first, second = page.locator(".prompt input").all()
    first.fill("a watercolor of an elephant")
    second.fill("a watercolor of a rabbit")
    visit.settings(steps=4, count=1)
    second.press("Escape")
    with visit.asking():
        second.press("Enter")
    page.locator("#forming").wait_for()
    page.get_by_text("Step").first.wait_for()
    visit.made()
    canvas = page.locator("#viewer")
    upright = _seen(canvas)
    # The words are hidden until someone has guessed.
    readings = page.locator("#readings .reading")
    expect(readings).to_have_count(2)
    assert "elephant" not in page.locator("#stage").inner_text()
    lit = "one => Number(one.style.getPropertyValue('--lit'))"
    assert [reading.evaluate(lit) for reading in readings.all()] == [1, 0]
    canvas.focus()
    page.keyboard.press("Space")
    until(lambda: _progress(page.locator("#viewer")), lambda progress: progress == 1)
    turned = _seen(canvas)
    middle = slice(len(upright) // 4, -len(upright) // 4)
    assert np.abs(turned - upright).mean() > 1
    back = np.rot90(turned, 2)
    assert (
        np.abs(back[middle, middle] - upright[middle, middle]).mean() < np.abs(turned - upright)[middle, middle].mean()
    )
    assert [reading.evaluate(lit) for reading in readings.all()] == [0, 1]
    # Each reading is guessed by itself.
    upright, half_turn = readings.locator("input").all()
    half_turn.fill("elephant")
    half_turn.press("Enter")
    expect(readings.nth(1)).to_contain_text("That is another reading")
    upright.fill("elephants")
    upright.press("Enter")
    expect(readings.first).to_contain_text("a watercolor of an elephant")
    expect(page.locator("#readings input")).to_be_focused()
    assert "a watercolor of a rabbit" not in page.locator("#stage").inner_text()
    page.keyboard.press("Enter")
    expect(readings.nth(1)).to_contain_text("a watercolor of a rabbit")
    page.get_by_role("button", name="Save as").click()
    expect(page.locator("#deeds .menu ul")).to_be_in_viewport(ratio=1)


def test_a_picture_is_turned_by_hand(browser: Browser, running: Running) -> None:
    running.made({"verb": "anagram", "recipe": {"prompts": ["6", "9"], "views": ["rotate-180"]}, "model": DIGITS})
    visit = Visit(browser, running)
    page = visit.page
    page.locator("#hands .turn").wait_for()
    box = page.locator("#viewer").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    viewer = page.locator("#viewer")
    around = [(middle[0] + 120 * np.cos(a), middle[1] - 120 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 25)]

    def drag(places: list[tuple[float, float]]) -> float:
        """Take hold, move slowly through the places, and stay: where the picture is then."""
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place)
            page.wait_for_timeout(20)
        page.wait_for_timeout(350)
        held = _progress(viewer)
        page.mouse.up()
        return held

    # The picture follows the hand: a third of a half turn; let go, it springs back to where it was.
    assert drag(around[:5]) == pytest.approx(1 / 3, abs=0.05)
    until(lambda: _progress(viewer), lambda progress: progress == 0)
    # Two thirds are enough to go the whole way, and either way round is the same.
    assert drag(around[:9]) == pytest.approx(2 / 3, abs=0.05)
    until(lambda: _progress(viewer), lambda progress: progress == 1)
    assert drag(around[::-1][:13]) == pytest.approx(0, abs=0.05)
    until(lambda: _progress(viewer), lambda progress: progress == 0)
    assert drag(around[::-1][:10]) == pytest.approx(-0.75, abs=0.05)
    until(lambda: _progress(viewer), lambda progress: progress == 1)
    # A press without a move turns it as well.
    page.mouse.click(*middle)
    until(lambda: _progress(viewer), lambda progress: progress == 0)
    visit.close()


VIEWS = [
    *("flip", "mirror", "rotate-90", "rotate-180", "negate", "skew", "patch-permute:4", "pixel-permute", "jigsaw"),
    *("inner-circle", "square-hinge", "flip+negate"),
]


def test_every_view_moves_to_where_it_goes_and_back(browser: Browser, running: Running) -> None:
    # Little by little by the arrow keys, and back at once: no animation is waited for.
    visit = Visit(browser, running, reduced_motion="reduce")
    page = visit.page
    for view in VIEWS:
        recipe = {"prompts": ["6", "9"], "views": [view]}
        [picture] = running.made({"verb": "anagram", "recipe": recipe, "model": DIGITS, "seed": 3})
        page.goto(f"{running.address}/#gallery")
        page.locator(f"#pictures li[data-id='{picture}'] .open").click()
        canvas = page.locator("#detail .mat canvas")
        page.locator("#detail .turn").wait_for()
        start = _seen(canvas)
        for _ in range(6):
            page.keyboard.press("ArrowRight")
        assert 0.45 < _progress(canvas) < 0.51, view
        assert np.abs(_seen(canvas) - start).max() > 40, view
        for _ in range(7):
            page.keyboard.press("ArrowRight")
        assert _progress(canvas) == 1, view
        assert np.abs(_seen(canvas) - start).max() > 40, view
        page.keyboard.press("Space")
        assert _progress(canvas) == 0, view
        assert np.abs(_seen(canvas) - start).mean() < 0.5, view
        page.keyboard.press("Escape")
    visit.close()


def test_a_hybrid_is_stepped_back_from(browser: Browser, running: Running) -> None:
    parts = {"far": {"prompt": "3"}, "near": {"prompt": "8"}}
    running.made({"verb": "hybrid", "recipe": {"parts": parts}, "model": DIGITS})
    visit = Visit(browser, running)
    page = visit.page
    slider = page.locator("#hands input[type=range]")
    slider.wait_for()
    near = _seen(page.locator("#viewer"))
    page.get_by_role("button", name="Step back").click()
    until(lambda: _progress(page.locator("#viewer")), lambda progress: progress == 1)
    far = _seen(page.locator("#viewer"))
    middle = len(far) // 2
    ring = (slice(middle - 120, middle + 120), slice(middle - 140, middle - 100))
    assert np.abs(far[ring] - near[ring]).max() > 40
    slider.fill("0")
    assert _progress(page.locator("#viewer")) == 0
    visit.close()


def test_as_many_are_made_as_fit_and_the_best_is_on_stage(browser: Browser, running: Running) -> None:
    running.made({"verb": "anagram", "recipe": {"prompts": ["6", "9"], "views": ["flip"]}, "model": DIGITS})
    visit = Visit(browser, running)
    page = visit.page
    visit.task("digits")
    expect(page.locator("#go")).to_contain_text(re.compile(r"Make \d+about \d+ s"))
    asked = int(page.locator("#count").inner_text())
    with visit.asking():
        page.locator("#go").click()
    visit.made()
    strip = page.locator("#strip [role=option]")
    expect(strip).to_have_count(asked)
    expect(strip.locator("small")).to_have_count(asked)
    made = running.ask(f"/api/pictures?limit={asked}").json["pictures"]
    best = max(made, key=lambda picture: picture["odds"])
    assert 0 <= best["odds"] <= 1
    page.locator("#deeds").get_by_role("button", name="Its settings").click()
    expect(page.get_by_label("Seed", exact=True)).to_have_value(str(best["seed"]))
    visit.close()


def test_made_twice_it_is_another_picture_unless_the_seed_is_locked(visit: Visit, running: Running) -> None:
    def made() -> int:
        with visit.asking():
            page.locator("#go").click()
        visit.made()
        return int(running.ask("/api/pictures?limit=1").json["pictures"][0]["seed"])

    page = visit.page
    visit.task("digits")
    visit.settings(steps=1, count=1)
    first = made()
    page.locator("#deeds").get_by_role("button", name="Its settings").click()
    expect(page.get_by_label("Seed", exact=True)).to_have_value(str(first))
    # Its settings make it again, once.
    assert made() == first
    assert made() != first
    page.get_by_role("button", name="Another seed by chance").click()
    page.get_by_role("button", name="Keep this seed").click()
    kept = int(page.get_by_label("Seed", exact=True).input_value())
    assert [made(), made()] == [kept, kept]


def test_prompts_of_before_are_offered_and_nothing_moves_under_a_pressed_pointer(visit: Visit) -> None:
    page = visit.page
    page.evaluate("localStorage.setItem('prompts', JSON.stringify(['a watercolor of a fox', 'a red car']))")
    page.reload()
    visit.ready()
    visit.task("generate")
    prompt = page.locator(".prompt input")
    prompt.focus()
    expect(page.locator(".options li")).to_have_text(["a watercolor of a fox", "a red car"])
    lesson = page.locator("#lesson-button")
    box = lesson.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(250)
    # It gives a pixel, as what is pressed does.
    assert abs(_edge(lesson, "top") - box["y"]) <= 1
    page.mouse.up()
    expect(page.locator("#lesson")).to_be_visible()
    page.keyboard.press("Escape")
    prompt.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(prompt).to_have_value("a watercolor of a fox")


def test_a_setting_that_does_not_fit_is_shown_even_where_the_settings_are_closed(visit: Visit) -> None:
    page = visit.page
    visit.task("digits")
    visit.settings(steps=999, count=1)
    page.locator(".settings summary").click()
    page.locator("#go").click()
    expect(page.get_by_label("Steps")).to_be_focused()


def test_digits_are_offered_only_views_that_fit(visit: Visit) -> None:
    page = visit.page
    visit.task("digits")
    page.locator("input[value='patch-permute:7']").check(force=True)
    visit.settings(steps=2, count=1)
    with visit.asking():
        page.locator("#go").click()
    visit.made()
    visit.task("anagram")
    assert page.locator("input[value='patch-permute']").count() == 1


def test_a_job_is_cancelled(visit: Visit, running: Running) -> None:
    page = visit.page
    visit.task("digits")
    visit.settings(steps=250, count=4)
    with visit.asking():
        page.locator("#go").click()
    page.get_by_text("Step").first.wait_for()
    before = len(list(running.out.glob("*.png")))
    page.locator("#cancel").click()
    expect(page.locator("#toasts")).to_contain_text("Cancelled")
    expect(page.locator("#forming")).to_be_hidden()
    assert len(list(running.out.glob("*.png"))) == before


def test_what_waits_changes_places_and_what_failed_says_why(browser: Browser, running: Running) -> None:
    making = running.submit(long_job())
    running.wait(making, "making")
    first, second = (running.submit(digit_job(prompt, seed=5)) for prompt in ("1", "2"))
    visit = Visit(browser, running)
    page = visit.page
    expect(page.locator("#queue-count")).to_have_text("3")
    page.locator("#queue-button").click()
    rows = page.locator("#queue ol").first.locator("li")
    expect(rows).to_have_count(3)
    page.get_by_role("button", name="Sooner: 2").press("Enter")
    expect(rows.nth(1)).to_contain_text("2")
    assert [job["id"] for job in running.ask("/api/jobs").json["jobs"][:3]] == [making, second, first]
    page.get_by_role("button", name="Cancel 1").click()
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Cancel 3").click()
    running.wait(second)
    page.keyboard.press("Escape")
    # It is said wherever the person is, and settled for all pages at once.
    other = Visit(browser, running)
    page.keyboard.press("g")
    running.wait(running.submit(GREY))
    toasts = page.locator("#toasts")
    expect(toasts).to_contain_text("“3 · 8” could not be made")
    expect(other.page.locator("#toasts")).to_contain_text("makes grey pictures")
    other.page.locator("#queue-button").click()
    expect(other.page.locator("#queue")).to_contain_text("Not made")
    toasts.get_by_role("button", name="Look").click()
    with visit.asking():
        page.get_by_role("button", name="Make it again").click()
    expect(page.locator("#guess [role=alert]")).to_contain_text("makes grey pictures")
    page.locator("#queue-button").click()
    page.locator("#queue").get_by_role("button", name="Forget 3 · 8").click()
    expect(other.page.locator("#queue")).not_to_contain_text("Not made")
    expect(page.locator("#queue")).not_to_contain_text("Not made")
    other.close()
    visit.close()


def test_what_no_model_can_read_is_refused_in_the_composer(visit: Visit) -> None:
    page = visit.page
    visit.task("generate")
    prompt = page.locator(".prompt input")
    before = page.locator("#guess").inner_text()
    for text, told in (("zzgrx qwfp", "knows no word"), (".", "finds none"), ("🫨", "a rabbit, a lighthouse")):
        prompt.fill(text)
        page.keyboard.press("Escape")
        page.locator("#go").click()
        expect(page.locator("#problem")).to_contain_text(told)
        expect(prompt).to_have_value(text)
    assert page.locator("#guess").inner_text() == before
    assert all("400" in said for said in visit.complaints)
    visit.complaints.clear()


def test_seven_tabs_share_one_stream_and_the_seventh_makes_pictures(browser: Browser, running: Running) -> None:
    visits = [Visit(browser, running)]
    while len(visits) < 7:
        visits.append(Visit(browser, running, context=visits[0].context))

    def streams() -> list[int]:
        # What was asked for is heard of while a page is asked something.
        visits[0].page.evaluate("0")
        return [sum(url.endswith("/api/events") for url in one.asked) for one in visits]

    assert streams() == [1, 0, 0, 0, 0, 0, 0]
    page = visits[-1].page
    visits[-1].task("digits")
    visits[-1].settings(steps=2, count=1)
    with visits[-1].asking():
        page.locator("#go").click()
    visits[-1].made()
    # Whoever led has gone out of sight: the next one takes the stream up, and all hear it.
    visits[0].hide()
    until(streams, lambda seen: sum(seen) == 2)
    making = running.submit(long_job())
    for one in visits:
        expect(one.page.locator("#queue-count")).to_have_text("1")
    running.ask(f"/api/jobs/{making}", "DELETE")
    for one in visits[1:]:
        one.close(context=False)
    visits[0].close()


def test_a_job_that_is_over_before_the_page_hears_of_it_is_on_stage_all_the_same(
    visit: Visit, running: Running
) -> None:
    def slowly(route: Route) -> None:
        answer = route.fetch()
        if route.request.method == "POST":
            running.wait(answer.json()["id"])
        route.fulfill(response=answer)

    page = visit.page
    page.route("**/api/jobs", slowly)
    visit.task("digits")
    visit.settings(steps=2, count=1)
    with visit.asking():
        page.locator("#go").click()
    expect(page.locator("#forming")).to_be_hidden()
    visit.made()


def test_a_studio_that_ended_and_came_back_says_what_was_lost(browser: Browser, tmp_path: Path) -> None:
    with studio(tmp_path) as opened:
        [kept] = opened.made(digit_job("5"))
        visit = Visit(browser, opened)
        page = visit.page
        making = opened.submit(long_job())
        page.locator("#queue-button").click()
        page.get_by_role("button", name="Watch").click()
        expect(page.locator("#forming")).to_contain_text("Step")
        until((tmp_path / "out/.studio/journal.json").read_text, lambda text: making in text)
        opened.process.send_signal(signal.SIGKILL)
        expect(page.locator("#notice")).to_contain_text("does not answer")
        expect(page.locator("#forming")).to_contain_text("Waiting for the studio")
        page.locator("#go").click()
        expect(page.locator("#problem")).to_contain_text("Say ")
        opened.process.wait()
    with studio(tmp_path, port=opened.port) as again:
        # Neither the page that stayed open nor a new one is left with a job that nobody makes.
        expect(page.locator("#lost")).to_contain_text("“3”")
        expect(page.locator("#notice")).to_be_hidden()
        expect(page.locator("#forming")).to_be_hidden()
        expect(page.locator("#guess")).to_contain_text("The studio ended before this was made")
        page.reload()
        visit.ready()
        expect(page.locator("#lost")).to_contain_text("“3”")
        page.locator("#lost").get_by_role("button", name="Make it again").click()
        expect(page.locator("#lost")).to_be_hidden()
        expect(page.locator("#queue-count")).to_have_text("1")
        page.locator("#cancel").click()
        expect(page.locator("#queue-count")).to_have_text("0")
        page.locator("#queue-button").click()
        expect(page.locator("#queue")).not_to_contain_text("null")
        assert [entry["id"] for entry in again.ask("/api/pictures").json["pictures"]] == [kept]
        page.reload()
        visit.ready()
        expect(page.locator("#lost")).to_be_hidden()
        visit.context.close()


def test_something_is_drawn_and_made_anew(visit: Visit) -> None:
    page = visit.page
    visit.task("edit")
    easel = page.locator(".easel canvas").nth(1)
    box = easel.bounding_box()
    assert box is not None
    blank = _seen(easel)
    _stroke(page, box, (0.3, 0.3), (0.7, 0.7))
    drawn = _seen(easel)
    assert np.abs(drawn - blank).max() > 100
    page.get_by_role("button", name="Undo").click()
    page.mouse.move(5, 5)
    assert np.abs(_seen(easel) - blank).max() < 60
    page.locator(".samples button").first.click()
    until(lambda: _seen(easel), lambda seen: np.abs(seen - blank).mean() > 5)
    _stroke(page, box, (0.2, 0.8), (0.8, 0.8))
    page.locator(".prompt input").fill("a photo of a house")
    page.keyboard.press("Escape")
    visit.settings(steps=6, count=1)
    with visit.asking():
        page.locator("#go").click()
    visit.made()
    expect(page.locator("#guess")).to_contain_text("a photo of a house")


def test_a_part_is_painted_anew_and_the_rest_stays_to_the_pixel(visit: Visit, running: Running) -> None:
    page = visit.page
    visit.task("inpaint")
    page.locator(".samples button").first.click()
    box = page.locator(".easel canvas").nth(1).bounding_box()
    assert box is not None
    page.wait_for_timeout(300)
    _stroke(page, box, (0.2, 0.75), (0.8, 0.75))
    visit.settings(steps=5, count=1)
    with visit.asking():
        page.locator("#go").click()
    visit.made()
    [entry] = running.ask("/api/pictures?limit=1").json["pictures"]
    job = running.ask(f"/api/pictures/{entry['id']}").json["job"]
    assert job["verb"] == "inpaint"
    before, mask = (_pixels(job["recipe"][name]["png"]) for name in ("picture", "mask"))
    after = np.asarray(running.picture(entry["id"]))
    painted = mask >= 128
    assert 0.02 < painted.mean() < 0.6
    assert np.array_equal(before[~painted], after[~painted])
    assert not np.array_equal(before[painted], after[painted])


def test_a_dropped_png_gives_its_settings_back(visit: Visit, running: Running) -> None:
    page = visit.page
    job = {"verb": "anagram", "recipe": {"prompts": ["5", "2"], "views": ["mirror"]}, "model": DIGITS, "seed": 4242}
    [identity] = running.made(job)
    content = running.ask(f"/api/pictures/{identity}/file").body
    visit.task("generate")
    _given(page, content, "drop")
    expect(page.locator("#task-title")).to_have_text("Digits")
    expect(page.get_by_role("group", name="This digit").get_by_role("button", pressed=True)).to_have_text("5")
    expect(page.locator("input[name=digits-view]:checked")).to_have_value("mirror")
    expect(page.get_by_label("Seed", exact=True)).to_have_value("4242")
    # Any other picture is one to work on, wherever it comes from.
    _given(page, png(), "paste")
    expect(page.locator("#task-title")).to_have_text("From a drawing")
    easel = page.locator(".easel canvas").nth(1)
    until(lambda: _seen(easel), lambda seen: np.abs(seen - (200, 80, 40)).max() < 12)
    wide = io.BytesIO()
    Image.new("RGB", (60, 40), (30, 60, 200)).save(wide, "PNG")
    page.locator("#file").set_input_files({"name": "z.png", "mimeType": "image/png", "buffer": wide.getvalue()})
    until(lambda: _seen(easel), lambda seen: np.abs(seen - (30, 60, 200)).max() < 12)
    expect(page.locator("#toasts")).to_contain_text("z.png is 60×40: its middle 40×40 is used")
    # A browser can't decode that one, the studio can.
    tiff = io.BytesIO()
    Image.new("RGB", (40, 40), (20, 160, 90)).save(tiff, "TIFF")
    page.locator("#file").set_input_files({"name": "z.tif", "mimeType": "image/tiff", "buffer": tiff.getvalue()})
    until(lambda: _seen(easel), lambda seen: np.abs(seen - (20, 160, 90)).max() < 12)


def test_an_edit_gives_its_picture_back(visit: Visit, running: Running) -> None:
    page = visit.page
    taken = running.ask(f"/api/sources?model={DIGITS}&name=blue.png", "POST", body=png(28, 200, "L")).json["source"]
    recipe = {"picture": taken, "prompt": "3", "start": 12}
    running.made({"verb": "edit", "recipe": recipe, "model": DIGITS})
    page.reload()
    visit.ready()
    page.get_by_role("button", name="Its settings").click()
    expect(page.locator("#toasts")).to_contain_text("Its settings are back")
    expect(page.locator("#task-title")).to_have_text("From a drawing")
    expect(page.locator(".prompt input")).to_have_value("3")
    expect(page.get_by_role("slider", name="How much may change")).to_have_value("630")
    shade = _pixels(taken["png"]).mean()
    easel = page.locator(".easel canvas").nth(1)
    until(lambda: _seen(easel), lambda seen: np.abs(seen - shade).max() < 12)
    # Where its picture can't be shown, that is said, and nothing else.
    page.locator("#toasts .toast").evaluate_all("toasts => toasts.forEach((one) => one.remove())")
    page.evaluate("Object.defineProperty(Image.prototype, 'src', { set() { this.onerror(); } })")
    page.get_by_role("button", name="Picture", exact=True).click()
    page.get_by_role("button", name="Its settings").click()
    expect(page.locator("#toasts")).to_contain_text("can't be shown")
    expect(page.locator("#toasts")).not_to_contain_text("Its settings are back")


NEW_TASK = {
    "name": "knit",
    "label": "Knit",
    "title": "Knitting",
    "what": "A recipe that the page has never heard of.",
    "lesson": "",
    "icon": ["M4 5h16v14H4z"],
    "verbs": ["knit"],
    "models": "words",
    "fields": [
        {"kind": "prompt", "name": "prompt", "label": "What to knit", "example": "a scarf", "missing": "what to knit"},
        {"kind": "parts", "name": "parts", "label": "Yarns", "missing": "its colour", "kinds": {
            "a,b": {"label": "Two yarns", "parts": [{"name": "a", "label": "First", "example": "red"},
                                                    {"name": "b", "label": "Second", "example": "blue"}]}}},
        {"kind": "slider", "name": "width", "label": "How wide", "low": 1, "high": 9, "step": 0.5, "usual": 4,
         "ends": ["narrow", "wide"], "parts": ["a,b"], "index": None},
    ],
    "settings": [{"kind": "number", "name": "rows", "label": "Rows of {finest} yarn", "low": 1, "high": 99, "step": 1,
                  "usual": 12}],
}  # fmt: skip


def test_a_new_recipe_is_on_the_page_when_the_studio_says_so(visit: Visit) -> None:
    asked: list[dict[str, object]] = []

    def told(route: Route) -> None:
        answer = route.fetch()
        known = answer.json()
        known["tasks"].append(NEW_TASK)
        known["recipes"]["knit"] = {**known["recipes"]["generate"], "name": "Knitted"}
        route.fulfill(response=answer, json=known)

    def taken(route: Route) -> None:
        if route.request.method == "GET":
            route.continue_()
        else:
            asked.append(route.request.post_data_json)
            route.fulfill(status=429, json={"problem": "Nobody knits here: wait."})

    page = visit.page
    page.route("**/api/studio", told)
    page.route("**/api/jobs", taken)
    page.reload()
    visit.ready()
    page.keyboard.press("7")
    expect(page.locator("#task-title")).to_have_text("Knitting")
    prompts = page.locator(".prompt input")
    page.locator("#go").click()
    expect(page.locator("#problem")).to_have_text("Say what to knit.")
    for prompt, words in zip(prompts.all(), ("a sock", "green", "grey"), strict=True):
        prompt.fill(words)
    page.keyboard.press("Escape")
    page.get_by_role("slider", name="How wide").fill("7.5")
    page.locator(".settings summary").click()
    page.get_by_label("Rows of first yarn").fill("30")
    page.locator("#go").click()
    expect(page.locator("#problem")).to_contain_text("Nobody knits here")
    [job] = asked
    parts = {"a": {"prompt": "green"}, "b": {"prompt": "grey"}}
    recipe = {"prompt": "a sock", "parts": parts, "width": 7.5, "rows": 30, "negative_prompt": "", "sampler": None}
    assert (job["verb"], job["recipe"]) == ("knit", recipe)
    visit.complaints.clear()


def test_a_reload_finds_the_gallery_and_what_is_deleted_comes_back(visit: Visit, running: Running) -> None:
    page = visit.page
    running.made(digit_job("1", seed=515_151))
    page.goto(f"{running.address}/#gallery")
    page.reload()
    visit.ready()
    page.locator("#search").fill("515151")
    expect(page.locator("#pictures li")).to_have_count(1)
    page.locator("#pictures .star").click(force=True)
    expect(page.locator("#pictures .star")).to_have_attribute("aria-pressed", "true")
    page.locator("#pictures .open").click()
    dialog = page.locator("#detail")
    expect(dialog).to_contain_text("515151")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator("#pictures li")).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#pictures li")).to_have_count(1)
    page.reload()
    visit.ready()
    page.locator("#only-favourites").click()
    expect(page.locator("#pictures li")).to_have_count(1)


def test_the_gallery_has_no_end_and_back_closes_a_picture(browser: Browser, running: Running) -> None:
    [one] = running.made(digit_job("1", steps=1))
    [source] = {running.out / running.ask(f"/api/pictures/{one}").json["file"]}
    many = [running.out / f"many-{k:03}.png" for k in range(270)]
    for copy in many:
        copy.hardlink_to(source)
    visit = Visit(browser, running, WIDE)
    page = visit.page
    page.keyboard.press("g")
    shown = page.locator("#pictures li")
    shown.first.wait_for()
    # Those in sight hang on the wall, and no more, wherever it is scrolled to.
    ids: set[str] = set()

    def scrolled() -> int:
        page.mouse.wheel(0, 1000)
        ids.update(shown.evaluate_all("items => items.map((one) => one.dataset.id)"))
        assert shown.count() < 150
        return len(ids)

    until(scrolled, lambda count: count > 270)
    page.locator("#pictures .open").nth(30).click()
    top = page.evaluate("scrollY")
    assert top > 5000
    dialog = page.locator("#detail")
    expect(dialog).to_contain_text("many-")
    seen = dialog.locator("dd").last.inner_text()
    page.keyboard.press("]")
    expect(dialog.locator("dd").last).not_to_have_text(seen)
    page.keyboard.press("[")
    expect(dialog.locator("dd").last).to_have_text(seen)
    page.go_back()
    expect(dialog).to_be_hidden()
    expect(page.locator("#room-gallery")).to_be_visible()
    assert page.evaluate("scrollY") == pytest.approx(top, abs=2)
    page.go_forward()
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text(seen)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    for copy in many:
        copy.unlink()
    visit.close()


def test_a_wall_fills_with_pairs_that_work_the_best_first(browser: Browser, running: Running) -> None:
    def of_digits(route: Route) -> None:
        if route.request.method == "POST":
            asked.append(route.request.post_data_json)
            route.continue_(post_data=json.dumps({**asked[-1], "model": DIGITS}))
        else:
            route.continue_()

    asked: list[dict[str, object]] = []
    visit = Visit(browser, running, reduced_motion="reduce")
    page = visit.page
    page.route("**/api/find", of_digits)
    page.keyboard.press("f")
    page.get_by_label("Seen by").select_option("view flip")
    page.locator("#find-go").click()
    tiles = page.locator("#found li")
    expect(tiles.nth(3)).to_be_visible()
    page.locator("#find-stop").click()
    expect(page.locator("#find-stop")).to_be_hidden()
    assert asked == [{"style": None, "subject": "", "view": "flip"}]
    found = running.ask("/api/find").json
    assert found["find"]["state"] == "stopped"
    page.reload()
    visit.ready()
    expect(page.get_by_label("Seen by")).to_have_value("view flip")
    odds = [tile["odds"] for tile in found["tiles"]]
    assert odds == sorted(odds, reverse=True)
    expect(tiles).to_have_count(len(odds))
    first = tiles.first
    canvas = first.locator("canvas")
    until(lambda: _seen(canvas), lambda seen: seen.min() < 60)
    before = _seen(canvas)
    first.locator(".turning").click()
    assert np.abs(_seen(canvas)[::-1] - before).mean() < np.abs(_seen(canvas) - before).mean()
    kept = running.ask("/api/pictures?limit=1").json["total"]
    first.get_by_role("button", name="Keep").click()
    expect(first.get_by_role("button", name="Kept")).to_be_disabled()
    gallery = running.ask("/api/pictures?limit=1").json
    assert (gallery["total"], gallery["pictures"][0]["odds"]) == (kept + 1, pytest.approx(odds[0], abs=1e-4))
    with visit.asking():
        first.get_by_role("button", name="More of").click()
    visit.made()
    visit.close()


def test_what_is_deleted_leaves_the_stage(browser: Browser, running: Running) -> None:
    [picture] = running.made(digit_job("2", seed=626_262))
    visit = Visit(browser, running)
    page = visit.page
    page.locator("#deeds").get_by_role("button", name="Delete").click()
    expect(page.locator("#deeds button")).to_have_count(0)
    assert running.ask(f"/api/pictures/{picture}").status == 404
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    until(lambda: running.ask(f"/api/pictures/{picture}").status, lambda status: status == 200)
    visit.close()


def test_unknown_words_are_underlined_and_near_ones_offered(visit: Visit) -> None:
    page = visit.page
    visit.task("generate")
    prompt = page.locator(".prompt input")
    prompt.press_sequentially("a photo of a rabit")
    expect(page.locator(".prompt u")).to_have_text("rabit")
    page.locator(".prompt .heard").get_by_role("button", name="rabbit").first.click()
    expect(prompt).to_have_value("a photo of a rabbit")
    expect(page.locator(".prompt u")).to_have_count(0)
    prompt.fill("")
    prompt.press_sequentially("a photo of a snowy m")
    expect(page.locator(".options li").first).to_have_text("a photo of a snowy mountain")
    prompt.press("ArrowDown")
    prompt.press("Enter")
    expect(prompt).to_have_value("a photo of a snowy mountain")


def test_it_all_works_by_keyboard_alone(browser: Browser, running: Running) -> None:
    visit = Visit(browser, running)
    page = visit.page
    page.keyboard.press("6")
    expect(page.locator("#task-title")).to_have_text("Digits")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "go":
            break
    assert page.evaluate("document.activeElement.id") == "go"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    with visit.asking():
        page.keyboard.press("Enter")
    visit.made()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    until(lambda: _progress(page.locator("#viewer")), lambda progress: progress == 1)
    page.keyboard.press("]")
    expect(page.locator("#strip [role=option]").nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    expect(page.locator("#room-gallery")).to_be_visible()
    page.keyboard.press("f")
    expect(page.locator("#room-find")).to_be_visible()
    page.keyboard.press("t")
    expect(page.locator("#room-training")).to_be_visible()
    page.keyboard.press("m")
    page.keyboard.press("4")
    easel = page.locator(".easel canvas").nth(1)
    page.locator(".prompt input").focus()
    page.keyboard.press("Escape")
    expect(easel).to_be_focused()
    before = _seen(easel)
    page.keyboard.down("Space")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    page.keyboard.up("Space")
    page.keyboard.press("ArrowDown")
    painted = np.abs(_seen(easel) - before).max((0, 2)) > 100
    assert painted[len(painted) // 2 :].sum() > 8 * 16 / 512 * page.evaluate("document.activeElement.clientWidth") * 0.9
    with visit.asking():
        page.keyboard.press("Control+Enter")
    expect(page.locator("#viewer")).to_be_focused()
    page.keyboard.press("c")
    expect(page.locator("#forming")).to_be_hidden()
    visit.close()


def test_on_a_phone_a_finger_is_enough(browser: Browser, running: Running) -> None:
    visit = Visit(browser, running, PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
    page = visit.page
    for task in TASKS:
        visit.task(task)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    # What is missing is said where it is seen, and a word that is not known is underlined where it stands.
    visit.task("generate")
    page.locator("#go").tap()
    expect(page.locator("#problem")).to_be_in_viewport()
    fonts = [
        page.locator(part).evaluate("one => getComputedStyle(one).font") for part in (".prompt .ghost", ".prompt input")
    ]
    assert fonts[0] == fonts[1]
    visit.task("edit")
    easel = page.locator(".easel canvas").nth(1)
    easel.scroll_into_view_if_needed()
    blank = _seen(easel)
    easel.tap(position={"x": 100, "y": 120})
    until(lambda: _seen(easel), lambda seen: np.abs(seen - blank).max() > 100)
    # Suggestions are over nothing.
    visit.task("anagram")
    first, second = page.locator(".prompt input").all()
    first.press_sequentially("a photo of a sn")
    options = page.locator(".options").first
    options.locator("li").first.wait_for()
    assert _edge(options, "bottom") <= _edge(second, "top")
    visit.task("digits")
    with visit.asking():
        page.locator("#go").tap()
    visit.made()
    assert _edge(page.locator("#mat"), "top") >= _edge(page.locator("header"), "bottom")
    page.locator("#hands .turn").tap()
    until(lambda: _progress(page.locator("#viewer")), lambda progress: progress == 1)
    page.get_by_role("link", name="Gallery").tap()
    page.locator("#pictures .open").first.tap()
    page.locator("#detail .mat canvas").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    visit.close()


def test_motion_is_not_shown_to_those_who_asked_for_none(browser: Browser, running: Running) -> None:
    running.made({"verb": "anagram", "recipe": {"prompts": ["6", "9"], "views": ["jigsaw"]}, "model": DIGITS})
    visit = Visit(browser, running, reduced_motion="reduce")
    visit.page.locator("#hands .turn").click()
    assert _progress(visit.page.locator("#viewer")) == 1
    visit.close()


def test_the_shared_page_turns_without_a_studio(browser: Browser, running: Running, tmp_path: Path) -> None:
    job = {"verb": "anagram", "recipe": {"prompts": ["6", "9"], "views": ["rotate-180"]}, "model": DIGITS}
    [identity] = running.made(job)
    page_file = tmp_path / "shared.html"
    page_file.write_bytes(running.ask(f"/api/pictures/{identity}/page").body)
    context = browser.new_context(
        offline=True, viewport={"width": PHONE[0], "height": PHONE[1]}, is_mobile=True, has_touch=True
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(page_file.as_uri())
    canvas = page.locator("#viewer[data-progress]")
    canvas.wait_for()
    assert page.evaluate("innerWidth") == PHONE[0]
    before = _seen(canvas)
    page.get_by_role("button", name="Turn it").click()
    until(lambda: canvas.get_attribute("data-progress"), lambda progress: progress == "1.000")
    assert np.abs(_seen(canvas) - before).max() > 40
    assert complaints == []
    context.close()


def test_a_lesson_is_drawn_with_ones_own_picture(browser: Browser, running: Running) -> None:
    running.made(digit_job("7"))
    visit = Visit(browser, running)
    page = visit.page
    visit.task("digits")
    page.locator("#lesson-button").click()
    frames = page.locator("#lesson .frames")
    frames.nth(1).wait_for()
    assert page.locator("#lesson .frames").first.locator("img").count() == 7
    page.keyboard.press("Escape")
    expect(page.locator("#lesson")).to_be_hidden()
    visit.close()


def test_a_model_is_trained_stopped_resumed_and_compared(browser: Browser, running: Running) -> None:
    visit = Visit(browser, running)
    page = visit.page
    page.goto(f"{running.address}/#training")
    form = page.get_by_role("form", name="Train a model")
    form.get_by_label("Epochs").fill("40")
    form.get_by_label("Examples").fill("256")
    form.get_by_label("Width").fill("8")
    form.get_by_label("Batch").fill("64")
    form.get_by_role("button", name="Start training").click()
    run = page.locator(".run").first
    page.locator("#sheets img").first.wait_for()
    run.get_by_role("button", name="Stop").click()
    run.get_by_role("button", name="Resume").wait_for()
    [stopped] = running.ask("/api/runs").json["runs"]
    assert stopped["state"] == "stopped"
    assert 0 < stopped["epoch"] < 40
    assert stopped["usable"]
    run.get_by_role("button", name="Resume").click()
    until(lambda: running.ask("/api/runs").json["runs"][0], lambda now: now["step"] > stopped["step"])
    run.get_by_role("button", name="Stop").click()
    run.get_by_role("button", name="Resume").wait_for()
    assert "loss curves" in (page.locator("#charts canvas").get_attribute("aria-label") or "").lower()
    expect(run).to_contain_text(re.compile(r"step \d+ of 160, epoch"))
    name = stopped["name"]
    steps = [step for step, _ in running.ask(f"/api/runs/{name}").json["curve"]]
    assert steps == sorted(set(steps))
    assert f"run:{name}" in [model["name"] for model in running.ask("/api/studio").json["models"]]
    assert running.wait(running.submit({**digit_job(), "model": f"run:{name}"}))["state"] == "done"
    visit.close()


def test_runs_keep_their_colours_and_share_an_axis_only_where_their_losses_can_be_compared(visit: Visit) -> None:
    state = {"state": "stopped", "epochs": 3, "epoch": 1, "step": 5, "steps": 15, "loss": 0.5, "problem": None}
    runs = [
        {**state, "name": name, "learns": learns, "samples": [], "seconds_left": 1.0, "pictures_per_second": 9.0}
        for name, learns in (("flow", "the velocity"), ("ddpm-2", "the noise"), ("ddpm", "the noise"))
    ]
    curves = {run["name"]: [[1, 0.9], [5, 0.5]] for run in runs} | {"ddpm": []}

    def told(route: Route) -> None:
        name = urlsplit(route.request.url).path.removeprefix("/api/runs").strip("/")
        whole = [{**run, "curve": curves[str(run["name"])]} for run in runs if run["name"] == name]
        route.fulfill(json=whole[0] if whole else {"runs": runs})

    page = visit.page
    page.route("**/api/runs**", told)
    page.keyboard.press("t")
    charts = page.locator("#charts canvas")
    boxes = [page.get_by_label(f"Compare {run['name']}", exact=True) for run in runs]
    boxes[2].check()
    expect(charts).to_have_count(1)
    boxes[1].check()
    expect(charts).to_have_count(2)
    colours = page.locator("#charts .legend i")
    expect(colours).to_have_count(2)
    kept = colours.last.evaluate("one => one.style.background")
    boxes[0].uncheck()
    expect(charts).to_have_count(1)
    assert colours.evaluate("one => one.style.background") == kept
    # A run without a step has no loss yet; it need not be ticked again.
    boxes[1].uncheck()
    expect(charts).to_have_attribute("aria-label", re.compile("after the first steps"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_anyones_way(browser: Browser, running: Running, scheme: str) -> None:
    running.made({"verb": "anagram", "recipe": {"prompts": ["6", "9"], "views": ["flip"]}, "model": DIGITS, "count": 2})
    # axe comes from outside the page, which forbids that; everything else stays as it is.
    visit = Visit(browser, running, color_scheme=scheme, bypass_csp=True)
    page = visit.page
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    for task in TASKS:
        visit.task(task)
        _no_serious_violation(page, f"{task}, {scheme}")
    visit.task("generate")
    page.locator(".prompt input").press_sequentially("a photo of a rabit")
    page.locator(".prompt u").wait_for()
    _no_serious_violation(page, f"typing, {scheme}")
    page.locator(".prompt input").press("Escape")
    page.locator(".settings summary").click()
    page.locator("#queue-button").click()
    _no_serious_violation(page, f"settings and queue, {scheme}")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Gallery").click()
    page.locator("#pictures li").first.wait_for()
    _no_serious_violation(page, f"gallery, {scheme}")
    page.locator("#pictures .open").first.click()
    page.locator("#detail #hands, #detail .hands").first.wait_for()
    _no_serious_violation(page, f"a picture, {scheme}")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Find").click()
    page.locator("#find-go").wait_for()
    _no_serious_violation(page, f"find, {scheme}")
    page.get_by_role("link", name="Training").click()
    page.locator("#charts canvas").first.wait_for()
    _no_serious_violation(page, f"training, {scheme}")
    page.get_by_role("link", name="Make").click()
    page.locator("#lesson-button").click()
    page.locator("#lesson .frames").first.wait_for()
    page.wait_for_timeout(400)
    _no_serious_violation(page, f"lesson, {scheme}")
    visit.close()


def test_no_room_is_wider_than_its_window(browser: Browser, running: Running) -> None:
    visit = Visit(browser, running, WIDE)
    page = visit.page
    for width, height in (WIDE, MIDDLE, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        for room in ("make", "find", "gallery", "training"):
            page.goto(f"{running.address}/#{room}")
            page.locator(f"#room-{room}").wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (room, width)
    visit.close()


def _no_serious_violation(page: Page, where: str) -> None:
    page.wait_for_timeout(200)
    found = page.evaluate("async () => (await axe.run({ resultTypes: ['violations'] })).violations")
    serious = [
        (violation["id"], [node["html"][:160] for node in violation["nodes"]][:4])
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == [], f"{where}: {json.dumps(serious, indent=1)}"


def _given(page: Page, content: bytes, by: str) -> None:
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


def _stroke(page: Page, box: object, start: tuple[float, float], end: tuple[float, float]) -> None:
    assert isinstance(box, dict)
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=8)
    page.mouse.up()


def _pixels(text: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))
