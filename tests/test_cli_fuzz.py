"""Whatever is typed, the command line does it or says in one sentence why not."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duckrabbit.cli.main import main
from duckrabbit.cli.verbs import VERBS

DIGIT = "mnist:test/7"
NONSENSE = [
    "",
    " ",
    "nan",
    "-inf",
    "-1",
    "0",
    "1e400",
    "9" * 30,
    "x" * 500,
    "∞",
    "💥",
    "٣",
    "a\nb",
    "a\0b",
    "--",
    "-",
    "=",
]
SENSE = ["7", "9", DIGIT, "250", "0.5", "flip", "ddim", "quadratic", "mnist-flow", "out", "1,2,9,9", "one-step"]
OPTIONS = [
    "--model", "--device", "--precision", "--threads", "--steps", "--solver", "--grid", "--guidance-scale", "--style",
    "--negative-prompt", "--count", "--seed", "--size", "--out", "--json", "--view", "--far", "--near", "--far-image",
    "--sigma", "--levels", "--noise-sigma", "--start", "--start-level", "--method", "--blur-sigma", "--mask-box",
    "--blur-kernel", "--mask-ellipse", "--format", "--epochs", "--learning-rate", "--hidden", "--examples", "--resume",
    "--help", "--host", "--port", "--no-browser", "--nope", "--invert-mask", "--no-source", "--crop", "--to", "--title",
    "--millimetres", "--pixels", "--as-it-is", "--batch-size", "--near-image",
]  # fmt: skip
# Training with sense, the report and the speed test take their time: they are tried elsewhere.
CHEAP = [verb.name for verb in VERBS if verb.name not in ("train", "report", "doctor", "discover", "ambigram")]
LETTERS = st.characters(exclude_categories=["Cs", "Nd", "No"], exclude_characters="/\\~")
words = st.one_of(st.sampled_from(SENSE), st.sampled_from(NONSENSE), st.text(LETTERS, max_size=8))
options = st.one_of(
    st.sampled_from(OPTIONS).map(lambda option: [option]),
    st.tuples(st.sampled_from(OPTIONS), words).map(list),
    st.tuples(st.sampled_from(OPTIONS), words).map(lambda pair: ["=".join(pair)]),
    words.map(lambda word: [word]),
)
SENSIBLE = {
    "generate": ["7"],
    "anagram": ["6", "9", "--view", "flip"],
    "hybrid": ["--far", "3", "--near", "8"],
    "noise": [DIGIT, "--levels", "250"],
    "denoise": [DIGIT, "--levels", "250", "--method", "one-step"],
    "edit": [DIGIT, "3", "--start", "30"],
    "inpaint": [DIGIT, "--mask-box", "0,14,28,28", "--steps", "2"],
}


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """A verb, sensible words for it or none, and a few options with values that may fit."""
    verb = draw(st.sampled_from([*CHEAP, "trian", "train"]))
    extra = [word for group in draw(st.lists(options, max_size=4)) for word in group]
    # Training never gets past its options.
    base = ["no-such-recipe"] if verb == "train" else draw(st.sampled_from([SENSIBLE.get(verb, []), []]))
    return [verb, *base, *extra]


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    torch.set_num_threads(1)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(command_lines())
def test_no_command_line_ends_in_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    # A studio that nothing is wrong with would serve for ever.
    monkeypatch.setattr("duckrabbit.studio.server.serve", lambda *_: None)
    capsys.readouterr()
    code = main(arguments)
    torch.set_num_threads(1)
    err = capsys.readouterr().err
    assert code in (0, 2), err
    if code == 2:
        lines = err.splitlines()
        errors = [line for line in lines if line.startswith("duckrabbit: error: ")]
        assert errors == lines[-1:]
        assert errors[0][-1] in ".?", errors
        assert not [line for line in lines if line.startswith("wrote ")]
