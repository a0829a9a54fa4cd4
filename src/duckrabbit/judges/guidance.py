"""Judge guidance: at every step x̂_0 is guided towards what a judge reads as asked in every look.

    x̂_0 ← x̂_0 + λ t g / rms(g)        g = ∇_{x̂_0} Σ_l w_l log p(c_l | look_l(x̂_0))        w = softmax_l(−log p)

Classifier guidance (Dhariwal and Nichol, 2021, arXiv 2105.05233) of the clean estimate, as in "Universal Guidance"
(Bansal et al., 2023, arXiv 2302.07121), so that the judge need not know noise and no gradient goes through the
denoiser. The denoiser sees the result again at the next step, and takes back what no picture has; at the last steps
there is no guidance. The look that is read worst counts most. The judge sees augmented views of the picture, turned,
resized, shifted, recoloured and noisy, each time others: what is read in one of them alone is no reading (as the
cut-outs of CLIP guidance; Crowson, 2021). Another judge chooses among the pictures, for the one that guided is pleased
by all of them.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from duckrabbit.judges.judge import Judge
from duckrabbit.judges.looks import See
from duckrabbit.judges.question import Question
from duckrabbit.training.augmentation import moved, recoloured

FROM, DOWN_TO = 0.9, 0.15
"""The times at which it acts: before, nothing is there to be read; after, nothing would mend what it does."""

AUGMENTED_VIEWS = 2
"""So often the judge looks at a step, unless the recipe asks for more."""

AT_ONCE = 64
"""Pictures whose gradient is held at once: of pocket's, 2.6 GB."""

TURN, GROW, SHIFT = 15.0, 0.15, 0.1
"""Degrees, share of the size and share of the side by which an augmented view moves the picture at most."""

LIGHT, CONTRAST, SATURATION, NOISE = 0.15, 0.25, 0.4, 0.075
"""What a view adds to the pixels at most, the shares by which it changes the next two, and its noise's deviation."""


def acts_at(t: float) -> bool:
    """Whether a judge guides at the time t."""
    return DOWN_TO < t <= FROM


@dataclass(frozen=True)
class JudgeGuidance:
    """What guides one sample, and how strongly.

    Attributes:
        question: what is to be read, and by whom.
        scale: λ, the root mean square of the change at t = 1.
        dtype: of the denoiser; if it is bfloat16, so is the judge's network. float16 would lose small gradients.
        views: how many augmented views the judge sees at a step.
    """

    question: Question
    scale: float
    dtype: torch.dtype = torch.float32
    views: int = AUGMENTED_VIEWS

    @property
    def way(self) -> Hashable:
        """Samples that share it are guided together, whatever each is to be read as."""
        sees = tuple(look.see for look in self.question.looks)
        return self.question.judge.checksum, sees, self.scale, self.dtype, self.views


@dataclass(frozen=True, eq=False)
class JudgeCorrection:
    """The correction of a batch: every sample's x̂_0 under its guidance, which depends on that x̂_0 and the time alone.

    Attributes:
        guidances: each sample's; None for those that nothing guides.
    """

    guidances: tuple[JudgeGuidance | None, ...]

    def __call__(self, x0: Tensor, t: float) -> Tensor:
        """From x̂_0 [B, C, H, W] at the time t to a more readable one."""
        if not acts_at(t) or not self._alike:
            return x0
        guided = x0.clone()
        for rows, guidances in self._alike:
            guided[rows] += guidances[0].scale * t * unit(_gradient(x0[rows], guidances, t)).to(x0.dtype)
        return guided

    @cached_property
    def _alike(self) -> list[tuple[list[int], list[JudgeGuidance]]]:
        """The rows that are guided in one way, so many at once, and how."""
        found: dict[Hashable, tuple[list[int], list[JudgeGuidance]]] = {}
        for row, guidance in enumerate(self.guidances):
            if guidance is not None:
                rows, guidances = found.setdefault(guidance.way, ([], []))
                rows.append(row)
                guidances.append(guidance)
        return [
            (rows[k : k + AT_ONCE], guidances[k : k + AT_ONCE])
            for rows, guidances in found.values()
            for k in range(0, len(rows), AT_ONCE)
        ]


def _gradient(x0: Tensor, guidances: Sequence[JudgeGuidance], t: float) -> Tensor:
    """Of Σ_l w_l log p by x̂_0 [B, C, H, W], under guidances of one way."""
    first = guidances[0]
    wanted = torch.tensor([guidance.question.classes for guidance in guidances], device=x0.device).T
    sees = [look.see for look in first.question.looks]
    generator, turns = (torch.Generator().manual_seed(round(1e6 * t)) for _ in range(2))
    turn = int(torch.randint(2**16, (), generator=turns))
    return readability(first.question.judge, sees, wanted, x0, first.views, turn, generator, first.dtype).gradient


@dataclass(frozen=True)
class Readability:
    """How readable pictures are, and what would make them more so.

    Attributes:
        log_p: of what is asked for in each look, the mean over the augmented views, [L, B].
        gradient: of Σ_l w_l log p by the pictures, [B, C, H, W].
    """

    log_p: Tensor
    gradient: Tensor


def readability(
    judge: Judge,
    sees: Sequence[See],
    wanted: Tensor,
    x0: Tensor,
    views: int,
    turn: int,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float32,
) -> Readability:
    """What a judge makes of augmented views of pictures that are looked at in one way.

    Args:
        judge: of a panel another member reads each view: what pleases one alone moves little.
        sees: the looks.
        wanted: the class that is to be read in each, [L, B].
        x0: the pictures [B, C, H, W].
        views: how many.
        turn: whose of a panel the first of them is.
        generator: draws them, on the CPU.
        dtype: bfloat16 for the judge's network in bfloat16.
    """

    def read_one_view(seen: Sequence[Tensor], turn: int) -> Tensor:
        """Log p of what is asked for, look by look, [L, B]."""
        varied = torch.cat([_varied(x, generator) for x in seen])
        with torch.autocast(varied.device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
            told = judge.log_probabilities_of_one_view(varied, turn).float().chunk(len(seen))
        return torch.stack(told).gather(2, wanted[..., None])[..., 0]

    with torch.enable_grad():
        x = x0.detach().float().clamp(-1, 1).requires_grad_()
        seen = [see(x) for see in sees]
        log_p = torch.stack([read_one_view(seen, turn + view) for view in range(views)]).mean(dim=0)
        weights = (-log_p.detach()).softmax(dim=0)
        (gradient,) = torch.autograd.grad((weights * log_p).sum(), x)
    return Readability(log_p.detach(), gradient)


def unit(gradient: Tensor) -> Tensor:
    """g / rms(g), picture by picture."""
    return gradient / gradient.square().mean(dim=(1, 2, 3), keepdim=True).sqrt().clamp_min(1e-12)


def _varied(x: Tensor, generator: torch.Generator) -> Tensor:
    """Every picture moved, recoloured and noisy in the same way, which the generator draws."""
    draws = (2 * torch.rand(7, 1, generator=generator) - 1).to(x)
    turn, grow, dx, dy = draws[:4].expand(-1, len(x))
    light, contrast, saturation = draws[4:, :, None, None]
    y = moved(x, TURN * turn, 1 + GROW * grow, SHIFT * dx, SHIFT * dy)
    y = recoloured(y, 1 + SATURATION * saturation, 1 + CONTRAST * contrast, LIGHT * light)
    return y + NOISE * torch.randn(x.shape[1:], generator=generator).to(x)
