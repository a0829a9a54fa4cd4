"""The studio's gallery with many pictures in a real browser: filters, several at once, the trash; and settings."""

import re

import numpy as np
from playwright.sync_api import Browser, expect

from studio_server import DIGITS, Running, digit_job, png, until
from studio_visit import PHONE, Visit, edge_of, given_to, seen_on, stroke


def test_several_are_deleted_at_once_and_taken_out_of_the_trash(browser: Browser, running: Running) -> None:
    running.made(digit_job("1", count=5, seed=700))
    running.made({"verb": "anagram", "recipe": {"prompts": ["6", "9"], "views": ["flip"]}, "model": DIGITS})
    visit = Visit(browser, running)
    page = visit.page
    page.keyboard.press("g")
    shown = page.locator("#pictures li")
    expect(shown).to_have_count(6)
    kinds = page.locator("#kinds")
    kinds.get_by_label("Anagram").check(force=True)
    expect(shown).to_have_count(1)
    expect(page.locator("#gallery-count")).to_have_text("1 picture")
    kinds.get_by_label("Hybrid").check(force=True)
    expect(page.locator("#gallery-empty")).to_contain_text("Nothing fits")
    kinds.get_by_label("Picture").check(force=True)
    expect(shown).to_have_count(5)
    # With Shift all that lie between; Escape leaves them.
    page.locator("#select").click()
    page.get_by_role("button", name="Select 1, seed 701").click()
    page.get_by_role("button", name="Select 1, seed 703").click(modifiers=["Shift"])
    bar = page.locator("#selection")
    expect(bar).to_contain_text("3 selected")
    expect(page.locator("#pictures .open[aria-pressed=true]")).to_have_count(3)
    page.get_by_role("button", name="Select 1, seed 702").press("Enter")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_role("button", name="Delete").click()
    expect(shown).to_have_count(3)
    expect(page.locator("#toasts")).to_contain_text("2 deleted")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(shown).to_have_count(5)
    page.locator("#select").click()
    bar.get_by_role("button", name="All of these").click()
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    page.locator("#select").click()
    page.get_by_role("button", name="Select 1, seed 700").click()
    bar.get_by_role("button", name="Delete").click()
    expect(shown).to_have_count(4)
    page.locator("#open-trash").click()
    trash = page.locator("#trash")
    expect(trash.locator("li")).to_have_count(1)
    trash.get_by_role("button", name="Restore").click()
    expect(trash).to_contain_text("Nothing is thrown away")
    page.keyboard.press("Escape")
    expect(shown).to_have_count(5)
    # By key, and then for good, which is asked twice.
    page.get_by_role("button", name="Open 1, seed 704").click()
    page.locator("#detail .deed-delete").wait_for(state="attached")
    page.keyboard.press("s")
    expect(page.locator("#detail .star")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Delete")
    expect(shown).to_have_count(4)
    page.locator("#open-trash").click()
    empty = trash.locator(".empty-trash")
    empty.click()
    expect(empty).to_have_text("Throw 1 away for good")
    empty.click()
    expect(trash).to_contain_text("Nothing is thrown away")
    assert running.ask("/api/trash").json == {"pictures": [], "total": 0}
    visit.close()


def test_selected_by_keyboard_the_focus_stays_and_only_what_is_listed_is_deleted(
    browser: Browser, running: Running
) -> None:
    running.made(digit_job("3", seed=1))
    ids = running.made(digit_job("2", count=4, seed=77_770))
    pair = {"prompts": ["2", "5"], "views": ["flip"]}
    running.made({"verb": "anagram", "recipe": pair, "model": DIGITS, "seed": 77_779})
    visit = Visit(browser, running)
    page = visit.page
    page.keyboard.press("g")
    page.locator("#search").fill("7777")
    expect(page.locator("#pictures li")).to_have_count(5)
    bar, toasts = page.locator("#selection"), page.locator("#toasts")
    seeds = [page.get_by_role("button", name=f"Select 2, seed {77_770 + k}") for k in range(4)]
    page.locator("#select").click()
    for one in seeds:
        one.focus()
        page.keyboard.press("Space")
        expect(one).to_have_attribute("aria-pressed", "true")
        expect(one).to_be_focused()
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    expect(page.locator("#select")).to_be_focused()
    # What is found no more is not deleted with the rest.
    page.keyboard.press("Enter")
    bar.get_by_role("button", name="All of these").click()
    expect(bar).to_contain_text("5 selected")
    page.locator("#kinds").get_by_label("Picture").check(force=True)
    expect(bar).to_contain_text("4 selected")
    # Nor does one that can't be deleted keep the others from coming back.
    full = {"problem": "The disk is full."}
    visit.route(f"**/api/pictures/{ids[1]}", lambda route: route.fulfill(status=507, json=full))
    bar.get_by_role("button", name="Delete").click()
    expect(toasts).to_contain_text("The disk is full.")
    expect(toasts).to_contain_text("3 deleted.")
    expect(page.locator("#pictures li")).to_have_count(1)
    toasts.get_by_role("button", name="Undo").click()
    expect(page.locator("#pictures li")).to_have_count(4)
    page.locator("#kinds").get_by_label("Anagram").check(force=True)
    expect(page.locator("#pictures li")).to_have_count(1)
    visit.complaints.clear()
    visit.close()


def test_settings_never_push_the_picture_away(browser: Browser, running: Running) -> None:
    running.made(digit_job("1"))
    for size in ((1024, 600), PHONE):
        visit = Visit(browser, running, size)
        page = visit.page
        visit.task("anagram")
        page.locator(".settings summary").click()
        last = page.get_by_label("Steer away from")
        last.scroll_into_view_if_needed()
        expect(last).to_be_in_viewport()
        expect(page.locator("#mat")).to_be_in_viewport(ratio=0.3)
        assert edge_of(page.locator("#mat"), "top") >= 0
        visit.close()


def test_a_style_is_that_of_all_prompts(browser: Browser, running: Running) -> None:
    running.made(digit_job("1"))
    visit = Visit(browser, running)
    page = visit.page
    visit.task("anagram")
    first, second = page.locator(".prompt input").all()
    first.fill("a watercolor of a fox")
    second.fill("a red car")
    second.press("Escape")
    chip = page.get_by_role("group", name="In the style of").get_by_role("button", name="oil painting")
    chip.click()
    expect(page.locator(".prompt input").first).to_have_value("an oil painting of a fox")
    expect(page.locator(".prompt input").nth(1)).to_have_value("an oil painting of a red car")
    expect(chip).to_have_attribute("aria-pressed", "true")
    # Where nothing is said yet there is something to begin with.
    visit.task("hybrid")
    page.get_by_role("group", name="In the style of").get_by_role("button", name="pencil sketch").press("Enter")
    expect(page.locator(".prompt input").first).to_have_value("a pencil sketch of a castle")
    visit.close()


def test_three_readings_are_asked_for_and_come_back(browser: Browser, running: Running) -> None:
    running.made(digit_job("1"))
    visit = Visit(browser, running)
    page = visit.page
    asked = visit.refused_jobs()
    visit.task("anagram")
    page.get_by_role("button", name="Another reading").click()
    prompts = page.locator(".prompt input")
    for prompt, words in zip(prompts.all(), ("a fox", "an owl", "a boat"), strict=True):
        prompt.fill(words)
    prompts.last.press("Escape")
    page.locator("input[name=anagram-view-1][value=mirror]").check(force=True)
    page.locator("#go").click()
    expect(page.locator("#problem")).to_contain_text("Too much waits")
    [job] = asked
    assert job["recipe"]["prompts"] == ["a fox", "an owl", "a boat"]
    assert job["recipe"]["views"] == ["rotate-180", "mirror"]
    page.get_by_role("button", name="Another reading").click()
    expect(prompts).to_have_count(4)
    expect(page.get_by_role("button", name="Another reading")).to_have_count(0)
    for _ in range(2):
        page.get_by_role("button", name="One reading fewer").click()
    expect(prompts).to_have_count(2)
    visit.complaints.clear()
    visit.close()


def test_the_field_narrows_before_ones_eyes(browser: Browser, running: Running) -> None:
    visit = Visit(browser, running)
    page = visit.page
    visit.task("digits")
    # Few of these can be read both ways.
    page.locator("input[name=digits-view][value=negate]").check(force=True)
    visit.settings(steps=60, count=1)
    page.get_by_label("Choose among").select_option("32")
    with visit.asking():
        page.locator("#go").click()
    counts = page.evaluate(
        """() => new Promise((resolve) => {
            const seen = new Set();
            const look = () => {
                seen.add(document.querySelectorAll("#strip [role=option]").length);
                if (document.querySelector("#deeds button")) resolve([...seen]);
                else requestAnimationFrame(look);
            };
            look();
        })"""
    )
    assert 32 in counts
    assert any(1 < count < 32 for count in counts)
    visit.close()


def test_any_picture_is_read_by_a_judge(browser: Browser, running: Running) -> None:
    [identity] = running.made(
        {"verb": "anagram", "recipe": {"prompts": ["6", "9"], "views": ["flip"]}, "model": DIGITS}
    )
    visit = Visit(browser, running)
    page = visit.page
    visit.task("generate")
    given_to(page, running.ask(f"/api/pictures/{identity}/file").body, "drop")
    page.locator("#toasts").get_by_role("button", name="What a judge sees").click()
    dialog = page.locator("#score")
    expect(dialog.locator("dt")).to_have_text(["upright", "flip"])
    expect(dialog).to_contain_text("read ")
    page.keyboard.press("Escape")
    page.locator("#toasts .toast").evaluate_all("toasts => toasts.forEach((one) => one.remove())")
    visit.task("generate")
    given_to(page, png(), "paste")
    page.locator("#toasts").get_by_role("button", name="What a judge sees").click()
    expect(dialog.locator("dt")).to_have_text(["upright", "half turn", "flip", "¼ left", "from afar"])
    expect(dialog).to_contain_text("1,083 names")
    visit.close()


def test_what_is_drawn_is_followed_live_and_settles(browser: Browser, running: Running) -> None:
    running.made(digit_job("1"))
    visit = Visit(browser, running)
    page = visit.page
    visit.task("edit")
    page.locator(".prompt input").fill("a red car")
    page.locator(".prompt input").press("Escape")
    box = page.locator(".easel canvas").nth(1).bounding_box()
    stroke(page, box, (0.3, 0.3), (0.7, 0.7))
    canvas = page.locator(".live canvas")
    # A first look, then all of its steps; both of one seed, which is that of the picture that is made next.
    with page.expect_request("**/api/live") as first:
        expect(canvas).to_have_attribute("data-steps", re.compile("[3-6]|24"))
    expect(canvas).to_have_attribute("data-steps", "24")
    looked = first.value.post_data_json
    visit.settings(steps=4, count=1)
    with page.expect_request(lambda request: request.url.endswith("/api/jobs") and request.method == "POST") as asked:
        page.locator("#go").click()
    visit.made()
    assert asked.value.post_data_json["seed"] == looked["seed"]
    assert running.ask("/api/pictures").json["total"] == len(list(running.out.glob("*.png")))
    # It is off until it is wanted again.
    page.get_by_role("button", name="Canvas", exact=True).click()
    page.get_by_role("button", name="Live").click()
    before = len(visit.asked)
    stroke(page, box, (0.3, 0.7), (0.7, 0.3))
    page.wait_for_timeout(1200)
    assert not any(url.endswith("/api/live") for url in visit.asked[before:])
    visit.close()


def test_the_wall_is_turned_and_remixed(browser: Browser, running: Running) -> None:
    for size in ((1440, 900), PHONE):
        visit = Visit(browser, running, size, reduced_motion="reduce")
        page = visit.page
        page.goto(f"{running.address}/#wall")
        tiles = page.locator("#hanging li")
        expect(tiles).to_have_count(24)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        wall = running.ask("/api/wall").json["pictures"]
        first = tiles.first
        canvas = first.locator("canvas")
        # Its odds, in a corner, are there before the picture is.
        until(lambda canvas=canvas: seen_on(canvas), lambda seen: np.ptp(seen[46:-46, 46:-46]) > 60)
        before = seen_on(canvas)
        # Its first is a half turn; by keyboard as by hand.
        first.locator(".turning").press("Enter")
        after = seen_on(canvas)
        assert np.abs(np.rot90(after, 2) - before).mean() < np.abs(after - before).mean()
        first.get_by_role("button", name="Remix").click()
        expect(page.locator("#task-title")).to_have_text("An anagram")
        fields = [field.input_value() for field in page.locator(".prompt input").all()]
        assert fields == wall[0]["prompts"]
        expect(page.get_by_label("Seed", exact=True)).to_have_value(str(wall[0]["job"]["seed"]))
        visit.close()


def test_a_surprise_is_a_pair_that_works_and_is_made(browser: Browser, running: Running) -> None:
    running.made(digit_job("1"))
    visit = Visit(browser, running)
    page = visit.page
    asked = visit.refused_jobs()
    hung = running.ask("/api/wall").json["pictures"]
    for k, task in enumerate(("anagram", "hybrid"), 1):
        visit.task(task)
        page.get_by_role("button", name="Surprise me").click()
        until(lambda: page.evaluate("0") or len(asked), lambda count, k=k: count == k)
        job = asked[-1]
        known = [tile["job"]["recipe"] for tile in hung if tile["job"]["verb"] == task]
        prompts = job["recipe"].get("prompts") or [part["prompt"] for part in job["recipe"]["parts"].values()]
        assert set(prompts) in [
            set(recipe.get("prompts") or [part["prompt"] for part in recipe["parts"].values()]) for recipe in known
        ]
    visit.complaints.clear()
    visit.close()
