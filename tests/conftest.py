"""What several files of tests ask for by name."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from command_line import Command, Ended
from duckrabbit.cli.main import main

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from studio_server import Running
    from studio_visit import Visit

# Shells start what runs in the background deaf to Ctrl-C, and programs that tests interrupt would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The longest files go first, so that no process is left alone with one at the end.
LONGEST = ("report", "studio", "deepfloyd", "train", "search", "cli", "recipes", "models")
# Both look at one page, which takes a process 50 seconds to make.
TOGETHER = {"tests/test_report_pretrained.py": "tests/test_report.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files for the processes that share them."""

    def rank(item: pytest.Item) -> int:
        name = item.path.stem.removeprefix("test_")
        return next((k for k, long in enumerate(LONGEST) if name.startswith(long)), len(LONGEST))

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: the tests of the studio's page wait for a browser while others compute."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a process whole files, and files that share a fixture to the same one."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return TOGETHER.get(file, file)

    return Scheduling(config, log)


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


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Running"]:
    """A studio for the tests of a file."""
    from studio_server import studio

    with studio(tmp_path_factory.mktemp("studio")) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A browser for the tests of a file."""
    from playwright.sync_api import sync_playwright

    from studio_visit import CHROMIUM

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: "Browser", running: "Running") -> Iterator["Visit"]:
    """A visit to that studio with that browser."""
    from studio_visit import Visit

    opened = Visit(browser, running)
    yield opened
    opened.close()
