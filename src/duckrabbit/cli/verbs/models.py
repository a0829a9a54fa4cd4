"""duckrabbit models"""

import json
from dataclasses import asdict, dataclass

from duckrabbit.cli.options import Flag


@dataclass(frozen=True)
class Options:
    """List the models there are."""

    json: Flag = False
    """print one line of JSON a model"""


@dataclass(frozen=True)
class Line:
    """What the list says of a model."""

    name: str
    what: str
    size: str
    parameters: int
    sampler: str


def run(options: Options) -> int:
    """Print the list."""
    from duckrabbit.models.load import DEEPFLOYD, DEEPFLOYD_SUMMARY, SHIPPED

    lines = [_line(name, what) for name, what in SHIPPED.items()]
    if options.json:
        for line in lines:
            print(json.dumps(asdict(line)))
        return 0
    for line in lines:
        print(f"{line.name:26} {line.what}")
        print(f"{'':26} {line.size} · {line.parameters / 1e6:.1f} M parameters · {line.sampler}")
    print(f"{DEEPFLOYD:26} {DEEPFLOYD_SUMMARY}")
    print(
        "\nuse one with --model NAME, or a folder that duckrabbit train wrote, or a .safetensors file, or the folder of"
    )
    print("a pixel-space pipeline in diffusers' layout")
    return 0


def _line(name: str, what: str) -> Line:
    from torch import nn

    from duckrabbit.diffusion.denoiser import NetworkDenoiser
    from duckrabbit.models.load import load_model

    model = load_model(name, "cpu")
    network = model.denoiser.network if isinstance(model.denoiser, NetworkDenoiser) else None
    parameters = sum(p.numel() for p in network.parameters()) if isinstance(network, nn.Module) else 0
    sampler = model.sampler
    habits = f"{sampler.solver}, {sampler.steps} steps, {sampler.grid} grid, guidance {sampler.guidance_scale:g}"
    size = f"{model.size}×{model.size}×{model.channels}"
    one_step = "denoises in one step, does not sample"
    return Line(name, what, size, parameters, habits if model.knows_level else one_step)
