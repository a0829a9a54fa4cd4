"""Guidance distilled: one evaluation learns to answer what two and a formula answer today."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from duckrabbit.diffusion.guidance import guided_answer
from duckrabbit.diffusion.path import Path
from duckrabbit.networks.text_encoder import without_words
from duckrabbit.training.augmentation import close_by, from_afar
from duckrabbit.training.data import Batch
from duckrabbit.training.objectives import Times

LEAST, MOST = 0.2, 0.8
"""The share that a picture has at least and at most of one that is read in two views."""

Teacher = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From x_t [B, C, H, W], t [B] and tokens [B, L] to the output [B, C, H, W] of a network that learns no more."""


@dataclass(frozen=True)
class GuidanceScales:
    """How strongly training guides: γ, and γ of the mean colour, which is never the larger.

    Attributes:
        largest: γ is uniform in [1, largest], γ of the mean colour in [1, γ].
        usual: pairs that are drawn more often, each as often as another.
        share: how often one of those is drawn.
    """

    largest: float
    usual: tuple[tuple[float, float], ...]
    share: float = 0.5

    def __call__(self, count: int, generator: torch.Generator) -> Tensor:
        """`count` pairs, [count, 2]."""
        device = generator.device
        chance = torch.rand(4, count, generator=generator, device=device)
        scale = 1 + (self.largest - 1) * chance[0]
        drawn = torch.stack([scale, 1 + (scale - 1) * chance[1]], dim=1)
        which = (chance[2] * len(self.usual)).long().clamp(max=len(self.usual) - 1)
        usual = torch.tensor(self.usual, device=device)[which]
        return torch.where(chance[3, :, None] < self.share, usual, drawn)


@dataclass(frozen=True)
class Asked:
    """What a network that guides itself is asked.

    Attributes:
        x_t: noisy pictures [B, C, H, W].
        t: their times [B].
        tokens: the prompts [B, L].
        told: γ and γ of the mean colour [B, 2].
    """

    x_t: Tensor
    t: Tensor
    tokens: Tensor
    told: Tensor

    def __add__(self, other: "Asked") -> "Asked":
        """The rows of both, these first."""
        return Asked(*(torch.cat(pair) for pair in zip(self.parts, other.parts, strict=True)))

    @property
    def parts(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The network's arguments."""
        return self.x_t, self.t, self.tokens, self.told


@dataclass(frozen=True)
class GuidanceDistillation:
    """Mean squared error to a teacher's guided output, of a network that is told the guidance.

        L = E |network(x_t, t, c, γ, γ_m) − (γ T(c) + (1 − γ) T(∅) − (γ − γ_m) mean(T(c) − T(∅)))|²

    The first stage of Meng et al., 2023, arXiv:2210.03142. The weights of T(c) and T(∅), the teacher's outputs for x_t,
    add up to one, so that guiding outputs is guiding x̂_0. Some x_t are of pictures that only compositions show, a
    picture mixed with another one's view, and hybrids: there is no true answer to them, and none is needed.

    Attributes:
        path: gives α_t and σ_t.
        times: draws t.
        teacher: T; it is never told a guidance.
        scales: draws γ and γ_m.
        composed: how many are noised from a composition of two pictures.
    """

    path: Path
    times: Times
    teacher: Teacher
    scales: GuidanceScales
    composed: float = 0.3

    def __call__(self, network: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        """The mean loss over the batch's pictures and pixels."""
        asked = self.asked(batch, generator)
        return F.mse_loss(network(*asked.parts).float(), self.answer(asked))

    def asked(self, batch: Batch, generator: torch.Generator) -> Asked:
        """The batch's pictures and compositions of them, noised."""
        count, device = len(batch.x0), batch.x0.device
        told = self.scales(count, generator)
        mixed = torch.rand(count, generator=generator, device=device) < self.composed
        x0 = torch.where(mixed.view(-1, 1, 1, 1), composed(batch.x0, generator), batch.x0)
        t = self.times(count, generator)
        alpha_t, sigma_t = (c.view(-1, 1, 1, 1) for c in self.path(t))
        noise = torch.randn(x0.shape, generator=generator, device=device)
        x_t = alpha_t.to(x0) * x0 + sigma_t.to(x0) * noise
        return Asked(x_t, t.to(device, torch.float32), batch.condition, told)

    @torch.no_grad()
    def answer(self, asked: Asked) -> Tensor:
        """What guidance makes of the teacher's answers with the prompt and without, from one evaluation of both."""
        x_t, t, tokens, told = asked.parts
        both = self.teacher(torch.cat([x_t, x_t]), torch.cat([t, t]), torch.cat([tokens, without_words(tokens)]))
        return guided_answer(*both.float().chunk(2), *told.unbind(1))


def composed(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each picture [B, 3, S, S] with the one before it in the batch: half as anagrams are mixed, half as hybrids are.

    In an anagram the other picture is mirrored or turned in one of eight ways.
    """
    chance = torch.rand(6, len(x), 1, 1, 1, generator=generator, device=x.device)
    other = x.roll(1, dims=0)
    for coin, changed in zip(chance, (_mirrored, _upside_down, _transposed), strict=False):
        other = torch.where(coin < 0.5, changed(other), other)
    share = LEAST + (MOST - LEAST) * chance[3]
    anagram = torch.lerp(other, x, share)
    hybrid = torch.where(chance[4] < 0.5, close_by(x), from_afar(x))
    return torch.where(chance[5] < 0.5, anagram, hybrid)


def _mirrored(x: Tensor) -> Tensor:
    return x.flip(-1)


def _upside_down(x: Tensor) -> Tensor:
    return x.flip(-2)


def _transposed(x: Tensor) -> Tensor:
    return x.transpose(-2, -1)
