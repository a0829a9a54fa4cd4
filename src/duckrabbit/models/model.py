"""A model: a denoiser and what a recipe must know to use it well."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from duckrabbit.diffusion.denoiser import Denoiser
from duckrabbit.diffusion.grid import Grid
from duckrabbit.diffusion.noise import Noise, Stream
from duckrabbit.diffusion.path import Path
from duckrabbit.diffusion.thresholding import Threshold
from duckrabbit.errors import UsageError
from duckrabbit.models.storage import Config

Enlarging = Callable[[Tensor, int], Tensor]
"""From pictures [B, C, s, s] and a side S to pictures [B, C, S, S]."""

Kind = Literal["digits", "pictures"]
"""What a model makes, and so which judges read it."""

OWN = "own"
"""The name of a model's own grid or thresholding, beside those in `grid.GRIDS` and `thresholding.THRESHOLDS`."""


@dataclass(frozen=True)
class SamplerConfig:
    """How a model is sampled unless the user says otherwise; the names are those of the command line.

    Attributes:
        solver: a name in `steps.SOLVERS`.
        steps: number of steps.
        grid: a name in `grid.GRIDS`, or `OWN`.
        guidance_scale: γ of classifier-free guidance; 1 for models without a null condition.
        guidance_interval: the times (low, high] within which guidance acts (Kynkäänniemi et al., 2024,
            arXiv:2404.07724); γ is 1 elsewhere.
        mean_guidance_scale: γ of the picture's mean colour, where it is below `guidance_scale`; None for the same.
        judge_scale: λ of judge guidance, how far each step is drawn to what a judge reads as asked; 0 for none.
        variance: of a ddpm step, a name in `steps.VARIANCES`.
        threshold: what is done to each x̂_0: a name in `thresholding.THRESHOLDS`, or `OWN`.
    """

    solver: str = "dpmpp_2m"
    steps: int = 20
    grid: str = "uniform"
    guidance_scale: float = 1.0
    guidance_interval: tuple[float, float] = (0.0, 1.0)
    mean_guidance_scale: float | None = None
    judge_scale: float = 0.0
    variance: str = "learned"
    threshold: str = OWN


def _no_remarks(prompt: str) -> tuple[str, ...]:  # noqa: ARG001
    return ()


def _identity(x: Tensor) -> Tensor:
    return x


@dataclass(frozen=True)
class Model:
    """A denoiser with its name, its pictures' shape and its habits.

    What is sampled is a state, which for models on pixels is the picture itself.

    Attributes:
        name: as a user types it, or the path it came from.
        kind: what it makes.
        denoiser: from noisy states and prompts to clean ones.
        channels: 1 for grey, 3 for colour.
        size: side of its pictures, in pixels.
        conditional: whether it understands prompts; "" is the null prompt of those that do.
        check_prompt: raises UsageError for a prompt that the model can't understand.
        sampler: its default way of sampling.
        illusion_sampler: its default for anagrams and hybrids, where prompts compete and stronger guidance pays.
        threshold: what is done to each x̂_0.
        default_prompt: for edit, inpaint and denoise.
        config: the configuration in its file's header.
        checksum: SHA-256 of its file, so that a picture can say exactly what made it.
        device: where it runs.
        dtype: the precision of its network.
        dark_ground: whether it knows only light strokes on a dark ground, as digits are.
        knows_level: whether it is conditioned on the noise level; without that it can denoise but not sample.
        remarks: sentences that a user should read about how a prompt was understood.
        weights: where its weights are, as the user said; None for models whose name says it.
        second_stage: what makes its pictures larger.
        compiled: whether its network's blocks are compiled, which rounds in another way.
        encode: from pictures [B, C, S, S] in [−1, 1] to states.
        decode: from states to pictures.
        own_state_shape: the shape of a state; None for that of its pictures.
        is_guided: whether it sees a picture of the stage before, so that what is to be seen is settled already.
        judge: the folder or hub id of the judge that reads its pictures; None for the shipped ones.
        max_guidance: the largest guidance scale that its denoiser can be told, to answer in one evaluation instead of
            two; 1 for a denoiser that is told none.
        inpaint_resamplings: how often `inpaint` makes each step by default (RePaint, Lugmayr et al., 2022,
            arXiv:2201.09865).
        own_grid: from a number of steps to the grid that its publishers sample on; None for a model without.
    """

    name: str
    kind: Kind
    denoiser: Denoiser
    channels: int
    size: int
    conditional: bool
    check_prompt: Callable[[str], None]
    sampler: SamplerConfig
    illusion_sampler: SamplerConfig
    threshold: Threshold
    default_prompt: str
    config: Config = field(repr=False)
    checksum: str
    device: torch.device
    dtype: torch.dtype
    dark_ground: bool = False
    knows_level: bool = True
    remarks: Callable[[str], tuple[str, ...]] = _no_remarks
    weights: str | None = None
    second_stage: "SecondStage | None" = field(default=None, repr=False)
    compiled: bool = False
    encode: Callable[[Tensor], Tensor] = field(default=_identity, repr=False)
    decode: Callable[[Tensor], Tensor] = field(default=_identity, repr=False)
    own_state_shape: tuple[int, ...] | None = None
    is_guided: bool = False
    judge: str | None = None
    max_guidance: float = 1.0
    inpaint_resamplings: int = 1
    own_grid: Callable[[int], Grid] | None = field(default=None, repr=False)

    @property
    def on_latents(self) -> bool:
        """Whether what is sampled is no picture."""
        return self.own_state_shape is not None and self.own_state_shape != self.shape

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sides of the pictures it can make: its own, and those of the stages after it."""
        return (self.size,) if self.second_stage is None else (self.size, *self.second_stage.model.sizes)

    def stages(self, size: int | None) -> "tuple[Model, ...]":
        """All stages up to the one that makes pictures of a size; for None the first alone.

        Raises:
            UsageError: if none does.
        """
        final = self.at(size)
        stages = [self]
        while stages[-1] is not final and (after := stages[-1].second_stage) is not None:
            stages.append(after.model)
        return tuple(stages)

    def at(self, size: int | None) -> "Model":
        """The stage that makes pictures of a size; for None the first.

        Raises:
            UsageError: if no stage does.
        """
        if size is None or size == self.size:
            return self
        if self.second_stage is not None and size in self.second_stage.model.sizes:
            return self.second_stage.model.at(size)
        made = " and ".join(f"{side}×{side}" for side in self.sizes)
        raise UsageError(f"{self.name} makes pictures of {made}, not {size}: give `size` {self.sizes[-1]}, or none.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape [C, H, W] of its pictures."""
        return self.channels, self.size, self.size

    @property
    def state_shape(self) -> tuple[int, ...]:
        """The shape of what is sampled."""
        return self.own_state_shape or self.shape

    def require_sampling(self) -> None:
        """Raise UsageError unless the model can sample."""
        if not self.knows_level:
            raise UsageError(
                f"{self.name} is not told the noise level, so it can denoise in one step but not sample: "
                "denoise with the `method` one-step, or use another `model`."
            )


def text_of(prompt: object) -> str:
    """The prompt, which in Python may be anything.

    Raises:
        UsageError: if it is no text.
    """
    if not isinstance(prompt, str):
        raise UsageError(f"The prompt {prompt!r} is not text: write it in quotation marks, as in {str(prompt)!r}.")
    return prompt


def bilinear(pictures: Tensor, size: int) -> Tensor:
    """Enlarge with corner pixels on corner pixels, as DeepFloyd IF was trained."""
    return interpolate(pictures, size=(size, size), mode="bilinear", align_corners=True)


def bicubic(pictures: Tensor, size: int) -> Tensor:
    """Enlarge with pixels being squares: no shift at the borders."""
    return interpolate(pictures, size=(size, size), mode="bicubic", align_corners=False)


@dataclass(frozen=True)
class SecondStage:
    """What makes a first stage's picture large, with that picture before its eyes.

        low = α_l U(x_small) + σ_l ε,        x̂_0 = D([x_t, low], t, c)

    l is the level at which it was trained to see its guide: some noise hides the first stage's faults from it (Ho et
    al., 2022, "Cascaded Diffusion Models", arXiv:2106.15282). The guide is noised once, not at every step.

    Attributes:
        model: the second stage with its own size, threshold and ways of sampling; its denoiser is given the noisy state
            [B, C, S, S] and behind it the guide, [B, 3, S, S], and answers with a state.
        enlarge: U.
        path: along which the guide is noised.
        time: the time l to which it is noised.
    """

    model: Model
    enlarge: Enlarging
    path: Path
    time: float

    def low(self, pictures: Tensor, noise: Noise) -> Tensor:
        """The guide [B, C, S, S] that pictures [B, C, s, s] of the first stage make; a row for each seed of `noise`."""
        large = self.enlarge(pictures, self.model.state_shape[-1])
        return self.path.noised(large, self.time, noise(Stream.LOWRES, self.time, large.shape[1:]).to(large.device))
