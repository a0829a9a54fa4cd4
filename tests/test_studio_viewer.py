"""The picture on stage: turned, flung, rearranged and stepped back from, by hand and by key."""

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from studio_server import DIGITS, Running, until
from studio_visit import (
    Visit,
    progress_of,
    seen_on,
)


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


def test_motion_is_not_shown_to_those_who_asked_for_none(browser: Browser, running: Running) -> None:
    running.made({"verb": "anagram", "recipe": {"prompts": ["6", "9"], "views": ["jigsaw"]}, "model": DIGITS})
    visit = Visit(browser, running, reduced_motion="reduce")
    visit.page.locator("#hands .turn").click()
    assert progress_of(visit.page.locator("#viewer")) == 1
    visit.close()
