"""What the reporting judge of pictures, which chooses nothing, reads in a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from duckrabbit.judges.judge import Judge

SIDE = 64

Look = tuple[str, str, Tensor]
"""How a picture is looked at, what is to be seen there, and what is seen, [C, S, S]."""


@dataclass(frozen=True)
class Reading:
    """One look of the judge.

    Attributes:
        look: how it looked.
        prompt: what was asked for.
        first: what it takes it for.
        sure: with which probability.
        place: the place of what was asked for in the judge's order, from 1; None where it has no name for it.
        choices: how many names it has.
    """

    look: str
    prompt: str
    first: str
    sure: float
    place: int | None
    choices: int

    @property
    def right(self) -> bool:
        """Whether the judge's first guess is what was asked for."""
        return self.place == 1

    def words(self) -> str:
        """What it says."""
        said = f"{self.look} it reads {self.first} ({self.sure:.0%})"
        if self.right:
            return said
        if self.place is None:
            return f"{said}, and has no name for what was asked"
        return f"{said}; what was asked comes {self.place} of {self.choices}"


def readings(judge: Judge, looks: Sequence[Look]) -> list[Reading]:
    """What the judge says of each look."""
    log_probabilities = judge.log_probabilities(torch.stack([_sized(seen) for _, _, seen in looks]))
    found = []
    for (look, prompt, _), own in zip(looks, log_probabilities, strict=True):
        first = int(own.argmax())
        asked = judge.asked_for(prompt)
        place = None if asked is None else 1 + int((own > own[asked]).sum())
        names = judge.names
        found.append(Reading(look, prompt, names[first], float(own[first].exp()), place, len(names)))
    return found


def verdict(judge: Judge, looks: Sequence[Look]) -> str:
    """One sentence on a picture."""
    said = "; ".join(reading.words() for reading in readings(judge, looks))
    return f"The reporting judge, which had no part in the choice: {said}."


def share_read(judge: Judge, pictures: Tensor, prompt: str) -> float | None:
    """The share of pictures [N, C, S, S] that are read as the prompt asks; None where the judge has no name for it."""
    asked = judge.asked_for(prompt)
    if asked is None:
        return None
    log_probabilities = judge.log_probabilities(torch.stack([_sized(picture) for picture in pictures]))
    return float((log_probabilities.argmax(dim=1) == asked).double().mean())


def apart(judge: Judge, pictures: Tensor) -> float:
    """The mean distance of any two of N ≥ 2 pictures [N, C, S, S] in the judge's features: how diverse they are."""
    return float(torch.pdist(judge.features(torch.stack([_sized(picture) for picture in pictures]))).mean())


def _sized(picture: Tensor) -> Tensor:
    """A picture [1 or 3, S, S] as the judge takes it: three channels, 64 pixels."""
    colour = picture.float().cpu().clamp(-1, 1).expand(3, -1, -1)[None]
    if picture.shape[-1] < SIDE:
        return F.interpolate(colour, size=(SIDE, SIDE), mode="bicubic", align_corners=False)[0].clamp(-1, 1)
    return F.adaptive_avg_pool2d(colour, SIDE)[0]
