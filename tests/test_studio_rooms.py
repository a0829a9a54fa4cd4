"""The other rooms: gallery, finding, the shared page, the lesson and training."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Route, expect

from studio_server import DIGITS, Running, digit_job, until
from studio_visit import (
    PHONE,
    WIDE,
    Visit,
    seen_on,
)


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
    visit.route("**/api/find", of_digits)
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
    visit.route("**/api/runs**", told)
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
