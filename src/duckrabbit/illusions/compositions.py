"""Anagrams and hybrids as lists of terms."""

from collections.abc import Sequence

from duckrabbit.diffusion.guidance import Guidance, guided
from duckrabbit.diffusion.terms import Band, Term, View
from duckrabbit.errors import UsageError


def anagram(prompts: Sequence[str], views: Sequence[View], guidance: Guidance) -> tuple[Term, ...]:
    """A visual anagram: prompt i is read in view i, and the views' estimates are averaged.

        x̂_0 = (1/n) Σ_i A_i⁻¹ D(A_i x_t, t, c_i)

    Geng, Park and Owens, "Visual Anagrams", 2024 (arXiv:2311.17919).

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
    """A hybrid picture: prompt i is seen in band i of a decomposition, each band under guidance of its own.

        x̂_0 = Σ_i B_i D(x_t, t, c_i)

    Geng, Park and Owens, "Factorized Diffusion", 2024 (arXiv:2404.11615).

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
