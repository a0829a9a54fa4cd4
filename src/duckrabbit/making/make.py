"""From recipes and seeds to pictures that remember both."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from duckrabbit.diffusion.noise import consecutive_seeds
from duckrabbit.errors import UsageError
from duckrabbit.making.plan import Planned, companies, plan
from duckrabbit.making.record import for_others, record
from duckrabbit.making.sample import Denoisers, Watch, sample
from duckrabbit.media.pixels import to_uint8
from duckrabbit.media.png import write_png
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.recipe import Recipe

BATCH = 64
"""Samples that go through the sampler together, unless the caller says otherwise; of large pictures fewer."""

FEWEST = 4
"""Samples that fill a device however large they are, under guidance and in two views."""

MAX_COUNT = 100_000


@dataclass(frozen=True)
class Picture:
    """A finished picture that knows how it was made.

    Attributes:
        pixels: [C, H, W] in [−1, 1], on the CPU.
        seed: the seed that makes it.
        recipe: what was made.
        record: the recipe and its circumstances as JSON, as written into the PNG.
    """

    pixels: Tensor = field(repr=False)
    seed: int
    recipe: Recipe
    record: Mapping[str, Any] = field(repr=False)

    def save(self, path: str | Path) -> None:
        """Write a PNG that remembers its recipe; a file of that name is replaced.

        Raises:
            UsageError: the name is that of another format, or it can't be written.
        """
        if Path(path).suffix.lower() != ".png":
            raise UsageError(f"{path} is no name of a PNG, which remembers how it was made: let it end in .png.")
        write_png(Path(path), self.pixels, self.record)

    def for_others(self) -> "Picture":
        """The picture to give away: its record without the pictures that it was made from, and without paths."""
        return replace(self, record=for_others(self.record))

    def _repr_png_(self) -> bytes:
        """A notebook shows the picture, enlarged where it is small."""
        image = Image.fromarray(to_uint8(self.pixels))
        scale = max(1, 192 // image.width)
        file = io.BytesIO()
        image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST).save(file, "PNG")
        return file.getvalue()


def make(
    recipe: Recipe,
    model: Model,
    count: int = 1,
    seed: int = 0,
    watch: Watch | None = None,
    size: int | None = None,
    second_sampler: SamplerConfig | None = None,
) -> list[Picture]:
    """Make `count` pictures with the seeds seed, seed + 1, …: each is the one that its seed alone makes.

    Args:
        recipe: what to make.
        model: what makes it.
        count: how many.
        seed: of the first.
        watch: is shown the states.
        size: as in `making.plan.plan`.
        second_sampler: as in `making.plan.plan`.

    Raises:
        UsageError: if the recipe can't be made with this model, or something else was given in place of one of them.
    """
    if not isinstance(recipe, Recipe):
        raise UsageError(f"{recipe!r} is no recipe: give one, such as Generate('7') or Anagram(('6', '9'), ('flip',)).")
    if not isinstance(model, Model):
        raise UsageError(f"{model!r} is no model: give what load_model makes of its name.")
    if not all(isinstance(number, int) for number in (count, seed)):
        raise UsageError(f"`count` {count!r} and `seed` {seed!r} have to be whole numbers: give such as 4 and 0.")
    if not 1 <= count <= MAX_COUNT:
        raise UsageError(f"{count} pictures can't be made: give a `count` from 1 to {MAX_COUNT}.")
    planned = plan(recipe, model, size, second_sampler)
    return make_planned([planned] * count, consecutive_seeds(seed, count), watch)


def make_all(
    recipes: Sequence[Recipe],
    model: Model,
    seeds: Sequence[int],
    watch: Watch | None = None,
    batch_size: int | None = None,
    size: int | None = None,
    second_sampler: SamplerConfig | None = None,
) -> list[Picture]:
    """Make one picture for each recipe and its seed; see `make_planned`.

    Raises:
        UsageError: if a recipe can't be made with this model.
    """
    # By identity: recipes may hold mappings, which have no hash, and the same one is usually repeated.
    distinct = {id(recipe): recipe for recipe in recipes}
    plans = {key: plan(recipe, model, size, second_sampler) for key, recipe in distinct.items()}
    return make_planned([plans[id(recipe)] for recipe in recipes], seeds, watch, batch_size)


def together(most: int, model: Model) -> int:
    """How many of a model's pictures are made together: `most` of 64 pixels a side, and as many pixels of others.

    A kill, or a look at what has come about, then costs as little.
    """
    return max(min(FEWEST, most), most * 64**2 // max(64, model.size) ** 2)


def make_planned(
    plans: Sequence[Planned], seeds: Sequence[int], watch: Watch | None = None, batch_size: int | None = None
) -> list[Picture]:
    """Make one picture for each plan and its seed, many at a time: those whose plans agree, as in `sample`."""
    denoisers = Denoisers()
    made: dict[int, Picture] = {}
    at_once = batch_size or (together(BATCH, plans[0].model) if plans else BATCH)
    for company in companies(plans):
        for first in range(0, len(company), at_once):
            places = company[first : first + at_once]
            batch, own_seeds = [plans[place] for place in places], tuple(seeds[place] for place in places)
            pixels = sample(batch, own_seeds, denoisers, watch).pixels.cpu()
            mixed = any(planned is not batch[0] for planned in batch)
            for row, (place, own, seed, planned) in enumerate(zip(places, pixels, own_seeds, batch, strict=True)):
                batched = (1, 0) if mixed else (len(batch), row)
                made[place] = Picture(own, seed, planned.recipe, record(planned, seed, *batched))
    return [made[place] for place in range(len(plans))]
