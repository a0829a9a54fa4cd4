"""DeepFloyd IF from a folder or the hub: two stages, one dictionary of embeddings, one device."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from duckrabbit.diffusion.denoiser import EncodedOnce
from duckrabbit.diffusion.path import time_of_level
from duckrabbit.errors import UsageError
from duckrabbit.models.deepfloyd.conventions import conventions_of, path_of
from duckrabbit.models.deepfloyd.embeddings import Dictionary, Embeddings
from duckrabbit.models.deepfloyd.files import Part, fingerprint, read_json, read_part
from duckrabbit.models.deepfloyd.hub import TEXT, UNET, UPSCALER, from_hub, is_hub_id
from duckrabbit.models.deepfloyd.offloading import Offloader
from duckrabbit.models.deepfloyd.t5 import encoded, text_encoder_in
from duckrabbit.models.deepfloyd.unet import (
    Call,
    SuperResolving,
    UNetDenoiser,
    load_unet,
    require_compiler,
    text_conditional,
)
from duckrabbit.models.model import Model, SamplerConfig, SecondStage, bilinear, text_of

KIND = "deepfloyd"
HUB_IDS = "DeepFloyd/IF-I-XL-v1.0,DeepFloyd/IF-II-L-v1.0"
CHANNELS = 3
LOW_LEVEL = 250
"""To which level IF's second stage gets its guide noised."""

FIRST = SamplerConfig("ddpm", 50, "leading", guidance_scale=7.0)
SECOND = SamplerConfig("ddpm", 50, "leading", guidance_scale=4.0)
ILLUSIONS = SamplerConfig("ddpm", 30, "leading", guidance_scale=10.0)
"""Guidance of each stage as its pipeline in diffusers has it, and illusions as visual_anagrams makes them."""

DEFAULT_PROMPT = "a high quality photo"


@dataclass(frozen=True)
class Folders:
    """Where the stages are; there may be no second, and no third."""

    first: Path
    second: Path | None
    third: Path | None = None


def find(weights: str | None) -> Folders:
    """The stages that a user names: a folder with stage1 and stage2, one stage's own folder, or hub ids.

    Raises:
        UsageError: if it is none of them.
    """
    local = _local(weights)
    if local is not None:
        return local
    first, *later = _hub_ids(weights)
    second, third = (*later, None, None)[:2]
    return Folders(
        from_hub(first, UNET), from_hub(second, UNET) if second else None, from_hub(third, UPSCALER) if third else None
    )


def find_text_encoder(weights: str | None) -> Part | None:
    """The text encoder of the first stage that a user names; None where its folder has none.

    Raises:
        UsageError: as `find` does.
    """
    local = _local(weights)
    return text_encoder_in(from_hub(_hub_ids(weights)[0], TEXT) if local is None else local.first)


def _local(weights: str | None) -> Folders | None:
    """The stages in a folder; None where the name is of no folder."""
    if weights is None:
        raise UsageError(
            "deepfloyd needs its weights, which are gated: give as `weights` a folder with stage1 and stage2 in it, or "
            f"{HUB_IDS} to download them."
        )
    folder = Path(weights)
    if (folder / "stage1").is_dir():
        second, third = (own if own.is_dir() else None for own in (folder / "stage2", folder / "stage3"))
        return Folders(folder / "stage1", second, third if second else None)
    return Folders(folder, None) if (folder / "unet").is_dir() or (folder / "text_encoder").is_dir() else None


def _hub_ids(weights: str | None) -> list[str]:
    names = [name.strip() for name in (weights or "").split(",")]
    if Path(weights or "").exists() or not all(map(is_hub_id, names)) or len(names) > 3:
        raise UsageError(
            f"{weights} holds no DeepFloyd IF: give as `weights` a folder with stage1 and stage2 in it, or hub ids "
            f"such as {HUB_IDS}."
        )
    return names


def deepfloyd(
    name: str,
    weights: str | None,
    embeddings: str | None,
    device: torch.device,
    dtype: torch.dtype | None,
    compiled: bool = False,
) -> Model:
    """DeepFloyd IF. Networks are loaded when they are first used, and take turns on the device.

    Args:
        name: as the user said.
        weights: see `find`.
        embeddings: see `Dictionary.at`.
        device: where to compute.
        dtype: of the UNets; for None float16 on a GPU, float32 elsewhere.
        compiled: whether the UNets' residual blocks are compiled.

    Raises:
        UsageError: if the folders are not there or not whole, or hold something else, or nothing can be compiled.
    """
    folders = find(weights)
    if compiled:
        require_compiler(device)
    precision = dtype or (torch.float16 if device.type == "cuda" else torch.float32)
    offloader = Offloader(device)
    dictionary = Dictionary.at(embeddings)
    embeddings_of = _embeddings(folders, str(weights), dictionary, offloader)
    shared = _Shared(name, weights, device, precision, compiled, offloader, embeddings_of)
    first = _stage(folders.first, CHANNELS, text_conditional, shared)
    model = replace(first, sampler=FIRST, illusion_sampler=ILLUSIONS)
    if folders.second is None:
        return model
    second = _stage(folders.second, 2 * CHANNELS, SuperResolving(LOW_LEVEL), shared)
    if second.size <= model.size or second.size % model.size:
        raise UsageError(
            f"{folders.second} makes pictures of {second.size}×{second.size}, which are no enlargement of "
            f"{model.size}×{model.size}: give the second stage that belongs to the first."
        )
    large = replace(second, sampler=SECOND, illusion_sampler=ILLUSIONS)
    file = folders.second / "image_noising_scheduler" / "scheduler_config.json"
    low_path = path_of(read_json(file), file) if file.is_file() else second.denoiser.path
    if folders.third is not None:
        from duckrabbit.models.open.upscaler import upscaler

        third = upscaler(name, folders.third, large.size, embeddings, device, dtype)
        large = replace(large, second_stage=replace(third, model=replace(third.model, weights=weights)))
    return replace(model, second_stage=SecondStage(large, bilinear, low_path, time_of_level(LOW_LEVEL)))


def embed(prompts: Sequence[str], weights: str | None, dictionary: Dictionary, device: torch.device) -> None:
    """Encode prompts and keep them; nothing but the text encoder is loaded, or downloaded.

    Raises:
        UsageError: if there is no text encoder, or it can't be loaded.
    """
    for prompt, embedding in _encode(weights, Offloader(device), prompts).items():
        dictionary.put(prompt, embedding)


def is_first_stage(unet: Part) -> bool:
    """Whether a UNet is one of IF's first stage, or built like it."""
    return _fits(unet, CHANNELS)


@dataclass(frozen=True)
class _Shared:
    """What both stages have in common."""

    name: str
    weights: str | None
    device: torch.device
    dtype: torch.dtype
    compiled: bool
    offloader: Offloader
    embeddings: Embeddings


def _stage(folder: Path, channels_in: int, call: Call, shared: _Shared) -> Model:
    unet = read_part(folder / "unet")
    if not _fits(unet, channels_in):
        raise UsageError(
            f"{unet.folder} is no UNet of DeepFloyd IF that takes {channels_in} channels and prompts: check which "
            "stage lies in which folder."
        )
    file = folder / "scheduler" / "scheduler_config.json"
    conventions = conventions_of(read_json(file), file)
    device, dtype = shared.device, shared.dtype
    load = partial(load_unet, unet, device, dtype, shared.compiled)
    need = unet.bytes * (2 if unet.variant and dtype == torch.float32 else 1)

    def embeddings(prompts: Sequence[str]) -> Tensor:
        return shared.embeddings(prompts).to(device, dtype)

    return Model(
        name=shared.name,
        kind="pictures",
        denoiser=UNetDenoiser(
            lend=partial(shared.offloader.lend, str(folder), need, load),
            conventions=conventions,
            channels=CHANNELS,
            encode=EncodedOnce(embeddings),
            call=call,
            device=device,
            dtype=dtype,
        ),
        channels=CHANNELS,
        size=int(unet.config["sample_size"]),
        conditional=True,
        check_prompt=partial(_check_prompt, shared.embeddings),
        sampler=FIRST,
        illusion_sampler=ILLUSIONS,
        threshold=conventions.threshold,
        default_prompt=DEFAULT_PROMPT,
        config={"kind": KIND, "unet": dict(unet.config)},
        checksum=fingerprint([unet]),
        device=device,
        dtype=dtype,
        weights=shared.weights,
        compiled=shared.compiled,
    )


def _fits(unet: Part, channels_in: int) -> bool:
    config = unet.config
    return (
        unet.kind == "UNet2DConditionModel"
        and config.get("in_channels") == channels_in
        and config.get("out_channels") in (CHANNELS, 2 * CHANNELS)
        and config.get("addition_embed_type") == "text"
        and isinstance(config.get("sample_size"), int)
        and (config.get("class_embed_type") == "timestep") == (channels_in == 2 * CHANNELS)
    )


def _embeddings(folders: Folders, weights: str, dictionary: Dictionary, offloader: Offloader) -> Embeddings:
    config = read_json(folders.first / "unet" / "config.json")
    width = config.get("encoder_hid_dim") or config.get("cross_attention_dim") or 0
    # On the hub there is one; in a folder it may have been left out.
    encodes = _local(weights) is None or find_text_encoder(weights) is not None
    hint = f"--weights {shlex.quote(weights)}" if encodes else "--weights FOLDER, one with the text encoder in it,"
    return Embeddings(dictionary, int(width), partial(_encode, weights, offloader) if encodes else None, hint)


def _encode(weights: str | None, offloader: Offloader, prompts: Sequence[str]) -> dict[str, Tensor]:
    text = find_text_encoder(weights)
    if text is None:
        raise UsageError(
            f"{weights} holds no text encoder: give as `weights` a folder whose stage1 has text_encoder and tokenizer."
        )
    return encoded(text, prompts, offloader)


def _check_prompt(embeddings: Embeddings, prompt: object) -> None:
    embeddings.require(text_of(prompt))
