"""How fast DeepFloyd IF's first stage makes anagrams, and what memory its stages need: one GPU, one run.

    python bench/deepfloyd_speed.py [--tiny] [--compile] [--seconds 330] [--json FILE]

Full-size I-XL with random weights, guided two-view anagrams at 64×64 in 30 ddpm steps, candidates per minute of
  (a) one evaluation at a time, fp16: view by view, with the prompt and then without, as the courses' notebooks do it;
  (b) the four evaluations of one candidate in one call, fp16, candidate by candidate, as visual_anagrams does it;
  (c) this package's own sampler: seeds × views × {prompt, null prompt} in one call.
All three go through the same sampler, noise and composition; they differ in how many rows a call has. The share of the
card's arithmetic is counted FLOPs over the best of several 8192³ bf16 matrix products in the same process.

It needs diffusers, and no network: the wheels are named if it is missing. --tiny runs it all on scaled-down networks.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from gpu import Measured, OneCallFor

from duckrabbit.making.make import make_all
from duckrabbit.models.deepfloyd.conventions import Conventions, conventions_of
from duckrabbit.models.deepfloyd.extras import diffusers
from duckrabbit.models.deepfloyd.stages import ILLUSIONS
from duckrabbit.models.deepfloyd.unet import SuperResolving, UNetDenoiser, compile_blocks, text_conditional
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.anagram import Anagram
from tiny_if import scheduler_config, second_unet_config, unet_config

PROMPTS = ("an oil painting of an old man", "an oil painting of people around a campfire")
TOKENS = 77
WHEELS = (
    "diffusers huggingface_hub importlib_metadata zipp filelock regex requests charset_normalizer idna urllib3 certifi "
    "safetensors pillow numpy fsspec hf_xet httpx2 httpcore2 h11 anyio truststore click packaging pyyaml tqdm"
)


@dataclass(frozen=True)
class Scale:
    """How large everything is."""

    widths: tuple[int, ...]
    second_widths: tuple[int, ...]
    sizes: tuple[int, int]
    text: int
    head: int
    heads: int
    steps: int
    seeds: tuple[int, ...]
    second_rows: tuple[int, ...]
    matmul: int


FULL = Scale(
    (704, 1408, 2112, 2816), (160, 320, 640, 1280), (64, 256), 4096, 64, 64, 30, (4, 8, 16, 32, 64), (1, 4, 16), 8192
)
TINY = Scale((32, 64), (32, 64), (16, 64), 32, 8, 4, 3, (1, 2), (1, 2), 256)


@dataclass
class Bench(Measured):
    """What is measured, where, and until when."""

    scale: Scale
    results: dict[str, Any] = field(default_factory=dict)

    def say(self, line: str) -> None:
        """A line, at once."""
        print(line, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="scaled-down networks, for a test on any machine")
    parser.add_argument("--compile", action="store_true", help="measure (c) with compiled residual blocks, too")
    parser.add_argument("--text-encoder", action="store_true", help="measure nothing but the text encoder")
    parser.add_argument("--seconds", type=float, default=330, help="begin no measurement after that (330)")
    parser.add_argument("--json", type=Path, help="write the numbers there")
    arguments = parser.parse_args()
    if importlib.util.find_spec("diffusers") is None:
        print(f"diffusers is not installed. Bring these wheels and pip install --no-index --no-deps them:\n  {WHEELS}")
        return 2
    cuda = torch.cuda.is_available()
    if not cuda and not arguments.tiny:
        print("Full-size IF needs a CUDA GPU: run it on one, or give --tiny.")
        return 2
    device = torch.device("cuda" if cuda else "cpu")
    bench = Bench(device, time.monotonic() + arguments.seconds, TINY if arguments.tiny else FULL)
    versions = {name: importlib.metadata.version(name) for name in ("torch", "diffusers")}
    bench.results |= {"device": torch.cuda.get_device_name() if cuda else "cpu", **versions}
    bench.say(", ".join(f"{name} {value}" for name, value in bench.results.items()))
    parts = (_matmul_peak, _first_stage, _compiled if arguments.compile else _nothing, _second_stage)
    for part in (_text_encoder,) if arguments.text_encoder else (*parts, _text_encoder):
        # One part that fails must not cost the others' numbers.
        try:
            part(bench)
        except (RuntimeError, ImportError, TypeError, ValueError) as error:
            bench.say(f"{part.__name__}: failed ({type(error).__name__}: {str(error)[:300]})")
        bench.fresh()
        if arguments.json is not None:
            arguments.json.write_text(json.dumps(bench.results, indent=1))
    return 0


def _nothing(bench: Bench) -> None:
    del bench


def _matmul_peak(bench: Bench) -> None:
    n = bench.scale.matmul
    bench.results["matmul_tflops"] = bench.matmul_tflops(n)
    bench.say(f"{n}³ bf16 matrix product: {bench.results['matmul_tflops']:.0f} TFLOP/s")


def _first_stage(bench: Bench) -> None:
    scale = bench.scale
    config = unet_config(scale.widths, scale.sizes[0], scale.text, scale.head, scale.heads)
    bench.results["tflop_per_evaluation"] = _tflop(config)
    bench.say(f"an evaluation: {bench.results['tflop_per_evaluation']:.3f} TFLOP")
    started = time.monotonic()
    network = _random_network(config, bench.device, torch.float16)
    count = sum(parameter.numel() for parameter in network.parameters())
    bench.say(f"I-XL: {count / 1e9:.4f} B parameters, made in {time.monotonic() - started:.0f} s")
    bench.fresh()

    model = _model(bench, network, torch.float16)
    for name, rows in (("a", 1), ("b", 4)):
        _report(bench, name, _rate(bench, replace(model, denoiser=OneCallFor(_unet(model), rows)), 1, scale.steps))
    if bench.device.type == "cuda":
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    choices = [(dtype, seeds) for dtype in (torch.float16, torch.bfloat16) for seeds in scale.seeds]
    rates: dict[tuple[torch.dtype, int], float] = {}
    for dtype, seeds in choices:
        if bench.left() < 60 and rates:
            bench.say("no time for further batch sizes")
            break
        # Where memory runs out the sampler halves its calls by itself, and says so.
        rate = _rate(bench, _model(bench, network.to(dtype), dtype), seeds, 2)
        rates[dtype, seeds] = rate.per_minute
        _report(bench, f"c, {_name(dtype)}, {seeds} candidates at once, 2 steps", rate)
    dtype, seeds = max(rates, key=lambda choice: rates[choice])
    # The best once more, the whole way where there is time for it.
    needed = 60 * seeds / rates[dtype, seeds]
    steps = scale.steps if needed < bench.left() else max(2, int(scale.steps * max(bench.left(), 0) / needed))
    _report(bench, "c", _rate(bench, _model(bench, network.to(dtype), dtype), seeds, steps))
    bench.results["c"] |= {"dtype": _name(dtype), "candidates_at_once": seeds, "steps": steps}
    bench.say(f"c: {_name(dtype)}, {seeds} candidates at once, {steps} steps")
    for name in ("a", "b"):
        ratio = bench.results["c"]["candidates_per_minute"] / bench.results[name]["candidates_per_minute"]
        bench.results[f"c_over_{name}"] = ratio
        bench.say(f"c makes {ratio:.2f} times as many candidates as {name}")


def _compiled(bench: Bench) -> None:
    """(c) once more with the residual blocks compiled one by one."""
    if "c" not in bench.results or bench.left() < 120:
        bench.say("no time for compiling")
        return
    scale, best = bench.scale, bench.results["c"]
    dtype = getattr(torch, best["dtype"])
    network = _random_network(
        unet_config(scale.widths, scale.sizes[0], scale.text, scale.head, scale.heads), bench.device, dtype
    )
    if bench.device.type == "cuda":
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    compile_blocks(network)
    started = time.monotonic()
    rate = _rate(bench, _model(bench, network, dtype), best["candidates_at_once"], 2)
    _report(bench, f"c, compiled, 2 steps (after {time.monotonic() - started:.0f} s)", rate)


def _second_stage(bench: Bench) -> None:
    """Memory and time of II-L, evaluation by evaluation."""
    scale = bench.scale
    config = second_unet_config(scale.second_widths, scale.sizes[1], scale.text, scale.head, scale.heads)
    network = _random_network(config, bench.device, torch.float16)
    if bench.device.type == "cuda":
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    count = sum(parameter.numel() for parameter in network.parameters())
    bench.say(f"II-L: {count / 1e9:.4f} B parameters")
    model = _model(bench, network, torch.float16, second=True)
    for rows in scale.second_rows:
        if bench.left() < 20:
            bench.say("no time for further rows")
            return
        bench.fresh()
        x = torch.randn(rows, 6, scale.sizes[1], scale.sizes[1], device=bench.device)
        with suppress(torch.OutOfMemoryError):
            model.denoiser(x, 0.5, [PROMPTS[0]] * rows)
            started = bench.wait()
            for _ in range(3):
                model.denoiser(x, 0.5, [PROMPTS[0]] * rows)
            seconds = (bench.wait() - started) / 3
            bench.results[f"II-L, {rows} rows"] = {"seconds": seconds, "peak_gib": bench.peak_gib()}
            bench.say(f"II-L, {rows:3} rows: {seconds:.3f} s an evaluation, peak {bench.peak_gib():.1f} GiB")


def _text_encoder(bench: Bench) -> None:
    """Memory and time of T5-XXL's encoder in bf16, random weights."""
    from transformers import T5Config, T5EncoderModel

    full = bench.scale is FULL
    config = T5Config(
        vocab_size=32128, d_model=bench.scale.text, d_kv=64 if full else 8, d_ff=10240 if full else 64,
        num_layers=24 if full else 2, num_heads=64 if full else 4, feed_forward_proj="gated-gelu",
    )  # fmt: skip
    with torch.device("meta"):
        network = T5EncoderModel(config)
    network = network.to(torch.bfloat16).to_empty(device=bench.device).eval().requires_grad_(False)
    for parameter in network.parameters():
        parameter.normal_(0, 0.02)
    count = sum(parameter.numel() for parameter in network.parameters())
    tokens = torch.zeros(1, TOKENS, dtype=torch.int64, device=bench.device)
    network(tokens)
    started = bench.wait()
    network(tokens)
    seconds = bench.wait() - started
    bench.results["T5"] = {"seconds": seconds, "peak_gib": bench.peak_gib()}
    bench.say(f"T5: {count / 1e9:.4f} B parameters, {seconds:.3f} s a prompt, peak {bench.peak_gib():.1f} GiB")


@dataclass(frozen=True)
class Rate:
    """What one measurement gave."""

    per_minute: float
    evaluations_per_second: float
    peak_gib: float
    finite: bool


def _rate(bench: Bench, model: Model, candidates: int, steps: int) -> Rate:
    """Make candidates at once in so many steps, after one to warm up; per minute of the whole 30 steps."""
    bench.fresh()
    whole = bench.scale.steps
    recipe = Anagram(PROMPTS, ("flip",), sampler=replace(ILLUSIONS, steps=1))
    make_all([recipe] * candidates, model, range(candidates), batch_size=candidates)
    recipe = replace(recipe, sampler=replace(ILLUSIONS, steps=steps))
    started = bench.wait()
    made = make_all([recipe] * candidates, model, range(candidates), batch_size=candidates)
    seconds = bench.wait() - started
    return Rate(
        per_minute=60 * candidates / (seconds * whole / steps),
        evaluations_per_second=4 * candidates * steps / seconds,
        peak_gib=bench.peak_gib(),
        finite=all(bool(picture.pixels.isfinite().all()) for picture in made),
    )


def _report(bench: Bench, name: str, rate: Rate) -> None:
    tflops = rate.evaluations_per_second * bench.results["tflop_per_evaluation"]
    share = tflops / bench.results.get("matmul_tflops", math.nan)
    bench.results[name] = {
        "candidates_per_minute": rate.per_minute,
        "evaluations_per_second": rate.evaluations_per_second,
        "tflops": tflops,
        "share_of_matmul_peak": share,
        "peak_gib": rate.peak_gib,
        "finite": rate.finite,
    }
    bench.say(
        f"({name}) {rate.per_minute:.2f} candidates/min, {rate.evaluations_per_second:.1f} evaluations/s, "
        f"{tflops:.0f} TFLOP/s, {100 * share:.0f} % of the peak, {rate.peak_gib:.1f} GiB"
        f"{'' if rate.finite else ', NOT FINITE'}"
    )


def _tflop(config: dict[str, Any]) -> float:
    """Of one evaluation, counted on a network without memory."""
    with torch.device("meta"):
        network = diffusers().UNet2DConditionModel(**config).eval()
        x = torch.empty(1, config["in_channels"], config["sample_size"], config["sample_size"])
        counter = FlopCounterMode(display=False)
        with torch.no_grad(), counter:
            network(x, torch.empty(1), encoder_hidden_states=torch.empty(1, TOKENS, config["encoder_hid_dim"]))
    return counter.get_total_flops() / 1e12


def _random_network(config: dict[str, Any], device: torch.device, dtype: torch.dtype) -> nn.Module:
    """A network made on the device itself, with weights that keep the size of what goes through."""
    with torch.device("meta"):
        network = diffusers().UNet2DConditionModel(**config)
    network = network.to(dtype).to_empty(device=device).eval().requires_grad_(False)
    torch.manual_seed(0)
    for name, parameter in network.named_parameters():
        if parameter.ndim > 1:
            parameter.normal_(0, 1 / math.sqrt(parameter[0].numel()))
        else:
            parameter.fill_(1.0 if name.endswith("weight") else 0.0)
    for buffer in network.buffers():
        buffer.zero_()
    return network  # type: ignore[no-any-return]


def _model(bench: Bench, network: nn.Module, dtype: torch.dtype, second: bool = False) -> Model:
    scale = bench.scale
    conventions: Conventions = conventions_of(scheduler_config(1.0 if second else 1.5), Path("here"))
    generator = torch.Generator().manual_seed(0)
    words = {prompt: torch.randn(TOKENS, scale.text, generator=generator) for prompt in (*PROMPTS, "")}
    on_device = {prompt: embedding.to(bench.device, dtype) for prompt, embedding in words.items()}
    encode: Callable[[Sequence[str]], Tensor] = lambda prompts: torch.stack([on_device[p] for p in prompts])  # noqa: E731
    denoiser = UNetDenoiser(
        lend=lambda: network,
        conventions=conventions,
        channels=3,
        encode=encode,
        call=SuperResolving(250) if second else text_conditional,
        device=bench.device,
        dtype=dtype,
    )
    return Model(
        name="I-XL",
        kind="pictures",
        denoiser=denoiser,
        channels=3,
        size=scale.sizes[1 if second else 0],
        dark_ground=False,
        knows_level=True,
        conditional=True,
        check_prompt=_any_prompt,
        sampler=SamplerConfig(),
        illusion_sampler=ILLUSIONS,
        threshold=conventions.threshold,
        default_prompt="",
        config={},
        checksum="",
        device=bench.device,
        dtype=dtype,
    )


def _any_prompt(prompt: str) -> None:
    del prompt


def _unet(model: Model) -> UNetDenoiser:
    assert isinstance(model.denoiser, UNetDenoiser)
    return model.denoiser


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


if __name__ == "__main__":
    sys.exit(main())
