"""duckrabbit report"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from duckrabbit.cli.display import Display
from duckrabbit.cli.options import Flag, option


@dataclass(frozen=True)
class Options:
    """Make every figure, each with what made it: duckrabbit report --quick"""

    quick: Flag = False
    """fewer and smaller figures, in two minutes or three"""
    only: Annotated[str | None, option("ROW")] = None
    """one figure only, such as B2.2"""
    device: Annotated[str, option("DEVICE")] = "auto"
    """auto (a GPU where there is one), cpu, cuda or cuda:1"""
    out: Annotated[str, option("FOLDER")] = "out/report"
    """the folder to write to"""


def run(options: Options) -> int:
    """Write the report; figures that are there already are kept."""
    from duckrabbit.report.build import build_report

    with Display(100, "report") as display:
        said: set[str] = set()

        def progress(label: str, fraction: float) -> None:
            if label not in said:
                said.add(label)
                display.say(label)
            display.at(round(100 * fraction), 100, label)

        page = build_report(Path(options.out), options.quick, options.only, options.device, progress)
    print(page.resolve())
    return 0
