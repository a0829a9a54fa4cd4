"""A picture with a region painted anew."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from msgspec import Meta
from torch import Tensor
from torch.nn.functional import max_pool2d

from duckrabbit.diffusion.constraints import KnownRegion
from duckrabbit.diffusion.guidance import guided
from duckrabbit.errors import UsageError
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.edit import course_sampler
from duckrabbit.recipes.recipe import FromPicture, Plan, from_noise, grid_of, guidance_of, prompt_of, step_of, typed
from duckrabbit.recipes.source import Source


@dataclass(frozen=True)
class Inpaint(FromPicture):
    """RePaint (Lugmayr et al., 2022): sample, and after each step put the noised known region back.

    Outside the mask the result has the 8-bit values of the picture exactly.

    Attributes:
        picture: what is known.
        mask: white where to paint.
        prompt: what to paint; None for the model's default.
        resamplings: how often each step is made, to harmonise the painted region with the known one.
        negative_prompt: what to steer away from under guidance.
        sampler: how; None for ddpm on the courses' grid.
        invert_mask: whether the mask was read with black for paint; `mask` itself is white where to paint either way.
    """

    verb: ClassVar[str] = "inpaint"
    picture: Source
    mask: Source
    prompt: str | None = None
    resamplings: Annotated[int, Meta(ge=1, le=100)] = 1
    negative_prompt: str = ""
    sampler: SamplerConfig | None = None
    invert_mask: bool = False

    @property
    def sources(self) -> tuple[Source, ...]:
        """The picture and the mask."""
        return self.picture, self.mask

    @property
    def words(self) -> tuple[str, ...]:
        """IMAGE MASK PROMPT --invert-mask --resamplings N --negative-prompt P; a mask that was drawn is an option."""
        shape, _, corners = self.mask.name.partition(" ")
        drawn = shape in ("box", "ellipse") and bool(corners)
        mask = (f"--mask-{shape}", corners) if drawn else ()
        inverted = ("--invert-mask",) if self.invert_mask else ()
        given = (self.picture.name,) if drawn else (self.picture.name, self.mask.name)
        resamplings = ("--resamplings", str(self.resamplings))
        return (*given, *typed(self.prompts), *mask, *inverted, *resamplings, *typed((), self.negative_prompt))

    def default_sampler(self, model: Model) -> SamplerConfig:
        """ddpm steps on the courses' grid."""
        return course_sampler(model)

    def plan(self, model: Model) -> Plan:
        """Guided sampling under replacement conditioning."""
        model.require_sampling()
        prompt = prompt_of(self.prompt, model)
        if not 1 <= self.resamplings <= 100:
            raise UsageError(f"{self.resamplings} resamplings are out of range: give 1 (none) to 100.")
        sampler = self.sampler_for(model)
        grid, step = grid_of(sampler, model), step_of(sampler)
        pixels, mask = self.picture.pixels(model), self.mask.mask(model)
        known = KnownRegion(self.picture.state(model), on_state(mask, model), fresh_noise=step.stochastic)
        terms = guided(prompt, guidance_of(sampler, self.negative_prompt, model))
        start = from_noise(model, grid)
        # An autoencoder does not keep the known pixels; of a model on pixels they are there already.
        return Plan(start, terms, grid, step, known, self.resamplings, finish=Known(pixels, mask))


@dataclass(frozen=True)
class Known:
    """Puts a known picture [C, S, S] back outside a mask [S, S]."""

    picture: Tensor
    mask: Tensor

    def __call__(self, pictures: Tensor) -> Tensor:
        """Pictures [B, C, S, S], known outside the mask."""
        return pictures.where(self.mask.to(pictures) > 0, self.picture.to(pictures))


def on_state(mask: Tensor, model: Model) -> Tensor:
    """A mask [S, S] on the model's states: a latent is painted if any of its pixels is."""
    times = model.size // model.state_shape[-1]
    return mask if times == 1 else max_pool2d(mask[None], times)[0]
