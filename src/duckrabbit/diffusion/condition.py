"""What a denoiser is asked for: a prompt, or one under guidance that its network was taught to give by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

UNGUIDED = (1.0, 1.0)
"""What a network is told for a prompt alone."""


@dataclass(frozen=True)
class Guided:
    """A prompt under guidance, which is answered in one evaluation: a network's own γ D(c) + (1 − γ) D("").

    The weights of such a network were distilled from two evaluations (Meng et al., 2023, arXiv:2210.03142).

    Attributes:
        prompt: c.
        scale: γ.
        mean_scale: γ of the mean colour, at most γ.
    """

    prompt: str
    scale: float
    mean_scale: float


Condition = str | Guided
"""Of one picture; "" is the null prompt. Only the denoiser of a model whose `max_guidance` is above 1 knows both."""


def prompts_of(conditions: Sequence[Condition]) -> list[str]:
    """The prompts themselves."""
    return [condition.prompt if isinstance(condition, Guided) else condition for condition in conditions]


def unguided(conditions: Sequence[Condition]) -> list[str]:
    """The same, for a denoiser that guides nothing.

    Raises:
        ValueError: if it is asked to.
    """
    for condition in conditions:
        if isinstance(condition, Guided):
            raise ValueError(f"this denoiser was never taught guidance, so it can't answer {condition}")
    return prompts_of(conditions)


def scales_of(conditions: Sequence[Condition]) -> Tensor | None:
    """γ and γ of the mean colour that a network is told, [B, 2]; None where there are prompts alone."""
    if not any(isinstance(condition, Guided) for condition in conditions):
        return None
    return torch.tensor([(c.scale, c.mean_scale) if isinstance(c, Guided) else UNGUIDED for c in conditions])
