"""From the options about computing to a model that is ready."""

import os
import sys
from collections.abc import Iterable, Sequence

from duckrabbit.cli.options import Computing
from duckrabbit.errors import UsageError
from duckrabbit.media.shipped import is_digit
from duckrabbit.models.load import DEFAULT_DIGITS, DEFAULT_TEXT, load_model
from duckrabbit.models.model import Model
from duckrabbit.recipes.source import Source

MAX_THREADS = 256


def open_model(computing: Computing, prompts: Sequence[str], image: str | None, size: int | None = None) -> Model:
    """The model that was asked for, or the one that the prompts or the image mean.

    Raises:
        UsageError: if there is no such model or device, or nothing says which model is meant.
    """
    return Models().open(computing, prompts, image, size)


class Models:
    """Opens models, each once, however often it is asked for."""

    def __init__(self) -> None:
        self._opened: dict[tuple[str, Computing, int | None], Model] = {}
        self._said: set[str] = set()

    def open(self, computing: Computing, prompts: Sequence[str], image: str | None, size: int | None = None) -> Model:
        """As `open_model`; what was said already is not said again."""
        named = computing.model or default_name(prompts, image)
        key = (named, computing, size)
        if key not in self._opened:
            if computing.model is None:
                default_model(prompts, image)
            self._opened[key] = named_model(named, computing, size)
        model = self._opened[key]
        self.tell(remark for prompt in prompts for remark in model.remarks(prompt))
        return model

    def tell(self, remarks: Iterable[str]) -> None:
        """Say what a user should read about how a request is understood, each remark once."""
        for remark in remarks:
            if remark not in self._said and leads():
                print(f"note: {remark}", file=sys.stderr)
                self._said.add(remark)


def named_model(name: str, computing: Computing, size: int | None = None) -> Model:
    """A model by its name on the device, in the precision and with the threads of `computing`.

    Raises:
        UsageError: if there is no such model, device, precision or size.
    """
    import torch

    precisions = {"auto": None, "float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if computing.precision not in precisions:
        raise UsageError(f"There is no precision {computing.precision!r}: the precisions are {', '.join(precisions)}.")
    set_threads(computing.threads)
    _take_own_gpu()
    model = load_model(
        name,
        computing.device,
        precisions[computing.precision],
        computing.weights,
        computing.embeddings,
        computing.compile,
    )
    model.at(size)
    return model


def leads() -> bool:
    """Whether this process speaks for all that torchrun started; so does one that is alone."""
    return os.environ.get("RANK", "0") == "0"


def _take_own_gpu() -> None:
    """Under torchrun, compute on the GPU that is this process's own."""
    import torch

    own = int(os.environ.get("LOCAL_RANK", "0"))
    if own and torch.cuda.is_available() and own < torch.cuda.device_count():
        torch.cuda.set_device(own)


def set_threads(threads: int | None) -> None:
    """Compute with this many CPU threads, or with all cores for None."""
    import torch

    if threads is None:
        return
    if not 1 <= threads <= MAX_THREADS:
        raise UsageError(f"{threads} threads can't be used: give --threads from 1 to {MAX_THREADS}.")
    torch.set_num_threads(threads)


def default_model(prompts: Sequence[str], image: str | None) -> str:
    """Prompts that are digits, or a digit to start from, mean the digit model, others pocket; it is said on stderr."""
    name = default_name(prompts, image)
    return announced(name, "for digits" if name == DEFAULT_DIGITS else "for prompts in words")


def default_name(prompts: Sequence[str], image: str | None) -> str:
    """The same, unsaid."""
    given = [prompt for prompt in prompts if prompt]
    if all(_is_one_digit(prompt) for prompt in given) and (given or (image is not None and is_digit(image))):
        return DEFAULT_DIGITS
    return DEFAULT_TEXT


def read_source(image: str, model: Model) -> Source:
    """A picture for the model to start from; it is said on standard error where its negative is taken."""
    source = Source.read(image, model)
    if source.inverted:
        print(f"{image} is dark on light and {model.name} knows light on dark: its negative is used", file=sys.stderr)
    return source


def announced(name: str, why: str) -> str:
    """Say which model was chosen; of several processes the first says it."""
    if leads():
        print(f"model: {name} ({why})", file=sys.stderr)
    return name


def _is_one_digit(prompt: str) -> bool:
    return len(prompt) == 1 and prompt in "0123456789"
