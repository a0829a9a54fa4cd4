"""A model from a pipeline's folder, or from the hub."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from duckrabbit.errors import UsageError
from duckrabbit.models.deepfloyd.files import Part, fingerprint, read_json, read_part
from duckrabbit.models.deepfloyd.offloading import Offloader
from duckrabbit.models.deepfloyd.unet import load_unet, require_compiler
from duckrabbit.models.device import choose_dtype
from duckrabbit.models.model import Model, text_of
from duckrabbit.models.open.autoencoder import Autoencoder, scaling
from duckrabbit.models.open.denoiser import OpenDenoiser
from duckrabbit.models.open.families import FAMILIES
from duckrabbit.models.open.family import Family, Folder, has_part
from duckrabbit.models.open.fitting import INT8, Lender, load_network
from duckrabbit.models.open.wordings import Wordings

KIND = "diffusers-open"
AUTOENCODER = "vae"
DEFAULT_PROMPT = "a high quality photo"
LEAST_SIDE = 64


def parts_of(index: Mapping[str, Any], family: Family) -> tuple[str, ...]:
    """The patterns of the files of a pipeline of a family, by its index."""
    wanted = [name for name in (*family.parts, AUTOENCODER) if has_part(index, name)]
    tokenizers = [name for name in index if name.startswith("tokenizer") and has_part(index, name)]
    return ("model_index.json", *(f"{name}/*" for name in (*wanted, *tokenizers, "scheduler", "low_res_scheduler")))


def open_model(
    name: str,
    folder: Path,
    size: int | None,
    embeddings: str | None,
    device: torch.device,
    dtype: torch.dtype | None,
    compiled: bool = False,
    family: Family | None = None,
) -> Model:
    """The model in a pipeline's folder; networks are loaded when they are first used, and take turns on the device.

    Args:
        name: as the user said.
        folder: where its model_index.json is.
        size: the side of its pictures; None for the one it was trained for.
        embeddings: the folder that keeps what prompts become; None for the user's cache.
        device: where to compute.
        dtype: of the network; None for bfloat16 where the hardware multiplies it, else float16 on a GPU; int8 for
            weights in 8 bits.
        compiled: whether the network's blocks are compiled.
        family: of its class; None for the one that is played by itself.

    Raises:
        UsageError: if it is not whole, or can't make pictures of that size.
    """
    index = read_json(folder / "model_index.json")
    family = family or FAMILIES[index["_class_name"]]
    network = read_part(folder / family.network)
    autoencoder = read_part(folder / AUTOENCODER) if has_part(index, AUTOENCODER) else None
    read = Folder(folder, index, network.config, None if autoencoder is None else autoencoder.config)
    side = _side(name, family, read, size)
    playing = family.play(read, side)
    in_8_bits = dtype == INT8
    precision = choose_dtype(device) if dtype is None or in_8_bits else dtype
    offloader = Offloader(device)
    wordings = Wordings(family, read, embeddings, offloader, precision)
    if compiled:
        require_compiler(device)
    load = partial(load_network, network, device, precision, in_8_bits, compiled)
    lend = Lender(offloader, family.network, _need(network, INT8 if in_8_bits else precision), load)
    model = Model(
        name=name,
        kind="pictures",
        denoiser=OpenDenoiser(playing.path, lend, wordings, playing.estimate, device),
        channels=3,
        size=side,
        conditional=True,
        check_prompt=partial(_check_prompt, wordings),
        sampler=family.sampler,
        illusion_sampler=family.illusion_sampler,
        threshold=playing.threshold,
        default_prompt=DEFAULT_PROMPT,
        config={"kind": KIND, "pipeline": family.pipeline, "network": dict(network.config)},
        checksum=fingerprint([network, *([] if autoencoder is None else [autoencoder])]),
        device=device,
        dtype=INT8 if in_8_bits else precision,
        compiled=compiled,
        own_grid=playing.grid,
    )
    if autoencoder is None:
        return model
    return _on_latents(model, autoencoder, read, playing.state_shape, offloader)


def wordings_of(model: Model) -> Wordings | None:
    """Where an open model's prompts are encoded and kept; None for another model."""
    denoiser = model.denoiser
    return denoiser.wordings if isinstance(denoiser, OpenDenoiser) and isinstance(denoiser.wordings, Wordings) else None


def _on_latents(
    model: Model, autoencoder: Part, folder: Folder, state_shape: tuple[int, int, int], offloader: Offloader
) -> Model:
    load = partial(load_unet, autoencoder, model.device, torch.float32)
    lend = partial(offloader.lend, AUTOENCODER, _need(autoencoder, torch.float32), load)
    coder = Autoencoder(lend, *scaling(folder), model.device)
    return replace(model, encode=coder.encode, decode=coder.decode, own_state_shape=state_shape)


def _side(name: str, family: Family, folder: Folder, size: int | None) -> int:
    """The side of the pictures, if the network can make them."""
    native, multiple = family.native_size(folder), family.side_multiple(folder)
    side = native if size is None else size
    least = max(multiple, min(LEAST_SIDE, native // 2))
    if not least <= side <= native or side % multiple:
        raise UsageError(
            f"{name} makes pictures of {native}×{native} or smaller ones whose side is a multiple of {multiple}, from "
            f"{least} on, not {side}: give `size` {max(least, min(native, side)) // multiple * multiple}, or none."
        )
    return side


def _need(part: Part, dtype: torch.dtype) -> int:
    """The bytes of a part's weights, which are kept in 16 bits if its files are of that variant, or most likely."""
    return part.bytes * dtype.itemsize // 2 if part.variant or dtype.itemsize != 2 else part.bytes


def _check_prompt(wordings: Wordings, prompt: object) -> None:
    wordings.require(text_of(prompt))
