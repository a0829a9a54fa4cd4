"""Networks without random weights, for those that are given theirs: to draw them takes longer than all else."""

from typing import Any

from torch.overrides import TorchFunctionMode


class Undrawn(TorchFunctionMode):
    """Where a network is built within it, its random weights stay as the memory was."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The function's own result, or the tensor untouched that it would have filled with random numbers."""
        given = kwargs or {}
        if getattr(func, "__name__", "").endswith(("uniform_", "normal_")):
            return args[0] if args else given["tensor"]
        return func(*args, **given)
