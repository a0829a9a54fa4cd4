"""The forward process: a picture at a noise level."""

from dataclasses import dataclass, field
from typing import ClassVar

from duckrabbit.diffusion.grid import time_at_ratio
from duckrabbit.diffusion.path import Additive, Path, time_of_level
from duckrabbit.diffusion.sampling import noised
from duckrabbit.diffusion.steps import DDIM
from duckrabbit.errors import UsageError
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.recipe import Plan, Recipe
from duckrabbit.recipes.source import Source


@dataclass(frozen=True)
class Level:
    """A noise level, named in one of two ways.

    Attributes:
        level: 0 … 999, the time (level + 1)/1000 on any path.
        sigma: of noise added to a picture in [0, 1], z = x + σε; on pictures in [−1, 1] it is 2σ, and on a path the
            time at which σ_t/α_t = 2σ.
    """

    level: float | None = None
    sigma: float | None = None

    def time_on(self, path: Path) -> float:
        """The time t on a path.

        Raises:
            UsageError: unless exactly one is given, in range, and the path gets as noisy.
        """
        if (self.level is None) == (self.sigma is None):
            raise UsageError("How noisy is not clear: give either a level or a sigma.")
        if self.level is not None:
            return time_of_level(self.level)
        assert self.sigma is not None
        if not 0 <= self.sigma <= 100:
            raise UsageError(f"noise-sigma {self.sigma:g} is out of range: give 0 to 100 (the sources go from 0 to 1).")
        return 0.0 if self.sigma == 0 else time_at_ratio(path, 2 * self.sigma)

    @property
    def words(self) -> tuple[str, str]:
        """As it is typed."""
        return ("--levels", f"{self.level:g}") if self.level is not None else ("--noise-sigma", f"{self.sigma:g}")

    def __str__(self) -> str:
        """As it is written below a picture."""
        return f"level {self.level:g}" if self.level is not None else f"σ = {self.sigma:g}"


@dataclass(frozen=True)
class Forward(Recipe):
    """x_t = α_t x_0 + σ_t ε: what the denoiser gets to see.

    Attributes:
        picture: x_0.
        level: how noisy; a σ adds noise to an unscaled picture, whatever the model's path.
    """

    verb: ClassVar[str] = "noise"
    picture: Source
    level: Level
    sampler: SamplerConfig | None = field(default=None, repr=False)

    @property
    def prompts(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def sampled_by(self) -> frozenset[str]:
        """Nothing: it is not sampled."""
        return frozenset()

    @property
    def sources(self) -> tuple[Source, ...]:
        """The picture."""
        return (self.picture,)

    @property
    def words(self) -> tuple[str, ...]:
        """IMAGE --levels L --crop C"""
        return (self.picture.name, *self.level.words, *self.picture.words)

    def plan(self, model: Model) -> Plan:
        """Noise, and no step."""
        path = model.denoiser.path if self.level.sigma is None else Additive()
        t = self.level.time_on(path)
        x0 = self.picture.state(model)
        return Plan(lambda noise: noised(path, x0, t, noise), (), (t,), DDIM())
