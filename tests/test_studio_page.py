"""The studio's page in a real browser, through the real server, with the shipped models."""

import io
import json
import re
import signal
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Route, expect

from studio_server import DIGITS, Running, digit_job, long_job, png, studio, until
from studio_visit import (
    MIDDLE,
    PHONE,
    WIDE,
    Visit,
    edge_of,
    given_to,
    no_serious_violation,
    pixels_of,
    progress_of,
    seen_on,
    stroke,
)

GREY = {
    "verb": "hybrid",
    "recipe": {"parts": {"grey": {"prompt": "3"}, "colour": {"prompt": "8"}}},
    "model": DIGITS,
}
"""What only the model can refuse."""
TASKS = ["generate", "anagram", "hybrid", "edit", "inpaint", "digits", "ambigram"]


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
    upright = seen_on(canvas)
    # The words are hidden until someone has guessed.
    readings = page.locator("#readings .reading")
    expect(readings).to_have_count(2)
    assert "elephant" not in page.locator("#stage").inner_text()
    lit = "one => Number(one.style.getPropertyValue('--lit'))"
    assert [reading.evaluate(lit) for reading in readings.all()] == [1, 0]
    canvas.focus()
    page.keyboard.press("Space")
    until(lambda: progress_of(page.locator("#viewer")), lambda progress: progress == 1)
    turned = seen_on(canvas)
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
    page.locator("#deeds .more").click()
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
        held = progress_of(viewer)
        page.mouse.up()
        return held

    # The picture follows the hand: a third of a half turn; let go, it springs back to where it was.
    assert drag(around[:5]) == pytest.approx(1 / 3, abs=0.05)
    until(lambda: progress_of(viewer), lambda progress: progress == 0)
    # Two thirds are enough to go the whole way, and either way round is the same.
    assert drag(around[:9]) == pytest.approx(2 / 3, abs=0.05)
    until(lambda: progress_of(viewer), lambda progress: progress == 1)
    assert drag(around[::-1][:13]) == pytest.approx(0, abs=0.05)
    until(lambda: progress_of(viewer), lambda progress: progress == 0)
    assert drag(around[::-1][:10]) == pytest.approx(-0.75, abs=0.05)
    until(lambda: progress_of(viewer), lambda progress: progress == 1)
    # A press without a move turns it as well.
    page.mouse.click(*middle)
    until(lambda: progress_of(viewer), lambda progress: progress == 0)
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
        start = seen_on(canvas)
        for _ in range(6):
            page.keyboard.press("ArrowRight")
        assert 0.45 < progress_of(canvas) < 0.51, view
        assert np.abs(seen_on(canvas) - start).max() > 40, view
        for _ in range(7):
            page.keyboard.press("ArrowRight")
        assert progress_of(canvas) == 1, view
        assert np.abs(seen_on(canvas) - start).max() > 40, view
        page.keyboard.press("Space")
        assert progress_of(canvas) == 0, view
        assert np.abs(seen_on(canvas) - start).mean() < 0.5, view
        page.keyboard.press("Escape")
    visit.close()


def test_a_hybrid_is_stepped_back_from(browser: Browser, running: Running) -> None:
    parts = {"far": {"prompt": "3"}, "near": {"prompt": "8"}}
    running.made({"verb": "hybrid", "recipe": {"parts": parts}, "model": DIGITS})
    visit = Visit(browser, running)
    page = visit.page
    slider = page.locator("#hands input[type=range]")
    slider.wait_for()
    near = seen_on(page.locator("#viewer"))
    page.get_by_role("button", name="Step back").click()
    until(lambda: progress_of(page.locator("#viewer")), lambda progress: progress == 1)
    far = seen_on(page.locator("#viewer"))
    middle = len(far) // 2
    ring = (slice(middle - 120, middle + 120), slice(middle - 140, middle - 100))
    assert np.abs(far[ring] - near[ring]).max() > 40
    slider.fill("0")
    assert progress_of(page.locator("#viewer")) == 0
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
    visit.deed("Its settings")
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
    visit.deed("Its settings")
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
    assert abs(edge_of(lesson, "top") - box["y"]) <= 1
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
    blank = seen_on(easel)
    stroke(page, box, (0.3, 0.3), (0.7, 0.7))
    drawn = seen_on(easel)
    assert np.abs(drawn - blank).max() > 100
    page.get_by_role("button", name="Undo").click()
    page.mouse.move(5, 5)
    assert np.abs(seen_on(easel) - blank).max() < 60
    page.locator(".samples button").first.click()
    until(lambda: seen_on(easel), lambda seen: np.abs(seen - blank).mean() > 5)
    stroke(page, box, (0.2, 0.8), (0.8, 0.8))
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
    stroke(page, box, (0.2, 0.75), (0.8, 0.75))
    visit.settings(steps=5, count=1)
    with visit.asking():
        page.locator("#go").click()
    visit.made()
    [entry] = running.ask("/api/pictures?limit=1").json["pictures"]
    job = running.ask(f"/api/pictures/{entry['id']}").json["job"]
    assert job["verb"] == "inpaint"
    before, mask = (pixels_of(job["recipe"][name]["png"]) for name in ("picture", "mask"))
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
    given_to(page, content, "drop")
    expect(page.locator("#task-title")).to_have_text("Digits")
    expect(page.get_by_role("group", name="This digit").get_by_role("button", pressed=True)).to_have_text("5")
    expect(page.locator("input[name=digits-view]:checked")).to_have_value("mirror")
    expect(page.get_by_label("Seed", exact=True)).to_have_value("4242")
    # Any other picture is one to work on, wherever it comes from.
    given_to(page, png(), "paste")
    expect(page.locator("#task-title")).to_have_text("From a drawing")
    easel = page.locator(".easel canvas").nth(1)
    until(lambda: seen_on(easel), lambda seen: np.abs(seen - (200, 80, 40)).max() < 12)
    wide = io.BytesIO()
    Image.new("RGB", (60, 40), (30, 60, 200)).save(wide, "PNG")
    page.locator("#file").set_input_files({"name": "z.png", "mimeType": "image/png", "buffer": wide.getvalue()})
    until(lambda: seen_on(easel), lambda seen: np.abs(seen - (30, 60, 200)).max() < 12)
    expect(page.locator("#toasts")).to_contain_text("z.png is 60×40: its middle 40×40 is used")
    # A browser can't decode that one, the studio can.
    tiff = io.BytesIO()
    Image.new("RGB", (40, 40), (20, 160, 90)).save(tiff, "TIFF")
    page.locator("#file").set_input_files({"name": "z.tif", "mimeType": "image/tiff", "buffer": tiff.getvalue()})
    until(lambda: seen_on(easel), lambda seen: np.abs(seen - (20, 160, 90)).max() < 12)


def test_an_edit_gives_its_picture_back(visit: Visit, running: Running) -> None:
    page = visit.page
    taken = running.ask(f"/api/sources?model={DIGITS}&name=blue.png", "POST", body=png(28, 200, "L")).json["source"]
    recipe = {"picture": taken, "prompt": "3", "start": 12}
    running.made({"verb": "edit", "recipe": recipe, "model": DIGITS})
    page.reload()
    visit.ready()
    visit.deed("Its settings")
    expect(page.locator("#toasts")).to_contain_text("Its settings are back")
    expect(page.locator("#task-title")).to_have_text("From a drawing")
    expect(page.locator(".prompt input")).to_have_value("3")
    expect(page.get_by_role("slider", name="How much may change")).to_have_value("630")
    shade = pixels_of(taken["png"]).mean()
    easel = page.locator(".easel canvas").nth(1)
    until(lambda: seen_on(easel), lambda seen: np.abs(seen - shade).max() < 12)
    # Where its picture can't be shown, that is said, and nothing else.
    page.locator("#toasts .toast").evaluate_all("toasts => toasts.forEach((one) => one.remove())")
    page.evaluate("Object.defineProperty(Image.prototype, 'src', { set() { this.onerror(); } })")
    page.get_by_role("button", name="Picture", exact=True).click()
    visit.deed("Its settings")
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
    page.keyboard.press("8")
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
    visit.deed("Delete", "#detail")
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
    until(lambda: seen_on(canvas), lambda seen: seen.min() < 60)
    before = seen_on(canvas)
    first.locator(".turning").click()
    assert np.abs(seen_on(canvas)[::-1] - before).mean() < np.abs(seen_on(canvas) - before).mean()
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
    visit.deed("Delete")
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
    until(lambda: progress_of(page.locator("#viewer")), lambda progress: progress == 1)
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
    before = seen_on(easel)
    page.keyboard.down("Space")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    page.keyboard.up("Space")
    page.keyboard.press("ArrowDown")
    painted = np.abs(seen_on(easel) - before).max((0, 2)) > 100
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
    blank = seen_on(easel)
    easel.tap(position={"x": 100, "y": 120})
    until(lambda: seen_on(easel), lambda seen: np.abs(seen - blank).max() > 100)
    # Suggestions are over nothing.
    visit.task("anagram")
    first, second = page.locator(".prompt input").all()
    first.press_sequentially("a photo of a sn")
    options = page.locator(".options").first
    options.locator("li").first.wait_for()
    assert edge_of(options, "bottom") <= edge_of(second, "top")
    visit.task("digits")
    with visit.asking():
        page.locator("#go").tap()
    visit.made()
    assert edge_of(page.locator("#mat"), "top") >= edge_of(page.locator("header"), "bottom")
    page.locator("#hands .turn").tap()
    until(lambda: progress_of(page.locator("#viewer")), lambda progress: progress == 1)
    page.get_by_role("link", name="Gallery").tap()
    page.locator("#pictures .open").first.tap()
    page.locator("#detail .mat canvas").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    visit.close()


def test_motion_is_not_shown_to_those_who_asked_for_none(browser: Browser, running: Running) -> None:
    running.made({"verb": "anagram", "recipe": {"prompts": ["6", "9"], "views": ["jigsaw"]}, "model": DIGITS})
    visit = Visit(browser, running, reduced_motion="reduce")
    visit.page.locator("#hands .turn").click()
    assert progress_of(visit.page.locator("#viewer")) == 1
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
    before = seen_on(canvas)
    page.get_by_role("button", name="Turn it").click()
    until(lambda: canvas.get_attribute("data-progress"), lambda progress: progress == "1.000")
    assert np.abs(seen_on(canvas) - before).max() > 40
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
        no_serious_violation(page, f"{task}, {scheme}")
    visit.task("generate")
    page.locator(".prompt input").press_sequentially("a photo of a rabit")
    page.locator(".prompt u").wait_for()
    no_serious_violation(page, f"typing, {scheme}")
    page.locator(".prompt input").press("Escape")
    page.locator(".settings summary").click()
    page.locator("#queue-button").click()
    no_serious_violation(page, f"settings and queue, {scheme}")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Gallery").click()
    page.locator("#pictures li").first.wait_for()
    no_serious_violation(page, f"gallery, {scheme}")
    page.locator("#pictures .open").first.click()
    page.locator("#detail #hands, #detail .hands").first.wait_for()
    no_serious_violation(page, f"a picture, {scheme}")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Find").click()
    page.locator("#find-go").wait_for()
    no_serious_violation(page, f"find, {scheme}")
    page.get_by_role("link", name="Wall").click()
    page.locator("#hanging li").nth(23).wait_for()
    no_serious_violation(page, f"wall, {scheme}")
    page.get_by_role("link", name="Training").click()
    page.locator("#charts canvas").first.wait_for()
    no_serious_violation(page, f"training, {scheme}")
    page.get_by_role("link", name="Make").click()
    page.locator("#lesson-button").click()
    page.locator("#lesson .frames").first.wait_for()
    page.wait_for_timeout(400)
    no_serious_violation(page, f"lesson, {scheme}")
    visit.close()


def test_no_room_is_wider_than_its_window(browser: Browser, running: Running) -> None:
    visit = Visit(browser, running, WIDE)
    page = visit.page
    for width, height in (WIDE, MIDDLE, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        for room in ("wall", "make", "find", "gallery", "training"):
            page.goto(f"{running.address}/#{room}")
            page.locator(f"#room-{room}").wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (room, width)
    visit.close()


def _photo(width: int, height: int) -> bytes:
    """A photo of a grey sky over a coloured ground, as large as that."""
    rows, columns = np.mgrid[0:height, 0:width]
    ground = np.stack([columns * 255 // width, rows % 200, np.full_like(rows, 90)], -1)
    file = io.BytesIO()
    Image.fromarray(np.where(rows[..., None] > height / 2, ground, 180).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_a_part_goes_back_into_the_photo_at_its_own_size(visit: Visit, running: Running) -> None:
    page = visit.page
    visit.task("inpaint")
    photo = _photo(480, 300)
    page.locator("#file").set_input_files({"name": "photo.png", "mimeType": "image/png", "buffer": photo})
    # Which square is used is seen, and moved: by keys to the right, and made smaller.
    frame = page.locator(".frame-of")
    left = edge_of(frame, "left")
    easel = page.locator(".easel canvas").first
    before = seen_on(easel)
    frame.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert edge_of(frame, "left") > left + 15
    page.get_by_role("slider", name="Side of the square").fill("60")
    assert np.abs(seen_on(easel) - before).mean() > 3
    box = page.locator(".easel canvas").nth(1).bounding_box()
    stroke(page, box, (0.3, 0.5), (0.7, 0.5))
    visit.settings(steps=2, count=1)
    with visit.asking():
        page.locator("#go").click()
    visit.made()
    slider = page.get_by_role("slider", name="Compare")
    made = seen_on(page.locator("#viewer"))
    slider.fill("100")
    assert np.abs(seen_on(page.locator("#viewer")) - made).max() > 40
    page.get_by_role("button", name="Back into the photo").click()
    expect(page.locator("#toasts")).to_contain_text("480 pixels wide")
    [entry] = running.ask("/api/pictures?limit=1").json["pictures"]
    whole, given = (
        np.asarray(image).astype(int) for image in (running.picture(entry["id"]), Image.open(io.BytesIO(photo)))
    )
    assert whole.shape == given.shape == (300, 480, 3)
    changed = np.abs(whole - given).max(2) > 0
    crop = running.ask(f"/api/pictures/{entry['id']}").json["job"]["recipe"]["picture"]["crop"]
    x0, y0, x1, y1 = map(int, crop.split(","))
    assert x1 - x0 == y1 - y0 == 180
    assert changed[y0:y1, x0:x1].mean() > 0.02
    changed[y0:y1, x0:x1] = False
    assert not changed.any()


def test_a_drawing_is_compared_with_what_was_made_of_it(visit: Visit, running: Running) -> None:
    page = visit.page
    taken = running.ask(f"/api/sources?model={DIGITS}&name=blue.png", "POST", body=png(28, 200, "L")).json["source"]
    running.made({"verb": "edit", "recipe": {"picture": taken, "prompt": "3", "start": 12}, "model": DIGITS})
    page.reload()
    visit.ready()
    slider = page.get_by_role("slider", name="Compare")
    viewer = page.locator("#viewer")
    made = seen_on(viewer)
    slider.fill("50")
    half = seen_on(viewer)
    middle = half.shape[1] // 2
    assert np.abs(half[:, : middle - 12] - pixels_of(taken["png"]).mean()).max() < 40
    assert np.abs(half[:, middle + 12 :] - made[:, middle + 12 :]).max() < 8
    viewer.focus()
    page.keyboard.press("Space")
    until(lambda: progress_of(viewer), lambda progress: progress == 1)
