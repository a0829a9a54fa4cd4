"""What a picture is given away as: cards, films, posters, jigsaws to cut, pages."""

import io
import math
import re
import zlib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from command_line import Command
from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import VIEWS, parse_view
from duckrabbit.illusions.views.jigsaw import Jigsaw
from duckrabbit.making.card_films import PAUSE_FRAMES, card_film
from duckrabbit.making.cards import card, readings_of
from duckrabbit.making.posters import enlarged_in_views, poster, smoothly
from duckrabbit.media.cutting import cutting_svg
from duckrabbit.media.encoded import print_bytes
from duckrabbit.media.lettering import display, lines_of, plain
from duckrabbit.media.pdf import true_size_pdf
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part

TURNED = Anagram(("a duck", "a rabbit"), ("rotate-180",))
DISTANT = Hybrid({"near": Part("a castle"), "far": Part("an owl")})
# At four times the side these cut or slide where the small picture has no pixel's edge.
FINER = {"jigsaw", "inner-circle", "square-hinge", "skew"}


def _picture(side: int = 64, channels: int = 3) -> Tensor:
    """Something smooth, as pictures are, that no view shows as it is."""
    rough = torch.rand(1, channels, 12, 12, generator=torch.Generator().manual_seed(1)) * 1.6 - 0.8
    return interpolate(rough, size=(side, side), mode="bicubic")[0].clamp(-1, 1)


def _seen(large: Tensor, name: str) -> Tensor:
    view = parse_view(name)
    return view.sign * large.flatten(-2)[:, view.arrange(large.shape[-1])].reshape(large.shape)


@pytest.mark.parametrize("name", VIEWS)
def test_a_picture_that_was_enlarged_shows_in_each_view_what_it_showed(name: str) -> None:
    small, factor = _picture(), 4
    large = enlarged_in_views(small, [parse_view(name)], factor)
    assert large.shape[-1] == factor * small.shape[-1]
    allowed = 0.05 if name in FINER else 0.02
    for shown in ("identity", name):
        shrunk = avg_pool2d(_seen(large, shown)[None], factor)[0]
        wanted = parse_view(shown)(small)
        assert float((shrunk - wanted).abs().mean()) < allowed, shown


@pytest.mark.parametrize("pixels", [150, 448])
def test_shuffled_pixels_of_a_small_picture_are_blocks_of_its_poster(pixels: int) -> None:
    small, view = _picture(28, 1), parse_view("pixel-permute+flip")
    made = poster(small, Anagram(("6", "9"), (view.name,)), pixels)
    shrunk = avg_pool2d(made.pixels[None], made.factor)[0]
    assert made.factor > 1
    assert float((shrunk - small).abs().mean()) < 0.02
    assert float((view(shrunk) - view(small)).abs().mean()) < 0.02
    # Enlarged by what the view would move at the larger size, pixels would be torn apart.
    assert len(card_film(small, Anagram(("6", "9"), (view.name,)), width=108)) > 2 * PAUSE_FRAMES


def test_views_that_cut_are_as_smooth_as_upright() -> None:
    small, view, factor = _picture(), parse_view("patch-permute:4"), 4
    # A picture that is smooth when it is put together in another way: enlarged upright alone it would keep its edges.
    small = view.inverse(small)
    alone, both = smoothly(small, factor), enlarged_in_views(small, [view], factor)

    def roughness(large: Tensor) -> float:
        seen = _seen(large, view.name)
        return float(seen.diff(dim=-1).pow(2).mean() + seen.diff(dim=-2).pow(2).mean())

    assert roughness(both) < roughness(alone)


def test_a_poster_says_what_was_enlarged() -> None:
    made = poster(_picture(), TURNED, 500)
    assert made.pixels.shape == (3, 512, 512)
    assert "made at 64 × 64, then enlarged 8 times to 512 × 512" in made.said
    assert made.cuts == ()
    assert "nothing is enlarged" in poster(_picture(), TURNED, 64).said
    with pytest.raises(UsageError, match="9000 pixels wide"):
        poster(_picture(), TURNED, 9000)


def test_a_jigsaw_is_cut_along_its_pieces() -> None:
    size = 400
    pieces = Jigsaw().placement(size, 0.0).depth.reshape(size, size)
    cuts = Jigsaw.cuts()
    assert len(cuts) == 24
    joined = set()
    for cut in cuts:
        (x0, y0), (x1, y1) = cut.start, cut.neck
        along = ((x0 + x1) / 2, (y0 + y1) / 2)
        step = (0.01 * (y1 - y0) / math.dist(cut.start, cut.neck), -0.01 * (x1 - x0) / math.dist(cut.start, cut.neck))
        sides = [
            int(pieces[int((along[1] + s * step[1]) * size), int((along[0] + s * step[0]) * size)]) for s in (1, -1)
        ]
        assert sides[0] != sides[1]
        joined.add(frozenset(sides))
        # The knob belongs to one of the two, and the ring around it to the other.
        x, y = cut.centre
        tip = (2 * x - (cut.neck[0] + cut.other_neck[0]) / 2 - x, 2 * y - (cut.neck[1] + cut.other_neck[1]) / 2 - y)
        far = (cut.radius * 1.1) / math.hypot(*tip)
        inside = int(pieces[int(y * size), int(x * size)])
        outside = int(pieces[int((y + tip[1] * far) * size), int((x + tip[0] * far) * size)])
        assert {inside, outside} == set(sides)
        assert math.dist(cut.neck, cut.centre) == pytest.approx(cut.radius)
    assert len(joined) == 24


def test_prints_are_of_true_size() -> None:
    pixels, cuts = _picture(), Jigsaw.cuts()
    pdf = print_bytes(pixels, "pdf", 254.0, cuts)
    assert b"/MediaBox [0 0 720.000 720.000]" in pdf
    assert pdf.count(b" c ") == 24 * 4
    # Each object is where the table says.
    table = re.findall(rb"(\d{10}) 00000 n", pdf)
    assert all(pdf[int(place) :].startswith(f"{number} 0 obj".encode()) for number, place in enumerate(table, 1))
    stream = pdf[pdf.rindex(b"stream\n", 0, pdf.rindex(b"endstream")) + 7 : pdf.rindex(b"\nendstream")]
    image = Image.open(io.BytesIO(print_bytes(pixels, "png", 254.0)))
    assert zlib.decompress(stream) == image.tobytes()
    assert image.info["dpi"][0] == pytest.approx(6.4, abs=0.02)
    svg = ElementTree.fromstring(cutting_svg(image, cuts, 200))
    assert svg.attrib["width"] == "200mm"
    path = svg.find("{http://www.w3.org/2000/svg}path")
    assert path is not None
    assert path.attrib["d"].count("A") == 24
    assert b" re S" not in true_size_pdf(image, 200)
    with pytest.raises(UsageError, match="5 mm"):
        print_bytes(pixels, "pdf", 5.0)


def test_a_card_has_all_readings() -> None:
    shown = card(_picture(), TURNED, "A title", "and a hint")
    assert shown.size == (1080, 1350)
    assert [reading.prompt for reading in readings_of(_picture(), TURNED)] == ["a duck", "a rabbit"]
    assert readings_of(_picture(), Generate("a duck")) == []
    # Another title, hint or prompt is another card, and digits are in colourless colour.
    others = [card(_picture(), TURNED, "Another"), card(_picture(), TURNED, "A title"), card(_picture(), DISTANT),
              card(_picture(28, 1), Anagram(("6", "9"), ("flip",))), card(_picture(), Generate("a duck"))]  # fmt: skip
    assert len({image.tobytes() for image in (shown, *others)}) == 6
    assert all(image.size == (1080, 1350) for image in others)


def test_letters_that_no_font_has_are_refused_and_others_are_drawn_by_one_that_has_them() -> None:
    greek, latin = card(_picture(), TURNED, "Τι βλέπεις;"), card(_picture(), TURNED, "Ti vlepeis;")
    assert display(60, "Ti vlepeis;").getname()[0] == "Fraunces"
    assert display(60, "Τι βλέπεις;").getname()[0] == "DejaVu Serif"
    assert greek.tobytes() != latin.tobytes()
    for title, hint in (("日本", ""), ("What?", "🦆")):
        with pytest.raises(UsageError, match="the font has no"):
            card(_picture(), TURNED, title, hint)


def test_words_stay_within_their_lines() -> None:
    lines = lines_of("a very long prompt about an unpronounceableandendlessword and so on and on", plain(30), 200, 2)
    assert len(lines) == 2
    assert all(plain(30).getlength(line) <= 200 for line in lines)
    assert lines[-1].endswith("…")


@pytest.mark.parametrize("recipe", [TURNED, DISTANT, Hybrid({"colour": Part("a cat"), "grey": Part("a dog")})])
def test_a_film_pauses_at_each_reading(recipe: Anagram | Hybrid) -> None:
    frames = card_film(_picture(), recipe, width=108)
    assert frames[0].shape == (3, 135, 108)
    still, longest = 1, []
    for before, after in zip(frames, [*frames[1:], None], strict=True):
        if after is before:
            still += 1
        else:
            longest.append(still)
            still = 1
    assert longest.count(PAUSE_FRAMES) == 2
    assert set(longest) == {1, PAUSE_FRAMES}
    with pytest.raises(UsageError, match="has one"):
        card_film(_picture(), Generate("a duck"))


def test_the_command_exports(duckrabbit: Command) -> None:
    made = duckrabbit("anagram", "6", "9", "--view", "jigsaw", "--steps", "2")
    assert made.code == 0
    [picture] = Path("out").glob("anagram*.png")
    assert duckrabbit("export", str(picture), "--title", "Which digit?").code == 0
    [shared] = Path("out").glob("*-card.png")
    assert Image.open(shared).size == (1080, 1350)
    told = duckrabbit("export", str(picture), "--to", "jigsaw", "--millimetres", "150", "--pixels", "280")
    assert "made at 28 × 28, then enlarged 10 times to 280 × 280" in told.err
    [jigsaw] = Path("out").glob("*-jigsaw.svg")
    assert 'width="150mm"' in jigsaw.read_text("utf-8")
    assert duckrabbit("export", str(picture), "--to", "poster", "--format", "pdf", "--pixels", "280").code == 0
    assert duckrabbit("export", str(picture), "--to", "page", "--hint", "<turn> it").code == 0
    [page] = Path("out").glob("*-page.html")
    assert "&lt;turn&gt; it" in page.read_text("utf-8")
    for words, said in (
        (["--to", "mug"], "give --to card"),
        (["--to", "poster", "--format", "svg"], "formats are png, pdf"),
        (["--to", "poster", "--millimetres", "1"], "no size for a print"),
        (["--to", "jigsaw", "--millimetres", "100000"], "no size for a print"),
        (["--to", "poster", "--pixels", "100000"], "give --pixels up to"),
        (["--to", "card", "--millimetres", "300"], "--millimetres means nothing to a card"),
        (["--to", "page", "--pixels", "300"], "--pixels means nothing to a page"),
        (["--to", "film", "--as-it-is"], "--as-it-is means nothing to a film"),
        (["--to", "poster", "--title", "hello"], "--title means nothing to a poster"),
        (["--to", "jigsaw", "--hint", "hello"], "--hint means nothing to a jigsaw"),
    ):
        refused = duckrabbit("export", str(picture), *words)
        assert refused.code == 2
        assert said in refused.err
        assert "made at" not in refused.err


def test_only_a_jigsaw_is_cut(duckrabbit: Command) -> None:
    duckrabbit("anagram", "6", "9", "--view", "flip", "--steps", "2")
    [picture] = Path("out").glob("anagram*.png")
    refused = duckrabbit("export", str(picture), "--to", "jigsaw")
    assert refused.code == 2
    assert "is no jigsaw" in refused.err
    assert "made at" not in refused.err
    before = np.asarray(Image.open(picture))
    assert duckrabbit("export", str(picture), "--to", "poster", "--as-it-is", "--pixels", "28").code == 0
    [shown] = Path("out").glob("*-poster.png")
    assert np.array_equal(np.asarray(Image.open(shown)), before)
