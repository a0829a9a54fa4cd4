"""Removing noise that was put on a picture: by blurring, in one step, or step by step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

from msgspec import Meta
from torch import Tensor

from duckrabbit.diffusion.condition import Condition
from duckrabbit.diffusion.denoiser import Prediction
from duckrabbit.diffusion.grid import starting_at
from duckrabbit.diffusion.guidance import guided
from duckrabbit.diffusion.noise import Noise
from duckrabbit.diffusion.path import Path
from duckrabbit.diffusion.sampling import noised
from duckrabbit.diffusion.steps import DDIM
from duckrabbit.diffusion.terms import Term
from duckrabbit.errors import UsageError
from duckrabbit.illusions.bands import LowPass
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.edit import course_sampler
from duckrabbit.recipes.noise import Level
from duckrabbit.recipes.recipe import (
    SAMPLER_FIELDS,
    FromPicture,
    Plan,
    grid_of,
    guidance_of,
    prompt_of,
    step_of,
    typed,
)
from duckrabbit.recipes.source import Source

Method = Literal["blur", "one-step", "iterative"]

STEPPING = frozenset({"steps", "solver", "grid", "variance"})
"""What is said of steps."""


@dataclass(frozen=True)
class Denoise(FromPicture):
    """Noise a picture, then remove the noise again.

    Attributes:
        picture: x_0.
        level: how noisy it is made.
        method: `blur` (a Gaussian; no model), `one-step` (the estimate x̂_0), or `iterative` (sampling from there).
        prompt: what it shows; None for the model's default.
        blur_sigma: of the Gaussian, in pixels of a picture 64 wide.
        blur_kernel: the side of its window, odd, in the same pixels.
        sampler: how to iterate; None for ddpm on the courses' grid.
    """

    verb: ClassVar[str] = "denoise"
    picture: Source
    level: Level
    method: Method = "iterative"
    prompt: str | None = None
    blur_sigma: Annotated[float, Meta(gt=0, le=64)] = 3.0
    blur_kernel: Annotated[int, Meta(ge=1, le=255)] = LowPass.kernel
    sampler: SamplerConfig | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """IMAGE PROMPT --levels L --method M --blur-sigma S --blur-kernel K --crop C"""
        kernel = ("--blur-kernel", str(self.blur_kernel)) if self.blur_kernel != LowPass.kernel else ()
        blur = ("--blur-sigma", f"{self.blur_sigma:g}", *kernel) if self.method == "blur" else ()
        how = ("--method", self.method, *blur, *self.picture.words)
        return (self.picture.name, *typed(self.prompts), *self.level.words, *how)

    @property
    def sampled_by(self) -> frozenset[str]:
        """Nothing where it is blurred, and nothing of steps where there is one."""
        if self.method == "blur":
            return frozenset()
        return SAMPLER_FIELDS if self.method == "iterative" else SAMPLER_FIELDS - STEPPING

    def default_sampler(self, model: Model) -> SamplerConfig:
        """ddpm steps on the courses' grid, without guidance."""
        return replace(course_sampler(model.sampler), guidance_scale=1.0)

    def plan(self, model: Model) -> Plan:
        """One step of the blur or of the model, or the rest of the grid."""
        path = model.denoiser.path
        t = self.level.time_on(path)
        x0 = self.picture.state(model)
        one_step = (t, 0.0) if t > 0 else (0.0,)

        def start(noise: Noise) -> Tensor:
            return noised(path, x0, t, noise)

        if self.method == "blur" and model.on_latents:
            raise UsageError(f"{model.name} noises latents, which no blur cleans: give the `method` one-step.")
        if self.method == "blur":
            blur = LowPass(self.blur_sigma, self.blur_kernel)
            return Plan(start, (Term(""),), one_step, DDIM(), denoiser=BlurDenoiser(path, blur))
        prompt = prompt_of(self.prompt, model)
        sampler = self.sampler_for(model)
        terms = guided(prompt, guidance_of(sampler, "", model))
        if self.method == "one-step":
            return Plan(start, terms, one_step, DDIM())
        if self.method != "iterative":
            raise UsageError(f"There is no method {self.method!r}: the methods are blur, one-step and iterative.")
        model.require_sampling()
        return Plan(start, terms, starting_at(grid_of(sampler, model), t), step_of(sampler))


@dataclass(frozen=True)
class BlurDenoiser:
    """The classical denoiser: undo the path's scaling, then blur. It is told neither what to look for nor how noisy.

    x̂_0 = G_σ * (x_t/α_t)
    """

    path: Path
    blur: LowPass

    def __call__(self, x: Tensor, t: float, condition: Sequence[Condition]) -> Prediction:  # noqa: ARG002
        """The blurred pictures."""
        alpha_t, _ = self.path.at(t)
        return Prediction(self.blur(x / max(alpha_t, 1e-3)))
