"""Weights from the hub: said before a download is that they are gated, how large they are and under which licence."""

import fnmatch
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from duckrabbit.errors import UsageError
from duckrabbit.models.deepfloyd.extras import optional
from duckrabbit.models.deepfloyd.files import VARIANT

ID = re.compile(r"[\w.-]+/[\w.-]+")
UNET = ("model_index.json", "unet/*", "scheduler/*", "image_noising_scheduler/*")
TEXT = ("text_encoder/*", "tokenizer/*")
UPSCALER = (*UNET, *TEXT, "vae/*", "low_res_scheduler/*")
INDEX = "model_index.json"
ALONE = ("config.json", "diffusion_pytorch_model*.safetensors", "scheduler_config.json", "scheduler/*")
"""Of a UNet without a pipeline around it."""

WEIGHTED = ("unet", "transformer", "vae", "text_encoder", "text_encoder_2", "text_encoder_3")
"""Folders that hold weights."""


def is_hub_id(name: str) -> bool:
    """Whether a name reads as OWNER/NAME."""
    return ID.fullmatch(name) is not None


def from_hub(name: str, wanted: Sequence[str], say: Callable[[str], None] | None = None) -> Path:
    """A snapshot of a repository on this machine, downloaded if need be.

    Args:
        name: OWNER/NAME.
        wanted: patterns of the files to have; of weights only safetensors are taken, and only one variant.
        say: is told about the download before it begins; by default standard error.

    Raises:
        UsageError: if the package is missing, the machine is offline, or access has not been granted.
    """
    hub = optional("huggingface_hub")
    errors = optional("huggingface_hub.errors")
    tell = say or (lambda line: print(line, file=sys.stderr, flush=True))
    try:
        info = hub.HfApi().model_info(name, files_metadata=True)
        files = chosen([(file.rfilename, file.size or 0) for file in info.siblings], wanted)
        if not _all_here(hub, name, [file for file, _ in files]):
            tell(announcement(name, info, sum(size for _, size in files)))
        return Path(hub.snapshot_download(name, allow_patterns=[file for file, _ in files]))
    except errors.GatedRepoError as error:
        raise UsageError(
            f"{name} is gated and this account has no access: accept its licence on its page, run hf auth login, "
            "then try again."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise UsageError(
            f"There is no repository {name!r} that this account may see: check its name, or run hf auth login."
        ) from error
    # Without a network the client raises its transport's errors, which are of another library in each version.
    except Exception as error:
        kept = _kept(hub, name, wanted)
        if kept is None:
            raise UsageError(
                f"{name} is not whole on this machine and the hub can't be reached ({type(error).__name__}): "
                "go online, or give a folder that holds it in place of its name (of deepfloyd as `weights`)."
            ) from error
        return kept


def index_on_hub(name: str) -> Path | None:
    """The model_index.json of a repository, which is small; None where it has none, or can't be asked."""
    hub = optional("huggingface_hub")
    try:
        return Path(hub.hf_hub_download(name, INDEX))
    # Whatever went wrong is said when the repository itself is asked for.
    except Exception:
        return None


def chosen(files: Sequence[tuple[str, int]], wanted: Sequence[str]) -> list[tuple[str, int]]:
    """Of a repository's files (name, size) those that are wanted: of weights safetensors, of fp16 or else plain."""
    asked = [(name, size) for name, size in files if any(fnmatch.fnmatch(name, pattern) for pattern in wanted)]
    halved = {name.rpartition("/")[0] for name, _ in asked if f".{VARIANT}" in name and name.endswith(".safetensors")}
    return [(name, size) for name, size in asked if _is_needed(name, name.rpartition("/")[0] in halved)]


def announcement(name: str, info: Any, size: int) -> str:
    """What is said before a download."""
    card = info.card_data or {}
    licence = card.get("license_name") or card.get("license") or "a licence that its page states"
    gated = "gated: only who accepted its licence may download it" if info.gated else "open"
    return f"downloading {name}: {size / 1e9:.1f} GB, {gated} (licence: {licence})"


def _is_needed(name: str, halved: bool) -> bool:
    file = name.rpartition("/")[2]
    if file.endswith((".bin", ".pth", ".pt", ".ckpt", ".msgpack", ".h5", ".onnx")) or ".non_ema" in file:
        return False
    weights = file.endswith(".safetensors") or ".index." in file
    return not weights or (f".{VARIANT}" in file) == halved


def _all_here(hub: Any, name: str, files: Sequence[str]) -> bool:
    return all(isinstance(hub.try_to_load_from_cache(name, file), str) for file in files)


def _kept(hub: Any, name: str, wanted: Sequence[str]) -> Path | None:
    """The snapshot that an earlier download left, if it holds the weights that are wanted."""
    folders = sorted({pattern.rpartition("/")[0] for pattern in wanted} & set(WEIGHTED))
    configs = [hub.try_to_load_from_cache(name, f"{folder}/config.json") for folder in folders]
    alone = hub.try_to_load_from_cache(name, "config.json") if "config.json" in wanted else None
    if isinstance(alone, str) and not any(isinstance(config, str) for config in configs):
        return Path(alone).parent if any(Path(alone).parent.glob("*.safetensors")) else None
    found = [Path(config) for config in configs if isinstance(config, str)]
    whole = found and len(found) == len(folders) and all(any(own.parent.glob("*.safetensors")) for own in found)
    return found[0].parent.parent if whole else None
