"""Pocket's network: shapes, prompts, independence of a batch's rows, and the way to disk and back."""

from itertools import product
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from duckrabbit.datasets.prompts import Vocabulary
from duckrabbit.errors import UsageError
from duckrabbit.making.make import make
from duckrabbit.models.load import load_model
from duckrabbit.models.pocket import PocketConfig, network_of, pocket_denoiser, pocket_model
from duckrabbit.models.storage import quantized, read_weights, write_weights
from duckrabbit.networks.pocket_unet import (
    BatchInvariantLinear,
    FewRowsLinear,
    PocketUNet,
    PocketUNetConfig,
    group_norm_by_channels,
    grown,
    time_features,
)
from duckrabbit.networks.self_guided import adapted, additional_weights, own_weights, self_guided
from duckrabbit.networks.text_encoder import PAD, START, TextEncoder
from duckrabbit.recipes.generate import Generate

WORDS = ("cat", "dog", "of", "painting", "photo", "red")
SHAPE = PocketUNetConfig(
    2 + len(WORDS), widths=(32, 64, 64), blocks=(1, 1, 1), text_width=64, text_layers=1, embedding=64
)
VOCABULARY = Vocabulary(WORDS)
CPU = torch.device("cpu")


def awake(network: nn.Module) -> nn.Module:
    """With what begins as zero set to something, so that every part has a say."""
    generator = torch.Generator().manual_seed(7)
    for parameter in network.parameters():
        if not parameter.any():
            parameter.data = 0.05 * torch.randn(parameter.shape, generator=generator)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def network() -> PocketUNet:
    torch.manual_seed(0)
    made = awake(PocketUNet(SHAPE))
    assert isinstance(made, PocketUNet)
    return made


def inputs(count: int, size: int = 16) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, 3, size, size, generator=generator), torch.linspace(0.1, 1.0, count)


def test_a_fresh_network_answers_nothing_whatever_it_is_asked() -> None:
    x, t = inputs(2)
    assert PocketUNet(SHAPE)(x, t, VOCABULARY.encode(["a cat", ""])).abs().max() == 0


@pytest.mark.parametrize("size", [16, 32, 64])
def test_the_answer_has_the_shape_of_the_question(network: PocketUNet, size: int) -> None:
    x, t = inputs(3, size)
    answer = network(x, t, VOCABULARY.encode(["a cat", "", "a painting of a red dog"]))
    assert answer.shape == x.shape
    assert answer.isfinite().all()
    assert answer.std() > 1e-3


def test_channels_and_levels_may_be_others() -> None:
    shape = PocketUNetConfig(
        4, 5, 2, widths=(64, 64), blocks=(2, 1), attention=(True, False), text_width=64, text_layers=1
    )
    answer = PocketUNet(shape)(torch.zeros(2, 5, 16, 16), torch.ones(2), torch.full((2, 3), START))
    assert answer.shape == (2, 2, 16, 16)


def test_padding_changes_nothing(network: PocketUNet) -> None:
    x, t = inputs(2)
    prompts = ["a photo of a dog", "cat"]
    narrow, wide = (network(x, t, VOCABULARY.encode(prompts, width)) for width in (None, 16))
    torch.testing.assert_close(narrow, wide, rtol=0, atol=1e-5)
    encoder = awake(TextEncoder(8, 64, 2))
    words, whole = encoder(torch.tensor([[START, 3, 4]]))
    padded, padded_whole = encoder(torch.tensor([[START, 3, 4, PAD, PAD]]))
    torch.testing.assert_close(words, padded[:, :3], rtol=0, atol=1e-5)
    torch.testing.assert_close(whole, padded_whole, rtol=0, atol=1e-5)


def test_rows_of_a_batch_know_nothing_of_each_other(network: PocketUNet) -> None:
    x, t = inputs(4)
    prompts = ["a cat", "a red dog", "", "a painting of a cat"]
    together = network(x, t, VOCABULARY.encode(prompts))
    for row, prompt in enumerate(prompts):
        own = slice(row, row + 1)
        alone = network(x[own], t[own], VOCABULARY.encode([prompt]))
        torch.testing.assert_close(alone, together[own], rtol=0, atol=1e-5)


def test_every_input_matters(network: PocketUNet) -> None:
    x, t = inputs(1)
    plain = network(x, t, VOCABULARY.encode(["red cat"]))
    others = {
        "picture": network(x + 0.1, t, VOCABULARY.encode(["red cat"])),
        "time": network(x, t + 0.3, VOCABULARY.encode(["red cat"])),
        "word": network(x, t, VOCABULARY.encode(["red dog"])),
        "order": network(x, t, VOCABULARY.encode(["cat red"])),
        "prompt": network(x, t, VOCABULARY.encode([""])),
    }
    for name, other in others.items():
        assert (other - plain).abs().max() > 1e-4, name


def test_times_are_told_apart() -> None:
    features = time_features(torch.linspace(0, 1, 101))
    assert features.shape == (101, 128)
    distances = torch.cdist(features, features) + 100 * torch.eye(101)
    assert distances.min() > 0.3
    assert features.abs().max() <= 1


def test_every_parameter_learns() -> None:
    torch.manual_seed(0)
    network = awake(PocketUNet(SHAPE)).requires_grad_(True)
    x, t = inputs(2)
    network(x, t, VOCABULARY.encode(["cat dog of painting photo red", "cat"], 16)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


# --- On disk ---------------------------------------------------------------------------------------------------------


def write(path: Path, network: PocketUNet) -> PocketConfig:
    config = PocketConfig(WORDS, SHAPE, training={"recipe": "test"})
    write_weights(path, quantized(network.state_dict()), config.to_json())
    return config


def test_a_file_in_eight_bits_is_small_and_holds_the_model(network: PocketUNet, tmp_path: Path) -> None:
    config = write(tmp_path / "model.safetensors", network)
    tensors, header = read_weights(tmp_path / "model.safetensors")
    assert PocketConfig.from_json(header) == config
    assert tensors.keys() == network.state_dict().keys()
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert (tmp_path / "model.safetensors").stat().st_size < 1.15 * parameters
    x, t = inputs(2)
    tokens = VOCABULARY.encode(["a red cat", ""])
    restored = PocketUNet(PocketConfig.from_json(header).network).eval()
    restored.load_state_dict(tensors)
    answer, exact = restored(x, t, tokens), network(x, t, tokens)
    assert (answer - exact).std() < 0.02 * exact.std()
    assert not torch.equal(answer, exact)


def test_a_file_is_a_model_that_samples(network: PocketUNet, tmp_path: Path) -> None:
    write(tmp_path / "model.safetensors", network)
    model = load_model(str(tmp_path / "model.safetensors"), "cpu", torch.float32)
    assert model.shape == (3, 64, 64)
    sampler = type(model.sampler)(steps=2, guidance_scale=2.0)
    cat, dog = (make(Generate(prompt, sampler=sampler), model)[0].pixels for prompt in ("a cat", "a dog"))
    assert cat.shape == (3, 64, 64)
    assert cat.isfinite().all()
    assert not torch.equal(cat, dog)


def test_the_null_prompt_is_no_words(network: PocketUNet) -> None:
    config = PocketConfig(WORDS, SHAPE)
    model = pocket_model("tiny", network.state_dict(), config.to_json(), "", CPU, torch.float32)
    x = inputs(1, 64)[0]
    answer = model.denoiser(x, 0.5, [""]).x0
    alpha, sigma = model.denoiser.path.at(0.5)
    v = network(x, torch.tensor([0.5]), torch.tensor([[START]]))
    torch.testing.assert_close(answer, alpha * x - sigma * v, rtol=1e-4, atol=1e-4)


def test_weights_that_are_rounded_once_answer_as_those_that_are_rounded_each_time(network: PocketUNet) -> None:
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    config = PocketConfig(WORDS, SHAPE)
    model = pocket_model("tiny", network.state_dict(), config.to_json(), "", CPU, torch.bfloat16)
    each_time = pocket_denoiser(network.eval(), config.vocabulary, CPU, torch.bfloat16)
    x, prompts = inputs(3, 64)[0], ["a cat", "a red dog", ""]
    assert torch.equal(model.denoiser(x, 0.5, prompts).x0, each_time(x, 0.5, prompts).x0)
    found = network_of(model)
    assert found is not None
    assert {p.dtype for p in found[1].parameters()} == {torch.bfloat16, torch.float32}
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_weights_of_another_shape_are_refused(network: PocketUNet) -> None:
    config = PocketConfig((*WORDS, "zebra"), PocketUNetConfig(9, widths=SHAPE.widths, blocks=SHAPE.blocks))
    with pytest.raises(UsageError, match="whole pocket model"):
        pocket_model("tiny", network.state_dict(), config.to_json(), "", CPU, torch.float32)
    for damaged in ({}, {**config.to_json(), "network": {"widths": 7}}, {**config.to_json(), "sampler": None}):
        with pytest.raises(UsageError, match="whole pocket model"):
            pocket_model("tiny", network.state_dict(), damaged, "", CPU, torch.float32)


@pytest.mark.parametrize(("tokens", "inputs", "outputs"), [(256, 768, 256), (64, 960, 320)])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
def test_a_steady_layer_gives_a_picture_the_same_in_any_company(
    tokens: int, inputs: int, outputs: int, dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    layer = BatchInvariantLinear(inputs, outputs).eval()
    x = torch.randn(32, tokens, inputs)
    reduced = dtype != torch.float32
    told: dict[tuple[int, int], torch.Tensor] = {}
    try:
        for threads, count in product((1, 2, 3), (4, 8, 12, 32)):
            torch.set_num_threads(threads)
            with torch.inference_mode(), torch.autocast("cpu", dtype, enabled=reduced):
                told[threads, count] = layer(x[:count])[:4]
    finally:
        torch.set_num_threads(2)
    expected = F.linear(x[:4], layer.weight, layer.bias)
    assert torch.allclose(told[2, 4].float(), expected, atol=0.03 if reduced else 1e-4)
    for own in told.values():
        # What float32 loses by another order of summing up is far below a grey level.
        assert torch.allclose(own.float(), told[2, 4].float(), rtol=0, atol=0 if reduced else 1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
def test_two_pictures_are_what_they_are_among_many(dtype: torch.dtype, network: PocketUNet) -> None:
    x, t = inputs(8, 32)
    tokens = VOCABULARY.encode(["a red cat"] * 8)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode(), torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            many = network(x, t, tokens).float()
            for count in (2, 4, 6):
                few = network(x[:count], t[:count], tokens[:count]).float()
                assert torch.allclose(few, many[:count], rtol=0, atol=1e-5)
    finally:
        torch.set_num_threads(threads)


def test_a_layer_of_few_rows_fills_them_up_and_gives_back_its_own() -> None:
    layer = FewRowsLinear(8, 5)
    x = torch.randn(7, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        for count in range(1, 8):
            made = layer(x[:count])
            torch.testing.assert_close(made, F.linear(x[:count], layer.weight, layer.bias))
            assert made.shape == (count, 5)


# --- Growth ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocks", [(1, 1, 1), (1, 1, 2), (2, 3, 1)])
def test_a_network_grows_without_changing_a_picture(blocks: tuple[int, int, int], network: PocketUNet) -> None:
    larger = grown(network, blocks, len(VOCABULARY) + 3).eval()
    assert larger.config.blocks == blocks
    x, t = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)), torch.tensor([0.2, 0.9])
    tokens = VOCABULARY.encode(["a red cat", "a photo of a dog"])
    with torch.no_grad():
        torch.testing.assert_close(larger(x, t, tokens), network(x, t, tokens))
    assert all(parameter.requires_grad for parameter in larger.parameters())


def test_group_normalisation_by_channels_is_group_normalisation() -> None:
    generator = torch.Generator().manual_seed(0)
    x = 3 + 2 * torch.randn(3, 64, 8, 8, generator=generator)
    weight, bias = torch.randn(2, 64, generator=generator)
    torch.testing.assert_close(
        group_norm_by_channels(x, 32, weight, bias, 1e-5), F.group_norm(x, 32, weight, bias), rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(
        group_norm_by_channels(x, 32, None, None, 1e-5), F.group_norm(x, 32), rtol=1e-4, atol=1e-5
    )


# --- Guidance that it is told ----------------------------------------------------------------------------------------


def _asked(network: PocketUNet, *scales: tuple[float, float]) -> Tensor:
    """The same questions under each guidance."""
    x, t = (own[:1].expand(len(scales), *own.shape[1:]) for own in inputs(1))
    with torch.no_grad():
        return network(x, t, VOCABULARY.encode(["a red cat"] * len(scales)), torch.tensor(scales))


def listening(network: PocketUNet) -> PocketUNet:
    return adapted(network, 8.0, 3).eval()


def learnt(network: PocketUNet, rank: int = 3) -> PocketUNet:
    """A network that has learnt something or other of guidance."""
    able = adapted(network, 8.0, rank)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in able.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return able.eval()


SCALES = (1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (4.0, 3.0), (5.0, 2.0), (5.0, 5.0), (8.0, 8.0)


def test_additional_weights_change_nothing_at_first_whatever_guidance_is_told(network: PocketUNet) -> None:
    told = _asked(listening(network), *SCALES)
    torch.testing.assert_close(told, _asked(network, (1.0, 1.0)).expand_as(told), rtol=0, atol=1e-5)


def test_every_guidance_is_told_apart_once_it_is_learnt(network: PocketUNet) -> None:
    told = _asked(learnt(network), *SCALES)
    apart = torch.cdist(told.flatten(1), told.flatten(1)) + 100 * torch.eye(len(told))
    assert apart.min() > 1e-3


def test_additional_weights_alone_are_learnt(network: PocketUNet) -> None:
    able = learnt(network).train()
    x, t = inputs(2)
    able(x, t, VOCABULARY.encode(["a red cat", "a dog"]), torch.tensor([[5.0, 2.0]] * 2)).square().mean().backward()
    own, more = network.state_dict(), additional_weights(able)
    assert all(torch.equal(tensor, own[name]) for name, tensor in own_weights(able).items())
    assert own_weights(able).keys() == own.keys()
    given = [p for p in able.parameters() if p.requires_grad]
    assert {id(p) for p in given} == {id(tensor) for tensor in more.values()}
    assert all(p.grad is not None and p.grad.any() for p in given)
    assert not [name for name in more if name.startswith("text.")]


@pytest.mark.parametrize("rank", [1, 3, 8])
def test_a_network_with_its_additional_weights_added_is_the_one_that_learnt_them(
    rank: int, network: PocketUNet
) -> None:
    able = learnt(network, rank)
    added = self_guided(network, additional_weights(able), 8.0).eval()
    assert added.config.max_guidance == 8.0
    expected = _asked(able, *SCALES)
    assert (expected - _asked(network, *SCALES)).abs().max() > 0.05
    torch.testing.assert_close(_asked(added, *SCALES), expected, rtol=1e-4, atol=1e-5)


def test_a_network_with_weights_draws_none_at_random_and_leaves_those_of_one_that_learns_alone(
    network: PocketUNet,
) -> None:
    able = learnt(network)
    torch.manual_seed(3)
    added = self_guided(network, additional_weights(able), 8.0).requires_grad_(False)
    drawn = torch.rand(4)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(4))
    assert all(not tensor.is_meta for tensor in (*added.parameters(), *added.buffers()))
    assert all(tensor.requires_grad for tensor in additional_weights(able).values())


def test_learning_goes_on_from_additional_weights_of_the_same_or_a_lower_rank(network: PocketUNet) -> None:
    before = self_guided(network, additional_weights(learnt(network)), 8.0).eval()
    for rank in (3, 5):
        on = adapted(network, 8.0, rank, before).eval()
        torch.testing.assert_close(_asked(on, *SCALES), _asked(before, *SCALES), rtol=1e-3, atol=1e-4)


def test_additional_weights_of_a_lower_rank_come_as_near_as_any_do(network: PocketUNet) -> None:
    before = self_guided(network, additional_weights(learnt(network)), 8.0)
    on = adapted(network, 8.0, 1, before)
    after, own = self_guided(network, additional_weights(on), 8.0).state_dict(), network.state_dict()
    for name, tensor in before.state_dict().items():
        if name in own and not torch.equal(tensor, own[name]):
            values = torch.linalg.svdvals((tensor - own[name]).flatten(1).double())
            missing = (tensor - after[name]).double().norm()
            torch.testing.assert_close(missing, values[1:].norm(), rtol=1e-3, atol=1e-5)


def test_additional_weights_of_another_network_are_refused(network: PocketUNet) -> None:
    more = additional_weights(learnt(network))
    name = next(own for own in more if own.endswith(".up"))
    short = {**more, name: more[name][:-1]}
    missing = {own: tensor for own, tensor in more.items() if own != name}
    for wrong in (short, missing):
        with pytest.raises((KeyError, RuntimeError)):
            self_guided(network, wrong, 8.0)
