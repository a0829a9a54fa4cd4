"""An order for a search: all that another process needs to take part in it, as plain values."""

from dataclasses import dataclass

import torch

from duckrabbit.judges.calibration import shipped_for
from duckrabbit.judges.judge import load_judge
from duckrabbit.judges.question import question_of
from duckrabbit.making.best_of import Search
from duckrabbit.making.candidates import Candidates
from duckrabbit.making.guided_plan import judge_scale_of
from duckrabbit.making.pruning import LADDERS, Ladder, sparing
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.looks import looks_of
from duckrabbit.recipes.recipe import Recipe


@dataclass(frozen=True)
class Order:
    """What is searched for, and with what.

    Attributes:
        recipe: what to make.
        best: how many are kept.
        first: the first seed.
        count: how many seeds.
        size: the pictures' side; None for the model's own.
        second_sampler: as in `make`.
        ladder: who is dropped on the way; None for what suits the kind of picture.
    """

    recipe: Recipe
    best: int
    first: int
    count: int
    size: int | None = None
    second_sampler: SamplerConfig | None = None
    ladder: Ladder | None = None

    def search(self, model: Model) -> Search:
        """The search with this model, judged by the selecting judge of its kind of pictures.

        Raises:
            UsageError: if the recipe can't be made with the model, or nobody can judge what it makes.
        """
        kind = model.kind
        judge = load_judge(kind, "selecting", model.device)
        candidates = Candidates(
            self.recipe,
            model,
            question_of(judge, looks_of(self.recipe)),
            shipped_for(judge, judge_scale_of(self.recipe, model)),
            sparing(LADDERS[kind] if self.ladder is None else self.ladder, self.best / self.count),
            self.size,
            self.second_sampler,
        )
        # Made here, so that what can't be made is refused before anything is written.
        assert candidates.course
        return Search(candidates, self.best, self.first, self.count)


@dataclass(frozen=True)
class Workplace:
    """What another process loads: the model as it was named, and how it computes.

    Attributes:
        model: its name.
        device: where it runs.
        dtype: the precision of its network.
        threads: of the CPU.
        weights: as in `load_model`.
        embeddings: as in `load_model`.
    """

    model: str
    device: str
    dtype: torch.dtype
    threads: int
    weights: str | None = None
    embeddings: str | None = None

    def open(self) -> Model:
        """The model."""
        torch.set_num_threads(self.threads)
        return load_model(self.model, self.device, self.dtype, self.weights, self.embeddings)
