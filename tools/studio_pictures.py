"""Pictures of the studio's rooms for docs and report, made by the studio itself with the weights of the day.

    python tools/studio_pictures.py [--tiles 12] [--style "a watercolor of"] [--view rotate-180] [--out docs/pictures]
    python tools/studio_pictures.py --only grid ambigram

Smaller ones of the wide windows are the report's row X7; rooms.json beside them says what each shows.

Opens a studio in a folder of its own, lets it find pairs, keeps the best, makes more of the very best, and looks at
each room in Debian's Chromium, 1440 and 390 pixels wide. On two quiet cores it takes about five minutes.
"""

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from duckrabbit.models.load import load_model

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
WIDE, NARROW = (1440, 900), (390, 844)
PATIENCE_MILLISECONDS = 1_800_000
KEPT = 8
GRID_PROMPTS = ("a watercolor of an elephant", "a watercolor of a rabbit")
NUMBER = "6089"

ROOMS = {
    "studio-forming": ("Forming", "an illusion forms: x̂₀ at this step, the steps that are left, and stop"),
    "studio-make": ("Make", "it is done: turn it, read it, save it, make more; the queue beside it"),
    "studio-inpaint": ("Paint", "a brush paints the part of a photograph that is to be filled"),
    "studio-find": ("Find", "pairs that work, found one by one, the best first"),
    "studio-gallery": ("Gallery", "all that was made, each with its recipe"),
}
"""The report's: file, title and what is to be seen."""
REPORT_SIZE = (960, 600)
REPORT = Path(__file__).parents[1] / "src" / "duckrabbit" / "report" / "assets" / "studio"


@contextmanager
def studio(folder: Path) -> Iterator[str]:
    """A studio in a folder; its address."""
    command = [sys.executable, "-m", "duckrabbit", "studio", "--no-browser"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    if process.stdout is None:
        raise RuntimeError("a studio that is piped says where it is")
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def opened(browser: Browser, address: str, room: str, size: tuple[int, int]) -> Page:
    """A room in a window of its own."""
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    page.goto(f"{address}#{room}")
    page.locator("html[data-ready]").wait_for(state="attached")
    return page


def shoot(page: Page, path: Path) -> None:
    """What the window shows, once its pictures are there."""
    page.wait_for_timeout(2500)
    page.screenshot(path=path)
    light(path)


def light(path: Path) -> None:
    """In 256 colours: a third of the bytes, and the same to the eye."""
    with Image.open(path) as image:
        image.convert("RGB").quantize(256).save(path, optimize=True)
    print(path)


def for_the_report(pictures: Path) -> None:
    """The wide windows in small, and what they show."""
    for name in ROOMS:
        with Image.open(pictures / f"{name}.png") as image:
            image.convert("RGB").resize(REPORT_SIZE, Image.Resampling.LANCZOS).save(
                REPORT / f"{name}.webp", quality=72, method=6
            )
    rooms = [{"file": f"{name}.webp", "title": title, "shows": shows} for name, (title, shows) in ROOMS.items()]
    account: dict[str, object] = {"pocket": load_model("pocket", "cpu").checksum, "rooms": rooms}
    account |= {"width": WIDE[0], "height": WIDE[1]}
    (REPORT / "rooms.json").write_text(json.dumps(account, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def paint_a_hole(page: Page) -> None:
    """A photograph of the package, and a stroke of the brush across its lower part."""
    page.locator("#tasks input[value=inpaint]").check(force=True)
    page.locator(".samples button").first.click()
    page.wait_for_timeout(500)
    box = page.locator(".easel canvas").nth(1).bounding_box()
    if box is None:
        raise RuntimeError("an easel that is seen has a place")
    for height in (0.62, 0.7, 0.78):
        page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + height * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + height * box["height"], steps=12)
        page.mouse.up()


def find(page: Page, style: str, view: str, tiles: int) -> None:
    """Look for pairs until the wall has so many."""
    page.locator("#room-find select[name=style]").select_option(style)
    page.locator("#room-find select[name=way]").select_option(f"view {view}" if view else "")
    page.locator("#find-go").click()
    if tiles:
        page.locator("#found li").nth(tiles - 1).wait_for()


def grid(browser: Browser, address: str, out: Path) -> None:
    """An anagram in three views, each at three scales of guidance; the best is kept."""
    page = opened(browser, address, "make", WIDE)
    for field, words in zip(page.locator(".prompt input").all(), GRID_PROMPTS, strict=True):
        field.fill(words)
        field.press("Escape")
    page.locator(".gridding summary").click()
    page.get_by_label("Across").select_option("View")
    page.get_by_label("Down").select_option("Guidance")
    page.locator("#grid-go").click()
    page.locator("#grid-said").filter(has_text="press one to open it").wait_for()
    odds = [int(re.sub(r"\D", "", words) or 0) for words in page.locator("#grid .cell small").all_inner_texts()]
    page.locator("#grid .cell").nth(odds.index(max(odds))).focus()
    page.keyboard.press("s")
    page.evaluate("document.activeElement.blur()")
    page.locator("#grid-go").scroll_into_view_if_needed()
    shoot(page, out / "studio-grid.png")
    # Of the same tab, which remembers its grid.
    page.locator(".gridding summary").click()
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    page.evaluate("scrollTo(0, 0)")
    shoot(page, out / "studio-grid-390.png")


def ambigram(browser: Browser, address: str, out: Path) -> None:
    """A number that reads as another when it is turned, half guessed."""
    page = opened(browser, address, "make", WIDE)
    page.locator("#tasks input[value=ambigram]").check(force=True)
    page.get_by_label("This number").fill(NUMBER)
    page.get_by_text("that way.").wait_for()
    page.locator("#go").click()
    page.locator("#deeds button").first.wait_for()
    answer_first(page)
    shoot(page, out / "studio-ambigram.png")
    narrow = opened(browser, address, "make", NARROW)
    narrow.locator("#tasks input[value=ambigram]").check(force=True)
    narrow.locator("#readings .reading").first.wait_for()
    shoot(narrow, out / "studio-ambigram-390.png")


def everything(browser: Browser, address: str, options: argparse.Namespace) -> None:
    """All other rooms, in the order in which one would come to them."""
    for size, name in ((WIDE, "studio-wall.png"), (NARROW, "studio-wall-390.png")):
        wall = opened(browser, address, "wall", size)
        wall.locator("#hanging li").first.wait_for()
        shoot(wall, options.out / name)
    page = opened(browser, address, "find", WIDE)
    find(page, options.style, options.view, options.tiles)
    shoot(page, options.out / "studio-find.png")
    shoot(opened(browser, address, "find", NARROW), options.out / "studio-find-390.png")
    page.locator("#find-stop").click()
    page.locator("#find-stop").wait_for(state="hidden")
    best = page.locator("#found li")
    # The best is kept last, for the gallery begins with the latest.
    for k in reversed(range(min(KEPT, best.count()))):
        best.nth(k).get_by_role("button", name="Keep").click()
        best.nth(k).get_by_role("button", name="Kept").wait_for()
    best.first.get_by_role("button", name="More of").click()
    page.locator("#forming-words").filter(has_text=re.compile(r"Step 1\d of")).wait_for()
    page.screenshot(path=options.out / "studio-forming.png")
    light(options.out / "studio-forming.png")
    page.locator("#deeds button").first.wait_for()
    page.locator("#deeds .more").click()
    page.get_by_role("button", name="Its settings").click()
    page.locator(".settings summary").click()
    page.locator("#toasts .toast").first.wait_for(state="detached")
    answer_first(page)
    shoot(page, options.out / "studio-make.png")
    page.locator("#deeds .give").click()
    shoot(page, options.out / "studio-give.png")
    page.keyboard.press("Escape")
    narrow = opened(browser, address, "make", NARROW)
    narrow.locator("#readings .reading").first.wait_for()
    shoot(narrow, options.out / "studio-make-390.png")
    for size, name in ((WIDE, "studio-gallery.png"), (NARROW, "studio-gallery-390.png")):
        room = opened(browser, address, "gallery", size)
        room.locator("#pictures li").first.wait_for()
        shoot(room, options.out / name)
    room = opened(browser, address, "make", WIDE)
    paint_a_hole(room)
    shoot(room, options.out / "studio-inpaint.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--tiles", type=int, default=12)
    parser.add_argument("--style", default="a watercolor of")
    parser.add_argument("--view", default="rotate-180")
    parser.add_argument("--only", nargs="+", choices=["grid", "ambigram"], help="these alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, studio(Path(folder)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        if not options.only:
            everything(browser, address, options)
        for name, make in (("grid", grid), ("ambigram", ambigram)):
            if not options.only or name in options.only:
                make(browser, address, options.out)
        browser.close()
    if not options.only:
        for_the_report(options.out)


def answer_first(page: Page) -> None:
    """One of the readings is known, the other is still a riddle."""
    page.locator("#readings input").first.press("Enter")
    page.locator("#viewer").focus()
    page.evaluate("document.activeElement.blur()")


if __name__ == "__main__":
    main()
