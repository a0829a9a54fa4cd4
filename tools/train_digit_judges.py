"""Train the two digit judges: `python tools/train_digit_judges.py OUT [--device cuda]`.

They share no training picture: the selecting judge learns from the even-numbered half of MNIST's training set, the
reporting judge from the odd-numbered one; architecture and seed differ too.
"""

import argparse
from pathlib import Path

import torch

from duckrabbit.datasets.mnist import mnist, pictures_to_float
from duckrabbit.judges.judge import DIGIT_NETWORKS, DIGITS, judge_of
from duckrabbit.models.storage import write_weights
from duckrabbit.training.data import DigitExamples, RandomAffine
from duckrabbit.training.loop import Engine, Hyperparameters, train
from duckrabbit.training.objectives import ClassificationObjective
from duckrabbit.training.state import TrainingState

HYPERPARAMETERS = Hyperparameters(
    epochs=40, batch_size=128, learning_rate=2e-3, learning_rate_decay=0.005, ema_decay=0.998
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--epochs", type=int, default=HYPERPARAMETERS.epochs)
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    digits, test = mnist("train"), mnist("test")
    for half, role in enumerate(DIGIT_NETWORKS):
        torch.manual_seed(half)
        hyperparameters = Hyperparameters(
            arguments.epochs, HYPERPARAMETERS.batch_size, HYPERPARAMETERS.learning_rate,
            HYPERPARAMETERS.learning_rate_decay, HYPERPARAMETERS.ema_decay, seed=half,
        )  # fmt: skip
        own = slice(half, None, 2)
        examples = DigitExamples(digits.pictures[own].to(device), digits.labels[own].to(device), False, RandomAffine())
        state = TrainingState(DIGIT_NETWORKS[role](), hyperparameters.ema_decay, device)
        for report in train(state, examples, ClassificationObjective(), hyperparameters, Engine(device)):
            if report.epoch_done:
                print(f"{role} epoch {report.epoch}: loss {report.loss:.4f}", flush=True)
        judge = judge_of("digits", role, DIGITS, state.average, device)
        accuracy = (judge.read(pictures_to_float(test.pictures)) == test.labels).double().mean().item()
        print(f"{role}: {sum(p.numel() for p in state.network.parameters())} parameters, test accuracy {accuracy:.4%}")
        config = {
            "kind": "digit-judge",
            "role": role,
            "half": half,
            "epochs": arguments.epochs,
            "test_accuracy": accuracy,
        }
        write_weights(arguments.out / f"digit-judge-{role}.safetensors", state.average.state_dict(), config)


if __name__ == "__main__":
    main()
