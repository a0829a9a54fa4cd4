"""Train judges of pictures on halves of the packs, and say how well each reads the other half.

python tools/train_picture_judges.py paint PACKS half0.safetensors --half 0 --count 400000
python tools/train_picture_judges.py paint PACKS half1.safetensors --half 1 --count 400000
python tools/train_picture_judges.py make PACKS made.safetensors --count 30000
python tools/train_picture_judges.py train g1.safetensors --build residual-32 --painted half0.safetensors \\
    --made made.safetensors --tested half1.safetensors --radius 0.03
python tools/train_picture_judges.py join guiding picture-judge-pulling.safetensors g1.safetensors g2.safetensors

The judges that guide and select learn from one half and from what pocket makes; the one that reports, which is to have
no part in any picture, from the other half alone, without `--made`. `--radius` lets a judge learn from the worst
pictures nearby, so that its gradient is worth following. `join` makes judges a panel. Several files of pictures, which
were painted side by side with other seeds, go behind one option.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch
from judge_examples import NamedExamples, Shown, library_of, made_by_pocket, painted
from safetensors import safe_open
from torch import Tensor

from duckrabbit.judges.judge import FILES
from duckrabbit.media.tensors import write_tensors
from duckrabbit.models.device import choose_device
from duckrabbit.models.storage import quantized, read_weights, write_weights
from duckrabbit.networks.picture_judges import BUILDS
from duckrabbit.training.loop import Engine, Hyperparameters, train
from duckrabbit.training.objectives import AdversarialObjective, ClassificationObjective, Objective
from duckrabbit.training.painted import half
from duckrabbit.training.state import TrainingState

TESTED = 16_384


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    painting, making = commands.add_parser("paint"), commands.add_parser("make")
    for command in (painting, making):
        command.add_argument("data", type=Path, help="the folder of the packs")
        command.add_argument("out", type=Path)
        command.add_argument("--count", type=int, default=100_000)
        command.add_argument("--seed", type=int, default=1)
        command.add_argument("--copies", type=int, default=200, help="drawings of each backdrop")
    painting.add_argument("--half", type=int, choices=(0, 1), required=True)
    painting.add_argument("--split", type=int, default=0, help="which shuffle cuts the pictures in halves")
    training = commands.add_parser("train")
    training.add_argument("out", type=Path)
    training.add_argument("--build", choices=tuple(BUILDS), required=True)
    training.add_argument("--painted", type=Path, nargs="+", required=True)
    training.add_argument("--made", type=Path, nargs="*", default=[])
    training.add_argument("--tested", type=Path, help="pictures of the other half")
    training.add_argument("--minutes", type=float, default=5.0, help="of training; the first steps tell how many")
    training.add_argument("--batch-size", type=int, default=512)
    training.add_argument("--learning-rate", type=float, default=1.5e-3, help="5e-4 for a transformer")
    training.add_argument(
        "--radius", type=float, default=0.0, help="root mean square of what an adversary adds at most"
    )
    training.add_argument("--init", type=Path, help="a judge of that build to go on from; its classes may be others")
    training.add_argument("--seed", type=int, default=0)
    joining = commands.add_parser("join")
    joining.add_argument("role", choices=tuple(FILES["pictures"]))
    joining.add_argument("out", type=Path)
    joining.add_argument("judges", type=Path, nargs="+")
    options = parser.parse_args()
    {"paint": paint, "make": make, "train": train_one, "join": join}[options.command](options)


def paint(options: argparse.Namespace) -> None:
    """Scenes of one half."""
    device = choose_device("auto")
    library, classes = library_of(options.data, options.copies)
    own = half(library, classes, options.half, options.split)
    examples = NamedExamples(own, library.pictures.to(device), classes, options.count, options.seed)
    _keep(options.out, *painted(examples, min(512, options.count)), classes.names)


def make(options: argparse.Namespace) -> None:
    """Pictures of pocket's."""
    _, classes = library_of(options.data, options.copies)
    _keep(options.out, *made_by_pocket(classes, options.count, options.seed, choose_device("auto")), classes.names)


def _keep(path: Path, pictures: Tensor, labels: Tensor, names: Sequence[str]) -> None:
    write_tensors(path, {"pictures": pictures, "labels": labels}, {"classes": json.dumps(names)})
    print(f"{len(pictures)} pictures of {len(names)} classes in {path}", flush=True)


def _kept(paths: Sequence[Path], device: torch.device) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """Pictures uint8 [N, 3, 64, 64], their classes [N], and the names of all classes."""
    pictures, labels, names = [torch.empty(0, 3, 64, 64, dtype=torch.uint8, device=device)], [], list[tuple[str, ...]]()
    for path in paths:
        with safe_open(path, framework="pt", device=str(device)) as file:
            pictures.append(file.get_tensor("pictures"))
            labels.append(file.get_tensor("labels"))
            names.append(tuple(json.loads(file.metadata()["classes"])))
    if len({*names}) > 1:
        raise SystemExit("These pictures are of other classes: paint them from the same packs.")
    none = torch.empty(0, dtype=torch.int64, device=device)
    return torch.cat(pictures), torch.cat([none, *labels]), names[0] if names else ()


def train_one(options: argparse.Namespace) -> None:
    """One judge."""
    device = choose_device("auto")
    on_gpu, seed = device.type == "cuda", options.seed
    pictures, labels, names = _kept(options.painted, device)
    made, made_labels, _ = _kept(options.made, device)
    trial = 300 if on_gpu else 6
    examples = Shown(pictures, labels, made, made_labels, count=trial * options.batch_size)
    torch.manual_seed(seed)
    hyperparameters = Hyperparameters(
        1, options.batch_size, options.learning_rate, ema_decay=0.999, seed=seed, warmup_steps=300, cooldown=0.5,
        clip_gradient=1.0,
    )  # fmt: skip
    network, before = BUILDS[options.build](len(names)), {}
    if options.init is not None:
        tensors, config = read_weights(options.init)
        network.load_state_dict(taken_over(tensors, network.state_dict(), config["classes"], names))
        before = {"before": config["training"]}
    state = TrainingState(network, hyperparameters.ema_decay, device)
    engine = Engine(device, torch.bfloat16 if on_gpu else torch.float32, max(1, trial // 3), compiled=on_gpu)
    objective: Objective = ClassificationObjective()
    if options.radius:
        objective = AdversarialObjective(objective, options.radius)
    started = time.monotonic()
    for report in islice(train(state, examples, objective, replace(hyperparameters, cooldown=0.0), engine), 3):
        speed = report.pictures_per_second
    # Compiling is part of the time.
    left = max(0.0, 60 * options.minutes - (time.monotonic() - started))
    examples = replace(examples, count=state.step * options.batch_size + int(left * speed))
    for report in train(state, examples, objective, hyperparameters, engine):
        print(f"{report.step}/{report.steps} loss {report.loss:.3f} {report.pictures_per_second:.0f}/s", flush=True)

    network = state.average.eval()
    scores = {"own half": accuracy(network, pictures, labels)}
    if options.tested is not None:
        tested, tested_labels, _ = _kept([options.tested], device)
        scores["other half"] = accuracy(network, tested, tested_labels)
    if options.made:
        scores["made"] = accuracy(network, made, made_labels)
    print(options.build, len(names), "classes", json.dumps(scores), flush=True)
    told = {
        "pictures": state.step * options.batch_size,
        "made": len(made),
        "radius": options.radius,
        **scores,
        **before,
    }
    config = {"kind": "picture-judge", "members": [options.build], "classes": list(names), "training": told}
    write_weights(options.out, quantized(state.average.state_dict()), config)


def accuracy(network: torch.nn.Module, pictures: Tensor, labels: Tensor) -> dict[str, float]:
    """Share of the first pictures, uint8 [N, 3, 64, 64], whose class is the first, and among the first five."""
    first, fifth, count = 0, 0, min(TESTED, len(pictures))
    for x, wanted in zip(torch.split(pictures[:count], 512), torch.split(labels[:count], 512), strict=True):
        with torch.inference_mode():
            best = network(x.float() / 127.5 - 1).topk(5, dim=1).indices == wanted[:, None]
        first, fifth = first + int(best[:, 0].sum()), fifth + int(best.any(1).sum())
    return {"top1": round(first / count, 4), "top5": round(fifth / count, 4)}


def taken_over(
    tensors: dict[str, Tensor], like: dict[str, Tensor], known: Sequence[str], classes: Sequence[str]
) -> dict[str, Tensor]:
    """A judge's weights for other classes: each class that it knows keeps its row of the head, others are new."""
    places = {name: k for k, name in enumerate(known)}
    both = [(k, places[name]) for k, name in enumerate(classes) if name in places]
    new, old = (torch.tensor(rows) for rows in zip(*both, strict=True))
    taken = dict(tensors)
    for name in ("head.weight", "head.bias"):
        taken[name] = like[name].clone()
        taken[name][new] = tensors[name][old].to(like[name].dtype)
    return taken


def join(options: argparse.Namespace) -> None:
    """Judges of the same classes as the shipped judge of a role: a panel, where there are several."""
    read = [read_weights(path) for path in options.judges]
    configs = [config for _, config in read]
    if any(config["classes"] != configs[0]["classes"] for config in configs):
        raise SystemExit("These judges have other classes each, and can't be one panel.")
    alone = len(read) == 1
    tensors = {
        name if alone else f"members.{k}.{name}": tensor
        for k, (own, _) in enumerate(read)
        for name, tensor in own.items()
    }
    config = {
        "kind": FILES["pictures"][options.role],
        "members": [build for own in configs for build in own["members"]],
        "classes": configs[0]["classes"],
        "training": [own["training"] for own in configs],
    }
    write_weights(options.out, quantized(tensors), config)
    print(f"wrote {options.out}, {options.out.stat().st_size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
