"""A picture whose parts show different things: far and near, grey and colour, in motion and still, small and large."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from msgspec import Meta
from torch import Tensor

from duckrabbit.diffusion.constraints import Constraint, KnownBand
from duckrabbit.diffusion.guidance import Guidance
from duckrabbit.diffusion.terms import Band
from duckrabbit.errors import UsageError
from duckrabbit.illusions.bands import Grey, colour_bands, hybrid_bands, motion_bands, scale_bands, triple_bands
from duckrabbit.illusions.compositions import hybrid
from duckrabbit.illusions.loops import away_and_back
from duckrabbit.judges.looks import Look, See, as_it_is, from_afar, from_halfway
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.recipe import Plan, Recipe, from_noise, grid_of, guidance_of, step_of, typed
from duckrabbit.recipes.source import Source

MAX_NEAR_SCALE = 20.0

JUDGE_VIEWS = 4
"""Of an earlier pocket's hybrids 38 % were read as asked in both parts with two views, 45 % with four."""

Decomposition = Callable[[float], tuple[Band, ...]]

DECOMPOSITIONS: Mapping[tuple[str, ...], Decomposition] = {
    ("far", "near"): hybrid_bands,
    ("far", "mid", "near"): lambda sigma: triple_bands(sigma, sigma / 2),
    ("grey", "colour"): lambda _: colour_bands(),
    ("blurred", "sharp"): lambda _: motion_bands(),
    ("small", "large"): lambda _: scale_bands(),
}
"""The parts of each kind of hybrid, and from σ (in pixels of a picture 64 wide) to their bands."""


PARTS: Mapping[str, See] = {
    "far": from_afar,
    "mid": from_halfway,
    "near": as_it_is,
    "grey": Grey(),
    "colour": as_it_is,
    "blurred": motion_bands()[0],
    "sharp": as_it_is,
    "small": from_afar,
    "large": as_it_is,
}
"""How each part is looked at."""


@dataclass(frozen=True)
class Part:
    """One part of a hybrid: a prompt, or a picture of which that part is kept."""

    prompt: str = ""
    picture: Source | None = None


@dataclass(frozen=True)
class Hybrid(Recipe):
    """Sample a hybrid picture (Geng, Park and Owens, 2024, "Factorized Diffusion").

    Attributes:
        parts: from the part's name to what it shows; the names say which decomposition, see `DECOMPOSITIONS`.
        sigma: of the Gaussian that separates far from near, in pixels of a picture 64 wide.
        negative_prompt: what to steer away from under guidance, in every part.
        sampler: how; None for the model's own way.
        near_scale: how many times as much guidance the finest part has (near, colour, sharp, large).
    """

    verb: ClassVar[str] = "hybrid"
    judge_views: ClassVar[int] = JUDGE_VIEWS
    parts: Mapping[str, Part]
    sigma: Annotated[float, Meta(ge=0, le=100)] = 2.0
    negative_prompt: str = ""
    sampler: SamplerConfig | None = None
    near_scale: Annotated[float, Meta(ge=0, le=MAX_NEAR_SCALE)] = 1.0

    @property
    def prompts(self) -> tuple[str, ...]:
        """The prompts of the parts that have one."""
        return tuple(part.prompt for part in self.parts.values() if part.picture is None)

    @property
    def looks(self) -> tuple[Look, ...]:
        """A look at each part that has a prompt; one that is kept of a picture is asked for nowhere."""
        return tuple(Look(name, part.prompt, PARTS[name]) for name, part in self.parts.items() if part.picture is None)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The picture of which a part is kept."""
        return tuple(part.picture for part in self.parts.values() if part.picture is not None)

    @property
    def words(self) -> tuple[str, ...]:
        """--far P --near P … --sigma S --near-scale F --crop C --negative-prompt P"""
        parts = [
            word
            for name, part in self.parts.items()
            for word in ((f"--{name}", part.prompt) if part.picture is None else (f"--{name}-image", part.picture.name))
        ]
        near = () if self.near_scale == 1 else ("--near-scale", f"{self.near_scale:g}")
        crop = [word for source in self.sources for word in source.words]
        return (*parts, "--sigma", f"{self.sigma:g}", *near, *crop, *typed((), self.negative_prompt))

    def motion(self, picture: Tensor) -> list[Tensor]:
        """The picture moves away and comes back."""
        return away_and_back(picture)

    def stronger(self, look: Look) -> str:
        """More guidance for the finest part, where it has no more yet."""
        return "; `near_scale` 4 makes it stronger" if look.name == self.finest and self.near_scale == 1 else ""

    @property
    def finest(self) -> str:
        """The part to which `near_scale` gives more guidance."""
        return self._kind()[-1]

    def default_sampler(self, model: Model) -> SamplerConfig:
        """The model's own way with illusions."""
        return model.illusion_sampler

    def plan(self, model: Model) -> Plan:
        """Guided sampling whose estimates are added band by band; a picture's part is replaced after each step."""
        model.require_sampling()
        bands = self._bands()
        if "colour" in bands and model.channels == 1:
            raise UsageError(f"{model.name} makes grey pictures, which have no colour part: give `far` and `near`.")
        pictures = {name: part.picture for name, part in self.parts.items() if part.picture is not None}
        if pictures and model.on_latents:
            raise UsageError(
                f"{model.name} samples latents, of which no part is a picture's: give every part a prompt, or a model "
                "on pixels."
            )
        if len(pictures) > 1 or len(pictures) == len(self.parts):
            raise UsageError("A hybrid keeps a part of one picture at the most: give the other parts prompts.")
        for prompt in self.prompts:
            model.check_prompt(prompt)
        sampler = self.sampler_for(model)
        guidance = guidance_of(sampler, self.negative_prompt, model)
        grid, step = grid_of(sampler, model), step_of(sampler)
        constraint: Constraint | None = None
        for name, picture in pictures.items():
            constraint = KnownBand(picture.pixels(model), bands[name], step.stochastic)
        prompts = [part.prompt if part.picture is None else self.prompts[0] for part in self.parts.values()]
        guidances = [self._stronger(guidance) if name == self.finest else guidance for name in self.parts]
        terms = hybrid(prompts, [bands[name] for name in self.parts], guidances)
        return Plan(from_noise(model, grid), terms, grid, step, constraint)

    def _stronger(self, guidance: Guidance) -> Guidance:
        """The guidance of the finest part."""
        if not 0 < self.near_scale <= MAX_NEAR_SCALE:
            raise UsageError(
                f"near-scale {self.near_scale:g} can't be used: give a number above 0 and at most {MAX_NEAR_SCALE:g}."
            )
        return replace(guidance, scale=guidance.scale * self.near_scale)

    def _bands(self) -> dict[str, Band]:
        names = self._kind()
        return dict(zip(names, DECOMPOSITIONS[names](self.sigma), strict=True))

    def _kind(self) -> tuple[str, ...]:
        """The parts' names from the coarsest to the finest."""
        for names in DECOMPOSITIONS:
            if set(names) == set(self.parts):
                return names
        kinds = "; ".join(" and ".join(f"`{name}`" for name in names) for names in DECOMPOSITIONS)
        raise UsageError(f"The parts {', '.join(self.parts) or 'given'} make no hybrid: give one of {kinds}.")
