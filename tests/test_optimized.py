"""Under python -O, which drops every `assert`, what is refused is refused all the same, and leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

PROBE = """
import contextlib, io, os
from pathlib import Path

import test_cli, test_search_cli
from command_line import files
from duckrabbit.cli.main import main
from PIL import Image

if __debug__:
    raise SystemExit("asserts are still there")
Image.new("L", (40, 20), 255).save("wide.png")
Image.new("L", (28, 28)).save("plain.png")
Path("here.txt").write_text("here")
Path("bad.txt").write_text("6 | 9\\n7\\n")
Path("good.txt").write_text("6 | 9\\n")
before, wrong = files(Path()), []
for name, words in (test_cli.MISTAKES | test_search_cli.MISTAKES).items():
    if {"huge.png", "tiny.safetensors"} & set(words):
        continue
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = main(words)
    if code != 2 or files(Path()) != before:
        wrong.append(f"{name}: exit code {code}, files {sorted(files(Path()) - before)}")
print("\\n".join(wrong))
"""


def test_every_mistake_is_refused_without_asserts(tmp_path: Path) -> None:
    paths = [str(Path(__file__).parent), *filter(None, sys.path)]
    done = subprocess.run(
        [sys.executable, "-O", "-c", f"import sys; sys.path[:0] = {paths!r}\n{PROBE}"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
