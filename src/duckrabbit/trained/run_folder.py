"""A run folder: what a training leaves, so that it can be killed at any moment and resumed.

RUN/config.toml             what is trained, and how
    metrics.jsonl           a line every few steps: step, epoch, loss, learning rate, pictures a second
    loss.png                the loss curve
    samples/                what the model made along the way
    checkpoint.safetensors  everything, to resume from
    model.safetensors       the model as of the last samples, for --model RUN
    lock                    held by whoever trains
"""

import json
import time
import tomllib
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from duckrabbit.errors import UsageError
from duckrabbit.media.alone import alone_in
from duckrabbit.media.atomic import atomic_write
from duckrabbit.training.loop import Hyperparameters, Report, never
from duckrabbit.training.state import TrainingState

CONFIG, CHECKPOINT, MODEL = "config.toml", "checkpoint.safetensors", "model.safetensors"

CHECKPOINT_SECONDS = 30.0
"""Between two checkpoints at least, and at least `CHECKPOINT_SHARE` times as long as one takes."""

CHECKPOINT_SHARE = 20.0

Run = TypeVar("Run")


@dataclass(frozen=True)
class Products:
    """What a training makes for people to look at and to use.

    Attributes:
        title: of the loss curve.
        samples_due: the name of the samples to make after a report, or "" for none.
        write_samples: makes them, given their path without a suffix.
        write_model: writes the model.
        metadata: is kept in the checkpoints.
    """

    title: str
    samples_due: Callable[[Report], str]
    write_samples: Callable[[Path], None]
    write_model: Callable[[Path], None]
    metadata: dict[str, str]


def keep(
    reports: Iterator[Report],
    state: TrainingState,
    folder: Path,
    products: Products,
    over: Callable[[], bool] = never,
) -> Iterator[Report]:
    """Pass on a training's reports, keeping its folder up to date.

    Args:
        reports: of the training of `state`.
        state: what is trained.
        folder: the run folder.
        products: what is made along the way, and at the end.
        over: asked once a report; where it says so the run stops there, to be resumed.

    Raises:
        UsageError: if the folder can't be written.
    """
    metrics = Metrics(folder / "metrics.jsonl", state.step)
    due = time.monotonic() + CHECKPOINT_SECONDS
    for report in reports:
        metrics.add(report)
        last = over() or report.step == report.steps
        samples = products.samples_due(report)
        if samples:
            state.average.eval()
            products.write_samples(folder / "samples" / samples)
        if samples or last:
            draw_loss_curve(metrics.lines, folder / "loss.png", products.title)
            products.write_model(folder / MODEL)
        started = time.monotonic()
        if samples or last or report.epoch_done or started > due:
            metrics.flush()
            state.save(folder / CHECKPOINT, products.metadata)
            saved = time.monotonic()
            due = saved + max(CHECKPOINT_SECONDS, CHECKPOINT_SHARE * (saved - started))
        yield report
        if last:
            return


def sole_writer(folder: Path) -> AbstractContextManager[None]:
    """Train into a run folder as the only one, whoever starts it: two would overwrite each other's steps.

    Raises:
        UsageError: if another process trains there.
    """
    return alone_in(folder, f"{folder} is being trained by another process: wait for it, or give another folder.")


def write_config(folder: Path, run: Any) -> None:
    """Write the description of a run, whole or not at all."""
    with atomic_write(folder / CONFIG) as temporary:
        temporary.write_text(to_toml(run), encoding="utf-8")


def to_toml(run: Any) -> str:
    """A dataclass as TOML: its values, but for those that are None, then each dataclass in it as a table."""
    values = {name: value for name, value in asdict(run).items() if value is not None}
    plain = [f"{name} = {_toml(value)}" for name, value in values.items() if not isinstance(value, dict)]
    tables = [
        ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
        for name, table in values.items()
        if isinstance(table, dict)
    ]
    return "\n".join([*plain, *(line for table in tables for line in table)]) + "\n"


def read_config(path: Path, kind: Callable[..., Run], recipes: Container[str]) -> Run:
    """The run of a kind that a run folder is of.

    Raises:
        UsageError: if the file is missing, or not one that `train` wrote for one of the recipes.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        hyperparameters = Hyperparameters(**values.pop("hyperparameters"))
        own = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        if own["recipe"] not in recipes:
            raise ValueError(f"its recipe is {own['recipe']!r}")
        return kind(**own, hyperparameters=hyperparameters)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(
            f"{path.parent} holds no run to go on with: leave `resume` out to begin one, or give a run as `out`."
        ) from error
    except (OSError, TypeError, KeyError, ValueError) as error:
        raise UsageError(f"{path} does not describe a run ({error}): give the folder of a run to resume.") from error


def _toml(value: Any) -> str:
    """JSON's strings, numbers and lists are TOML's, as long as its letters are written out."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


class Metrics:
    """The metrics of a run: kept in memory, and on disk up to the last checkpoint."""

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        self.lines: list[dict[str, Any]] = []
        if step > 0 and path.exists():
            try:
                read = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
                self.lines = [line for line in read if line["step"] <= step]
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise UsageError(
                    f"{path} is damaged ({error}): delete it to go on without the earlier metrics."
                ) from error

    def add(self, report: Report) -> None:
        """Remember a report."""
        self.lines.append(
            {
                "step": report.step,
                "epoch": report.epoch,
                "loss": round(report.loss, 7),
                "learning_rate": report.learning_rate,
                "pictures_per_second": round(report.pictures_per_second, 1),
            }
        )

    def flush(self) -> None:
        """Write what is remembered, whole or not at all."""
        with atomic_write(self.path) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in self.lines), encoding="utf-8")


def draw_loss_curve(lines: Sequence[Mapping[str, Any]], path: Path, title: str) -> None:
    """Draw loss against step, on a logarithmic scale, from the lines of a run's metrics."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    steps, losses = [line["step"] for line in lines], [line["loss"] for line in lines]
    axes.plot(steps, losses, color="#3b6ea5", linewidth=0.9)
    epochs = {line["epoch"]: line["step"] for line in lines}
    for step in epochs.values():
        axes.axvline(step, color="#dddddd", linewidth=0.6, zorder=0)
    axes.set(yscale="log", xlabel="step", ylabel="mean squared error", title=f"{title}: training loss")
    axes.spines[["top", "right"]].set_visible(False)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
