"""A model: a denoiser and what a recipe must know to use it well."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from duckrabbit.diffusion.denoiser import Denoiser
from duckrabbit.diffusion.thresholding import Threshold
from duckrabbit.errors import UsageError
from duckrabbit.models.storage import Config

if TYPE_CHECKING:
    from duckrabbit.models.cascade import SecondStage


@dataclass(frozen=True)
class Sampler:
    """How a model is sampled unless the user says otherwise; the names are those of the command line.

    Attributes:
        solver: a name in `steps.SOLVERS`.
        steps: number of steps.
        grid: a name in `grid.GRIDS`.
        guidance_scale: γ of classifier-free guidance; 1 for models without a null condition.
        guidance_interval: the times (low, high] within which guidance acts (Kynkäänniemi et al., 2024); γ is 1
            elsewhere.
        mean_guidance_scale: γ of the picture's mean colour, where it is below `guidance_scale`; None for the same.
        judge_scale: how far each step is pulled towards what the judge reads as asked, see `search.pull`; 0 is no pull.
    """

    solver: str = "dpmpp_2m"
    steps: int = 20
    grid: str = "uniform"
    guidance_scale: float = 1.0
    guidance_interval: tuple[float, float] = (0.0, 1.0)
    mean_guidance_scale: float | None = None
    judge_scale: float = 0.0


def _nothing_to_say(prompt: str) -> tuple[str, ...]:  # noqa: ARG001
    return ()


@dataclass(frozen=True)
class Model:
    """A denoiser with its name, its pictures' shape and its habits.

    Attributes:
        name: as a user types it, or the path it came from.
        denoiser: from noisy pictures and prompts to clean ones.
        channels: 1 for grey, 3 for colour.
        size: side of its pictures, in pixels.
        dark_ground: whether it knows only light strokes on a dark ground, as digits are.
        knows_level: whether it is told the noise level; without that it can denoise but not sample.
        conditional: whether it understands prompts; "" is the null prompt of those that do.
        check_prompt: raises UsageError for a prompt that the model can't understand.
        sampler: its default way of sampling.
        illusion_sampler: the same for anagrams and hybrids, where prompts compete and stronger guidance pays.
        threshold: what is done to each x̂_0.
        default_prompt: for edit, inpaint and denoise.
        config: the configuration in its file's header.
        checksum: SHA-256 of its file, so that a picture can say exactly what made it.
        device: where it runs.
        dtype: the precision of its network.
        remarks: sentences that a user should read about how a prompt was understood.
        weights: where its weights are, as the user said; None for models whose name says it.
        second_stage: what makes its pictures larger.
        compiled: whether its network's blocks are compiled, which rounds in another way.
    """

    name: str
    denoiser: Denoiser
    channels: int
    size: int
    dark_ground: bool
    knows_level: bool
    conditional: bool
    check_prompt: Callable[[str], None]
    sampler: Sampler
    illusion_sampler: Sampler
    threshold: Threshold
    default_prompt: str
    config: Config = field(repr=False)
    checksum: str
    device: torch.device
    dtype: torch.dtype
    remarks: Callable[[str], tuple[str, ...]] = _nothing_to_say
    weights: str | None = None
    second_stage: "SecondStage | None" = field(default=None, repr=False)
    compiled: bool = False

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sides of the pictures it can make: its own, and its second stage's."""
        return (self.size,) if self.second_stage is None else (self.size, self.second_stage.model.size)

    def at(self, size: int | None) -> "Model":
        """The stage that makes pictures of a size; for None the first.

        Raises:
            UsageError: if no stage does.
        """
        if size is None or size == self.size:
            return self
        if self.second_stage is not None and size == self.second_stage.model.size:
            return self.second_stage.model
        made = " and ".join(f"{side}×{side}" for side in self.sizes)
        raise UsageError(f"{self.name} makes pictures of {made}, not {size}: give --size {self.sizes[-1]}, or none.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape [C, H, W] of its pictures."""
        return self.channels, self.size, self.size

    def require_sampling(self) -> None:
        """Raise UsageError unless the model can sample."""
        if not self.knows_level:
            raise UsageError(
                f"{self.name} is not told the noise level, so it can denoise in one step but not sample: "
                "use it with denoise --method one-step, or give another --model."
            )
