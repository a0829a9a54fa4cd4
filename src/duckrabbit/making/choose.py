"""Which model, where and how: from what was said about computing to a model that is ready.

It loads no torch until a model is opened, so that the command line's help is there at once.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from duckrabbit.errors import UsageError

if TYPE_CHECKING:
    from duckrabbit.judges.judge import Judge, Role
    from duckrabbit.models.model import Model

PRECISIONS = ("auto", "float32", "bfloat16", "float16", "int8")
MAX_THREADS = 256


@dataclass(frozen=True)
class Computing:
    """What computes, where and how.

    Attributes:
        model: as in `load_model`; None for the one that the prompts or the picture mean.
        weights: as in `load_model`.
        embeddings: as in `load_model`.
        device: as in `load_model`.
        precision: a name in `PRECISIONS`.
        threads: of the CPU; None for all cores.
        compile: whether blocks of the network are compiled.
        judge: a folder or hub id of CLIP or SigLIP, which reads the pictures; None for the shipped judges.
    """

    model: str | None = None
    weights: str | None = None
    embeddings: str | None = None
    device: str = "auto"
    precision: str = "auto"
    threads: int | None = None
    compile: bool = False
    judge: str | None = None


@dataclass(frozen=True)
class Opener:
    """Opens models, each once, however often it is asked for.

    Attributes:
        tell: is told, once each, which model was chosen and how a request was understood.
    """

    tell: Callable[[str], None]
    _opened: "dict[tuple[str, Computing, int | None], Model]" = field(default_factory=dict, repr=False)
    _told: set[str] = field(default_factory=set, repr=False)

    def open(self, computing: Computing, prompts: Sequence[str], image: str | None, size: int | None = None) -> "Model":
        """The model that was asked for, or the one that the prompts or the picture mean.

        Raises:
            UsageError: if there is no such model, device, precision or size.
        """
        name = computing.model or self.chosen_for(prompts, image)
        model = self.named(name, computing, size)
        self.remark(f"note: {remark}" for prompt in prompts for remark in model.remarks(prompt))
        return model

    def chosen_for(self, prompts: Sequence[str], image: str | None) -> str:
        """The name of the model that the prompts or the picture mean; it is told."""
        from duckrabbit.models.load import DEFAULT_DIGITS

        name = default_name(prompts, image)
        words = "for prompts in words" if prompts else "for pictures"
        return self.chosen(name, "for digits" if name == DEFAULT_DIGITS else words)

    def chosen(self, name: str, why: str) -> str:
        """Tell which model was chosen, and why; its name is given back."""
        self.remark([f"model: {name} ({why})"])
        return name

    def named(self, name: str, computing: Computing, size: int | None = None) -> "Model":
        """The model of a name; see `open_named`."""
        key = (name, computing, size)
        if key not in self._opened:
            self._opened[key] = open_named(name, computing, size)
        return self._opened[key]

    def remark(self, lines: Iterable[str]) -> None:
        """Tell what was not told yet; of several processes the first does."""
        for line in lines:
            if line not in self._told and leads():
                self.tell(line)
                self._told.add(line)


def open_named(name: str, computing: Computing, size: int | None = None) -> "Model":
    """A model by its name on the device, in the precision and with the threads of `computing`.

    Raises:
        UsageError: if there is no such model, device, precision or size.
    """
    import torch

    from duckrabbit.models.load import load_model

    if computing.precision not in PRECISIONS:
        raise UsageError(f"There is no precision {computing.precision!r}: the precisions are {', '.join(PRECISIONS)}.")
    set_threads(computing.threads)
    _take_own_gpu()
    model = load_model(
        name,
        computing.device,
        None if computing.precision == "auto" else getattr(torch, computing.precision),
        computing.weights,
        computing.embeddings,
        computing.compile,
        size,
    )
    model.at(size)
    if computing.judge is None:
        return model
    from dataclasses import replace

    if model.kind != "pictures":
        raise UsageError(f"{model.name} makes digits, which CLIP and SigLIP can't read: leave `judge` out.")
    return replace(model, judge=computing.judge)


def judge_for(model: "Model", role: "Role") -> "Judge":
    """Who reads a model's pictures in a role: the judge that it was given, or the shipped one."""
    from duckrabbit.judges.judge import load_judge

    if model.judge is None:
        return load_judge(model.kind, role, model.device)
    from duckrabbit.judges.open import open_judge

    return open_judge(model.judge, model.device)


def default_name(prompts: Sequence[str], image: str | None = None) -> str:
    """Prompts that are digits, or a digit to start from, mean the digit model, others pocket."""
    from duckrabbit.media.shipped import is_digit
    from duckrabbit.models.load import DEFAULT_DIGITS, DEFAULT_TEXT

    given = [prompt for prompt in prompts if prompt]
    digits = all(len(prompt) == 1 and prompt in "0123456789" for prompt in given)
    return DEFAULT_DIGITS if digits and (given or (image is not None and is_digit(image))) else DEFAULT_TEXT


def leads() -> bool:
    """Whether this process speaks for all that torchrun started; so does one that is alone."""
    return os.environ.get("RANK", "0") == "0"


def set_threads(threads: int | None) -> None:
    """Compute with this many CPU threads, or with all cores for None.

    Raises:
        UsageError: if there can't be so many.
    """
    if threads is None:
        return
    import torch

    if not 1 <= threads <= MAX_THREADS:
        raise UsageError(f"{threads} `threads` can't be used: give 1 to {MAX_THREADS}.")
    torch.set_num_threads(threads)


def _take_own_gpu() -> None:
    """Under torchrun, compute on the GPU that is this process's own."""
    import torch

    own = int(os.environ.get("LOCAL_RANK", "0"))
    if own and torch.cuda.is_available() and own < torch.cuda.device_count():
        torch.cuda.set_device(own)
