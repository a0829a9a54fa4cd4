"""How fast open models make anagrams at 1024×1024, and what memory they take: full-size random weights, one run.

    python bench/open_models.py [--only prx-pixel sdxl] [--tiny] [--compile] [--seconds 540] [--json FILE]

For each model: memory, seconds an evaluation by rows in a call, share of the card's own bf16 matrix peak (counted FLOPs
over the best of several 8192³ products in the same process), and two-view anagrams a minute by
  (a) the plain loop: one evaluation at a time, bfloat16;
  (b) this package's own sampler: seeds × views × {prompt, null prompt} in one call;
and with --compile each of them once more with compiled blocks. All go through the same sampler and noise; they differ
in how many rows a call has. SDXL's come with the recipe for latents, autoencoder and time travel included. --tiny runs
it all on scaled-down networks, on any machine: its numbers mean nothing.
"""

import argparse
import importlib.metadata
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from gpu import Measured, OneCallFor

from duckrabbit.making.make import Picture, make_all
from duckrabbit.models.deepfloyd.extras import diffusers
from duckrabbit.models.deepfloyd.unet import compile_blocks
from duckrabbit.models.model import Model
from duckrabbit.models.open import prx_pixel, stable_diffusion
from duckrabbit.models.open.autoencoder import Autoencoder, scaling
from duckrabbit.models.open.denoiser import OpenDenoiser
from duckrabbit.models.open.family import Family, Folder, Wording
from duckrabbit.recipes.anagram import Anagram

PROMPTS = ("an oil painting of an old man", "an oil painting of people around a campfire")
SOON = 30.0
"""Seconds that must be left for another measurement to begin."""


@dataclass(frozen=True)
class Kind:
    """A model's configuration at full size, or scaled down.

    Attributes:
        family: how it is played.
        network: the class of its network, and the configuration.
        autoencoder: that of its autoencoder; None for pixels.
        scheduler: the configuration of its scheduler.
        wording: the shapes of what a prompt becomes.
        side: of its pictures.
        steps: measured of an anagram, and twice as many; time travel and a last view alone have shares of five.
        whole: steps of a whole anagram.
        rows: in a call.
        seeds: at once.
    """

    family: Family
    network: tuple[str, dict[str, Any]]
    autoencoder: dict[str, Any] | None
    scheduler: dict[str, Any]
    wording: dict[str, tuple[int, ...]]
    side: int
    steps: int
    whole: int
    rows: tuple[int, ...] = (1, 2, 4, 8, 16)
    seeds: tuple[int, ...] = (1, 2, 4)


FLOW = {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}
BETAS = {
    "_class_name": "EulerDiscreteScheduler", "beta_schedule": "scaled_linear", "beta_start": 0.00085,
    "beta_end": 0.012, "timestep_spacing": "leading", "steps_offset": 1,
}  # fmt: skip

PRX = {
    "in_channels": 3, "patch_size": 16, "context_in_dim": 2048, "hidden_size": 3584, "mlp_ratio": 3.5,
    "num_heads": 28, "depth": 24, "axes_dim": [64, 64], "bottleneck_size": 768, "resolution_embeds": True,
}  # fmt: skip
TINY_PRX = PRX | {"patch_size": 8, "context_in_dim": 32, "hidden_size": 32, "num_heads": 2, "depth": 2}
TINY_PRX |= {"axes_dim": [8, 8], "bottleneck_size": 16}

SDXL = {
    "sample_size": 128, "block_out_channels": [320, 640, 1280], "layers_per_block": 2,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "transformer_layers_per_block": [1, 2, 10], "attention_head_dim": [5, 10, 20], "cross_attention_dim": 2048,
    "use_linear_projection": True, "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}  # fmt: skip
TINY_SDXL = SDXL | {"sample_size": 8, "block_out_channels": [8, 16, 16], "transformer_layers_per_block": 1}
TINY_SDXL |= {"attention_head_dim": 8, "cross_attention_dim": 32, "norm_num_groups": 4}
TINY_SDXL |= {"addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 80}

CODER = {
    "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "latent_channels": 4,
    "down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4,
    "scaling_factor": 0.13025, "sample_size": 1024,
}  # fmt: skip
TINY_CODER = CODER | {"block_out_channels": [8, 8], "norm_num_groups": 4}
TINY_CODER |= {"down_block_types": ["DownEncoderBlock2D"] * 2, "up_block_types": ["UpDecoderBlock2D"] * 2}

KINDS = {
    "prx-pixel": Kind(
        prx_pixel.FAMILY, ("PRXTransformer2DModel", PRX), None, FLOW, {"states": (256, 2048), "mask": (256,)},
        1024, 2, 28,
    ),
    "sdxl": Kind(
        stable_diffusion.SDXL, ("UNet2DConditionModel", SDXL), CODER, BETAS, {"states": (77, 2048), "pooled": (1280,)},
        1024, 5, 40,
    ),
}  # fmt: skip
TINY = {
    "prx-pixel": Kind(
        prx_pixel.FAMILY, ("PRXTransformer2DModel", TINY_PRX), None, FLOW, {"states": (8, 32), "mask": (8,)},
        16, 2, 28, (1, 2), (1, 2),
    ),
    "sdxl": Kind(
        stable_diffusion.SDXL, ("UNet2DConditionModel", TINY_SDXL), TINY_CODER, BETAS,
        {"states": (77, 32), "pooled": (32,)}, 16, 5, 40, (1, 2), (1, 2),
    ),
}  # fmt: skip


@dataclass
class Bench(Measured):
    """What is measured, where, and until when."""

    results: dict[str, Any] = field(default_factory=dict)

    def note(self, name: str, line: str, **numbers: Any) -> None:
        """Keep numbers, and say them at once."""
        self.results[name] = numbers
        print(f"{name}: {line}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--tiny", action="store_true", help="scaled-down networks, for a test on any machine")
    parser.add_argument("--compile", action="store_true", help="measure with compiled blocks, too")
    parser.add_argument("--seconds", type=float, default=540, help="begin no measurement after that (540)")
    parser.add_argument("--json", type=Path, help="write the numbers there")
    options = parser.parse_args()
    cuda = torch.cuda.is_available()
    if not cuda and not options.tiny:
        print("Full-size models need a CUDA GPU: run it on one, or give --tiny.")
        return 2
    bench = Bench(torch.device("cuda" if cuda else "cpu"), time.monotonic() + options.seconds)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "diffusers"))
    card = torch.cuda.get_device_name() if cuda else "cpu, tiny networks: the numbers mean nothing"
    bench.note("machine", f"{card}, {versions}", card=card, versions=versions)
    peak = _matmul_peak(bench, 256 if options.tiny else 8192)
    for name in options.only:
        # One model that fails must not cost the other's numbers.
        try:
            _measure(bench, name, (TINY if options.tiny else KINDS)[name], peak, options.compile)
        except (RuntimeError, ImportError, TypeError, ValueError) as error:
            bench.note(f"{name} failed", f"{type(error).__name__}: {str(error)[:300]}", error=str(error))
        bench.fresh()
        if options.json is not None:
            options.json.write_text(json.dumps(bench.results, indent=1))
    return 0


def _matmul_peak(bench: Bench, n: int) -> float:
    tflops = bench.matmul_tflops(n)
    bench.note("matrix product", f"{n}³ in bf16: {tflops:.3g} TFLOP/s", tflops=tflops)
    return tflops


def _measure(bench: Bench, name: str, kind: Kind, peak: float, compiles: bool) -> None:
    model, network = _model(bench.device, kind)
    count = sum(parameter.numel() for parameter in network.parameters())
    tflop = _tflop(model)
    bench.note(
        f"{name} network", f"{count / 1e9:.3f} B, {tflop:.4g} TFLOP an evaluation", parameters=count, tflop=tflop
    )
    for compiled in (False, True) if compiles else (False,):
        label = f"{name}, compiled" if compiled else name
        if compiled:
            compile_blocks(network)
        _evaluations(bench, label, kind, model, tflop, peak)
        plain = _anagrams(bench, f"{label}, a: one evaluation at a time", kind, _in_turns(model), 1)
        rates = [
            _anagrams(bench, f"{label}, b: {seeds} at once", kind, model, seeds)
            for seeds in kind.seeds
            if bench.left() > SOON
        ]
        if plain and any(rates):
            first = bench.results.setdefault(f"{name} plain", {"per_minute": plain})["per_minute"]
            best = max(filter(None, rates))
            line = f"{best / plain:.2f} times the plain loop, {best / first:.2f} times the uncompiled one"
            bench.note(f"{label}, b over a", line, over_plain=best / plain, over_uncompiled=best / first)


def _evaluations(bench: Bench, label: str, kind: Kind, model: Model, tflop: float, peak: float) -> None:
    """Seconds an evaluation, by rows in a call."""
    for rows in kind.rows:
        if bench.left() < SOON:
            print(f"{label}: no time for {rows} rows", flush=True)
            return
        bench.fresh()
        x = torch.randn(rows, *model.state_shape, device=bench.device)
        try:
            model.denoiser(x, 0.5, [PROMPTS[0]] * rows)
            started = bench.wait()
            for _ in range(3):
                model.denoiser(x, 0.5, [PROMPTS[0]] * rows)
            seconds = (bench.wait() - started) / 3 / rows
        except torch.OutOfMemoryError:
            print(f"{label}: {rows} rows do not fit", flush=True)
            return
        share = tflop / seconds / peak
        line = f"{seconds:.4f} s an evaluation, {share:.0%} of the matrix peak, {bench.peak_gib():.1f} GiB"
        numbers = {"seconds": seconds, "share": share, "peak_gib": bench.peak_gib()}
        bench.note(f"{label}, {rows} rows", line, **numbers)


def _anagrams(bench: Bench, label: str, kind: Kind, model: Model, seeds: int) -> float | None:
    """Two-view anagrams a minute, so many seeds at once; None where time or memory is short."""
    if bench.left() < SOON:
        print(f"{label}: no time", flush=True)
        return None
    bench.fresh()
    recipe = Anagram(PROMPTS, ("flip",), sampler=kind.family.illusion_sampler)
    try:
        # Once in a step, so that what is chosen and compiled at the first call is not counted.
        _made(model, recipe, 1, seeds)
        started = bench.wait()
        made = _made(model, recipe, kind.steps, seeds)
        few = bench.wait() - started
        _made(model, recipe, 2 * kind.steps, seeds)
        twice = bench.wait() - started - few
    except torch.OutOfMemoryError:
        print(f"{label}: does not fit", flush=True)
        return None
    # What a picture costs once, such as its noise, which is drawn on the CPU, is in both.
    per_minute = 60 * seeds / (few + (twice - few) * (kind.whole / kind.steps - 1))
    finite = all(bool(picture.pixels.isfinite().all()) for picture in made)
    line = f"{per_minute:.3g} anagrams a minute, {bench.peak_gib():.1f} GiB{'' if finite else ', NOT FINITE'}"
    bench.note(label, line, per_minute=per_minute, peak_gib=bench.peak_gib(), finite=finite)
    return per_minute


def _made(model: Model, recipe: Anagram, steps: int, seeds: int) -> list[Picture]:
    own = replace(recipe, sampler=replace(model.illusion_sampler, steps=steps))
    return make_all([own] * seeds, model, range(seeds), batch_size=seeds)


def _in_turns(model: Model) -> Model:
    return replace(model, denoiser=OneCallFor(model.denoiser))


def _tflop(model: Model) -> float:
    """Counted, of one evaluation."""
    x = torch.randn(1, *model.state_shape, device=model.device)
    with FlopCounterMode(display=False) as counter:
        model.denoiser(x, 0.5, [PROMPTS[0]])
    return float(counter.get_total_flops()) / 1e12


def _model(device: torch.device, kind: Kind) -> tuple[Model, Any]:
    """The model with random weights, and its network."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    network = _random(device, dtype, *kind.network)
    coder = None if kind.autoencoder is None else _random(device, torch.float32, "AutoencoderKL", kind.autoencoder)
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "scheduler").mkdir()
        (Path(place) / "scheduler" / "scheduler_config.json").write_text(json.dumps(kind.scheduler))
        folder = Folder(Path(place), {}, kind.network[1], kind.autoencoder)
        playing = kind.family.play(folder, kind.side)
    denoiser = OpenDenoiser(playing.path, lambda: network, partial(_wordings, kind), playing.estimate, device)
    sampler = kind.family.sampler
    model = Model(
        "random", "pictures", denoiser, 3, kind.side, True, lambda _: None, sampler, kind.family.illusion_sampler,
        playing.threshold, "", {}, "", device, dtype, own_grid=playing.grid,
    )  # fmt: skip
    if coder is None:
        return model, network
    through = Autoencoder(lambda: coder, *scaling(folder), device)
    return replace(model, encode=through.encode, decode=through.decode, own_state_shape=playing.state_shape), network


def _wordings(kind: Kind, prompts: Sequence[str]) -> list[Wording]:
    """Random numbers of the right shapes; masks let half of the tokens through."""
    generator = torch.Generator().manual_seed(0)
    told = {name: torch.randn(shape, generator=generator) for name, shape in kind.wording.items()}
    if "mask" in told:
        told["mask"] = torch.arange(len(told["mask"])) < len(told["mask"]) // 2
    return [told] * len(prompts)


def _random(device: torch.device, dtype: torch.dtype, kind: str, config: dict[str, Any]) -> Any:
    with torch.device("meta"):
        network = getattr(diffusers(), kind).from_config(config)
    network = network.to(dtype).to_empty(device=device).eval().requires_grad_(False)
    for name, parameter in network.named_parameters():
        parameter.normal_(0, 0.02) if parameter.ndim > 1 or "bias" in name else parameter.fill_(1.0)
    if device.type == "cuda" and "UNet" in kind:
        network.to(memory_format=torch.channels_last)
    return network


if __name__ == "__main__":
    raise SystemExit(main())
