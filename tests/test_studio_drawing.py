"""Drawings and photographs: brushed, painted into, pasted back and compared."""

import io

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from studio_server import DIGITS, Running, png, until
from studio_visit import (
    Visit,
    edge_of,
    pixels_of,
    progress_of,
    seen_on,
    stroke,
)


def test_something_is_drawn_and_made_anew(visit: Visit) -> None:
    page = visit.page
    visit.task("edit")
    easel = page.locator(".easel canvas").nth(1)
    box = easel.bounding_box()
    assert box is not None
    blank = seen_on(easel)
    stroke(page, box, (0.3, 0.3), (0.7, 0.7))
    drawn = seen_on(easel)
    assert np.abs(drawn - blank).max() > 100
    page.get_by_role("button", name="Undo").click()
    page.mouse.move(5, 5)
    assert np.abs(seen_on(easel) - blank).max() < 60
    page.locator(".samples button").first.click()
    until(lambda: seen_on(easel), lambda seen: np.abs(seen - blank).mean() > 5)
    stroke(page, box, (0.2, 0.8), (0.8, 0.8))
    page.locator(".prompt input").fill("a photo of a house")
    page.keyboard.press("Escape")
    visit.settings(steps=6, count=1)
    with visit.asking():
        page.locator("#go").click()
    visit.made()
    expect(page.locator("#guess")).to_contain_text("a photo of a house")


def test_a_part_is_painted_anew_and_the_rest_stays_to_the_pixel(visit: Visit, running: Running) -> None:
    page = visit.page
    visit.task("inpaint")
    page.locator(".samples button").first.click()
    box = page.locator(".easel canvas").nth(1).bounding_box()
    assert box is not None
    page.wait_for_timeout(300)
    stroke(page, box, (0.2, 0.75), (0.8, 0.75))
    visit.settings(steps=5, count=1)
    with visit.asking():
        page.locator("#go").click()
    visit.made()
    [entry] = running.ask("/api/pictures?limit=1").json["pictures"]
    job = running.ask(f"/api/pictures/{entry['id']}").json["job"]
    assert job["verb"] == "inpaint"
    before, mask = (pixels_of(job["recipe"][name]["png"]) for name in ("picture", "mask"))
    after = np.asarray(running.picture(entry["id"]))
    painted = mask >= 128
    assert 0.02 < painted.mean() < 0.6
    assert np.array_equal(before[~painted], after[~painted])
    assert not np.array_equal(before[painted], after[painted])


def _photo(width: int, height: int) -> bytes:
    """A photo of a grey sky over a coloured ground, as large as that."""
    rows, columns = np.mgrid[0:height, 0:width]
    ground = np.stack([columns * 255 // width, rows % 200, np.full_like(rows, 90)], -1)
    file = io.BytesIO()
    Image.fromarray(np.where(rows[..., None] > height / 2, ground, 180).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_a_part_goes_back_into_the_photo_at_its_own_size(visit: Visit, running: Running) -> None:
    page = visit.page
    visit.task("inpaint")
    photo = _photo(480, 300)
    page.locator("#file").set_input_files({"name": "photo.png", "mimeType": "image/png", "buffer": photo})
    # Which square is used is seen, and moved: by keys to the right, and made smaller.
    frame = page.locator(".frame-of")
    left = edge_of(frame, "left")
    easel = page.locator(".easel canvas").first
    before = seen_on(easel)
    frame.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert edge_of(frame, "left") > left + 15
    page.get_by_role("slider", name="Side of the square").fill("60")
    assert np.abs(seen_on(easel) - before).mean() > 3
    box = page.locator(".easel canvas").nth(1).bounding_box()
    stroke(page, box, (0.3, 0.5), (0.7, 0.5))
    visit.settings(steps=2, count=1)
    with visit.asking():
        page.locator("#go").click()
    visit.made()
    slider = page.get_by_role("slider", name="Compare")
    made = seen_on(page.locator("#viewer"))
    slider.fill("100")
    assert np.abs(seen_on(page.locator("#viewer")) - made).max() > 40
    page.get_by_role("button", name="Back into the photo").click()
    expect(page.locator("#toasts")).to_contain_text("480 pixels wide")
    [entry] = running.ask("/api/pictures?limit=1").json["pictures"]
    whole, given = (
        np.asarray(image).astype(int) for image in (running.picture(entry["id"]), Image.open(io.BytesIO(photo)))
    )
    assert whole.shape == given.shape == (300, 480, 3)
    changed = np.abs(whole - given).max(2) > 0
    crop = running.ask(f"/api/pictures/{entry['id']}").json["job"]["recipe"]["picture"]["crop"]
    x0, y0, x1, y1 = map(int, crop.split(","))
    assert x1 - x0 == y1 - y0 == 180
    assert changed[y0:y1, x0:x1].mean() > 0.02
    changed[y0:y1, x0:x1] = False
    assert not changed.any()


def test_a_drawing_is_compared_with_what_was_made_of_it(visit: Visit, running: Running) -> None:
    page = visit.page
    taken = running.ask(f"/api/sources?model={DIGITS}&name=blue.png", "POST", body=png(28, 200, "L")).json["source"]
    running.made({"verb": "edit", "recipe": {"picture": taken, "prompt": "3", "start": 12}, "model": DIGITS})
    page.reload()
    visit.ready()
    slider = page.get_by_role("slider", name="Compare")
    viewer = page.locator("#viewer")
    made = seen_on(viewer)
    slider.fill("50")
    half = seen_on(viewer)
    middle = half.shape[1] // 2
    assert np.abs(half[:, : middle - 12] - pixels_of(taken["png"]).mean()).max() < 40
    assert np.abs(half[:, middle + 12 :] - made[:, middle + 12 :]).max() < 8
    viewer.focus()
    page.keyboard.press("Space")
    until(lambda: progress_of(viewer), lambda progress: progress == 1)


def test_keys_reach_every_edge_of_a_drawing(visit: Visit) -> None:
    page = visit.page
    visit.task("edit")
    easel = page.locator(".easel canvas").nth(1)

    def colour(x: int, y: int) -> list[int]:
        seen: list[int] = easel.evaluate(
            "(one, [x, y]) => [...one.getContext('2d').getImageData(x, y, 1, 1).data]", [x, y]
        )
        return seen[:3]

    def press(key: str, times: int) -> None:
        for _ in range(times):
            easel.press(key)

    ink, white = [35, 29, 45], [255, 255, 255]
    # A line down the left edge, from the top.
    press("ArrowLeft", 17)
    press("ArrowUp", 17)
    page.keyboard.down("Space")
    press("ArrowDown", 8)
    page.keyboard.up("Space")
    assert [colour(0, y) for y in (0, 60, 120)] == [ink] * 3
    assert colour(20, 60) == white
    # At the right edge it is that edge which is filled, not the next row's beginning.
    press("Shift+ArrowRight", 12)
    press("Shift+ArrowUp", 4)
    page.get_by_role("button", name="Fill", exact=True).click()
    page.locator(".swatch").nth(2).click()
    easel.press("Enter")
    assert colour(511, 0) == colour(20, 60) == [200, 53, 46]
    assert colour(0, 60) == ink
