"""A judge of any words: CLIP (Radford et al., 2021, arXiv:2103.00020) or SigLIP (Zhai et al., 2023, arXiv:2303.15343).

Both embed pictures and words on one sphere; s is the cosine between them, and 1/τ the scale that they were trained
with. What a picture is read as is weighed against what else it could be, everyday things d:

    p(c | x) = e^{s(x, c)/τ} / (e^{s(x, c)/τ} + Σ_d e^{s(x, d)/τ})
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from duckrabbit.datasets.names import everyday
from duckrabbit.errors import UsageError
from duckrabbit.judges.judge import Judge, load_judge
from duckrabbit.judges.looks import Look
from duckrabbit.models.deepfloyd.extras import transformers
from duckrabbit.models.deepfloyd.files import Part, fingerprint, read_json, read_part
from duckrabbit.models.deepfloyd.hub import from_hub, is_hub_id

CLASSES = {"clip": "CLIPModel", "siglip": "SiglipModel"}
"""What is read, by the `model_type` of a configuration."""

FILES = ("config.json", "model*.safetensors*", "preprocessor_config.json", "*token*.json", "vocab.json", "merges.txt")
CLIP_MEAN, CLIP_DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
AT_ONCE = 64


class Sphere:
    """A network that embeds pictures and words; words are embedded once.

    Attributes:
        network: CLIP or SigLIP of transformers.
        tokenizer: its own.
        side: of the pictures that it takes.
        mean: of their channels in [0, 1], which is taken off.
        deviation: by which they are divided.
        asked: the prompts that were asked for.
    """

    def __init__(self, network: Any, tokenizer: Any, side: int, mean: Tensor, deviation: Tensor) -> None:
        self.network, self.tokenizer = network, tokenizer
        self.side, self.mean, self.deviation = side, mean, deviation
        self.asked: list[str] = []
        self._words: dict[str, Tensor] = {}

    def ask(self, prompt: str) -> int | None:
        """The class of a prompt, a new one if need be; None for an empty one."""
        if not prompt.strip():
            return None
        if prompt not in self.asked:
            self.asked.append(prompt)
        return self.asked.index(prompt)

    @property
    def inverse_temperature(self) -> float:
        """1/τ."""
        return float(self.network.logit_scale.exp())

    def pictures(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 3, S, S] in [−1, 1] → [N, D] of length 1, with gradients."""
        x = F.interpolate(pictures, size=(self.side, self.side), mode="bicubic", antialias=True, align_corners=False)
        x = ((x.clamp(-1, 1) + 1) / 2 - self.mean.to(x)) / self.deviation.to(x)
        return F.normalize(_pooled(self.network.get_image_features(pixel_values=x)), dim=-1)

    def words(self, prompts: Sequence[str]) -> Tensor:
        """Prompts → [K, D] of length 1."""
        missing = [prompt for prompt in dict.fromkeys(prompts) if prompt not in self._words]
        for first in range(0, len(missing), AT_ONCE):
            part = missing[first : first + AT_ONCE]
            # SigLIP was trained on padded prompts without a mask.
            padding = "max_length" if self.network.config.model_type == "siglip" else True
            length = int(self.network.config.text_config.max_position_embeddings)
            tokens = self.tokenizer(part, padding=padding, truncation=True, max_length=length, return_tensors="pt")
            mask = {} if padding == "max_length" else {"attention_mask": tokens.attention_mask.to(self.mean.device)}
            with torch.inference_mode(False), torch.no_grad():
                told = _pooled(self.network.get_text_features(tokens.input_ids.to(self.mean.device), **mask))
            self._words |= dict(zip(part, F.normalize(told, dim=-1), strict=True))
        return torch.stack([self._words[prompt] for prompt in prompts])


@dataclass(frozen=True, kw_only=True)
class OpenJudge(Judge):
    """A judge whose classes are the prompts that it was asked for, each weighed against its `names` alone.

    Attributes:
        sphere: where pictures and words meet.
    """

    sphere: Sphere = field(repr=False)

    @property
    def chance(self) -> float:
        """How often a guess between what is asked for and all names would be right."""
        return 1 / (len(self.names) + 1)

    def log_probabilities_of_one_view(self, pictures: Tensor, turn: int = 0) -> Tensor:  # noqa: ARG002
        """Pictures [N, 1 or 3, S, S] on the judge's device → log p of each prompt, [N, K], with gradients."""
        return self._verdict(self._fitted(pictures))

    def similarities(self, pictures: Tensor, prompts: Sequence[str]) -> Tensor:
        """The cosines between pictures [N, 1 or 3, S, S] and prompts, [N, K], on the CPU."""
        words = self.sphere.words(prompts)
        return self._batched(lambda x: self.sphere.pictures(x) @ words.T, pictures)

    def _verdict(self, x: Tensor) -> Tensor:
        seen = self.sphere.inverse_temperature * self.sphere.pictures(x)
        wanted = seen @ self.sphere.words(self.sphere.asked).T
        others = (seen @ self.sphere.words([with_article(name) for name in self.names]).T).logsumexp(1, keepdim=True)
        return wanted - torch.logaddexp(wanted, others.expand_as(wanted))

    def _fitted(self, pictures: Tensor) -> Tensor:
        return pictures.float().clamp(-1, 1).expand(-1, 3, -1, -1)


@dataclass(frozen=True)
class Agreement:
    """How well pictures show prompts in their looks, as "Visual Anagrams" measures it (Geng et al., arXiv:2311.17919).

    S_ij is the cosine between look i of a picture and prompt j.

    Attributes:
        similarities: S, [N, L, L].
        alignment: A = min_i S_ii, [N]: how well the look that is shown worst is shown.
        concealment: C = tr softmax(S/τ)/L, the mean of the softmax over either axis, [N]: how little one look shows of
            what is to be seen in another; 1/L is chance.
    """

    similarities: Tensor
    alignment: Tensor
    concealment: Tensor


def agreement(judge: OpenJudge, looks: Sequence[Look], pictures: Tensor) -> Agreement:
    """How well pictures [N, C, S, S] show what each look asks for."""
    prompts = [look.prompt for look in looks]
    s = torch.stack([judge.similarities(look.see(pictures), prompts) for look in looks], dim=1)
    scaled = s * judge.sphere.inverse_temperature
    both = (scaled.softmax(dim=1) + scaled.softmax(dim=2)) / 2
    own = s.diagonal(dim1=1, dim2=2)
    return Agreement(s, own.amin(dim=1), both.diagonal(dim1=1, dim2=2).mean(dim=1))


@dataclass(frozen=True)
class JudgeFiles:
    """A judge on the disk.

    Attributes:
        folder: of transformers.
        kind: what of transformers reads it.
        weights: its configuration and the files of its weights.
    """

    folder: Path
    kind: str
    weights: Part


def judge_files(name: str) -> JudgeFiles:
    """The judge in a folder of transformers, or of a hub id, as far as can be told before it is loaded.

    Raises:
        UsageError: if it is of another kind, its weights are pickled, or what loads it is not installed.
    """
    folder = Path(name)
    if not folder.is_dir():
        if not is_hub_id(name):
            raise UsageError(
                f"There is no judge {name!r}: give as `judge` a folder with CLIP or SigLIP in it, or its id."
            )
        folder = from_hub(name, FILES)
    config = read_json(folder / "config.json")
    kind = CLASSES.get(str(config.get("model_type")))
    if kind is None:
        raise UsageError(
            f"{name} is a {config.get('model_type', 'nameless')} and no judge: give CLIP or SigLIP, such as "
            "openai/clip-vit-large-patch14."
        )
    transformers()
    return JudgeFiles(folder, kind, read_part(folder))


@cache
def open_judge(name: str, device: torch.device) -> OpenJudge:
    """The judge in a folder of transformers, or of a hub id.

    Raises:
        UsageError: if it is of another kind, not whole, or its weights are pickled.
    """
    files, package = judge_files(name), transformers()
    folder, kind = files.folder, files.kind
    try:
        network = getattr(package, kind).from_pretrained(
            str(folder), dtype=torch.float32, use_safetensors=True, local_files_only=True
        )
        tokenizer = package.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise UsageError(f"{name} can't be loaded as a {kind} ({error}): get the folder whole.") from error
    network = network.eval().requires_grad_(False).to(device)
    said = read_json(folder / "preprocessor_config.json") if (folder / "preprocessor_config.json").is_file() else {}
    mean, deviation = (
        torch.tensor(said.get(key, default), device=device).view(3, 1, 1)
        for key, default in (("image_mean", CLIP_MEAN), ("image_std", CLIP_DEVIATION))
    )
    sphere = Sphere(network, tokenizer, int(network.config.vision_config.image_size), mean, deviation)
    return OpenJudge(
        "pictures",
        "selecting",
        _names(),
        sphere.ask,
        network,
        device,
        fingerprint([files.weights])[:16],
        sphere=sphere,
    )


def with_article(name: str) -> str:
    """A name as a prompt: "apple" → "an apple"."""
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


@cache
def _names() -> tuple[str, ...]:
    """Everyday things that are called by one word."""
    every = dict.fromkeys(everyday(name) for name in load_judge("pictures", "selecting").names)
    return tuple(name for name in every if " " not in name)


def _pooled(answer: Any) -> Tensor:
    """The embeddings in an answer, which is of another type in each version of transformers."""
    found: Tensor = getattr(answer, "pooler_output", answer)
    return found.float()
