"""X5: every PNG remembers its recipe, and is made again from it."""

from pathlib import PurePath

import torch

from duckrabbit.making.record import recorded
from duckrabbit.making.rerun import made_again, recorded_model
from duckrabbit.media.pixels import to_uint8
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.edit import Edit
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.report.bodies import Sheet
from duckrabbit.report.figure import Exhibit, Figure, command, seed_words
from duckrabbit.report.painter import TOWER
from duckrabbit.report.workshop import Workshop

PROMPTS = ("a rabbit", "a duck", "a rocket ship")
SEED = 7


def remembered(workshop: Workshop) -> Figure:
    """X5: pictures are written, read as strangers would, made again from what they say, and compared."""
    painter = workshop.shelf.painter
    recipes: tuple[Recipe, ...] = (
        Generate(PROMPTS[2]),
        Anagram(PROMPTS[:2], ("flip",)),
        Edit(painter.source(TOWER), PROMPTS[2], 10),
    )
    strips, different = [], 0
    for number, recipe in enumerate(recipes):
        workshop.tell(recipe.verb, number / len(recipes))
        [picture] = painter.made([recipe], [SEED])
        file = PurePath(workshop.folder) / f"{recipe.verb}.png"
        picture.save(workshop.page / file)
        record = recorded(workshop.page / file)
        again = made_again(record, recorded_model(record, painter.choice.weights, painter.choice.embeddings))
        before, after = (torch.from_numpy(to_uint8(one.pixels.float().cpu())) for one in (picture, again))
        different += int((before != after).sum())
        apart = (before.float() - after.float()).abs().mean(dim=-1)[None] / 127.5 - 1
        row = [picture.pixels.float().cpu(), again.pixels.float().cpu(), apart.expand(3, -1, -1)]
        strips.append(workshop.strip(recipe.verb, f"{recipe.verb}-again", row, f"{recipe.verb}: before, after, apart"))
    verdict = "no value differs" if different == 0 else f"{different} values differ"
    return Figure(
        (
            Exhibit(
                "Pictures as they were written, as they were made again from what their files say, and the difference "
                f"(black is none). Of all their pixels {verdict}.",
                Sheet(("written", "made again", "difference"), tuple(strips)),
                (*painter.parameters(recipes[0]), seed_words([SEED])),
                "\n".join(command("rerun", f"{recipe.verb}.png") for recipe in recipes),
                workshop.seconds(),
            ),
        )
    )
