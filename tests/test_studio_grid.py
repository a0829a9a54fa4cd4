"""A grid over two settings: ordinary jobs, seen side by side with their labels."""

from importlib.resources import files

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from studio_server import Running, digit_job, long_job, until
from studio_visit import PHONE, WIDE, Visit, no_serious_violation


def _grid_of_digits(visit: Visit, across: str, down: str, values: tuple[str, str], steps: int = 3) -> Page:
    """Ask for a grid of a 6 that is a 9, by keyboard where there is something to type."""
    page = visit.page
    visit.task("digits")
    page.locator(".settings summary").press("Enter")
    page.get_by_label("Steps", exact=True).fill(str(steps))
    page.locator(".gridding summary").press("Enter")
    page.get_by_label("Across").select_option(across)
    page.get_by_label("Down").select_option(down)
    for label, text in zip((across, down), values, strict=True):
        if text:
            page.get_by_label(f"Values of {label}", exact=True).fill(text)
    return page


def _cells(page: Page) -> Locator:
    return page.locator("#grid .cell")


def _all_made(page: Page) -> None:
    expect(page.locator("#grid-said")).to_contain_text("press one to open it")


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_each_cell_is_a_job_with_the_settings_of_its_place(
    browser: Browser, running: Running, size: tuple[int, int]
) -> None:
    running.made(digit_job("1"))
    visit = Visit(browser, running, size)
    page = _grid_of_digits(visit, "Seed", "Guidance", ("4..6", "1, 2.5"))
    before = running.ask("/api/pictures").json["total"]
    expect(page.get_by_text("2 × 3 of one seed")).to_be_visible()
    expect(page.locator("#grid-go")).to_have_text("Make all 6")
    page.get_by_label("Values of Seed").press("Enter")
    expect(_cells(page)).to_have_count(6)
    assert page.locator("#grid th").all_inner_texts() == ["Seed", "Guidance", "4", "5", "6", "1", "2.5"]
    _all_made(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    # Every picture has its own record, and says what its place says.
    made = running.ask("/api/pictures?limit=6").json
    assert made["total"] == before + 6
    jobs = [running.ask(f"/api/pictures/{one['id']}").json["job"] for one in reversed(made["pictures"])]
    assert [(job["seed"], job["recipe"]["sampler"]["guidance_scale"]) for job in jobs] == [
        (seed, scale) for scale in (1, 2.5) for seed in (4, 5, 6)
    ]
    assert {job["recipe"]["sampler"]["steps"] for job in jobs} == {3}
    # By arrows to another, Enter opens it, with all others of the grid beside it.
    _cells(page).first.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(_cells(page).nth(4)).to_be_focused()
    assert (_cells(page).nth(4).get_attribute("aria-label") or "").startswith("Guidance 2.5, seed 5")
    page.keyboard.press("Enter")
    expect(page.locator("#grid")).to_be_hidden()
    expect(page.locator("#strip [role=option]")).to_have_count(6)
    expect(page.locator("#strip [role=option]").nth(4)).to_have_attribute("aria-selected", "true")
    page.locator("#viewer").press("b")
    expect(_cells(page).nth(4)).to_be_focused()
    visit.close()


def test_what_has_no_star_is_thrown_away_and_comes_back(browser: Browser, running: Running) -> None:
    visit = Visit(browser, running, WIDE)
    page = _grid_of_digits(visit, "View", "Steps", ("", "2, 3"))
    for view in ("Mirror", "Flip", "¼ left"):
        page.locator("#gridding").get_by_label(view, exact=True).set_checked(view == "Flip", force=True)
    page.locator("#grid-go").click()
    expect(_cells(page)).to_have_count(4)
    _all_made(page)
    assert page.locator("#grid th").all_inner_texts()[2:4] == ["Half turn", "Flip"]
    # Nothing is kept yet: then nothing is offered to be thrown away.
    expect(page.locator("#grid-away")).to_be_hidden()
    _cells(page).nth(2).focus()
    page.keyboard.press("s")
    expect(page.locator("#grid .star").nth(2)).to_have_attribute("aria-pressed", "true")
    [kept] = running.ask("/api/pictures?favourites=true").json["pictures"]
    assert (kept["views"], kept["favourite"]) == (["rotate-180"], True)
    before = running.ask("/api/pictures").json["total"]
    page.locator("#grid-away").click()
    expect(page.locator("#grid .cell[aria-disabled=true]")).to_have_count(3)
    expect(page.locator("#grid-said")).to_contain_text("1 left")
    assert running.ask("/api/pictures").json["total"] == before - 3
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#grid .cell[aria-disabled=true]")).to_have_count(0)
    expect(page.locator("#grid-said")).to_contain_text("4 made")
    assert running.ask("/api/pictures").json["total"] == before
    # So does one that is deleted where it is open.
    _cells(page).nth(1).press("Enter")
    visit.deed("Delete")
    page.locator("body").press("b")
    expect(page.locator("#grid .cell[aria-disabled=true]")).to_have_count(1)
    # A page that is loaded anew has it still.
    page.reload()
    visit.ready()
    page.get_by_role("button", name="Grid", exact=True).click()
    expect(page.locator("#grid .star").nth(2)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#grid .cell[aria-disabled=true]")).to_have_count(1)
    visit.close()


def test_keys_do_what_is_seen_and_enter_makes_one_grid(browser: Browser, running: Running) -> None:
    [unseen] = running.made(digit_job("1"))
    visit = Visit(browser, running, WIDE)
    page = visit.page
    visit.made()
    # With the canvas in front, the picture behind it is left alone.
    changed = visit.changing()
    visit.task("edit")
    for key in ("Delete", "s", "e"):
        page.locator(".palette button").first.press(key)
    expect(page.locator("#give")).to_be_hidden()
    assert changed == []
    page = _grid_of_digits(visit, "Seed", "Guidance", ("1, 2", "1, 2"))
    before = running.ask("/api/pictures").json["total"]
    first = running.submit(long_job())
    held: list[Route] = []
    visit.route("**/api/jobs", lambda route: held.append(route) if not held else route.continue_())
    values = page.get_by_label("Values of Seed")
    values.press("Enter")
    values.press("Enter")
    until(lambda: page.evaluate("0") or len(held), lambda count: count == 1)
    page.keyboard.down("Enter")
    held[0].continue_()
    expect(_cells(page)).to_have_count(4)
    # Held down it asks no more often, not even when all are asked for.
    page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    # What still waits is neither shared nor deleted, and nor is what lies behind it.
    for key in ("Delete", "s", "e"):
        _cells(page).last.press(key)
    expect(page.locator("#give")).to_be_hidden()
    running.ask(f"/api/jobs/{first}", "DELETE")
    _all_made(page)
    assert running.ask("/api/pictures").json["total"] == before + 4
    assert not running.ask(f"/api/pictures/{unseen}").json["favourite"]
    assert [path for _, path in changed] == ["/api/jobs"] * 4
    # A picture of the grid is deleted by key, and the grid stays in front.
    _cells(page).first.press("Enter")
    expect(page.locator("#strip [role=option]")).to_have_count(4)
    page.locator("#viewer").press("b")
    _cells(page).nth(1).press("Delete")
    expect(page.locator("#grid .cell[aria-disabled=true]")).to_have_count(1)
    expect(_cells(page).nth(1)).to_be_focused()
    _cells(page).nth(1).press("Delete")
    expect(page.locator("#strip [role=option]")).to_have_count(3)
    expect(page.locator("#grid")).to_be_visible()
    assert [method for method, _ in changed[4:]] == ["DELETE"]
    visit.close()


def test_stars_and_deletions_elsewhere_are_known_before_anything_is_thrown_away(
    browser: Browser, running: Running
) -> None:
    visit = Visit(browser, running, WIDE)
    page = _grid_of_digits(visit, "Seed", "Guidance", ("801..803", "1, 2"))
    page.locator("#grid-go").click()
    expect(_cells(page)).to_have_count(6)
    _all_made(page)
    ids = [one["id"] for one in reversed(running.ask("/api/pictures?limit=6").json["pictures"])]
    stars, thrown = page.locator("#grid .star"), page.locator("#grid .cell[aria-disabled=true]")

    def favour(k: int) -> None:
        running.ask(f"/api/pictures/{ids[k]}/favourite", "PUT", {"favourite": True})

    _cells(page).first.press("s")
    expect(stars.first).to_have_attribute("aria-pressed", "true")
    favour(5)
    expect(stars.nth(5)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("g")
    page.locator("#select").click()
    page.locator(f"#pictures li[data-id='{ids[1]}'] .open").click()
    page.locator("#selection").get_by_role("button", name="Delete").click()
    expect(page.locator("#toasts")).to_contain_text("Deleted.")
    page.keyboard.press("m")
    expect(thrown).to_have_count(1)
    # What the page could not hear of is asked for; one that can't be deleted holds up no other.
    visit.hide()
    favour(2)
    full = {"problem": "The disk is full."}
    visit.route(
        f"**/api/pictures/{ids[3]}",
        lambda route: route.continue_() if route.request.method == "GET" else route.fulfill(status=507, json=full),
    )
    page.locator("#grid-away").click()
    expect(thrown).to_have_count(2)
    expect(page.locator("#toasts")).to_contain_text("The disk is full.")
    expect(stars.nth(2)).to_have_attribute("aria-pressed", "true")
    left = {one["id"] for one in running.ask("/api/pictures?limit=60").json["pictures"]}
    assert left.intersection(ids) == {ids[k] for k in (0, 2, 3, 5)}
    page.locator("#toasts").get_by_role("button", name="Undo").last.click()
    expect(thrown).to_have_count(1)
    visit.complaints.clear()
    visit.close()


def test_what_can_be_no_grid_says_why_and_the_rest_of_one_is_cancelled(browser: Browser, running: Running) -> None:
    visit = Visit(browser, running, WIDE)
    page = _grid_of_digits(visit, "Seed", "Seed", ("", ""), steps=250)
    page.locator("#grid-go").click()
    problem = page.locator("#gridding .problem")
    expect(problem).to_contain_text("the same setting")
    page.get_by_label("Down").select_option("Guidance")
    values = page.get_by_label("Values of Guidance")
    for text in ("1, x", "31", ""):
        values.fill(text)
        expect(page.get_by_text("Guidance: give numbers from 0 to 30")).to_be_visible()
    values.fill("0..10")
    page.get_by_label("Values of Seed").fill("1..3")
    values.press("Enter")
    expect(problem).to_contain_text("33 pictures are too many: 32 jobs wait at the most")
    assert {job["state"] for job in running.ask("/api/jobs").json["jobs"]} <= {"done", "cancelled"}
    values.fill("1..9")
    values.press("Enter")
    expect(_cells(page)).to_have_count(27)
    page.locator("#grid-cancel").click()
    expect(page.locator("#grid-cancel")).to_be_hidden()
    until(lambda: running.ask("/api/jobs").json["jobs"], lambda jobs: all(job["state"] != "making" for job in jobs))
    assert not [job for job in running.ask("/api/jobs").json["jobs"] if job["state"] == "waiting"]
    visit.close()


def test_every_task_offers_its_own_settings_to_a_grid(visit: Visit) -> None:
    page = visit.page
    offered = {}
    for task in ("generate", "anagram", "hybrid", "edit", "inpaint", "digits", "ambigram"):
        visit.task(task)
        if page.locator(".gridding").get_attribute("open") is None:
            page.locator(".gridding summary").click()
        offered[task] = page.get_by_label("Across").locator("option").all_inner_texts()
        assert offered[task][:3] == ["Seed", "Guidance", "Steps"]
    assert {"View", "Pull by the judge"} <= set(offered["anagram"]) & set(offered["ambigram"])
    assert "View" in offered["digits"]
    assert {"Where far begins", "Guidance of what is seen near, times"} <= set(offered["hybrid"])
    assert "How much may change" in offered["edit"]
    assert "Blend with the rest" in offered["inpaint"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_grid_is_for_everyone(browser: Browser, running: Running, scheme: str) -> None:
    visit = Visit(browser, running, WIDE, color_scheme=scheme, bypass_csp=True)
    page = _grid_of_digits(visit, "Seed", "Guidance", ("1, 2", "1, 2"))
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    page.locator("#grid-go").click()
    _all_made(page)
    page.keyboard.press("s")
    no_serious_violation(page, f"a grid, {scheme}")
    visit.close()
