"""Exhibits that only training can make: they are shown as they were recorded."""

from collections.abc import Sequence

from duckrabbit.report.bodies.chart import Chart, linear, logarithmic
from duckrabbit.report.figure import Exhibit, Origin
from duckrabbit.report.training_record import TrainingRecord
from duckrabbit.report.wording import command
from duckrabbit.report.workshop import Workshop


def loss_exhibit(runs: Sequence[tuple[str, TrainingRecord]], target: str) -> Exhibit:
    """The loss curves of runs with their labels, in one chart; `target` is what the network predicts."""
    first = runs[0][1]
    ends = "; ".join(f"{label + ': ' if label else ''}{record.final_loss:.4f}" for label, record in runs)
    chart = Chart(
        "Training loss against epochs",
        linear("epoch"),
        logarithmic(f"mean squared error of {target}"),
        tuple(record.curve(label) for label, record in runs),
    )
    return Exhibit(
        f"The training loss for pictures in [−1, 1], on a logarithmic scale. At the end: {ends}.",
        chart,
        Origin.RECORDED,
        first.parameters(),
        train_command(first),
        sum(record.seconds for _, record in runs),
    )


def samples_exhibit(workshop: Workshop, record: TrainingRecord, caption: str = "") -> Exhibit:
    """What the model made after some of its epochs."""
    sampled = record.folder.joinpath(f"epoch-{record.shown()[-1]:02d}.webp").is_file()
    kind = "40 samples" if sampled else "From the top: test digits, what the network gets, what it makes of it,"
    said = caption or f"{kind} after epochs {', '.join(map(str, record.shown()))}, with the same seeds each time."
    return Exhibit(
        said,
        record.gallery(workshop, f"{'Samples' if sampled else 'Test digits'} of {record.name}"),
        Origin.RECORDED,
        record.parameters(),
        train_command(record),
        record.seconds,
    )


def train_command(record: TrainingRecord) -> str:
    """The command line that trains such a run; where a run left its recipe's own learning rate, it says so."""
    chosen = record.settings["hyperparameters"]
    own: list[object] = []
    if record.name != record.settings["recipe"]:
        own = ["--learning-rate", f"{chosen['learning_rate']:g}", "--learning-rate-decay"]
        own += [f"{chosen['learning_rate_decay']:g}", "--out", f"runs/{record.name}"]
    return command("train", record.settings["recipe"], *own)
