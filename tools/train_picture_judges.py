"""Train the two judges of pictures on the two halves of the packs, and say how well each reads the other's half.

python tools/train_picture_judges.py --data PACKS --out DIR --role selecting --made 20000
python tools/train_picture_judges.py --data PACKS --out DIR --role reporting

`--made` lets the selecting judge learn from so many pictures that pocket makes of every class in turn, too: it is to
choose among such. The reporting judge never sees any.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from duckrabbit.datasets.classes import classes_of
from duckrabbit.datasets.names import kept_names
from duckrabbit.datasets.packs import read_packs
from duckrabbit.datasets.paint.library import build_library
from duckrabbit.diffusion.denoiser import Denoiser, Prediction
from duckrabbit.diffusion.grid import GRIDS
from duckrabbit.diffusion.noise import Noise
from duckrabbit.diffusion.path import Path as ProbabilityPath
from duckrabbit.diffusion.sampling import initial_noise, sample, trajectory
from duckrabbit.diffusion.steps import SOLVERS
from duckrabbit.diffusion.thresholding import clip
from duckrabbit.models.device import choose_device
from duckrabbit.models.load import load_model
from duckrabbit.models.storage import quantized, write_weights
from duckrabbit.networks.picture_judges import ReportingPictureJudge, SelectingPictureJudge
from duckrabbit.search.subjects import prompt_for
from duckrabbit.training.data import Batch, Examples
from duckrabbit.training.loop import Engine, Hyperparameters, train
from duckrabbit.training.named import NamedExamples, half
from duckrabbit.training.objectives import ClassificationObjective
from duckrabbit.training.spoiling import spoiled
from duckrabbit.training.state import TrainingState

NETWORKS = {"selecting": SelectingPictureJudge, "reporting": ReportingPictureJudge}
PACKS = ("art", "photos", "openmoji")
TESTED = 16_384

STYLES = (
    "an oil painting of",
    "a cartoon of",
    "a watercolor of",
    "a lithograph of",
    "a 3d render of",
    "a drawing of",
    "",
)
STEPS, GUIDANCE_SCALE = 12, 3.0
MADE_SHARE = 0.35


@dataclass(frozen=True)
class WithMade:
    """Named pictures of which a share is replaced by pictures that a model made; all are spoiled afterwards."""

    named: NamedExamples
    pictures: Tensor = field(repr=False)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.named)

    def prepared(self, order: Tensor) -> Iterator[Any]:
        """As for the named ones."""
        return self.named.prepared(order)

    def batch(self, prepared: Any, generator: torch.Generator) -> Batch:
        """Pictures [B, 3, 64, 64] and classes [B]; the k-th picture that was made is of class k modulo their number."""
        real = replace(self.named, spoiled=False).batch(prepared, generator)
        device = real.x0.device
        chosen = torch.randint(len(self.pictures), (len(real.x0),), generator=generator, device=device)
        made = torch.rand(len(chosen), generator=generator, device=device) < MADE_SHARE
        x0 = torch.where(made[:, None, None, None], self.pictures[chosen] / 127.5 - 1, real.x0)
        labels = torch.where(made, chosen % len(self.named.classes), real.condition)
        return Batch(spoiled(x0, generator), labels)


@dataclass(frozen=True)
class Guided:
    """Pocket under guidance, a prompt for each picture."""

    denoiser: Denoiser
    prompts: tuple[str, ...]

    @property
    def path(self) -> ProbabilityPath:
        """The denoiser's."""
        return self.denoiser.path

    def __call__(self, x: Tensor, t: float) -> Prediction:
        """x̂_0 of x [B, 3, 64, 64], one call for both branches."""
        both = self.denoiser(torch.cat([x, x]), t, [*self.prompts, *("",) * len(x)]).x0
        told, free = both.chunk(2)
        return Prediction(clip(free + GUIDANCE_SCALE * (told - free)))


def made_by_pocket(names: tuple[str, ...], count: int, device: torch.device) -> Tensor:
    """Pictures of every class in turn, styles taking turns, uint8 [count, 3, 64, 64] on the device."""
    model = load_model("pocket", str(device))
    grid, batch, parts = GRIDS["uniform"](model.denoiser.path, STEPS), 1024 if device.type == "cuda" else 32, []
    for first in range(0, count, batch):
        seeds = tuple(range(first, min(count, first + batch)))
        styles = [STYLES[k // len(names) % len(STYLES)] for k in seeds]
        prompts = tuple(prompt_for(names[k % len(names)], style) for k, style in zip(seeds, styles, strict=True))
        guided, noise = Guided(model.denoiser, prompts), Noise(seeds)
        x = initial_noise(guided.path, noise, model.shape).to(device)
        x0 = sample(trajectory(guided, x, grid, SOLVERS["dpmpp_2m"], noise))
        parts.append(((x0.float() + 1) * 127.5).round().clamp(0, 255).byte())
    return torch.cat(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--role", choices=tuple(NETWORKS), required=True)
    parser.add_argument("--minutes", type=float, default=5.0, help="of training; the first steps tell how many that is")
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--learning-rate", type=float, default=1.5e-3)
    parser.add_argument("--made", type=int, default=0, help="pictures of pocket's to learn from as well")
    parser.add_argument("--copies", type=int, default=200, help="drawings of each backdrop")
    options = parser.parse_args()

    role, device = options.role, choose_device("auto")
    library = build_library(
        read_packs([options.data / f"{name}64.zip" for name in PACKS], 64), kept_names(), options.copies
    )
    shown = [k for found in library.subjects.values() for k in found] + list(library.photos[0])
    classes = classes_of(library.items, shown)
    which = tuple(NETWORKS).index(role)
    pictures = library.pictures.to(device)
    own, other = half(library, classes, which), half(library, classes, 1 - which)

    torch.manual_seed(which)
    on_gpu = device.type == "cuda"
    trial = 300 if on_gpu else 6
    hyperparameters = Hyperparameters(
        1, options.batch_size, options.learning_rate, ema_decay=0.999, seed=which, warmup_steps=300, cooldown=0.5,
        clip_gradient=1.0,
    )  # fmt: skip
    state = TrainingState(NETWORKS[role](len(classes)), hyperparameters.ema_decay, device)
    engine = Engine(device, torch.bfloat16 if on_gpu else torch.float32, trial // 3, captured=False)
    named = NamedExamples(own, pictures, classes, 100_000_000, seed=1 + which)
    examples: Examples[Any] = named
    if options.made:
        made = made_by_pocket(classes.names, options.made, device)
        print(f"{len(made)} pictures made", flush=True)
        examples = WithMade(named, made)
    for report in islice(train(state, examples, ClassificationObjective(), hyperparameters, engine), 3):
        speed = report.pictures_per_second
    count = state.step * options.batch_size + int(60 * options.minutes * speed)
    whole = replace(named, count=count)
    examples = replace(examples, named=whole) if isinstance(examples, WithMade) else whole
    for report in train(state, examples, ClassificationObjective(), hyperparameters, engine):
        print(f"{report.step}/{report.steps} loss {report.loss:.3f} {report.pictures_per_second:.0f}/s", flush=True)

    scores = {}
    for name, library_half in (("own half", own), ("other half", other)):
        tested = NamedExamples(library_half, pictures, classes, TESTED if on_gpu else 64, spoiled=False, seed=9)
        scores[name] = accuracy(state.average.eval(), tested, device)
    print(role, len(classes), "classes", json.dumps(scores), flush=True)
    config = {
        "kind": f"picture-judge-{role}",
        "classes": list(classes.names),
        "training": {"pictures": state.step * options.batch_size, "made": options.made, **scores},
    }
    write_weights(options.out / f"picture-judge-{role}.safetensors", quantized(state.average.state_dict()), config)


def accuracy(network: torch.nn.Module, examples: NamedExamples, device: torch.device) -> dict[str, float]:
    """Share of pictures whose class is the first, and among the first five."""
    generator = torch.Generator(device).manual_seed(0)
    first = fifth = 0
    size = min(512, len(examples))
    for prepared in examples.prepared(torch.arange(len(examples)).view(-1, size)):
        batch = examples.batch(prepared, generator)
        with torch.inference_mode():
            best = network(batch.x0).topk(5, dim=1).indices == batch.condition[:, None]
        first, fifth = first + int(best[:, 0].sum()), fifth + int(best.any(1).sum())
    return {"top1": first / len(examples), "top5": fifth / len(examples)}


if __name__ == "__main__":
    main()
