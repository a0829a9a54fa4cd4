"""A picture with a region painted anew."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from msgspec import Meta
from torch import Tensor
from torch.nn.functional import max_pool2d

from duckrabbit.diffusion.constraints import KnownRegion
from duckrabbit.diffusion.guidance import guided
from duckrabbit.errors import UsageError
from duckrabbit.media.crop import Crop, parse_crop
from duckrabbit.media.masks import box_mask, ellipse_mask, is_box, understood_mask
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
        resamplings: how often each step is made, to harmonise the painted region with the known one; None for the
            model's default.
        negative_prompt: what to steer away from under guidance.
        sampler: how; None for ddpm on the courses' grid.
        invert_mask: whether the mask was read with black for paint; `mask` itself is white where to paint either way.
    """

    verb: ClassVar[str] = "inpaint"
    picture: Source
    mask: Source
    prompt: str | None = None
    resamplings: Annotated[int, Meta(ge=1, le=100)] | None = None
    negative_prompt: str = ""
    sampler: SamplerConfig | None = None
    invert_mask: bool = False

    @property
    def sources(self) -> tuple[Source, ...]:
        """The picture and the mask."""
        return self.picture, self.mask

    @property
    def words(self) -> tuple[str, ...]:
        """IMAGE MASK PROMPT --invert-mask --resamplings N --crop C --negative-prompt P; a drawn mask is an option."""
        drawn = drawn_shape(self.mask.name)
        mask = (f"--mask-{drawn[0]}", drawn[1]) if drawn else ()
        inverted = ("--invert-mask",) if self.invert_mask else ()
        given = (self.picture.name,) if drawn else (self.picture.name, self.mask.name)
        resamplings = () if self.resamplings is None else ("--resamplings", str(self.resamplings))
        how = (*mask, *inverted, *resamplings, *self.picture.words)
        return (*given, *typed(self.prompts), *how, *typed((), self.negative_prompt))

    def reread(self, place: int, file: str, model: Model, final: Model) -> Source:
        """The picture, or the mask, which is read from a file only where it was not drawn."""
        if place == 0:
            return super().reread(place, file, model, final)
        return Source.read_mask(file, final, parse_crop(self.picture.crop), invert=self.invert_mask)

    def remembered(self, model: Model) -> "Inpaint":
        """Without what the mask hides, which no step on pixels looks at."""
        there = bool(self.picture.png and self.mask.png)
        on_pixels = model.state_shape == model.shape
        return replace(self, picture=self.picture.blanked(self.mask)) if there and on_pixels else self

    def hole(self, side: int, within: int, file: str | None, crop: Crop) -> Tensor:
        """The mask [side, side] drawn or read again at another size; corners are pixels of a picture of side `within`.

        Raises:
            UsageError: as in `understood_mask`, and where it was not drawn and there is no file.
        """
        if drawn := drawn_shape(self.mask.name):
            return drawn_mask(*drawn, side, within, invert=self.invert_mask)
        if file is None:
            raise UsageError(f"The mask {self.mask.name} was left out of this file: give it with `source`.")
        return understood_mask(file, side, black_paints=self.invert_mask, crop=crop).mask

    def default_sampler(self, model: Model) -> SamplerConfig:
        """ddpm steps on the courses' grid."""
        return course_sampler(model.sampler)

    def plan(self, model: Model) -> Plan:
        """Guided sampling under replacement conditioning."""
        model.require_sampling()
        prompt = prompt_of(self.prompt, model)
        resamplings = model.inpaint_resamplings if self.resamplings is None else self.resamplings
        if not 1 <= resamplings <= 100:
            raise UsageError(f"{resamplings} resamplings are out of range: give 1 (none) to 100.")
        sampler = self.sampler_for(model)
        grid, step = grid_of(sampler, model), step_of(sampler)
        pixels, mask = self.picture.pixels(model), self.mask.mask(model)
        known = KnownRegion(self.picture.state(model), on_state(mask, model), fresh_noise=step.stochastic)
        terms = guided(prompt, guidance_of(sampler, self.negative_prompt, model))
        start = from_noise(model, grid)
        # An autoencoder does not keep the known pixels; of a model on pixels they are there already.
        return Plan(start, terms, grid, step, known, resamplings, finish=Known(pixels, mask))


def drawn_shape(name: str) -> tuple[str, str] | None:
    """The shape, box or ellipse, and the corners X0,Y0,X1,Y1 of a mask that was drawn; None for any other."""
    shape, _, corners = name.partition(" ")
    return (shape, corners) if shape in ("box", "ellipse") and corners else None


def drawn_mask(shape: str, corners: str, size: int, within: int, *, invert: bool) -> Tensor:
    """A box or an ellipse as a mask [size, size]; its corners are pixels of a picture of side `within`.

    Raises:
        UsageError: the corners are no four numbers, or not in the picture.
    """
    try:
        x0, y0, x1, y1 = (float(number) for number in corners.split(","))
    except ValueError:
        raise UsageError(
            f"`mask_{shape}` can't be {corners!r}: give four numbers x0,y0,x1,y1, such as 0,14,28,28."
        ) from None
    if not is_box(x0, y0, x1, y1, within):
        raise UsageError(
            f"`mask_{shape}` {corners} is empty or reaches outside: its corners are pixels of the model's own picture, "
            f"also where a larger one is made, so give x0,y0,x1,y1 with 0 ≤ x0 < x1 ≤ {within} and 0 ≤ y0 < y1 ≤ "
            f"{within}."
        )
    x0, y0, x1, y1 = (corner * size / within for corner in (x0, y0, x1, y1))
    mask = (ellipse_mask if shape == "ellipse" else box_mask)(x0, y0, x1, y1, size=size)
    return 1 - mask if invert else mask


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
