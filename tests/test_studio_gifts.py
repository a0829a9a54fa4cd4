"""What the studio's page gives away, in a real browser: cards, films, pages, posters and jigsaws."""

import io
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Route, expect

from studio_server import DIGITS, Running, until
from studio_visit import PHONE, Visit, no_serious_violation, seen_on


def _jigsaw(running: Running) -> str:
    recipe = {"prompts": ["6", "9"], "views": ["jigsaw"]}
    [picture] = running.made({"verb": "anagram", "recipe": recipe, "model": DIGITS, "seed": 5})
    return str(picture)


def _downloaded(visit: Visit, button: str) -> tuple[str, bytes]:
    with visit.page.expect_download() as waiting:
        visit.page.locator("#give").get_by_role("button", name=button).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def test_a_picture_is_given_away(browser: Browser, running: Running, tmp_path: Path) -> None:
    _jigsaw(running)
    visit = Visit(browser, running, accept_downloads=True)
    page = visit.page
    page.locator("#deeds .give").click()
    dialog = page.locator("#give")
    dialog.get_by_label("Title").fill("Six or nine?")
    dialog.get_by_label("Hint").fill("Put it together <again>")
    until(lambda: page.locator(".preview").get_attribute("src"), lambda src: "Six" in src and "again" in src)
    name, card = _downloaded(visit, "Card")
    assert name.endswith(".png")
    assert Image.open(io.BytesIO(card)).size == (1080, 1350)
    # A film that is recorded here, without an encoder of the studio's.
    name, film = _downloaded(visit, "Film")
    assert film[:4] == b"\x1aE\xdf\xa3" or film[4:8] == b"ftyp"
    assert len(film) > 20_000
    name, shared = _downloaded(visit, "Page")
    assert name.endswith(".html")
    name, cut = _downloaded(visit, "Jigsaw to cut, SVG")
    assert b'width="300mm"' in cut
    dialog.get_by_label("Side in millimetres").fill("254")
    name, poster = _downloaded(visit, "Poster, PDF")
    assert name.endswith(".pdf")
    assert b"/MediaBox [0 0 720.000 720.000]" in poster
    expect(page.locator("#give-said")).to_contain_text("enlarged 74 times to 2072 × 2072; every view is kept")
    visit.close()
    # The page opens from the disk, with its title, its hint and its letters, and asks nobody for anything.
    file = tmp_path / "shared.html"
    file.write_bytes(shared)
    context = browser.new_context(offline=True, viewport={"width": PHONE[0], "height": PHONE[1]})
    alone = context.new_page()
    asked: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto(file.as_uri())
    alone.locator("#readings .reading").first.wait_for()
    expect(alone.locator("h1")).to_have_text("Six or nine?")
    expect(alone.locator(".hint")).to_have_text("Put it together <again>")
    assert alone.title() == "Six or nine?"
    assert alone.evaluate("async () => (await document.fonts.ready, document.fonts.check('20px Fraunces'))")
    assert alone.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    canvas = alone.locator("#viewer")
    before = seen_on(canvas)
    canvas.press("Space")
    until(lambda: canvas.get_attribute("data-progress"), lambda progress: progress == "1.000")
    assert np.abs(seen_on(canvas) - before).max() > 40
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()


def test_a_poster_is_made_at_the_largest_size_first(browser: Browser, running: Running) -> None:
    """The page asks for the same picture at 256, and says so; what it is told is what it says."""
    recipe = {"prompts": ["a red car", "an owl"], "views": ["flip"], "sampler": None}
    small = {"solver": "ddim", "steps": 1, "grid": "uniform", "guidance_scale": 1.0}
    running.made({"verb": "anagram", "recipe": {**recipe, "sampler": small}, "model": "pocket", "seed": 3})
    visit = Visit(browser, running)
    page = visit.page
    asked = visit.refused_jobs()
    page.locator("#deeds .give").click()
    expect(page.locator("#give .paper")).to_contain_text("made anew at 256 × 256 by its model first")
    expect(page.locator("#give .paper")).to_contain_text("enlarged 8 times to 2048 × 2048; every view is kept")
    page.locator("#give").get_by_role("button", name="Poster, PNG").click()
    expect(page.locator("#give-said")).to_contain_text("Too much waits")
    [job] = asked
    assert (job["size"], job["count"], job["seed"]) == (256, 1, 3)
    visit.complaints.clear()
    visit.close()


def test_one_larger_picture_is_made_for_all_posters_and_followed_out_of_sight(
    browser: Browser, running: Running
) -> None:
    small = {"solver": "ddim", "steps": 1, "grid": "uniform", "guidance_scale": 1.0}
    recipe = {"prompts": ["a red car", "an owl"], "views": ["flip"], "sampler": small}
    running.made({"verb": "anagram", "recipe": recipe, "model": "pocket", "seed": 4})
    visit = Visit(browser, running)
    page = visit.page
    held: list[Route] = []
    visit.route("**/api/jobs", lambda route: route.continue_() if route.request.method == "GET" else held.append(route))
    job = {"id": "larger", "state": "waiting", "seconds_left": None, "problem": None}
    visit.route("**/api/jobs/larger", lambda route: route.fulfill(json=job))
    page.locator("#deeds .give").click()
    said, both = page.locator("#give-said"), page.locator("#give .paper button")

    def press_both() -> Route:
        for button in (both.first, both.last):
            button.click()
        until(lambda: page.evaluate("0") or len(held), bool)
        return held.pop()

    press_both().fulfill(status=429, json={"problem": "Too much waits: wait."})
    expect(said).to_have_text("Too much waits: wait.")
    for button in (both.first, both.last):
        expect(button).to_be_enabled()
    assert held == []
    # Another try asks again; what became of it meanwhile is asked when the page is seen again.
    press_both().fulfill(status=202, json=job)
    expect(said).to_have_text("It waits its turn to be made larger …")
    visit.hide()
    job.update(state="failed", problem="The studio ended before this was made.")
    visit.show()
    expect(said).to_have_text("The studio ended before this was made.")
    for button in (both.first, both.last):
        expect(button).to_be_enabled()
    assert held == []
    # A film that nobody sees is not drawn: it is given up, and says why.
    page.evaluate("requestAnimationFrame = () => 0")
    page.locator("#give").get_by_role("button", name="Film").click()
    expect(said).to_contain_text("Recording the film")
    visit.hide()
    expect(said).to_contain_text("recorded only while it is seen")
    visit.complaints.clear()
    visit.close()


def test_giving_is_for_everyone(browser: Browser, running: Running) -> None:
    _jigsaw(running)
    axe = Path(__import__("axe_playwright_python").__file__).parent / "axe.min.js"
    for scheme, size in (("light", PHONE), ("dark", (1024, 768))):
        visit = Visit(browser, running, size, color_scheme=scheme, bypass_csp=True)
        page = visit.page
        page.evaluate(axe.read_text("utf-8"))
        # By keyboard: to the button, through the dialog, and out again.
        page.locator("#deeds .give").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#give")).to_be_visible()
        no_serious_violation(page, f"giving, {scheme}")
        assert page.evaluate("document.querySelector('#give').scrollWidth") <= size[0]
        page.keyboard.press("Escape")
        expect(page.locator("#give")).to_be_hidden()
        expect(page.locator("#deeds .give")).to_be_focused()
        page.locator("#deeds .more").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.textContent") == "Another seed"
        no_serious_violation(page, f"more to do, {scheme}")
        page.keyboard.press("Escape")
        expect(page.locator("#deeds .more")).to_be_focused()
        visit.close()
