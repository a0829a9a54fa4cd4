"""Ink made solid, busts and firelight, and the themes that whole pictures belong to."""

import pytest
import torch
from torch import Tensor

from duckrabbit.datasets.packs import Item
from duckrabbit.datasets.paint.shading import busts, glow, shaded
from duckrabbit.datasets.paint.themes import THEMES, thematic


def ink(*boxes: tuple[int, int, int, int], side: int = 64) -> Tensor:
    """Black boxes [left, top, right, bottom] on nothing, uint8 [4, S, S]."""
    picture = torch.zeros(4, side, side, dtype=torch.uint8)
    for left, top, right, bottom in boxes:
        picture[3, top:bottom, left:right] = 255
    return picture


FRAME = ink((8, 8, 56, 12), (8, 52, 56, 56), (8, 8, 12, 56), (52, 8, 56, 56))
OPEN_FRAME = ink((8, 8, 56, 12), (8, 52, 56, 56), (8, 8, 12, 56))
DISC = ink((10, 10, 54, 54))


def test_what_a_line_encloses_is_filled_and_the_line_stays_dark() -> None:
    [made], [solid] = shaded(FRAME[None])
    assert solid
    assert made[3, 32, 32] == 255
    assert made[3, 2, 2] == 0
    assert 100 < made[0, 32, 32] < 200
    assert made[0, 10, 32] < 60


def test_what_is_open_is_not_filled() -> None:
    [made], _ = shaded(OPEN_FRAME[None])
    assert made[3, 32, 32] == 0


def test_a_silhouette_is_grey_and_lit_from_the_upper_left() -> None:
    [made], [solid] = shaded(DISC[None])
    assert solid
    assert 100 < made[0, 32, 32] < 170
    assert made[0, 14, 14] > made[0, 32, 32] > made[0, 50, 50]


def test_a_line_alone_is_no_subject_and_no_pictures_are_none() -> None:
    _, [solid] = shaded(ink((10, 30, 54, 32))[None])
    assert not solid
    made, which = shaded(torch.zeros(0, 4, 64, 64, dtype=torch.uint8))
    assert len(made) == len(which) == 0


def test_pictures_are_made_solid_at_any_size() -> None:
    large = FRAME.repeat_interleave(4, 1).repeat_interleave(4, 2)
    [made], _ = shaded(large[None])
    assert made[3, 128, 128] == 255
    assert made[3, 8, 8] == 0


def test_a_bust_is_head_and_shoulders() -> None:
    [bust] = busts(torch.full((1, 4, 64, 64), 255, dtype=torch.uint8))
    assert bust[3, 24, 32] > 250
    assert bust[3, 60, 12] > 200
    assert bust[3, 4, 4] < 5


def test_firelight_fades_from_the_middle() -> None:
    light = glow(64)
    assert light[3, 32, 32] > light[3, 32, 48] > light[3, 32, 60]
    assert light[3, 0, 0] == 0


@pytest.mark.parametrize(
    ("name", "theme"),
    [
        ("old man", "old man"),
        ("man with a black hat", "man in a hat"),
        ("young man", "man"),
        ("woman in a white dress", "woman"),
        ("american bulldog dog", "dog"),
        ("village in the snow", "snowy village"),
        ("rocky sea coast", "coast"),
        ("people around a fire", "fire"),
        ("waterfall in the mountains", "waterfall"),
    ],
)
def test_a_picture_belongs_to_its_theme(name: str, theme: str) -> None:
    items = (
        Item("set", name, "an oil painting of", photo=True),
        Item("set", "no such thing", "a photo of", photo=True),
    )
    shown = thematic(items, (0, 1))
    assert shown[theme] == (0,)
    assert all(1 not in own for own in shown.values())


def test_a_sea_turtle_is_no_sea_and_shares_are_positive() -> None:
    assert thematic((Item("set", "sea turtle", "a photo of", photo=True),), (0,)) == {}
    assert all(own.share > 0 for own in THEMES.values())
