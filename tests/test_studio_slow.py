"""A slow line and an answer that breaks off: the page waits for neither with what it can do already."""

import json

from playwright.sync_api import Route, expect

from studio_server import Running, digit_job
from studio_visit import Visit


def test_keys_are_heard_before_a_picture_is_there(visit: Visit, running: Running) -> None:
    made = [running.made(digit_job("1", steps=1))[0] for _ in range(3)]
    page = visit.page
    page.keyboard.press("g")
    page.locator("#pictures li").nth(2).wait_for()
    waiting: list[Route] = []

    def wait(route: Route) -> None:
        waiting.append(route)

    visit.route("**/api/pictures/*/file", wait)
    page.locator("#pictures .open").first.click()
    for key, picture in (("]", made[2]), ("]", made[1]), ("[", made[0]), ("]", made[1])):
        expect(page.locator("#detail dd").last).to_have_text(running.ask(f"/api/pictures/{picture}").json["file"])
        page.keyboard.press(key)
    expect(page).to_have_url(f"{running.address}/#gallery/{made[0]}")
    for one in waiting:
        one.continue_()


def test_what_only_reads_is_asked_again_when_its_answer_breaks_off(visit: Visit) -> None:
    asked: list[str] = []

    def broken_off(route: Route) -> None:
        asked.append(route.request.method)
        whole = json.dumps({"runs": []})
        told = whole if asked == ["GET", "GET"] else whole[:5]
        route.fulfill(content_type="application/json", body=told)

    page = visit.page
    # The stream is there first: what it brings when it comes late is asked for, too.
    with page.expect_response("**/api/events"):
        page.reload()
    visit.ready()
    visit.route("**/api/runs", broken_off)
    page.keyboard.press("t")
    expect(page.locator("#charts canvas")).to_have_attribute("aria-label", "Start a run, and its loss is drawn here.")
    assert asked == ["GET", "GET"]
    # What changes something is not: it may have been done.
    page.get_by_role("button", name="Start training").click()
    expect(page.locator("#room-training .problem")).to_have_text("The studio's answer broke off: try again.")
    assert asked == ["GET", "GET", "POST"]
