"""From the options about computing to a model that is ready."""

import sys
from collections.abc import Sequence

from duckrabbit.cli.options import Computing
from duckrabbit.errors import UsageError
from duckrabbit.media.digits import is_digit
from duckrabbit.models.load import DEFAULT_DIGITS, DEFAULT_TEXT, load_model
from duckrabbit.models.model import Model
from duckrabbit.recipes.source import Source

MAX_THREADS = 256


def open_model(computing: Computing, prompts: Sequence[str], image: str | None, size: int | None = None) -> Model:
    """The model that was asked for, or the one that the prompts or the image mean.

    Raises:
        UsageError: if there is no such model or device, or nothing says which model is meant.
    """
    model = named_model(computing.model or default_model(prompts, image), computing, size)
    for remark in dict.fromkeys(remark for prompt in prompts for remark in model.remarks(prompt)):
        print(f"note: {remark}", file=sys.stderr)
    return model


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
    model = load_model(name, computing.device, precisions[computing.precision], computing.weights, computing.embeddings)
    model.at(size)
    return model


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
    given = [prompt for prompt in prompts if prompt]
    if all(_is_one_digit(prompt) for prompt in given) and (given or (image is not None and is_digit(image))):
        return announced(DEFAULT_DIGITS, "for digits")
    return announced(DEFAULT_TEXT, "for prompts in words")


def read_source(image: str, model: Model) -> Source:
    """A picture for the model to start from; it is said on standard error where its negative is taken."""
    source = Source.read(image, model)
    if source.inverted:
        print(f"{image} is dark on light and {model.name} knows light on dark: its negative is used", file=sys.stderr)
    return source


def announced(name: str, why: str) -> str:
    """Say which model was chosen."""
    print(f"model: {name} ({why})", file=sys.stderr)
    return name


def _is_one_digit(prompt: str) -> bool:
    return len(prompt) == 1 and prompt in "0123456789"
