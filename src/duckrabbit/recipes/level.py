"""How noisy: a level that the user names, or the sources' σ of added noise."""

from dataclasses import dataclass

from duckrabbit.diffusion.grid import time_at_ratio
from duckrabbit.diffusion.path import Path, time_of_level
from duckrabbit.errors import UsageError


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
