"""The text encoder, T5: loaded once for all prompts that are missing, alone on the device, and freed."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.models.deepfloyd.embeddings import key_of
from duckrabbit.models.deepfloyd.extras import transformers
from duckrabbit.models.deepfloyd.files import Part, read_part
from duckrabbit.models.deepfloyd.offloading import SPARE, Offloader, free_bytes, release
from duckrabbit.models.device import cpu_has_bfloat16, gpu_has_bfloat16

TOKENS = 77


def text_encoder_in(folder: Path) -> Part | None:
    """The text encoder of a stage's folder; None where there is none.

    Raises:
        UsageError: if there is one, but not whole.
    """
    if not (folder / "text_encoder").is_dir() or not (folder / "tokenizer").is_dir():
        return None
    return read_part(folder / "text_encoder")


def encoded(part: Part, prompts: Sequence[str], offloader: Offloader) -> dict[str, Tensor]:
    """Prompts as IF reads them: in lower case, cut or padded to 77 tokens; the UNets are given no mask.

    Args:
        part: the text encoder; its tokenizer lies beside it.
        prompts: what to encode.
        offloader: whose device is used; the networks on it leave where memory is short.

    Returns:
        From each prompt to [1, 77, D] on the CPU, in bfloat16 where the hardware has it, else float32.

    Raises:
        UsageError: if the packages are missing or the files damaged.
    """
    package = transformers()
    device = _room_for(part, offloader)
    # float16 overflows in T5.
    has_bfloat16 = gpu_has_bfloat16(device) if device.type == "cuda" else device.type == "cpu" and cpu_has_bfloat16()
    dtype = torch.bfloat16 if has_bfloat16 else torch.float32
    print(
        f"encoding {len(prompts)} prompt{'s' if len(prompts) > 1 else ''} on {device.type}", file=sys.stderr, flush=True
    )
    try:
        tokenizer = package.T5Tokenizer.from_pretrained(str(part.folder.parent / "tokenizer"), local_files_only=True)
        network = package.T5EncoderModel.from_pretrained(
            str(part.folder), variant=part.variant, dtype=dtype, use_safetensors=True, local_files_only=True
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UsageError(f"{part.folder} can't be loaded as a text encoder ({error}): get the folder whole.") from error
    network = network.eval().to(device)
    embeddings = {prompt: _encoded(prompt, tokenizer, network) for prompt in prompts}
    del network
    release()
    return embeddings


def _encoded(prompt: str, tokenizer: Any, network: Any) -> Tensor:
    text = key_of(prompt)
    if len(tokenizer(text).input_ids) > TOKENS:
        print(f"{prompt!r} is longer than {TOKENS} tokens: its end is not read", file=sys.stderr, flush=True)
    tokens = tokenizer(text, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt")
    device = next(network.parameters()).device
    with torch.inference_mode():
        states: Tensor = network(tokens.input_ids.to(device), attention_mask=tokens.attention_mask.to(device))[0]
    return states.cpu().clone()


def _room_for(part: Part, offloader: Offloader) -> torch.device:
    """The offloader's device, made free for the encoder, or the CPU where it is too small for it."""
    need = part.bytes * (2 if offloader.device.type == "cpu" and not cpu_has_bfloat16() else 1)
    offloader.make_room(need)
    fits = offloader.device.type == "cpu" or free_bytes(offloader.device) >= need * (1 + SPARE)
    return offloader.device if fits else torch.device("cpu")
