"""What is asked for: prompts, settings and seeds, and what a picture gives back of them."""

import io
import re

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Route, expect

from studio_server import DIGITS, Running, png, until
from studio_visit import (
    Visit,
    edge_of,
    given_to,
    pixels_of,
    seen_on,
)


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


def test_asked_for_twice_at_once_it_is_made_once(visit: Visit) -> None:
    page = visit.page
    held: list[Route] = []
    visit.route("**/api/jobs", lambda route: route.continue_() if route.request.method == "GET" else held.append(route))
    visit.task("digits")
    for _ in range(2):
        page.keyboard.press("Control+Enter")
    until(lambda: page.evaluate("0") or len(held), bool)
    held.pop().fulfill(status=429, json={"problem": "Too much waits: wait."})
    expect(page.locator("#problem")).to_have_text("Too much waits: wait.")
    expect(page.locator("#go")).to_be_enabled()
    assert held == []
    visit.complaints.clear()


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
    visit.route("**/api/studio", told)
    visit.route("**/api/jobs", taken)
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
