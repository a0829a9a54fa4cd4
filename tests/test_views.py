"""Views are exact, orthogonal and invertible; names round-trip; animations start and end where they should."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import (
    VIEWS,
    Composition,
    Flip,
    Identity,
    InnerCircle,
    Jigsaw,
    Mirror,
    Negate,
    PatchPermute,
    PixelPermute,
    Rotate90,
    Rotate90Clockwise,
    Rotate180,
    Skew,
    SquareHinge,
    View,
    animate,
    canvas_side,
    parse_view,
)

SIZES = st.sampled_from([28, 32, 64])
PLAIN = [Identity(), Flip(), Mirror(), Rotate90(), Rotate90Clockwise(), Rotate180(), Negate()]
EVERY = [*PLAIN, Skew(), PatchPermute(4), PixelPermute(), Jigsaw(3), InnerCircle(), SquareHinge()]
NAMED = st.one_of(
    st.sampled_from(EVERY),
    st.floats(-16, 16).map(Skew),
    st.sampled_from([2, 4]).map(PatchPermute),
    st.integers(0, 2**63 - 1).map(Jigsaw),
)
ANY = st.one_of(NAMED, st.lists(NAMED, min_size=1, max_size=4).map(lambda views: Composition(tuple(views))))


def picture(size: int, seed: int = 0) -> Tensor:
    return torch.rand(3, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def middle(frame: Tensor, size: int, scale: int) -> Tensor:
    corner = (frame.shape[-1] - size * scale) // 2
    return frame[:, corner : corner + size * scale, corner : corner + size * scale]


def enlarged(x: Tensor, scale: int) -> Tensor:
    return x.repeat_interleave(scale, -1).repeat_interleave(scale, -2)


def test_all_views_are_tried_here() -> None:
    assert {type(view) for view in EVERY} == set(VIEWS.values())


@settings(max_examples=60, deadline=None)
@given(ANY, SIZES)
def test_a_view_is_an_invertible_signed_permutation(view: View, size: int) -> None:
    x = torch.randn(2, 3, size, size)
    assert torch.equal(view.inverse(view(x)), x)
    assert torch.equal(view(view.inverse(x)), x)
    permutation = view.permutation(size)
    assert permutation.dtype == torch.int64
    assert torch.equal(permutation.sort().values, torch.arange(size * size))
    assert torch.equal(view(x), view.sign * x.flatten(-2)[..., permutation].reshape(x.shape))
    assert view.sign in {1.0, -1.0}
    assert view(x).norm().item() == pytest.approx(x.norm().item(), rel=1e-5)


@settings(max_examples=30, deadline=None)
@given(ANY, SIZES)
def test_fractions_are_permuted_but_never_negated(view: View, size: int) -> None:
    fraction = torch.rand(1, size, size)
    back = view.inverse_fraction(fraction)
    assert (back >= 0).all()
    assert torch.equal(view.sign * view(back), fraction)


@settings(max_examples=30, deadline=None)
@given(st.lists(NAMED, min_size=2, max_size=4), SIZES)
def test_a_composition_applies_its_views_from_left_to_right(views: list[View], size: int) -> None:
    x = expected = picture(size)
    for view in views:
        expected = view(expected)
    assert torch.equal(Composition(tuple(views))(x), expected)


@settings(max_examples=100, deadline=None)
@given(ANY)
def test_names_round_trip(view: View) -> None:
    again = parse_view(view.name)
    assert again.name == view.name
    for size in (28, 64):
        assert torch.equal(again.permutation(size), view.permutation(size))
        assert again.sign == view.sign


def test_views_are_what_their_names_say() -> None:
    x = picture(32)
    assert torch.equal(Flip()(x), x.flip(-2))
    assert torch.equal(Mirror()(x), x.flip(-1))
    assert torch.equal(Rotate90()(x), torch.rot90(x, 1, (-2, -1)))
    assert torch.equal(Rotate90Clockwise()(x), torch.rot90(x, -1, (-2, -1)))
    assert torch.equal(Rotate180()(x), torch.rot90(x, 2, (-2, -1)))
    assert torch.equal(Negate()(x), -x)
    columns = [x[..., j].roll(int(1.5 * (j - 16)), -1) for j in range(32)]
    assert torch.equal(Skew(1.5)(x), torch.stack(columns, -1))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int64])
def test_views_keep_the_number_type(dtype: torch.dtype) -> None:
    x = (picture(28) * 9).to(dtype)
    view = parse_view("jigsaw:1+negate")
    assert view(x).dtype == dtype
    assert torch.equal(view.inverse(view(x)), x)


def test_a_cached_view_can_be_differentiated_after_inference_mode() -> None:
    view = Skew(0.731)
    x = picture(28)
    with torch.inference_mode():
        view.inverse(view(x))
    x = x.requires_grad_()
    (view.inverse(view(x)) ** 2).sum().backward()
    assert x.grad is not None
    assert torch.allclose(x.grad, 2 * x.detach())


@pytest.mark.parametrize("view", [PixelPermute(), PatchPermute(8), *PLAIN], ids=lambda view: view.name)
def test_a_picture_and_its_enlargement_are_seen_alike(view: View) -> None:
    x = picture(64)
    assert torch.equal(view(enlarged(x, 4)), enlarged(view(x), 4))


@pytest.mark.parametrize("size", [28, 32, 64, 256])
def test_jigsaw_pieces_move_whole_and_fill_the_picture(size: int) -> None:
    seeds = range(6) if size < 256 else range(2)
    assert len({tuple(Jigsaw(seed).permutation(size).tolist()) for seed in seeds}) == len(seeds)
    for seed in seeds:
        source = Jigsaw(seed).permutation(size)
        # Every pixel keeps its distance from the centre, as quarter turns about it do.
        line = 2 * torch.arange(size) - (size - 1)
        distance = (line[:, None] ** 2 + line**2).flatten()
        assert torch.equal(distance[source], distance)


def test_jigsaw_pieces_have_knobs() -> None:
    """If pieces were plain squares, every 16 × 16 block would be moved as one."""
    block = torch.arange(64 * 64).reshape(64, 64) // (64 * 16) * 4 + torch.arange(64) // 16
    came_from = block.flatten()[Jigsaw(3).permutation(64)].reshape(64, 64)
    assert any(came_from[r : r + 16, c : c + 16].unique().numel() > 1 for r in (0, 16, 32, 48) for c in (0, 16, 32, 48))


@pytest.mark.parametrize("size", [28, 64])
def test_inner_circle_turns_a_disc_of_three_eighths(size: int) -> None:
    moved = (InnerCircle().permutation(size) != torch.arange(size * size)).float().mean().item()
    assert moved == pytest.approx(torch.pi * (3 / 8) ** 2, rel=0.05)


@pytest.mark.parametrize("size", [27, 28, 64])
def test_square_hinge_turns_neighbours_in_opposite_directions(size: int) -> None:
    x = picture(size)
    y, side = SquareHinge()(x), size // 3
    first = (size - 3 * side) // 2
    for row in range(3):
        for column in range(3):
            at = (..., slice(first + row * side, first + (row + 1) * side))
            at = (*at, slice(first + column * side, first + (column + 1) * side))
            assert torch.equal(y[at], torch.rot90(x[at], 1 if (row + column) % 2 else -1, (-2, -1)))
    stay = torch.ones(size, size, dtype=torch.bool)
    stay[first : first + 3 * side, first : first + 3 * side] = False
    assert torch.equal(y[:, stay], x[:, stay])


@pytest.mark.parametrize("scale", [1, 4])
@pytest.mark.parametrize("size", [28, 64])
@pytest.mark.parametrize("view", [*EVERY, parse_view("flip+negate+jigsaw:2")], ids=lambda view: view.name)
def test_an_animation_starts_at_the_picture_and_ends_at_the_view(view: View, size: int, scale: int) -> None:
    x = picture(size)
    first, last = view.frame(x, 0.0, scale), view.frame(x, 1.0, scale)
    assert first.shape == last.shape == (3, canvas_side(size, scale), canvas_side(size, scale))
    for frame, expected in ((first, x), (last, view(x))):
        assert torch.equal(middle(frame, size, scale), enlarged(expected, scale))
        margin = frame.clone()
        middle(margin, size, scale).fill_(1.0)
        assert (margin == 1.0).all()


@pytest.mark.parametrize("view", EVERY[1:], ids=lambda view: view.name)
def test_an_animation_really_moves(view: View) -> None:
    x = picture(28)
    between = view.frame(x, 0.4, 2)
    assert not torch.equal(between, view.frame(x, 0.0, 2))
    assert not torch.equal(between, view.frame(x, 1.0, 2))
    assert (between >= -1).all()
    assert (between <= 1).all()


@pytest.mark.parametrize("progress", [0.13, 0.5, 0.77])
@pytest.mark.parametrize("view", [Rotate90(), InnerCircle()], ids=lambda view: view.name)
def test_turning_leaves_no_holes(view: View, progress: float) -> None:
    """A black picture stays black inside, whatever the angle."""
    frame = view.frame(-torch.ones(1, 64, 64), progress, 3)
    inner = middle(frame, 64, 3)[:, 32:-32, 32:-32]
    assert (inner == -1).all()
    if isinstance(view, InnerCircle):
        assert (middle(frame, 64, 3) == -1).all()


@pytest.mark.parametrize("progress", [0.0, 0.3, 0.6])
def test_a_card_turns_over_by_the_cosine(progress: float) -> None:
    frame = Flip().frame(-torch.ones(1, 64, 64), progress, 4)
    covered = (1 - frame).sum().item() / 2
    assert covered == pytest.approx(abs(torch.pi * torch.tensor(progress)).cos().abs().item() * 256**2, rel=0.03)


@pytest.mark.parametrize("progress", [0.1, 0.5, 0.9])
def test_hinged_squares_neither_overlap_nor_leave_the_canvas(progress: float) -> None:
    frame = SquareHinge().frame(-torch.ones(1, 63, 63), progress, 4)
    assert (1 - frame).sum().item() / 2 == pytest.approx((63 * 4) ** 2, rel=0.02)


def test_animate_makes_a_loop_that_rests_at_both_ends() -> None:
    x = picture(28)
    frames = list(animate(Rotate90(), x, frames=5, hold=2, scale=1))
    assert len(frames) == 2 * (5 + 2)
    assert torch.equal(middle(frames[0], 28, 1), x)
    assert torch.equal(frames[0], frames[1])
    assert torch.equal(middle(frames[7], 28, 1), Rotate90()(x))
    assert torch.equal(frames[6], frames[9])
    assert torch.equal(frames[2], frames[13])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("flipp", "did you mean flip?"),
        ("", "square-hinge"),
        ("flip+", "choose one"),
        ("flip:2", "takes no parameter"),
        ("skew:steep", "between -16 and 16"),
        ("skew:nan", "between -16 and 16"),
        ("skew:inf", "between -16 and 16"),
        ("patch-permute:1", "from 2 to 256"),
        ("patch-permute:", "from 2 to 256"),
        ("jigsaw:-1", "whole number from 0"),
        ("jigsaw:1.5", "whole number from 0"),
        ("jigsaw:" + "9" * 5000, "whole number from 0"),
    ],
)
def test_a_wrong_name_says_what_is_right(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_view(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="flipskewjgarotn-:+.0123456789 é\n", max_size=20) | st.text(max_size=20))
def test_any_text_is_a_view_or_a_usage_error(text: str) -> None:
    try:
        view = parse_view(text)
    except UsageError:
        return
    assert parse_view(view.name).name == view.name


@pytest.mark.parametrize(
    ("view", "size", "says"),
    [
        (PatchPermute(8), 28, "use patch-permute:7"),
        (PatchPermute(7), 64, "use patch-permute:8"),
        (PatchPermute(64), 32, "use patch-permute:32"),
        (PixelPermute(), 100, "use 64 pixels"),
        (Jigsaw(0), 30, "use 32 pixels"),
        (SquareHinge(), 2, "at least 3 pixels"),
    ],
)
def test_a_view_that_does_not_fit_says_what_would(view: View, size: int, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        view(picture(size))
    with pytest.raises(UsageError, match=says):
        view.frame(picture(size), 0.5, 1)


def test_frames_and_views_refuse_what_they_cannot_use() -> None:
    x = picture(28)
    with pytest.raises(UsageError, match="square"):
        Flip()(torch.zeros(3, 28, 32))
    with pytest.raises(UsageError, match="one square picture"):
        Flip().frame(x[None], 0.5, 1)
    with pytest.raises(UsageError, match="progress"):
        Flip().frame(x, 1.5, 1)
    with pytest.raises(UsageError, match="scale"):
        Flip().frame(x, 0.5, 0)
    with pytest.raises(UsageError, match="at least 1 frame"):
        animate(Flip(), x, frames=0)
    with pytest.raises(UsageError, match="patch-permute:7"):
        animate(PatchPermute(8), x)
    with pytest.raises(UsageError, match="at least one view"):
        Composition(())
