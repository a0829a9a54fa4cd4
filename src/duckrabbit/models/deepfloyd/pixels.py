"""Any pixel-space pipeline in diffusers' layout: unconditional, or conditional on classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from duckrabbit.diffusion.denoiser import EncodedOnce, unconditional
from duckrabbit.errors import UsageError
from duckrabbit.models.deepfloyd.conventions import conventions_of
from duckrabbit.models.deepfloyd.files import Part, fingerprint, read_json, read_part
from duckrabbit.models.deepfloyd.offloading import Offloader
from duckrabbit.models.deepfloyd.stages import KIND as DEEPFLOYD
from duckrabbit.models.deepfloyd.stages import deepfloyd, is_first_stage
from duckrabbit.models.deepfloyd.unet import UNetDenoiser, class_conditional, load_unet
from duckrabbit.models.model import Model, SamplerConfig

KIND = "diffusers-pixels"


def pipeline(
    name: str,
    folder: Path,
    embeddings: str | None,
    device: torch.device,
    dtype: torch.dtype | None,
    compiled: bool = False,
) -> Model:
    """The model in a pipeline's folder, or that of a UNet at a folder's root with scheduler_config.json beside it.

    Prompts are class numbers, or nothing, or text for one that is built like IF.

    Only one that is built like IF is compiled.

    Raises:
        UsageError: if it is a pipeline of another kind, or not whole.
    """
    unet = read_part(folder / "unet" if (folder / "unet").is_dir() else folder)
    if unet.kind == "UNet2DConditionModel" and is_first_stage(unet):
        return deepfloyd(DEEPFLOYD, name, embeddings, device, dtype, compiled)
    if unet.kind != "UNet2DModel":
        raise UsageError(
            f"{name} has a {unet.kind}, which is conditional in a way this version can't serve, or no UNet at all: "
            "give a pipeline of pixels without conditions, on classes, or built like DeepFloyd IF."
        )
    return _model(name, folder, unet, device, dtype or torch.float32)


def _model(name: str, folder: Path, unet: Part, device: torch.device, dtype: torch.dtype) -> Model:
    channels, size = _shape(name, unet)
    beside = folder / "scheduler_config.json"
    file = beside if beside.is_file() else folder / "scheduler" / "scheduler_config.json"
    conventions = conventions_of(read_json(file), file)
    classes = _Classes(name, int(unet.config.get("num_class_embeds") or 0), device)
    offloader = Offloader(device)
    return Model(
        name=name,
        kind="digits" if channels == 1 else "pictures",
        denoiser=UNetDenoiser(
            lend=partial(offloader.lend, str(folder), unet.bytes, partial(load_unet, unet, device, dtype)),
            conventions=conventions,
            channels=channels,
            encode=EncodedOnce(classes.numbers) if classes.count else unconditional,
            call=class_conditional,
            device=device,
            dtype=dtype,
        ),
        channels=channels,
        size=size,
        conditional=classes.count > 0,
        check_prompt=classes.check,
        sampler=SamplerConfig(),
        illusion_sampler=SamplerConfig(),
        threshold=conventions.threshold,
        default_prompt="",
        config={"kind": KIND, "unet": dict(unet.config)},
        checksum=fingerprint([unet]),
        device=device,
        dtype=dtype,
    )


def _shape(name: str, unet: Part) -> tuple[int, int]:
    """Channels and side; raises UsageError where this engine has no such pictures."""
    channels, out = int(unet.config.get("in_channels", 3)), int(unet.config.get("out_channels", 3))
    side = unet.config.get("sample_size")
    sides = side if isinstance(side, list) else [side, side]
    whole = channels in (1, 3) and out in (channels, 2 * channels) and sides[0] == sides[-1]
    if not whole or not isinstance(sides[0], int) or unet.config.get("class_embed_type") is not None:
        raise UsageError(
            f"{name} takes {channels} channels of {'×'.join(map(str, sides))} and gives {out}: expected a UNet for "
            "square pictures of 1 or 3 channels, without conditions or on class numbers."
        )
    return channels, sides[0]


@dataclass(frozen=True)
class _Classes:
    """Prompts as class numbers; there is no null class."""

    name: str
    count: int
    device: torch.device

    def numbers(self, prompts: Sequence[str]) -> Tensor:
        """The numbers [B]."""
        if "" in prompts:
            raise UsageError(
                f"{self.name} knows no picture without a class: give a class number, 0 to {self.count - 1}, as the "
                "prompt and a `guidance_scale` of 1."
            )
        return torch.tensor([int(prompt) for prompt in prompts], device=self.device)

    def check(self, prompt: object) -> None:
        """Raise UsageError for what is neither a class number nor empty."""
        if prompt == "":
            return
        text = prompt if isinstance(prompt, str) else repr(prompt)
        if self.count == 0:
            raise UsageError(f"{self.name} takes no prompt, and {text!r} was given: leave it out.")
        if not (text.isascii() and text.isdigit() and int(text) < self.count):
            raise UsageError(
                f"{self.name} does not understand the prompt {text!r}: give a class number, 0 to {self.count - 1}."
            )
