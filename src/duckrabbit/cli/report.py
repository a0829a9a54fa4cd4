"""duckrabbit report"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from duckrabbit.cli.options import Flag, option


@dataclass(frozen=True)
class Options:
    """Make every figure, each with what made it: duckrabbit report --quick"""

    quick: Flag = False
    """fewer and smaller figures, in a minute or so"""
    only: Annotated[str | None, option("ROW")] = None
    """one figure only, such as B2.2"""
    out: Annotated[str, option("FOLDER")] = "out/report"
    """the folder to write to"""


def run(options: Options) -> int:
    """Write the report."""
    from duckrabbit.report.build import build_report

    def progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    print(build_report(Path(options.out), options.quick, options.only, progress))
    return 0
