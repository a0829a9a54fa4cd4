"""Several views on latents: turning a latent is not turning its picture, so every view has a latent of its own.

With E and D the autoencoder, π_i the views and ẑ^i the guided estimate of view i under its own prompt, at every step

    x^i = D(ẑ^i)                            Δ^i = ẑ^i − E(x^i)
    x̂ = Σ_i w_i π_i⁻¹ x^i                  Δ̂ = Σ_i w_i π_i⁻¹ Δ^i, on the latents' grid
    ẑ_0^i = E(π_i x̂) + π_i Δ̂

and the solver steps latent i towards ẑ_0^i (Chang et al., 2025, "LookingGlass", arXiv:2504.08902, Algorithm 1). What
the autoencoder loses, Δ, is given back, without which colours wash out. Bands are taken of the decoded estimates alike.
Below a time the first view may finish alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from duckrabbit.diffusion.condition import Condition
from duckrabbit.diffusion.denoiser import Denoiser, Prediction
from duckrabbit.diffusion.grid import Grid
from duckrabbit.diffusion.path import Path
from duckrabbit.diffusion.terms import UPRIGHT, Band, Correction, Term, View, uncorrected
from duckrabbit.diffusion.thresholding import Threshold, unclipped

TRAVELLED = (0.2, 0.8)
"""The share of the way between which steps are made twice, with noise in between: time travel."""

ALONE = 0.8
"""The share of the way after which the first view finishes alone."""

Coder = Callable[[Tensor], Tensor]


def views_of(terms: Sequence[Term]) -> tuple[View, ...]:
    """The views of terms, each once, in their order: latent i is seen through view i."""
    return tuple(dict.fromkeys(term.view for term in terms))


def travelling(steps: int) -> tuple[int, ...]:
    """How often each of so many steps is made."""
    low, high = TRAVELLED
    return tuple(2 if low <= k / steps < high else 1 for k in range(steps))


def alone_from(grid: Grid) -> float:
    """The time from which on the first view is alone."""
    return grid[min(round(ALONE * (len(grid) - 1)), len(grid) - 1)]


@dataclass(frozen=True)
class Estimate:
    """What one view and one band are estimated to be: a latent ẑ [1, C, h, w], and how much it weighs."""

    view: View
    band: Band
    z: Tensor
    weight: float


@dataclass(frozen=True)
class LatentComposition:
    """Terms on a denoiser of latents, which make a denoiser that needs no condition.

    Attributes:
        denoiser: of latents [B, C, h, w].
        terms: for each sample of the batch, its terms; all samples have as many views.
        encode: E, from pictures [B, 3, S, S] to latents.
        decode: D.
        threshold: applied once to each latent estimate.
        correction: what is done to the combined pictures x̂.
        alone_from: the time from which on the first view finishes alone; 0 for never.
        low: what a later stage sees behind each view's latent, through that view: [B, 3, h, w].
    """

    denoiser: Denoiser
    terms: tuple[tuple[Term, ...], ...]
    encode: Coder
    decode: Coder
    threshold: Threshold = unclipped
    correction: Correction = uncorrected
    alone_from: float = 0.0
    low: Tensor | None = None

    @property
    def path(self) -> Path:
        """The denoiser's path."""
        return self.denoiser.path

    def __call__(self, x: Tensor, t: float) -> Prediction:
        """Estimate the clean latents of x [B, V C, h, w], V views' latents one behind the other, in one network call.

        One estimate of all that is to be seen is left as it is: it is its own combination.
        """
        every = self._estimates(x, t)
        if self.correction is uncorrected:
            seen = [
                [own[0].z] if self._is_plain(k, own, t) else self._seen(k, *_combined(own, self), t)
                for k, own in enumerate(every)
            ]
            return Prediction(torch.cat([self._placed(x[[k]], own) for k, own in enumerate(seen)]))
        combined = [_combined(own, self) for own in every]
        pictures = self.correction(torch.cat([picture for picture, _ in combined]), t)
        rows = [
            self._placed(x[[k]], self._seen(k, picture[None], residual, t))
            for k, (picture, (_, residual)) in enumerate(zip(pictures, combined, strict=True))
        ]
        return Prediction(torch.cat(rows))

    def pictures(self, x: Tensor) -> Tensor:
        """The pictures [N, 3, S, S] of the first N states [N, V C, h, w]: of the first view's latents, turned back."""
        shown = self.decode(x[:, : self._channels(x)])
        return torch.cat([views_of(own)[0].inverse(row[None]) for own, row in zip(self.terms, shown, strict=False)])

    def _channels(self, x: Tensor) -> int:
        return x.shape[1] // max(1, len(views_of(self.terms[0])))

    def _views(self, sample: int, t: float) -> tuple[View, ...]:
        """The views that have a say at a time: in its turn another than the first has it to the end."""
        terms = self.terms[sample]
        views = views_of(terms)
        is_turn = any(term.view == views[0] and term.weight_at(t) != 0 for term in terms)
        return views[:1] if t <= self.alone_from and is_turn else views

    def _is_plain(self, sample: int, estimates: Sequence[Estimate], t: float) -> bool:
        return len(estimates) == len(self._views(sample, t)) == 1 and estimates[0].band == UPRIGHT

    def _estimates(self, x: Tensor, t: float) -> list[list[Estimate]]:
        """Each sample's estimates, by view and band."""
        channels = self._channels(x)
        requests: dict[tuple[int, View, Condition], Tensor] = {}
        active: list[list[Term]] = []
        for k, terms in enumerate(self.terms):
            views, here = views_of(terms), self._views(k, t)
            active.append([term for term in terms if term.weight_at(t) != 0 and term.view in here])
            for term in active[-1]:
                first = views.index(term.view) * channels
                latent = x[[k], first : first + channels]
                seen = latent if self.low is None else torch.cat([latent, term.view(self.low[[k]].to(x))], dim=1)
                requests.setdefault((k, term.view, term.condition), seen)
        x0 = self.denoiser(torch.cat(list(requests.values())), t, [condition for _, _, condition in requests]).x0
        answers = dict(zip(requests, torch.split(x0, 1), strict=True))
        return [
            _grouped(terms, [answers[k, term.view, term.condition] for term in terms], t)
            for k, terms in enumerate(active)
        ]

    def _seen(self, sample: int, picture: Tensor, residual: Tensor, t: float) -> list[Tensor]:
        """ẑ_0 of each view that has a say."""
        return [self.encode(view(picture)) + view(residual) for view in self._views(sample, t)]

    def _placed(self, x: Tensor, latents: Sequence[Tensor]) -> Tensor:
        """The latents of all views [1, V C, h, w]; one that has no say any more stays where it is."""
        known = torch.cat([self.threshold(z) for z in latents], dim=1)
        return torch.cat([known, x[:, known.shape[1] :]], dim=1)


def _grouped(terms: Sequence[Term], answers: Sequence[Tensor], t: float) -> list[Estimate]:
    """One estimate for each view and band: under guidance several terms make one."""
    groups: dict[tuple[View, Band], list[tuple[float, Tensor]]] = {}
    for term, answer in zip(terms, answers, strict=True):
        groups.setdefault((term.view, term.band), []).append((term.weight_at(t), answer))
    made = []
    for (view, band), parts in groups.items():
        weight = sum(own for own, _ in parts)
        made.append(Estimate(view, band, torch.stack([own / weight * z for own, z in parts]).sum(dim=0), weight))
    return made


def _combined(estimates: Sequence[Estimate], through: LatentComposition) -> tuple[Tensor, Tensor]:
    """The picture x̂ [1, 3, S, S] and the residual Δ̂ [1, C, h, w], both upright."""
    views = [own.view for own in estimates]
    # The bands of one view add up to a whole.
    total, bands = sum(own.weight for own in estimates), max(views.count(view) for view in views)
    pictures, residuals = [], []
    for own in estimates:
        decoded = through.decode(own.z)
        share = own.weight / total
        pictures.append(share * bands * own.band(own.view.inverse(decoded)))
        residuals.append(share * own.view.inverse(own.z - through.encode(decoded)))
    return torch.stack(pictures).sum(dim=0), torch.stack(residuals).sum(dim=0)
