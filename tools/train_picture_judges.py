"""Train the two judges of pictures on the two halves of the packs, and say how well each reads the other's half.

python tools/train_picture_judges.py --data PACKS --out DIR --role selecting
python tools/train_picture_judges.py --data PACKS --out DIR --role reporting
"""

import argparse
import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch

from duckrabbit.datasets.classes import classes_of
from duckrabbit.datasets.names import kept_names
from duckrabbit.datasets.packs import read_packs
from duckrabbit.datasets.paint.library import build_library
from duckrabbit.models.device import choose_device
from duckrabbit.models.storage import quantized, write_weights
from duckrabbit.networks.picture_judges import ReportingPictureJudge, SelectingPictureJudge
from duckrabbit.training.loop import Engine, Hyperparameters, train
from duckrabbit.training.named import NamedExamples, half
from duckrabbit.training.objectives import ClassificationObjective
from duckrabbit.training.state import TrainingState

NETWORKS = {"selecting": SelectingPictureJudge, "reporting": ReportingPictureJudge}
PACKS = ("art", "photos", "openmoji")
TESTED = 16_384


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--role", choices=tuple(NETWORKS), required=True)
    parser.add_argument("--minutes", type=float, default=5.0, help="of training; the first steps tell how many that is")
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--learning-rate", type=float, default=1.5e-3)
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
    examples = NamedExamples(own, pictures, classes, 100_000_000, seed=1 + which)
    for report in islice(train(state, examples, ClassificationObjective(), hyperparameters, engine), 3):
        speed = report.pictures_per_second
    whole = replace(examples, count=state.step * options.batch_size + int(60 * options.minutes * speed))
    for report in train(state, whole, ClassificationObjective(), hyperparameters, engine):
        print(f"{report.step}/{report.steps} loss {report.loss:.3f} {report.pictures_per_second:.0f}/s", flush=True)

    scores = {}
    for name, library_half in (("own half", own), ("other half", other)):
        tested = NamedExamples(library_half, pictures, classes, TESTED if on_gpu else 64, spoiled=False, seed=9)
        scores[name] = accuracy(state.average.eval(), tested, device)
    print(role, len(classes), "classes", json.dumps(scores), flush=True)
    config = {
        "kind": f"picture-judge-{role}",
        "classes": list(classes.names),
        "training": {"pictures": state.step * options.batch_size, **scores},
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
