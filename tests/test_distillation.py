"""Distilling guidance: what is taught is what guidance says, of pictures and of compositions, and it is learnt."""

import pytest
import torch
from torch import Tensor, nn

from duckrabbit.datasets.prompts import Vocabulary
from duckrabbit.diffusion.denoiser import NetworkDenoiser
from duckrabbit.diffusion.guidance import Guidance, guided, guided_answer
from duckrabbit.diffusion.parametrization import V
from duckrabbit.diffusion.path import Cosine
from duckrabbit.diffusion.terms import Composition
from duckrabbit.diffusion.thresholding import unclipped
from duckrabbit.networks.pocket_unet import PocketUNet, PocketUNetConfig
from duckrabbit.networks.text_encoder import START, without_words
from duckrabbit.training.data import Batch
from duckrabbit.training.distillation import GuidanceDistillation, GuidanceScales, composed
from duckrabbit.training.objectives import FixedTime, UniformTimes
from helpers import pictures

VOCABULARY = Vocabulary(("cat", "dog", "red"))
SHAPE = PocketUNetConfig(
    len(VOCABULARY), widths=(32, 64), blocks=(1, 1), attention=(False, True), text_width=64, text_layers=1, embedding=64
)
SCALES = GuidanceScales(8.0, ((5.0, 2.0), (4.0, 3.0)))
T = 0.6


@pytest.fixture(scope="module")
def teacher() -> PocketUNet:
    torch.manual_seed(0)
    network = PocketUNet(SHAPE)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network.eval().requires_grad_(False)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(count: int, size: int = 16) -> Batch:
    return Batch(pictures(count, size), VOCABULARY.encode((["a cat", "a red dog", ""] * count)[:count], 16))


class Listening(nn.Module):
    """Remembers what it is asked, and answers nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []

    def forward(self, x: Tensor, t: Tensor, tokens: Tensor, told: Tensor) -> Tensor:
        self.asked.append((x, t, tokens, told))
        return torch.zeros_like(x)


@pytest.mark.parametrize("scales", [(5.0, 2.0), (4.0, 3.0), (3.0, 3.0)])
def test_what_is_taught_is_what_the_engine_makes_of_two_evaluations(
    scales: tuple[float, float], teacher: PocketUNet
) -> None:
    prompts = ["a cat", "a red dog"]
    tokens = VOCABULARY.encode(prompts, 16)
    told: list[Tensor] = []

    def listening(x: Tensor, t: Tensor, own: Tensor, scale: Tensor) -> Tensor:
        """Says what the engine says."""
        assert torch.equal(own, tokens)
        assert scale.tolist() == [list(scales)] * 2
        denoiser = NetworkDenoiser(teacher, Cosine(), V, lambda asked: VOCABULARY.encode(asked, 16))
        guidance = Guidance(scales[0], mean_scale=scales[1])
        terms = tuple(guided(prompt, guidance) for prompt in prompts)
        x0 = Composition(denoiser, terms, unclipped)(x, T).x0
        alpha, sigma = Cosine().at(T)
        told.append(x0)
        return (alpha * x - x0) / sigma

    objective = GuidanceDistillation(
        Cosine(), FixedTime(T), teacher, GuidanceScales(8.0, (scales,), share=1.0), composed=0.0
    )
    loss = objective(listening, Batch(pictures(2, 16), tokens), seeded())  # type: ignore[arg-type]
    assert told[0].std() > 0.1
    assert loss.item() < 1e-10
    assert objective(Listening(), Batch(pictures(2, 16), tokens), seeded()).item() > 1e-3


def test_guidance_is_drawn_in_its_range_and_half_of_it_as_it_is_used() -> None:
    drawn = SCALES(4000, seeded())
    scale, mean = drawn.unbind(1)
    assert scale.min() >= 1
    assert 7.9 < scale.max() <= 8
    assert mean.min() >= 1
    assert (mean <= scale).all()
    for usual in SCALES.usual:
        assert 0.22 < (drawn == torch.tensor(usual)).all(dim=1).float().mean() < 0.28


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_so_many_see_compositions(share: float, teacher: PocketUNet) -> None:
    # All pictures are of one colour each, so that a mixture is seen from its colour.
    colours = torch.linspace(-1, 1, 64).view(-1, 1, 1, 1).expand(64, 3, 8, 8)
    network = Listening()
    still = GuidanceDistillation(Cosine(), FixedTime(1e-6), teacher, SCALES, composed=share)
    for seed in range(4):
        still(network, Batch(colours, VOCABULARY.encode(["a cat"] * 64, 16)), seeded(seed))
    x_t = torch.cat([own[0] for own in network.asked])
    changed = ((x_t.mean((1, 2, 3)) - colours[:, 0, 0, 0].repeat(4)).abs() > 1e-3).float().mean()
    # The far part of one colour and the near part of another are the first colour: a quarter of all can't be seen.
    assert 0.6 * share - 0.01 <= changed <= share + 0.08 * (share > 0)


def test_compositions_are_of_a_picture_and_the_one_before() -> None:
    x = pictures(256, 16)
    made = composed(x, seeded())
    assert made.shape == x.shape
    assert made.abs().max() <= 1
    assert (made - x).abs().amax((1, 2, 3)).min() > 0.05
    # Of pictures that no mirror changes, anagrams are plain mixtures.
    flat = torch.linspace(-1, 1, 5).view(5, 1, 1, 1).expand(5, 3, 8, 8)
    mixed = composed(flat, seeded(1))[1:, 0, 0, 0]
    assert ((mixed >= flat[:-1, 0, 0, 0]) & (mixed <= flat[1:, 0, 0, 0])).all()


def test_the_null_prompt_has_no_words() -> None:
    tokens = VOCABULARY.encode(["a red cat", ""], 16)
    assert torch.equal(without_words(tokens), VOCABULARY.encode(["", ""], 16))
    assert without_words(tokens)[0, 0] == START


class Toy(nn.Module):
    """D(x) = w x + u mean(x), where w and u depend on the guidance, and on whether there are words."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Linear(6, 2, bias=False)
        nn.init.zeros_(self.weights.weight)

    def forward(self, x: Tensor, t: Tensor, tokens: Tensor, told: Tensor) -> Tensor:
        words = worded(tokens)[:, None]
        features = torch.cat([torch.ones_like(words), told / 4], dim=1)
        w, u = self.weights(torch.cat([words * features, (1 - words) * features], dim=1)).view(-1, 2, 1, 1, 1).unbind(1)
        return w * x + u * x.mean((-2, -1), keepdim=True)


def worded(tokens: Tensor) -> Tensor:
    return (tokens[:, 1] > 0).float()


def test_what_is_taught_is_learnt() -> None:
    student = Toy()
    objective = GuidanceDistillation(
        Cosine(), UniformTimes(), lambda x, t, tokens: x * (0.5 * worded(tokens) - 0.2).view(-1, 1, 1, 1), SCALES
    )
    optimizer = torch.optim.Adam(student.parameters(), lr=0.05)
    losses = []
    for step in range(200):
        loss = objective(student, batch(24, 8), seeded(step))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-10:]) < 0.02 * sum(losses[:10])
    x, tokens = pictures(1, 8), VOCABULARY.encode(["a cat"], 16)
    told = torch.tensor([[6.0, 3.0]])
    expected = guided_answer(0.3 * x, -0.2 * x, *told.unbind(1))
    assert (student(x, torch.ones(1), tokens, told) - expected).abs().max() < 0.1 * expected.abs().max()
