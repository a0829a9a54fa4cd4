"""The report: whole, honest about where its figures come from, resumable, and readable."""

import html
import importlib
import importlib.util
import itertools
import re
import shlex
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from duckrabbit.datasets.mnist import mnist, pictures_to_float
from duckrabbit.errors import UsageError
from duckrabbit.judges.judge import load_judge
from duckrabbit.report.bodies import AXES, Words
from duckrabbit.report.build import build_report, build_rows
from duckrabbit.report.chart import HEIGHT, WIDTH, Axis, Chart, Series
from duckrabbit.report.figure import Exhibit, Figure
from duckrabbit.report.measures import Yardstick
from duckrabbit.report.page import section
from duckrabbit.report.rows.digits.illusions import PAIRS
from duckrabbit.report.rows.digits.recorded import TrainingRecord, train_command
from duckrabbit.report.rows.digits.sampled import seeds_by_digit
from duckrabbit.report.rows.registry import ROWS, Row
from duckrabbit.report.workshop import GAP, Workshop, tile_grid
from report_page import TINY, made_report, silent

RECORDS = Path(str(files("duckrabbit.report"))) / "records"
TOOLS = Path(__file__).parent.parent / "tools"
VOID = {"meta", "link", "img", "input", "br", "path", "circle", "line", "polyline"}


@pytest.fixture
def page() -> Path:
    """A whole report, from next to no samples."""
    return made_report().index


class _Reader(HTMLParser):
    """Collects links, ids and exhibits, and fails where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.images_without_words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [value for name, value in attrs if name in ("href", "src") and value is not None]
        self.ids += [value for name, value in attrs if name == "id" and value is not None]
        if tag == "img" and not given.get("alt"):
            self.images_without_words.append(str(given.get("src")))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def _exhibits(text: str) -> list[str]:
    return re.findall(r"<article.*?</article>", text, flags=re.DOTALL)


def _commands(text: str) -> list[str]:
    found = re.findall(r"<code>(.*?)</code></pre>", text)
    return [html.unescape(re.sub(r"<[^>]*>", "", command)) for command in found]


def test_every_link_of_the_page_leads_somewhere(page: Path) -> None:
    judge = _Reader(page.read_text("utf-8"))
    for link in judge.links:
        if link.startswith("#"):
            assert link[1:] in judge.ids
        elif link != "data:,":
            assert ":" not in link
            assert not link.startswith("/")
            assert (page.parent / link).is_file(), link
    assert len(judge.ids) == len(set(judge.ids))
    assert judge.images_without_words == []


def test_the_page_needs_no_network(page: Path) -> None:
    for file in (page, page.parent / "style.css", page.parent / "viewer.js"):
        assert not re.search(r"https?://|url\(|@import|fetch\(", file.read_text("utf-8")), file


def test_the_page_has_every_row_in_order(page: Path) -> None:
    assert re.findall(r'<section class="figure" id="([^"]+)"', page.read_text("utf-8")) == list(ROWS)


def test_every_row_has_a_lesson_and_every_lesson_a_row() -> None:
    lessons = files("duckrabbit.report") / "assets" / "lessons"
    assert {file.name.removesuffix(".html.j2") for file in lessons.iterdir()} == set(ROWS)


def test_every_exhibit_has_one_badge_and_a_command(page: Path) -> None:
    exhibits = _exhibits(page.read_text("utf-8"))
    assert len(exhibits) >= len(ROWS)
    for exhibit in exhibits:
        assert len(re.findall(r'class="badge (?:now|recorded|taken)"', exhibit)) == 1
        assert len(_commands(exhibit)) >= 1
        assert 'class="parameters"' in exhibit


def test_what_only_training_shows_is_never_called_computed_now(page: Path) -> None:
    for exhibit in _exhibits(page.read_text("utf-8")):
        # A folder of pictures is learned while the report is made.
        trained = _commands(exhibit)[0].startswith("duckrabbit train mnist-")
        assert trained == ('data-origin="recorded"' in exhibit)


def test_every_command_is_one_that_the_command_line_takes(page: Path) -> None:
    from duckrabbit.cli.parse import parse

    for command in _commands(page.read_text("utf-8")):
        _, verb, *words = shlex.split(command)
        options = importlib.import_module(f"duckrabbit.cli.verbs.{verb}").Options
        assert parse(options, verb, words) is not None, command


def test_the_answers_of_the_illusions_are_hidden_at_first(page: Path) -> None:
    text = page.read_text("utf-8")
    viewers = [one for one in _exhibits(text) if 'class="viewer' in one]
    assert len(viewers) > len(PAIRS)
    for viewer in viewers:
        shown = re.sub(r"<details>.*?</details>", "", viewer, flags=re.DOTALL)
        shown = html.unescape(re.sub(r"<[^>]*>", "", shown))
        assert not re.search(r"[0-9]", shown), shown
    assert "<details open" not in text


def test_a_killed_report_goes_on_where_it_was(tmp_path: Path) -> None:
    made: list[str] = []

    def counted(row: Row) -> Row:
        def make(workshop: Workshop) -> object:
            made.append(row.name)
            return row.make(workshop)

        return replace(row, make=make)  # type: ignore[arg-type]

    rows = [counted(ROWS["B1.1"]), counted(ROWS["B1.4"])]

    def killed(what: str, part: float) -> None:
        if what.startswith("B1.4"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_rows(tmp_path, TINY, rows, "cpu", killed)
    assert not (tmp_path / "index.html").exists()
    build_rows(tmp_path, TINY, rows, "cpu", silent)
    assert made == ["B1.1", "B1.4"]

    # What has lost a file, or is of another effort, is made again; the rest is not.
    next((tmp_path / "figures" / "B1.1").glob("*.png")).unlink()
    build_rows(tmp_path, TINY, rows, "cpu", silent)
    assert made == ["B1.1", "B1.4", "B1.1"]
    build_rows(tmp_path, replace(TINY, noised=5), rows[:1], "cpu", silent)
    assert made == ["B1.1", "B1.4", "B1.1", "B1.1"]
    for damaged in (b"", b"[]", b'{"key": "\xff"}'):
        (tmp_path / "figures" / "B1.1" / "finished.json").write_bytes(damaged)
        build_rows(tmp_path, replace(TINY, noised=5), rows[:1], "cpu", silent)
    assert made[4:] == ["B1.1", "B1.1", "B1.1"]


def test_only_makes_one_row(tmp_path: Path) -> None:
    told: list[float] = []
    index = build_report(tmp_path, True, "b1.1", "cpu", lambda what, part: told.append(part))
    assert index == tmp_path / "index.html"
    assert re.findall(r'<section class="figure" id="([^"]+)"', index.read_text("utf-8")) == ["B1.1"]
    assert [folder.name for folder in (tmp_path / "figures").iterdir()] == ["B1.1"]
    assert told == sorted(told)
    assert told[-1] == 1


def test_mistakes_are_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no row 'B9'.*B1\.1"):
        build_report(tmp_path, only="B9")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file"):
        build_report(tmp_path / "file", only="B1.1")
    (tmp_path / "index.html").write_text("<h1>my own page</h1>")
    with pytest.raises(UsageError, match="not a report"):
        build_report(tmp_path, only="B1.1")
    assert (tmp_path / "index.html").read_text() == "<h1>my own page</h1>"


@pytest.mark.parametrize("folder", sorted(RECORDS.iterdir()), ids=lambda folder: folder.name)
def test_records_are_small_and_whole(folder: Path) -> None:
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 2**19
    record = TrainingRecord.read(folder.name)
    assert 10 < len(record.lines) <= 400
    assert record.shown()[-1] == record.hyperparameters.epochs
    assert record.shown()[0] == 1
    points = record.curve("").points
    assert points[-1][0] == record.hyperparameters.epochs
    assert points[0][1] > record.final_loss > 0
    assert record.seconds > 0


@pytest.mark.parametrize("folder", sorted(RECORDS.glob("*-sources")), ids=lambda folder: folder.name)
def test_a_run_in_the_sources_way_says_how_it_was_trained_and_sampled(folder: Path) -> None:
    record = TrainingRecord.read(folder.name)
    assert record.hyperparameters.ema_decay == 0
    said = record.how_sampled()
    assert "no average" in said
    assert "without clipping" in said
    assert ("300 steps, with noise of variance β" in said) == ("ddpm" in folder.name)
    assert ("euler in 50 steps" in said) == ("flow" in folder.name)
    assert ("guidance 5 at all times" in said) == ("class" in folder.name)
    assert train_command(record).endswith(
        f"train {record.settings['recipe']} --like-the-sources --out runs/{folder.name}"
    )
    assert len(list(folder.glob("*.webp"))) == 1


def test_a_reduced_curve_keeps_means_and_ends() -> None:
    spec = importlib.util.spec_from_file_location("ship_record", TOOLS / "ship_record.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    lines = [{"step": k, "epoch": 1, "loss": float(k), "pictures_per_second": 100.0} for k in range(1, 1201)]
    reduced = tool.reduced(lines)
    assert len(reduced) == 400
    assert reduced[0]["loss"] == 2.0
    assert reduced[-1]["step"] == 1200
    assert len(tool.reduced(lines, 100)) == 100
    assert tool.reduced(lines[:7]) == [{**line, "pictures_per_second": 100} for line in lines[:7]]


positive = st.floats(1e-6, 1e6)


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), positive), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
@example([(0.0, 1e6), (0.0, 999999.9999999999)])
def test_a_chart_stays_within_its_frame_and_rises_where_its_values_do(points: list[tuple[float, float]]) -> None:
    svg = Chart("a < b", Axis("x"), Axis("y", logarithmic=True), (Series("s", tuple(points)),), marked=True).svg()
    _Reader(svg)
    assert 'role="img" aria-label="a &lt; b"' in svg
    drawn = [(float(x), float(y)) for x, y in re.findall(r'class="dot s1" cx="([^"]*)" cy="([^"]*)"', svg)]
    assert len(drawn) == len(points)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in drawn)
    for (one, at_one), (other, at_other) in itertools.pairwise(zip(points, drawn, strict=True)):
        # Higher values are drawn higher up, and y points down.
        assert (one[1] - other[1]) * (at_one[1] - at_other[1]) <= 0


@pytest.mark.parametrize(
    "points", [((0.0, 0.27), (5.0, 0.9)), ((1.0, 0.021), (20.0, 0.029)), ((4.0, 0.01), (64.0, 90.0))]
)
def test_a_chart_has_ticks_of_text_and_leaves_colours_and_fonts_to_the_page(
    points: tuple[tuple[float, float], ...],
) -> None:
    svg = Chart("loss", Axis("epoch"), Axis("loss of σ", logarithmic=True), (Series("loss", points),)).svg()
    assert len(re.findall(r'text-anchor="end">[\d.]+<', svg)) >= 3
    assert len(re.findall(r'text-anchor="middle">[\d.]+<', svg)) >= 3
    assert ">epoch<" in svg
    assert ">loss of σ<" in svg
    assert set(re.findall(r'class="([^"]*)"', svg)) == {"line s1", "rule", "axis"}
    assert not re.search(r"style=|fill=|stroke=|font|id=", svg)


def test_what_is_said_is_escaped() -> None:
    odd = "<b>&\"'"
    exhibit = Exhibit(odd, Words(odd, (odd,)), (odd,), f"duckrabbit {odd}", 1.0)
    text = section(ROWS["A-emb"], Figure((exhibit,), {"model": odd, "reads_words": True}))
    _Reader(text)
    assert "<b>" not in text
    assert html.unescape(re.sub(r"<[^>]*>", "", text)).count(odd) == 6


def test_tiles_lie_in_equal_columns_and_show_the_page_between() -> None:
    pictures = list(torch.linspace(-1, 1, 5)[:, None, None, None].expand(5, 1, 3, 3))
    sheet = tile_grid(pictures, 3, scale=2)
    cell = 6 + GAP
    assert sheet.size == (3 * cell, 2 * cell)
    assert [sheet.getpixel((cell * k + cell // 2, cell // 2)) for k in range(3)] == [(0, 255), (64, 255), (128, 255)]
    assert sheet.getpixel((0, 0)) == (0, 0)
    assert sheet.getpixel((2 * cell + cell // 2, cell + cell // 2)) == (0, 0)


def test_every_digit_has_consecutive_seeds_of_its_own() -> None:
    seeds = seeds_by_digit(30)
    assert sorted(seeds) == list(range(30))
    assert seeds[3::10] == [9, 10, 11]


def test_quality_knows_real_digits_from_wrong_ones() -> None:
    judge, digits = load_judge("digits", "reporting"), mnist("train")
    yardstick = Yardstick.of(judge, digits, 500)
    pictures, labels = pictures_to_float(digits.pictures[500:700]), digits.labels[500:700]
    right = yardstick.measure(pictures, labels)
    assert right.accuracy > 0.9
    assert right.diversity == pytest.approx(1, abs=0.4)
    wrong = yardstick.measure(pictures, (labels + 1) % 10)
    assert wrong.accuracy < 0.1
    assert wrong.diversity is None
    alike = pictures[:1].expand(200, -1, -1, -1)
    assert yardstick.distance(alike) > 3 * yardstick.distance(pictures)


def test_every_view_that_is_shown_can_be_turned() -> None:
    assert {view for _, _, view in PAIRS} <= set(AXES)


def _luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear_parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear_parts, strict=True))


def test_colours_have_the_contrast_that_text_needs_in_light_and_dark() -> None:
    text = (files("duckrabbit.report") / "assets" / "style.css").read_text("utf-8")
    light, dark = [
        dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in re.findall(r":root \{(.*?)\}", text, re.S)
    ]
    for palette in (light, dark):
        grounds = [("paper", name) for name in ("ink", "quiet", "accent")]
        grounds += [("raised", name) for name in ("ink", "quiet", "accent", "s1", "s2", "s3", "s4")]
        grounds += [("now-ground", "now"), ("recorded-ground", "recorded")]
        for ground, ink in grounds:
            low, high = sorted((_luminance(palette[ground]), _luminance(palette[ink])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (ground, ink)
