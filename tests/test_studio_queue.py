"""What is made now, waits, fails or was lost, in one tab and in seven."""

import signal
from pathlib import Path

from playwright.sync_api import Browser, Route, expect

from studio_server import DIGITS, Running, digit_job, long_job, studio, until
from studio_visit import (
    Visit,
)

GREY = {
    "verb": "hybrid",
    "recipe": {"parts": {"grey": {"prompt": "3"}, "colour": {"prompt": "8"}}},
    "model": DIGITS,
}
"""What only the model can refuse."""


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
    visit.route("**/api/jobs", slowly)
    visit.task("digits")
    visit.settings(steps=2, count=1)
    with visit.asking():
        page.locator("#go").click()
    expect(page.locator("#forming")).to_be_hidden()
    visit.made()


def test_what_is_watched_stays_on_stage_when_an_earlier_job_is_done(visit: Visit, running: Running) -> None:
    page = visit.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visit.route("**/api/pictures/*", hold)
    visit.task("digits")
    visit.settings(steps=2, count=1)
    with visit.asking():
        page.locator("#go").click()
    until(lambda: page.evaluate("0") or len(held), bool)
    running.submit(long_job())
    page.locator("#queue-button").click()
    page.get_by_role("button", name="Watch").click()
    expect(page.locator("#forming")).to_contain_text("Step")
    with page.expect_response("**/api/pictures/*"):
        held[0].continue_()
    page.evaluate("() => new Promise((done) => setTimeout(done))")
    page.locator("#cancel").click()
    expect(page.locator("#toasts")).to_contain_text("Cancelled")


def test_a_studio_that_ended_and_came_back_says_what_was_lost(browser: Browser, tmp_path: Path) -> None:
    with studio(tmp_path) as opened:
        [kept] = opened.made(digit_job("5"))
        visit = Visit(browser, opened)
        other = Visit(browser, opened, context=visit.context)
        page = visit.page
        making = opened.submit(long_job())
        page.locator("#queue-button").click()
        page.get_by_role("button", name="Watch").click()
        expect(page.locator("#forming")).to_contain_text("Step")
        until((tmp_path / "out/.studio/journal.json").read_text, lambda text: making in text)
        opened.process.send_signal(signal.SIGKILL)
        for one in (page, other.page):
            expect(one.locator("#notice")).to_contain_text("does not answer")
        expect(page.locator("#forming")).to_contain_text("Waiting for the studio")
        page.locator("#go").click()
        expect(page.locator("#problem")).to_contain_text("Say ")
        opened.process.wait()
    with studio(tmp_path, port=opened.port) as again:
        # Neither the page that stayed open nor a new one is left with a job that nobody makes.
        expect(page.locator("#lost")).to_contain_text("“3”")
        for one in (page, other.page):
            expect(one.locator("#notice")).to_be_hidden()
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
