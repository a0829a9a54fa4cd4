"""Planning ahead gives the same batches in order, and stops with whoever asked for them."""

import multiprocessing
import os

import torch

from duckrabbit.training.data import prefetched

ORDER = torch.arange(60).view(12, 5)


def _planned(numbers: list[int]) -> tuple[list[int], int]:
    return numbers, os.getpid()


def test_batches_come_in_order_from_other_processes() -> None:
    planned = list(prefetched(_planned, ORDER, torch.device("cuda")))
    assert [numbers for numbers, _ in planned] == ORDER.tolist()
    assert os.getpid() not in {process for _, process in planned}


def test_a_run_that_stops_leaves_no_process_behind() -> None:
    batches = prefetched(_planned, ORDER, torch.device("cuda"))
    next(batches)
    assert multiprocessing.active_children()
    del batches
    assert not multiprocessing.active_children()


def test_on_a_cpu_nothing_is_planned_before_it_is_asked_for() -> None:
    planned: list[list[int]] = []
    batches = prefetched(planned.append, ORDER, torch.device("cpu"))
    next(batches)
    assert planned == ORDER[:1].tolist()
