"""Judge guidance: at every step x̂_0 is pulled towards what a judge reads as asked in every look.

    x̂_0 ← x̂_0 + λ t g / rms(g)        g = ∇_{x̂_0} Σ_l w_l log p(c_l | look_l(x̂_0))        w = softmax_l(−log p)

Classifier guidance (Dhariwal and Nichol, 2021) of the clean estimate, as in "Universal Guidance" (Bansal et al., 2023),
so that the judge need not know noise and no gradient goes through the denoiser. The denoiser sees the result again at
the next step, and takes back what no picture has; at the last steps there is no pull. The look that is read worst pulls
most. The judge sees the picture turned, resized, shifted, recoloured and noisy, each time another way: what is read in
one of them alone is no reading (as the cut-outs of CLIP guidance; Crowson, 2021).
Another judge chooses among the pictures, for the one that pulled is pleased by all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from duckrabbit.diffusion.terms import Rule, Term
from duckrabbit.search.question import Question
from duckrabbit.training.spoiling import moved, recoloured

FROM, DOWN_TO = 0.9, 0.15
"""The times at which it pulls: before, nothing is there to be read; after, nothing would mend what it does."""

GLIMPSES = 2
"""So often the judge looks at a step."""

TURN, GROW, SHIFT = 15.0, 0.15, 0.1
"""Degrees, share of the size and share of the side by which a glimpse moves the picture at most."""

LIGHT, CONTRAST, SATURATION, NOISE = 0.15, 0.25, 0.4, 0.075
"""What a glimpse adds to the pixels at most, the shares by which it changes these two, and its noise's deviation."""


@dataclass(frozen=True, eq=False)
class Pulled:
    """A rule, and after it the pull.

    A sample's pull depends on nothing but its own x̂_0 and the time.

    Attributes:
        rule: how the terms' results become x̂_0.
        question: what is to be read, and by whom.
        scale: λ, the root mean square of the change at t = 1.
        dtype: of the denoiser; if it is bfloat16, so is the judge's network. float16 would lose small gradients.
    """

    rule: Rule
    question: Question
    scale: float
    dtype: torch.dtype = torch.float32

    def __call__(self, terms: Sequence[Term], results: Sequence[Tensor], t: float) -> Tensor:
        """x̂_0 [B, C, H, W] at the time t."""
        x0 = self.rule(terms, results, t)
        if not DOWN_TO < t <= FROM:
            return x0
        gradient = self._gradient(x0, t)
        size = gradient.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        return x0 + self.scale * t * (gradient / size.clamp_min(1e-12)).to(x0.dtype)

    def _gradient(self, x0: Tensor, t: float) -> Tensor:
        generator = torch.Generator().manual_seed(round(1e6 * t))
        with torch.enable_grad():
            x = x0.detach().float().clamp(-1, 1).requires_grad_()
            seen = [look.see(x) for look in self.question.looks]
            log_p = torch.stack([self._glimpse(seen, generator) for _ in range(GLIMPSES)]).mean(dim=0)
            weights = (-log_p.detach()).softmax(dim=0)
            (gradient,) = torch.autograd.grad((weights * log_p).sum(), x)
        return gradient

    def _glimpse(self, seen: Sequence[Tensor], generator: torch.Generator) -> Tensor:
        """Log p of what is asked for, look by look, [L, B]."""
        varied = torch.cat([_varied(x, generator) for x in seen])
        with torch.autocast(varied.device.type, torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            told = self.question.reader.glance(varied).float().chunk(len(seen))
        return torch.stack([log_p[:, wanted] for log_p, wanted in zip(told, self.question.classes, strict=True)])


def _varied(x: Tensor, generator: torch.Generator) -> Tensor:
    """Every picture moved, recoloured and noisy in the same way, which the generator draws."""
    draws = (2 * torch.rand(7, 1, generator=generator) - 1).to(x)
    turn, grow, dx, dy = draws[:4].expand(-1, len(x))
    light, contrast, saturation = draws[4:, :, None, None]
    y = moved(x, TURN * turn, 1 + GROW * grow, SHIFT * dx, SHIFT * dy)
    y = recoloured(y, 1 + SATURATION * saturation, 1 + CONTRAST * contrast, LIGHT * light)
    return y + NOISE * torch.randn(x.shape[1:], generator=generator).to(x)
