"""Painted scenes: planned the same by their number, rendered where the plan says, captioned with what is there."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch
from torch import Tensor

from duckrabbit.datasets.classes import Classes, class_name
from duckrabbit.datasets.names import kept_names, phrases_of
from duckrabbit.datasets.packs import read_packs
from duckrabbit.datasets.paint.brushes import SIDE
from duckrabbit.datasets.paint.cast import COLOURS
from duckrabbit.datasets.paint.filters import PAINTERS, kuwahara, painted
from duckrabbit.datasets.paint.library import BACKDROPS, Library, build_library
from duckrabbit.datasets.paint.render import directions, render
from duckrabbit.datasets.paint.scene import MAX_LAYERS, Layer, Manner, Scene
from duckrabbit.datasets.paint.scenes import (
    SHARES,
    Plan,
    hat,
    pair,
    photo,
    plan_scene,
    repertoire,
    silhouette,
    subject,
    tinted,
    training_vocabulary,
)
from duckrabbit.datasets.prompts import Vocabulary, words_of
from duckrabbit.errors import UsageError
from duckrabbit.training.painted import PaintedExamples, half
from tiny_packs import cut_outs, photographs, write_pack, write_packs

KEPT = kept_names()
SAMPLED = 5000


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A library that can show every kind of scene."""
    folder = write_packs(tmp_path_factory.mktemp("packs"))
    portraits = [({**said, "set": "congress-portraits"}, shot) for said, shot in photographs((("man", "a photo of"),))]
    write_pack(folder / "people64.zip", portraits)
    packs = [folder / f"{name}64.zip" for name in ("art", "photos", "people")]
    return build_library(read_packs(packs, 64), KEPT, copies=2)


@pytest.fixture(scope="module")
def scenes(library: Library) -> list[Scene]:
    kinds = repertoire(library)
    return [plan_scene(Random(number), library, kinds) for number in range(SAMPLED)]


def test_two_halves_have_no_picture_in_common(library: Library) -> None:
    classes = Classes(tuple(sorted({class_name(name) for name in library.subjects})))
    halves = [half(library, classes, which, split=3) for which in (0, 1)]
    first, second = (
        {
            *(k for found in own.subjects.values() for k in found),
            *own.photos[0],
            *own.shaded.values(),
            *(k for found in own.backdrops.values() for k in found),
            *(k for found in own.themes.values() for k in found),
        }
        for own in halves
    )
    assert first
    assert second
    assert not first & second
    assert {k for found in library.subjects.values() for k in found} <= first | second


# --- Plans -----------------------------------------------------------------------------------------------------------


def test_a_library_with_all_it_takes_shows_every_kind(library: Library) -> None:
    assert repertoire(library).plans == tuple(SHARES)


def test_every_caption_is_made_of_known_words(library: Library, scenes: list[Scene]) -> None:
    vocabulary = training_vocabulary(library)
    captions = {scene.caption for scene in scenes}
    assert len(captions) > 500
    assert {word for caption in captions for word in vocabulary.read(caption).unknown} == set()
    assert max(len(words_of(caption)) for caption in captions) < vocabulary.length


def test_one_caption_in_ten_is_lost(scenes: list[Scene]) -> None:
    lost = sum(scene.caption == "" for scene in scenes) / SAMPLED
    assert 0.08 < lost < 0.12


def test_scenes_stay_within_what_is_promised(library: Library, scenes: list[Scene]) -> None:
    assert max(len(scene.layers) for scene in scenes) <= MAX_LAYERS
    for scene in scenes:
        assert library.items[scene.backdrop].photo
        assert 0 <= scene.softness <= 1
        assert 0 <= scene.washed <= 1
        assert 0 < scene.zoom <= 1
        assert all(not library.items[layer.item].photo for layer in scene.layers)
        assert all(0 < layer.size <= (1.6 if layer.item == library.light else 1) for layer in scene.layers)


def _named(library: Library, layer: Layer) -> set[frozenset[str]]:
    """The ways to call what a layer shows, as sets of words."""
    return {frozenset(words_of(phrase)) for phrase in phrases_of(library.items[layer.item].name)}


@pytest.mark.parametrize("plan", [subject, tinted, silhouette, pair], ids=lambda plan: plan.__name__)
def test_a_caption_names_every_subject(plan: Plan, library: Library) -> None:
    for number in range(200):
        scene = plan(Random(number), library)
        said = set(words_of(scene.caption))
        assert scene.layers
        for layer in scene.layers:
            assert any(called <= said for called in _named(library, layer)), scene.caption


def test_a_pair_is_two_in_one_style_side_by_side(library: Library) -> None:
    for number in range(100):
        scene = pair(Random(number), library)
        left, right = sorted(scene.layers, key=lambda layer: layer.x)
        assert library.items[left.item].style == library.items[right.item].style
        assert "and" in words_of(scene.caption)
        assert right.x - left.x > 0.2


def test_a_tinted_subject_is_drawn_in_the_colour_that_is_said(library: Library) -> None:
    said = Counter[str]()
    for number in range(300):
        scene = tinted(Random(number), library)
        [layer] = scene.layers
        [colour] = set(words_of(scene.caption)) & set(COLOURS)
        said[colour] += 1
        assert layer.tint == COLOURS[colour]
        assert layer.tinted >= 0.75
        assert library.items[layer.item].name not in ("red apple", "man", "woman")
    assert set(said) == set(COLOURS)


def test_a_hat_is_on_top_of_who_wears_it(library: Library) -> None:
    for number in range(100):
        scene = hat(Random(number), library)
        wearer, cap = scene.layers
        assert library.items[cap.item].name == "top hat"
        assert cap.y < wearer.y
        assert {"wearing"} <= set(words_of(scene.caption))


def test_a_photograph_is_named_and_alone(library: Library) -> None:
    for number in range(100):
        scene = photo(Random(number), library)
        assert scene.layers == ()
        name = library.items[scene.backdrop].name
        said = set(words_of(scene.caption))
        generic = scene.caption == "a high quality photo"
        assert generic or any(set(words_of(phrase)) <= said for phrase in phrases_of(name))


@pytest.mark.parametrize(
    ("missing", "left_out"),
    [
        (("fire",), {"campfire"}),
        (("top hat",), {"hat"}),
        (("hot beverage",), {"barista"}),
        (("evergreen tree",), {"village", "old_city"}),
        (("man", "woman", "man: beard"), {"campfire", "barista"}),
    ],
)
def test_kinds_whose_pictures_are_missing_are_left_out(
    missing: tuple[str, ...], left_out: set[str], library: Library
) -> None:
    poorer = replace(library, subjects={k: v for k, v in library.subjects.items() if k not in missing})
    plans = {plan.__name__ for plan in repertoire(poorer).plans}
    assert plans == {plan.__name__ for plan in SHARES} - left_out


def test_a_library_of_one_name_and_one_photograph_is_enough(tmp_path: Path) -> None:
    paths = [
        write_pack(tmp_path / "art64.zip", cut_outs(("red apple",), ("a black silhouette of",))),
        write_pack(tmp_path / "photos64.zip", photographs((("dog", "a photo of"),), each=1)),
    ]
    small = build_library(read_packs(paths, 64), KEPT, copies=1)
    kinds = repertoire(small)
    expected = {"subject", "photo", "theme", "silhouette", "pair", "scenery"}
    assert {plan.__name__ for plan in kinds.plans} == expected
    planned = [plan_scene(Random(number), small, kinds) for number in range(300)]
    assert any(scene.layers for scene in planned)


def test_a_library_without_subjects_or_photographs_is_refused(tmp_path: Path) -> None:
    for entries in (cut_outs(("cat",)), photographs()):
        with pytest.raises(UsageError, match="need both"):
            build_library(read_packs([write_pack(tmp_path / "pack.zip", entries)], 64), KEPT, copies=1)
    unkept = [*cut_outs(("no such name",)), *photographs()]
    with pytest.raises(UsageError, match="0 names"):
        build_library(read_packs([write_pack(tmp_path / "pack.zip", unkept)], 64), KEPT, copies=1)


@pytest.mark.parametrize("name", BACKDROPS)
def test_a_drawn_place_is_the_same_by_its_number_and_another_by_another(name: str) -> None:
    draw = BACKDROPS[name]
    first, again, second = draw(Random("0")), draw(Random("0")), draw(Random("1"))
    assert first.size == (SIDE, SIDE)
    assert first.mode == ("RGBA" if name == "counter" else "RGB")
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != second.tobytes()


# --- Scenes by number ------------------------------------------------------------------------------------------------


def test_a_scene_is_the_same_whatever_batch_it_is_in(library: Library) -> None:
    vocabulary = training_vocabulary(library)
    examples = PaintedExamples(library, library.pictures, vocabulary, count=100, seed=3)
    order = torch.tensor([[5, 9, 2, 40], [40, 7, 5, 1], [8, 3, 11, 6], [4, 10, 12, 5], [0, 5, 99, 98]])
    batches = list(examples.prepared(order))
    assert len(batches) == len(order)
    rows = [(b, i) for b, row in enumerate(order.tolist()) for i, number in enumerate(row) if number == 5]
    assert len(rows) == 4
    tokens = [batches[b].tokens[i] for b, i in rows]
    items = [batches[b].directions.backdrops[i] for b, i in rows]
    assert all(torch.equal(own, tokens[0]) for own in tokens)
    assert len(set(map(int, items))) == 1
    [alone] = examples.prepared(torch.tensor([[5]]))
    assert torch.equal(alone.tokens[0], tokens[0])
    others = PaintedExamples(library, library.pictures, vocabulary, count=100, seed=4).prepared(order)
    assert not torch.equal(next(others).tokens, batches[0].tokens)


def test_examples_are_pictures_in_range_with_the_tokens_of_their_captions(library: Library) -> None:
    vocabulary = training_vocabulary(library)
    examples = PaintedExamples(library, library.pictures, vocabulary, count=32)
    [planned] = examples.prepared(torch.arange(32)[None])
    batch = examples.batch(planned, torch.Generator().manual_seed(0))
    assert batch.x0.shape == (32, 3, 64, 64)
    assert batch.x0.dtype == torch.float32
    assert -1 <= batch.x0.min() < -0.5
    assert 0.5 < batch.x0.max() <= 1
    assert batch.condition.shape == (32, vocabulary.length)
    assert batch.condition.max() < len(vocabulary)
    again = examples.batch(planned, torch.Generator().manual_seed(0))
    assert torch.equal(again.x0, batch.x0)


def test_a_run_may_stop_asking_for_scenes(library: Library) -> None:
    examples = PaintedExamples(library, library.pictures, Vocabulary(()), count=100)
    planned = examples.prepared(torch.arange(100).view(50, 2))
    assert len(next(planned).tokens) == 2
    planned.close()  # type: ignore[attr-defined]


# --- Rendering -------------------------------------------------------------------------------------------------------

WHITE, CORNER, GREY = 0, 1, 2
"""Items: a white square, a picture that is red in its upper left quarter and green elsewhere, a grey ground."""


def _canvas() -> Tensor:
    pictures = torch.zeros(3, 4, 64, 64, dtype=torch.uint8)
    pictures[WHITE] = 255
    pictures[CORNER, 1], pictures[CORNER, 3] = 255, 255
    pictures[CORNER, :2, :32, :32] = torch.tensor([255, 0], dtype=torch.uint8)[:, None, None]
    pictures[GREY, :3], pictures[GREY, 3] = 51, 255
    return pictures


def _rendered(*scenes: Scene) -> Tensor:
    """Pictures in [0, 1]."""
    return (render(_canvas(), directions(scenes), torch.Generator().manual_seed(0)) + 1) / 2


def _ground(*layers: Layer) -> Scene:
    return Scene("", layers, GREY)


def _bounds(picture: Tensor) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is white."""
    rows, columns = (picture.min(dim=0).values > 0.6).nonzero().T
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


@pytest.mark.parametrize(
    ("x", "y", "size", "bounds"),
    [
        (0.5, 0.5, 0.5, (16, 16, 48, 48)),
        (0.25, 0.5, 0.5, (0, 16, 32, 48)),
        (0.75, 0.25, 0.5, (32, 0, 64, 32)),
        (0.5, 0.875, 0.25, (24, 48, 40, 64)),
        (0.5, 0.5, 1.0, (0, 0, 64, 64)),
        (1.0, 0.5, 0.5, (48, 16, 64, 48)),
    ],
)
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_layer_lands_where_it_should(
    x: float, y: float, size: float, bounds: tuple[int, int, int, int], mirrored: bool
) -> None:
    [picture] = _rendered(_ground(Layer(WHITE, x, y, size, mirrored=mirrored)))
    assert _bounds(picture) == bounds
    assert picture.amax(dim=(1, 2)).tolist() == pytest.approx([1, 1, 1])
    if size < 1:
        assert picture.amin(dim=(1, 2)).tolist() == pytest.approx([0.2] * 3)


QUARTERS: dict[str, Callable[[Tensor], Tensor]] = {
    "upper left": lambda picture: picture[:, 20:28, 20:28],
    "upper right": lambda picture: picture[:, 20:28, 36:44],
    "lower left": lambda picture: picture[:, 36:44, 20:28],
    "lower right": lambda picture: picture[:, 36:44, 36:44],
}


@pytest.mark.parametrize(
    ("angle", "mirrored", "red"),
    [
        (0, False, "upper left"),
        (0, True, "upper right"),
        (90, False, "lower left"),
        (180, False, "lower right"),
        (-90, False, "upper right"),
        (90, True, "upper left"),
    ],
)
def test_a_layer_is_mirrored_and_then_turned_counter_clockwise(angle: float, mirrored: bool, red: str) -> None:
    [picture] = _rendered(_ground(Layer(CORNER, size=0.5, angle=angle, mirrored=mirrored)))
    for name, quarter in QUARTERS.items():
        colour = quarter(picture).mean(dim=(1, 2)).tolist()
        assert colour == pytest.approx([1, 0, 0] if name == red else [0, 1, 0], abs=0.02), name


def test_a_turned_square_keeps_its_area_and_its_middle() -> None:
    upright, turned = _rendered(_ground(Layer(WHITE, size=0.5)), _ground(Layer(WHITE, size=0.5, angle=30)))
    area = (turned[0] - 0.2).sum() / (upright[0] - 0.2).sum()
    assert area.item() == pytest.approx(1, abs=0.01)
    weight = (turned[0] - 0.2) / (turned[0] - 0.2).sum()
    middle = torch.arange(64) + 0.5
    assert (weight.sum(0) * middle).sum().item() == pytest.approx(32, abs=0.05)
    assert (weight.sum(1) * middle).sum().item() == pytest.approx(32, abs=0.05)


def test_later_layers_cover_earlier_ones() -> None:
    white, corner = Layer(WHITE, size=0.5), Layer(CORNER, size=0.5)
    over, under = _rendered(_ground(white, corner), _ground(corner, white))
    assert over[:, 40, 40].tolist() == pytest.approx([0, 1, 0], abs=0.01)
    assert under[:, 40, 40].tolist() == pytest.approx([1, 1, 1], abs=0.01)


def test_tint_ink_and_light() -> None:
    blue = (0.1, 0.2, 0.9)
    tint, ink, dark = _rendered(
        _ground(Layer(CORNER, tint=blue, tinted=1.0)),
        _ground(Layer(WHITE, tint=blue, ink=1.0)),
        _ground(Layer(WHITE, light=0.5)),
    )
    assert tint[2].mean() > tint[0].mean()
    assert ink.mean(dim=(1, 2)).tolist() == pytest.approx(list(blue), abs=0.01)
    assert dark.mean().item() == pytest.approx(0.5, abs=0.01)


def test_the_ground_is_washed_softened_mirrored_and_zoomed() -> None:
    plain = Scene("", (), CORNER)
    washed, mean, mirrored, zoomed = _rendered(
        replace(plain, wash=(0.1, 0.5, 0.9), washed=1.0),
        replace(plain, softness=1.0),
        replace(plain, mirrored=True),
        replace(plain, zoom=0.5, shift=(-1.0, -1.0)),
    )
    assert washed.mean(dim=(1, 2)).tolist() == pytest.approx([0.1, 0.5, 0.9], abs=1e-3)
    assert mean[:, 5, 5].tolist() == pytest.approx([0.25, 0.75, 0], abs=0.01)
    assert mirrored[:, 10, 50].tolist() == pytest.approx([1, 0, 0], abs=0.01)
    assert zoomed[:, 40, 40].tolist() == pytest.approx([1, 0, 0], abs=0.01)


def test_a_shadow_darkens_the_ground_below() -> None:
    [picture] = _rendered(replace(_ground(Layer(WHITE, size=0.5)), shadow=0.5))
    assert picture[0, 50, 32] < 0.19
    assert picture[0, 5, 32].item() == pytest.approx(0.2, abs=0.01)


def test_a_scene_renders_alone_as_it_does_among_others(library: Library, scenes: list[Scene]) -> None:
    """Only painters draw at random, a batch at a time."""
    crowded = sorted(scenes[:200], key=lambda scene: -len(scene.layers))
    plain = [replace(scene, manner=Manner.AS_IS) for scene in [*crowded[:10], *scenes[:10]]]
    together = render(library.pictures, directions(plain), torch.Generator().manual_seed(0))
    assert max(len(scene.layers) for scene in plain) > 2
    for scene, own in zip(plain, together, strict=True):
        [alone] = render(library.pictures, directions([scene]), torch.Generator().manual_seed(1))
        torch.testing.assert_close(alone, own, rtol=0, atol=1e-5)
    shuffled = render(library.pictures, directions(plain[::-1]), torch.Generator().manual_seed(2))
    torch.testing.assert_close(shuffled.flip(0), together, rtol=0, atol=1e-5)


def test_every_scene_renders_within_range(library: Library, scenes: list[Scene]) -> None:
    pictures = render(library.pictures, directions(scenes[:150]), torch.Generator().manual_seed(0))
    assert {scene.manner for scene in scenes[:150]} == set(Manner)
    assert pictures.isfinite().all()
    assert pictures.min() >= -1
    assert pictures.max() <= 1


# --- Painters --------------------------------------------------------------------------------------------------------


def _pictures(count: int = 6) -> Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.nn.functional.interpolate(torch.rand(count, 3, 8, 8, generator=rng), size=(64, 64), mode="bilinear")


@pytest.mark.parametrize("manner", PAINTERS)
def test_a_painter_paints_its_rows_and_no_others(manner: Manner) -> None:
    x = _pictures()
    done = painted(x, [(manner, torch.tensor([1, 4]))], torch.Generator().manual_seed(0))
    for row in range(6):
        changed = (done[row] - x[row]).abs().mean().item()
        assert (changed > 0.01) == (row in (1, 4))
    assert done.min() >= 0
    assert done.max() <= 1
    again = painted(x, [(manner, torch.tensor([1, 4]))], torch.Generator().manual_seed(0))
    assert torch.equal(done, again)


@pytest.mark.parametrize("manner", PAINTERS)
def test_a_painted_picture_still_shows_what_it_showed(manner: Manner) -> None:
    """A dark disc on light paper stays darker than the paper at its edge."""
    ys, xs = torch.meshgrid(torch.arange(64) - 31.5, torch.arange(64) - 31.5, indexing="ij")
    radius = (xs**2 + ys**2).sqrt()
    x = (0.15 + 0.8 * (radius > 16)).expand(8, 3, 64, 64).contiguous()
    done = painted(x, [(manner, torch.arange(8))], torch.Generator().manual_seed(0)).mean(dim=1)
    edge, paper = done[:, (radius - 15.5).abs() < 1].mean(dim=1), done[:, (radius > 22) & (radius < 30)].mean(dim=1)
    assert (edge < paper - 0.05).all()


def test_kuwahara_flattens_noise_and_keeps_edges() -> None:
    flat = torch.full((1, 3, 64, 64), 0.5)
    noisy = flat + 0.1 * torch.randn(flat.shape, generator=torch.Generator().manual_seed(0))
    assert kuwahara(noisy, 2).std() < 0.5 * noisy.std()
    step = torch.zeros(1, 3, 64, 64)
    step[..., 32:] = 1.0
    torch.testing.assert_close(kuwahara(step, 2), step, rtol=0, atol=0.05)
    torch.testing.assert_close(kuwahara(flat, 2), flat)


def test_the_tiny_packs_names_are_kept() -> None:
    """Or the tests above would say less than they seem to."""
    assert {str(said["name"]) for said, _ in cut_outs()} <= KEPT
