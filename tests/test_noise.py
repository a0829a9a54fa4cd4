"""Keyed noise depends on its key alone, and is normal."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from duckrabbit.diffusion.noise import MAX_SEED, Noise, Stream, consecutive_seeds, standard_normal
from duckrabbit.errors import UsageError
from helpers import brief, patient

SHAPE = (1, 4, 4)
SEEDS = st.integers(0, MAX_SEED)
WORD = 2**64


def _philox(key: tuple[int, int], counter: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Philox 4×64 with ten rounds (Salmon et al., 2011) in whole numbers of Python's."""
    (k0, k1), (c0, c1, c2, c3) = key, counter
    for _ in range(10):
        high0, low0 = divmod(c0 * 0xD2E7470EE14C6C93, WORD)
        high1, low1 = divmod(c2 * 0xCA5A826395121157, WORD)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) % WORD, (k1 + 0xBB67AE8584CAA73B) % WORD
    return c0, c1, c2, c3


def _box_muller(word1: int, word2: int) -> tuple[float, float]:
    u1, u2 = ((word >> 11) / 2**53 + 2**-54 for word in (word1, word2))
    radius = math.sqrt(-2 * math.log(u1))
    return radius * math.cos(2 * math.pi * u2), radius * math.sin(2 * math.pi * u2)


def _expected(seed: int, stream: int, level: int, visit: int, count: int) -> list[float]:
    """Block b of a key has the counter (b + 1, visit, level, 0)."""
    blocks = [_philox((seed, stream), (block + 1, visit, level, 0)) for block in range(count)]
    words = [word for block in blocks for word in block]
    pairs = [_box_muller(*words[k : k + 2]) for k in range(0, len(words), 2)]
    return [number for pair in pairs for number in pair][:count]


@brief
@given(SEEDS, st.sampled_from(Stream), st.integers(0, 2**32), st.integers(0, 20), st.integers(1, 17))
def test_numbers_are_those_of_an_independent_philox(
    seed: int, stream: Stream, level: int, visit: int, count: int
) -> None:
    ours = standard_normal(seed, stream, level, visit, count)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, _expected(seed, stream, level, visit, count), rtol=1e-6, atol=1e-7)


def test_the_whole_key_is_pinned() -> None:
    """The level is t in units of 2⁻³², the stream the second half of the key, the row its own seed."""
    drawn = Noise((3, 12345))(Stream.KNOWN, 0.251, (1, 1, 6), visit=2)
    for row, seed in zip(drawn, (3, 12345), strict=True):
        expected = _expected(seed, 2, round(0.251 * 2**32), 2, 6)
        np.testing.assert_allclose(row.flatten().numpy(), expected, rtol=1e-6, atol=1e-7)


def test_streams_keep_their_numbers() -> None:
    assert {stream.name: int(stream) for stream in Stream} == {
        "INIT": 0,
        "STEP": 1,
        "KNOWN": 2,
        "RESAMPLE": 3,
        "LOWRES": 4,
    }


def test_shape_and_precision() -> None:
    drawn = Noise((5, 6))(Stream.INIT, 1.0, (3, 5, 7))
    assert drawn.shape == (2, 3, 5, 7)
    assert drawn.dtype == torch.float32
    assert Noise((5,))(Stream.INIT, 1.0, (1, 3, 3)).shape == (1, 1, 3, 3)  # an odd count


@patient
@given(st.lists(SEEDS, min_size=1, max_size=5), st.randoms())
def test_a_row_depends_on_its_seed_alone(seeds: list[int], random: object) -> None:
    together = Noise(tuple(seeds))(Stream.STEP, 0.5, SHAPE)
    order = sorted(range(len(seeds)), key=lambda _: random.random())  # type: ignore[attr-defined]
    shuffled = Noise(tuple(seeds[k] for k in order))(Stream.STEP, 0.5, SHAPE)
    assert torch.equal(shuffled, together[order])
    for row, seed in zip(together, seeds, strict=True):
        assert torch.equal(Noise((seed,))(Stream.STEP, 0.5, SHAPE)[0], row)


def test_drawing_leaves_no_trace() -> None:
    noise = Noise((1, 2))
    first = noise(Stream.STEP, 0.5, SHAPE)
    noise(Stream.STEP, 0.4, SHAPE)
    torch.manual_seed(0)
    assert torch.equal(noise(Stream.STEP, 0.5, SHAPE), first)


def test_the_first_numbers_of_a_larger_picture_are_those_of_a_smaller_one() -> None:
    small, large = standard_normal(9, 0, 1, 0, 10), standard_normal(9, 0, 1, 0, 1000)
    assert np.array_equal(small, large[:10])


@pytest.mark.parametrize(
    ("stream", "t", "visit", "seed"),
    [
        (Stream.INIT, 0.5, 0, 7),
        (Stream.KNOWN, 0.5, 0, 7),
        (Stream.RESAMPLE, 0.5, 0, 7),
        (Stream.LOWRES, 0.5, 0, 7),
        (Stream.STEP, 0.501, 0, 7),
        (Stream.STEP, 0.5 + 1e-9, 0, 7),
        (Stream.STEP, 0.5, 1, 7),
        (Stream.STEP, 0.5, 0, 8),
    ],
)
def test_any_part_of_the_key_changes_every_number(stream: Stream, t: float, visit: int, seed: int) -> None:
    base = Noise((7,))(Stream.STEP, 0.5, SHAPE)
    assert (Noise((seed,))(stream, t, SHAPE, visit) != base).all()


def test_different_keys_are_uncorrelated() -> None:
    keys = [(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (2**62, 4, 2**32, 9)]
    correlation = np.corrcoef([standard_normal(*key, count=20_000) for key in keys])
    assert np.abs(correlation - np.eye(len(keys))).max() < 5 / math.sqrt(20_000)


def test_numbers_are_normal() -> None:
    numbers = standard_normal(0, 0, 0, 0, 400_000).astype(np.float64)
    count = len(numbers)
    assert abs(numbers.mean()) < 5 / math.sqrt(count)
    assert abs(numbers.var() - 1) < 5 * math.sqrt(2 / count)
    assert abs((numbers**3).mean()) < 5 * math.sqrt(15 / count)
    assert abs((numbers**4).mean() - 3) < 5 * math.sqrt(96 / count)
    # Kolmogorov's distance from the normal distribution, with a bound of one in a million.
    cdf = torch.special.ndtr(torch.from_numpy(np.sort(numbers))).numpy()
    assert np.abs(cdf - (np.arange(count) + 0.5) / count).max() < 2.7 / math.sqrt(count)
    # Neighbours come from one pair of words, or from two: both are uncorrelated.
    for lag in (1, 2, 3, 4):
        assert abs((numbers[lag:] * numbers[:-lag]).mean()) < 5 / math.sqrt(count)


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64])
def test_seeds_out_of_range_are_refused(seed: int) -> None:
    with pytest.raises(UsageError, match=f"seed {seed} is out of range"):
        Noise((0, seed))


def test_the_largest_seed_is_a_seed() -> None:
    drawn = Noise((MAX_SEED, MAX_SEED - 1))(Stream.INIT, 1.0, SHAPE)
    assert (drawn[0] != drawn[1]).all()


def test_consecutive_seeds_count_up() -> None:
    assert consecutive_seeds(5, 3) == (5, 6, 7)
    assert consecutive_seeds(0, 0) == ()
