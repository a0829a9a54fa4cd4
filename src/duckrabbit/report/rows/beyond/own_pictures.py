"""X8: a user's own pictures: pocket is trained on a folder of them, and then every recipe knows what is in it."""

import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image

from duckrabbit.errors import UsageError
from duckrabbit.making.make import make
from duckrabbit.media.pictures import read_picture
from duckrabbit.media.pixels import to_uint8
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.report.bodies import Sheet
from duckrabbit.report.figure import Exhibit, Figure, command, model_words, seed_words
from duckrabbit.report.workshop import Workshop
from duckrabbit.trained.pocket import folder_material, train_pocket
from duckrabbit.trained.pocket_runs import POCKET_RUNS, PocketRun
from duckrabbit.training.folder import read_folder
from duckrabbit.training.loop import Engine

OWN = {"our cat": "photo:chelsea", "our boat": "sketch:boat", "our chapel": "photo:chapel", "our mug": "photo:coffee"}
"""What the pictures are called, and where they are from."""

BATCH = 16
COUNT = 3
RUN = "runs/folder"


def own_pictures(workshop: Workshop) -> Figure:
    """X8: four pictures are enough to see the model learn their names, and to make an anagram of two of them."""
    folder = workshop.page / workshop.folder / "pictures"
    for caption, picture in OWN.items():
        file = folder / f"{caption}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(to_uint8(read_picture(picture, 256, 3))).save(file)
    before = workshop.shelf.painter.model
    run = _run(workshop)
    with tempfile.TemporaryDirectory() as trained:
        after = _trained(workshop, run, folder, Path(trained) / "run")
    captions = list(OWN)
    anagram = Anagram((captions[0], captions[1]), ("flip",))
    recipes: dict[str, Recipe] = {caption: Generate(caption) for caption in captions}
    recipes[f"{captions[0]} / {captions[1]}, flipped"] = anagram
    strips = []
    for number, (name, recipe) in enumerate(recipes.items()):
        row = [*_pixels(recipe, before), *_pixels(recipe, after)]
        strips.append(workshop.strip(f"“{name}”", f"learned-{number}", row, f"{name}, before and after training"))
    heads = tuple(f"{when}, seed {seed}" for when in ("before", "after") for seed in range(COUNT))
    words = ["--pictures", run.pictures, "--batch-size", BATCH, "--out", RUN]
    return Figure(
        (
            Exhibit(
                f"A folder of {len(OWN)} pictures, named after what they show, and what the model makes of their names "
                f"before and after it has seen {run.pictures:,} of them: few, so what is new has only begun to "
                "show. Grey: no word of it is known.",
                Sheet(heads, tuple(strips)),
                (
                    model_words(before),
                    f"batches of {BATCH}",
                    seed_words(range(COUNT)),
                    f"pictures {', '.join(OWN.values())}",
                ),
                "\n".join(
                    (
                        command("train", "folder", "--data", f"{workshop.folder}/pictures", *words),
                        command("generate", captions[0], "--model", RUN, "--count", COUNT),
                        command("anagram", *anagram.prompts, "--view", "flip", "--model", RUN, "--count", COUNT),
                    )
                ),
                workshop.seconds(),
            ),
        )
    )


def _run(workshop: Workshop) -> PocketRun:
    known = POCKET_RUNS["folder"]
    return replace(
        known,
        init=workshop.shelf.choice.model,
        pictures=workshop.effort.learned,
        show_every=0,
        hyperparameters=replace(known.hyperparameters, batch_size=BATCH),
    )


def _trained(workshop: Workshop, run: PocketRun, folder: Path, out: Path) -> Model:
    device = workshop.shelf.painter.model.device
    engine = Engine(device, workshop.shelf.painter.model.dtype, captured=False)
    for report in train_pocket(run, folder_material(run, read_folder(folder)), out, engine):
        workshop.tell(f"step {report.step} of {report.steps}", 0.8 * report.step / report.steps)
    return load_model(str(out), str(device))


def _pixels(recipe: Recipe, model: Model) -> list[torch.Tensor]:
    """What a model makes; middle grey where it knows no word of what is asked for."""
    try:
        return [picture.pixels for picture in make(recipe, model, COUNT, 0)]
    except UsageError:
        return [torch.zeros(model.shape)] * COUNT
