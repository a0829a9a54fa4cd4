"""The wheel, built and installed where nothing else of the repository is: all is in it that a user needs."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from duckrabbit.version import VERSION

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "duckrabbit"
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Installed:
    """A fresh environment with the wheel in it, and a folder far from the repository."""

    python: Path
    elsewhere: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of that environment, from elsewhere, told nothing of the repository."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
        program, *arguments = command
        return subprocess.run(
            [str(self.python.with_name(program)), *arguments],
            cwd=self.elsewhere,
            env={**environment, "OMP_NUM_THREADS": "1", "HOME": str(self.elsewhere)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that no earlier build can lend it files and none are left behind."""
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy / name)
    shutil.copytree(PACKAGE, copy / "src" / "duckrabbit", ignore=shutil.ignore_patterns("__pycache__"))
    _succeed(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(copy))
    [built] = out.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The dependencies are borrowed by path; path files of theirs, an editable install's too, are not followed."""
    fresh = tmp_path_factory.mktemp("environment") / "fresh"
    _succeed(sys.executable, "-m", "venv", "--without-pip", str(fresh))
    python = fresh / "bin" / "python"
    _succeed(
        sys.executable, "-m", "pip", "--python", str(python), "install",
        "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", str(wheel),
    )  # fmt: skip
    own = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True)
    borrowed = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    (Path(own.strip()) / "borrowed.pth").write_text("\n".join(borrowed) + "\n", encoding="utf-8")
    return Installed(python, tmp_path_factory.mktemp("elsewhere"))


def _succeed(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_all_of_the_package_is_in_the_wheel_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if not name.split("/")[0].endswith(".dist-info")}
    files = (path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert packed == {path.relative_to(PACKAGE.parent).as_posix() for path in files}


@pytest.mark.parametrize(
    ("pattern", "least"),
    [
        ("duckrabbit/models/weights/mnist-*.safetensors", 8),
        ("duckrabbit/models/weights/digit-judge-*.safetensors", 2),
        ("duckrabbit/models/weights/README.md", 1),
        ("duckrabbit/datasets/files/mnist/*-ubyte.gz", 4),
        ("duckrabbit/report/assets/*", 5),
        ("duckrabbit/report/records/*/metrics.jsonl", 11),
        ("duckrabbit/report/records/*/*.png", 30),
        ("duckrabbit/py.typed", 1),
        ("duckrabbit-*.dist-info/licenses/LICENSE", 1),
        ("duckrabbit-*.dist-info/licenses/NOTICE", 1),
        ("duckrabbit-*.dist-info/entry_points.txt", 1),
    ],
)
def test_the_wheel_holds(wheel: Path, pattern: str, least: int) -> None:
    with zipfile.ZipFile(wheel) as archive:
        found = [info for info in archive.infolist() if Path(info.filename).match(pattern)]
    assert len(found) >= least
    assert all(info.file_size > 0 or info.filename.endswith("py.typed") for info in found)


def test_the_wheel_is_light_and_runs_anywhere(wheel: Path) -> None:
    assert wheel.name == f"duckrabbit-{VERSION}-py3-none-any.whl"
    assert wheel.stat().st_size < 95 * MEBIBYTE


def test_it_is_the_wheel_that_runs(installed: Installed) -> None:
    said = installed.run("python", "-c", "import duckrabbit; print(duckrabbit.__file__)")
    assert said.returncode == 0, said.stderr
    assert Path(said.stdout.strip()).is_relative_to(installed.python.parents[1])


def test_the_version_is_said(installed: Installed) -> None:
    for command in (["duckrabbit", "--version"], ["python", "-m", "duckrabbit", "--version"]):
        said = installed.run(*command)
        assert said.returncode == 0, said.stderr
        assert VERSION in said.stdout


def test_a_digit_is_generated_from_anywhere(installed: Installed) -> None:
    ended = installed.run("duckrabbit", "generate", "7", "--out", "digits", "--json", "--threads", "1")
    assert ended.returncode == 0, ended.stderr
    [line] = map(json.loads, ended.stdout.splitlines())
    assert (line["verb"], line["prompts"], line["model"]) == ("generate", ["7"], "mnist-ddpm-class")
    with Image.open(installed.elsewhere / line["path"]) as image:
        assert image.size == (28, 28)
    again = installed.run("duckrabbit", "rerun", line["path"], "--out", "again")
    assert "identical" in again.stderr.splitlines()
    assert again.returncode == 0


def test_the_packaged_digits_are_read(installed: Installed) -> None:
    ended = installed.run("duckrabbit", "noise", "mnist:test/7", "--levels", "250", "--threads", "1")
    assert ended.returncode == 0, ended.stderr
    assert (installed.elsewhere / ended.stdout.strip()).is_file()


def test_every_module_imports(installed: Installed) -> None:
    """None of them leans on a file or a package that only the repository has."""
    program = (
        "import importlib, pkgutil, duckrabbit\n"
        "names = [m.name for m in pkgutil.walk_packages(duckrabbit.__path__, 'duckrabbit.')]\n"
        "for name in names:\n"
        "    name.endswith('__main__') or importlib.import_module(name)\n"
        "print(len(names))\n"
    )
    ended = installed.run("python", "-c", program)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 80
