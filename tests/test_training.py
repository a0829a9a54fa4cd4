"""Training: what a step learns from, what it does, and that a stopped run goes on as if it had not been stopped."""

import dataclasses
import itertools
import json
import math
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path as File

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import Tensor, nn

from duckrabbit.cli.main import main
from duckrabbit.datasets.mnist import Digits
from duckrabbit.diffusion.parametrization import EPSILON, PARAMETRIZATIONS
from duckrabbit.diffusion.path import Additive, Cosine, LinearBeta, Path, RectifiedFlow
from duckrabbit.errors import UsageError
from duckrabbit.making.plan import Planned
from duckrabbit.making.sampling import Sampling
from duckrabbit.models.digits import digit_model
from duckrabbit.models.model import SamplerConfig
from duckrabbit.models.storage import read_weights
from duckrabbit.networks.digit_unet import DigitUNet
from duckrabbit.trained.digit_recipes import DIGIT_RECIPES
from duckrabbit.trained.digits import TrainingRun, digits_of, train_digits
from duckrabbit.trained.run_folder import Metrics, to_toml
from duckrabbit.trained.samples import sampling_frames, shown_sampler
from duckrabbit.training.data import Batch, DigitExamples, Examples, RandomAffine
from duckrabbit.training.loop import Engine, Hyperparameters, Report, train
from duckrabbit.training.objectives import (
    ClassificationObjective,
    DenoisingObjective,
    FixedTime,
    LevelsOfTable,
    Objective,
    Times,
    UniformTimes,
)
from duckrabbit.training.state import TrainingState, checkpoint_metadata
from duckrabbit.training.team import Team
from helpers import brief

CPU = torch.device("cpu")
ENGINE = Engine(CPU, report_every=2)
SHORT = Hyperparameters(3, 32, 1e-3, learning_rate_decay=0.1, ema_decay=0.9, seed=5)
OBJECTIVE = DenoisingObjective(LinearBeta(300), EPSILON, LevelsOfTable(300), drop_condition=0.1)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums on a CPU depend on the number of threads, and so does the last bit of a training."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def digits(count: int = 168) -> DigitExamples:
    """Made-up digits: as many as fill five batches of SHORT and leave eight over."""
    generator = torch.Generator().manual_seed(0)
    return DigitExamples(
        torch.randint(0, 256, (count, 28, 28), generator=generator, dtype=torch.uint8),
        torch.randint(0, 10, (count,), generator=generator),
    )


def fresh(hyperparameters: Hyperparameters = SHORT, hidden: int = 8) -> TrainingState:
    torch.manual_seed(hyperparameters.seed)
    return TrainingState(DigitUNet(hidden, time=True, classes=True), hyperparameters.ema_decay, CPU)


def tiny(hyperparameters: Hyperparameters = SHORT) -> TrainingState:
    """The state of a network whose arithmetic takes no time."""
    torch.manual_seed(hyperparameters.seed)
    return TrainingState(Dots(), hyperparameters.ema_decay, CPU)


class Dots(nn.Module):
    """One convolution with batch statistics; it is told time and class and does not care."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(1, 1, 3, padding=1), nn.BatchNorm2d(1)

    def forward(self, x: Tensor, t: Tensor | None = None, c: Tensor | None = None) -> Tensor:
        y: Tensor = self.norm(self.convolution(x))
        return y


def everything(state: TrainingState) -> dict[str, Tensor]:
    """Copies of all that a checkpoint holds: network, average, and Adam's moments."""
    return {name: tensor.detach().clone() for name, tensor in state.tensors()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def timeless(report: Report) -> Report:
    return dataclasses.replace(report, pictures_per_second=0.0)


# --- Resuming --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole() -> tuple[list[Report], dict[str, Tensor]]:
    """The reports and the end of the run that nothing interrupted."""
    torch.set_num_threads(1)
    state = fresh()
    reports = list(train(state, digits(), OBJECTIVE, SHORT, ENGINE))
    return [timeless(report) for report in reports], everything(state)


@pytest.mark.parametrize("stop_at", [1, 2, 3, 5, 7, 8])
def test_stopped_at_any_report_and_resumed_is_uninterrupted_bit_by_bit(
    stop_at: int, whole: tuple[list[Report], dict[str, Tensor]], tmp_path: File
) -> None:
    stopped = fresh()
    before = list(itertools.islice(train(stopped, digits(), OBJECTIVE, SHORT, ENGINE), stop_at))
    stopped.save(tmp_path / "checkpoint.safetensors", {})

    torch.manual_seed(99)  # Nothing may hang on the initial weights or on the global generator.
    resumed = TrainingState(DigitUNet(8, time=True, classes=True), SHORT.ema_decay, CPU)
    resumed.load(tmp_path / "checkpoint.safetensors")
    assert resumed.step == before[-1].step
    assert same(everything(resumed), everything(stopped))
    after = list(train(resumed, digits(), OBJECTIVE, SHORT, ENGINE))

    reports, end = whole
    assert [timeless(report) for report in before + after] == reports
    assert same(everything(resumed), end)
    assert resumed.step == reports[-1].steps == 15


def test_told_to_stop_it_stops_after_the_step_and_resumes_as_if_it_had_not(
    whole: tuple[list[Report], dict[str, Tensor]],
) -> None:
    state, stops = fresh(), iter([False, False, False, True])
    *_, last = itertools.islice(train(state, digits(), OBJECTIVE, SHORT, ENGINE, lambda: next(stops)), 2)
    assert last.step == state.step == 4
    list(train(state, digits(), OBJECTIVE, SHORT, ENGINE))
    assert same(everything(state), whole[1])


def test_the_comparison_notices_another_seed(whole: tuple[list[Report], dict[str, Tensor]]) -> None:
    state = fresh()
    other = dataclasses.replace(SHORT, seed=6)
    reports = list(train(state, digits(), OBJECTIVE, other, ENGINE))
    assert [report.loss for report in reports] != [report.loss for report in whole[0]]
    assert not same(everything(state), whole[1])


def test_how_often_is_reported_changes_nothing_that_is_learned(whole: tuple[list[Report], dict[str, Tensor]]) -> None:
    state = fresh()
    list(train(state, digits(), OBJECTIVE, SHORT, Engine(CPU, report_every=100)))
    assert same(everything(state), whole[1])


def test_a_finished_run_has_nothing_left_to_do(tmp_path: File) -> None:
    state = tiny()
    list(train(state, digits(), OBJECTIVE, SHORT, ENGINE))
    end = everything(state)
    assert list(train(state, digits(), OBJECTIVE, SHORT, ENGINE)) == []
    assert same(everything(state), end)


def test_a_run_folder_is_the_same_however_often_it_was_left(tmp_path: File, monkeypatch: pytest.MonkeyPatch) -> None:
    run = TrainingRun("mnist-denoiser", 4, Hyperparameters(2, 32, 1e-3, ema_decay=0.9))
    made_up = Digits(digits().pictures, digits().labels)
    list(train_digits(run, made_up, tmp_path / "whole", ENGINE))

    # A checkpoint at the first report only, then epoch by epoch: what comes after the last checkpoint is lost.
    for reports, seconds in ((1, -1.0), (2, 1e9), (4, 1e9), (99, 1e9)):
        monkeypatch.setattr("duckrabbit.trained.run_folder.CHECKPOINT_SECONDS", seconds)
        list(itertools.islice(train_digits(run, made_up, tmp_path / "left", ENGINE), reports))

    names = {str(file.relative_to(tmp_path / "whole")) for file in (tmp_path / "whole").rglob("*") if file.is_file()}
    assert names >= {"model.safetensors", "checkpoint.safetensors", "config.toml", "metrics.jsonl", "loss.png"}
    assert {str(f.relative_to(tmp_path / "left")) for f in (tmp_path / "left").rglob("*") if f.is_file()} == names
    for name in ("model.safetensors", "checkpoint.safetensors", "config.toml", "samples/epoch-01.png"):
        assert (tmp_path / "left" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert _metrics(tmp_path / "left") == _metrics(tmp_path / "whole")


def _metrics(folder: File) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{name: line[name] for name in ("step", "epoch", "loss", "learning_rate")} for line in lines]


def test_metrics_past_the_checkpoint_are_forgotten(tmp_path: File) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps({"step": step}) + "\n" for step in (2, 4, 6, 8)), encoding="utf-8")
    assert [line["step"] for line in Metrics(path, 4).lines] == [2, 4]
    assert Metrics(path, 0).lines == []


# --- Checkpoints -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> File:
    state = tiny()
    next(iter(train(state, digits(), OBJECTIVE, SHORT, ENGINE)))
    path = tmp_path_factory.mktemp("checkpoint") / "checkpoint.safetensors"
    state.save(path, {})
    return path


@brief
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_checkpoint_is_refused(checkpoint: File, share: float) -> None:
    content = checkpoint.read_bytes()
    damaged = checkpoint.with_name("truncated.safetensors")
    damaged.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UsageError, match="delete it"):
        tiny().load(damaged)


@pytest.mark.parametrize(
    ("find", "put"),
    [
        (b'"step":"2"', b'"step":"x"'),
        (b'"step":"2"', b'"stop":"2"'),
        (b"network.convolution", b"network.convolutiom"),
        (b"adam.exp_avg.", b"adam.exp_avg,"),
        (b"average.norm", b"average.morn"),
        (b"F32", b"F99"),
        (b'"shape":[1,1,3,3]', b'"shape":[1,1,1,9]'),
        (b'{"', b'["'),
    ],
)
def test_a_corrupted_checkpoint_is_refused(checkpoint: File, find: bytes, put: bytes) -> None:
    content = checkpoint.read_bytes()
    assert find in content
    damaged = checkpoint.with_name("corrupted.safetensors")
    damaged.write_bytes(content.replace(find, put))
    with pytest.raises(UsageError, match="not a whole checkpoint") as refusal:
        tiny().load(damaged)
    assert "\n" not in str(refusal.value)
    assert damaged.read_bytes() == content.replace(find, put)


@pytest.mark.parametrize("hidden", [1, 4, 16])
def test_the_checkpoint_of_another_network_is_refused(hidden: int, tmp_path: File) -> None:
    other = fresh(hidden=hidden)
    next(iter(train(other, digits(), OBJECTIVE, SHORT, ENGINE)))
    other.save(tmp_path / "other.safetensors", {})
    with pytest.raises(UsageError, match="not a whole checkpoint of this network"):
        fresh().load(tmp_path / "other.safetensors")


def test_a_missing_checkpoint_is_refused(tmp_path: File) -> None:
    with pytest.raises(UsageError):
        tiny().load(tmp_path / "nothing.safetensors")


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(
    tmp_path: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint.safetensors"
    state = tiny()
    state.save(path, {})
    before = path.read_bytes()

    def interrupted(tensors: object, temporary: File, metadata: object) -> None:
        temporary.write_bytes(before[:100])
        raise KeyboardInterrupt

    monkeypatch.setattr("duckrabbit.media.tensors.save_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        state.save(path, {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_checkpoint_stops_a_run_and_changes_nothing(tmp_path: File) -> None:
    run = TrainingRun("mnist-denoiser", 4, Hyperparameters(1, 32, 1e-3))
    (tmp_path / "checkpoint.safetensors").write_bytes(b"not a checkpoint")
    with pytest.raises(UsageError, match=r"checkpoint\.safetensors"):
        next(train_digits(run, Digits(digits().pictures, digits().labels), tmp_path, ENGINE))
    assert {file.name for file in tmp_path.iterdir()} - {"lock"} == {"checkpoint.safetensors"}
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == b"not a checkpoint"


# --- A step ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decay", [0.6, 0.9])
def test_the_average_is_the_formula(decay: float) -> None:
    """w̄ ← d w̄ + (1 − d) w with d = min(decay, (1 + k)/(10 + k)), by hand, in float64."""
    hyperparameters = dataclasses.replace(SHORT, ema_decay=decay)
    state = tiny(hyperparameters)
    assert state.average is not state.network
    expected = {name: tensor.double() for name, tensor in state.network.state_dict().items()}
    for report in train(state, digits(), OBJECTIVE, hyperparameters, Engine(CPU, report_every=1)):
        d = min(decay, (1 + report.step) / (10 + report.step))
        for name, tensor in state.network.state_dict().items():
            expected[name] = d * expected[name] + (1 - d) * tensor.double()
    averaged = state.average.state_dict()
    for name, tensor in expected.items():
        if averaged[name].is_floating_point():
            torch.testing.assert_close(averaged[name].double(), tensor, rtol=1e-5, atol=1e-6, msg=name)
    assert {"norm.running_mean", "norm.running_var"} <= averaged.keys()


def test_without_a_decay_the_average_is_the_network() -> None:
    state = tiny(dataclasses.replace(SHORT, ema_decay=0.0))
    assert state.average is state.network


@pytest.mark.parametrize("decay", [1.0, 0.1, 0.005])
def test_the_learning_rate_is_torchs_exponential_one(decay: float) -> None:
    hyperparameters = dataclasses.replace(SHORT, epochs=4, learning_rate=3e-3, learning_rate_decay=decay)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=3e-3)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=decay ** (1 / 4))
    expected = []
    for _ in range(4):
        expected += [optimizer.param_groups[0]["lr"]] * 3  # Five steps make three reports of at most two.
        optimizer.step()
        scheduler.step()
    reports = list(train(tiny(hyperparameters), digits(), OBJECTIVE, hyperparameters, ENGINE))
    assert [report.learning_rate for report in reports] == pytest.approx(expected)


def test_the_learning_rate_rises_stays_and_falls() -> None:
    plain = Hyperparameters(2, 8, 1e-2, warmup_steps=4, cooldown=0.25)
    rates = [plain.learning_rate_at(step, steps_per_epoch=10) for step in range(20)]
    assert rates[:4] == pytest.approx([0.25e-2, 0.5e-2, 0.75e-2, 1e-2])
    assert rates[4:15] == pytest.approx([1e-2] * 11)
    assert rates[15:] == pytest.approx([1e-2, 0.8e-2, 0.6e-2, 0.4e-2, 0.2e-2])
    both = dataclasses.replace(plain, learning_rate_decay=0.01)
    decayed = [both.learning_rate_at(step, steps_per_epoch=10) for step in range(20)]
    assert decayed == pytest.approx(rates[:10] + [rate / 10 for rate in rates[10:]])
    engine = Engine(CPU, report_every=1)
    used = [report.learning_rate for report in train(tiny(plain), digits(80), OBJECTIVE, plain, engine)]
    assert used == pytest.approx(rates)


def test_a_clipped_gradient_is_as_long_as_allowed() -> None:
    """Adam forgets a gradient's length, so its first moment is looked at: 0.1 of the gradient after a step."""

    def length(clip: float) -> float:
        hyperparameters = dataclasses.replace(SHORT, clip_gradient=clip)
        state = tiny(hyperparameters)
        next(train(state, digits(), OBJECTIVE, hyperparameters, Engine(CPU, report_every=1)))
        moments = [tensor for name, tensor in everything(state).items() if name.startswith("adam.exp_avg.")]
        return 10 * torch.cat([moment.flatten() for moment in moments]).norm().item()

    free = length(0.0)
    assert free > 0.01
    assert length(free / 4) == pytest.approx(free / 4, rel=1e-3)
    assert length(free * 4) == pytest.approx(free, rel=1e-3)


def test_adam_steps_by_the_learning_rate() -> None:
    """Adam's first step is lr · sign of the gradient: the rate that is reported is the rate that is used."""
    hyperparameters = dataclasses.replace(SHORT, learning_rate=2e-3)
    state = tiny(hyperparameters)
    before = [parameter.detach().clone() for parameter in state.network.parameters()]
    next(iter(train(state, digits(), OBJECTIVE, hyperparameters, Engine(CPU, report_every=1))))
    moved = [(a - b).abs().max() for a, b in zip(state.network.parameters(), before, strict=True)]
    assert max(moved).item() == pytest.approx(2e-3, rel=1e-3)


def test_reduced_precision_keeps_the_weights_exact_and_learns_the_same() -> None:
    losses = {}
    for dtype in (torch.float32, torch.bfloat16):
        state = fresh()
        losses[dtype] = [r.loss for r in train(state, digits(), OBJECTIVE, SHORT, Engine(CPU, dtype, report_every=5))]
        assert {parameter.dtype for parameter in state.network.parameters()} == {torch.float32}
    assert losses[torch.bfloat16] == pytest.approx(losses[torch.float32], rel=0.05)
    assert losses[torch.bfloat16] != losses[torch.float32]


def test_training_lowers_the_loss() -> None:
    objective = DenoisingObjective(Additive(), PARAMETRIZATIONS["x0"], FixedTime(0.25))
    hyperparameters = Hyperparameters(8, 32, 1e-2)
    reports = list(train(fresh(hyperparameters), digits(), objective, hyperparameters, ENGINE))
    assert reports[-1].loss < 0.5 * reports[0].loss


# --- Batches ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listening:
    """Examples that remember what they were asked for."""

    inner: Examples[Tensor]
    asked: list[list[int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.inner)

    def prepared(self, order: Tensor) -> Iterator[Tensor]:
        return self.inner.prepared(order)

    def batch(self, prepared: Tensor, generator: torch.Generator) -> Batch:
        self.asked.append(prepared.tolist())
        return self.inner.batch(prepared, generator)


def order(hyperparameters: Hyperparameters, examples: int, objective: Objective = OBJECTIVE) -> list[list[int]]:
    """The examples of each epoch in the order in which they were used."""
    listening = Listening(digits(examples))
    list(train(tiny(hyperparameters), listening, objective, hyperparameters, ENGINE))
    steps = examples // hyperparameters.batch_size
    assert {len(batch) for batch in listening.asked} == {hyperparameters.batch_size}
    epochs = [listening.asked[i : i + steps] for i in range(0, len(listening.asked), steps)]
    assert len(epochs) == hyperparameters.epochs
    return [[index for batch in epoch for index in batch] for epoch in epochs]


@brief
@given(batches=st.integers(1, 4), left_over=st.integers(0, 7), seed=st.integers(0, 2**31 - 1))
def test_an_epoch_is_a_permutation_without_its_last_incomplete_batch(batches: int, left_over: int, seed: int) -> None:
    examples = 8 * batches + left_over
    for epoch in order(Hyperparameters(2, 8, 1e-3, seed=seed), examples):
        assert len(set(epoch)) == len(epoch) == 8 * batches
        assert set(epoch) <= set(range(examples))
        if left_over == 0:
            assert sorted(epoch) == list(range(examples))


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    plain = Hyperparameters(3, 8, 1e-3, seed=1)
    orders = order(plain, 64)
    assert len({tuple(epoch) for epoch in orders}) == 3
    assert orders[0] != sorted(orders[0])
    other = Hyperparameters(5, 8, 1e-2, learning_rate_decay=0.5, ema_decay=0.5, seed=1)
    objective = DenoisingObjective(RectifiedFlow(), PARAMETRIZATIONS["velocity"], UniformTimes(), 0.5)
    assert order(other, 64, objective)[:3] == orders
    assert not set(map(tuple, order(dataclasses.replace(plain, seed=2), 64))) & set(map(tuple, orders))
    assert order(dataclasses.replace(plain, batch_size=16), 64) == orders


def test_every_step_draws_noise_of_its_own_by_the_seed_and_its_number_alone() -> None:
    def seeds(hyperparameters: Hyperparameters) -> list[int]:
        drawn: list[int] = []

        def listening(network: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
            drawn.append(generator.initial_seed())
            return OBJECTIVE(network, batch, generator)

        list(train(tiny(hyperparameters), digits(), listening, hyperparameters, ENGINE))
        return drawn

    own = seeds(SHORT)
    assert len(set(own)) == len(own) == 15
    assert seeds(dataclasses.replace(SHORT, epochs=4, learning_rate=1e-2))[:15] == own
    assert not set(seeds(dataclasses.replace(SHORT, seed=6))) & set(own)


def test_digits_become_pictures_and_one_hot_classes() -> None:
    examples = digits(20)
    batch = examples.batch(torch.tensor([3, 0, 19]), torch.Generator())
    assert batch.x0.shape == (3, 1, 28, 28)
    assert batch.x0.min() >= -1
    assert batch.x0.max() <= 1
    torch.testing.assert_close((batch.x0[1, 0] + 1) * 127.5, examples.pictures[0].float())
    assert batch.condition.sum(dim=1).tolist() == [1, 1, 1]
    assert batch.condition.argmax(dim=1).tolist() == examples.labels[[3, 0, 19]].tolist()
    numbers = dataclasses.replace(examples, one_hot=False).batch(torch.tensor([3]), torch.Generator())
    assert numbers.condition.tolist() == examples.labels[[3]].tolist()


def test_augmentation_moves_each_picture_a_little_and_keeps_the_border_black() -> None:
    x = torch.full((64, 1, 28, 28), -1.0)
    x[:, :, 10:18, 10:18] = 1.0
    moved = RandomAffine()(x, torch.Generator().manual_seed(0))
    assert moved.shape == x.shape
    assert moved[:, :, 0].max() == moved[:, :, :, 0].max() == -1
    assert len({tuple(picture.flatten().tolist()) for picture in moved}) == 64
    area = (moved + 1).sum(dim=(1, 2, 3)) / (x + 1).sum(dim=(1, 2, 3))
    assert 0.75 < area.min() < 0.95
    assert 1.05 < area.max() < 1.3
    torch.testing.assert_close(RandomAffine(0, 0, 0)(x, torch.Generator()), x, rtol=0, atol=1e-5)


# --- Teams -----------------------------------------------------------------------------------------------------------

TEAM = """
import json
import sys
from pathlib import Path
import torch
from duckrabbit.training.loop import Engine, Hyperparameters, train
from duckrabbit.training.data import DigitExamples
from duckrabbit.training.objectives import ClassificationObjective
from duckrabbit.training.state import TrainingState
from duckrabbit.training.team import Team

torch.set_num_threads(1)
team = Team.join(gpu=False)
generator = torch.Generator().manual_seed(0)
pictures = torch.randint(0, 256, (64, 28, 28), generator=generator, dtype=torch.uint8)
examples = DigitExamples(pictures, torch.arange(64) % 10, one_hot=False)
torch.manual_seed(1)
network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 16), torch.nn.GELU(), torch.nn.Linear(16, 10))
state = TrainingState(network, 0.5, torch.device("cpu"))
hyperparameters = Hyperparameters(2, 16, 1e-3, ema_decay=0.5, clip_gradient=0.5)
engine = Engine(torch.device("cpu"), report_every=3, team=team)
losses = [report.loss for report in train(state, examples, ClassificationObjective(), hyperparameters, engine)]
assert team.as_first(team.leads, torch.device("cpu"))
state.save(Path(sys.argv[1]) / f"{team.rank}-of-{team.size}.safetensors", {"losses": json.dumps(losses)})
team.leave()
"""


def test_two_processes_learn_what_one_does_from_the_whole_batch(tmp_path: File) -> None:
    """Cross-entropy draws nothing at random, so that the same batch makes the same step."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = []
    for size in (1, 2):
        for rank in range(size):
            team = {"WORLD_SIZE": str(size), "RANK": str(rank), "LOCAL_RANK": str(rank)}
            where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
            words = [sys.executable, "-c", TEAM, str(tmp_path)]
            processes.append(subprocess.Popen(words, env=os.environ | team | where, stderr=subprocess.PIPE, text=True))
    for process in processes:
        assert process.wait(120) == 0, process.communicate()[1]
    files = [tmp_path / f"{name}.safetensors" for name in ("0-of-1", "0-of-2", "1-of-2")]
    alone, first, second = map(load_file, files)
    assert len(alone) > 8
    assert same(first, second)
    for name, tensor in alone.items():
        torch.testing.assert_close(first[name], tensor, rtol=1e-4, atol=1e-6, msg=name)
    losses = [json.loads(checkpoint_metadata(file)["losses"]) for file in files]
    assert losses[1] == losses[2]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


class Deaf(Team):
    """One of several that hears nothing of the others."""

    def average(self, tensors: list[Tensor]) -> None:
        pass


def test_each_process_of_a_team_takes_its_part_and_draws_noise_of_its_own() -> None:
    def part(rank: int) -> tuple[list[list[int]], list[int]]:
        drawn: list[int] = []

        def listening(network: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
            drawn.append(generator.initial_seed())
            return OBJECTIVE(network, batch, generator)

        examples = Listening(digits())
        list(train(tiny(), examples, listening, SHORT, Engine(CPU, team=Deaf(rank, 2))))
        return examples.asked, drawn

    (first, first_seeds), (second, second_seeds) = part(0), part(1)
    together = Listening(digits())
    list(train(tiny(), together, OBJECTIVE, SHORT, ENGINE))
    assert [sorted(a + b) for a, b in zip(first, second, strict=True)] == [sorted(batch) for batch in together.asked]
    assert {len(batch) for batch in first + second} == {16}
    assert len({*first_seeds, *second_seeds}) == 30


def test_a_batch_that_a_team_cannot_share_is_refused() -> None:
    with pytest.raises(UsageError, match="3 processes can't share batches of 32"):
        next(train(tiny(), digits(), OBJECTIVE, SHORT, Engine(CPU, team=Team(0, 3))))


# --- Objectives ------------------------------------------------------------------------------------------------------


def _linear_beta(t: Tensor) -> tuple[Tensor, Tensor]:
    kept = torch.from_numpy(np.cumprod(1 - np.linspace(1e-4, 0.02, 300)))[(t * 300).round().long() - 1]
    return kept.sqrt(), (1 - kept).sqrt()


COEFFICIENTS: list[tuple[Path, Callable[[Tensor], tuple[Tensor, Tensor]]]] = [
    (LinearBeta(300), _linear_beta),
    (Cosine(), lambda t: ((t * math.pi / 2).cos(), (t * math.pi / 2).sin())),
    (RectifiedFlow(), lambda t: (1 - t, t)),
    (Additive(), lambda t: (torch.ones_like(t), 2 * t)),
]
TARGETS: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    "epsilon": lambda x0, noise, alpha, sigma: noise,
    "x0": lambda x0, noise, alpha, sigma: x0,
    "v": lambda x0, noise, alpha, sigma: alpha * noise - sigma * x0,
    "velocity": lambda x0, noise, alpha, sigma: noise - x0,
}


@pytest.mark.parametrize("name", PARAMETRIZATIONS)
@pytest.mark.parametrize(("path", "coefficients"), COEFFICIENTS, ids=lambda value: type(value).__name__)
def test_the_target_is_the_formula(
    path: Path, coefficients: Callable[[Tensor], tuple[Tensor, Tensor]], name: str
) -> None:
    """A network that knows x_0 works ε out of x_t; it answers with the target, off by a half."""
    batch = digits(64).batch(torch.arange(64), torch.Generator())
    seen: list[Tensor] = []

    class Oracle(nn.Module):
        def forward(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
            alpha, sigma = (c.view(-1, 1, 1, 1).double() for c in coefficients(t.double()))
            noise = (x_t - alpha * batch.x0) / sigma
            seen.append(noise)
            return (TARGETS[name](batch.x0.double(), noise, alpha, sigma) + 0.5).float()

    objective = DenoisingObjective(path, PARAMETRIZATIONS[name], LevelsOfTable(300))
    loss = objective(Oracle(), batch, torch.Generator().manual_seed(3))
    assert loss.item() == pytest.approx(0.25, abs=1e-4)
    assert seen[0].mean().item() == pytest.approx(0, abs=0.03)
    assert seen[0].std().item() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 1.0])
def test_classes_are_dropped_as_often_as_asked(rate: float) -> None:
    count = 4000
    x0, condition = torch.zeros(count, 1, 2, 2), torch.eye(10)[torch.arange(count) % 10]
    seen: list[Tensor] = []

    class Ears(nn.Module):
        def forward(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
            seen.append(condition)
            return x_t

    objective = DenoisingObjective(Cosine(), EPSILON, UniformTimes(), drop_condition=rate)
    objective(Ears(), Batch(x0, condition), torch.Generator().manual_seed(1))
    [heard] = seen
    dropped = heard.sum(dim=1) == 0
    assert torch.equal(heard[~dropped], condition[~dropped])
    assert abs(dropped.double().mean().item() - rate) <= 4 * math.sqrt(rate * (1 - rate) / count)


def test_only_models_with_classes_drop_them() -> None:
    for recipe in DIGIT_RECIPES.values():
        assert recipe.objective().drop_condition == (0.1 if recipe.config.classes else 0.0)


@pytest.mark.parametrize("steps", [1, 2, 10, 300])
def test_levels_of_a_table_are_its_levels_each_as_often(steps: int) -> None:
    t = LevelsOfTable(steps)(100 * steps, torch.Generator().manual_seed(0))
    assert t.dtype == torch.float64
    k = (t * steps).round()
    torch.testing.assert_close(k / steps, t, rtol=0, atol=1e-15)
    counts = torch.bincount(k.long(), minlength=steps + 1)
    assert counts[0] == 0
    assert len(counts) == steps + 1
    assert counts[1:].min() >= 50
    assert counts[1:].max() <= 150


def test_uniform_times_are_uniform_and_never_clean() -> None:
    t = UniformTimes()(100_000, torch.Generator().manual_seed(0))
    assert t.dtype == torch.float64
    assert 0 < t.min() < 1e-3
    assert 1 - 1e-3 < t.max() <= 1
    assert (t.sort().values - torch.linspace(0, 1, len(t), dtype=torch.float64)).abs().max() < 0.01


def test_a_fixed_time_is_fixed() -> None:
    assert FixedTime(0.5)(3, torch.Generator()).tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("mnist-denoiser", FixedTime(0.5)),
        ("mnist-denoiser-pure-noise", FixedTime(1.0)),
        ("mnist-ddpm", LevelsOfTable(300)),
        ("mnist-ddpm-class", LevelsOfTable(300)),
        ("mnist-flow-class", UniformTimes()),
    ],
)
def test_each_recipe_draws_the_times_of_its_source(name: str, times: Times) -> None:
    assert DIGIT_RECIPES[name].objective().times == times


def test_cross_entropy_is_smoothed() -> None:
    """−Σ q log p with q = 1 − ε + ε/10 at the label and ε/10 elsewhere."""
    logits, labels = torch.randn(6, 10, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 3, 4, 9])
    q = torch.full((6, 10), 0.2 / 10)
    q[torch.arange(6), labels] += 0.8
    loss = ClassificationObjective(0.2)(nn.Identity(), Batch(logits, labels), torch.Generator())
    torch.testing.assert_close(loss, -(q * logits.log_softmax(dim=1)).sum(dim=1).mean())


# --- Mistakes --------------------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_number_is_said_and_never_reported() -> None:
    calls: list[int] = []

    def failing(network: nn.Module, batch: Batch, generator: torch.Generator) -> Tensor:
        calls.append(1)
        loss = OBJECTIVE(network, batch, generator)
        return loss * (math.nan if len(calls) == 4 else 1.0)

    reports = train(tiny(), digits(), failing, SHORT, ENGINE)
    assert next(reports).step == 2
    with pytest.raises(UsageError, match="after 4 steps: train with a lower `learning_rate`"):
        next(reports)


def test_a_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(UsageError, match="31 examples don't fill one batch of 32"):
        next(train(tiny(), digits(31), OBJECTIVE, SHORT, ENGINE))
    assert next(train(tiny(), digits(32), OBJECTIVE, SHORT, ENGINE)).epoch_done


@pytest.mark.parametrize(
    "mistake",
    [
        {"epochs": 0},
        {"batch_size": 1},
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"learning_rate": math.inf},
        {"learning_rate_decay": 0.0},
        {"learning_rate_decay": 1.5},
        {"ema_decay": 1.0},
        {"ema_decay": -0.1},
        {"warmup_steps": -1},
        {"cooldown": 1.5},
        {"clip_gradient": -1.0},
        {"clip_gradient": math.nan},
        {"seed": -1},
        {"seed": 2**31},
    ],
)
def test_impossible_hyperparameters_are_refused(mistake: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=f"`{next(iter(mistake))}`"):
        dataclasses.replace(SHORT, **mistake)  # type: ignore[arg-type]


def test_a_run_is_the_same_after_it_was_written_down(tmp_path: File) -> None:
    for name in DIGIT_RECIPES:
        for run in (
            TrainingRun.of(name),
            dataclasses.replace(TrainingRun.of(name), examples=70, data='a "b" \\ 🦆 \x7f \n c'),
        ):
            (tmp_path / "config.toml").write_text(to_toml(run), encoding="utf-8")
            assert TrainingRun.from_toml(tmp_path / "config.toml") == run


@pytest.mark.parametrize("text", ["", "recipe = 7", 'recipe = "mnist-gan"\n[hyperparameters]', "[[", "recipe"])
def test_a_damaged_description_of_a_run_is_refused(text: str, tmp_path: File) -> None:
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError):
        TrainingRun.from_toml(tmp_path / "config.toml")
    with pytest.raises(UsageError):
        TrainingRun.from_toml(tmp_path / "nothing.toml")


def test_what_a_run_leaves_is_the_average(tmp_path: File) -> None:
    run = TrainingRun("mnist-denoiser", 4, Hyperparameters(1, 32, 1e-3, ema_decay=0.9))
    list(train_digits(run, Digits(digits().pictures, digits().labels), tmp_path, ENGINE))
    tensors, config = read_weights(tmp_path / "model.safetensors")
    state = TrainingState(DigitUNet(4, time=False), 0.9, CPU)
    state.load(tmp_path / "checkpoint.safetensors")
    assert same(tensors, dict(state.average.state_dict()))
    assert not same(tensors, dict(state.network.state_dict()))
    assert (config["hidden"], config["training"]["recipe"]) == (4, "mnist-denoiser")


def test_fashion_mnist_is_refused_with_where_to_get_it() -> None:
    run = dataclasses.replace(TrainingRun.of("mnist-ddpm"), data="fashion-mnist")
    with pytest.raises(UsageError, match=r"not downloaded any more.*give that folder as `data`"):
        digits_of(run)


@pytest.mark.parametrize("recipe", [name for name, known in DIGIT_RECIPES.items() if known.config.level is None])
def test_samples_along_the_way_are_those_of_a_command(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = dataclasses.replace(DIGIT_RECIPES[recipe].config, hidden=8)
    tensors = config.network().state_dict()
    model = digit_model("small", tensors, config.to_json(), "", CPU, torch.float32)
    planned: list[Planned] = []
    monkeypatch.setattr("duckrabbit.trained.samples.make_planned", lambda plans, seeds, watch: planned.extend(plans))
    sampling_frames(model, shown_sampler(model))
    asked = Sampling(guidance_scale=5.0) if config.classes else Sampling()
    assert {plan.sampler for plan in planned} == {asked.over(model.sampler)}
    assert len(planned) == 40
    if config.classes:
        # γ = 5 throughout, as in the sources and the records.
        assert (planned[0].sampler.guidance_scale, planned[0].sampler.guidance_interval) == (5.0, (0.0, 1.0))
        assert {term.weight_at(0.05) for term in planned[3].stages[0].plan.terms} == {5.0, -4.0}


def test_like_the_sources_is_without_an_average_and_samples_as_they_do(
    tmp_path: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[SamplerConfig | None] = []
    monkeypatch.setattr("duckrabbit.trained.digits.show_samples", lambda model, stem, sampler: shown.append(sampler))
    words = ["--hidden", "4", "--epochs", "1", "--examples", "128", "--batch-size", "64", "--like-the-sources"]
    for recipe in ("mnist-ddpm-class", "mnist-flow"):
        assert main(["train", recipe, *words, "--device", "cpu", "--out", str(tmp_path / recipe)]) == 0
    assert shown == [
        SamplerConfig("ddpm", 300, guidance_scale=5.0, variance="beta", threshold="none"),
        SamplerConfig("euler", 50, threshold="none"),
    ]
    run = TrainingRun.from_toml(tmp_path / "mnist-flow" / "config.toml")
    assert (run.like_the_sources, run.hyperparameters.ema_decay) == (True, 0.0)
    state = TrainingState(DigitUNet(4, time=True), 0.0, CPU)
    state.load(tmp_path / "mnist-flow" / "checkpoint.safetensors")
    tensors, _ = read_weights(tmp_path / "mnist-flow" / "model.safetensors")
    assert same(tensors, dict(state.network.state_dict()))
