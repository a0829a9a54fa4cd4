"""How fast the class-conditional DDPM trains at batch 128: `python bench/training_speed.py [--device cuda]`.

The usual loop (a DataLoader over single pictures that are converted one by one, float32, eager) against `train`, on the
same network, objective and hyperparameters, side by side in one run.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch.utils.data import DataLoader, Dataset

from duckrabbit.datasets.mnist import Digits, mnist
from duckrabbit.models.device import choose_device, choose_dtype
from duckrabbit.trained.digit_recipes import DIGIT_RECIPES
from duckrabbit.training.data import Batch, DigitExamples
from duckrabbit.training.loop import Engine, train
from duckrabbit.training.state import TrainingState

RECIPE = DIGIT_RECIPES["mnist-ddpm-class"]


class SinglePictures(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """One picture at a time, converted when asked for, as tutorials do it."""

    def __init__(self, digits: Digits) -> None:
        self.digits = digits

    def __len__(self) -> int:
        return len(self.digits.pictures)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        picture = self.digits.pictures[index].unsqueeze(0).float().div(255).mul(2).sub(1)
        return picture, torch.nn.functional.one_hot(self.digits.labels[index], 10).float()


Epoch = tuple[float, float]
"""Seconds and mean loss."""


def usual(digits: Digits, device: torch.device, epochs: int) -> Iterator[Epoch]:
    """The loop of the course's notebooks."""
    hyperparameters, objective = RECIPE.hyperparameters, RECIPE.objective()
    torch.manual_seed(hyperparameters.seed)
    network = RECIPE.config.network().to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=hyperparameters.learning_rate)
    decay = hyperparameters.learning_rate_decay ** (1 / hyperparameters.epochs)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, decay)
    loader = DataLoader(SinglePictures(digits), hyperparameters.batch_size, shuffle=True, drop_last=True)
    generator = torch.Generator(device).manual_seed(0)
    for _ in range(epochs):
        started, losses = time.perf_counter(), []
        for x0, condition in loader:
            loss = objective(network, Batch(x0.to(device), condition.to(device)), generator)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()
        yield time.perf_counter() - started, statistics.mean(losses)


def ours(digits: Digits, device: torch.device, dtype: torch.dtype, epochs: int) -> Iterator[Epoch]:
    """The product's loop."""
    torch.manual_seed(RECIPE.hyperparameters.seed)
    state = TrainingState(RECIPE.config.network(), RECIPE.hyperparameters.ema_decay, device)
    examples = DigitExamples(digits.pictures.to(device), digits.labels.to(device))
    started, losses = time.perf_counter(), []
    for report in train(state, examples, RECIPE.objective(), RECIPE.hyperparameters, Engine(device, dtype)):
        losses.append(report.loss)
        if report.epoch_done:
            yield time.perf_counter() - started, statistics.mean(losses)
            if report.epoch == epochs:
                return
            started, losses = time.perf_counter(), []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--usual-epochs", type=int, default=None)
    parser.add_argument("--examples", type=int, default=60_000)
    arguments = parser.parse_args()
    device, whole = choose_device(arguments.device), mnist("train")
    digits = Digits(whole.pictures[: arguments.examples], whole.labels[: arguments.examples])
    dtype = choose_dtype(device)
    loops: dict[str, tuple[int, Callable[[int], Iterator[Epoch]]]] = {
        "usual (float32)": (arguments.usual_epochs or arguments.epochs, lambda n: usual(digits, device, n)),
        **{
            f"duckrabbit ({str(own).removeprefix('torch.')})": (
                arguments.epochs,
                partial(ours, digits, device, own),
            )
            for own in dict.fromkeys((dtype, torch.float32))
        },
    }
    for name, (epochs, loop) in loops.items():
        done = list(loop(epochs))
        steady = [seconds for seconds, _ in done[2:]] or [done[-1][0]]
        print(
            f"{name:24} | first epoch {done[0][0]:7.2f} s | median of the rest {statistics.median(steady):7.2f} s "
            f"| last epoch's loss {done[-1][1]:.5f} ({len(done)} epochs)",
            flush=True,
        )


if __name__ == "__main__":
    main()
