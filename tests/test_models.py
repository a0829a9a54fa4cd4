"""The shipped models: what is in their files, what the files weigh, and how damaged ones are refused."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

import duckrabbit as dr
from duckrabbit.datasets.mnist import mnist, pictures_to_float
from duckrabbit.datasets.prompts import Vocabulary
from duckrabbit.diffusion.denoiser import NetworkDenoiser
from duckrabbit.diffusion.parametrization import Parametrization
from duckrabbit.errors import UsageError
from duckrabbit.judges.judge import DIGIT_NETWORKS, Role, load_judge
from duckrabbit.making.plan import plan
from duckrabbit.models.device import choose_device, choose_dtype
from duckrabbit.models.digits import DigitConfig
from duckrabbit.models.load import DEFAULT_DIGITS, SECOND_STAGES, SHIPPED, load_model
from duckrabbit.models.pocket import check_prompt, with_second_stage
from duckrabbit.models.storage import quantized, read_weights, write_weights
from duckrabbit.networks.digit_unet import DigitUNet, Flatten, Unflatten
from duckrabbit.recipes.recipe import with_sampler
from duckrabbit.trained.digit_recipes import DIGIT_RECIPES
from helpers import brief, outcome, patient

WEIGHTS = Path(str(files("duckrabbit.models") / "weights"))
JUDGES: tuple[Role, ...] = ("selecting", "reporting")
FILES_OF_JUDGES = (
    *(f"{kind}-judge-{role}" for kind in ("digit", "picture") for role in JUDGES),
    "picture-judge-pulling",
)
MEBIBYTE = 2**20


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def network_of(name: str) -> DigitUNet:
    denoiser = dr.load_model(name, "cpu", torch.float32).denoiser
    assert isinstance(denoiser, NetworkDenoiser)
    assert isinstance(denoiser.network, DigitUNet)
    return denoiser.network


# --- The network -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [3, 8])
@pytest.mark.parametrize(("time", "classes"), [(False, False), (True, False), (True, True)])
def test_the_unet_has_the_sources_shape(hidden: int, time: bool, classes: bool) -> None:
    """Two downsamplings, 28 → 14 → 7 → 1 and back, with the channels of the drawing."""
    network = DigitUNet(hidden, time, classes).eval()
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        return lambda module, inputs, output: shapes.update({name: tuple(output.shape[1:])})

    for name, module in network.named_children():
        module.register_forward_hook(note(name))
    network(torch.zeros(2, 1, 28, 28), torch.rand(2), torch.zeros(2, 10))
    d = hidden
    assert {name: shape for name, shape in shapes.items() if name[0] not in "ct"} == {
        "init_conv": (d, 28, 28),
        "down1": (d, 14, 14),
        "down2": (2 * d, 7, 7),
        "flatten": (2 * d,),
        "unflatten": (2 * d, 7, 7),
        "up1": (d, 14, 14),
        "up2": (d, 28, 28),
        "out_block": (d, 28, 28),
        "out_conv": (1, 28, 28),
    }
    conditions = {"t1": (2 * d,), "t2": (d,)} if time else {}
    conditions |= {"c1": (2 * d,), "c2": (d,)} if classes else {}
    assert {name: shape for name, shape in shapes.items() if name[0] in "ct"} == conditions


def test_flatten_is_the_7_by_7_average_pool() -> None:
    x = torch.randn(2, 5, 7, 7)
    torch.testing.assert_close(Flatten()(x), nn.functional.gelu(nn.functional.avg_pool2d(x, 7).flatten(1)))


def test_unflatten_is_the_7_by_7_transposed_convolution() -> None:
    unflatten = Unflatten(6, 4).eval()
    weight = unflatten.linear.weight.view(4, 7, 7, 6).permute(3, 0, 1, 2)
    x = torch.randn(3, 6)
    convolved = nn.functional.conv_transpose2d(x[:, :, None, None], weight)
    torch.testing.assert_close(unflatten(x), nn.functional.gelu(unflatten.norm(convolved)))


def test_conditions_enter_as_the_sources_say() -> None:
    """unflatten = c1·unflatten + t1 and up1 = c2·up1 + t2."""
    network = DigitUNet(4, time=True, classes=True).eval()
    x, t, c = torch.randn(2, 1, 28, 28), torch.rand(2), torch.eye(10)[[3, 8]]

    def wide(y: Tensor) -> Tensor:
        return y[:, :, None, None]

    full = network.init_conv(x)
    half = network.down1(full)
    quarter = network.down2(half)
    unflatten = wide(network.c1(c)) * network.unflatten(network.flatten(quarter)) + wide(network.t1(t[:, None]))
    up1 = network.up1(torch.cat([unflatten, quarter], 1))
    up2 = network.up2(torch.cat([wide(network.c2(c)) * up1 + wide(network.t2(t[:, None])), half], 1))
    torch.testing.assert_close(network(x, t, c), network.out_conv(network.out_block(torch.cat([up2, full], 1))))


# --- 8-bit weights ---------------------------------------------------------------------------------------------------


def stored_and_read(tensors: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    write_weights(path, quantized(tensors), {"kind": "test"})
    read, config = read_weights(path)
    assert config == {"kind": "test"}
    return read


@patient
@given(
    rows=st.integers(1, 12), columns=st.integers(300, 500), exponent=st.floats(-2.5, 3), seed=st.integers(0, 2**31 - 1)
)
def test_8_bits_are_off_by_half_a_step_at_the_most(
    tmp_path_factory: pytest.TempPathFactory, rows: int, columns: int, exponent: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    sizes = 10.0 ** (exponent + torch.rand(rows, 1, generator=generator))
    weights = sizes * torch.randn(rows, columns, generator=generator)
    read = stored_and_read({"w": weights}, tmp_path_factory.getbasetemp() / "w.safetensors")["w"]
    step = weights.abs().amax(dim=1, keepdim=True) / 127
    # fp16 scales are known to one part in 2048.
    assert ((read - weights).abs() <= step * 0.5 * (1 + 2**-10)).all()
    assert read.dtype == torch.float32


def test_weights_too_small_for_a_scale_lose_less_than_anyone_sees(tmp_path: Path) -> None:
    weights = torch.zeros(3, 300)
    weights[1] = 1e-12
    weights[2] = torch.linspace(-1e-5, 1e-5, 300)
    read = stored_and_read({"w": weights}, tmp_path / "w.safetensors")["w"]
    assert (read - weights).abs().max() < 4e-6
    assert (read[0] == 0).all()


def test_biases_and_statistics_stay_exact(tmp_path: Path) -> None:
    tensors = {
        "bias": torch.randn(500),
        "small": torch.randn(5, 51),
        "count": torch.tensor(7),
        "w": torch.randn(2, 128),
    }
    read = stored_and_read(tensors, tmp_path / "w.safetensors")
    assert read.keys() == tensors.keys()
    for name in ("bias", "small", "count"):
        assert torch.equal(read[name], tensors[name])
    assert not torch.equal(read["w"], tensors["w"])
    with safe_open(tmp_path / "w.safetensors", "pt") as file:
        assert set(file.keys()) == {"bias", "small", "count", "w.q8", "w.scale"}
        assert file.get_tensor("w.q8").dtype == torch.int8
        assert file.get_tensor("w.scale").dtype == torch.float16


# --- What is shipped -------------------------------------------------------------------------------------------------

EXPECTED = {
    "mnist-denoiser": (128, False, False, "additive", "x0", 7.89e6),
    "mnist-denoiser-pure-noise": (128, False, False, "rectified-flow", "x0", 7.89e6),
    "mnist-ddpm": (64, True, False, "linear-beta", "epsilon", 2.00e6),
    "mnist-ddpm-class": (48, True, True, "cosine", "v", 1.14e6),
    "mnist-ddpm-class-course": (64, True, True, "linear-beta", "epsilon", 2.02e6),
    "mnist-flow": (64, True, False, "rectified-flow", "velocity", 2.00e6),
    "mnist-flow-class": (48, True, True, "rectified-flow", "velocity", 1.14e6),
    "mnist-flow-class-course": (64, True, True, "rectified-flow", "velocity", 2.02e6),
}
"""Hidden channels, told the time, told the class, path, parametrization, parameters."""


def test_every_shipped_model_is_expected_and_has_a_file() -> None:
    assert {*EXPECTED, "pocket"} == set(SHIPPED)
    names = {*SHIPPED, *SECOND_STAGES.values(), *FILES_OF_JUDGES}
    assert {path.stem for path in WEIGHTS.glob("*.safetensors")} == names
    assert DEFAULT_DIGITS in SHIPPED


def test_pocket_has_a_second_stage_that_takes_every_prompt_of_the_first() -> None:
    first = load_model("pocket", "cpu")
    second = first.at(256)
    assert first.sizes == (64, 256)
    assert set(second.config["words"]) == set(first.config["words"])
    # One that was trained on other packs leaves out what it has no word for: that is in the small picture.
    narrow = replace(second, check_prompt=partial(check_prompt, "narrow", Vocabulary(("rabbit",))))
    with pytest.raises(UsageError, match="knows no word"):
        narrow.check_prompt("a lighthouse")
    later = with_second_stage(first, narrow).at(256)
    later.check_prompt("a lighthouse")
    with pytest.raises(UsageError, match="knows no word"):
        later.check_prompt("xyzzy")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_shipped_model_is_what_it_says(name: str) -> None:
    hidden, time, classes, path, parametrization, parameters = EXPECTED[name]
    model = dr.load_model(name, "cpu", torch.float32)
    config = DigitConfig.from_json(model.config)
    assert (config.hidden, config.time, config.classes) == (hidden, time, classes)
    assert (config.path, config.parametrization) == (path, parametrization)
    assert (model.knows_level, model.conditional, model.shape) == (time, classes, (1, 28, 28))
    network = network_of(name)
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(parameters, rel=0.005)
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())
    for tensor in network.state_dict().values():
        assert bool(tensor.isfinite().all())
    assert config.training["recipe"] in DIGIT_RECIPES
    own = DIGIT_RECIPES[config.training["recipe"]].config
    assert (own.hidden, own.path, own.path_steps, own.parametrization, own.level) == (
        config.hidden, config.path, config.path_steps, config.parametrization, config.level
    )  # fmt: skip
    assert DigitConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    assert re.fullmatch("[0-9a-f]{64}", model.checksum)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_shipped_model_denoises(name: str) -> None:
    """Its estimate of test digits at the level it knows is closer to them than the mean digit is."""
    model = dr.load_model(name, "cpu", torch.float32)
    test = mnist("test")
    x0, prompts = pictures_to_float(test.pictures[:64]), [str(label) for label in test.labels[:64].tolist()]
    level = model.config["level"] or 0.5
    noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(0))
    x_t = model.denoiser.path.noised(x0, level, noise)
    estimate = model.denoiser(x_t, level, prompts if model.conditional else [""] * 64).x0
    error, of_the_mean = (estimate - x0).square().mean(), (x0.mean(dim=0) - x0).square().mean()
    # From pure noise the mean digit is the best answer there is (B1.4).
    assert error < (1.1 if name == "mnist-denoiser-pure-noise" else 0.5) * of_the_mean


def test_a_class_that_is_told_helps_and_a_wrong_one_harms() -> None:
    model = dr.load_model("mnist-ddpm-class", "cpu", torch.float32)
    test = mnist("test")
    x0 = pictures_to_float(test.pictures[:64])
    x_t = model.denoiser.path.noised(x0, 0.8, torch.randn(x0.shape, generator=torch.Generator().manual_seed(0)))

    def error(prompts: list[str]) -> float:
        return (model.denoiser(x_t, 0.8, prompts).x0 - x0).square().mean().item()

    right = [str(label) for label in test.labels[:64].tolist()]
    wrong = [str((label + 1) % 10) for label in test.labels[:64].tolist()]
    assert error(right) < error([""] * 64) < error(wrong)


def test_all_files_together_are_light() -> None:
    def together(pattern: str) -> float:
        return sum(path.stat().st_size for path in WEIGHTS.glob(pattern)) / MEBIBYTE

    assert together("mnist-*") + together("digit-*") <= 26
    assert together("pocket*") <= 49
    assert together("picture-judge-*") <= 8


@pytest.mark.parametrize("name", [*SHIPPED, *FILES_OF_JUDGES])
def test_every_file_has_a_card(name: str) -> None:
    cards = (WEIGHTS / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"(?<![\w-]){name}(?![\w-])", cards)


# --- Judges ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", JUDGES)
def test_a_judge_reads_test_digits(role: Role) -> None:
    test = mnist("test")
    assert len(test.labels) == 10_000
    accuracy = (load_judge("digits", role).read(pictures_to_float(test.pictures)) == test.labels).double().mean().item()
    assert accuracy >= 0.994


def test_the_judges_learned_from_different_halves_and_are_built_differently() -> None:
    """Both networks are rebuilt from headers that name their halves, and each knows its own half better."""
    train = mnist("train")
    assert DIGIT_NETWORKS["selecting"] is not DIGIT_NETWORKS["reporting"]
    for half, role in enumerate(JUDGES):
        _, config = read_weights(WEIGHTS / f"digit-judge-{role}.safetensors")
        assert (config["role"], config["half"]) == (role, half)
    judge = load_judge("digits", "reporting")
    wrong = []
    for half in (0, 1):
        pictures, labels = train.pictures[half::2][:8000], train.labels[half::2][:8000]
        wrong.append(int((judge.read(pictures_to_float(pictures)) != labels).sum()))
    assert wrong[1] < 0.7 * wrong[0]


def test_a_judge_answers_row_by_row() -> None:
    judge = load_judge("digits", "reporting")
    x = pictures_to_float(mnist("test").pictures[:7])
    together = judge.log_probabilities(x)
    assert together.shape == (7, 10)
    torch.testing.assert_close(together.exp().sum(dim=1), torch.ones(7))
    torch.testing.assert_close(torch.cat([judge.log_probabilities(x[i : i + 1]) for i in range(7)]), together)
    assert judge.features(x).shape == (7, 96)


# --- Damaged files ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole digit model of four channels, stored as the shipped ones are."""
    torch.manual_seed(0)
    config = DigitConfig(4, True, True, "linear-beta", "epsilon", 300)
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    write_weights(path, quantized(config.network().state_dict()), config.to_json())
    assert dr.load_model(str(path), "cpu").conditional
    return path


def refused(path: Path) -> str:
    with pytest.raises(UsageError) as refusal:
        dr.load_model(str(path), "cpu")
    sentence = str(refusal.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "file."))
    return sentence


@patient
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_model_is_refused(small: Path, share: float) -> None:
    content = small.read_bytes()
    damaged = small.with_name("truncated.safetensors")
    damaged.write_bytes(content[: int(share * len(content))])
    assert str(damaged) in refused(damaged)


@patient
@given(data=st.data())
def test_flipped_bytes_are_refused_or_make_another_model(small: Path, data: st.DataObject) -> None:
    """A weight that is off is a weight; whatever else is off is a mistake that is said in one sentence."""
    content = bytearray(small.read_bytes())
    header = 8 + int.from_bytes(content[:8], "little")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, header - 1) | st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    damaged = small.with_name("flipped.safetensors")
    damaged.write_bytes(content)
    assert outcome(lambda: dr.load_model(str(damaged), "cpu").shape) in ("refused in a sentence", (1, 28, 28))


HEADER = {"duckrabbit": json.dumps(DigitConfig(4, True, True, "linear-beta", "epsilon", 300).to_json())}


def test_empty_foreign_and_missing_files_are_refused(tmp_path: Path) -> None:
    for content in (b"", b"\0" * 8, b"\xff" * 64, b"PK\x03\x04", b"8\0\0\0\0\0\0\0{}"):
        (tmp_path / "odd.safetensors").write_bytes(content)
        assert "can't be read as a model" in refused(tmp_path / "odd.safetensors")
    assert "There is no model file" in refused(tmp_path / "nothing.safetensors")
    assert "There is no model file" in refused(tmp_path)
    save_file({"w": torch.zeros(3)}, tmp_path / "foreign.safetensors", {"format": "pt"})
    assert "is no duckrabbit model" in refused(tmp_path / "foreign.safetensors")
    for text in ("[]", "7", "null", '"digit-unet"'):
        save_file({"w": torch.zeros(3)}, tmp_path / "foreign.safetensors", {"duckrabbit": text})
        assert "is no duckrabbit model" in refused(tmp_path / "foreign.safetensors")


def test_models_of_another_kind_are_refused(tmp_path: Path) -> None:
    assert "digit-judge" in refused(WEIGHTS / "digit-judge-reporting.safetensors")
    write_weights(tmp_path / "next.safetensors", {"w": torch.zeros(3)}, {"kind": "pocket-9"})
    assert "pocket-9" in refused(tmp_path / "next.safetensors")
    write_weights(tmp_path / "next.safetensors", {"w": torch.zeros(3)}, {})
    assert "nameless" in refused(tmp_path / "next.safetensors")


def _without(name: str) -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    return lambda tensors: {key: value for key, value in tensors.items() if key != name}


def _with(name: str, tensor: Tensor) -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    return lambda tensors: {**tensors, name: tensor}


@pytest.mark.parametrize(
    "damage",
    [
        _without("out_conv.bias"),
        _without("down2.0.0.weight.scale"),
        _without("down2.0.0.weight.q8"),
        _with("down2.0.0.weight.scale", torch.zeros(3)),
        _with("down2.0.0.weight.scale", torch.zeros(8, 1)),
        _with("down2.0.0.weight.q8", torch.zeros(8, 4, 9, dtype=torch.int8)),
        _with("out_conv.bias", torch.zeros(2)),
        _with("extra", torch.zeros(2)),
    ],
)
def test_tensors_that_do_not_fit_are_refused(
    small: Path, damage: Callable[[dict[str, Tensor]], dict[str, Tensor]]
) -> None:
    with safe_open(small, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    damaged = small.with_name("damaged.safetensors")
    save_file(damage(tensors), damaged, HEADER)
    refused(damaged)


@pytest.mark.parametrize(
    "damage",
    [
        {"hidden": 5},
        {"hidden": "four"},
        {"hidden": -4},
        {"hidden": 4.0},
        {"hidden": 10**30},
        {"time": False},
        {"classes": False},
        {"path": "winding"},
        {"path": ["cosine"]},
        {"path_steps": "many"},
        {"path_steps": -1},
        {"path_steps": 0.5},
        {"parametrization": "score"},
        {"parametrization": None},
        {"sampler": None},
        {"sampler": {"steps": "three"}},
        {"sampler": "ddpm"},
        {"illusion_sampler": {"guidance_interval": 3}},
        {"colour": True},
    ],
    ids=str,
)
def test_configurations_that_make_no_model_are_refused(small: Path, damage: dict[str, object]) -> None:
    with safe_open(small, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    damaged = small.with_name("damaged.safetensors")
    write_weights(damaged, tensors, {**json.loads(HEADER["duckrabbit"]), **damage})
    refused(damaged)


def test_a_model_that_is_not_there_is_named_with_its_neighbour() -> None:
    with pytest.raises(UsageError, match="did you mean mnist-flow-class"):
        dr.load_model("mnist-flow-clas")
    with pytest.raises(UsageError, match="the models are pocket, mnist-denoiser"):
        dr.load_model("gan")


def test_a_device_that_is_not_there_is_refused() -> None:
    for device in ("abacus", "cuda:99", "meta:3:4"):
        with pytest.raises(UsageError, match="use the `device` cpu"):
            dr.load_model("mnist-flow", device)


@pytest.mark.parametrize("prompt", ["10", "a duck", "²", "-1", " 7", "٣"])
def test_digit_models_understand_digits_alone(prompt: str) -> None:
    model = dr.load_model("mnist-flow-class", "cpu")
    with pytest.raises(UsageError, match="give one digit, 0 to 9"):
        model.check_prompt(prompt)
    with pytest.raises(UsageError, match="takes no prompt"):
        dr.load_model("mnist-flow", "cpu").check_prompt("7")
    for good in ("", *"0123456789"):
        model.check_prompt(good)


def test_the_configuration_names_real_things() -> None:
    for recipe in DIGIT_RECIPES.values():
        assert isinstance(recipe.config.make_parametrization(), Parametrization)
        assert recipe.config.make_path().at(0.0) == (1.0, 0.0)


def test_nothing_is_left_of_a_model_that_could_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(tensors: object, temporary: Path, metadata: object) -> None:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("duckrabbit.media.tensors.save_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_weights(tmp_path / "model.safetensors", {"w": torch.zeros(3)}, {})
    assert list(tmp_path.iterdir()) == []


@brief
@given(st.lists(st.sampled_from(["", *"0123456789"]), min_size=1, max_size=9))
def test_prompts_become_one_hot_vectors(prompts: list[str]) -> None:
    denoiser = dr.load_model("mnist-ddpm-class", "cpu").denoiser
    assert isinstance(denoiser, NetworkDenoiser)
    encoded = denoiser.encode(prompts)
    assert encoded is not None
    assert encoded.shape == (len(prompts), 10)
    for row, prompt in zip(encoded, prompts, strict=True):
        assert row.nonzero().flatten().tolist() == ([int(prompt)] if prompt else [])


@pytest.mark.parametrize("prompt", ["!!!", "the", "a the an", "…", "?!", "鸭子", "утка", "בַּרְוָז", "🇫🇷", "\U0010ffff"])
def test_what_pocket_cannot_read_is_refused_in_a_sentence(prompt: str) -> None:
    pocket = load_model("pocket", "cpu")
    with pytest.raises(UsageError, match=r"pocket (reads English words and finds none|knows no word of the prompt)"):
        pocket.check_prompt(prompt)
    with pytest.raises(UsageError, match="pocket"):
        plan(dr.Generate("a duck", negative_prompt=prompt), pocket)


@pytest.mark.parametrize("prompt", ["", "  ", "🦆", "a 🐰!", "ｄｕｃｋ", "a duck 鸭子"])
def test_what_pocket_can_read_in_part_or_is_given_empty_is_made(prompt: str) -> None:
    load_model("pocket", "cpu").check_prompt(prompt)


def test_words_that_are_dropped_are_told() -> None:
    pocket = load_model("pocket", "cpu")
    many = " ".join(["a red duck and a blue cat"] * 3) + " and a tulip"
    [told] = pocket.remarks(many)
    assert "reads 15 words" in told
    assert told.endswith(": and tulip")
    assert pocket.remarks("a red duck") == ()


def test_a_negative_prompt_tells_what_it_does_not_do() -> None:
    pocket, digits = load_model("pocket", "cpu"), load_model("mnist-ddpm-class", "cpu")
    [unknown] = plan(dr.Generate("a duck", negative_prompt="a red zqxv"), pocket).remarks
    assert "zqxv" in unknown
    for recipe, model in [(dr.Generate("a duck", "a cat"), pocket), (dr.Anagram(("6", "9"), ("flip",), "3"), digits)]:
        for scale, interval, idle in [(3.0, (0.0, 1.0), 0), (1.0, (0.0, 1.0), 1), (3.0, (0.01, 0.02), 1)]:
            sampler = dr.SamplerConfig("ddim", 10, guidance_scale=scale, guidance_interval=interval)
            told = plan(with_sampler(recipe, sampler), model).remarks
            assert len(told) == idle
            assert all("negative prompt does nothing" in line and "`guidance_scale`" in line for line in told)


@pytest.mark.parametrize(
    ("capability", "dtype"),
    [((7, 0), torch.float16), ((7, 5), torch.float16), ((8, 0), torch.bfloat16), ((9, 0), torch.bfloat16)],
)
def test_bfloat16_is_for_gpus_that_multiply_it(
    capability: tuple[int, int], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda device: capability)
    assert choose_dtype(torch.device("cuda")) == dtype
    assert choose_dtype(torch.device("mps")) == torch.float32


@pytest.mark.parametrize(("cuda", "mps", "chosen"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")])
def test_auto_is_the_best_device_there_is(cuda: bool, mps: bool, chosen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)
    assert choose_device("auto").type == chosen
