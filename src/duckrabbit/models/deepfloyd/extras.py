"""The optional packages, or a sentence on how to get them."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from duckrabbit.errors import UsageError


def optional(package: str, needs: tuple[str, ...] = (), extra: str = "open") -> Any:
    """An optional package.

    Args:
        package: what is imported.
        needs: what it needs but imports later.
        extra: that brings it.

    Raises:
        UsageError: if one of them is not installed.
    """
    for name in (package, *needs):
        if find_spec(name) is None:
            raise UsageError(
                f'This needs the package {name}, which is not installed: run pip install "duckrabbit[{extra}]".'
            )
    return import_module(package)


def diffusers() -> Any:
    """diffusers, without its bars and advice."""
    return _quiet(optional("diffusers"))


def transformers() -> Any:
    """transformers with what T5's tokenizer needs, without its bars and advice."""
    return _quiet(optional("transformers", ("sentencepiece", "google.protobuf")))


def _quiet(package: Any) -> Any:
    package.utils.logging.set_verbosity_error()
    package.utils.logging.disable_progress_bar()
    return package
