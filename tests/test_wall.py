"""The wall that the studio starts from: 24 recipes, proven with the weights that are shipped."""

from importlib.resources import files
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

import duckrabbit
from duckrabbit.illusions.views import VIEWS
from duckrabbit.judges.judge import shipped_checksum
from duckrabbit.making.make import make
from duckrabbit.media.pixels import to_uint8
from duckrabbit.models.load import DEFAULT_DIGITS, DEFAULT_TEXT
from duckrabbit.recipes.hybrid import DECOMPOSITIONS
from duckrabbit.studio.hanging import Hanging, content_of, shipped_wall, surprise

STALE = "the weights have changed since: python tools/make_wall.py makes it anew, in ten minutes"


def _pixels(one: Hanging) -> np.ndarray:
    with Image.open(Path(str(files("duckrabbit.studio") / "wall" / one.file))) as image:
        return np.asarray(image.convert("RGB"))


def test_the_wall_was_made_and_read_by_the_weights_of_the_day() -> None:
    models = {name: duckrabbit.load_model(name).checksum for name in (DEFAULT_TEXT, DEFAULT_DIGITS)}
    judges = {
        f"{kind} {role}": shipped_checksum(kind, role)
        for kind in ("pictures", "digits")
        for role in ("selecting", "reporting")
    }
    assert shipped_wall().weights == {**models, **judges}, STALE


def test_everything_hangs_there_that_there_is() -> None:
    pictures = shipped_wall().pictures
    assert len(pictures) == len({one.id for one in pictures}) == 24
    orders = [one.order for one in pictures]
    views = {view.partition(":")[0] for order in orders for view in order.views}
    assert views - {"identity"} == set(VIEWS) - {"identity"}
    kinds = {frozenset(order.parts) for order in orders if order.parts}
    assert kinds == {frozenset(names) for names in DECOMPOSITIONS if len(names) == 2}
    assert {order.model for order in orders} == {DEFAULT_TEXT, DEFAULT_DIGITS}
    # What is mirrored is the same thing to most judges.
    assert {tuple(one.order.views) for one in pictures if not one.is_proven} <= {("mirror",)}
    assert sum(len(content_of(one.file)) for one in (*pictures, *shipped_wall().styles)) <= 200_000
    assert all(0 <= one.odds <= 1 and len(one.read) == len(one.order.recipe.looks) for one in pictures)


def test_a_recipe_makes_its_picture() -> None:
    one = next(own for own in shipped_wall().pictures if own.order.model == DEFAULT_DIGITS)
    order = one.order
    [made] = make(order.recipe, duckrabbit.load_model(DEFAULT_DIGITS), 1, order.seed)
    shown = to_uint8(made.pixels)
    assert np.abs(_pixels(one)[..., 0].astype(int) - shown).max() <= 3


def test_surprises_are_of_pairs_that_work(tmp_path: Path) -> None:
    # Neither a stranger's picture nor one that is hardly read is a surprise.
    folder = tmp_path / "flip"
    folder.mkdir()
    Image.new("RGB", (64, 64)).save(folder / "a--b-0.png")
    hung = {one.order.recipe.prompts for one in shipped_wall().pictures}
    found = [surprise("anagram", tmp_path, Random(k)) for k in range(12)]
    assert all(order is not None and order.recipe.prompts in hung for order in found)
    assert len({order.recipe.prompts for order in found if order is not None}) > 3
    hybrid = surprise("hybrid", tmp_path, Random(0))
    assert hybrid is not None
    assert hybrid.parts
    assert surprise("edit", tmp_path, Random(0)) is None
