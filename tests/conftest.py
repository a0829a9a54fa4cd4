"""What several files of tests ask for by name."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from command_line import Command, Ended
from duckrabbit.cli.main import main

# Shells start what runs in the background deaf to Ctrl-C, and programs that tests interrupt would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def duckrabbit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """The command in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        code = main(arguments)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    yield run
    torch.set_num_threads(threads)
