"""For everyone: by keyboard alone, with one finger, in light and dark, in any window."""

from importlib.resources import files

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from studio_server import DIGITS, Running, until
from studio_visit import (
    MIDDLE,
    PHONE,
    WIDE,
    Visit,
    edge_of,
    no_serious_violation,
    progress_of,
    seen_on,
)

TASKS = ["generate", "anagram", "hybrid", "edit", "inpaint", "digits", "ambigram"]


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
