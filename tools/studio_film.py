"""A short film for the docs: the studio finds an illusion, it is turned by hand, guessed and shared.

    python tools/studio_film.py [--tiles 8] [--style "a watercolor of"] [--view rotate-180] [--out docs/pictures]

Opens a studio in a folder of its own and drives its page in Debian's Chromium as a hand would; each frame is what the
window shows. While pairs are looked for time is lapsed: a frame for each tile. On two quiet cores it takes two minutes.
"""

import argparse
import io
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, sync_playwright
from studio_pictures import CHROMIUM, PATIENCE_MILLISECONDS, find, opened, studio

WINDOW = (1120, 700)
SIDE = (800, 500)
LARGEST_BYTES = 1_500_000
QUALITY = 62
FRAME, LAPSED, PAUSE = 60, 260, 1500
"""Milliseconds of a frame in motion, of one while time is lapsed, and of one to be looked at."""

POINTER = ((0, 0), (0, 17), (4, 13.5), (7, 20), (10, 18.6), (7, 12.4), (12.2, 12))
TYPING = "a riddle for you"


class Film:
    """Frames of a page with the pointer drawn on them, which no screenshot has."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._at = (WINDOW[0] * 0.6, WINDOW[1] * 0.7)
        self.frames: list[Image.Image] = []
        self.milliseconds: list[int] = []

    def shoot(self, milliseconds: int = FRAME) -> None:
        """What the window shows now, for so long."""
        image = Image.open(io.BytesIO(self._page.screenshot())).convert("RGB")
        x, y = self._at
        ImageDraw.Draw(image).polygon([(x + a, y + b) for a, b in POINTER], fill="#231d2d", outline="#fffdf9", width=1)
        self.frames.append(image.resize(SIDE, Image.Resampling.LANCZOS))
        self.milliseconds.append(milliseconds)

    def glide(self, to: tuple[float, float], steps: int = 8) -> None:
        """The pointer goes to a place."""
        start = self._at
        for k in range(1, steps + 1):
            share = 0.5 - 0.5 * math.cos(math.pi * k / steps)
            self.move((start[0] + (to[0] - start[0]) * share, start[1] + (to[1] - start[1]) * share))

    def move(self, to: tuple[float, float]) -> None:
        """The pointer is at a place, in a frame."""
        self._at = to
        self._page.mouse.move(*to)
        self.shoot()

    def press(self, button: Locator) -> None:
        """Go to a button and press it."""
        box = button.bounding_box()
        if box is None:
            raise RuntimeError("a button that is pressed is seen")
        self.glide((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
        self.shoot(200)
        button.click()

    def save(self, path: Path) -> None:
        """Write it as an animated WebP that begins anew."""
        first, *rest = self.frames
        first.save(
            path, save_all=True, append_images=rest, duration=self.milliseconds, loop=0, quality=QUALITY, method=6
        )


def around(box: dict[str, float], angles: Sequence[float]) -> list[tuple[float, float]]:
    """Places on a circle around the middle of a box, a little above its lower left corner at 0 degrees."""
    x, y, radius = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, 0.27 * box["width"]
    return [(x + radius * math.cos(math.radians(a)), y - radius * math.sin(math.radians(a))) for a in angles]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--tiles", type=int, default=8)
    parser.add_argument("--style", default="a watercolor of")
    parser.add_argument("--view", default="rotate-180")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, studio(Path(folder)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = opened(browser, address, "find", WINDOW)
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        film = Film(page)
        looked_for(film, page, options.style, options.view, options.tiles)
        turned(film, page)
        shared(film, page)
        browser.close()
    path = options.out / "studio-film.webp"
    film.save(path)
    size = path.stat().st_size
    print(f"{path}: {len(film.frames)} frames, {sum(film.milliseconds) / 1000:.1f} s, {size:,} bytes")
    if size > LARGEST_BYTES:
        raise SystemExit(f"That is more than {LARGEST_BYTES:,}: give fewer tiles.")


def looked_for(film: Film, page: Page, style: str, view: str, tiles: int) -> None:
    """Find, a frame for each tile that comes, and keep the best."""
    film.shoot(700)
    find(page, style, view, 0)
    shown = page.locator("#found li")
    for k in range(tiles):
        shown.nth(k).wait_for()
        page.wait_for_timeout(600)
        film.shoot(LAPSED)
    page.locator("#find-stop").click()
    page.locator("#find-stop").wait_for(state="hidden")
    # The search ends between two of its steps, and leaves the cores to the film.
    page.wait_for_timeout(1500)
    film.shoot(PAUSE)
    film.press(shown.first.get_by_role("button", name="Keep"))
    shown.first.get_by_role("button", name="Kept").wait_for()
    film.shoot(500)


def turned(film: Film, page: Page) -> None:
    """Open what was kept, turn it by hand, and tell what it shows."""
    film.press(page.get_by_role("link", name="Gallery"))
    picture = page.locator("#pictures .open").first
    picture.wait_for()
    page.wait_for_timeout(500)
    film.shoot(500)
    film.press(picture)
    page.locator("#detail .reading").first.wait_for()
    page.wait_for_timeout(800)
    film.shoot(PAUSE)
    box = page.locator("#detail canvas").first.bounding_box()
    if box is None:
        raise RuntimeError("a picture that is open has a place")
    places = around({**box}, range(220, 220 + 181, 9))
    film.glide(places[0])
    page.mouse.down()
    for place in places[1:]:
        film.move(place)
    page.mouse.up()
    page.wait_for_timeout(900)
    film.shoot(PAUSE)
    forms = page.locator("#detail .reading form")
    for form in (forms.first, forms.last):
        # Guessing the last one may leave none.
        if forms.count():
            form.locator("button").click()
            film.shoot(700)
    film.shoot(PAUSE)


def shared(film: Film, page: Page) -> None:
    """A card of it, with a title."""
    film.press(page.locator("#detail .give"))
    page.locator("#give .preview").wait_for()
    page.wait_for_timeout(1500)
    film.shoot(900)
    title = page.locator("#give input").first
    title.click()
    for letter in TYPING:
        title.press_sequentially(letter)
        film.shoot(FRAME)
    page.wait_for_timeout(2000)
    film.shoot(PAUSE)
    with page.expect_download():
        film.press(page.locator("#give .gifts button").first)
    page.get_by_text("Done.").wait_for()
    film.shoot(2 * PAUSE)


if __name__ == "__main__":
    main()
