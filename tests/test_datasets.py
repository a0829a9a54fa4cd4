"""Data sets: idx files, MNIST, and downloads from servers that misbehave."""

import gzip
import hashlib
import struct
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duckrabbit.datasets import download as download_module
from duckrabbit.datasets.archives import FASHION_MNIST, MNIST
from duckrabbit.datasets.cache import cache_folder
from duckrabbit.datasets.download import download
from duckrabbit.datasets.idx import MAX_BYTES, read_idx
from duckrabbit.datasets.mnist import fashion_mnist, mnist, pictures_to_float
from duckrabbit.errors import UsageError

CONTENT = bytes(np.random.default_rng(0).integers(0, 256, 300_000, dtype=np.uint8))
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)

same_folder = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


# A server whose faults can be chosen


@dataclass
class Behaviour:
    content: bytes = CONTENT
    status: int = 200
    ranges: bool = True
    declares_length: bool = True
    wrong_range: bool = False
    drop_after: list[int] = field(default_factory=list)
    delay: float = 0.0
    refuse_ranges: bool = False
    requests: list[str | None] = field(default_factory=list)
    bytes_sent: int = 0


class Handler(BaseHTTPRequestHandler):
    behaviour: Behaviour

    def do_GET(self) -> None:
        b = self.behaviour
        asked = self.headers.get("Range")
        b.requests.append(asked)
        time.sleep(b.delay)
        if b.status != 200:
            return self.send_error(b.status)
        if asked and b.refuse_ranges:
            return self.send_error(416)
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and b.ranges else 0
        start += 1 if start and b.wrong_range else 0
        body = b.content[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(b.content) - 1}/{len(b.content)}")
        if b.declares_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        body = body[: b.drop_after.pop(0)] if b.drop_after else body
        try:
            self.wfile.write(body)
            b.bytes_sent += len(body)
        except OSError:
            pass
        self.close_connection = True
        return None

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class Servers:
    running: list[ThreadingHTTPServer] = field(default_factory=list)

    def start(self, behaviour: Behaviour) -> str:
        handler = type("Chosen", (Handler,), {"behaviour": behaviour})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.running.append(server)
        return f"http://127.0.0.1:{server.server_port}/file.gz"


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    monkeypatch.setattr(download_module, "PAUSE_SECONDS", 0.001)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    servers = Servers()
    yield servers
    for server in servers.running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "file.gz"


def part_of(target: Path) -> Path:
    return target.with_name("file.gz.part")


def leave_part(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True)
    part_of(target).write_bytes(content)


def fetched(target: Path, *urls: str) -> bytes:
    download(urls, target, SHA256, SIZE)
    assert not part_of(target).exists()
    return target.read_bytes()


def test_a_download_arrives_whole_and_is_not_repeated(servers: Servers, target: Path) -> None:
    server = Behaviour()
    url = servers.start(server)
    assert fetched(target, url) == CONTENT
    assert fetched(target, url) == CONTENT
    assert server.requests == [None]


def test_a_dropped_connection_is_resumed_not_restarted(servers: Servers, target: Path) -> None:
    server = Behaviour(drop_after=[100_000, 50_000])
    assert fetched(target, servers.start(server)) == CONTENT
    assert server.requests == [None, "bytes=100000-", "bytes=150000-"]
    assert server.bytes_sent == SIZE


def test_the_next_run_resumes_what_the_last_one_left(servers: Servers, target: Path) -> None:
    leave_part(target, CONTENT[:250_000])
    server = Behaviour()
    assert fetched(target, servers.start(server)) == CONTENT
    assert server.bytes_sent == SIZE - 250_000


def test_a_complete_part_needs_no_server(servers: Servers, target: Path) -> None:
    leave_part(target, CONTENT)
    server = Behaviour()
    assert fetched(target, servers.start(server)) == CONTENT
    assert server.requests == []


@pytest.mark.parametrize("declares_length", [True, False])
@pytest.mark.parametrize("fault", [Behaviour(ranges=False), Behaviour(refuse_ranges=True), Behaviour(wrong_range=True)])
def test_servers_that_cannot_resume_start_over(
    servers: Servers, target: Path, fault: Behaviour, declares_length: bool
) -> None:
    leave_part(target, CONTENT[:1000])
    server = Behaviour(
        ranges=fault.ranges,
        refuse_ranges=fault.refuse_ranges,
        wrong_range=fault.wrong_range,
        declares_length=declares_length,
    )
    assert fetched(target, servers.start(server)) == CONTENT


@pytest.mark.parametrize("leftover", [b"x" * 1000, b"x" * SIZE, b"x" * (SIZE + 5)])
def test_a_wrong_leftover_is_thrown_away(servers: Servers, target: Path, leftover: bytes) -> None:
    leave_part(target, leftover)
    assert fetched(target, servers.start(Behaviour())) == CONTENT


@pytest.mark.parametrize(
    "bad",
    [
        Behaviour(status=404),
        Behaviour(status=500),
        Behaviour(content=b"<html>Please log in</html>"),
        Behaviour(content=b"x" * SIZE),
        Behaviour(content=CONTENT + b"x", declares_length=False),
        Behaviour(content=CONTENT[:-1], declares_length=False),
        Behaviour(drop_after=[0] * 100),
    ],
)
def test_the_second_mirror_makes_good_for_the_first(servers: Servers, target: Path, bad: Behaviour) -> None:
    first, second = servers.start(bad), servers.start(Behaviour())
    assert fetched(target, first, second) == CONTENT
    assert bad.requests


def test_a_log_in_page_does_not_cost_what_was_there(servers: Servers, target: Path) -> None:
    leave_part(target, CONTENT[:200_000])
    page = servers.start(Behaviour(content=b"<html>Please log in</html>", ranges=False))
    with pytest.raises(UsageError):
        download([page], target, SHA256, SIZE)
    assert part_of(target).read_bytes() == CONTENT[:200_000]


def test_a_silent_server_is_given_up(servers: Servers, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(download_module, "ATTEMPTS", 2)
    slow = Behaviour(delay=0.4)
    assert fetched(target, servers.start(slow), servers.start(Behaviour())) == CONTENT
    assert len(slow.requests) == 2


def test_when_all_fail_the_sentence_says_why_and_what_to_do(servers: Servers, target: Path) -> None:
    missing = servers.start(Behaviour(status=404))
    wrong = servers.start(Behaviour(content=b"x" * SIZE))
    nobody = "http://127.0.0.1:1/file.gz"
    nonsense = "gopher//file.gz"
    with pytest.raises(UsageError) as caught:
        download([missing, wrong, nobody, nonsense], target, SHA256, SIZE)
    message = str(caught.value)
    for expected in (missing, "404", wrong, "checksum", nobody, nonsense, str(target.parent), SHA256, str(SIZE)):
        assert expected in message
    assert "\n" not in message
    assert not target.exists()


def test_a_damaged_target_is_replaced(servers: Servers, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"x" * SIZE)
    assert fetched(target, servers.start(Behaviour())) == CONTENT


def test_a_file_mirror_works_like_any_other(tmp_path: Path, target: Path) -> None:
    source = tmp_path / "file.gz"
    source.write_bytes(CONTENT)
    leave_part(target, CONTENT[:10])
    assert fetched(target, (tmp_path / "no.gz").as_uri(), source.as_uri()) == CONTENT


def test_a_folder_that_cannot_be_made_is_the_users_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="DUCKRABBIT_CACHE"):
        download(["http://127.0.0.1:1/x"], tmp_path / "file" / "x.gz", SHA256, SIZE)


def test_downloads_at_once_fetch_the_file_once(servers: Servers, target: Path) -> None:
    server = Behaviour(delay=0.05)
    url = servers.start(server)
    threads = [threading.Thread(target=download, args=([url], target, SHA256, SIZE)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_bytes() == CONTENT
    assert len(server.requests) == 1


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


@pytest.mark.parametrize("tail", [b"x", gzip.compress(b"x")])
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
    (folder / MNIST.test.pictures.name).write_bytes(gzip.compress(idx(pictures)))
    (folder / MNIST.test.labels.name).write_bytes(gzip.compress(idx(labels)))
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


def test_fashion_mnist_comes_from_the_cache_or_the_chosen_mirror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUCKRABBIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DUCKRABBIT_FASHION_MNIST_MIRRORS", f" {tmp_path.as_uri()}/none, ")
    with pytest.raises(UsageError, match=FASHION_MNIST.test.pictures.sha256):
        fashion_mnist("test")
    assert FASHION_MNIST.urls(FASHION_MNIST.test.labels) == (f"{tmp_path.as_uri()}/none/t10k-labels-idx1-ubyte.gz",)


def test_the_published_checksums_are_those_of_the_packaged_files() -> None:
    folder = Path(download_module.__file__).parent / "files" / "mnist"
    for archive in (MNIST.train.pictures, MNIST.train.labels, MNIST.test.pictures, MNIST.test.labels):
        content = (folder / archive.name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (archive.size, archive.sha256)


def test_the_cache_is_where_the_user_or_the_platform_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DUCKRABBIT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "duckrabbit"
    monkeypatch.setenv("DUCKRABBIT_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
