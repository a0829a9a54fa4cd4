"""Planning ahead gives the same batches in order, and stops with whoever asked for them."""

import threading

import torch

from duckrabbit.training.data import AHEAD, prefetched

ORDER = torch.arange(60).view(12, 5)


def test_batches_come_in_order_from_another_thread() -> None:
    planned = list(prefetched(lambda numbers: (numbers, threading.current_thread()), ORDER))
    assert [numbers for numbers, _ in planned] == ORDER.tolist()
    assert threading.main_thread() not in {thread for _, thread in planned}


def test_a_run_that_stops_plans_no_further() -> None:
    planned: list[list[int]] = []
    batches = prefetched(planned.append, ORDER)
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert 1 <= len(planned) <= AHEAD + 1 < len(ORDER)
