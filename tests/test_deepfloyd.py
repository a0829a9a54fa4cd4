"""DeepFloyd IF and other pipelines from a user's folder: loading, prompts, memory, the command line, mistakes."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from diffusers.models.resnet import ResnetBlock2D
from diffusers.schedulers import scheduling_ddpm
from huggingface_hub import errors as hub_errors
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import T5EncoderModel

from duckrabbit.cli.main import main
from duckrabbit.diffusion.denoiser import Prediction
from duckrabbit.diffusion.noise import Noise, Stream
from duckrabbit.diffusion.path import LinearBeta, SquaredCosine, time_of_level
from duckrabbit.diffusion.thresholding import clip
from duckrabbit.errors import UsageError
from duckrabbit.making.make import make
from duckrabbit.making.plan import plan
from duckrabbit.making.record import record
from duckrabbit.media.png import read_metadata
from duckrabbit.models.deepfloyd import hub, t5
from duckrabbit.models.deepfloyd.conventions import SCHEDULERS, conventions_of
from duckrabbit.models.deepfloyd.embeddings import Dictionary, Embeddings
from duckrabbit.models.deepfloyd.files import fingerprint, read_part
from duckrabbit.models.deepfloyd.offloading import Offloader
from duckrabbit.models.deepfloyd.stages import deepfloyd, find
from duckrabbit.models.deepfloyd.unet import compile_blocks, load_unet, require_compiler
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.hybrid import Hybrid, Part
from tiny_if import (
    LARGE,
    SMALL,
    TEXT_WIDTH,
    WORDS,
    scheduler_config,
    second_unet_config,
    unet_config,
    write_cascade,
    write_pixel_pipeline,
)

PROMPT = WORDS[0]
QUICK = ["--steps", "2", "--threads", "1", "--device", "cpu"]


@pytest.fixture(scope="module")
def cascade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cascade with its text encoder."""
    return write_cascade(tmp_path_factory.mktemp("if"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's own cache and working folder."""
    monkeypatch.setenv("DUCKRABBIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def unlettered(cascade: Path, tmp_path: Path) -> Path:
    """The cascade without its text encoder."""
    folder = tmp_path / "unlettered"
    shutil.copytree(cascade, folder, ignore=shutil.ignore_patterns("text_encoder", "tokenizer"))
    return folder


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def duckrabbit(home: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    threads = torch.get_num_threads()

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    yield run
    torch.set_num_threads(threads)


def _load(folder: Path, **given: Any) -> Model:
    return load_model("deepfloyd", "cpu", weights=str(folder), **given)


# --- Folders ---------------------------------------------------------------------------------------------------------


def test_a_folder_is_read_as_its_configuration_says(cascade: Path, home: Path) -> None:
    model = _load(cascade)
    assert model.sizes == (SMALL, LARGE)
    assert model.denoiser.path == SquaredCosine(1000)
    assert (model.threshold.maximum, model.at(LARGE).threshold.maximum) == (1.5, 1.0)  # type: ignore[attr-defined]
    assert model.default_prompt == "a high quality photo"
    assert model.checksum != model.at(LARGE).checksum
    assert model.dtype == torch.float32


def test_the_network_is_told_whole_levels_and_the_guides_level(cascade: Path, home: Path) -> None:
    model = _load(cascade)
    told: list[tuple[list[float], Any]] = []
    for stage in (model, model.at(LARGE)):
        network = stage.denoiser.lend()  # type: ignore[attr-defined]
        network.register_forward_pre_hook(
            lambda _, positional, named: told.append((positional[1].tolist(), named.get("class_labels"))),
            with_kwargs=True,
        )
    x = torch.zeros(2, 3, SMALL, SMALL)
    for level in (990, 250, 0):
        model.denoiser(x, time_of_level(level), [PROMPT, ""])
    model.denoiser(x, 0.5005, [PROMPT, ""])
    assert [levels for levels, _ in told] == [[990, 990], [250, 250], [0, 0], [499.5, 499.5]]
    told.clear()
    model.at(LARGE).denoiser(torch.zeros(1, 6, LARGE, LARGE), time_of_level(700), [PROMPT])
    assert told[0][0] == [700]
    assert told[0][1].tolist() == [250]


def test_learned_variance_is_half_f_plus_one_and_not_clamped(cascade: Path, home: Path) -> None:
    model = _load(cascade)
    x, t = torch.randn(1, 3, SMALL, SMALL, generator=torch.Generator().manual_seed(0)), time_of_level(400)
    prediction: Prediction = model.denoiser(x, t, [PROMPT])
    network = model.denoiser.lend()  # type: ignore[attr-defined]
    wording = model.denoiser.encode([PROMPT])  # type: ignore[attr-defined]
    with torch.no_grad():
        output = network(x, 400, encoder_hidden_states=wording, return_dict=False)[0]
    alpha, sigma = model.denoiser.path.at(t)
    assert prediction.variance_fraction is not None
    torch.testing.assert_close(prediction.variance_fraction, (output[:, 3:] + 1) / 2)
    torch.testing.assert_close(prediction.x0, (x - sigma * output[:, :3]) / alpha)
    big = conventions_of(scheduler_config(1.5), Path("here")).prediction(
        torch.full((1, 6, 2, 2), 7.0), x[..., :2, :2], t
    )
    assert big.variance_fraction is not None
    assert big.variance_fraction.min() == 4


def test_one_stages_own_folder_is_the_first_stage_alone(cascade: Path, home: Path) -> None:
    model = _load(cascade / "stage1")
    assert model.sizes == (SMALL,)
    by_folder = load_model(str(cascade / "stage1"), "cpu")
    assert (by_folder.name, by_folder.sizes, by_folder.checksum) == ("deepfloyd", (SMALL,), model.checksum)
    assert load_model(str(cascade), "cpu").sizes == (SMALL, LARGE)


def test_plain_files_do_where_there_are_none_of_fp16(cascade: Path, tmp_path: Path) -> None:
    part = read_part(cascade / "stage1" / "unet")
    assert part.variant == "fp16"
    plain = tmp_path / "unet"
    shutil.copytree(part.folder, plain)
    (file,) = plain.glob("*.safetensors")
    file.rename(plain / "diffusion_pytorch_model.safetensors")
    assert read_part(plain).variant is None
    same = [load_unet(p, torch.device("cpu"), torch.float32).state_dict() for p in (part, read_part(plain))]
    assert all(torch.equal(tensor, same[1][name]) for name, tensor in same[0].items())


def test_weights_in_several_files_are_read_and_a_missing_one_is_noticed(cascade: Path, tmp_path: Path) -> None:
    whole = load_unet(read_part(cascade / "stage1" / "unet"), torch.device("cpu"), torch.float32)
    whole.save_pretrained(tmp_path / "unet", variant="fp16", max_shard_size="1MB")  # type: ignore[operator]
    part = read_part(tmp_path / "unet")
    assert len(part.files) > 2
    again = load_unet(part, torch.device("cpu"), torch.float32).state_dict()
    assert all(torch.equal(tensor, again[name]) for name, tensor in whole.state_dict().items())
    part.files[1].unlink()
    with pytest.raises(UsageError, match=f"lacks {part.files[1].name}"):
        read_part(tmp_path / "unet")


def test_a_changed_weight_changes_the_fingerprint(cascade: Path, tmp_path: Path) -> None:
    shutil.copytree(cascade / "stage1" / "unet", tmp_path / "unet")
    before = fingerprint([read_part(tmp_path / "unet")])
    assert fingerprint([read_part(cascade / "stage1" / "unet")]) == before
    (file,) = (tmp_path / "unet").glob("*.safetensors")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert fingerprint([read_part(tmp_path / "unet")]) != before


def _broken(cascade: Path, folder: Path, how: str) -> Path:
    shutil.copytree(cascade, folder)
    unet = folder / "stage1" / "unet"
    (file,) = unet.glob("*.safetensors")
    if how == "truncated":
        file.write_bytes(file.read_bytes()[:1000])
    elif how == "pickled":
        file.rename(unet / "diffusion_pytorch_model.bin")
    elif how == "no configuration":
        (unet / "config.json").unlink()
    elif how == "not JSON":
        (unet / "config.json").write_text("{")
    elif how == "no scheduler":
        shutil.rmtree(folder / "stage1" / "scheduler")
    elif how == "stages exchanged":
        (folder / "stage1").rename(folder / "other")
        (folder / "stage2").rename(folder / "stage1")
        (folder / "other").rename(folder / "stage2")
    elif how == "other weights":
        save_file({"conv_in.weight": torch.zeros(2)}, file)
    elif how == "other schedule":
        path = folder / "stage1" / "scheduler" / "scheduler_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"beta_schedule": "sigmoid"}))
    elif how == "other prediction":
        path = folder / "stage1" / "scheduler" / "scheduler_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"prediction_type": "flow"}))
    elif how == "half a text encoder":
        next((folder / "stage1" / "text_encoder").glob("*.safetensors")).unlink()
    return folder


@pytest.mark.parametrize(
    "how",
    [
        "truncated",
        "pickled",
        "no configuration",
        "not JSON",
        "no scheduler",
        "stages exchanged",
        "other weights",
        "other schedule",
        "other prediction",
        "half a text encoder",
    ],
)
def test_a_folder_that_is_not_whole_is_met_with_a_sentence(
    cascade: Path, tmp_path: Path, duckrabbit: Command, how: str
) -> None:
    folder = _broken(cascade, tmp_path / "broken", how)
    code, out, err = duckrabbit("generate", PROMPT, "--model", "deepfloyd", "--weights", str(folder), *QUICK)
    assert (code, out) == (2, ""), err
    (line,) = [line for line in err.splitlines() if line.startswith("duckrabbit: error:")]
    assert "Traceback" not in err
    assert str(folder) in line
    assert not list(tmp_path.rglob("*.png"))


@pytest.mark.parametrize("weights", [None, "nowhere", "a/b/c", "here.txt", "a/b,c/d,e/f,g/h"])
def test_weights_that_are_nowhere(home: Path, weights: str | None) -> None:
    Path("here.txt").write_text("")
    with pytest.raises(UsageError, match="stage1 and stage2"):
        find(weights)


def test_weights_are_deepfloyds_alone(home: Path) -> None:
    with pytest.raises(UsageError, match="leave them out"):
        load_model("mnist-ddpm", "cpu", weights="somewhere")


@pytest.mark.parametrize("package", ["diffusers", "transformers"])
def test_a_missing_package_is_named(cascade: Path, home: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    model = _load(cascade)
    monkeypatch.setattr(
        "duckrabbit.models.deepfloyd.extras.find_spec", lambda name: None if name == package else object()
    )
    with pytest.raises(UsageError, match=rf"{package}.*pip install \"duckrabbit\[open\]\""):
        make(Generate(PROMPT), model)


# --- Prompts ---------------------------------------------------------------------------------------------------------


def test_embeddings_are_those_of_ifs_own_pipeline(cascade: Path, home: Path) -> None:
    pipeline = diffusers.IFPipeline.from_pretrained(
        cascade / "stage1", variant="fp16", safety_checker=None, feature_extractor=None, watermarker=None
    )
    prompts = [PROMPT, "  A Lithograph of a SKULL ", "a dog " * 100, ""]
    model = _load(cascade)
    ours = model.denoiser.encode(prompts)  # type: ignore[attr-defined]
    assert ours.shape == (4, 77, TEXT_WIDTH)
    pipeline.text_encoder.to(Dictionary.at(None).get(PROMPT).dtype)  # type: ignore[union-attr]
    theirs, null = pipeline.encode_prompt(prompts, device=torch.device("cpu"))
    torch.testing.assert_close(ours, theirs.float(), rtol=0, atol=0.02)
    torch.testing.assert_close(ours[3], null[0].float(), rtol=0, atol=0.02)
    assert (ours[0] - ours[1]).abs().max() > 0.5


def test_a_long_prompt_is_cut_and_it_is_said(cascade: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(Generate("a dog " * 100, sampler=SamplerConfig("ddpm", 1, "leading", 1.0)), _load(cascade))
    assert "longer than 77 tokens" in capsys.readouterr().err


def test_the_text_encoder_is_loaded_once_for_all_prompts_and_never_again(
    cascade: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    whole = T5EncoderModel.from_pretrained

    def counted(folder: str, **given: Any) -> Any:
        loaded.append(folder)
        return whole(folder, **given)

    monkeypatch.setattr(T5EncoderModel, "from_pretrained", counted)
    recipe = Hybrid({"far": Part(WORDS[1]), "near": Part(WORDS[2])}, sampler=SamplerConfig("ddpm", 2, "leading", 5.0))
    first = make(recipe, _load(cascade))
    assert len(loaded) == 1
    second = make(recipe, _load(cascade))
    assert len(loaded) == 1
    assert torch.equal(first[0].pixels, second[0].pixels)
    assert Dictionary.at(None).prompts() == sorted(["", WORDS[1], WORDS[2]])


def test_a_hybrid_costs_three_evaluations_a_step(cascade: Path, home: Path) -> None:
    model = _load(cascade)
    rows: list[int] = []
    network = model.denoiser.lend()  # type: ignore[attr-defined]
    network.register_forward_pre_hook(lambda _, given: rows.append(len(given[0])))
    make(
        Hybrid({"far": Part(WORDS[1]), "near": Part(WORDS[2])}, sampler=SamplerConfig("ddpm", 4, "leading", 5.0)), model
    )
    assert rows == [3] * 4


def test_embed_then_make_without_a_text_encoder(duckrabbit: Command, cascade: Path, unlettered: Path) -> None:
    code, out, err = duckrabbit("embed", PROMPT, WORDS[3], "--weights", str(cascade), "--device", "cpu")
    assert code == 0, err
    assert len([path for path in map(Path, out.splitlines()) if path.is_file()]) == 3  # the null prompt came along
    code, out, err = duckrabbit("embed", PROMPT.upper(), "--weights", "nowhere")
    assert code == 0, err  # nothing to encode, nothing loaded
    assert "was there" in err
    code, out, _ = duckrabbit("embed", "--list")
    assert (code, out.splitlines()) == (0, ['""', WORDS[3], PROMPT])

    words = ["--model", "deepfloyd", "--weights", str(unlettered), *QUICK]
    code, out, err = duckrabbit("generate", PROMPT, *words)
    assert code == 0, err
    assert "encoding" not in err
    code, out, err = duckrabbit("generate", "a rocket ship", *words)
    assert (code, out) == (2, "")
    assert 'duckrabbit embed "a rocket ship" --weights' in err


@pytest.mark.parametrize(
    "words",
    [
        ["embed"],
        ["embed", "a dog", "--list"],
        ["embed", "a dog"],
        ["embed", "a dog", "--weights", "nowhere"],
        ["embed", "a dog", "--embeddings", "prompts.safetensors"],
        ["embed", "a dog", "--embeddings", "prompts.pth"],
        ["embed", "--list", "--embeddings", "broken.safetensors"],
    ],
)
def test_mistakes_with_embed(duckrabbit: Command, words: list[str]) -> None:
    save_file({"a dog": torch.zeros(77, 4)}, "prompts.safetensors")
    Path("prompts.pth").write_bytes(b"x")
    Path("broken.safetensors").write_bytes(b"x")
    code, out, err = duckrabbit(*words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


def test_a_dictionary_in_one_file_is_read_with_either_shape(unlettered: Path, home: Path) -> None:
    tensors = {"A photo of a DOG": torch.randn(77, TEXT_WIDTH), "": torch.randn(1, 77, TEXT_WIDTH)}
    save_file(tensors, "prompts.safetensors")
    model = _load(unlettered, embeddings="prompts.safetensors")
    found = model.denoiser.encode(["a photo of a dog", ""])  # type: ignore[attr-defined]
    torch.testing.assert_close(found, torch.stack([tensors["A photo of a DOG"], tensors[""][0]]))
    assert Dictionary.at("prompts.safetensors").prompts() == ["", "a photo of a dog"]
    make(Generate("a photo of a dog", sampler=SamplerConfig("ddpm", 2, "leading", 3.0)), model)


def test_embeddings_come_back_as_they_were_kept(tmp_path: Path) -> None:
    dictionary = Dictionary(tmp_path / "kept")
    assert dictionary.prompts() == []
    for dtype in (torch.bfloat16, torch.float32):
        embedding = torch.randn(1, 77, 8).to(dtype)
        dictionary.put("Ein Ährenfeld\n", embedding)
        found = Dictionary(tmp_path / "kept").get("ein ährenfeld")
        assert found is not None
        assert torch.equal(found, embedding)
        assert found.dtype == dtype
    assert dictionary.prompts() == ["ein ährenfeld"]
    assert dictionary.get("another") is None


def test_embeddings_of_another_encoder_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    dictionary = Dictionary(tmp_path)
    path = dictionary.put("a dog", torch.zeros(1, 77, 8))
    with pytest.raises(UsageError, match="another text encoder's"):
        Embeddings(dictionary, 16, None, "")(["a dog"])
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(UsageError, match="delete it"):
        Embeddings(dictionary, 8, None, "")(["a dog"])
    save_file({"embedding": torch.zeros(5)}, path, {"prompt": "a dog"})
    with pytest.raises(UsageError, match=r"\[77, 4096\]"):
        dictionary.get("a dog")


class _Code:
    """What runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, ("touch ran",))


def test_a_dictionary_that_a_course_handed_out_is_read_and_no_code_in_it(unlettered: Path, home: Path) -> None:
    embedding = torch.rand(1, 77, TEXT_WIDTH)
    torch.save({PROMPT: embedding, "": embedding[0].half() / 2}, "prompts.pth")
    model = _load(unlettered, embeddings="prompts.pth")
    assert len(make(Generate(PROMPT, sampler=SamplerConfig("ddpm", 1, "leading", 2.0)), model)) == 1
    dictionary = Dictionary.at("prompts.pth")
    assert dictionary.prompts() == ["", PROMPT]
    assert torch.equal(dictionary.get(PROMPT.upper()), embedding)  # type: ignore[arg-type]
    for name, inside, says in [
        ("code", {PROMPT: _Code()}, "no file of tensors alone"),
        ("list", [embedding], "holds a list"),
        ("words", {PROMPT: "words"}, "holds a str under 'a photo of a dog'"),
        ("numbers", {7: embedding}, "holds a Tensor under '7'"),
    ]:
        torch.save(inside, f"{name}.pth")
        with pytest.raises(UsageError, match=says):
            Dictionary.at(f"{name}.pth")
    Path("cut.pth").write_bytes(Path("prompts.pth").read_bytes()[:100])
    with pytest.raises(UsageError, match="no file of tensors alone"):
        Dictionary.at("cut.pth")
    torch.save({PROMPT: torch.zeros(3)}, "flat.pth")
    with pytest.raises(UsageError, match=r"where an embedding is \[77, 4096\]"):
        Dictionary.at("flat.pth").get(PROMPT)
    assert not Path("ran").exists()


# --- Memory ----------------------------------------------------------------------------------------------------------


class _Device:
    """A pretended device of so many bytes, and what is loaded for it."""

    def __init__(self, size: float) -> None:
        self.size, self.loaded = size, list[str]()
        self.offloader = Offloader(torch.device("cpu"), lambda _: self.size - sum(map(len, self.offloader.here)) * 100)

    def lend(self, name: str, need: int = 100) -> nn.Module:
        def load() -> nn.Module:
            self.loaded.append(name)
            return nn.Linear(1, 1)

        return self.offloader.lend(name, need, load)


def test_networks_stay_where_there_is_room_and_leave_where_there_is_none() -> None:
    roomy, cramped = _Device(1000), _Device(210)
    for device in (roomy, cramped):
        for name in ("a", "b", "a", "a", "b"):
            assert device.lend(name) is device.lend(name)
    assert roomy.loaded == ["a", "b"]
    assert roomy.offloader.here == ("a", "b")
    assert cramped.loaded == ["a", "b", "a", "b"]
    assert cramped.offloader.here == ("b",)


def test_the_text_encoder_makes_the_others_leave_where_memory_is_short(cascade: Path) -> None:
    part = t5.text_encoder_in(cascade / "stage1")
    assert part is not None
    for free, left in ((0.0, ()), (float("inf"), ("unet",))):
        offloader = Offloader(torch.device("cpu"), lambda _, free=free: free)  # type: ignore[misc]
        offloader.lend("unet", 0, lambda: nn.Linear(1, 1))
        assert set(t5.encoded(part, [PROMPT], offloader)) == {PROMPT}
        assert offloader.here == left


def test_weights_that_fit_nowhere_are_said_so() -> None:
    class Huge(nn.Module):
        def to(self, *given: Any, **named: Any) -> "Huge":
            if given[0] != "cpu":
                raise torch.OutOfMemoryError("no room")
            return self

    with pytest.raises(UsageError, match=r"need 8\.0 GiB"):
        Offloader(torch.device("cpu")).lend("huge", 8 * 2**30, Huge)


def test_a_batch_too_large_for_the_network_is_halved(
    cascade: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = Generate(PROMPT, sampler=SamplerConfig("ddpm", 2, "leading", 5.0))
    whole = make(recipe, _load(cascade), 4)
    model = _load(cascade)

    def cramped(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        if len(given[0]) > 3:
            raise torch.OutOfMemoryError("no room")

    model.denoiser.lend().register_forward_pre_hook(cramped)  # type: ignore[attr-defined]
    halved = make(recipe, model, 4)
    assert "going on with 2" in capsys.readouterr().err
    for a, b in zip(whole, halved, strict=True):
        assert (a.pixels - b.pixels).abs().max() < 1 / 255


# --- Compiling -------------------------------------------------------------------------------------------------------


class _Counting:
    """A backend that compiles nothing, and counts what it is given to compile."""

    def __init__(self) -> None:
        self.graphs = 0

    def __call__(self, graph: torch.fx.GraphModule, inputs: Sequence[Tensor]) -> Callable[..., Any]:
        self.graphs += 1
        return graph.forward


TWO_STEPS = Generate(PROMPT, sampler=SamplerConfig("ddpm", 2, "leading", 5.0))


def _compiled(cascade: Path, backend: object) -> Model:
    """The cascade with both stages' blocks compiled."""
    model = _load(cascade)
    for stage in (model, model.at(LARGE)):
        compile_blocks(stage.denoiser.lend(), backend)  # type: ignore[attr-defined]
    return model


def test_blocks_are_compiled_once_and_make_the_same_pictures(cascade: Path, home: Path) -> None:
    torch.compiler.reset()
    counting = _Counting()
    whole, model = (make(TWO_STEPS, own, 2, size=LARGE) for own in (_load(cascade), _compiled(cascade, counting)))
    for a, b in zip(whole, model, strict=True):
        assert (a.pixels - b.pixels).abs().max() < 1e-4
    # Some blocks have the shape of others, and none is left out: torch would stop at 8.
    assert 8 < counting.graphs < 2 * 18


def test_what_is_compiled_survives_leaving_the_device_and_loading_again(cascade: Path, home: Path) -> None:
    torch.compiler.reset()
    counting = _Counting()
    model = _compiled(cascade, counting)
    first = make(TWO_STEPS, model)
    graphs = counting.graphs
    assert graphs > 0
    # To another kind of tensors and back, as to another device and back.
    network = model.denoiser.lend()  # type: ignore[attr-defined]
    network.to(torch.float64)
    assert torch.equal(make(TWO_STEPS, _with(model, network.to(torch.float32)))[0].pixels, first[0].pixels)
    make(TWO_STEPS, _compiled(cascade, counting))
    assert counting.graphs == graphs


def _with(model: Model, network: nn.Module) -> Model:
    return replace(model, denoiser=replace(model.denoiser, lend=lambda: network))  # type: ignore[type-var]


def test_memory_that_runs_out_in_a_compiled_block_halves_the_batch(
    cascade: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.compiler.reset()

    def cramped(graph: torch.fx.GraphModule, inputs: Sequence[Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            if any(isinstance(one, Tensor) and one.ndim == 4 and len(one) == 8 for one in given):
                raise torch.OutOfMemoryError("no room")
            return graph.forward(*given)

        return run

    model = _load(cascade / "stage1")
    compile_blocks(model.denoiser.lend(), cramped)  # type: ignore[attr-defined]
    make(TWO_STEPS, model, 4)
    assert "8 evaluations at once do not fit this device's memory: going on with 4" in capsys.readouterr().err


def test_a_model_says_that_it_is_compiled_and_so_do_its_pictures(
    cascade: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("duckrabbit.models.deepfloyd.stages.require_compiler", lambda device: None)
    model = deepfloyd("deepfloyd", str(cascade), None, torch.device("cpu"), None, compiled=True)
    blocks = [block for block in model.denoiser.lend().modules() if isinstance(block, ResnetBlock2D)]  # type: ignore[attr-defined]
    assert blocks
    assert all(block._compiled_call_impl is not None for block in blocks)
    assert model.compiled
    assert model.at(LARGE).compiled
    assert record(plan(TWO_STEPS, model), 0, 1, 0)["circumstances"]["compiled"] is True
    assert "compiled" not in record(plan(TWO_STEPS, _load(cascade)), 0, 1, 0)["circumstances"]


def test_a_compiler_that_is_missing_is_said() -> None:
    require_compiler(torch.device("cpu"), "eager")
    with pytest.raises(UsageError, match="install a C compiler and triton, or leave compiling out") as refusal:
        require_compiler(torch.device("cpu"), "no such compiler")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("words", [["--model", "deepfloyd"], ["--model", "pocket"]])
def test_compiling_in_vain_is_refused(duckrabbit: Command, cascade: Path, words: list[str]) -> None:
    weights = ["--weights", str(cascade)] if "deepfloyd" in words else []
    code, out, err = duckrabbit("generate", PROMPT, *words, *weights, *QUICK, "--compile")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("duckrabbit: error: Compiling is for a CUDA GPU, and this runs on cpu")
    assert not list(Path().rglob("*.png"))


def test_other_models_are_not_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A pretended GPU: a pipeline's network is loaded when it is first used, and this one never is.
    monkeypatch.setattr("duckrabbit.models.load.choose_device", lambda _: torch.device("cuda"))
    folder = str(write_pixel_pipeline(tmp_path, 10))
    assert not load_model(folder).compiled
    with pytest.raises(UsageError, match="for DeepFloyd IF and open models, and "):
        load_model(folder, compiled=True)


def test_a_compiled_models_picture_is_remade_where_nothing_is_compiled(duckrabbit: Command, cascade: Path) -> None:
    picture = make(TWO_STEPS, replace(_load(cascade / "stage1"), compiled=True))[0]
    picture.save("made.png")
    code, out, err = duckrabbit("info", "made.png")
    assert code == 0, err
    assert "--compile" in out
    code, out, err = duckrabbit("rerun", "made.png")
    assert code == 0, err
    assert "identical" in err


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".PKL", ".npz", ".bin"])
def test_embeddings_that_are_not_there_make_no_folder_of_a_files_name(suffix: str, tmp_path: Path) -> None:
    place = tmp_path / f"prompts{suffix}"
    with pytest.raises(UsageError, match=r"There is no .*\.safetensors"):
        Dictionary.at(str(place))
    assert main(["embed", PROMPT, "--weights", "x/y", "--embeddings", str(place)]) == 2
    assert list(tmp_path.iterdir()) == []


# --- The hub ---------------------------------------------------------------------------------------------------------

FILES = [
    ("model_index.json", 1),
    ("README.md", 1),
    ("unet/config.json", 2),
    ("unet/diffusion_pytorch_model.bin", 80),
    ("unet/diffusion_pytorch_model.safetensors", 80),
    ("unet/diffusion_pytorch_model.fp16.safetensors", 40),
    ("scheduler/scheduler_config.json", 1),
    ("text_encoder/model-00001-of-00002.safetensors", 90),
    ("text_encoder/model-00002-of-00002.safetensors", 90),
    ("text_encoder/model.safetensors.index.json", 1),
    ("text_encoder/pytorch_model.bin.index.json", 1),
    ("tokenizer/spiece.model", 3),
    ("safety_checker/model.safetensors", 99),
]


def test_of_a_repository_only_safetensors_of_one_variant_are_taken() -> None:
    names = [name for name, _ in hub.chosen(FILES, [*hub.UNET, *hub.TEXT])]
    assert names == [
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "scheduler/scheduler_config.json",
        "text_encoder/model-00001-of-00002.safetensors",
        "text_encoder/model-00002-of-00002.safetensors",
        "text_encoder/model.safetensors.index.json",
        "text_encoder/pytorch_model.bin.index.json",
        "tokenizer/spiece.model",
    ]


@pytest.fixture
def pretended_hub(monkeypatch: pytest.MonkeyPatch, cascade: Path) -> list[str]:
    """A hub whose one repository is the first stage; what is done on it, in order."""
    done: list[str] = []

    def info(self: object, name: str, files_metadata: bool) -> object:
        siblings = [SimpleNamespace(rfilename=name, size=size * 10**8) for name, size in FILES]
        return SimpleNamespace(siblings=siblings, gated="manual", card_data={"license_name": "deepfloyd-if-license"})

    def download(name: str, **given: Any) -> str:
        done.append(f"downloaded {name}")
        return str(cascade / "stage1")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", info)
    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda name, file: None)
    return done


def test_before_a_download_it_is_said_what_comes(pretended_hub: list[str], cascade: Path) -> None:
    folder = hub.from_hub("DeepFloyd/IF-I-XL-v1.0", hub.UNET, pretended_hub.append)
    assert folder == cascade / "stage1"
    said, downloaded = pretended_hub
    assert downloaded == "downloaded DeepFloyd/IF-I-XL-v1.0"
    for words in ("4.4 GB", "gated", "deepfloyd-if-license", "DeepFloyd/IF-I-XL-v1.0"):
        assert words in said


def test_hub_ids_load_like_folders(pretended_hub: list[str], home: Path) -> None:
    model = load_model("deepfloyd", "cpu", weights="DeepFloyd/IF-I-XL-v1.0")
    assert model.sizes == (SMALL,)
    assert model.weights == "DeepFloyd/IF-I-XL-v1.0"
    make(Generate(PROMPT, sampler=SamplerConfig("ddpm", 1, "leading", 1.0)), model)


def _response(code: int) -> Any:
    return SimpleNamespace(status_code=code, headers={}, request=None)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (lambda: hub_errors.GatedRepoError("no", response=_response(403)), "accept its licence"),
        (lambda: hub_errors.RepositoryNotFoundError("no", response=_response(404)), "check its name"),
    ],
    ids=["gated", "not found"],
)
def test_what_keeps_a_download_from_beginning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Callable[[], Exception], words: str
) -> None:
    def refuse(*given: object, **named: object) -> object:
        raise error()

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", refuse)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UsageError, match=words):
        hub.from_hub("someone/nothing-of-that-name", hub.UNET)


REPOSITORY = "DeepFloyd/IF-I-XL-v1.0"
UNREACHABLE = [{"HF_ENDPOINT": "http://127.0.0.1:9"}, {"HF_HUB_OFFLINE": "1"}]


def _write_cache(folder: Path, stage: Path, wanted: str) -> None:
    """The files of a stage as the hub's client keeps them: blobs, and a snapshot of links to them."""
    repository = folder / "hub" / f"models--{REPOSITORY.replace('/', '--')}"
    for place in ("refs", "blobs"):
        (repository / place).mkdir(parents=True)
    (repository / "refs" / "main").write_text("a" * 40)
    snapshot = repository / "snapshots" / ("a" * 40)
    for number, file in enumerate(sorted(path for path in stage.rglob("*") if path.is_file())):
        name = file.relative_to(stage)
        if re.match(wanted, str(name)):
            blob, link = repository / "blobs" / f"{number:040x}", snapshot / name
            shutil.copy(file, blob)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(blob, link.parent))


def _generated(folder: Path, unreachable: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """What comes of a hub id, with the real client and without a network."""
    words = [
        "generate",
        PROMPT,
        "--model",
        "deepfloyd",
        "--weights",
        REPOSITORY,
        "--steps",
        "1",
        "--guidance-scale",
        "1",
    ]
    environment = {**os.environ, "HF_HOME": str(folder), "DUCKRABBIT_CACHE": str(folder / "own"), **unreachable}
    return subprocess.run(
        [sys.executable, "-m", "duckrabbit", *words, "--device", "cpu", "--threads", "1"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("unreachable", UNREACHABLE, ids=["no network", "offline mode"])
def test_what_was_downloaded_is_found_without_a_network(
    unreachable: dict[str, str], tmp_path: Path, cascade: Path
) -> None:
    _write_cache(tmp_path, cascade / "stage1", "unet/|scheduler/|model_index|text_encoder/|tokenizer/")
    ended = _generated(tmp_path, unreachable)
    assert ended.returncode == 0, ended.stderr
    assert len(list((tmp_path / "out").glob("*.png"))) == 1


@pytest.mark.parametrize("unreachable", UNREACHABLE, ids=["no network", "offline mode"])
@pytest.mark.parametrize("there", ["nothing", "unet/config.json|scheduler/", "unet/|scheduler/"])
def test_what_was_not_downloaded_is_missed_in_a_sentence(
    there: str, unreachable: dict[str, str], tmp_path: Path, cascade: Path
) -> None:
    """Nothing at all, no weights, or no text encoder for a prompt without an embedding."""
    _write_cache(tmp_path, cascade / "stage1", there)
    ended = _generated(tmp_path, unreachable)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert "is not whole on this machine and the hub can't be reached" in ended.stderr
    assert "--weights" in ended.stderr


# --- Other pipelines -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variance", ["fixed_small", "fixed_large"])
@pytest.mark.parametrize("classes", [None, 10])
def test_ddpm_pipelines_agree_with_diffusers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, classes: int | None, variance: str
) -> None:
    folder = write_pixel_pipeline(tmp_path, classes, variance_type=variance)
    model = load_model(str(folder), "cpu")
    assert model.denoiser.path == LinearBeta(1000)
    prompt = "" if classes is None else "3"
    sampler = SamplerConfig("ddpm", 20, "leading", 1.0)
    ours = torch.stack([picture.pixels for picture in make(Generate(prompt, sampler=sampler), model, 2, 5)])

    pipeline, noise = diffusers.DDPMPipeline.from_pretrained(folder), Noise((5, 6))
    levels = [50 * k for k in reversed(range(20))]
    steps = (noise(Stream.STEP, time_of_level(level), (3, 8, 8)) for level in levels)
    monkeypatch.setattr(scheduling_ddpm, "randn_tensor", lambda *_, **__: next(steps))
    x = noise(Stream.INIT, time_of_level(950), (3, 8, 8))
    pipeline.scheduler.set_timesteps(20)
    for t in pipeline.scheduler.timesteps:
        with torch.no_grad():
            labels = None if classes is None else torch.tensor([3, 3])
            x = pipeline.scheduler.step(pipeline.unet(x, t, class_labels=labels).sample, t, x).prev_sample
    assert (ours - x).abs().max() / 2 < 1e-3
    assert (ours.abs() < 0.99).float().mean() > 0.1


def test_classes_are_prompts(tmp_path: Path) -> None:
    model = load_model(str(write_pixel_pipeline(tmp_path / "classes", 10)), "cpu")
    three, four = (make(Generate(prompt), model)[0].pixels for prompt in "34")
    assert not torch.equal(three, four)
    for prompt in ("10", "-1", "a duck", "٣"):
        with pytest.raises(UsageError, match="0 to 9"):
            make(Generate(prompt), model)
    with pytest.raises(UsageError, match="without a class"):
        make(Generate(""), model)
    plain = load_model(str(write_pixel_pipeline(tmp_path / "plain", None)), "cpu")
    with pytest.raises(UsageError, match="takes no prompt"):
        make(Generate("3"), plain)


@pytest.mark.parametrize(
    ("index", "unet", "words"),
    [
        ({"_class_name": "LDMPipeline", "vqvae": ["diffusers", "VQModel"]}, None, "is a LDMPipeline"),
        ({"_class_name": "SomeTransformerPipeline"}, None, "is a SomeTransformerPipeline"),
        ({"_class_name": "Odd"}, {"_class_name": "UNet2DConditionModel", "in_channels": 4}, "built like DeepFloyd IF"),
        ({"_class_name": "Odd"}, {"_class_name": "UNet2DModel", "in_channels": 4, "out_channels": 4}, "4 channels"),
    ],
    ids=["latent", "transformer", "text", "channels"],
)
def test_pipelines_of_other_kinds_are_refused_in_a_sentence(
    tmp_path: Path, index: dict[str, Any], unet: dict[str, Any] | None, words: str
) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    if unet is not None:
        (tmp_path / "unet").mkdir()
        (tmp_path / "unet" / "config.json").write_text(json.dumps(unet))
        (tmp_path / "unet" / "model.safetensors").write_bytes(b"")
    with pytest.raises(UsageError, match=words):
        load_model(str(tmp_path), "cpu")


OTHER_NOISE = [
    *[
        name
        for name in dir(diffusers)
        if name.endswith("Scheduler") and re.search("Flow|EDM|LCM|CMS|KarrasVe|Sde|IPNDM|VQ", name)
    ],
    "TCDScheduler",
    "SomethingElse",
]


def _pipeline_with(folder: Path, scheduler: dict[str, Any]) -> Path:
    """A pipeline of pixels whose scheduler_config.json says this."""
    write_pixel_pipeline(folder, None)
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler))
    return folder


@pytest.mark.parametrize("name", OTHER_NOISE)
def test_schedulers_of_other_noise_are_refused_by_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"of a {name}.*DDPMScheduler"):
        load_model(str(_pipeline_with(tmp_path, {"_class_name": name})), "cpu")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"use_flow_sigmas": True}, "use_flow_sigmas"),
        ({"prediction_type": "flow_prediction"}, "flow_prediction"),
        ({"beta_schedule": "scaled_linear", "rescale_betas_zero_snr": True}, "scaled_linear"),
        ({"beta_schedule": "nonsense"}, "nonsense"),
    ],
)
def test_settings_of_other_noise_are_refused_by_name(setting: dict[str, Any], words: str, tmp_path: Path) -> None:
    config = {"_class_name": "DPMSolverMultistepScheduler", **setting}
    with pytest.raises(UsageError, match=words):
        load_model(str(_pipeline_with(tmp_path, config)), "cpu")


@pytest.mark.parametrize("name", [name for name in SCHEDULERS if hasattr(diffusers, name)])
def test_a_scheduler_is_read_through_its_class(name: str) -> None:
    """What the file leaves out is the class's default, so the table of ᾱ is the scheduler's own."""
    theirs = getattr(diffusers, name)()
    read = conventions_of({"_class_name": name, "an_attribute": "of another version"}, Path("here"))
    times = torch.arange(1, 1001, dtype=torch.float64) / 1000
    alpha, _ = read.path(times)
    torch.testing.assert_close(alpha**2, theirs.alphas_cumprod.double(), rtol=1e-4, atol=1e-7)
    assert (read.threshold is clip) == bool(theirs.config.get("clip_sample", False))


# --- The command line ------------------------------------------------------------------------------------------------


@pytest.fixture
def photo(home: Path) -> str:
    levels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(levels).save("photo.jpg")
    return "photo.jpg"


MAKERS: dict[str, list[str]] = {
    "generate": ["generate", PROMPT, "--animate"],
    "anagram": ["anagram", WORDS[1], WORDS[2], "--view", "skew"],
    "hybrid": ["hybrid", "--grey", WORDS[1], "--colour", WORDS[2]],
    "inverse hybrid": ["hybrid", "--far-image", "photo.jpg", "--near", WORDS[2]],
    "edit": ["edit", "photo.jpg", PROMPT, "--start", "0"],
    "inpaint": ["inpaint", "photo.jpg", "--mask-box", "0,0,8,8", PROMPT],
    "denoise": ["denoise", "photo.jpg", "--levels", "400"],
    "one-step": ["denoise", "photo.jpg", PROMPT, "--levels", "400", "--method", "one-step"],
    "blur": ["denoise", "photo.jpg", "--levels", "400", "--method", "blur"],
}


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("words", MAKERS.values(), ids=MAKERS.keys())
def test_every_maker_makes_both_sizes_and_makes_them_again(
    duckrabbit: Command, cascade: Path, photo: str, words: list[str], size: int
) -> None:
    # What is made in one step has no use for a number of them.
    quick = QUICK[2:] if "--method" in words else QUICK
    which = ["--model", "deepfloyd", "--weights", str(cascade), "--size", str(size), "--json", *quick]
    code, out, err = duckrabbit(*words, *which, "--seed", "3")
    assert code == 0, err
    (line,) = out.splitlines()
    told = json.loads(line)
    path = Path(told["path"])
    assert told["size"] == size
    assert path.stem.endswith("-3" if size == SMALL else f"-3-{LARGE}")
    with Image.open(path) as image:
        assert image.size == (size, size)
    assert read_metadata(path)["model"]["weights"] == str(cascade)  # type: ignore[index,call-overload]
    code, out, err = duckrabbit("rerun", str(path))
    assert (code, "identical" in err.splitlines()) == (0, True), err
    code, out, err = duckrabbit("info", str(path), "--json")
    assert code == 0, err
    command = json.loads(out)["command"]
    assert (command is None) or "--weights" in command
    if "--animate" in words:
        assert list(Path("out").glob("*.gif"))


def test_upscale_and_animate(duckrabbit: Command, cascade: Path, photo: str) -> None:
    which = ["--model", "deepfloyd", "--weights", str(cascade), *QUICK]
    code, out, err = duckrabbit("upscale", photo, PROMPT, *which, "--count", "2", "--seed", "7")
    assert code == 0, err
    first, second = (Path(line) for line in out.splitlines())
    assert [path.name.endswith(f"-{seed}-{LARGE}.png") for path, seed in ((first, 7), (second, 8))] == [True, True]
    code, out, err = duckrabbit("rerun", str(second))
    assert "identical" in err.splitlines()
    code, out, err = duckrabbit("info", str(second), "--json")
    again = json.loads(out)["command"].split()[1:]
    assert {"upscale", "--size", str(LARGE)} <= set(again)
    code, out, err = duckrabbit("animate", str(first))
    assert code == 0, err
    code, out, err = duckrabbit("generate", PROMPT, *which, "--size", str(LARGE))
    assert code == 0, err
    code, out, err = duckrabbit("animate", out.strip())
    assert code == 0, err
    with Image.open(out.strip()) as film:
        assert film.width % LARGE == 0


@pytest.mark.parametrize(
    "words",
    [
        ["generate", PROMPT, "--size", "100"],
        ["upscale", "photo.jpg", PROMPT, "--size", str(SMALL)],
        ["upscale", "photo.jpg", PROMPT, "--model", "mnist-ddpm"],
        ["generate", PROMPT, "--steps", "1001", "--grid", "leading"],
    ],
)
def test_mistakes_with_sizes(duckrabbit: Command, cascade: Path, photo: str, words: list[str]) -> None:
    model = [] if "--model" in words else ["--model", "deepfloyd", "--weights", str(cascade)]
    code, out, err = duckrabbit(*words, *model)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1, err


def test_the_models_list_and_the_doctor_speak_of_it(duckrabbit: Command) -> None:
    assert "deepfloyd" in duckrabbit("models")[1]
    code, out, _ = duckrabbit("doctor")
    assert code == 0
    assert "0 prompts encoded for deepfloyd" in out


def test_a_module_of_ours_imports_neither_before_it_must() -> None:
    import subprocess

    code = (
        "import sys, duckrabbit.models.load, duckrabbit.cli.verbs.embed, duckrabbit.models.deepfloyd.t5\n"
        "print(*{'diffusers', 'transformers', 'huggingface_hub', 'accelerate'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == ""


# --- Full size -------------------------------------------------------------------------------------------------------

PUBLISHED = {"I-XL": 4.3, "I-L": 0.9, "I-M": 0.4, "II-L": 1.2}
"""Thousand millions of parameters, as the model cards round them."""

WIDTHS: dict[str, Sequence[int]] = {
    "I-XL": (704, 1408, 2112, 2816),
    "I-L": (320, 640, 960, 1280),
    "I-M": (192, 384, 576, 768),
    "II-L": (160, 320, 640, 1280),
}


@pytest.mark.parametrize("name", WIDTHS)
def test_full_size_networks_have_the_published_number_of_parameters(name: str) -> None:
    """Stage II's widths and layers are those of Imagen's efficient U-Net that come to its count."""
    config, size = (unet_config, 64) if name.startswith("I-") else (second_unet_config, 256)
    with torch.device("meta"):
        network = diffusers.UNet2DConditionModel(**config(tuple(WIDTHS[name]), size, 4096, 64, 64))
    count = sum(parameter.numel() for parameter in network.parameters()) / 1e9
    assert round(count, 1) == PUBLISHED[name]
