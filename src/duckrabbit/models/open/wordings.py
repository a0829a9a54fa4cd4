"""What prompts become: encoded once by a pipeline's own encoders, kept on disk, and found ever after.

Kept are the encoders' very tensors, in safetensors, in a folder that is named by the encoders' checksum. The encoders
are loaded once for all prompts that are missing, before the network, and freed.
"""

import hashlib
import inspect
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from duckrabbit.errors import UsageError
from duckrabbit.media.tensors import write_tensors
from duckrabbit.models.deepfloyd.embeddings import default_folder
from duckrabbit.models.deepfloyd.extras import diffusers, optional, transformers
from duckrabbit.models.deepfloyd.files import fingerprint, read_part
from duckrabbit.models.deepfloyd.offloading import SPARE, Offloader, free_bytes, release
from duckrabbit.models.device import cpu_has_bfloat16, gpu_has_bfloat16
from duckrabbit.models.open.family import Family, Folder, Wording

CLEANED = ("PRXPixelPipeline", "PRXPipeline")
"""Pipelines that clean prompts by ftfy, and raise a NameError without it."""


class Wordings:
    """The wordings of prompts by one folder's encoders.

    Attributes:
        family: whose.
        folder: where the encoders are.
        cache: where wordings are kept.
        offloader: whose device the encoders use; the networks on it leave where memory is short.
        dtype: the network's; encoders compute in float32 if it does, else in bfloat16, for float16 overflows in T5.
    """

    def __init__(
        self, family: Family, folder: Folder, cache: str | None, offloader: Offloader, dtype: torch.dtype
    ) -> None:
        self.family, self.folder, self.offloader, self.dtype = family, folder, offloader, dtype
        self._parts = {name: read_part(folder.path / name) for name in family.encoders if folder.has(name)}
        place = default_folder() if cache is None else Path(cache)
        if place.is_file() or place.suffix:
            raise UsageError(
                f"{place} is no folder, and {family.pipeline}s keep what prompts become in one: give as `embeddings` a "
                "folder, or nothing."
            )
        self.cache = place / f"{family.pipeline}-{self._checksum()}-{str(dtype).removeprefix('torch.')}"
        self._found: dict[str, Wording] = {}
        self._wanted: list[str] = []

    def require(self, prompt: str) -> None:
        """Ask for a prompt, so that all that are missing are encoded together."""
        if prompt not in self._wanted and not self._find(prompt):
            self._wanted.append(prompt)

    def __call__(self, prompts: Sequence[str]) -> list[Wording]:
        """The wordings of prompts, on the CPU."""
        for prompt in prompts:
            self.require(prompt)
        if self._wanted:
            self._encode()
        return [self._found[prompt] for prompt in prompts]

    def prompts(self) -> list[str]:
        """All prompts that are kept, sorted."""
        return sorted(_prompt_of(file) for file in self.cache.glob("*.safetensors"))

    def file(self, prompt: str) -> Path:
        """Where a prompt's wording is kept."""
        return self.cache / f"{hashlib.sha256(prompt.encode()).hexdigest()[:32]}.safetensors"

    def _checksum(self) -> str:
        """Of the encoders' weights and of the tokenizers' files."""
        digest = hashlib.sha256(fingerprint(list(self._parts.values())).encode())
        for file in sorted(self.folder.path.glob("tokenizer*/*")):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:16]

    def _find(self, prompt: str) -> bool:
        if prompt not in self._found and (file := self.file(prompt)).is_file():
            try:
                with safe_open(file, framework="pt", device="cpu") as opened:
                    self._found[prompt] = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            except (SafetensorError, OSError) as error:
                raise UsageError(f"{file} can't be read ({error}): delete it, it is made anew.") from error
        return prompt in self._found

    def _encode(self) -> None:
        """Encode all that is wanted, and keep it."""
        pipeline = self._pipeline()
        for prompt in self._wanted:
            with torch.inference_mode():
                made = self.family.wording(pipeline, prompt)
            self._found[prompt] = {name: tensor.detach().cpu().clone() for name, tensor in made.items()}
            write_tensors(self.file(prompt), self._found[prompt], {"prompt": json.dumps(prompt)})
        self._wanted.clear()
        del pipeline
        release()

    def _pipeline(self) -> Any:
        """The pipeline with its encoders on the device, and nothing else."""
        if self.family.pipeline in CLEANED:
            optional("ftfy")
        kind = getattr(diffusers(), self.family.pipeline)
        device, dtype = self._room()
        count = len(self._wanted)
        print(f"encoding {count} prompt{'s' if count > 1 else ''} on {device.type}", file=sys.stderr, flush=True)
        known = inspect.signature(kind.__init__).parameters
        given = {name: value for name, value in self.folder.index.items() if name in known}
        loaded = {name: self._loaded(kind, name, value, dtype) for name, value in given.items()}
        made = kind(**loaded).to(device)
        # Some read how wide a missing encoder's tokens would be off their network's configuration.
        setattr(made, self.family.network, SimpleNamespace(config=SimpleNamespace(**self.folder.network)))
        return made

    def _loaded(self, kind: Any, name: str, value: Any, dtype: torch.dtype) -> Any:
        """A setting as it is, a text encoder or tokenizer loaded, any other part of a pipeline of a kind left out."""
        if not isinstance(value, list):
            return value
        path, encodes = self.folder.path / name, name in self._parts
        if not all(value) or not (encodes or name.startswith("tokenizer")):
            return None
        package, wanted = transformers(), str(value[1])
        # Some pipelines bring an encoder of their own; names of tokenizers come and go with transformers' versions.
        own = sys.modules[str(kind.__module__).rpartition(".")[0]]
        spare = None if encodes else package.AutoTokenizer
        loader = getattr(package, wanted, None) or getattr(own, wanted, spare)
        if loader is None:
            raise UsageError(f"{path} is of a {wanted}, which the installed transformers lacks: install a newer one.")
        try:
            if not encodes:
                return loader.from_pretrained(str(path), local_files_only=True)
            variant = self._parts[name].variant
            loaded = loader.from_pretrained(
                str(path), variant=variant, dtype=dtype, use_safetensors=True, local_files_only=True
            )
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
            raise UsageError(f"{path} can't be loaded as a {wanted} ({error}): get the folder whole.") from error
        return loaded.eval().requires_grad_(False)

    def _room(self) -> tuple[torch.device, torch.dtype]:
        """Where the encoders go, made free for them, and how precisely they compute.

        Raises:
            UsageError: if not even the CPU's memory holds them.
        """
        device, cpu = self.offloader.device, torch.device("cpu")
        weights = sum(part.bytes for part in self._parts.values())
        for place in dict.fromkeys((device, cpu)):
            dtype = self._dtype(place)
            # Weights are kept in 16 bits, mostly.
            need = weights * dtype.itemsize // 2
            self.offloader.make_room(need)
            if free_bytes(place) >= need * (1 + SPARE if place.type != "cpu" else 1):
                return place, dtype
        raise UsageError(
            f"The text encoders of {self.folder.path} need {need / 1e9:.1f} GB of memory and less is free: encode the "
            "prompts on a larger machine and give the folder that it keeps them in as `embeddings`."
        )

    def _dtype(self, device: torch.device) -> torch.dtype:
        on_gpu = device.type == "cuda" and gpu_has_bfloat16(device)
        has_bfloat16 = on_gpu or (device.type == "cpu" and cpu_has_bfloat16())
        return torch.bfloat16 if has_bfloat16 and self.dtype != torch.float32 else torch.float32


def _prompt_of(file: Path) -> str:
    try:
        with safe_open(file, framework="pt", device="cpu") as opened:
            return str(json.loads((opened.metadata() or {})["prompt"]))
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise UsageError(f"{file} can't be read ({error}): delete it, it is made anew.") from error
