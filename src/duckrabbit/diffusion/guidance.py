"""Classifier-free guidance as terms: what a prompt asks for, more of it than the network says by itself.

    x̂_0 = γ D(x_t, t, c) + (1 − γ) D(x_t, t, c₋)

(Ho and Salimans, 2022, arXiv:2207.12598.) Much of it sharpens a picture and drives its lowest frequency, the mean
colour, into black or white; that frequency can be given a scale of its own (Sadat et al., 2025, arXiv:2506.19713).
"""

from dataclasses import dataclass

from torch import Tensor

from duckrabbit.diffusion.condition import Guided
from duckrabbit.diffusion.terms import UPRIGHT, Band, Term, View


@dataclass(frozen=True)
class Guidance:
    """How strongly, away from what and when.

    Attributes:
        scale: γ; 1 is the conditional estimate alone, 0 the unconditional one.
        negative: c₋, the null prompt "" or what to steer away from.
        interval: the times (low, high] within which it acts (Kynkäänniemi et al., 2024, arXiv:2404.07724); γ is 1
            elsewhere, and the second evaluation is saved.
        mean_scale: γ of the mean colour, where it is below `scale`; None for the same as the rest.
        told_up_to: the largest γ that the denoiser can be told, to answer in one evaluation; 1 for one that guides
            nothing by itself.
    """

    scale: float = 1.0
    negative: str = ""
    interval: tuple[float, float] = (0.0, 1.0)
    mean_scale: float | None = None
    told_up_to: float = 1.0

    @property
    def excess(self) -> float:
        """How much less guidance the mean colour has than the rest."""
        return 0.0 if self.mean_scale is None else max(0.0, self.scale - self.mean_scale)

    @property
    def is_told(self) -> bool:
        """Whether the denoiser itself is told it: away from the null prompt, and as strongly as it has learnt."""
        return self.negative == "" and 1 <= self.scale - self.excess <= self.scale <= self.told_up_to


@dataclass(frozen=True)
class Within:
    """A weight: one value within the times (low, high], another elsewhere."""

    interval: tuple[float, float]
    inside: float
    outside: float

    def __call__(self, t: float) -> float:
        """The weight at t."""
        low, high = self.interval
        return self.inside if low < t <= high else self.outside


@dataclass(frozen=True)
class MeanColour:
    """The mean colour of what another band keeps: the mean over the pixels of each channel, at every pixel."""

    band: Band

    def __call__(self, x: Tensor, /) -> Tensor:
        """For pictures [..., C, H, W], in the same shape."""
        return self.band(x).mean((-2, -1), keepdim=True).expand_as(x)


def guided_answer(asked: Tensor, unasked: Tensor, scale: Tensor, mean_scale: Tensor) -> Tensor:
    """What guidance makes of two answers, each row under its own: γ a + (1 − γ) n − (γ − γ_m) mean(a − n).

    Args:
        asked: a, with the prompt, [B, C, H, W]: x̂_0, or what is linear in it for the same x_t.
        unasked: n, without.
        scale: γ, [B].
        mean_scale: γ_m of the mean colour, at most γ, [B].
    """
    more = asked - unasked
    whole, excess = (s.view(-1, 1, 1, 1) for s in (scale, scale - mean_scale))
    return unasked + whole * more - excess * more.mean((-2, -1), keepdim=True)


def guided(
    prompt: str, guidance: Guidance, view: View = UPRIGHT, band: Band = UPRIGHT, share: float = 1.0
) -> tuple[Term, ...]:
    """One prompt under guidance: two terms, or one where the scale leaves no other.

    Where the mean colour is guided less, two more take back what it has in excess; they cost no evaluation. A denoiser
    that can be told the guidance is asked once: the mean colour is then that of the picture as it is seen in the view.

    Args:
        prompt: c.
        guidance: γ, c₋ and when.
        view: the view in which the prompt is to be read.
        band: the band in which it is to be seen.
        share: the sum of the weights.
    """
    scale = guidance.scale
    alike = guidance.excess == 0
    if prompt == guidance.negative or (scale == 1 and alike):
        return (Term(prompt, share, view, band),)
    if scale == 0 and alike and guidance.interval == (0.0, 1.0):
        return (Term(guidance.negative, share, view, band),)
    if guidance.is_told:
        told = Guided(prompt, scale, scale - guidance.excess)
        within, beyond = Within(guidance.interval, share, 0.0), Within(guidance.interval, 0.0, share)
        return (Term(told, within, view, band), Term(prompt, beyond, view, band))
    positive = Within(guidance.interval, share * scale, share)
    negative = Within(guidance.interval, share * (1 - scale), 0.0)
    whole = (Term(prompt, positive, view, band), Term(guidance.negative, negative, view, band, leads=False))
    if alike:
        return whole
    less, more = (Within(guidance.interval, sign * share * guidance.excess, 0.0) for sign in (-1, 1))
    mean = MeanColour(band)
    return (
        *whole,
        Term(prompt, less, view, mean, leads=False),
        Term(guidance.negative, more, view, mean, leads=False),
    )
