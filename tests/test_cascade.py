"""Second stages on toy networks: what they are shown, what views and constraints mean there, and what memory allows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from duckrabbit.diffusion.denoiser import Prediction
from duckrabbit.diffusion.noise import Noise, Stream
from duckrabbit.diffusion.out_of_memory import SplitOnOutOfMemory
from duckrabbit.diffusion.path import Cosine, time_of_level
from duckrabbit.diffusion.path import Path as ProbabilityPath
from duckrabbit.diffusion.sampling import State
from duckrabbit.diffusion.terms import Composition, Term
from duckrabbit.diffusion.thresholding import clip, unclipped
from duckrabbit.errors import UsageError
from duckrabbit.illusions.views import parse_view
from duckrabbit.making.make import make
from duckrabbit.making.record import read_record
from duckrabbit.media.masks import box_mask
from duckrabbit.models.model import Model, SamplerConfig, SecondStage, bicubic, bilinear
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.denoise import Denoise
from duckrabbit.recipes.edit import Edit
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part
from duckrabbit.recipes.inpaint import Inpaint
from duckrabbit.recipes.noise import Forward, Level
from duckrabbit.recipes.recipe import Recipe
from duckrabbit.recipes.source import Source
from duckrabbit.recipes.upscale import Upscale
from helpers import Recorder, Shifting, pictures

SMALL, LARGE = 16, 64
GUIDE_TIME = time_of_level(250)
SAMPLER = SamplerConfig("ddpm", 4, "leading", guidance_scale=3.0)
SECOND_SAMPLER = SamplerConfig("ddim", 3, "leading", guidance_scale=2.0)


@dataclass(frozen=True)
class Leaning:
    """A second stage that leans on its guide: no view commutes with it."""

    path: ProbabilityPath = field(default_factory=Cosine)

    def __call__(self, x: Tensor, t: float, condition: Sequence[str]) -> Prediction:
        noisy, guide = x.chunk(2, dim=1)
        return Prediction(0.7 * guide + Shifting(self.path)(noisy + guide.roll(1, dims=-1), t, condition).x0 / 4)


def _model(denoiser: object, size: int, sampler: SamplerConfig, second: SecondStage | None = None) -> Model:
    return Model(
        name="toy",
        kind="pictures",
        denoiser=denoiser,  # type: ignore[arg-type]
        channels=3,
        size=size,
        dark_ground=False,
        knows_level=True,
        conditional=True,
        check_prompt=lambda prompt: None,
        sampler=sampler,
        illusion_sampler=sampler,
        threshold=clip,
        default_prompt="a high quality photo",
        config={},
        checksum=str(size),
        device=torch.device("cpu"),
        dtype=torch.float32,
        second_stage=second,
    )


def _cascade() -> tuple[Model, Recorder, Recorder]:
    first, second = Recorder(Shifting(Cosine())), Recorder(Leaning())
    large = _model(second, LARGE, SECOND_SAMPLER)
    return _model(first, SMALL, SAMPLER, SecondStage(large, bilinear, Cosine(), GUIDE_TIME)), first, second


def _source(size: int = LARGE) -> Source:
    return Source.of("original", pictures(1, size)[0])


MASK = Source.of_mask("hole", box_mask(8, 8, 42, 42, size=LARGE))
RECIPES: dict[str, Recipe] = {
    "generate": Generate("duck", "rabbit"),
    "anagram": Anagram(("duck", "rabbit"), ("rotate-90",)),
    "hybrid": Hybrid({"far": Part("duck"), "near": Part("rabbit")}),
    "inverse hybrid": Hybrid({"far": Part(picture=_source()), "near": Part("rabbit")}),
    "edit": Edit(_source(), "duck", 20),
    "inpaint": Inpaint(_source(), MASK, "duck", 2),
    "denoise": Denoise(_source(), Level(500), "iterative", "duck"),
    "one-step": Denoise(_source(), Level(500), "one-step", "duck"),
    "upscale": Upscale(_source(SMALL), "duck"),
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_every_recipe_is_made_at_both_sizes(recipe: Recipe) -> None:
    model, first, second = _cascade()
    small = make(recipe, model, 2)
    assert all(picture.pixels.shape == (3, SMALL, SMALL) for picture in small)
    assert second.calls == []
    first.calls.clear()
    large = make(recipe, model, 2, size=LARGE)
    assert all(picture.pixels.shape == (3, LARGE, LARGE) for picture in large)
    assert bool(first.calls) == (recipe.verb != "upscale")
    assert second.calls
    assert [picture.record["size"] for picture in small + large] == [SMALL, SMALL, LARGE, LARGE]


@pytest.mark.parametrize(
    "recipe", [Forward(_source(), Level(250)), Denoise(_source(), Level(250), "blur")], ids=["noise", "blur"]
)
def test_what_needs_no_network_is_made_at_full_size_without_one(recipe: Recipe) -> None:
    model, first, second = _cascade()
    (picture,) = make(recipe, model, size=LARGE)
    assert picture.pixels.shape == (3, LARGE, LARGE)
    assert first.calls == second.calls == []


def test_the_second_stage_is_shown_the_firsts_picture_enlarged_and_noised_once() -> None:
    model, _, second = _cascade()
    small = torch.stack([picture.pixels for picture in make(Generate("duck"), model, 2, 7)])
    make(Generate("duck"), model, 2, 7, size=LARGE)
    expected = Cosine().noised(
        bilinear(small, LARGE), GUIDE_TIME, Noise((7, 8), 1)(Stream.LOWRES, GUIDE_TIME, (3, LARGE, LARGE))
    )
    assert len(second.calls) == SECOND_SAMPLER.steps
    for seen, _, conditions in second.calls:
        assert conditions == ["duck", "duck", "", ""]
        torch.testing.assert_close(seen[:, 3:], torch.cat([expected, expected]))


@pytest.mark.parametrize("name", ["flip", "rotate-90", "negate", "skew", "jigsaw", "square-hinge", "pixel-permute"])
def test_prompt_i_sees_picture_and_guide_in_view_i(name: str) -> None:
    model, _, second = _cascade()
    states: list[State] = []
    recipe = Anagram(("duck", "rabbit"), (name,), sampler=replace(SECOND_SAMPLER, guidance_scale=1.0))
    (picture,) = make(recipe, model, size=LARGE, watch=states.append)
    view, own = parse_view(name), [state for state in states if state.x_t.shape[-1] == LARGE]
    assert len(own) == len(second.calls)
    for (seen, _, conditions), state in zip(second.calls, own, strict=True):
        assert conditions == ["duck", "rabbit"]
        assert torch.equal(seen[0, :3], state.x_t[0])
        assert torch.equal(seen[1], view(seen[0]))
        # What the network answered in the view, seen upright, is half of the picture.
        upright, viewed = (Leaning()(seen[k : k + 1], second.calls[state.i][1], [conditions[k]]).x0 for k in range(2))
        expected = ((upright + view.inverse(viewed)) / 2).clamp(-1, 1)
        torch.testing.assert_close(state.x0, expected)
    torch.testing.assert_close(view(picture.pixels), view(own[-1].x0[0]))


def test_some_views_do_not_commute_with_enlarging() -> None:
    """Hence views are applied to the enlarged guide, and not to the small picture."""
    small = pictures(1, SMALL)
    for name, commutes in (("flip", True), ("negate", True), ("skew", False), ("jigsaw", False)):
        view = parse_view(name)
        gap = (view(bilinear(small, LARGE)) - bilinear(view(small), LARGE)).abs().max().item()
        assert (gap < 1e-5) == commutes, name


def test_stages_never_share_numbers() -> None:
    first, second = (Noise((3,), stage)(Stream.INIT, 1.0, (1000,)) for stage in (0, 1))
    assert not set(first.flatten().tolist()) & set(second.flatten().tolist())


def test_a_composition_without_a_guide_is_as_ever_and_with_one_gives_as_many_channels() -> None:
    x, low = pictures(2), pictures(2, seed=1)
    terms = ((Term("duck"),),) * 2
    assert Composition(Leaning(), terms, unclipped, low=low)(x, 0.5).x0.shape == x.shape
    moved = Composition(Leaning(), terms, unclipped, low=low.flip(0))(x, 0.5).x0
    assert not torch.allclose(moved, Composition(Leaning(), terms, unclipped, low=low)(x, 0.5).x0)


def test_a_small_pixel_is_known_only_if_all_of_its_large_ones_are() -> None:
    model, _, _ = _cascade()
    large, small = MASK.mask(model.at(LARGE)), MASK.mask(model)
    blocks = large.unfold(0, 4, 4).unfold(1, 4, 4).flatten(2)
    assert torch.equal(small == 0, (blocks == 0).all(dim=-1))
    assert ((blocks == 0).any(dim=-1) & (blocks == 1).any(dim=-1)).any()  # some are cut by the mask's border


def test_the_known_region_is_kept_exactly_at_both_sizes() -> None:
    model, _, _ = _cascade()
    recipe = Inpaint(_source(), MASK, "duck")
    for size in model.sizes:
        stage = model.at(size)
        known = MASK.mask(stage) == 0
        (picture,) = make(recipe, model, size=size)
        original = recipe.picture.pixels(stage)
        assert torch.equal(picture.pixels[:, known], original[:, known])
        assert not torch.equal(picture.pixels, original)
    assert torch.equal(recipe.picture.pixels(model), avg_pool2d(recipe.picture.pixels(model.at(LARGE)), 4))


def test_a_picture_of_the_right_size_is_not_shrunk(tmp_path: Path) -> None:
    model, _, _ = _cascade()
    (small,) = make(Generate("duck"), model)
    small.save(tmp_path / "small.png")
    read = Source.shrunk(str(tmp_path / "small.png"), model).pixels(model)
    assert (read - small.pixels).abs().max() <= 1 / 255


def test_sizes_that_no_stage_makes_are_refused() -> None:
    model, _, _ = _cascade()
    with pytest.raises(UsageError, match=r"16×16 and 64×64, not 32: give `size` 64"):
        make(Generate("duck"), model, size=32)
    with pytest.raises(UsageError, match="not 16"):
        make(Generate("duck"), model.at(LARGE), size=SMALL)


@pytest.mark.parametrize("given", [None, SamplerConfig("ddpm", 2, "leading", 5.0)], ids=["its own way", "given"])
def test_a_record_makes_both_stages_again(given: SamplerConfig | None) -> None:
    model, _, _ = _cascade()
    picture = make(Generate("duck"), model, 3, 4, size=LARGE, second_sampler=given)[1]
    record = picture.record
    read = read_record(Path("picture.png"), record)
    assert read.second_sampler == (given or SECOND_SAMPLER)
    again = make(read.recipe, model, 3, 4, size=read.size, second_sampler=read.second_sampler)
    assert torch.equal(again[1].pixels, picture.pixels)
    assert read_record(Path("picture.png"), make(Generate("duck"), model)[0].record).second_sampler is None


def test_sample_k_is_the_one_its_seed_makes_alone() -> None:
    model, _, _ = _cascade()
    together = make(Generate("duck"), model, 3, 4, size=LARGE)
    (alone,) = make(Generate("duck"), model, 1, 6, size=LARGE)
    assert torch.equal(together[2].pixels, alone.pixels)


def test_enlarging() -> None:
    small = pictures(2, SMALL)
    for enlarge in (bilinear, bicubic):
        assert enlarge(small, LARGE).shape == (2, 3, LARGE, LARGE)
        torch.testing.assert_close(enlarge(torch.ones_like(small), LARGE), torch.ones(2, 3, LARGE, LARGE))
    torch.testing.assert_close(bilinear(small, LARGE)[..., ::63, ::63], small[..., ::15, ::15])  # corners on corners


@dataclass(frozen=True)
class Cramped:
    """A denoiser whose device has room for a few rows only."""

    room: int
    inner: Shifting
    sizes: list[int] = field(default_factory=list)

    @property
    def path(self) -> ProbabilityPath:
        return self.inner.path

    def __call__(self, x: Tensor, t: float, condition: Sequence[str]) -> Prediction:
        self.sizes.append(len(x))
        if len(x) > self.room:
            raise torch.OutOfMemoryError("no room")
        return self.inner(x, t, condition)


@pytest.mark.parametrize("fractions", [False, True])
@pytest.mark.parametrize(("rows", "tried"), [(8, [8, 4, 2, 2, 2, 2]), (7, [7, 4, 2, 2, 2, 1]), (2, [2])])
def test_a_batch_that_does_not_fit_is_halved_and_goes_on(rows: int, tried: list[int], fractions: bool) -> None:
    said: list[str] = []
    inner = Shifting(Cosine(), fractions)
    cramped = Cramped(3, inner)
    fitting = SplitOnOutOfMemory(cramped, said.append)
    x, prompts = pictures(rows), [str(k) for k in range(rows)]
    prediction, whole = fitting(x, 0.5, prompts), inner(x, 0.5, prompts)
    assert torch.equal(prediction.x0, whole.x0)
    assert (prediction.variance_fraction is not None) == fractions
    if whole.variance_fraction is not None and prediction.variance_fraction is not None:
        assert torch.equal(prediction.variance_fraction, whole.variance_fraction)
    assert cramped.sizes == tried
    assert len(said) == (0 if rows <= 3 else 2)
    cramped.sizes.clear()
    fitting(x, 0.4, prompts)
    assert max(cramped.sizes) <= 3  # what was learnt is not tried again


def test_one_row_that_does_not_fit_is_the_end() -> None:
    with pytest.raises(UsageError, match="`device` cpu"):
        SplitOnOutOfMemory(Cramped(0, Shifting(Cosine())), lambda line: None)(pictures(4), 0.5, ["duck"] * 4)


def test_memory_is_halved_where_pictures_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    cramped = Cramped(5, Shifting(Cosine()))
    recipe = Anagram(("duck", "rabbit"), ("flip",))
    made = make(recipe, _model(cramped, SMALL, SAMPLER), 4)
    expected = make(recipe, _model(Shifting(Cosine()), SMALL, SAMPLER), 4)
    for picture, same in zip(made, expected, strict=True):
        assert torch.equal(picture.pixels, same.pixels)
    assert cramped.sizes[:3] == [16, 8, 4]
    assert capsys.readouterr().err.count("do not fit this device's memory: going on with") == 2


def test_no_recipe_knows_a_model_by_name() -> None:
    folder = Path(__import__("duckrabbit").__file__).parent / "recipes"
    files: list[Path] = sorted(folder.glob("*.py"))
    assert len(files) > 10
    names: Callable[[Path], bool] = lambda path: "deepfloyd" in path.read_text("utf-8").lower()  # noqa: E731
    assert [path.name for path in files if names(path)] == []
