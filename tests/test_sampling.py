"""The loop: pictures do not depend on their batch, noise is drawn where it should be, and states show themselves."""

import io
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from duckrabbit.diffusion.constraints import KnownRegion
from duckrabbit.diffusion.denoiser import EncodedOnce, NetworkDenoiser
from duckrabbit.diffusion.grid import course, starting_at, uniform
from duckrabbit.diffusion.noise import Noise, Stream, consecutive_seeds
from duckrabbit.diffusion.parametrization import V
from duckrabbit.diffusion.path import Cosine, LinearBeta, Path, RectifiedFlow, SquaredCosine, Transition, time_of_level
from duckrabbit.diffusion.sampling import State, initial_noise, noised, sample, trajectory
from duckrabbit.diffusion.steps import DDIM, DDPM, SOLVERS, DPMpp2M, Memory, Step, StepResult
from duckrabbit.diffusion.terms import Composition, Term
from duckrabbit.errors import UsageError
from helpers import PATHS, Mixture, Shifting, brief, named, normal, pictures

SHAPE = (3, 8, 8)
PATH = Cosine()


@dataclass(frozen=True)
class Listening(Noise):
    """Keyed noise that remembers what was drawn."""

    drawn: list[tuple[Stream, float, int]] = field(default_factory=list)

    def __call__(self, stream: Stream, t: float, shape: Sequence[int], visit: int = 0) -> Tensor:
        self.drawn.append((stream, t, visit))
        return super().__call__(stream, t, shape, visit)


def _prompted(count: int) -> Composition:
    return Composition(Shifting(PATH), ((Term("duck", 3.0), Term("", -2.0, leads=False)),) * count)


def _made(step: Step, seeds: tuple[int, ...]) -> Tensor:
    noise = Noise(seeds)
    x = initial_noise(PATH, noise, SHAPE)
    return sample(trajectory(_prompted(len(seeds)), x, uniform(PATH, 6), step, noise))


@pytest.mark.parametrize("solver", SOLVERS)
@brief
@given(seed=st.integers(0, 2**62), count=st.integers(1, 5))
def test_sample_k_of_a_run_is_the_sample_of_seed_plus_k(solver: str, seed: int, count: int) -> None:
    together = _made(SOLVERS[solver], consecutive_seeds(seed, count))
    for k in range(count):
        assert torch.equal(together[k], _made(SOLVERS[solver], (seed + k,))[0])


def test_a_network_padded_to_fours_makes_the_same_pictures_in_any_batch() -> None:
    generator = torch.Generator().manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3, padding=1), torch.nn.SiLU(), torch.nn.Conv2d(16, 3, 3, padding=1)
    )
    for parameter in network.parameters():
        parameter.data = 0.2 * torch.randn(parameter.shape, generator=generator)
    denoiser = NetworkDenoiser(lambda x, t, c: network(x), PATH, V, lambda prompts: None)

    def made(seeds: tuple[int, ...]) -> Tensor:
        noise = Noise(seeds)
        x = initial_noise(PATH, noise, (3, 28, 28))
        composition = Composition(denoiser, ((Term(""),),) * len(seeds))
        return sample(trajectory(composition, x, uniform(PATH, 4), DDPM(), noise))

    together = made((0, 1, 2, 3, 4))
    for k in range(5):
        # One grey level of 256 is 2/255.
        torch.testing.assert_close(made((k,))[0], together[k], rtol=0, atol=1e-5)


def test_each_prompt_of_a_run_is_encoded_once_and_its_rows_are_stacked() -> None:
    asked: list[str] = []
    shapes: list[list[int]] = []

    def rows(prompts: Sequence[str]) -> list[Tensor]:
        asked.extend(prompts)
        return [torch.full((len(prompt),), 1.0) for prompt in prompts]

    def network(x: Tensor, t: Tensor, c: Tensor | None) -> Tensor:
        assert c is not None
        shapes.append(c.sum(1).int().tolist())
        return x

    denoiser = NetworkDenoiser(network, PATH, V, EncodedOnce(rows, partial(pad_sequence, batch_first=True)))
    composition = Composition(denoiser, ((Term("duck", 3.0), Term("", -2.0, leads=False)), (Term("hare"),)))
    list(trajectory(composition, pictures(2), uniform(PATH, 5), DDIM(), Noise((0, 1))))
    assert asked == ["duck", "", "hare"]
    assert shapes == [[4, 0, 4, 4]] * 5


@pytest.mark.parametrize("solver", ["ddim", "euler", "heun", "dpmpp_2m"])
def test_deterministic_solvers_draw_no_step_noise(solver: str) -> None:
    noise = Listening((0,))
    sample(trajectory(Mixture(PATH), pictures(1), uniform(PATH, 5), SOLVERS[solver], noise))
    assert noise.drawn == []


@pytest.mark.parametrize("step", [DDPM(), DDIM(eta=1.0)], ids=named)
def test_stochastic_solvers_draw_once_a_step_and_not_in_the_last(step: Step) -> None:
    noise = Listening((0,))
    sample(trajectory(Mixture(PATH), pictures(1), uniform(PATH, 4), step, noise))
    assert noise.drawn == [(Stream.STEP, t, 0) for t in (1.0, 0.75, 0.5)]


@pytest.mark.parametrize("resamplings", [1, 3])
def test_a_grid_of_the_clean_level_alone_makes_no_step(resamplings: int) -> None:
    assert course(34) == (0.0,)
    states = trajectory(Mixture(PATH), pictures(1), (0.0,), DDPM(), Noise((0,)), resamplings=resamplings)
    assert list(states) == []
    with pytest.raises(UsageError, match="no step"):
        sample(trajectory(Mixture(PATH), pictures(1), (0.0,), DDPM(), Noise((0,))))


def test_states_are_a_chain() -> None:
    x, denoiser, grid = pictures(2), Mixture(PATH), starting_at(course(), time_of_level(250))
    states = list(trajectory(denoiser, x, grid, DDPM(), Noise((0, 1))))
    assert [state.i for state in states] == list(range(len(grid) - 1))
    assert [(state.t, state.s) for state in states] == list(itertools.pairwise(grid))
    assert torch.equal(states[0].x_t, x)
    for before, after in itertools.pairwise(states):
        assert torch.equal(before.x_s, after.x_t)
    for state in states:
        assert torch.equal(state.x0, denoiser(state.x_t, state.t).x0)
    assert torch.equal(states[-1].x_s, states[-1].x0)


def test_states_come_one_by_one() -> None:
    asked: list[float] = []

    @dataclass(frozen=True)
    class Watched(Mixture):
        def __call__(self, x: Tensor, t: float):  # type: ignore[no-untyped-def]
            asked.append(t)
            return super().__call__(x, t)

    states = trajectory(Watched(PATH), pictures(1), uniform(PATH, 5), DDIM(), Noise((0,)))
    assert asked == []
    next(states)
    assert asked == [1.0]


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_initial_noise_has_the_spread_of_noised_pictures(path: Path) -> None:
    alpha, sigma = path.at(0.7)
    x = initial_noise(path, Noise((3,)), (1, 150, 150), 0.7)
    assert x.std().item() == pytest.approx(math.sqrt(alpha**2 + sigma**2), rel=0.03)
    assert torch.equal(x, (math.hypot(alpha, sigma) * Noise((3,))(Stream.INIT, 0.7, (1, 150, 150))))


def test_noising_makes_one_picture_for_each_seed() -> None:
    picture, noise = pictures(1)[0], Noise((4, 5, 6))
    noisy = noised(PATH, picture, 0.3, noise)
    assert noisy.shape == (3, *SHAPE)
    alpha, sigma = PATH.at(0.3)
    torch.testing.assert_close((noisy - alpha * picture) / sigma, noise(Stream.INIT, 0.3, SHAPE), rtol=0, atol=1e-5)


@pytest.mark.parametrize("path", [SquaredCosine(), Cosine(), RectifiedFlow()], ids=repr)
@pytest.mark.parametrize("solver", ["heun", "dpmpp_2m"])
def test_a_whole_run_makes_the_data(solver: str, path: Path) -> None:
    """From noise at t = 1, exact denoising of N(0.2, 0.4²) gives back 0.2 and 0.4 in 20 steps."""
    noise = Noise((0,))
    x = initial_noise(path, noise, (1, 120, 120))
    end = sample(trajectory(normal(path, 0.4, mean=0.2), x, uniform(path, 20), SOLVERS[solver], noise))
    assert end.mean().item() == pytest.approx(0.2, abs=5 * 0.4 / 120)
    assert end.std().item() == pytest.approx(0.4, rel=0.03)


def test_repeated_steps_draw_anew_at_every_visit() -> None:
    noise = Listening((0,))
    grid = (0.9, 0.5, 0.0)
    constraint = KnownRegion(pictures(1)[0], torch.ones(8, 8))
    sample(trajectory(Mixture(PATH), pictures(1), grid, DDPM(), noise, constraint, resamplings=3))
    assert noise.drawn == [
        (Stream.STEP, 0.9, 0),
        (Stream.KNOWN, 0.5, 0),
        (Stream.RESAMPLE, 0.9, 1),
        (Stream.STEP, 0.9, 1),
        (Stream.KNOWN, 0.5, 1),
        (Stream.RESAMPLE, 0.9, 2),
        (Stream.STEP, 0.9, 2),
        (Stream.KNOWN, 0.5, 2),
    ]


def test_noising_back_clears_the_solvers_memory() -> None:
    remembered: list[bool] = []

    @dataclass(frozen=True)
    class Spied(DPMpp2M):
        def __call__(
            self,
            denoiser: object,
            x: Tensor,
            transition: Transition,
            noise: Callable[[], Tensor],
            memory: Memory | None,
        ) -> StepResult:
            remembered.append(memory is not None)
            return super().__call__(denoiser, x, transition, noise, memory)  # type: ignore[arg-type]

    list(trajectory(Mixture(PATH), pictures(1), uniform(PATH, 3), Spied(), Noise((0,)), resamplings=2))
    assert remembered == [False, False, True, False, True]


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_noising_back_returns_to_the_level(path: Path) -> None:
    """One picture m, exactly denoised: x_t is N(α_t m, σ_t²) again whenever it is noised back."""
    mean, size, grid = 0.4, 150, (0.8, 0.5, 0.0)
    (alpha, sigma), noise = path.at(grid[0]), Noise((0,))
    x = alpha * mean + sigma * noise(Stream.INIT, grid[0], (1, size, size))
    state = next(trajectory(normal(path, 1e-6, mean), x, grid, DDPM(), noise, resamplings=2))
    assert not torch.equal(state.x_t, x)
    assert state.x_t.mean().item() == pytest.approx(alpha * mean, abs=5 * sigma / size)
    assert state.x_t.std().item() == pytest.approx(sigma, rel=0.03)


def _repaint(
    x: Tensor, known: Tensor, mask: Tensor, denoiser: Mixture, grid: tuple[float, ...], jumps: int, noise: Noise
) -> Tensor:
    """Algorithm 1 of RePaint (Lugmayr et al., 2022), in the cumulated ᾱ of each level of a strided schedule."""

    def draw(stream: Stream, t: float, visit: int) -> Tensor:
        return noise(stream, t, x.shape[1:], visit).to(x)

    alpha_bars = {t: denoiser.path.at(t)[0] ** 2 for t in grid}
    for t, s in itertools.pairwise(grid):
        bar_t, bar_s = alpha_bars[t], alpha_bars[s]
        one_minus_beta = bar_t / bar_s
        for u in range(jumps):
            last = s == 0
            x_known = known if last else bar_s**0.5 * known + (1 - bar_s) ** 0.5 * draw(Stream.KNOWN, s, u)
            epsilon = (x - bar_t**0.5 * denoiser(x, t).x0) / (1 - bar_t) ** 0.5
            mean = (x - (1 - one_minus_beta) / (1 - bar_t) ** 0.5 * epsilon) / one_minus_beta**0.5
            variance = (1 - bar_s) / (1 - bar_t) * (1 - one_minus_beta)
            x_unknown = mean if last else mean + variance**0.5 * draw(Stream.STEP, t, u)
            x = mask * x_unknown + (1 - mask) * x_known
            if last:
                break
            if u < jumps - 1:
                x = one_minus_beta**0.5 * x + (1 - one_minus_beta) ** 0.5 * draw(Stream.RESAMPLE, t, u + 1)
    return x


@pytest.mark.parametrize("resamplings", [1, 4])
def test_inpainting_is_repaint(resamplings: int) -> None:
    path, noise, grid = LinearBeta(), Noise((5, 6)), course(14)
    known, mask = pictures(1)[0], torch.zeros(8, 8)
    mask[2:6, 3:] = 1
    denoiser, x = Mixture(path), initial_noise(path, noise, SHAPE, grid[0])
    ours = sample(trajectory(denoiser, x, grid, DDPM(), noise, KnownRegion(known, mask), resamplings))
    theirs = _repaint(x.double(), known.double(), mask.double(), denoiser, grid, resamplings, noise)
    torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=1e-5)
    assert torch.equal(ours[:, :, mask == 0], known[:, mask == 0].expand(2, -1, -1))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_state_shows_itself_in_a_notebook(channels: int) -> None:
    x = pictures(2, size=28, channels=channels)
    white, black = torch.ones_like(x), -torch.ones_like(x)
    png = State(0, 0.5, 0.4, x, black, torch.stack([white[0], black[0]]))._repr_png_()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    shown = Image.open(io.BytesIO(png)).convert("L")
    width, height = shown.size
    assert (width, height) == (2 * 28 * 4, 2 * 28 * 4)
    # Above: x_s, white and black; below: x̂_0, both black.
    corners = [shown.getpixel((a * width // 4, b * height // 4)) for b in (1, 3) for a in (1, 3)]
    assert corners == [255, 0, 0, 0]
