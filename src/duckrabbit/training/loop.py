"""The one training loop.

Batch order is a function of (seed, epoch) and every random draw one of (seed, step, process), never of a generator's
past, so a run that was killed and resumed is the run that was not. On a GPU a small network's whole step (gather,
noise, forward, backward, optimizer) is captured once as a CUDA graph and replayed, for it spends its time on launching
kernels, not in them; a large one is compiled, and its passes are captured. Several processes each take their part of
every batch and average their gradients.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from duckrabbit.errors import UsageError
from duckrabbit.training.data import Examples
from duckrabbit.training.objectives import Objective
from duckrabbit.training.state import TrainingState
from duckrabbit.training.team import Team

WARMUP_STEPS = 3

MAX_BATCH = 4096
"""Beyond it the memory is gone before the first step is made."""


def require(run: object, *rules: tuple[str, bool, str]) -> None:
    """Raise UsageError unless each field of a run, by its name, is as is expected of it."""
    for name, good, expected in rules:
        if not good:
            value = getattr(run, name)
            numbers = value if isinstance(value, tuple) else (value,)
            shown = " ".join(f"{number:g}" if isinstance(number, float) else str(number) for number in numbers)
            raise UsageError(f"`{name}` {shown} can't be trained with: give {expected}.")


@dataclass(frozen=True)
class Hyperparameters:
    """How long and how fast to train.

    Attributes:
        epochs: passes over the examples; the last, incomplete batch of an epoch is left out.
        batch_size: pictures a step, of all processes together.
        learning_rate: Adam's (Kingma and Ba, 2015, arXiv:1412.6980), in the first epoch.
        learning_rate_decay: the factor by which it falls, exponentially and epoch by epoch, over the whole run;
            1 keeps it.
        warmup_steps: over the first so many steps it rises from 0.
        cooldown: over the last share of the run it falls to 0, linearly (Hägele et al., 2024, arXiv:2405.18392).
        clip_gradient: the norm beyond which a step's gradient is shortened; 0 for never.
        ema_decay: d of the moving average of the weights; 0 for none.
        seed: of the initial weights, the batch order and the noise.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    learning_rate_decay: float = 1.0
    ema_decay: float = 0.0
    seed: int = 0
    warmup_steps: int = 0
    cooldown: float = 0.0
    clip_gradient: float = 0.0

    def __post_init__(self) -> None:
        require(
            self,
            ("epochs", self.epochs >= 1, "at least 1"),
            ("batch_size", 2 <= self.batch_size <= MAX_BATCH, f"2 to {MAX_BATCH}"),
            ("learning_rate", 0 < self.learning_rate < 10, "a number above 0 and below 10"),
            ("learning_rate_decay", 0 < self.learning_rate_decay <= 1, "a number above 0, up to 1"),
            ("ema_decay", 0 <= self.ema_decay < 1, "0 for none, or a number below 1"),
            ("seed", 0 <= self.seed < 2**31, "0 to 2147483647"),
            ("warmup_steps", self.warmup_steps >= 0, "0 or more"),
            ("cooldown", 0 <= self.cooldown <= 1, "a share from 0 to 1"),
            ("clip_gradient", self.clip_gradient >= 0, "0 for never, or a norm above it"),
        )

    def learning_rate_at(self, step: int, steps_per_epoch: int) -> float:
        """lr · γ^(epoch/epochs), which is ExponentialLR with factor γ^(1/epochs), times warm-up and cool-down."""
        steps = self.epochs * steps_per_epoch
        decay = self.learning_rate_decay ** (step // steps_per_epoch / self.epochs)
        rise = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        fall = min(1.0, (steps - step) / (self.cooldown * steps)) if self.cooldown else 1.0
        return float(self.learning_rate * decay * rise * fall)


@dataclass(frozen=True)
class Engine:
    """Where and in what precision to train: a matter of speed, not of what is learned.

    Attributes:
        device: the device that holds everything.
        dtype: of the network's arithmetic (weights stay float32); bfloat16 trains 2.3 times faster where a CPU has it;
            float16 trains in float32.
        report_every: steps between two reports.
        captured: record the whole step as a CUDA graph and replay it: for small networks on a GPU.
        compiled: compile the network: for large ones on a GPU.
        team: the processes that train together; each takes its part of every batch.
    """

    device: torch.device
    dtype: torch.dtype = torch.float32
    report_every: int = 20
    captured: bool = True
    compiled: bool = False
    team: Team = field(default_factory=Team)


@dataclass(frozen=True)
class Report:
    """What happened since the last report.

    Attributes:
        step: steps made, since the beginning.
        steps: steps in all.
        epoch: the epoch that the last step belongs to, from 1.
        epoch_done: whether that epoch is complete.
        loss: the mean loss of the steps since the last report.
        learning_rate: of those steps.
        pictures_per_second: of those steps.
    """

    step: int
    steps: int
    epoch: int
    epoch_done: bool
    loss: float
    learning_rate: float
    pictures_per_second: float


def compiled(network: nn.Module, engine: Engine) -> nn.Module:
    """A network as it is evaluated in training: compiled where the engine says so.

    What it answers must be used up, or copied, before another compiled network is asked.
    """
    if not engine.compiled:
        return network
    # Left to itself the compiler keeps a UNet with few output channels in the slow layout. Where the step isn't
    # captured whole, its kernels are captured: launched one by one they waited for Python half of the time.
    options = {"force_layout_optimization": True, "triton.cudagraphs": not engine.captured}
    return torch.compile(network, options=options)  # type: ignore[return-value, arg-type]


def never() -> bool:
    """A run that goes on to its end."""
    return False


def train(
    state: TrainingState,
    examples: Examples[Any],
    objective: Objective,
    hyperparameters: Hyperparameters,
    engine: Engine,
    over: Callable[[], bool] = never,
) -> Iterator[Report]:
    """Train `state` from its step to the end, yielding a report every few steps and at the end of each epoch.

    The caller may save the state at any report: resuming from there repeats the uninterrupted run (bit by bit on a
    CPU with as many threads), unless the objective keeps something of its own, such as compositions underway. Where
    `over`, which is asked after every step, says so, the next report comes at once; whether the run goes on after it is
    the caller's to say.

    Raises:
        UsageError: if there are fewer examples than one batch, the team can't share one, or the loss is no longer a
            number.
    """
    team = engine.team
    steps_an_epoch = steps_per_epoch(len(examples), hyperparameters, team)
    update = _Update(state, examples, objective, hyperparameters, engine)
    captured = engine.captured and engine.device.type == "cuda"
    run: _Runner = _GraphRunner(update) if captured else update
    total = hyperparameters.epochs * steps_an_epoch
    while state.step < total:
        epoch, first = divmod(state.step, steps_an_epoch)
        order = _batches(hyperparameters, epoch, len(examples), steps_an_epoch)[first:]
        batches = examples.prepared(order[:, team.rank :: team.size])
        for chunk in torch.split(order, engine.report_every):
            started = time.perf_counter()
            losses = []
            for prepared in islice(batches, len(chunk)):
                learning_rate = hyperparameters.learning_rate_at(state.step, steps_an_epoch)
                state.learning_rate.fill_(learning_rate)
                losses.append(run(prepared, _seed_of(hyperparameters.seed, state.step, team.rank)))
                state.step += 1
                state.update_average()
                if over():
                    break
            mean = torch.stack(losses).mean()
            team.average([mean])
            loss = mean.item()
            seconds = time.perf_counter() - started
            if not np.isfinite(loss):
                raise UsageError(f"The loss is {loss} after {state.step} steps: train with a lower `learning_rate`.")
            yield Report(
                step=state.step,
                steps=total,
                epoch=epoch + 1,
                epoch_done=state.step % steps_an_epoch == 0,
                loss=loss,
                learning_rate=learning_rate,
                pictures_per_second=chunk[: len(losses)].numel() / seconds,
            )


def steps_per_epoch(examples: int, hyperparameters: Hyperparameters, team: Team) -> int:
    """How many steps a pass over so many examples takes.

    Raises:
        UsageError: if there are fewer examples than one batch, or the team can't share one.
    """
    if examples < hyperparameters.batch_size:
        raise UsageError(
            f"{examples} examples don't fill one batch of {hyperparameters.batch_size}: "
            f"give a `batch_size` of at most {examples}."
        )
    if hyperparameters.batch_size % team.size:
        raise UsageError(
            f"{team.size} processes can't share batches of {hyperparameters.batch_size}: "
            f"give a `batch_size` that is a multiple of {team.size}."
        )
    return examples // hyperparameters.batch_size


class _Runner(Protocol):
    def __call__(self, prepared: Any, seed: int) -> Tensor:
        """Make one step on prepared examples; the loss, on the device."""


class _Update:
    """One step of training, launched kernel by kernel."""

    def __init__(
        self,
        state: TrainingState,
        examples: Examples[Any],
        objective: Objective,
        hyperparameters: Hyperparameters,
        engine: Engine,
    ) -> None:
        self.state, self.examples, self.objective, self.engine = state, examples, objective, engine
        self.clip_gradient = hyperparameters.clip_gradient
        self.network = compiled(state.network, engine)
        self.parameters = list(state.network.parameters())
        self.generator = torch.Generator(engine.device)

    def __call__(self, prepared: Any, seed: int) -> Tensor:
        self.generator.manual_seed(seed)
        return self.run(prepared)

    def run(self, prepared: Any) -> Tensor:
        self.state.network.train()
        # Painted batches vary in shape: looking for the fastest convolution of each would never end.
        with torch.backends.cudnn.flags(enabled=True, benchmark=False):
            batch = self.examples.batch(prepared, self.generator)
        # Gradients in float16 would need scaling; where there is no bfloat16, float32 it is.
        reduced = self.engine.dtype == torch.bfloat16
        with torch.autocast(self.engine.device.type, self.engine.dtype, enabled=reduced):
            loss = self.objective(self.network, batch, self.generator)
        self.state.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.engine.team.average([p.grad for p in self.parameters if p.grad is not None])
        if self.clip_gradient:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.clip_gradient)
        self.state.optimizer.step()
        return loss.detach()


class _GraphRunner:
    """One step of training, captured once as a CUDA graph and replayed."""

    def __init__(self, update: _Update) -> None:
        self.update = update
        self.graph: torch.cuda.CUDAGraph | None = None
        self.indices: Tensor
        self.loss: Tensor

    def __call__(self, prepared: Tensor, seed: int) -> Tensor:
        if self.graph is None:
            # Shapes never change, so the fastest convolution of each shape is worth looking for.
            with torch.backends.cudnn.flags(enabled=True, benchmark=True):
                self._capture(prepared)
        assert self.graph is not None
        self.indices.copy_(prepared)
        self.update.generator.manual_seed(seed)
        self.graph.replay()
        return self.loss.clone()

    def _capture(self, indices: Tensor) -> None:
        """Warm up on a side stream, put the state back as it was, then record one step."""
        self.indices = indices.clone()
        before = {name: tensor.detach().clone() for name, tensor in self.update.state.tensors()}
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARMUP_STEPS):
                self.update(self.indices, 0)
        torch.cuda.current_stream().wait_stream(stream)
        for name, tensor in self.update.state.tensors():
            value = before.get(name)
            tensor.detach().copy_(value if value is not None else torch.zeros_like(tensor))
        self.graph = torch.cuda.CUDAGraph()
        self.graph.register_generator_state(self.update.generator)
        with torch.cuda.graph(self.graph):
            self.loss = self.update.run(self.indices)


def _batches(hyperparameters: Hyperparameters, epoch: int, examples: int, steps: int) -> Tensor:
    """The order of an epoch: indices [steps, batch_size], each example at most once."""
    generator = torch.Generator().manual_seed(_seed_of(hyperparameters.seed, -1 - epoch))
    order = torch.randperm(examples, generator=generator)
    return order[: steps * hyperparameters.batch_size].view(steps, -1)


def _seed_of(seed: int, step: int, rank: int = 0) -> int:
    """A well-mixed seed for each step (or, negative, each epoch) of a run, and each process of a team."""
    entropy = (seed, step % 2**32, rank) if rank else (seed, step % 2**32)
    return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> np.uint64(1))
