"""duckrabbit report"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from duckrabbit.cli.display import Display, print_as_named
from duckrabbit.cli.options import Flag, option


@dataclass(frozen=True)
class Options:
    """Make every figure, each with what made it: duckrabbit report --quick"""

    quick: Flag = False
    """fewer samples: minutes on two cores"""
    only: Annotated[str | None, option("ROW")] = None
    """one row only, such as A1.8 or B2.2"""
    image: Annotated[str, option("IMAGE")] = "photo:tower"
    """your own photograph in place of the tower"""
    model: Annotated[str, option("MODEL")] = "pocket"
    """the text-to-image model of Part A; another than pocket makes Part A alone"""
    weights: Annotated[str | None, option("WEIGHTS")] = None
    """of --model deepfloyd: a folder with stage1 and stage2, or hub ids joined by a comma"""
    embeddings: Annotated[str | None, option("PATH")] = None
    """where prompts' embeddings are kept (see duckrabbit embed), or a .safetensors file of them"""
    size: Annotated[int | None, option("PIXELS")] = None
    """side of Part A's pictures: the model's own, or its second stage's"""
    device: Annotated[str, option("DEVICE")] = "auto"
    """auto (a GPU where there is one), cpu, cuda or cuda:1"""
    out: Annotated[str, option("FOLDER")] = "out/report"
    """the folder to write to"""


def run(options: Options) -> int:
    """Write the report; figures that are there already are kept."""
    from duckrabbit.cli.produce import check_folder
    from duckrabbit.report.build import build_report
    from duckrabbit.report.painter import Choice

    check_folder(options.out)
    choice = Choice(options.model, options.weights, options.embeddings, options.size, options.image)
    with Display(100, "report") as display:
        said: set[str] = set()

        def progress(label: str, fraction: float) -> None:
            if label not in said:
                said.add(label)
                display.say(label)
            display.at(round(100 * fraction), 100, label)

        page = build_report(Path(options.out), options.quick, options.only, options.device, progress, choice)
    print_as_named(page.resolve())
    return 0
