"""Judge guidance, amortised: how compositions are put together, what is learnt from them, and that it is learnt."""

import itertools
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from duckrabbit.datasets.prompts import Vocabulary
from duckrabbit.diffusion.parametrization import PARAMETRIZATIONS, V
from duckrabbit.diffusion.path import Cosine
from duckrabbit.errors import UsageError
from duckrabbit.judges.guidance import DOWN_TO, FROM
from duckrabbit.judges.judge import Judge, load_judge
from duckrabbit.judges.subjects import subjects_of
from duckrabbit.models.storage import read_weights, write_weights
from duckrabbit.networks.picture_judges import Panel
from duckrabbit.trained.compositions import (
    SCENES,
    STEPS,
    STYLES,
    UNTIL,
    Arrangement,
    JudgedDistillation,
    Prompts,
    Underway,
    arrangements,
    panel,
    picture,
    prompts_for,
)
from duckrabbit.training.data import Batch
from duckrabbit.training.distillation import GuidanceDistillation, GuidanceScales
from duckrabbit.training.objectives import FixedTime
from helpers import pictures

CPU = torch.device("cpu")
KINDS = arrangements(0.7)
SIDE = 32


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# --- Arrangements ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.views} {kind.share}")
def test_answers_that_agree_make_the_picture_itself_and_what_moves_each_moves_it(kind: Arrangement) -> None:
    x, change = pictures(3, 64, dtype=torch.float64), pictures(3, 64, seed=1, dtype=torch.float64)
    torch.testing.assert_close(kind.composed(kind.rows(x)), x)
    answers = pictures(3 * len(kind.views), 64, seed=2, dtype=torch.float64)
    moved = kind.composed(answers + kind.rows(change)) - kind.composed(answers)
    torch.testing.assert_close(moved, change)


def test_pictures_are_guided_by_no_judge_when_they_are_made_and_illusions_as_the_model_says() -> None:
    assert {kind.judge_scale for kind in KINDS if len(kind.views) == 1} == {0.0}
    assert {kind.judge_scale for kind in KINDS if len(kind.views) == 2} == {0.7}


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
@pytest.mark.parametrize("t", [0.1, 0.5, 0.95])
def test_an_output_that_is_changed_changes_the_estimate_by_as_much(name: str, t: float) -> None:
    own = PARAMETRIZATIONS[name]
    alpha, sigma = Cosine()(torch.tensor(t, dtype=torch.float64))
    x_t, output, change = (pictures(2, seed=seed, dtype=torch.float64) for seed in range(3))
    after = own.x0(output + own.change(change, alpha, sigma), x_t, alpha, sigma)
    torch.testing.assert_close(after - own.x0(output, x_t, alpha, sigma), change)


# --- Prompts and judges ----------------------------------------------------------------------------------------------


def test_prompts_are_what_the_judge_has_names_for_and_most_share_a_style() -> None:
    judge = load_judge("pictures", "guiding")
    vocabulary = Vocabulary(("duck", "rabbit", "oil", "painting", "photo", "of", "cartoon", "watercolor"))
    prompts = prompts_for(judge, vocabulary, CPU)
    assert prompts.tokens.shape[0] == len(STYLES)
    assert prompts.tokens.shape[1] > len(subjects_of(judge))
    k = subjects_of(judge).index("duck")
    assert prompts.tokens[STYLES.index("an oil painting of"), k].tolist()[:5] == [
        1,
        *vocabulary.encode(["oil painting of duck"])[0, 1:].tolist(),
    ]
    assert prompts.classes[k] == judge.asked_for("a duck")
    assert all(judge.asked_for(scene) is not None for scene in SCENES)
    tokens, classes = Prompts(torch.arange(70).view(10, 7, 1), torch.arange(7))(2, 4000, seeded())
    assert (tokens[..., 0] % 7 == classes).all()
    styles = tokens[..., 0] // 7
    assert 0.68 < (styles[0] == styles[1]).float().mean() < 0.78


def test_the_panel_is_the_shipped_judge_that_guides_or_of_those_in_files(tmp_path: Path) -> None:
    assert panel((), CPU).checksum == load_judge("pictures", "guiding").checksum
    weights = Path(__file__).parents[1] / "src/duckrabbit/models/weights/picture-judge-pulling.safetensors"
    tensors, config = read_weights(weights)
    write_weights(tmp_path / "one", tensors, {**config, "kind": "picture-judge"})
    write_weights(tmp_path / "other", tensors, {**config, "kind": "picture-judge", "classes": config["classes"][::-1]})
    own = panel((tmp_path / "one", tmp_path / "one"), CPU)
    assert isinstance(own.network, Panel)
    assert len(own.network.members) == 2
    x = pictures(2, 64)
    torch.testing.assert_close(own.log_probabilities(x), load_judge("pictures", "guiding").log_probabilities(x))
    with pytest.raises(UsageError, match="other names"):
        panel((tmp_path / "one", tmp_path / "other"), CPU)
    for members in (["of-tomorrow"], ["residual-32"]):
        write_weights(tmp_path / "strange", tensors, {**config, "kind": "picture-judge", "members": members})
        with pytest.raises(UsageError, match="not known here"):
            panel((tmp_path / "strange",), CPU)


# --- What is learnt --------------------------------------------------------------------------------------------------


class Known(nn.Module):
    """Answers with one picture x̂_0, whatever it is asked; what it learns."""

    def __init__(self) -> None:
        super().__init__()
        self.x0 = nn.Parameter(torch.zeros(1, 3, SIDE, SIDE))

    def forward(self, x: Tensor, t: Tensor, tokens: Tensor, told: Tensor) -> Tensor:
        alpha, sigma = (c.view(-1, 1, 1, 1).float() for c in Cosine()(t.double()))
        return (alpha * x - self.x0) / sigma.clamp_min(0.2)


def nothing(x: Tensor, t: Tensor, tokens: Tensor) -> Tensor:
    """A teacher that sees grey."""
    alpha, sigma = (c.view(-1, 1, 1, 1).float() for c in Cosine()(t.double()))
    return alpha * x / sigma.clamp_min(0.2)


def judged(strength: float, kind: Arrangement, judge: Judge, wanted: int, sets: int = 3) -> JudgedDistillation:
    distillation = GuidanceDistillation(Cosine(), FixedTime(0.9), nothing, GuidanceScales(8.0, ((4.0, 3.0),)))
    prompts = Prompts(torch.ones(1, 1, 16, dtype=torch.int64), torch.tensor([wanted]))
    return JudgedDistillation(distillation, V, judge, prompts, [kind], strength, rows=4, sets=sets, size=SIDE)


def painted(count: int = 2) -> Batch:
    return Batch(pictures(count, SIDE), torch.ones(count, 16, dtype=torch.int64))


@pytest.mark.parametrize("kind", [picture(), KINDS[0]], ids=["picture", "anagram"])
def test_pictures_go_on_from_noise_step_by_step_and_others_begin(kind: Arrangement) -> None:
    objective = judged(0.5, kind, load_judge("digits", "guiding"), 3, sets=1)
    times: list[float] = []
    begun = 0
    for step in range(60):
        objective(Known(), painted(), seeded(step))
        (own,) = objective.underway
        if own is None:
            begun += 1
            continue
        assert own.x.shape == (4 // len(kind.views), 3, SIDE, SIDE)
        times.append(own.t)
    falls = [before - after for before, after in itertools.pairwise(times) if after < before]
    assert min(times) >= UNTIL
    assert 1 / STEPS[1] - 1e-9 <= min(falls) <= max(falls) <= 1 / STEPS[0] + 1e-9
    assert begun >= 2


@pytest.mark.parametrize("t", [0.95, FROM, 0.5, 0.25])
def test_answers_are_moved_by_the_strength_times_the_time_and_less_what_is_read(t: float) -> None:
    judge = load_judge("digits", "guiding")
    kind = KINDS[0]
    x = pictures(2, SIDE)
    own = Underway(kind, x, t, 0.05, torch.ones(2, 2, 16, dtype=torch.int64), torch.full((2, 2), 3), torch.ones(2, 2))
    output = nothing(kind.rows(x), torch.full((4,), t), own.tokens)
    moved, after = judged(0.5, kind, judge, 3)._judged(own, output, seeded())
    _, sigma = Cosine().at(t)
    size = (sigma * moved).square().mean((1, 2, 3)).sqrt()
    assert after is not None
    if DOWN_TO < t <= FROM:
        # Grey is read as no digit, least of all as this one in both ways.
        assert ((size > 0.4 * t) & (size <= 0.5 * t + 1e-6)).all()
    else:
        assert size.max() == 0
    torch.testing.assert_close(judged(0.0, kind, judge, 3)._judged(own, output, seeded())[0], torch.zeros_like(moved))


def test_what_judges_ask_for_is_learnt() -> None:
    judge = load_judge("digits", "guiding")
    wanted = 3
    log_p = []
    for strength in (0.0, 1.0, 2.0):
        network = Known()
        objective = judged(strength, picture(), judge, wanted)
        optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
        for step in range(150):
            optimizer.zero_grad()
            objective(network, painted(), seeded(step)).backward()
            optimizer.step()
        log_p.append(judge.log_probabilities(network.x0.detach())[0, wanted].item())
    assert log_p[0] + 0.7 < log_p[1]
    assert log_p[1] + 0.2 < log_p[2]
