"""Make docs/pictures' sheets of pocket: prompts, anagrams, hybrids, large pictures, unselected, by the defaults.

    python tools/pocket_pictures.py [--model pocket] [--out docs/pictures] [--only prompts anagrams hybrids large]

A row a prompt, the first seeds side by side; below a row of illusions the same pictures as the other way to look shows
them; beside a large picture the small one that it was made of. Some three minutes on two cores.
"""

import argparse
from collections.abc import Sequence
from math import ceil
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from duckrabbit.making.make import make
from duckrabbit.media.pixels import to_uint8
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part

PROMPTS = (
    "an oil painting of a snowy mountain village",
    "a photo of the amalfi coast",
    "a photo of a man",
    "a photo of a hipster barista",
    "a photo of a dog",
    "an oil painting of people around a campfire",
    "an oil painting of an old man",
    "a lithograph of waterfalls",
    "a lithograph of a skull",
    "a man wearing a hat",
    "a high quality photo",
    "a rocket ship",
    "a pencil",
    "",
)
"""FIGURES.md's, and none."""

ANAGRAMS = (
    ("a lithograph of a rabbit", "a lithograph of a duck", "rotate-90"),
    ("a watercolor of a butterfly", "a watercolor of an owl", "flip"),
    ("a cartoon of a penguin", "a cartoon of a giraffe", "rotate-180"),
    ("an oil painting of a lion", "an oil painting of a sunflower", "negate"),
    ("a drawing of a bird", "a drawing of a fish", "rotate-180"),
    ("a photo of a man", "a photo of a dog", "rotate-180"),
    ("an oil painting of an old man", "an oil painting of people around a campfire", "flip"),
    ("an oil painting of a woman", "an oil painting of a tower", "rotate-90"),
)

HYBRIDS = (
    ("a watercolor of an elephant", "a watercolor of a butterfly"),
    ("an oil painting of an owl", "an oil painting of a pineapple"),
    ("a cartoon of a pumpkin", "a cartoon of a castle"),
    ("an oil painting of a sun", "an oil painting of a sailboat"),
    ("an oil painting of an old man", "an oil painting of people around a campfire"),
    ("a lithograph of a skull", "a lithograph of waterfalls"),
    ("a photo of a dog", "an oil painting of an old man"),
    ("a photo of a tower", "a photo of a pagoda"),
)
"""Far and near."""

LARGE = (
    *("an oil painting of people around a campfire", "an oil painting of an old man", "a lithograph of waterfalls"),
    *("a lithograph of a skull", "a photo of a dog", "a cartoon of a rabbit", "a 3d render of a duck"),
    *("a pencil sketch of a castle", "a red car", "a watercolor of an elephant", "an oil painting of a woman"),
    *("pixel art of a tree", "an oil painting of a sailboat", "a photo of a butterfly", "a lithograph of an owl"),
    "a watercolor of a tulip",
)

EIGHT, FOUR, GAP, TEXT = 8, 4, 8, 14
FACTOR = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs" / "pictures")
    parser.add_argument("--only", nargs="+", choices=("prompts", "anagrams", "hybrids", "large"))
    options = parser.parse_args()
    model = load_model(options.model)
    for name, sheet in (("prompts", prompts), ("anagrams", anagrams), ("hybrids", hybrids), ("large", large)):
        if options.only is None or name in options.only:
            path = options.out / ("pocket.jpg" if name == "prompts" else f"pocket-{name}.jpg")
            sheet(model).save(path, quality=88)
            print(path, flush=True)


def prompts(model: Model) -> Image.Image:
    """A labelled row a prompt, eight seeds."""
    rows = [_row(_pictures(Generate(prompt), model, EIGHT)) for prompt in PROMPTS]
    width, height = rows[0].size
    sheet = Image.new("RGB", (width, len(rows) * (height + TEXT)), "white")
    draw = ImageDraw.Draw(sheet)
    for k, (prompt, row) in enumerate(zip(PROMPTS, rows, strict=True)):
        draw.text((2, k * (height + TEXT) + 1), prompt or "(no prompt)", fill="black")
        sheet.paste(row, (0, k * (height + TEXT) + TEXT))
    return sheet


def anagrams(model: Model) -> Image.Image:
    """Two illusions a row, four seeds each, and each through its view."""
    return _pairs([Anagram((a, b), (view,)) for a, b, view in ANAGRAMS], 1, model)


def hybrids(model: Model) -> Image.Image:
    """Two illusions a row, four seeds each, and each from afar."""
    return _pairs([Hybrid({"far": Part(far), "near": Part(near)}) for far, near in HYBRIDS], 0, model)


def large(model: Model) -> Image.Image:
    """Four prompts a row, each enlarged by a bicubic filter and made large by the second stage."""
    second = model.second_stage
    if second is None:
        raise SystemExit(f"{model.name} has no second stage.")
    side = second.model.size
    cells = []
    for prompt in LARGE:
        [small], [made] = make(Generate(prompt), model), make(Generate(prompt), model, size=side)
        pair = torch.cat([second.enlarge(small.pixels.float()[None], side)[0], made.pixels.float()], dim=2)
        cells.append(Image.fromarray(to_uint8(pair.clamp(-1, 1))))
    return _sheet(cells, 4)


def _pairs(recipes: Sequence[Anagram | Hybrid], look: int, model: Model) -> Image.Image:
    """Each recipe's pictures above what one look shows of them."""
    cells = []
    for recipe in recipes:
        made = _pictures(recipe, model, FOUR)
        above, below = _row(made), _row(recipe.looks[look].see(made))
        cell = Image.new("RGB", (above.width, 2 * above.height), "white")
        cell.paste(above, (0, 0))
        cell.paste(below, (0, above.height))
        cells.append(cell)
    return _sheet(cells, 2)


def _sheet(cells: Sequence[Image.Image], columns: int) -> Image.Image:
    """Pictures of one size, so many a row."""
    width, height = cells[0].size
    rows = ceil(len(cells) / columns)
    sheet = Image.new("RGB", (columns * (width + GAP) - GAP, rows * (height + GAP) - GAP), "white")
    for k, cell in enumerate(cells):
        sheet.paste(cell, (k % columns * (width + GAP), k // columns * (height + GAP)))
    return sheet


def _pictures(recipe: Generate | Anagram | Hybrid, model: Model, count: int) -> Tensor:
    return torch.stack([picture.pixels.float() for picture in make(recipe, model, count)]).clamp(-1, 1)


def _row(pictures: Tensor) -> Image.Image:
    """Pictures [N, 3, S, S] side by side, enlarged pixel by pixel."""
    side_by_side = torch.cat(list(pictures), dim=2)
    picture = Image.fromarray(to_uint8(side_by_side))
    return picture.resize((picture.width * FACTOR, picture.height * FACTOR), Image.Resampling.NEAREST)


if __name__ == "__main__":
    main()
