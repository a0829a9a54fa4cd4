"""What a recipe is: a value that says what to make, and all there is to say of it. With a model it becomes a plan.

    recipe ─ plan(model) ─▶ Plan(start, terms, grid, step, constraint) ─ making ─▶ pictures that remember the recipe

A recipe is planned for one stage at a time: it knows the size of that stage's pictures, not which stage it is. A new
recipe is a file in this folder and a row in `recipes.catalogue`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from torch import Tensor

from duckrabbit.diffusion.constraints import Constraint
from duckrabbit.diffusion.denoiser import Denoiser
from duckrabbit.diffusion.grid import GRIDS, Grid
from duckrabbit.diffusion.guidance import Guidance
from duckrabbit.diffusion.noise import Noise
from duckrabbit.diffusion.sampling import as_they_are, initial_noise
from duckrabbit.diffusion.steps import DDPM, SOLVERS, VARIANCES, Step
from duckrabbit.diffusion.terms import Term
from duckrabbit.diffusion.thresholding import THRESHOLDS, Threshold
from duckrabbit.errors import UsageError
from duckrabbit.judges.guidance import AUGMENTED_VIEWS, JudgeGuidance
from duckrabbit.judges.looks import Look, as_it_is
from duckrabbit.models.model import OWN, Model, SamplerConfig
from duckrabbit.recipes.source import Source


@dataclass(frozen=True)
class Plan:
    """All that the sampler needs to know.

    Attributes:
        start: from keyed noise for one seed to the state [1, *state_shape] at the grid's first level.
        terms: the composition.
        grid: the levels; a single one makes no step.
        step: the solver.
        constraint: what must hold after each step.
        resamplings: how often each step is made, one number for all or one for each.
        denoiser: what denoises in place of the model.
        judge_guidance: by which judge x̂_0 is guided, and towards what; None for nothing.
        alone_from: on latents, the time from which on the first view finishes alone.
        finish: what is done to the finished pictures [B, C, S, S].
    """

    start: Callable[[Noise], Tensor]
    terms: tuple[Term, ...]
    grid: Grid
    step: Step
    constraint: Constraint | None = None
    resamplings: int | tuple[int, ...] = 1
    denoiser: Denoiser | None = None
    judge_guidance: JudgeGuidance | None = None
    alone_from: float = 0.0
    finish: Callable[[Tensor], Tensor] = as_they_are

    @property
    def asks_model(self) -> bool:
        """Whether the model is evaluated at all."""
        return self.denoiser is None and len(self.grid) > 1


SAMPLER_FIELDS = frozenset(field.name for field in fields(SamplerConfig))
"""All that can be said of sampling."""


class Recipe:
    """Something to make. Every recipe is a frozen dataclass of numbers, words and pictures, which describes itself.

    Attributes:
        verb: of the command that makes it.
        judge_views: how many augmented views a judge that guides it sees at a step.
        sampler: how to sample; None for `default_sampler`.
    """

    verb: ClassVar[str]
    judge_views: ClassVar[int] = AUGMENTED_VIEWS
    sampler: SamplerConfig | None

    if TYPE_CHECKING:
        # A field of some recipes, which a property of that name would stand in the way of.
        @property
        def prompts(self) -> tuple[str, ...]:
            """The prompts in it, in order."""

    @property
    def looks(self) -> tuple[Look, ...]:
        """A look for each prompt: how the picture is looked at where the prompt is to be seen."""
        return tuple(Look("as it is", prompt, as_it_is) for prompt in self.prompts if prompt)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The pictures and masks in it."""
        return ()

    @property
    def words(self) -> tuple[str, ...]:
        """What is typed after the verb to make it, but for what is said of the sampler."""
        raise NotImplementedError

    @property
    def sampled_by(self) -> frozenset[str]:
        """What of its sampler has a say in it: names of `SamplerConfig`."""
        return SAMPLER_FIELDS

    def motion(self, picture: Tensor) -> list[Tensor]:  # noqa: ARG002
        """A loop [C, F, F] that shows what a picture [C, S, S] of it does; none where it is best shown being made."""
        return []

    def stronger(self, look: Look) -> str:  # noqa: ARG002
        """What makes more be seen in a look: the end of a sentence, or nothing."""
        return ""

    def reread(self, place: int, file: str, model: Model, final: Model) -> Source:  # noqa: ARG002
        """The picture at a place in `sources`, read again from a file for these stages."""
        return Source.read(file, final, crop=self.sources[place].crop)

    def remembered(self, model: Model) -> "Recipe":  # noqa: ARG002
        """The recipe as the pictures that the model makes of it remember it: without what no step needs."""
        return self

    def default_sampler(self, model: Model) -> SamplerConfig:
        """How to sample where `sampler` is None: the model's own way."""
        return model.sampler

    def sampler_for(self, model: Model) -> SamplerConfig:
        """How it is sampled with this model."""
        return self.sampler or self.default_sampler(model)

    def plan(self, model: Model) -> Plan:
        """How to make it with this model; raises UsageError where it can't be made."""
        raise NotImplementedError


class FromPicture(Recipe):
    """A recipe that starts from a picture.

    Attributes:
        picture: what it starts from.
        prompt: what is to be seen; None for the model's default.
    """

    picture: Source
    prompt: str | None

    @property
    def prompts(self) -> tuple[str, ...]:
        """The one prompt, or none where it is the model's default."""
        return () if self.prompt is None else (self.prompt,)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The picture."""
        return (self.picture,)


def with_sources(recipe: Recipe, sources: Sequence[Source]) -> Recipe:
    """The recipe with other pictures in the places of `sources`."""
    others = iter(sources)

    def changed(value: Any) -> Any:
        if isinstance(value, Source):
            return next(others)
        if isinstance(value, Mapping):
            return {name: changed(part) for name, part in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            own = {field.name: getattr(value, field.name) for field in fields(value)}
            return replace(value, **{name: changed(part) for name, part in own.items()})
        return value

    return cast(Recipe, changed(recipe))


def with_sampler(recipe: Recipe, sampler: SamplerConfig | None) -> Recipe:
    """The recipe with another sampler; for None as it is."""
    return recipe if sampler is None else replace(recipe, sampler=sampler)  # type: ignore[type-var]


def grid_of(sampler: SamplerConfig, model: Model) -> Grid:
    """The time grid that a sampler names, on the model's path."""
    if sampler.grid == OWN:
        if model.own_grid is None:
            raise UsageError(f"{model.name} has no grid of its own: give `grid` uniform.")
        return model.own_grid(sampler.steps)
    if sampler.grid not in GRIDS:
        raise UsageError(f"There is no grid {sampler.grid!r}: the grids are {', '.join((*GRIDS, OWN))}.")
    return GRIDS[sampler.grid](model.denoiser.path, sampler.steps)


def step_of(sampler: SamplerConfig) -> Step:
    """The solver that a sampler names."""
    if sampler.solver not in SOLVERS:
        raise UsageError(f"There is no solver {sampler.solver!r}: the solvers are {', '.join(SOLVERS)}.")
    step = SOLVERS[sampler.solver]
    if sampler.variance not in VARIANCES:
        raise UsageError(f"There is no variance {sampler.variance!r}: the variances are {', '.join(VARIANCES)}.")
    if isinstance(step, DDPM):
        return replace(step, variance=VARIANCES[sampler.variance])
    if sampler.variance != SamplerConfig.variance:
        raise UsageError(f"`variance` is for the `solver` ddpm: {sampler.solver} adds no noise of its own.")
    return step


def threshold_of(sampler: SamplerConfig, model: Model) -> Threshold:
    """What a sampler does to each x̂_0: what the model does, unless it says something else."""
    if sampler.threshold == OWN:
        return model.threshold
    if sampler.threshold not in THRESHOLDS:
        known = ", ".join((OWN, *THRESHOLDS))
        raise UsageError(f"There is no threshold {sampler.threshold!r}: the thresholds are {known}.")
    return THRESHOLDS[sampler.threshold]


def guidance_of(sampler: SamplerConfig, negative_prompt: str, model: Model) -> Guidance:
    """The guidance that a sampler asks for; models without prompts have none."""
    if not model.conditional:
        if negative_prompt:
            model.check_prompt(negative_prompt)
        return Guidance()
    model.check_prompt(negative_prompt)
    if model.on_latents and sampler.mean_guidance_scale is not None:
        raise UsageError(
            f"{model.name} samples latents, which have no mean colour: leave `mean_guidance_scale` out, or give a "
            "model on pixels."
        )
    return Guidance(
        sampler.guidance_scale,
        negative_prompt,
        sampler.guidance_interval,
        sampler.mean_guidance_scale,
        model.max_guidance,
    )


def prompt_of(prompt: str | None, model: Model) -> str:
    """The prompt, or the model's default where there is none; raises UsageError if the model can't understand it."""
    chosen = model.default_prompt if prompt is None else prompt
    model.check_prompt(chosen)
    return chosen


def from_noise(model: Model, grid: Grid, states: int = 1) -> Callable[[Noise], Tensor]:
    """Start from pure noise at the grid's first level, that of so many states one behind the other."""
    channels, *sides = model.state_shape
    return lambda noise: initial_noise(model.denoiser.path, noise, (states * channels, *sides), grid[0])


def typed(prompts: tuple[str, ...], negative_prompt: str = "") -> tuple[str, ...]:
    """Prompts, then the negative one as an option, as they are typed; empty ones are left out."""
    return (*filter(None, prompts), *(("--negative-prompt", negative_prompt) if negative_prompt else ()))
