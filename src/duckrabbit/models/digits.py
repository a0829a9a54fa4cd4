"""The digit models of Part B: from a configuration to a network, from prompts to one-hot vectors, and back to disk."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from typing import Any

import msgspec
import torch
from torch import Tensor, nn

from duckrabbit.diffusion.denoiser import EncodedOnce, NetworkDenoiser, unconditional
from duckrabbit.diffusion.parametrization import PARAMETRIZATIONS, Parametrization
from duckrabbit.diffusion.path import Additive, Cosine, LinearBeta, Path, RectifiedFlow
from duckrabbit.diffusion.thresholding import clip
from duckrabbit.errors import UsageError
from duckrabbit.models.model import Model, SamplerConfig, text_of
from duckrabbit.networks.digit_unet import NUM_CLASSES, DigitUNet

KIND = "digit-unet"
SIDE = 28

PATHS: dict[str, type[Path]] = {
    "linear-beta": LinearBeta,
    "cosine": Cosine,
    "rectified-flow": RectifiedFlow,
    "additive": Additive,
}


@dataclass(frozen=True)
class DigitConfig:
    """All that is needed to rebuild a digit model around its weights.

    Attributes:
        hidden: channels at full resolution.
        time: whether the network is conditioned on the time.
        classes: whether it is conditioned on the class.
        path: a name in `PATHS`.
        path_steps: the length of the path's table, for those that have one.
        parametrization: a name in `PARAMETRIZATIONS`.
        level: the one time that a single-step denoiser was trained at.
        sampler: the default way of sampling.
        illusion_sampler: the default for anagrams and hybrids.
        training: what the weights were trained on, and how; for the record.
    """

    hidden: int
    time: bool
    classes: bool
    path: str
    parametrization: str
    path_steps: int | None = None
    level: float | None = None
    sampler: SamplerConfig = field(default_factory=SamplerConfig)
    illusion_sampler: SamplerConfig = field(default_factory=SamplerConfig)
    training: Mapping[str, Any] = field(default_factory=dict)

    def network(self) -> DigitUNet:
        """An untrained network of this shape."""
        return DigitUNet(self.hidden, self.time, self.classes)

    def make_path(self) -> Path:
        """The path it was trained on."""
        if self.path == "linear-beta":
            return LinearBeta(self.path_steps or 1000)
        return PATHS[self.path]()

    def make_parametrization(self) -> Parametrization:
        """What the network predicts."""
        return PARAMETRIZATIONS[self.parametrization]

    def to_json(self) -> dict[str, Any]:
        """The configuration for a file's header."""
        return {"kind": KIND, **asdict(self)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "DigitConfig":
        """The configuration of a file's header; raises KeyError, ValueError or RuntimeError for none."""
        config = msgspec.convert(data, DigitConfig)
        if unknown := data.keys() - {"kind", *(known.name for known in fields(config))}:
            raise ValueError(f"there is no {min(unknown)!r} in it")
        # A table is made when it is first used: used here, one of an impossible length is a damaged file's.
        config.make_path().at(1.0), config.make_parametrization()
        return config


def digit_denoiser(
    network: nn.Module, config: DigitConfig, device: torch.device, dtype: torch.dtype
) -> NetworkDenoiser:
    """A network of this configuration as a denoiser whose prompts are digits."""
    return NetworkDenoiser(
        network=network,
        path=config.make_path(),
        parametrization=config.make_parametrization(),
        encode=EncodedOnce(partial(_one_hot, device=device)) if config.classes else unconditional,
        dtype=dtype,
    )


def digit_model(
    name: str,
    tensors: Mapping[str, Tensor],
    header: Mapping[str, Any],
    checksum: str,
    device: torch.device,
    dtype: torch.dtype,
) -> Model:
    """The model that a file's tensors and header describe.

    Raises:
        UsageError: if header and tensors don't make a digit model.
    """
    try:
        config = DigitConfig.from_json(header)
        network = config.network()
        network.load_state_dict(dict(tensors))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UsageError(f"{name} does not hold a whole digit model: train it again or get the file anew.") from error
    network.eval().requires_grad_(False).to(device)
    return Model(
        name=name,
        kind="digits",
        denoiser=digit_denoiser(network, config, device, dtype),
        channels=1,
        size=SIDE,
        dark_ground=True,
        knows_level=config.time,
        conditional=config.classes,
        check_prompt=partial(check_prompt, name, config.classes),
        sampler=config.sampler,
        illusion_sampler=config.illusion_sampler,
        threshold=clip,
        default_prompt="",
        config=dict(header),
        checksum=checksum,
        device=device,
        dtype=dtype,
    )


def _one_hot(prompts: Sequence[str], device: torch.device) -> Tensor:
    """Digits as one-hot vectors [B, 10]; the null prompt "" is all zeros."""
    vectors = torch.zeros(len(prompts), NUM_CLASSES)
    for row, prompt in enumerate(prompts):
        if prompt:
            vectors[row, int(prompt)] = 1
    return vectors.to(device)


def check_prompt(name: str, classes: bool, prompt: object) -> None:
    """Whether the model of that name, with or without classes, can be asked for it.

    Raises:
        UsageError: if it is neither empty nor, for a model with classes, a digit.
    """
    prompt = text_of(prompt)
    if prompt == "" or (classes and len(prompt) == 1 and prompt in "0123456789"):
        return
    if classes:
        raise UsageError(
            f"{name} does not understand the prompt {prompt!r}: give one digit, 0 to 9, or an empty prompt."
        )
    raise UsageError(
        f"{name} takes no prompt, and {prompt!r} was given: leave it out, or use the `model` mnist-ddpm-class."
    )
