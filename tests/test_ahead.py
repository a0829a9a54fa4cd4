"""Planning ahead gives the same batches in order, whoever does it, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from duckrabbit.training.ahead import planned_ahead

ORDER = torch.arange(60).view(12, 5)


class Doubler:
    """A plan that can be sent to a process, of tensors within a tuple."""

    def __call__(self, numbers: list[int]) -> tuple[torch.Tensor, list[int], int]:
        return torch.tensor(numbers) * 2, numbers, os.getpid()


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_batches_come_in_order_from_a_thread_or_a_process(device: str) -> None:
    planned = list(planned_ahead(Doubler(), ORDER, torch.device(device)))
    assert [numbers for _, numbers, _ in planned] == ORDER.tolist()
    assert torch.equal(torch.stack([doubled for doubled, _, _ in planned]), 2 * ORDER)
    assert ({pid for *_, pid in planned} == {os.getpid()}) == (device == "cpu")


def test_a_run_may_stop_in_the_middle() -> None:
    batches = planned_ahead(Doubler(), ORDER, torch.device("cuda"))
    *_, pid = next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert _gone(pid)


def test_the_planner_ends_with_a_killed_trainer(tmp_path: Path) -> None:
    script = tmp_path / "trainer.py"
    script.write_text(
        "import os, time, torch\n"
        "from duckrabbit.training.ahead import planned_ahead\n"
        "def plan(numbers): return os.getpid()\n"
        "if __name__ == '__main__':\n"
        "    for pid in planned_ahead(plan, torch.arange(99).view(-1, 1), torch.device('cuda')):\n"
        "        print(pid, flush=True)\n"
        "        time.sleep(60)\n"
    )
    trainer = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert trainer.stdout is not None
    pid = int(trainer.stdout.readline())
    trainer.send_signal(signal.SIGKILL)
    trainer.wait()
    assert _gone(pid)


def _gone(pid: int) -> bool:
    for _ in range(100):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().split(") ")[1][0] == "Z":
            return True
        time.sleep(0.1)
    return False
