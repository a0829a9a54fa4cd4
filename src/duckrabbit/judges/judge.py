"""A judge: a classifier that says what a picture is read as. One guides, one selects, and one only reports."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from duckrabbit.datasets.classes import Classes
from duckrabbit.errors import UsageError
from duckrabbit.models.storage import read_weights
from duckrabbit.networks.digit_judges import ReportingJudge, SelectingJudge
from duckrabbit.networks.picture_judges import BUILDS, Panel

Kind = Literal["digits", "pictures"]
Role = Literal["guiding", "selecting", "reporting"]

DIGITS = tuple("0123456789")
LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601."""


@dataclass(frozen=True)
class Reading:
    """How judges of a kind take pictures.

    Attributes:
        side: of the pictures that their networks take.
        channels: 1 for grey, 3 for colour.
        shifts: a verdict is the mean over these shifts of the picture, in pixels, both ways: one grid alone is brittle.
        cpu_batch: pictures at once on a CPU: what it holds in its cache.
        gpu_batch: the same on a GPU.
    """

    side: int
    channels: int
    shifts: tuple[int, ...]
    cpu_batch: int
    gpu_batch: int


READINGS: Mapping[Kind, Reading] = {
    "digits": Reading(28, 1, (0,), 1000, 1000),
    "pictures": Reading(64, 3, (-2, 0, 2), 16, 512),
}

DIGIT_NETWORKS: Mapping[Role, Callable[[], nn.Module]] = {"selecting": SelectingJudge, "reporting": ReportingJudge}
"""The network of each role."""

OLD_BUILDS: Mapping[Role, str] = {
    "guiding": "residual-64",
    "selecting": "residual-40",
    "reporting": "convolutional-64",
}
"""Of judges of pictures whose files don't say of what build they are."""

FILES: Mapping[Kind, Mapping[Role, str]] = {
    "digits": {
        "guiding": "digit-judge-selecting",
        "selecting": "digit-judge-selecting",
        "reporting": "digit-judge-reporting",
    },
    "pictures": {
        "guiding": "picture-judge-pulling",
        "selecting": "picture-judge-selecting",
        "reporting": "picture-judge-reporting",
    },
}
"""The shipped weights; of digits one judge guides and selects."""


@dataclass(frozen=True)
class Judge:
    """A classifier in evaluation mode, in float32 on every machine, for pictures of any size and number of channels.

    Attributes:
        kind: what it reads.
        role: whether it guides, selects, or only reports.
        names: what it can tell apart, a name for each class.
        asked_for: the class that a prompt asks for; None where it has no name for it.
        network: from pictures [N, C, S, S] of its own shape in [−1, 1] to logits [N, K]; `features` gives what its last
            linear layer sees, [N, D].
        device: where it runs.
        checksum: of its weights, so that scores can say whose they are.
    """

    kind: Kind
    role: Role
    names: tuple[str, ...] = field(repr=False)
    asked_for: Callable[[str], int | None] = field(repr=False)
    network: nn.Module = field(repr=False)
    device: torch.device
    checksum: str = ""

    @property
    def chance(self) -> float:
        """How often a guess is right."""
        return 1 / len(self.names)

    @property
    def members(self) -> list[nn.Module]:
        """The networks of a panel, or the one of a judge that is none."""
        return [*self.network.members] if isinstance(self.network, Panel) else [self.network]

    def log_probabilities(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 1 or 3, S, S] in [−1, 1] → log p of each class, [N, K], on the CPU; of a panel the mean.

        Raises:
            UsageError: if there is a NaN among the pixels.
        """
        return self._batched(self._verdict, pictures)

    def log_probabilities_of_one_view(self, pictures: Tensor, turn: int = 0) -> Tensor:
        """Pictures [N, 1 or 3, S, S] on the judge's device → log p of each class, unshifted, [N, K], with gradients.

        Of a panel one member is asked, whose turn it is.
        """
        network = self.network.member(turn) if isinstance(self.network, Panel) else self.network
        logits: Tensor = network(self._fitted(pictures))
        return logits.log_softmax(dim=1)

    def features(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 1 or 3, S, S] in [−1, 1] → what the last linear layer sees, [N, D], on the CPU."""
        return self._batched(self.network.features, pictures)  # type: ignore[arg-type]

    def read(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 1 or 3, S, S] → the class each is read as, int64 [N]."""
        return self.log_probabilities(pictures).argmax(dim=1)

    def _verdict(self, x: Tensor) -> Tensor:
        return torch.stack([self._verdict_of(member, x) for member in self.members]).mean(dim=0)

    def _verdict_of(self, network: nn.Module, x: Tensor) -> Tensor:
        shifts = READINGS[self.kind].shifts
        if len(shifts) == 1:
            logits: Tensor = network(x)
            return logits.log_softmax(dim=1)
        shifted = [torch.roll(x, (dy, dx), (2, 3)) for dy in shifts for dx in shifts]
        return torch.stack([network(y).softmax(dim=1) for y in shifted]).mean(0).log()

    def _batched(self, function: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
        if bool(pictures.isnan().any()):
            raise UsageError(
                "A picture with NaN among its pixels can't be read: give one of finite numbers in [−1, 1]."
            )
        reading = READINGS[self.kind]
        size = reading.cpu_batch if self.device.type == "cpu" else reading.gpu_batch
        with torch.inference_mode():
            parts = [function(part.to(self.device)).float().cpu() for part in torch.split(self._fitted(pictures), size)]
        return torch.cat(parts)

    def _fitted(self, pictures: Tensor) -> Tensor:
        reading = READINGS[self.kind]
        return fitted(pictures, reading.side, reading.channels)


@cache
def load_judge(kind: Kind, role: Role, device: torch.device | None = None) -> Judge:
    """The shipped judge of that kind and role."""
    with as_file(files("duckrabbit.models") / "weights" / f"{FILES[kind][role]}.safetensors") as file:
        return judge_in(kind, role, file, device)


def judge_in(kind: Kind, role: Role, path: Path, device: torch.device | None = None) -> Judge:
    """The judge in a file.

    Raises:
        UsageError: if the file is damaged or holds another thing.
    """
    tensors, config = read_weights(path)
    expected = ("digit-judge",) if kind == "digits" else ("picture-judge", FILES[kind][role])
    if config.get("kind") not in expected:
        raise UsageError(f"{path} holds no {role} judge of {kind}: install duckrabbit again, or train one.")
    names = DIGITS if kind == "digits" else tuple(config["classes"])
    try:
        network = (
            DIGIT_NETWORKS["reporting" if role == "reporting" else "selecting"]()
            if kind == "digits"
            else picture_network(config.get("members", [OLD_BUILDS[role]]), len(names))
        )
        network.load_state_dict(tensors)
    except (KeyError, RuntimeError) as error:
        raise UsageError(f"{path} holds a judge of a build that is not known here: train it anew.") from error
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return judge_of(kind, role, names, network, device, checksum)


def picture_network(builds: Sequence[str], classes: int) -> nn.Module:
    """A network of one build, or a panel of networks of several."""
    members = [BUILDS[build](classes) for build in builds]
    return members[0] if len(members) == 1 else Panel(members)


def judge_of(
    kind: Kind,
    role: Role,
    names: tuple[str, ...],
    network: nn.Module,
    device: torch.device | None = None,
    checksum: str = "",
) -> Judge:
    """A judge with this network, which is frozen."""
    where = device or torch.device("cpu")
    asked_for = digit_asked_for if kind == "digits" else Classes(names).asked_for
    return Judge(kind, role, names, asked_for, network.eval().requires_grad_(False).to(where), where, checksum)


@cache
def shipped_checksum(kind: Kind, role: Role) -> str:
    """Of the shipped judge's weights, in 16 hexadecimal digits."""
    content = (files("duckrabbit.models") / "weights" / f"{FILES[kind][role]}.safetensors").read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


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
