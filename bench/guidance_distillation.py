"""How well a network that was taught to guide itself says what its teacher says in two evaluations.

    python bench/guidance_distillation.py runs/pocket-guided --data packs [--device cuda]

A row for each guidance, columns for times: the root mean square of what is wrong, as a share of what guidance changes
in the teacher's answer. Judges move what is learnt away from the teacher (`--judge-strength`): this is of runs without.
Pictures are painted from the packs, compositions mixed from them; x_t, noise and captions are the same in each row.
"""

import argparse
from itertools import pairwise

import torch
from torch import Tensor, nn

from duckrabbit.diffusion.guidance import guided_answer
from duckrabbit.diffusion.path import Cosine
from duckrabbit.models.load import load_model
from duckrabbit.models.pocket import PocketConfig, guided_network_of, network_of
from duckrabbit.networks.text_encoder import without_words
from duckrabbit.trained.pocket import painted_material
from duckrabbit.trained.pocket_runs import POCKET_RUNS
from duckrabbit.training.distillation import composed

SCALES = ((2.0, 2.0), (4.0, 3.0), (5.0, 2.0), (7.0, 7.0))
TIMES = (0.02, 0.2, 0.4, 0.6, 0.8, 1.0)


def networks_of(name: str, device: torch.device) -> tuple[nn.Module, nn.Module, PocketConfig]:
    """The network that is taught, and its teacher: itself without its additional weights."""
    model = load_model(name, str(device), torch.float32)
    teacher, student = network_of(model), guided_network_of(model)
    if teacher is None or student is None:
        raise SystemExit(f"{name} does not guide itself: give a run of pocket-guided.")
    return student, teacher[1], PocketConfig.from_json(model.config)


def rms(x: Tensor) -> float:
    return x.square().mean().sqrt().item()


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("student")
    parser.add_argument("--data", required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--count", type=int, default=512)
    parser.add_argument("--backdrops", type=int, default=40)
    options = parser.parse_args()
    device = torch.device(options.device)
    student, teacher, config = networks_of(options.student, device)
    run = POCKET_RUNS["pocket-guided"]
    material = painted_material(
        type(run)(**{**vars(run), "data": options.data, "pictures": 10**6, "backdrops": options.backdrops})
    )
    examples = material.examples(config.vocabulary, device)
    generator = torch.Generator(device).manual_seed(0)
    numbers = torch.arange(900_000, 900_000 + options.count)[None]
    batch = examples.batch(next(iter(examples.prepared(numbers))), generator)
    noise = torch.randn(batch.x0.shape, generator=generator, device=device)
    print("| | γ, γ of the mean | " + " | ".join(f"t {low:g}–{high:g}" for low, high in pairwise(TIMES)) + " |")
    print("|---|---|" + "---|" * (len(TIMES) - 1))
    kinds = {"pictures": batch.x0, "compositions": composed(batch.x0, generator)}
    for kind, x0 in kinds.items():
        rows: dict[tuple[float, float], list[float]] = {scales: [] for scales in SCALES}
        for low, high in pairwise(TIMES):
            t = torch.linspace(low, high, len(x0), device=device)
            alpha, sigma = (c.view(-1, 1, 1, 1).to(x0) for c in Cosine()(t.double().cpu()))
            x_t = alpha * x0 + sigma * noise
            tokens = batch.condition
            asked, unasked = in_parts(teacher, x_t, t, tokens), in_parts(teacher, x_t, t, without_words(tokens))
            for pair, found in rows.items():
                told = torch.tensor([pair], device=device).expand(len(x0), 2)
                guided = guided_answer(asked, unasked, *told.unbind(1))
                found.append(rms(in_parts(student, x_t, t, tokens, told) - guided) / rms(guided - asked))
        for pair, found in rows.items():
            print_row(kind, "{:g}, {:g}".format(*pair), found)


def in_parts(network: nn.Module, *inputs: Tensor) -> Tensor:
    """A network's answers, 64 rows at a time, in bfloat16 where it was trained so."""
    device = inputs[0].device
    with torch.autocast(device.type, torch.bfloat16):
        parts = [network(*rows).float() for rows in zip(*(torch.split(x, 64) for x in inputs), strict=True)]
    return torch.cat(parts)


def print_row(kind: str, name: str, found: list[float]) -> None:
    print(f"| {kind} | {name} | " + " | ".join(f"{own:.3f}" for own in found) + " |")


if __name__ == "__main__":
    main()
