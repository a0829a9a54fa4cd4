"""The text-to-image model of Part A: what makes its pictures, and what a command must say to make them again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from duckrabbit.making.make import Picture, make_planned
from duckrabbit.making.sample import Watch
from duckrabbit.making.sampling import OWN_WAY, Sampling
from duckrabbit.models.load import DEFAULT_TEXT
from duckrabbit.models.model import Model
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.recipes.source import Source
from duckrabbit.report.figure import command, model_words, sampler_words

TOWER = "photo:tower"

PHOTO = "a high quality photo"
"""The sources' prompt where nothing in particular is asked for."""

BATCH = 8
"""Pictures sampled together: on a CPU a small batch stays in its caches."""


@dataclass(frozen=True)
class Choice:
    """What makes Part A, as the user said.

    Attributes:
        model: the text-to-image model.
        weights: where those of DeepFloyd IF are.
        embeddings: where prompts' embeddings are.
        size: the pictures' side; None for the model's own.
        image: the photograph that is noised, denoised, edited and painted into.
    """

    model: str = DEFAULT_TEXT
    weights: str | None = None
    embeddings: str | None = None
    size: int | None = None
    image: str = TOWER

    def at(self, size: int) -> "Choice":
        """The same at another size."""
        return replace(self, size=size)

    def words(self) -> list[object]:
        """The model and size as a command line says them."""
        words: list[object] = ["--model", self.model]
        words += ["--weights", self.weights] if self.weights is not None else []
        words += ["--embeddings", self.embeddings] if self.embeddings is not None else []
        return words + (["--size", self.size] if self.size is not None else [])


POCKET = Choice()
"""What is chosen where nothing is said."""


@dataclass(frozen=True)
class Painter:
    """The model, and how the user asked for it.

    Attributes:
        model: the first stage.
        choice: what the user said.
    """

    model: Model
    choice: Choice

    @property
    def final(self) -> Model:
        """The stage that makes pictures of the chosen size."""
        return self.model.at(self.choice.size)

    def source(self, name: str) -> Source:
        """A picture to start from, at the chosen size."""
        return Source.read(name, self.final)

    def made(
        self, recipes: Sequence[Recipe], seeds: Sequence[int], sampling: Sampling = OWN_WAY, watch: Watch | None = None
    ) -> list[Picture]:
        """A picture for each recipe and seed."""
        # By identity: the same recipe is often repeated, and is planned once.
        distinct = {id(recipe): recipe for recipe in recipes}
        plans = {key: sampling.plan(recipe, self.model, self.choice.size) for key, recipe in distinct.items()}
        return make_planned([plans[id(recipe)] for recipe in recipes], seeds, watch, BATCH)

    def pixels(
        self, recipes: Sequence[Recipe], seeds: Sequence[int], sampling: Sampling = OWN_WAY, watch: Watch | None = None
    ) -> list[Tensor]:
        """The pixels [C, S, S] of what is `made`."""
        return [picture.pixels for picture in self.made(recipes, seeds, sampling, watch)]

    def command(self, verb: str, *words: object) -> str:
        """The command line of a verb with this model."""
        return command(verb, *words, *self.choice.words())

    def parameters(self, recipe: Recipe, sampling: Sampling = OWN_WAY) -> tuple[str, ...]:
        """The model, and how it samples this recipe."""
        sampler = sampling.over(recipe.default_sampler(self.model))
        size = () if self.final is self.model else (f"{self.final.size}×{self.final.size}",)
        return (model_words(self.model), *size, *sampler_words(sampler, self.model))
