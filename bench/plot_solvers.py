"""Draw quality against evaluations from what digit_quality.py printed: `python bench/plot_solvers.py TABLE OUT.png`."""

import argparse
import re
from collections import defaultdict
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

ROW = re.compile(r"^(\S+) (\S+) (\S+) NFE=(\d+) +\| +([\d.]+)% \| +([\d.]+) \| +([\d.]+)")
COLOURS = {"ddpm": "#999999", "ddim": "#c2410c", "heun": "#2a7f62", "dpmpp_2m": "#1d4f91"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    curves: dict[tuple[str, str, str], list[tuple[int, float]]] = defaultdict(list)
    for line in arguments.table.read_text(encoding="utf-8").splitlines():
        if match := ROW.match(line):
            model, solver, grid, evaluations, _, _, ratio = match.groups()
            curves[model, solver, grid].append((int(evaluations), float(ratio)))
    models = list(dict.fromkeys(model for model, _, _ in curves))
    figure = Figure(figsize=(5.2 * len(models), 4), layout="constrained")
    FigureCanvasAgg(figure)
    for index, name in enumerate(models):
        axes = figure.add_subplot(1, len(models), index + 1)
        for (model, solver, grid), points in curves.items():
            if model == name:
                style = "-" if grid == "uniform" else "--"
                axes.plot(
                    *zip(*points, strict=True), style, marker=".", color=COLOURS[solver], label=f"{solver}, {grid}"
                )
        axes.set(title=name, xlabel="network evaluations (at γ = 1)", xscale="log", yscale="log", ylim=(2, 120))
        axes.set_xticks([3, 5, 10, 20, 30, 50], ["3", "5", "10", "20", "30", "50"])
        axes.minorticks_off()
        axes.axhline(8, color="#bbbbbb", linewidth=0.7)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, which="both", linewidth=0.4)
    figure.axes[0].set_ylabel("Fréchet distance / test set's own")
    figure.axes[-1].legend(fontsize=7, frameon=False, ncols=2)
    figure.savefig(arguments.out, dpi=110)


if __name__ == "__main__":
    main()
