"""A reader: either kind of judge behind one face, for pictures of any size."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.judges.digit_judge import Role as DigitRole
from duckrabbit.judges.digit_judge import load_judge
from duckrabbit.judges.picture_judge import Role, load_picture_judge

Kind = Literal["digits", "pictures"]

DIGITS = tuple("0123456789")
SIDES: dict[Kind, int] = {"digits": 28, "pictures": 64}
CHANNELS: dict[Kind, int] = {"digits": 1, "pictures": 3}
LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601."""


@dataclass(frozen=True)
class Reader:
    """Says what a picture is read as.

    Attributes:
        kind: what it reads.
        role: whether it pulls, selects, or only reports.
        names: what it can tell apart, a name for each class.
        asked_for: the class that a prompt asks for; None where it has no name for it.
        judge: from pictures of its own shape [N, C, S, S] in [−1, 1] to log p of each class, [N, K], on the CPU.
        network: from pictures of its own shape, on its device, to logits [N, K]; gradients go through.
        checksum: of its weights, so that scores can say whose they are.
    """

    kind: Kind
    role: Role
    names: tuple[str, ...] = field(repr=False)
    asked_for: Callable[[str], int | None] = field(repr=False)
    judge: Callable[[Tensor], Tensor] = field(repr=False)
    network: Callable[[Tensor], Tensor] = field(repr=False)
    checksum: str

    def log_probabilities(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 1 or 3, S, S] in [−1, 1] → log p of each class, [N, K], on the CPU.

        Raises:
            UsageError: if there is a NaN among the pixels.
        """
        if bool(pictures.isnan().any()):
            raise UsageError(
                "A picture with NaN among its pixels can't be read: give one of finite numbers in [−1, 1]."
            )
        return self.judge(self._fitted(pictures))

    def glance(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 1 or 3, S, S] on the judge's device → log p of each class at one glance, [N, K], with gradients.

        `log_probabilities` is the verdict: the mean over several glances.
        """
        return self.network(self._fitted(pictures)).log_softmax(dim=1)

    def _fitted(self, pictures: Tensor) -> Tensor:
        return fitted(pictures, SIDES[self.kind], CHANNELS[self.kind])

    @property
    def chance(self) -> float:
        """How often a guess is right."""
        return 1 / len(self.names)


@cache
def load_reader(kind: Kind, role: Role, device: torch.device | None = None) -> Reader:
    """The shipped judge of that kind and role as a reader; of digits one judge pulls and selects."""
    if kind == "digits":
        digits = load_judge(_digit_role(role), device)
        return Reader(
            kind,
            role,
            DIGITS,
            digit_asked_for,
            digits.log_probabilities,
            digits.network,
            shipped_checksum(kind, role),
        )
    pictures = load_picture_judge(role, device)
    return Reader(
        kind,
        role,
        pictures.classes.names,
        pictures.classes.asked_for,
        pictures.log_probabilities,
        pictures.network,
        shipped_checksum(kind, role),
    )


def kind_for(channels: int) -> Kind:
    """Who reads a model's pictures: grey ones are digits."""
    return "digits" if channels == 1 else "pictures"


def digit_asked_for(prompt: str) -> int | None:
    """The digit that a prompt is."""
    return DIGITS.index(prompt) if prompt in DIGITS else None


def fitted(pictures: Tensor, side: int, channels: int) -> Tensor:
    """Pictures [N, 1 or 3, S, S] with so many channels and pixels a side, clamped to [−1, 1].

    Larger ones are averaged down, smaller ones enlarged by a bicubic filter.
    """
    x = pictures.float().clamp(-1, 1)
    if channels == 3:
        x = x.expand(-1, 3, -1, -1)
    elif x.shape[1] == 3:
        x = (x * x.new_tensor(LUMA)[:, None, None]).sum(dim=1, keepdim=True)
    if x.shape[-1] < side:
        return F.interpolate(x, size=(side, side), mode="bicubic", align_corners=False).clamp(-1, 1)
    return x if x.shape[-1] == side else F.adaptive_avg_pool2d(x, side)


@cache
def shipped_checksum(kind: Kind, role: Role) -> str:
    """Of the shipped judge's weights, in 16 hexadecimal digits."""
    name = f"digit-judge-{_digit_role(role)}" if kind == "digits" else f"picture-judge-{role}"
    content = (files("duckrabbit.models") / "weights" / f"{name}.safetensors").read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


def _digit_role(role: Role) -> DigitRole:
    return "selecting" if role == "pulling" else role
