"""What something new costs: a recipe, a view, a solver, a model family and a verb, each added from outside by a row."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest
import torch
from torch import Tensor

import duckrabbit as dr
from command_line import Command
from duckrabbit.cli import verbs
from duckrabbit.diffusion.steps import DDIM, SOLVERS
from duckrabbit.illusions.views import VIEWS, NamedView, parse_view
from duckrabbit.illusions.views.motion import Placement, stretched
from duckrabbit.making.record import recipe_of
from duckrabbit.making.rerun import spelled
from duckrabbit.media.png import read_metadata
from duckrabbit.models import load
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.models.storage import write_weights
from duckrabbit.recipes import catalogue
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.recipe import Plan, Recipe, typed


@dataclass(frozen=True)
class Twice(Recipe):
    """A picture of a prompt, asked for twice."""

    verb: ClassVar[str] = "twice"
    prompt: str
    times: int = 2
    sampler: SamplerConfig | None = None

    @property
    def prompts(self) -> tuple[str, ...]:
        return (self.prompt,) * self.times

    @property
    def words(self) -> tuple[str, ...]:
        return (*typed((self.prompt,)), "--times", str(self.times))

    def plan(self, model: Model) -> Plan:
        return Generate(self.prompt, sampler=self.sampler).plan(model)


@dataclass(frozen=True)
class Shifted(NamedView):
    """Every row moved up by one, the first to the bottom."""

    keyword: ClassVar[str] = "shifted"
    description: ClassVar[str] = "moved up by a row"

    def arrange(self, size: int) -> Tensor:
        return torch.arange(size * size).reshape(size, size).roll(-1, 0).flatten()

    def placement(self, size: int, progress: float) -> Placement:
        return stretched(size, across=1.0, down=1.0)


@pytest.fixture
def model() -> Model:
    return dr.load_model("mnist-ddpm-class", "cpu", torch.float32)


def test_a_recipe_is_made_remembered_and_spelled(model: Model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(catalogue.RECIPES, Twice.verb, Twice)  # type: ignore[arg-type]
    recipe = Twice("7", sampler=SamplerConfig("ddim", 3))
    [picture] = dr.make(recipe, model)
    picture.save(tmp_path / "twice.png")
    assert recipe_of(read_metadata(tmp_path / "twice.png")) == recipe
    assert (spelled(recipe) or [])[:4] == ["twice", "7", "--times", "2"]
    assert [look.prompt for look in recipe.looks] == ["7", "7"]


def test_a_view_is_read_seen_and_sampled(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duckrabbit.illusions.views.catalogue.VIEWS", {**VIEWS, "shifted": Shifted})
    view = parse_view("shifted+flip")
    x = torch.randn(1, 28, 28)
    assert torch.equal(view.inverse(view(x)), x)
    sampler = SamplerConfig("ddim", 2)
    [picture] = dr.make(dr.Anagram(("6", "9"), ("shifted",), sampler=sampler), model)
    assert picture.recipe.looks[1].name == "shifted"
    assert len(picture.recipe.motion(picture.pixels)) > 10


def test_a_solver_is_named_by_a_row(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SOLVERS, "noisy", DDIM(eta=0.5))
    [noisy] = dr.make(Generate("7", sampler=SamplerConfig("noisy", 4)), model)
    [plain] = dr.make(Generate("7", sampler=SamplerConfig("ddim", 4)), model)
    assert not torch.equal(noisy.pixels, plain.pixels)


def test_a_model_family_is_what_builds_it(model: Model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from dataclasses import replace

    def build(name: str, tensors: object, header: object, checksum: str, device: object, dtype: object) -> Model:
        return replace(model, name=name, checksum=checksum)

    monkeypatch.setitem(load.KINDS, "toy", build)  # type: ignore[arg-type]
    write_weights(tmp_path / "toy.safetensors", {"x": torch.zeros(1)}, {"kind": "toy"})
    toy = dr.load_model(str(tmp_path / "toy.safetensors"), "cpu")
    [picture] = dr.make(Generate("7", sampler=SamplerConfig("ddim", 2)), toy)
    assert picture.record["model"]["sha256"] == toy.checksum


def test_a_verb_is_a_module_and_a_row(duckrabbit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Options:
        """Say a word: duckrabbit echo --word yes"""

        word: str = "yes"
        """the word"""

    def run(options: Options) -> int:
        print(options.word)
        return 0

    module = ModuleType("duckrabbit.cli.verbs.echo")
    module.Options, module.run = Options, run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    row = verbs.Verb("echo", "a word", verbs.LOOK)
    monkeypatch.setattr(verbs, "VERBS", (*verbs.VERBS, row))
    assert duckrabbit("echo", "--word", "no").out == "no\n"
    assert "echo" in duckrabbit("--help").out
    assert duckrabbit("echo", "--wrd", "no").code == 2


def test_states_that_are_no_pictures_are_encoded_and_decoded(model: Model) -> None:
    """A model on states of another scale than its pictures: what is made, edited and painted is a picture."""
    from dataclasses import replace

    from duckrabbit.recipes.edit import Edit

    calls: list[str] = []

    def scaled(name: str, factor: float) -> Callable[[Tensor], Tensor]:
        def by(x: Tensor) -> Tensor:
            calls.append(name)
            return x * factor

        return by

    doubled = replace(model, encode=scaled("encode", 1.0), decode=scaled("decode", 0.5))
    sampler = SamplerConfig("ddim", 3)
    [picture], [plain] = (dr.make(Generate("7", sampler=sampler), own) for own in (doubled, model))
    assert torch.allclose(picture.pixels, plain.pixels / 2)
    assert calls == ["decode"]
    source = dr.Source.of("grey", torch.zeros(1, 28, 28))
    dr.make(Edit(source, "7", start_level=300.0, sampler=sampler), doubled)
    assert calls == ["decode", "encode", "decode"]
