"""Data sets: idx files, MNIST, and a folder of one's own in its format."""

import gzip
import hashlib
import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duckrabbit.datasets import mnist as mnist_module
from duckrabbit.datasets.mnist import MAX_BYTES, mnist, pictures_to_float, read_idx
from duckrabbit.errors import UsageError
from duckrabbit.media.names import cache_folder

same_folder = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


# idx files


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


ARRAY = np.random.default_rng(1).integers(0, 256, (5, 4, 3), dtype=np.uint8)
PACKED = gzip.compress(idx(ARRAY))


def read(tmp_path: Path, content: bytes) -> np.ndarray:
    path = tmp_path / "some-idx3-ubyte.gz"
    path.write_bytes(content)
    return read_idx(path, dimensions=3)


def refused(tmp_path: Path, content: bytes) -> str:
    with pytest.raises(UsageError, match=r"some-idx3-ubyte\.gz") as caught:
        read(tmp_path, content)
    return str(caught.value)


@given(shape=st.tuples(*[st.integers(0, 6)] * 3), seed=st.integers(0, 99))
@same_folder
def test_idx_round_trip(tmp_path: Path, shape: tuple[int, ...], seed: int) -> None:
    array = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    found = read(tmp_path, gzip.compress(idx(array)))
    assert found.shape == shape
    assert (found == array).all()


@given(length=st.integers(0, len(PACKED) - 1))
@same_folder
def test_a_truncated_idx_is_refused(tmp_path: Path, length: int) -> None:
    refused(tmp_path, PACKED[:length])


@given(position=st.integers(0, len(PACKED) - 1), value=st.integers(1, 255))
@same_folder
def test_a_corrupt_idx_is_refused_or_harmless(tmp_path: Path, position: int, value: int) -> None:
    content = bytearray(PACKED)
    content[position] ^= value
    # gzip's time stamp and the like may change freely.
    with suppress(UsageError):
        assert (read(tmp_path, bytes(content)) == ARRAY).all()


@given(garbage=st.binary(max_size=200))
@same_folder
def test_garbage_is_refused(tmp_path: Path, garbage: bytes) -> None:
    refused(tmp_path, garbage)
    refused(tmp_path, gzip.compress(garbage))
    refused(tmp_path, gzip.compress(bytes([0, 0, 8, 3]) + b"\0\0\1\0" * 3 + garbage))


@pytest.mark.parametrize("tail", [b"x", gzip.compress(b"x")], ids=["a letter", "a member"])
def test_trailing_garbage_is_refused(tmp_path: Path, tail: bytes) -> None:
    refused(tmp_path, PACKED + tail)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes([0, 0, 8, 3]) + struct.pack(">3I", 1, 2, 3) + bytes(50_000_000))
    tracemalloc.start()
    assert "promises 6 bytes" in refused(tmp_path, bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
    huge = gzip.compress(bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1))
    assert str(MAX_BYTES) in refused(tmp_path, huge)


def test_other_types_and_dimensions_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, gzip.compress(idx(ARRAY[0])))
    refused(tmp_path, gzip.compress(bytes([0, 0, 9, 3]) + idx(ARRAY)[4:]))


def test_a_missing_idx_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.gz"):
        read_idx(tmp_path / "nowhere.gz", dimensions=1)
    with pytest.raises(UsageError):
        read_idx(tmp_path, dimensions=1)


# MNIST


def test_packaged_mnist_has_the_published_counts_and_mean() -> None:
    train, test = mnist("train"), mnist("test")
    assert train.pictures.shape == (60_000, 28, 28)
    assert train.pictures.dtype == torch.uint8
    assert train.labels.bincount().tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert test.labels.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert train.pictures.double().mean().item() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert train.pictures.double().std().item() / 255 == pytest.approx(0.3081, abs=1e-4)
    assert test.pictures.double().mean().item() / 255 == pytest.approx(0.1325, abs=1e-4)


def test_pictures_become_floats_and_back() -> None:
    pictures = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
    floats = pictures_to_float(pictures)
    assert floats.shape == (1, 1, 16, 16)
    assert floats.dtype == torch.float32
    assert (floats.min().item(), floats.max().item()) == (-1.0, 1.0)
    assert (floats.add(1).mul(127.5).round().to(torch.uint8)[:, 0] == pictures).all()


def own_data(folder: Path, pictures: np.ndarray, labels: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(pictures)))
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    return folder


def test_a_folder_of_ones_own_comes_first(tmp_path: Path) -> None:
    pictures = np.full((2, 28, 28), 9, np.uint8)
    folder = own_data(tmp_path, pictures, np.array([3, 4], np.uint8))
    digits = mnist("test", folder)
    assert digits.labels.tolist() == [3, 4]
    assert digits.labels.dtype == torch.int64
    assert (digits.pictures == 9).all()
    with pytest.raises(UsageError, match="train-images"):
        mnist("train", folder)


@pytest.mark.parametrize(
    ("pictures", "labels"),
    [((2, 28, 27), [1, 2]), ((2, 28, 28), [1]), ((2, 28, 28), [1, 10]), ((0, 28, 28), [])],
)
def test_files_that_do_not_fit_are_refused(tmp_path: Path, pictures: tuple[int, ...], labels: list[int]) -> None:
    folder = own_data(tmp_path, np.zeros(pictures, np.uint8), np.array(labels, np.uint8))
    with pytest.raises(UsageError, match="t10k-images"):
        mnist("test", folder)


PUBLISHED = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
"""The SHA-256 of MNIST's files."""


def test_the_packaged_files_are_the_published_ones() -> None:
    folder = Path(mnist_module.__file__).parent / "files" / "mnist"
    assert {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in PUBLISHED} == PUBLISHED


def test_the_cache_is_where_the_user_or_the_platform_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DUCKRABBIT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "duckrabbit"
    monkeypatch.setenv("DUCKRABBIT_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
