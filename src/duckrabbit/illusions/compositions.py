"""The usual lists of terms: guidance, anagrams, hybrids."""

from collections.abc import Sequence
from dataclasses import dataclass

from duckrabbit.diffusion.terms import UPRIGHT, Band, Term, View
from duckrabbit.errors import UsageError
from duckrabbit.illusions.bands import Mean


@dataclass(frozen=True)
class Guidance:
    """Classifier-free guidance (Ho and Salimans, 2022).

        x̂_0 = γ D(x_t, t, c) + (1 − γ) D(x_t, t, c₋)

    Attributes:
        scale: γ; 1 is the conditional estimate alone, 0 the unconditional one.
        negative: c₋, the null prompt or what to steer away from.
        interval: the times (low, high] within which it acts (Kynkäänniemi et al., 2024); γ is 1 elsewhere, and the
            second evaluation is saved.
        mean_scale: γ of the mean colour, where it is below `scale`: much guidance sharpens a picture, but drives its
            lowest frequency into black or white (Sadat et al., 2025, "Guidance in the Frequency Domain"). None for
            the same as the rest.
    """

    scale: float = 1.0
    negative: str = ""
    interval: tuple[float, float] = (0.0, 1.0)
    mean_scale: float | None = None

    @property
    def excess(self) -> float:
        """How much less guidance the mean colour has than the rest."""
        return 0.0 if self.mean_scale is None else max(0.0, self.scale - self.mean_scale)


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


def guided(
    prompt: str, guidance: Guidance, view: View = UPRIGHT, band: Band = UPRIGHT, share: float = 1.0
) -> tuple[Term, ...]:
    """One prompt under guidance: two terms, or one where the scale leaves no other.

    Where the mean colour is guided less, two more take back what it has in excess; they cost no evaluation.

    Args:
        prompt: c.
        guidance: γ and the negative prompt.
        view: the view in which the prompt is to be read.
        band: the band in which it is to be seen.
        share: the weight of the whole.
    """
    scale = guidance.scale
    alike = guidance.excess == 0
    if prompt == guidance.negative or (scale == 1 and alike):
        return (Term(prompt, share, view, band),)
    if scale == 0 and alike and guidance.interval == (0.0, 1.0):
        return (Term(guidance.negative, share, view, band),)
    positive = Within(guidance.interval, share * scale, share)
    negative = Within(guidance.interval, share * (1 - scale), 0.0)
    whole = (Term(prompt, positive, view, band), Term(guidance.negative, negative, view, band, leads=False))
    if alike:
        return whole
    less, more = (Within(guidance.interval, sign * share * guidance.excess, 0.0) for sign in (-1, 1))
    mean = Mean(band)
    return (
        *whole,
        Term(prompt, less, view, mean, leads=False),
        Term(guidance.negative, more, view, mean, leads=False),
    )


def anagram(prompts: Sequence[str], views: Sequence[View], guidance: Guidance) -> tuple[Term, ...]:
    """A visual anagram (Geng, Park and Owens, 2024): prompt i is read in view i, the estimates are averaged.

    Raises:
        UsageError: unless there is one view for each prompt.
    """
    if len(prompts) != len(views):
        raise UsageError(
            f"{len(prompts)} prompts and {len(views)} views don't go together: give each prompt one view "
            "(the first prompt is read upright)."
        )
    share = 1 / len(prompts)
    return tuple(
        term
        for prompt, view in zip(prompts, views, strict=True)
        for term in guided(prompt, guidance, view=view, share=share)
    )


def hybrid(prompts: Sequence[str], bands: Sequence[Band], guidances: Sequence[Guidance]) -> tuple[Term, ...]:
    """A hybrid picture (Geng, Park and Owens, 2024, "Factorized Diffusion"): prompt i is seen in band i.

    Raises:
        UsageError: unless there is one band and one guidance for each prompt.
    """
    if not len(prompts) == len(bands) == len(guidances):
        raise UsageError(
            f"{len(prompts)} prompts don't fill {len(bands)} bands under {len(guidances)} guidances: give one of each."
        )
    return tuple(
        term
        for prompt, band, guidance in zip(prompts, bands, guidances, strict=True)
        for term in guided(prompt, guidance, band=band)
    )
