"""Terms: every composition is a weighted sum of estimates.

    x̂_0 = Σ_k w_k B_k A_k⁻¹ D(A_k x_t, t, c_k)

A_k is an orthogonal view, B_k one band of a decomposition, c_k a condition. Classifier-free guidance (Ho and
Salimans, 2022, arXiv:2207.12598) is two terms with weights γ and 1 − γ; a visual anagram (Geng et al., 2024,
arXiv:2311.17919) is a term per view; a hybrid (Geng et al., 2024, "Factorized Diffusion", arXiv:2404.11615) a term per
band; negative prompts, composed prompts and spatial masks (B = a mask) are the same thing. Sums of ε̂ with
Σ w B = I are sums of x̂_0, since x_t is common to all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from duckrabbit.diffusion.condition import Condition
from duckrabbit.diffusion.denoiser import Denoiser, Prediction
from duckrabbit.diffusion.path import Path
from duckrabbit.diffusion.thresholding import Threshold, clip


class View(Protocol):
    """An orthogonal transform A of pictures [B, C, H, W]. Equal views compare and hash equal."""

    def __call__(self, x: Tensor, /) -> Tensor:
        """A x."""

    def inverse(self, y: Tensor, /) -> Tensor:
        """A⁻¹ y."""

    def inverse_fraction(self, v: Tensor, /) -> Tensor:
        """A⁻¹ for variance fractions: moved as pixels are, never negated."""


class Band(Protocol):
    """One part of a linear decomposition of pictures [B, C, H, W]. Equal bands compare equal."""

    def __call__(self, x: Tensor, /) -> Tensor:
        """B x."""


@dataclass(frozen=True)
class Upright:
    """The picture as it is: the view and the band that change nothing."""

    def __call__(self, x: Tensor, /) -> Tensor:
        """x itself."""
        return x

    def inverse(self, y: Tensor, /) -> Tensor:
        """y itself."""
        return y

    def inverse_fraction(self, v: Tensor, /) -> Tensor:
        """v itself."""
        return v


UPRIGHT = Upright()

Weight = float | Callable[[float], float]
"""A number, or a function of the time t."""


def weight_at(weight: Weight, t: float) -> float:
    """A weight at the time t."""
    return weight(t) if callable(weight) else weight


@dataclass(frozen=True)
class Term:
    """One summand w · B · A⁻¹ · D(A x_t, t, c).

    Attributes:
        condition: the prompt c; "" is the null condition. Under guidance for a denoiser that guides itself.
        weight: w, or a function of t; a term that weighs nothing at t is not evaluated there.
        view: A.
        band: B.
        leads: whether its learned variance counts; under guidance only the conditional branch's does.
    """

    condition: Condition
    weight: Weight = 1.0
    view: View = UPRIGHT
    band: Band = UPRIGHT
    leads: bool = True

    def weight_at(self, t: float) -> float:
        """w at the time t."""
        return weight_at(self.weight, t)


Correction = Callable[[Tensor, float], Tensor]
"""From the combined x̂_0 of a batch, [B, C, H, W], at time t to another one."""


def uncorrected(x0: Tensor, t: float) -> Tensor:  # noqa: ARG001
    """x̂_0 itself."""
    return x0


def weighted_sum(terms: Sequence[Term], results: Sequence[Tensor], t: float) -> Tensor:
    """x̂_0 = Σ_k w_k(t) · result_k."""
    weighted = [term.weight_at(t) * result for term, result in zip(terms, results, strict=True)]
    return torch.stack(weighted).sum(dim=0)


@dataclass(frozen=True)
class Composition:
    """Terms on a denoiser, which make a denoiser that needs no condition.

    Attributes:
        denoiser: the denoiser D.
        terms: for each sample of the batch, its terms.
        threshold: applied once to the combined x̂_0.
        low: what a second stage sees behind x, [B, C, H, W]: the enlarged, noised pictures of the first stage, one for
            each sample. A view is applied to both, since enlarging does not commute with every view.
        correction: what is done to the combined x̂_0 before the threshold.
    """

    denoiser: Denoiser
    terms: tuple[tuple[Term, ...], ...]
    threshold: Threshold = clip
    low: Tensor | None = None
    correction: Correction = uncorrected

    @property
    def path(self) -> Path:
        """The denoiser's path."""
        return self.denoiser.path

    def __call__(self, x: Tensor, t: float) -> Prediction:
        """Estimate the clean pictures of x [B, C, H, W], one row for each sample's terms, in one network call.

        Each distinct (view, condition) of a sample is evaluated once, however many terms use it: a guided hybrid
        of two prompts costs three evaluations, not four.
        """
        active = [tuple(term for term in terms if term.weight_at(t) != 0) for terms in self.terms]
        rows = _rows_of_requests(active)
        shown = x if self.low is None else torch.cat([x, self.low.to(x)], dim=1)
        seen = [view(shown[torch.tensor(samples)]) for (view, _), samples in rows.items()]
        conditions = [condition for (_, condition), samples in rows.items() for _ in samples]
        prediction = self.denoiser(torch.cat(seen), t, conditions)
        answers = _Answers(rows, prediction)

        x0 = torch.empty_like(x)
        fraction = None if prediction.variance_fraction is None else torch.empty_like(x)
        for terms, samples in _samples_of_terms(active).items():
            x0[samples] = weighted_sum(terms, [term.band(answers.x0(term, samples)) for term in terms], t)
            if fraction is not None:
                # At guidance scale 0 only terms that do not lead are left: theirs is the variance then.
                leading = [term for term in terms if term.leads] or terms
                fraction[samples] = torch.stack([answers.fraction(term, samples) for term in leading]).mean(dim=0)
        return Prediction(self.threshold(self.correction(x0, t)), fraction)


Request = tuple[View, Condition]


class _Answers:
    """The network's answers, looked up by term and sample and turned back from the term's view."""

    def __init__(self, rows: dict[Request, list[int]], prediction: Prediction) -> None:
        sizes = [len(samples) for samples in rows.values()]
        self._position = {request: {sample: k for k, sample in enumerate(samples)} for request, samples in rows.items()}
        self._x0 = dict(zip(rows, torch.split(prediction.x0, sizes), strict=True))
        fraction = prediction.variance_fraction
        self._fraction = {} if fraction is None else dict(zip(rows, torch.split(fraction, sizes), strict=True))

    def x0(self, term: Term, samples: list[int]) -> Tensor:
        return term.view.inverse(self._x0[term.view, term.condition][self._rows(term, samples)])

    def fraction(self, term: Term, samples: list[int]) -> Tensor:
        return term.view.inverse_fraction(self._fraction[term.view, term.condition][self._rows(term, samples)])

    def _rows(self, term: Term, samples: list[int]) -> Tensor:
        position = self._position[term.view, term.condition]
        return torch.tensor([position[sample] for sample in samples])


def _rows_of_requests(terms: Sequence[tuple[Term, ...]]) -> dict[Request, list[int]]:
    """Which samples need which (view, condition), each once."""
    rows: dict[Request, list[int]] = {}
    for sample, summands in enumerate(terms):
        for request in dict.fromkeys((term.view, term.condition) for term in summands):
            rows.setdefault(request, []).append(sample)
    return rows


def _samples_of_terms(terms: Sequence[tuple[Term, ...]]) -> dict[tuple[Term, ...], list[int]]:
    """Which samples share the same terms, so that they are combined together."""
    samples: dict[tuple[Term, ...], list[int]] = {}
    for sample, summands in enumerate(terms):
        samples.setdefault(summands, []).append(sample)
    return samples
