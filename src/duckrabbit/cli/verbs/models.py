"""duckrabbit models"""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from duckrabbit.cli.options import Flag

if TYPE_CHECKING:
    from duckrabbit.models.model import SamplerConfig
    from duckrabbit.models.open.family import Family


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


@dataclass(frozen=True)
class OpenLine:
    """What the list says of an open model."""

    name: str
    what: str
    pipeline: str
    size: str
    memory: float
    licence: str
    gated: bool
    sampler: str


def run(options: Options) -> int:
    """Print the list."""
    from duckrabbit.models.load import DEEPFLOYD, DEEPFLOYD_SUMMARY, SHIPPED
    from duckrabbit.models.open.families import FAMILIES

    lines = [_line(name, what) for name, what in SHIPPED.items()]
    if options.json:
        every = [asdict(line) for line in lines] + [asdict(_open_line(family)) for family in FAMILIES.values()]
        print("\n".join(map(json.dumps, every)))
        return 0
    for shipped in lines:
        print(f"{shipped.name:26} {shipped.what}")
        print(f"{'':26} {shipped.size} · {shipped.parameters / 1e6:.1f} M parameters · {shipped.sampler}")
    print(f"{DEEPFLOYD:26} {DEEPFLOYD_SUMMARY}")
    print("\nopen models, with the extra `open`; licences and gates as their pages said, which a download says anew")
    for family in FAMILIES.values():
        line = _open_line(family)
        gate = "gated" if line.gated else "not gated"
        print(f"{line.name}\n{'':26} {line.what} ({family.pipeline})")
        print(f"{'':26} {line.size} · {line.memory:g} GB in bfloat16 · {line.licence} · {gate} · {line.sampler}")
    print(
        "\nuse one with --model NAME, or a folder that duckrabbit train wrote, or a .safetensors file, or a folder in"
    )
    print("diffusers' layout; docs/models.md says which for whom")
    return 0


def _line(name: str, what: str) -> Line:
    from torch import nn

    from duckrabbit.diffusion.denoiser import NetworkDenoiser
    from duckrabbit.diffusion.self_guided import plain_of
    from duckrabbit.models.load import load_model

    model = load_model(name, "cpu")
    denoiser = plain_of(model.denoiser)
    network = denoiser.network if isinstance(denoiser, NetworkDenoiser) else None
    parameters = sum(p.numel() for p in network.parameters()) if isinstance(network, nn.Module) else 0
    habits = _habits(model.sampler)
    size = f"{model.size}×{model.size}×{model.channels}"
    one_step = "denoises in one step, does not sample"
    return Line(name, what, size, parameters, habits if model.knows_level else one_step)


def _open_line(family: "Family") -> OpenLine:
    size = f"{family.size}×{family.size}×3"
    gated, habits = family.gated, _habits(family.sampler)
    return OpenLine(family.repository, family.what, family.pipeline, size, family.memory, family.licence, gated, habits)


def _habits(sampler: "SamplerConfig") -> str:
    return f"{sampler.solver}, {sampler.steps} steps, {sampler.grid} grid, guidance {sampler.guidance_scale:g}"
