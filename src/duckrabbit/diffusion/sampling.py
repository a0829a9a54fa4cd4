"""The one loop: from a noisy picture down a grid of levels to a clean one.

It knows nothing of the solver, the terms or the model; it yields every state, so that whoever drives it can show
progress, keep snapshots or stop.
"""

import io
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from duckrabbit.diffusion.constraints import Constraint
from duckrabbit.diffusion.grid import Grid
from duckrabbit.diffusion.noise import Noise, Stream
from duckrabbit.diffusion.path import Path, Transition
from duckrabbit.diffusion.steps import ComposedDenoiser, Memory, Step
from duckrabbit.errors import UsageError


def as_they_are(x: Tensor) -> Tensor:
    """x itself."""
    return x


@dataclass(frozen=True)
class State:
    """One step of a trajectory.

    Attributes:
        i: the index of the step in the grid.
        t: the level it started from.
        s: the level it reached.
        x_t: the pictures at level t, [B, C, H, W].
        x0: the clean pictures as estimated from them.
        x_s: the pictures at level s.
        memory: the solver's, for the next step.
        pictures: from states such as x_t, x_0 and x_s to their pictures, where those are no pictures themselves.
    """

    i: int
    t: float
    s: float
    x_t: Tensor
    x0: Tensor
    x_s: Tensor
    memory: Memory | None = None
    pictures: Callable[[Tensor], Tensor] = as_they_are

    def rows(self, kept: Sequence[int]) -> "State":
        """The state of some of its samples, as if the others had never been among them."""
        chosen = torch.tensor(kept, dtype=torch.int64, device=self.x_s.device)
        memory = None if self.memory is None else self.memory.rows(chosen)
        return State(self.i, self.t, self.s, self.x_t[chosen], self.x0[chosen], self.x_s[chosen], memory, self.pictures)

    def _repr_png_(self) -> bytes:
        """A notebook shows x_s above x̂_0, a column a sample."""
        from PIL import Image

        rows = torch.stack([self.pictures(self.x_s), self.pictures(self.x0)]).float().cpu()
        levels = ((rows.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        _, batch, channels, height, width = levels.shape
        tiled = levels.permute(0, 3, 1, 4, 2).reshape(2 * height, batch * width, channels)
        picture = Image.fromarray(tiled.expand(-1, -1, 3).contiguous().numpy())
        scale = max(1, 128 // height)
        file = io.BytesIO()
        picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST).save(file, "PNG")
        return file.getvalue()


def initial_noise(path: Path, noise: Noise, shape: Sequence[int], t: float = 1.0) -> Tensor:
    """Where sampling starts: √(α_t² + σ_t²) ε, the spread of noised pictures of unit variance; [B, *shape].

    Matching mean and variance to the data's where a table ends early (300 steps leave α_1 = 0.22) made digits worse.
    """
    alpha, sigma = path.at(t)
    return math.hypot(alpha, sigma) * noise(Stream.INIT, t, shape)


def noised(path: Path, x0: Tensor, t: float, noise: Noise) -> Tensor:
    """The forward process with keyed noise: one picture x_0 [C, H, W] noised once for each seed, [B, C, H, W]."""
    return path.noised(x0[None], t, noise(Stream.INIT, t, x0.shape).to(x0.device))


def trajectory(
    denoiser: ComposedDenoiser,
    x: Tensor,
    grid: Grid,
    step: Step,
    noise: Noise,
    constraint: Constraint | None = None,
    resamplings: int | Sequence[int] = 1,
    after: State | None = None,
) -> Iterator[State]:
    """Follow the grid from x at its first level to its last, yielding a `State` after every step.

    Args:
        denoiser: a denoiser whose conditions are settled.
        x: the pictures at level grid[0], [B, C, H, W].
        grid: decreasing times; n + 1 of them make n steps.
        step: the solver.
        noise: keyed noise with one seed for each of the B pictures.
        constraint: applied after every step.
        resamplings: how often each step is made, one number for all or one for each; before each repetition the
            pictures are noised back,
            x_t = (α_t/α_s) x_s + σ_{t|s} ε ("RePaint", Lugmayr et al., 2022, arXiv:2201.09865), and the solver's
            memory is cleared.
        after: go on from this state of a trajectory down the same grid, its pictures being x.
    """
    path, shape = denoiser.path, x.shape[1:]
    memory = None if after is None else after.memory
    first = 0 if after is None else after.i + 1
    for i, (t, s) in enumerate(itertools.pairwise(grid[first:]), first):
        transition = path.between(t, s)
        visits = resamplings if isinstance(resamplings, int) else resamplings[i]
        for visit in range(visits if s > 0 else 1):
            if visit > 0:
                x = _noised_back(transition, x, noise(Stream.RESAMPLE, t, shape, visit).to(x.device))
                memory = None
            draw = _Draw(noise, shape, visit, x.device)
            result = step(denoiser, x, transition, lambda draw=draw, t=t: draw(Stream.STEP, t), memory)  # type: ignore[misc]
            x_t, x, memory = x, result.x, result.memory
            if constraint is not None:
                x = constraint(x, path, s, lambda level, draw=draw: draw(Stream.KNOWN, level))  # type: ignore[misc]
        yield State(i, t, s, x_t, result.x0, x, memory)


def sample(states: Iterator[State]) -> Tensor:
    """The pictures at the end of a trajectory, [B, C, H, W].

    Raises:
        UsageError: if the trajectory has no step.
    """
    last: State | None = None
    for last in states:  # noqa: B007
        pass
    if last is None:
        raise UsageError("a grid of one time makes no step and no picture: start above the clean level.")
    return last.x_s


@dataclass(frozen=True)
class _Draw:
    """Noise for one visit of one step, on the pictures' device."""

    noise: Noise
    shape: torch.Size
    visit: int
    device: torch.device

    def __call__(self, stream: Stream, t: float) -> Tensor:
        return self.noise(stream, t, self.shape, self.visit).to(self.device)


def _noised_back(c: Transition, x_s: Tensor, noise: Tensor) -> Tensor:
    return c.alpha_t / c.alpha_s * x_s + math.sqrt(c.beta) * noise
