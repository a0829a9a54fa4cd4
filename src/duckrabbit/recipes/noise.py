"""The forward process: a picture at a noise level."""

from dataclasses import dataclass, field
from typing import ClassVar

from duckrabbit.diffusion.path import Additive
from duckrabbit.diffusion.sampling import noised
from duckrabbit.diffusion.steps import DDIM
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.level import Level
from duckrabbit.recipes.recipe import Plan, Recipe
from duckrabbit.recipes.source import Source


@dataclass(frozen=True)
class Forward(Recipe):
    """x_t = α_t x_0 + σ_t ε: what the denoiser gets to see.

    Attributes:
        picture: x_0.
        level: how noisy; a σ adds noise to an unscaled picture, whatever the model's path.
    """

    verb: ClassVar[str] = "noise"
    samples: ClassVar[bool] = False
    picture: Source
    level: Level
    sampler: SamplerConfig | None = field(default=None, repr=False)

    @property
    def prompts(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def sources(self) -> tuple[Source, ...]:
        """The picture."""
        return (self.picture,)

    @property
    def words(self) -> tuple[str, ...]:
        """IMAGE --levels L"""
        return (self.picture.name, *self.level.words)

    def plan(self, model: Model) -> Plan:
        """Noise, and no step."""
        path = model.denoiser.path if self.level.sigma is None else Additive()
        t = self.level.time_on(path)
        x0 = self.picture.state(model)
        return Plan(lambda noise: noised(path, x0, t, noise), (), (t,), DDIM())
