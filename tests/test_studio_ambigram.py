"""Rows of digits that read as others when they are turned, as jobs and on the page."""

import numpy as np
import pytest
from playwright.sync_api import Browser, Route, expect

from duckrabbit.making.record import recorded_row
from duckrabbit.media.pixels import to_uint8
from duckrabbit.models.load import load_model
from duckrabbit.models.model import SamplerConfig
from duckrabbit.search.ambigram import Ambigram, made_row
from studio_server import DIGITS, Running, digit_job, until
from studio_visit import PHONE, WIDE, Visit, progress_of, seen_on

QUICK = {"solver": "ddim", "steps": 4, "grid": "uniform", "guidance_scale": 2.0, "judge_scale": 0.0}


def _job(digits: str = "96", among: int | None = 4, **recipe: object) -> dict[str, object]:
    return {"verb": "ambigram", "recipe": {"digits": digits, "sampler": QUICK, **recipe}, "among": among, "seed": 5}


def test_a_row_is_made_as_the_library_makes_it_and_again_from_what_it_remembers(running: Running) -> None:
    [one] = running.made(_job())
    told = running.ask(f"/api/pictures/{one}").json
    assert (told["verb"], told["prompts"], told["views"], told["model"]) == (
        "ambigram", ["96", "96"], ["rotate-180"], DIGITS,
    )  # fmt: skip
    assert 0 <= told["odds"] <= 1
    recipe = Ambigram("96", sampler=SamplerConfig(**QUICK))  # type: ignore[arg-type]
    own = made_row(recipe, load_model(DIGITS, "cpu"), 5, 4, lambda _: None)
    shown = np.asarray(running.picture(one))
    assert shown.shape == (28, 56)
    assert np.abs(shown.astype(int) - to_uint8(own.pixels)).max() <= 1
    # Its file is what the command line writes: rerun, info and animate take it.
    row = recorded_row(running.out / told["file"])
    assert row is not None
    assert [place.recipe.prompts for place in row.places] == [("9", "6"), ("6", "9")]
    assert told["job"]["among"] == 4
    [again] = running.made(told["job"])
    assert np.array_equal(np.asarray(running.picture(again)), shown)
    for path in ("animation?format=gif", "page", "card", "file?download=true"):
        assert running.ask(f"/api/pictures/{one}/{path}").status == 200, path
    assert running.ask(f"/api/pictures/{one}/print").status == 400
    assert running.ask("/api/pictures?search=ambigram").json["total"] == 2


@pytest.mark.parametrize(
    ("job", "status", "word"),
    [
        (_job(view="jigsaw"), 400, "apart"),
        (_job(reads="9"), 400, "as many digits"),
        ({**_job(), "model": "pocket"}, 400, "makes no digits"),
        ({**_job(), "count": 2}, 422, "alone"),
    ],
)
def test_what_can_be_no_row_is_refused(running: Running, job: object, status: int, word: str) -> None:
    answer = running.ask("/api/jobs", "POST", job)
    assert answer.status == status, answer.body
    assert word in answer.json["problem"]


def test_it_is_said_what_a_view_makes_of_a_number(running: Running) -> None:
    assert running.ask("/api/row?digits=6089&view=rotate-180").json == {"reads": "6809"}
    assert running.ask("/api/row?digits=25&view=flip").json == {"reads": "52"}
    for wrong in ("digits=x&view=flip", "digits=6", "digits=6&view=jigsaw", "digits=" + "1" * 10 + "&view=flip"):
        assert running.ask(f"/api/row?{wrong}").status in (400, 422), wrong


def test_the_button_says_how_long_a_row_takes_by_its_digits(browser: Browser, running: Running) -> None:
    running.made(_job("8", among=None))
    name, steps = f"{DIGITS} ambigram", load_model(DIGITS, "cpu").sampler.steps
    told = running.ask("/api/studio").json
    assert told["paces"][name] > 0
    visit = Visit(browser, running)
    page = visit.page
    visit.route("**/api/studio", lambda route: route.fulfill(json={**told, "paces": {name: 3 / steps}}))
    page.reload()
    visit.ready()
    visit.task("ambigram")
    go, number = page.locator("#go-word"), page.get_by_label("This number")
    expect(go).to_have_text("Make it")
    for digits, seconds in (("6", 3), ("69", 6), ("6969", 12)):
        number.fill(digits)
        expect(go).to_have_text(f"Make itabout {seconds} s")
    visit.close()


def test_a_row_forms_digit_by_digit_and_is_cancelled(running: Running) -> None:
    slow = {**QUICK, "solver": "ddpm", "steps": 400}
    job = running.submit({"verb": "ambigram", "recipe": {"digits": "666666", "sampler": slow}})
    made = until(lambda: running.job(job), lambda told: told["step"] > 20)
    assert made["steps"] == 6 * 400
    running.ask(f"/api/jobs/{job}", "DELETE")
    assert running.wait(job)["state"] == "cancelled"


def test_what_is_said_of_a_row_is_said_of_the_last_that_was_typed(visit: Visit) -> None:
    page = visit.page
    visit.task("ambigram")
    number, reads = page.get_by_label("This number"), page.get_by_label("that also reads as")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visit.route("**/api/row?digits=66*", hold)
    number.fill("66")
    until(lambda: page.evaluate("0") or len(held), bool)
    number.fill("619")
    said = page.get_by_text("619 reads the same that way.")
    expect(said).to_be_visible()
    with page.expect_response("**/api/row?digits=66*"):
        held[0].continue_()
    page.evaluate("() => new Promise((done) => setTimeout(done))")
    expect(said).to_be_visible()
    expect(reads).to_have_attribute("placeholder", "619")
    # Of what is no number nothing is said.
    number.fill("61x")
    expect(page.get_by_text("that way.")).to_have_count(0)
    expect(reads).to_have_attribute("placeholder", "")


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_an_ambigram_is_made_turned_and_remixed_by_keyboard(
    browser: Browser, running: Running, size: tuple[int, int]
) -> None:
    running.made(digit_job("1"))
    visit = Visit(browser, running, size, reduced_motion="reduce")
    page = visit.page
    page.keyboard.press("7")
    expect(page.locator("#task-title")).to_have_text("An ambigram")
    # Nothing is made of nothing, and of no letters.
    number, reads = page.get_by_label("This number"), page.get_by_label("that also reads as")
    number.fill("six")
    number.press("Enter")
    expect(page.locator("#problem")).to_have_text("Say a number, of up to nine digits.")
    number.fill("6")
    reads.fill("69")
    number.press("Enter")
    expect(page.locator("#problem")).to_have_text("Say as many digits for both readings.")
    reads.fill("")
    number.fill("619")
    expect(reads).to_have_attribute("placeholder", "619")
    expect(page.get_by_text("619 reads the same that way.")).to_be_visible()
    page.get_by_label("Flip").check(force=True)
    expect(page.get_by_text("that way.")).not_to_have_text("619 reads the same that way.")
    page.get_by_label("Half turn").check(force=True)
    # One at a time, itself the best of many.
    expect(page.locator(".counter")).to_be_hidden()
    page.locator(".settings summary").click()
    page.get_by_label("Steps").fill("4")
    expect(page.get_by_label("Choose among")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    reads.fill("616")
    with visit.asking():
        reads.press("Enter")
    visit.made()
    expect(page.locator("#readings .reading")).to_have_count(2)
    canvas = page.locator("#viewer")
    before = seen_on(canvas)
    canvas.focus()
    page.keyboard.press("Space")
    until(lambda: progress_of(canvas), lambda progress: progress == 1)
    after = seen_on(canvas)
    # On a phone the bar to make it lies over the lower half.
    assert size == PHONE or np.abs(np.rot90(after, 2) - before).mean() < np.abs(after - before).mean()
    page.locator("#deeds .give").click()
    expect(page.locator("#give .preview")).to_be_visible()
    expect(page.locator("#give .paper")).to_have_count(0)
    page.keyboard.press("Escape")
    number.fill("8")
    reads.fill("")
    visit.deed("Its settings")
    expect(number).to_have_value("619")
    expect(reads).to_have_value("616")
    visit.close()
