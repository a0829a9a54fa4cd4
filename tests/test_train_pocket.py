"""Training pocket and folders: what is learned from, what a run leaves, and that a stopped one goes on."""

import itertools
import json
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from command_line import start
from duckrabbit.cli.main import main
from duckrabbit.datasets.prompts import vocabulary_of
from duckrabbit.errors import UsageError
from duckrabbit.judges.judge import judge_in
from duckrabbit.making.make import make
from duckrabbit.models.load import load_model
from duckrabbit.models.model import SamplerConfig
from duckrabbit.models.pocket import PocketConfig
from duckrabbit.models.storage import read_weights, write_weights
from duckrabbit.networks.text_encoder import START
from duckrabbit.recipes.generate import Generate
from duckrabbit.trained.pocket import folder_material, painted_material, time_limit, train_pocket
from duckrabbit.trained.pocket_runs import POCKET_RUNS, PocketRun
from duckrabbit.trained.pocket_stages import MAX_GUIDANCE, SECOND
from duckrabbit.trained.run_folder import to_toml
from duckrabbit.training.folder import FolderExamples, frequent, read_folder
from duckrabbit.training.loop import Engine, Hyperparameters, Report
from tiny_packs import cut_outs, photographs, write_pack, write_packs
from tiny_pocket import write_tiny_pocket

CPU = torch.device("cpu")
ENGINE = Engine(CPU, report_every=1, captured=False)
SHORT = Hyperparameters(1, 4, 1e-3, ema_decay=0.9, warmup_steps=2, cooldown=0.5, clip_gradient=1.0)
SHAPE = ["--widths", "32", "64", "64", "--blocks", "1", "1", "1"]
PLAIN = ["--device", "cpu", "--precision", "float32", "--threads", "1", "--batch-size", "4"]
SMALL = [*SHAPE, *PLAIN]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums on a CPU depend on the number of threads, and so does the last bit of a training."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_packs(tmp_path_factory.mktemp("packs"))


@pytest.fixture(scope="module")
def own_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red dogs and blue cats, in many formats."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, colour in (("dog", (220, 30, 30)), ("blue cat", (30, 30, 220))):
        (folder / name).mkdir()
        for k, (suffix, size) in enumerate(((".png", (80, 80)), (".jpg", (120, 90)), (".webp", (40, 64)))):
            Image.new("RGB", size, colour).save(folder / name / f"{k}{suffix}")
    return folder


def a_run(recipe: str, data: Path, **changes: object) -> PocketRun:
    small = {
        "pictures": 16,
        "widths": (32, 64, 64),
        "blocks": (1, 1, 1),
        "backdrops": None if recipe == "folder" else 1,
    }
    plain = {"data": str(data), "hyperparameters": SHORT, "show_every": 0, "init": None}
    return replace(POCKET_RUNS[recipe], **{**plain, **small, **changes})  # type: ignore[arg-type]


def trained(run: PocketRun, folder: Path, reports: int | None = None) -> list[Report]:
    """Train a run on a user's pictures, up to so many reports."""
    material = folder_material(run, read_folder(Path(run.data)))
    return list(itertools.islice(train_pocket(run, material, folder, ENGINE), reports))


# --- A folder of pictures --------------------------------------------------------------------------------------------


def picture(path: Path, colour: tuple[int, ...] = (90, 120, 30), size: tuple[int, int] = (20, 20)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour).save(path)


def test_captions_come_from_the_text_beside_the_folder_or_the_name(tmp_path: Path) -> None:
    picture(tmp_path / "a-red_fox 012.png")
    picture(tmp_path / "007.png")
    picture(tmp_path / "heron.png")
    (tmp_path / "heron.txt").write_text("  A grey heron,\n by the water \n", encoding="utf-8")
    picture(tmp_path / "my_dogs" / "IMG_1.PNG")
    picture(tmp_path / "more" / "old cats" / "2.gif")
    (tmp_path / "more" / "old cats" / "2.txt").write_text(" \n")
    picture(tmp_path / "my_dogs" / ".thumbnails" / "1.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    read = read_folder(tmp_path)
    assert read.captions == ("007", "a red fox", "A grey heron, by the water", "old cats", "my dogs")
    assert [str(tmp_path / "notes.txt") in said for said in read.refused] == [True]
    assert any("without a caption: 4 of 5 pictures" in said and "'007'" in said for said in read.remarks)
    assert read.pictures.shape == (5, 3, 72, 72)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("suffix", [".txt", ".caption", ".png.txt", ".CAPTION"])
def test_captions_are_read_in_the_encodings_that_editors_write(tmp_path: Path, encoding: str, suffix: str) -> None:
    picture(tmp_path / "one.png")
    (tmp_path / f"one{suffix}").write_bytes("a red café\r\n".encode(encoding))
    read = read_folder(tmp_path)
    assert (read.captions, read.refused) == (("a red café",), ())
    assert any("Latin-1" in said for said in read.remarks) == (encoding == "cp1252")


def test_captions_of_tables_are_read_and_what_is_wrong_in_them_is_named(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "in/c.png", "in/d.png"):
        picture(tmp_path / name)
    rows = [{"file_name": "a.png", "text": "a house"}, {"file_name": "in/c.png", "caption": "a boat"}]
    wrong = ["[1]", "{", json.dumps({"file_name": "gone.png", "text": "x"}), json.dumps({"file_name": "b.png"})]
    text = "\n".join([*map(json.dumps, rows), *wrong])
    (tmp_path / "metadata.jsonl").write_bytes(text.encode("utf-16"))
    (tmp_path / "in" / "metadata.csv").write_text('file_name,text\nd.png,"a duck, swimming"\n')
    read = read_folder(tmp_path)
    assert read.captions == ("a house", "b", "a boat", "a duck, swimming")
    assert [f"line {n} of" in said for n, said in zip((3, 4, 5, 6), read.refused, strict=True)] == [True] * 4


def test_every_file_that_is_left_out_is_named_with_what_it_is(tmp_path: Path) -> None:
    picture(tmp_path / "good.png")
    heic = b"\0\0\0\x24ftypheic\0\0\0\0mif1heic" + bytes(40)
    (tmp_path / "one.heic").write_bytes(heic)
    (tmp_path / "two.jpg").write_bytes(heic)
    (tmp_path / "three").write_bytes(heic)
    (tmp_path / "film.mov").write_bytes(b"\0\0\0\x14ftypqt  " + bytes(40))
    (tmp_path / "notes.md").write_text("words")
    read = read_folder(tmp_path)
    said = {
        name: next(line for line in read.refused if f"{name} " in line) for name in ("one.heic", "two.jpg", "three")
    }
    assert all("HEIC" in line and "JPEG" in line for line in said.values())
    assert any("film.mov is a film" in line for line in read.refused)
    assert len(read.refused) == 5


def test_what_is_cut_of_pictures_and_captions_is_said(tmp_path: Path) -> None:
    picture(tmp_path / "wide.png", size=(300, 100))
    (tmp_path / "wide.txt").write_text(" ".join(f"word{k}" for k in range(20)))
    said = " ".join(read_folder(tmp_path).remarks)
    assert "not square: 1 of 1 pictures" in said
    assert "15 words" in said
    assert "'word15'" in said
    assert "64×64" in said
    assert "not square" not in " ".join(read_folder(tmp_path, "left").remarks)


def test_pictures_are_cropped_laid_on_white_and_turned_upright(tmp_path: Path) -> None:
    wide = Image.new("RGB", (300, 100), (200, 0, 0))
    wide.paste((0, 200, 0), (100, 0, 200, 100))
    wide.save(tmp_path / "a wide.png")
    picture(tmp_path / "b clear.png", (0, 0, 0, 0))
    tall = Image.new("RGB", (100, 100), (0, 0, 200))
    tall.paste((200, 200, 0), (0, 0, 100, 50))
    exif = tall.getexif()
    exif[0x0112] = 3  # Upside down.
    tall.save(tmp_path / "c turned.jpg", exif=exif, quality=95)
    left = read_folder(tmp_path, "left").pictures[0]
    assert left[0, :, 5:-5].min() > 180
    padded = read_folder(tmp_path, "pad").pictures[0]
    assert (padded[:, :20] < 10).all()
    assert padded[1, 36, 36] > 180
    cropped, clear, turned = read_folder(tmp_path).pictures
    assert (cropped[1] > 190).all()
    assert (cropped[0] < 10).all()
    assert (clear == 255).all()
    assert turned[2, :30].min() > 180
    assert turned[0, 42:].min() > 180


def test_broken_pictures_are_left_out_and_named(tmp_path: Path) -> None:
    picture(tmp_path / "good.png")
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.webp").touch()
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:40])
    read = read_folder(tmp_path)
    assert read.captions == ("good",)
    assert [next(name for name in ("cut", "empty", "text") if name in said) for said in read.refused] == [
        "cut",
        "empty",
        "text",
    ]


def test_a_folder_without_pictures_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "broken.png").write_text("nothing")
    for folder, said in ((tmp_path / "nowhere", "no folder"), (tmp_path, "None of the 1"), (tmp_path / "x", "picture")):
        if folder.name == "x":
            folder.mkdir()
        with pytest.raises(UsageError, match=said) as refusal:
            read_folder(folder)
        assert "\n" not in str(refusal.value)


def _half_and_half(count: int = 4000) -> FolderExamples:
    """One picture, black on the left and white on the right, and one grey."""
    pictures = torch.full((2, 3, 72, 72), 128, dtype=torch.uint8)
    pictures[0, :, :, :36], pictures[0, :, :, 36:] = 0, 255
    return FolderExamples(pictures, torch.tensor([[START, 5], [START, 6]]), count)


def test_pictures_are_seen_equally_often() -> None:
    examples = FolderExamples(torch.zeros(3, 3, 72, 72, dtype=torch.uint8), torch.ones(3, 2, dtype=torch.int64), 100)
    assert len(examples) == 100
    seen = torch.cat(list(examples.prepared(torch.randperm(100).view(10, 10))))
    assert torch.bincount(seen).tolist() == [34, 33, 33]


def test_pictures_are_mirrored_and_cropped_a_little_and_captions_dropped_at_times() -> None:
    examples = _half_and_half()
    batch = examples.batch(torch.zeros(2000, dtype=torch.int64), torch.Generator().manual_seed(0))
    assert batch.x0.shape == (2000, 3, 64, 64)
    assert batch.x0.min() >= -1
    assert batch.x0.max() <= 1
    left = batch.x0[:, 0, :, :20].mean(dim=(1, 2))
    assert (left.abs() > 0.99).all()
    assert abs((left > 0).float().mean() - 0.5) < 0.05
    # The border between black and white moves by no more than the room there is.
    dark = (batch.x0[:, 0] < 0).float().mean(dim=(1, 2)) * 64
    assert 24 <= dark.min() < 29
    assert 35 < dark.max() <= 40
    dropped = (batch.condition == torch.tensor([START, 0])).all(dim=1).float().mean()
    assert 0.08 < dropped < 0.12
    assert ((batch.condition == torch.tensor([START, 5])).all(dim=1).float().mean() + dropped).item() == 1


def test_the_most_frequent_captions_come_first() -> None:
    assert frequent(("a", "b", "b", "c", "c", "c"), 2) == ("c", "b")


# --- Runs ------------------------------------------------------------------------------------------------------------


def test_a_run_leaves_its_folder_and_a_model_that_samples(own_pictures: Path, tmp_path: Path) -> None:
    run = a_run("folder", own_pictures, show_every=2)
    material = replace(folder_material(run, read_folder(own_pictures)), shown=("a dog", "an unknown zeppelin"))
    reports = list(train_pocket(run, material, tmp_path / "run", ENGINE))
    assert [report.step for report in reports] == [1, 2, 3, 4]
    assert [report.learning_rate for report in reports] == pytest.approx([5e-4, 1e-3, 1e-3, 5e-4])
    names = sorted(str(file.relative_to(tmp_path / "run")) for file in (tmp_path / "run").rglob("*") if file.is_file())
    assert names == sorted(
        [
            *("checkpoint.safetensors", "config.toml", "lock", "loss.png", "metrics.jsonl", "model.safetensors"),
            *("samples/step-000002.png", "samples/step-000004.png"),
        ]
    )
    with Image.open(tmp_path / "run" / "samples" / "step-000004.png") as sheet:
        assert sheet.height < 100, "a prompt without a known word has no row"
        assert sheet.width > 8 * 64
    assert PocketRun.from_toml(tmp_path / "run" / "config.toml") == run
    model = load_model(str(tmp_path / "run"), "cpu", torch.float32)
    account = model.config["training"]
    assert (account["recipe"], account["steps"], account["pictures"]) == ("folder", 4, 16)
    assert model.config["words"] == ["blue", "cat", "dog"]
    model.check_prompt("a blue dog")


def test_the_model_is_the_average(own_pictures: Path, tmp_path: Path) -> None:
    trained(a_run("folder", own_pictures), tmp_path)
    tensors, _ = read_weights(tmp_path / "model.safetensors")
    checkpoint = load_file(tmp_path / "checkpoint.safetensors")
    norm = "up.0.0.residual.norm1.weight"
    assert torch.equal(tensors[norm], checkpoint[f"average.{norm}"])
    assert not torch.equal(tensors[norm], checkpoint[f"network.{norm}"])


@pytest.mark.parametrize("recipe", ["pocket", "pocket-guided", "folder"])
def test_a_run_that_was_stopped_goes_on_as_if_it_was_not(
    recipe: str, packs: Path, own_pictures: Path, started: Path, tmp_path: Path
) -> None:
    own = recipe == "folder"
    # Judges move what is learnt of compositions underway, which begin anew when a run goes on.
    unjudged = {"init": str(started), "judge_strength": 0.0} if recipe == "pocket-guided" else {}
    run = a_run(recipe, own_pictures if own else packs, **unjudged)
    material = folder_material(run, read_folder(own_pictures)) if own else painted_material(run)
    whole = list(train_pocket(run, material, tmp_path / "whole", ENGINE))
    asked = iter([False, True])
    first = list(train_pocket(run, material, tmp_path / "left", ENGINE, lambda: next(asked)))
    assert [report.step for report in first] == [1, 2]
    account = load_model(str(tmp_path / "left"), "cpu").config["training"]
    assert account.get("additional", account)["steps"] == 2
    torch.manual_seed(99)
    rest = list(train_pocket(run, material, tmp_path / "left", ENGINE))
    assert [report.loss for report in first + rest] == [report.loss for report in whole]
    for name in ("model.safetensors", "config.toml"):
        assert (tmp_path / "left" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    checkpoints = [load_file(tmp_path / name / "checkpoint.safetensors") for name in ("left", "whole")]
    assert all(torch.equal(checkpoints[0][name], tensor) for name, tensor in checkpoints[1].items())
    steps = [json.loads(line)["step"] for line in (tmp_path / "left" / "metrics.jsonl").read_text().splitlines()]
    assert steps == [1, 2, 3, 4]
    assert list(train_pocket(run, material, tmp_path / "left", ENGINE)) == []


def test_a_time_limit_ends_when_its_time_is_over() -> None:
    assert not time_limit(None, ENGINE)()
    assert not time_limit(10.0, ENGINE)()
    assert time_limit(1e-9, ENGINE)()


def test_a_run_learns_a_picture(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "red.png", (200, 40, 40))
    run = a_run(
        "folder", tmp_path / "pictures", pictures=240, hyperparameters=replace(SHORT, learning_rate=2e-3, cooldown=0.0)
    )
    losses = [report.loss for report in trained(run, tmp_path / "run")]
    assert sum(losses[-10:]) < 0.5 * sum(losses[:10])


# --- Starting from a model -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def started(own_pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on dogs and blue cats."""
    folder = tmp_path_factory.mktemp("started") / "run"
    trained(a_run("folder", own_pictures), folder)
    return folder


def _embeddings(model: Path) -> dict[str, Tensor]:
    tensors, header = read_weights(model / "model.safetensors")
    words = PocketConfig.from_json(header).vocabulary
    return {word: tensors["text.words.weight"][words.encode([word])[0, 1]] for word in words.words}


def test_words_that_are_known_keep_their_embeddings_and_new_ones_are_added(started: Path, tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "zebra and dog.png")
    still = replace(SHORT, learning_rate=1e-9, ema_decay=0.0)
    run = a_run("folder", tmp_path / "pictures", init=str(started), hyperparameters=still)
    trained(run, tmp_path / "run")
    before, after = _embeddings(started), _embeddings(tmp_path / "run")
    assert list(after) == ["blue", "cat", "dog", "and", "zebra"]
    for word, own in before.items():
        torch.testing.assert_close(after[word], own, rtol=0, atol=1e-5)
    assert after["zebra"].std() > 0.3
    tensors, _ = read_weights(started / "model.safetensors")
    others, header = read_weights(tmp_path / "run" / "model.safetensors")
    torch.testing.assert_close(others["conv_in.weight"], tensors["conv_in.weight"], rtol=0, atol=1e-5)
    assert header["training"]["init"] == str(started)
    assert header["network"]["widths"] == [32, 64, 64]


def test_a_resumed_run_needs_no_init_and_no_words(started: Path, own_pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "model.safetensors").write_bytes((started / "model.safetensors").read_bytes())
    run = a_run("folder", own_pictures, init=str(tmp_path / "from"))
    trained(run, tmp_path / "run", 0)
    asked = iter([True])
    material = folder_material(run, read_folder(own_pictures))
    list(train_pocket(run, material, tmp_path / "run", ENGINE, lambda: next(asked)))
    (tmp_path / "from" / "model.safetensors").unlink()
    rest = list(train_pocket(run, replace(material, words=("other",)), tmp_path / "run", ENGINE))
    assert [report.step for report in rest] == [2, 3, 4]


@pytest.fixture(scope="module")
def guided(own_pictures: Path, started: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that learnt from the other one to guide itself, and from judges."""
    folder = tmp_path_factory.mktemp("guided") / "run"
    reports = trained(a_run("pocket-guided", own_pictures, init=str(started)), folder)
    assert len(reports) == 4
    return folder


def test_a_run_that_learns_guidance_knows_its_teacher_s_words_and_guides_itself(guided: Path, started: Path) -> None:
    own, before = read_weights(started / "model.safetensors")
    tensors, after = read_weights(guided / "model.safetensors")
    assert after["words"] == before["words"]
    assert after["sampler"] == before["sampler"]
    assert {**before["training"], "additional": after["training"]["additional"]} == after["training"]
    assert all(torch.equal(tensors[name], tensor) for name, tensor in own.items()), "its own weights are as they were"
    assert tensors["guided.embed_guidance.weight"].abs().max() > 0
    assert load_model(str(guided), "cpu").max_guidance == MAX_GUIDANCE


def test_without_guidance_a_run_that_learnt_it_makes_its_teacher_s_pictures(guided: Path, started: Path) -> None:
    teacher, learner = (load_model(str(own), "cpu", torch.float32) for own in (started, guided))
    for scale, alike in ((1.0, True), (5.0, False)):
        sampler = SamplerConfig(steps=2, guidance_scale=scale)
        made = [make(Generate("a cat", sampler=sampler), own)[0].pixels for own in (teacher, learner)]
        assert torch.equal(*made) == alike


def test_a_judged_run_goes_on_from_where_it_was_stopped(own_pictures: Path, started: Path, tmp_path: Path) -> None:
    run = a_run("pocket-guided", own_pictures, init=str(started))
    material = folder_material(run, read_folder(own_pictures))
    asked = iter([False, True])
    first = list(train_pocket(run, material, tmp_path, ENGINE, lambda: next(asked)))
    rest = list(train_pocket(run, material, tmp_path, ENGINE))
    assert [report.step for report in first + rest] == [1, 2, 3, 4]
    assert load_model(str(tmp_path), "cpu").config["training"]["additional"]["steps"] == 4


def test_learning_guidance_goes_on_from_what_a_model_knows_of_it(
    guided: Path, own_pictures: Path, tmp_path: Path
) -> None:
    still = replace(SHORT, learning_rate=1e-9, ema_decay=0.0)
    trained(a_run("pocket-guided", own_pictures, init=str(guided), hyperparameters=still), tmp_path)
    sampler = SamplerConfig(steps=2, guidance_scale=5.0)
    before, after = (
        make(Generate("a cat", sampler=sampler), load_model(str(own), "cpu", torch.float32))[0].pixels
        for own in (guided, tmp_path)
    )
    assert (before - after).abs().max() < 4 / 127.5


def test_a_run_learns_from_whom_it_began_with(started: Path, own_pictures: Path, tmp_path: Path) -> None:
    teacher, judge = tmp_path / "teacher.safetensors", tmp_path / "judge.safetensors"
    tensors, header = read_weights(started / "model.safetensors")
    weights = Path(__file__).parents[1] / "src/duckrabbit/models/weights/picture-judge-pulling.safetensors"
    seen, names = read_weights(weights)
    names = {**names, "kind": "picture-judge"}
    write_weights(teacher, tensors, header)
    write_weights(judge, seen, names)
    run = a_run("pocket-guided", own_pictures, init=str(teacher), judges=(str(judge),))
    material = folder_material(run, read_folder(own_pictures))
    asked = iter([True])
    list(train_pocket(run, material, tmp_path / "run", ENGINE, lambda: next(asked)))
    for file, content, itself, role in ((teacher, tensors, header, "teacher"), (judge, seen, names, "judges")):
        was = file.read_bytes()
        write_weights(file, content, {**itself, "other": 1})
        with pytest.raises(UsageError, match=f"another {role}"):
            list(train_pocket(run, material, tmp_path / "run", ENGINE))
        file.write_bytes(was)
    list(train_pocket(run, material, tmp_path / "run", ENGINE))
    account = load_model(str(tmp_path / "run"), "cpu").config["training"]["additional"]
    assert account["judges"] == judge_in("pictures", "selecting", judge).checksum
    assert account["teacher"] == load_model(str(teacher), "cpu").checksum
    assert account["judge_strength"] == run.judge_strength


def test_a_run_that_can_t_have_its_judges_is_not_begun(started: Path, own_pictures: Path, tmp_path: Path) -> None:
    run = a_run("pocket-guided", own_pictures, init=str(started), judges=(str(started / "model.safetensors"),))
    with pytest.raises(UsageError, match="no selecting judge"):
        list(train_pocket(run, folder_material(run, read_folder(own_pictures)), tmp_path / "run", ENGINE))
    assert not (tmp_path / "run" / "config.toml").exists()


def test_guidance_is_forgotten_by_what_learns_from_pictures_alone(
    guided: Path, own_pictures: Path, tmp_path: Path
) -> None:
    trained(a_run("folder", own_pictures, init=str(guided)), tmp_path)
    assert load_model(str(tmp_path), "cpu").max_guidance == 1.0


def test_guidance_is_learnt_from_a_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`init` None"):
        a_run("pocket-guided", tmp_path)


def test_a_digit_model_is_no_start(own_pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no pocket model"):
        trained(a_run("folder", own_pictures, init="mnist-ddpm"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_damaged_checkpoint_is_said(own_pictures: Path, tmp_path: Path, started: Path) -> None:
    run = a_run("folder", own_pictures)
    for content in (b"nothing", (started / "model.safetensors").read_bytes()):
        (tmp_path / "checkpoint.safetensors").write_bytes(content)
        with pytest.raises(UsageError, match="delete it"):
            trained(run, tmp_path)


# --- Descriptions ----------------------------------------------------------------------------------------------------


def test_a_run_is_the_same_after_it_was_written_down(tmp_path: Path) -> None:
    for plain in POCKET_RUNS.values():
        for run in (plain, replace(plain, data="Ünï / \\ 🦆", init="x", show_every=0)):
            (tmp_path / "config.toml").write_text(to_toml(run), encoding="utf-8")
            assert PocketRun.from_toml(tmp_path / "config.toml") == run


@pytest.mark.parametrize(
    "text", ["", "[[", "recipe = 7", 'recipe = "pocket"', "[hyperparameters]", "hyperparameters = 3"]
)
def test_a_damaged_description_of_a_run_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError):
        PocketRun.from_toml(tmp_path / "config.toml")


@pytest.mark.parametrize(
    "mistake",
    [
        {"pictures": 0},
        {"show_every": -1},
        {"widths": (33, 64, 64)},
        {"widths": (32, 64, 32)},
        {"widths": (0, 64, 64)},
        {"blocks": (1, 0, 1)},
        {"backdrops": 0},
    ],
)
def test_impossible_runs_are_refused(mistake: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=f"`{next(iter(mistake))}`"):
        replace(POCKET_RUNS["pocket"], **mistake)  # type: ignore[arg-type]


def test_all_the_words_of_a_folder_are_learned(own_pictures: Path) -> None:
    read = read_folder(own_pictures)
    material = folder_material(a_run("folder", own_pictures), read)
    assert material.words == vocabulary_of(read.captions).words
    assert set(material.shown) == {"dog", "blue cat", ""}


# --- The command line ------------------------------------------------------------------------------------------------


def test_pocket_is_trained_killed_and_resumed_from_the_command_line(
    packs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "pocket", *SMALL, "--show-every", "0", "--backdrops", "1", "--pictures", "120"]
    process = start(*words, "--data", str(packs), "--out", "run", folder=tmp_path)
    config = tmp_path / "run" / "config.toml"
    while process.poll() is None and not config.exists():
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    assert config.exists(), process.communicate()[1]
    resumed = start("train", "pocket", *PLAIN, "--out", "run", "--resume", folder=tmp_path)
    out, err = resumed.communicate(timeout=240)
    assert resumed.returncode == 0, err
    assert out == "run/model.safetensors\n"
    assert load_model(str(tmp_path / "run"), "cpu").config["training"]["steps"] == 30
    monkeypatch.chdir(tmp_path)
    assert main(["train", "pocket", "--out", "run", "--resume"]) == 0
    assert "trained to the end already" in capsys.readouterr().err


def test_two_processes_train_one_run(packs: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": "2"}
    words = ["train", "pocket", *SMALL, "--show-every", "0", "--backdrops", "1", "--pictures", "400"]
    words += ["--data", str(packs), "--out", "run", "--minutes", "0.02"]
    team = [
        start(*words, folder=tmp_path, environment={**where, "RANK": str(rank), "LOCAL_RANK": str(rank)})
        for rank in range(2)
    ]
    ends = [process.communicate(timeout=240) for process in team]
    assert [process.returncode for process in team] == [0, 0], ends
    assert [out for out, _ in ends] == ["run/model.safetensors\n", ""]
    assert "the time is over after" in ends[0][1]
    assert "--resume" in ends[0][1]
    assert "wrote" not in ends[1][1]
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert 0 < len(lines) < 100


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_trained_and_used(
    own_pictures: Path, started: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "folder", "--data", str(own_pictures), "--pictures", "8", "--show-every", "0", *PLAIN]
    assert main([*words, "--init", str(started), "--out", "fine"]) == 0
    said = capsys.readouterr()
    assert said.out == "fine/model.safetensors\n"
    assert "6 pictures" in said.err
    assert main(["generate", "a blue dog", "--model", "fine", "--steps", "1", "--device", "cpu"]) == 0
    assert main(["hybrid", "--far", "dog", "--near", "cat", "--model", "fine", "--steps", "1", "--device", "cpu"]) == 0
    capsys.readouterr()
    assert main([*words, "--init", str(started), "--out", "fine"]) == 2
    assert "--resume" in capsys.readouterr().err
    assert main(["train", "folder", "--out", "fine", "--resume", "--learning-rate", "0.5"]) == 2
    assert "--learning-rate" in capsys.readouterr().err
    assert main(["train", "pocket", "--out", "fine", "--resume"]) == 2


def test_a_second_stage_is_trained_and_makes_the_first_ones_pictures_large(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pack(here / "packs" / "art256.zip", cut_outs(size=256))
    write_pack(here / "packs" / "photos256.zip", photographs(size=256))
    first = write_tiny_pocket(here / "first.safetensors", ["a cat", "a dog and a rocket"])
    words = ["train", "pocket-256", *PLAIN, "--backdrops", "1", "--pictures", "8", "--data", "packs"]
    words += ["--first-stage", str(first)]
    assert main([*words, *SHAPE, "--out", "run"]) == 0
    capsys.readouterr()
    config = PocketConfig.from_json(read_weights(here / "run" / "model.safetensors")[1])
    assert (config.size, config.low_time, config.first_stage) == (256, SECOND.low_time, str(first))
    assert config.words == PocketConfig.from_json(read_weights(first)[1]).words
    model, alone = load_model("run", "cpu"), load_model(str(first), "cpu")
    assert (model.sizes, model.name) == ((64, 256), "run")
    small, before, large = (make(Generate("a cat"), *which) for which in ((model,), (alone,), (model, 1, 0, None, 256)))
    assert torch.equal(small[0].pixels, before[0].pixels)
    assert large[0].pixels.shape == (3, 256, 256)
    with Image.open(here / "run" / "samples" / "step-000002.png") as sheet:
        assert sheet.width > 2 * 256
    # What is trained further is the second stage, not the first.
    assert main([*words, "--out", "more", "--init", "run", "--show-every", "0"]) == 0
    assert PocketConfig.from_json(read_weights(here / "more" / "model.safetensors")[1]).size == 256
    # It goes with the first stage that was named, whichever it went with before.
    assert main([*words, "--first-stage", "run", "--out", "other", "--init", "run", "--show-every", "0"]) == 0
    assert PocketConfig.from_json(read_weights(here / "other" / "model.safetensors")[1]).first_stage == "run"
    # A second stage that follows another reads its first one's words, and makes its pictures large.
    assert main([*words, *SHAPE, "--first-stage", "run", "--out", "again", "--show-every", "0"]) == 0
    config = PocketConfig.from_json(read_weights(here / "again" / "model.safetensors")[1])
    assert (config.first_stage, config.words) == ("run", PocketConfig.from_json(read_weights(first)[1]).words)
    again = load_model("again", "cpu")
    assert (again.sizes, again.name) == ((64, 256), "again")
    assert again.at(256).checksum != model.at(256).checksum
    assert torch.equal(make(Generate("a cat"), again)[0].pixels, before[0].pixels)


def test_second_stages_that_lead_in_a_circle_are_refused(here: Path) -> None:
    first = write_tiny_pocket(here / "first.safetensors", ["a cat"])
    weights, header = read_weights(first)
    for name, leads_to in (("a", "b"), ("b", "a"), ("itself", "itself")):
        second = {**header, "low_time": SECOND.low_time, "first_stage": f"{leads_to}.safetensors"}
        write_weights(here / f"{name}.safetensors", dict(weights), second)
    for name in ("a", "b", "itself"):
        with pytest.raises(UsageError, match=f"{name}.safetensors names lead in a circle"):
            load_model(f"{name}.safetensors", "cpu")


def test_pictures_that_are_left_out_are_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture(Path("pictures/red.png"))
    for k in range(7):
        Path(f"pictures/broken {k}.png").write_text("no picture")
    words = ["train", "folder", "--data", "pictures", "--init", "none", "--pictures", "4", "--show-every", "0", *SMALL]
    assert main([*words, "--out", "run"]) == 0
    err = capsys.readouterr().err
    assert err.count("left out: ") == 7
    assert "1 pictures, 7 left out" in err


MISTAKES = {
    "no data": ["folder"],
    "no such folder": ["folder", "--data", "nowhere"],
    "no pictures": ["folder", "--data", "empty"],
    "no packs": ["pocket", "--data", "empty"],
    "damaged packs": ["pocket", "--data", "damaged"],
    "digits' option": ["pocket", "--data", "PACKS", "--hidden", "3"],
    "text's option": ["mnist-ddpm", "--pictures", "3"],
    "first stage of a first": ["pocket", "--data", "PACKS", "--first-stage", "pocket"],
    "first stage of digits": ["pocket-256", "--data", "PACKS", "--first-stage", "mnist-ddpm"],
    "backdrops of a folder": ["folder", "--data", "OWN", "--backdrops", "3"],
    "widths of a model": ["folder", "--data", "OWN", "--widths", "64", "64", "64"],
    "two widths": ["folder", "--data", "OWN", "--init", "none", "--widths", "64", "64"],
    "odd widths": ["folder", "--data", "OWN", "--init", "none", "--widths", "10", "64", "64"],
    "no start": ["folder", "--data", "OWN", "--init", "mnist-ddpm", "--batch-size", "2", "--pictures", "2"],
    "batch too large": ["folder", "--data", "OWN", "--init", "none", "--pictures", "3"],
    "no time": ["folder", "--data", "OWN", "--init", "none", "--minutes", "0"],
    "nothing to resume": ["pocket", "--resume"],
    "unknown precision": ["pocket", "--data", "PACKS", "--precision", "float8"],
    "misspelt": ["pocke"],
}


@pytest.mark.parametrize("words", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_sentence_and_leaves_nothing_behind(
    words: list[str], here: Path, packs: Path, own_pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    Path("damaged").mkdir()
    for name in ("art64.zip", "photos64.zip"):
        Path("damaged", name).write_bytes((packs / name).read_bytes()[:500])
    there = {"PACKS": str(packs), "OWN": str(own_pictures)}
    capsys.readouterr()
    code = main(["train", *(there.get(word, word) for word in words)])
    lines = capsys.readouterr().err.splitlines()
    assert code == 2, lines
    assert [line for line in lines if line.startswith("duckrabbit: error: ")] == lines[-1:]
    assert not Path("runs").exists()
