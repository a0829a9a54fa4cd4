"""A dictionary of prompts and what the text encoder makes of them: encoded once, found by prompt ever after.

IF reads prompts in lower case and without spaces around them, so that is what they are found by. Each is a safetensors
file of its own, named by the SHA-256 of the prompt, with the prompt in its header.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from duckrabbit.errors import UsageError
from duckrabbit.media.names import cache_folder
from duckrabbit.media.tensors import write_tensors
from duckrabbit.models.deepfloyd.handed_out import SUFFIXES, read_handed_out

PICKLED = (".pth", ".pt", ".pkl", ".pickle", ".bin", ".ckpt", ".npy", ".npz")
"""What a file of embeddings would end in, and a folder would not."""

_TENSOR, _PROMPT = "embedding", "prompt"

T = TypeVar("T")

Encoder = Callable[[Sequence[str]], Mapping[str, Tensor]]
"""From prompts to their embeddings [1, N, D]."""


def default_folder() -> Path:
    """Where embeddings are kept unless the user says otherwise."""
    return cache_folder() / "embeddings"


def key_of(prompt: str) -> str:
    """A prompt as IF's text encoder gets to see it."""
    return prompt.lower().strip()


class Dictionary:
    """Embeddings on disk.

    Attributes:
        folder: where new ones are written.
        file: a .safetensors file of prompts and embeddings, or a .pth as it is handed out, that is read, too; it is
            never written to.
    """

    def __init__(self, folder: Path, file: Path | None = None) -> None:
        self.folder, self.file = folder, file
        self._handed_out = read_handed_out(file) if file is not None and file.suffix.lower() in SUFFIXES else {}
        names = list(self._handed_out)
        if file is not None and not names:
            names = _read(file, lambda opened: [str(name) for name in opened.keys()])  # noqa: SIM118
        self._in_file = {key_of(name): name for name in names}

    @staticmethod
    def at(place: str | None) -> "Dictionary":
        """The dictionary of a folder or .safetensors file that the user names; for None the default folder."""
        if place is None:
            return Dictionary(default_folder())
        path = Path(place)
        if path.suffix == ".safetensors" or (path.is_file() and path.suffix.lower() in SUFFIXES):
            return Dictionary(default_folder(), path)
        if not path.exists() and path.suffix.lower() in PICKLED:
            raise UsageError(
                f"There is no {path}: give a .safetensors file, a .pth of embeddings, or a folder to keep them in."
            )
        if path.is_file():
            raise UsageError(
                f"{path} is no file of embeddings: give a .safetensors file, a .pth of embeddings, or a folder to keep "
                "them in."
            )
        return Dictionary(path)

    def prompts(self) -> list[str]:
        """All prompts, sorted."""
        files = sorted(self.folder.glob("*.safetensors"))
        kept = [_read(path, lambda opened: str((opened.metadata() or {})[_PROMPT])) for path in files]
        return sorted({*self._in_file, *kept})

    def get(self, prompt: str) -> Tensor | None:
        """The embedding [1, N, D] of a prompt, or None.

        Raises:
            UsageError: if its file is damaged.
        """
        key = key_of(prompt)
        if self.file is not None and key in self._in_file:
            name = self._in_file[key]
            if name in self._handed_out:
                return _whole(self._handed_out[name], self.file)
            return _embedding(self.file, name)
        path = self.path(key)
        return _embedding(path, _TENSOR) if path.is_file() else None

    def put(self, prompt: str, embedding: Tensor) -> Path:
        """Keep the embedding [1, N, D] of a prompt."""
        path = self.path(prompt)
        write_tensors(path, {_TENSOR: embedding}, {_PROMPT: key_of(prompt)})
        return path

    def path(self, prompt: str) -> Path:
        """The file of a prompt that was put."""
        return self.folder / f"{hashlib.sha256(key_of(prompt).encode()).hexdigest()[:32]}.safetensors"


class Embeddings:
    """What a denoiser's prompts become: looked up, and encoded on the spot only where that is possible and needed.

    Prompts are asked for beforehand, so that the text encoder is loaded once for all that are missing.
    """

    def __init__(self, dictionary: Dictionary, width: int, encoder: Encoder | None, hint: str) -> None:
        self.dictionary = dictionary
        self._width = width
        self._encoder = encoder
        self._hint = hint
        self._found: dict[str, Tensor] = {}
        self._wanted: list[str] = []

    def require(self, prompt: str) -> None:
        """Ask for a prompt.

        Raises:
            UsageError: if it is not in the dictionary and can't be encoded, saying how to.
        """
        key = key_of(prompt)
        if key in self._wanted or self._find(key):
            return
        if self._encoder is None:
            raise UsageError(f"The prompt {prompt!r} has no embedding yet: first run {self._command(prompt)}.")
        self._wanted.append(key)

    def __call__(self, prompts: Sequence[str]) -> Tensor:
        """The embeddings [B, N, D] of B prompts, as they are kept."""
        for prompt in prompts:
            self.require(prompt)
        if self._wanted and self._encoder is not None:
            for prompt, embedding in self._encoder(self._wanted).items():
                self.dictionary.put(prompt, embedding)
                self._keep(key_of(prompt), embedding)
            self._wanted.clear()
        return torch.cat([self._found[key_of(prompt)] for prompt in prompts])

    def _find(self, key: str) -> bool:
        if key not in self._found and (embedding := self.dictionary.get(key)) is not None:
            self._keep(key, embedding)
        return key in self._found

    def _keep(self, key: str, embedding: Tensor) -> None:
        if embedding.shape[-1] != self._width:
            raise UsageError(
                f"The embedding of {key!r} has {embedding.shape[-1]} numbers a token and this model reads "
                f"{self._width}: it is another text encoder's, so give other `embeddings`."
            )
        self._found[key] = embedding

    def _command(self, prompt: str) -> str:
        escaped = prompt.replace('"', '\\"')
        return f'duckrabbit embed "{escaped}" {self._hint}'


def _read(path: Path, what: Callable[[Any], T]) -> T:
    """What there is in a .safetensors file."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return what(file)
    except (SafetensorError, OSError, KeyError) as error:
        raise UsageError(
            f"{path} can't be read as embeddings ({error}): give a whole .safetensors file, or delete it and embed its "
            "prompts anew."
        ) from error


def _embedding(path: Path, name: str) -> Tensor:
    """What a file holds under a name, [N, D] or [1, N, D], as [1, N, D]."""
    return _whole(_read(path, lambda opened: opened.get_tensor(name)), path)


def _whole(embedding: Tensor, path: Path) -> Tensor:
    whole = embedding[None] if embedding.ndim == 2 else embedding
    if whole.ndim != 3 or len(whole) != 1 or not whole.is_floating_point():
        raise UsageError(f"{path} holds {list(embedding.shape)} where an embedding is [77, 4096]: give another file.")
    return whole
