"""Planning batches ahead of the device that trains on them."""

import os
import pickle
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from io import BytesIO
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

AHEAD = 4
"""Batches that are planned while the device is busy with earlier ones."""

Planned = TypeVar("Planned")


def planned_ahead(plan: Callable[[list[int]], Planned], order: Tensor, device: torch.device) -> Iterator[Planned]:
    """`plan` of each row of `order` [steps, B], in order, made ahead of time.

    A GPU waits for whoever feeds it, so for one the planning has a process of its own: a thread would share Python's
    lock with the one that launches kernels (measured: 92 ms a step against 89). `plan` must then be picklable, and a
    script that trains be guarded by `if __name__ == "__main__"`.
    """
    with _pool(plan, device) as pool:
        waiting: deque[Future[bytes | Planned]] = deque()
        try:
            for row in order:
                waiting.append(pool.submit(_in_process if device.type == "cuda" else plan, row.tolist()))
                if len(waiting) > AHEAD:
                    yield _unpacked(waiting.popleft().result())
            while waiting:
                yield _unpacked(waiting.popleft().result())
        finally:
            for future in waiting:
                future.cancel()


def _pool(plan: Callable[[list[int]], Any], device: torch.device) -> Executor:
    if device.type != "cuda":
        return ThreadPoolExecutor(1)
    return ProcessPoolExecutor(1, get_context("spawn"), initializer=_begin, initargs=(_packed(plan),))


_plan: Callable[[list[int]], Any]


def _begin(plan: bytes) -> None:
    """In the new process: remember how to plan, and end with the process that asked for it, however that ends."""
    global _plan  # noqa: PLW0603
    _plan = pickle.loads(plan)
    parent = parent_process()
    assert parent is not None

    def leave() -> None:
        connection.wait([parent.sentinel])
        os._exit(0)

    Thread(target=leave, daemon=True).start()


def _in_process(numbers: list[int]) -> bytes:
    return _packed(_plan(numbers))


class _Pickler(pickle.Pickler):
    """Tensors travel as plain arrays: sharing their memory between processes costs more than these small ones do."""

    def reducer_override(self, value: object) -> Any:
        return (torch.from_numpy, (value.numpy(),)) if isinstance(value, Tensor) else NotImplemented


def _packed(value: object) -> bytes:
    buffer = BytesIO()
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(value)
    return buffer.getvalue()


def _unpacked(value: bytes | Planned) -> Planned:
    return cast(Planned, pickle.loads(value)) if isinstance(value, bytes) else value
