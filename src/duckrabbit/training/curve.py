"""The loss curve."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from duckrabbit.media.atomic import atomic_write


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
