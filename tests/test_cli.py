"""The command line, end to end: what is written, what is printed, and how it ends."""

import errno
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from command_line import Command, files, start, wait_for
from duckrabbit.cli.main import main
from duckrabbit.cli.options import Wording
from duckrabbit.cli.verbs import VERBS
from duckrabbit.datasets.prompts import words_of
from duckrabbit.media.names import slug
from duckrabbit.media.png import read_metadata

DIGIT = "mnist:test/7"
QUICK = ["--steps", "3", "--threads", "1"]
MAKERS = {
    "generate": ["generate", "7", *QUICK],
    "generate anything": ["generate", "--model", "mnist-flow", *QUICK],
    "anagram": ["anagram", "6", "9", "--view", "rotate-180", *QUICK],
    "three views": ["anagram", "6", "9", "1", "--view", "rotate-180", "--view", "flip+negate", *QUICK],
    "hybrid": ["hybrid", "--far", "3", "--near", "8", *QUICK],
    "inverse hybrid": ["hybrid", "--far-image", DIGIT, "--near", "8", *QUICK],
    "noise": ["noise", DIGIT, "--levels", "250", "--threads", "1"],
    "added noise": ["noise", DIGIT, "--noise-sigma", "0.5", "--threads", "1"],
    "denoise": ["denoise", DIGIT, "9", "--levels", "500", *QUICK],
    "one-step": ["denoise", DIGIT, "--noise-sigma", "0.5", "--threads", "1"],
    "blur": ["denoise", DIGIT, "--start", "20", "--method", "blur", "--threads", "1"],
    "edit": ["edit", DIGIT, "3", "--start", "1", *QUICK],
    "edit from the usual start": ["edit", DIGIT, "3", *QUICK],
    "edit at a level": ["edit", DIGIT, "--start-level", "600", *QUICK],
    "inpaint": ["inpaint", DIGIT, "--mask-ellipse", "7,7,21,21", "3", *QUICK],
}
MISTAKES = {
    "unknown verb": ["generat", "7"],
    "unknown option": ["generate", "7", "--cuont", "3"],
    "missing value": ["generate", "7", "--count"],
    "wrong kind": ["generate", "7", "--count", "many"],
    "prompt in a list": ["edit", DIGIT, "--start", "3", "a duck"],
    "unknown short option": ["generate", "7", "-x"],
    "no count": ["generate", "7", "--count", "0"],
    "negative seed": ["generate", "7", "--seed", "-1"],
    "seed too large": ["generate", "7", "--seed", str(2**63 - 1), "--count", "2"],
    "no known word": ["generate", "xyzzy plugh"],
    "text prompt for digits": ["generate", "a duck", "--model", "mnist-ddpm-class"],
    "style": ["generate", "7", "--style", "an oil painting of", "--model", "mnist-ddpm-class"],
    "two prompts": ["generate", "7", "8"],
    "prompt for a model without": ["generate", "7", "--model", "mnist-ddpm"],
    "model that can't sample": ["generate", "--model", "mnist-denoiser"],
    "unknown model": ["generate", "7", "--model", "mnist-ddmp"],
    "other size": ["generate", "7", "--size", "64"],
    "unknown solver": ["generate", "7", "--solver", "rk4"],
    "unknown grid": ["generate", "7", "--grid", "rough"],
    "course of its own length": ["generate", "7", "--grid", "course", "--steps", "20"],
    "guidance that is no number": ["generate", "7", "--guidance-scale", "nan"],
    "unknown device": ["generate", "7", "--device", "abacus"],
    "unknown precision": ["generate", "7", "--precision", "float8"],
    "no threads": ["generate", "7", "--threads", "0"],
    "out is a file": ["generate", "7", "--out", "here.txt"],
    "no view": ["anagram", "6", "9"],
    "unknown view": ["anagram", "6", "9", "--view", "sideways"],
    "half a hybrid": ["hybrid", "--far", "3"],
    "two pictures": ["hybrid", "--far-image", DIGIT, "--near-image", DIGIT],
    "colour of a grey model": ["hybrid", "--grey", "3", "--colour", "8"],
    "no level": ["noise", DIGIT],
    "levels and sigmas": ["noise", DIGIT, "--levels", "2", "--noise-sigma", "0.5"],
    "level out of range": ["noise", DIGIT, "--levels", "2000"],
    "no picture": ["noise", "nowhere.png", "--levels", "250"],
    "no such digit": ["noise", "mnist:test/10000", "--levels", "250"],
    "unknown method": ["denoise", DIGIT, "--levels", "250", "--method", "hope"],
    "two starts": ["edit", DIGIT, "3", "--start", "1", "--start-level", "900"],
    "start out of range": ["edit", DIGIT, "3", "--start", "35"],
    "no mask": ["inpaint", DIGIT],
    "three corners": ["inpaint", DIGIT, "--mask-box", "1,2,3"],
    "mask outside": ["inpaint", DIGIT, "--mask-box", "0,0,99,99"],
    "unknown recipe": ["train", "mnist-gan"],
    "no epochs": ["train", "mnist-ddpm", "--epochs", "0"],
    "batch too large": ["train", "mnist-ddpm", "--examples", "10"],
    "nothing to resume": ["train", "mnist-ddpm", "--resume"],
    "not a PNG of ours": ["rerun", "plain.png"],
    "unknown format": ["animate", "plain.png", "--format", "avi"],
    "no record": ["info", "plain.png"],
}


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


# --- Every verb ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", MAKERS.values(), ids=MAKERS.keys())
def test_a_picture_is_made_and_can_be_made_again(duckrabbit: Command, words: list[str]) -> None:
    made = duckrabbit(*words, "--seed", "3")
    assert made.code == 0, made.err
    [path] = made.paths
    assert path.name.startswith(f"{words[0]}-")
    assert path.stem.endswith("-3")
    assert f"wrote {path} (seed 3)" in made.err
    assert pixels(path).shape == (28, 28)
    assert files(Path("out")) == {path.name}

    again = duckrabbit("rerun", str(path))
    assert again.code == 0
    assert "identical" in again.err.splitlines()
    assert np.array_equal(pixels(again.paths[0]), pixels(path))


@pytest.mark.parametrize("words", MAKERS.values(), ids=MAKERS.keys())
def test_info_spells_the_command_that_makes_the_picture(duckrabbit: Command, words: list[str]) -> None:
    [path] = duckrabbit(*words, "--seed", "2").paths
    told = json.loads(duckrabbit("info", str(path), "--json").out)
    assert told["seed"] == 2
    spelt = shlex.split(told["command"])
    assert spelt[:2] == ["duckrabbit", words[0]]
    assert f"again: {told['command']}" in duckrabbit("info", str(path)).out.splitlines()
    [other] = duckrabbit(*spelt[1:], "--out", "other").paths
    assert np.array_equal(pixels(other), pixels(path))


def test_rerun_repeats_the_batch_of_a_picture_from_the_middle(duckrabbit: Command) -> None:
    made = duckrabbit("generate", "7", "--count", "3", "--steps", "3", "--threads", "1", "--seed", "4")
    again = duckrabbit("rerun", str(made.paths[1]))
    assert "identical" in again.err.splitlines()
    assert read_metadata(again.paths[0]) == read_metadata(made.paths[1])


def test_rerun_says_what_differs(duckrabbit: Command, tmp_path: Path) -> None:
    from duckrabbit.media.pixels import from_uint8
    from duckrabbit.media.png import write_png

    [path] = duckrabbit(*MAKERS["generate"]).paths
    levels = pixels(path).copy()
    levels[0, 0] ^= 5
    write_png(path, from_uint8(levels), read_metadata(path))
    again = duckrabbit("rerun", str(path))
    assert again.code == 1
    assert "1 of 784 pixels differ" in again.err

    record = read_metadata(path)
    circumstances = record["circumstances"]
    assert isinstance(circumstances, dict)
    write_png(path, from_uint8(levels), {**record, "circumstances": {**circumstances, "torch": "1.0"}})
    again = duckrabbit("rerun", str(path))
    assert again.code == 0
    assert "torch was 1.0" in again.err


def resaved(path: Path, image: Image.Image) -> None:
    """Save a picture as another program would, its record kept."""
    text, info = json.dumps(read_metadata(path)), PngInfo()
    info.add_itxt("duckrabbit", text)
    image.save(path, pnginfo=info)


def test_rerun_compares_what_is_seen_and_not_how_it_is_stored(duckrabbit: Command) -> None:
    [path] = duckrabbit("generate", "7", "--steps", "2", "--threads", "1").paths
    grey = Image.open(path).convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    for same in (grey.convert("RGB"), grey.convert("RGBA"), grey.convert("LA"), grey.quantize(256), deep):
        resaved(path, same)
        again = duckrabbit("rerun", str(path))
        assert again.code == 0, again.err
        assert "identical" in again.err.splitlines()

    clear, palette = grey.convert("RGBA"), grey.convert("P")
    clear.putpixel((14, 14), (*clear.getpixel((14, 14))[:3], 0))  # type: ignore[index]
    shades = [level for k in range(256) for level in (255 - k,) * 3]
    palette.putpalette(shades)
    for other, words in [
        (clear, "1 of 784 pixels differ"),
        (palette, "pixels differ"),
        (grey.resize((14, 14)), "is 14×14"),
    ]:
        resaved(path, other)
        again = duckrabbit("rerun", str(path))
        assert again.code == 1
        assert words in again.err


def test_rerun_says_when_the_judge_that_pulled_has_changed(duckrabbit: Command) -> None:
    from duckrabbit.media.pixels import from_uint8
    from duckrabbit.media.png import write_png

    [path] = duckrabbit("anagram", "6", "9", "--view", "flip", "--judge-scale", "0.3", "--steps", "3").paths
    record = read_metadata(path)
    judge = record["judge"]
    assert isinstance(judge, dict)
    assert str(judge["sha256"]) in duckrabbit("info", str(path)).out
    assert "identical" in duckrabbit("rerun", str(path)).err.splitlines()

    levels = pixels(path).copy()
    levels[0, 0] ^= 5
    without = {name: value for name, value in record.items() if name != "judge"}
    said = "the judge that pulled the picture has changed"
    for changed, code, says in (
        ({**record, "judge": {"sha256": "0" * 16}}, 0, True),
        (record, 1, False),
        # As an earlier version wrote it.
        (without, 1, False),
    ):
        write_png(path, from_uint8(levels), changed)
        again = duckrabbit("rerun", str(path))
        assert (again.code, said in again.err) == (code, says), again.err
    write_png(path, from_uint8(levels), {**record, "judge": "somebody"})
    assert duckrabbit("rerun", str(path)).code == 2


@pytest.mark.parametrize("kind", ["generate", "three views", "hybrid", "edit", "inpaint", "blur"])
def test_a_picture_is_animated(duckrabbit: Command, kind: str) -> None:
    [path] = duckrabbit(*MAKERS[kind]).paths
    film = duckrabbit("animate", str(path))
    assert film.code == 0
    with Image.open(film.paths[0]) as image:
        assert image.format == "GIF"
        assert getattr(image, "n_frames", 1) > 1
        assert 200 <= image.width <= 330


@pytest.mark.parametrize(
    ("part", "damage"),
    [
        ("recipe", {"prompt": 7}),
        ("recipe", {"sampler": {"steps": "many"}}),
        ("recipe", {"colour": "red"}),
        ("batch", {"size": 10**9}),
        ("circumstances", {"threads": "all"}),
        ("model", {"name": "nowhere"}),
    ],
)
def test_a_damaged_record_is_refused(duckrabbit: Command, part: str, damage: dict[str, object]) -> None:
    from duckrabbit.media.pixels import from_uint8
    from duckrabbit.media.png import write_png

    [path] = duckrabbit(*MAKERS["generate"]).paths
    record = read_metadata(path)
    whole = record[part]
    assert isinstance(whole, dict)
    write_png(path, from_uint8(pixels(path)), {**record, part: {**whole, **damage}})  # type: ignore[dict-item]
    again = duckrabbit("rerun", str(path))
    assert again.code == 2, again.err
    assert again.err.startswith("duckrabbit: error: ")
    assert duckrabbit("info", str(path)).code in (0, 2)


def test_noise_has_no_making_to_animate(duckrabbit: Command) -> None:
    [path] = duckrabbit(*MAKERS["noise"]).paths
    assert duckrabbit("animate", str(path)).code == 2


def test_sampling_is_animated_as_it_happens(duckrabbit: Command) -> None:
    duckrabbit("generate", "7", "--count", "3", "--animate", *QUICK)
    with Image.open("out/generate-7-0.gif") as image:
        assert getattr(image, "n_frames", 1) == 4  # before the first of three steps, and after each; the rest is held


def test_models_lists_each_model(duckrabbit: Command) -> None:
    lines = [json.loads(line) for line in duckrabbit("models", "--json").out.splitlines()]
    listed = duckrabbit("models").out
    assert "mnist-flow-class" in {line["name"] for line in lines}
    assert all(line["name"] in listed for line in lines)
    shipped = [line for line in lines if "pipeline" not in line]
    assert all(line["parameters"] > 1e6 for line in shipped)
    by_pipeline = {line["pipeline"]: line for line in lines if line not in shipped}
    prx = by_pipeline["PRXPixelPipeline"]
    assert (prx["licence"], prx["gated"], prx["size"]) == ("Apache-2.0", False, "1024×1024×3")
    assert by_pipeline["StableDiffusion3Pipeline"]["gated"]


def test_doctor_answers_whatever_is_missing(duckrabbit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duckrabbit.cli.verbs.doctor.TEST_SECONDS", 0.01)
    monkeypatch.setattr(os, "sysconf", lambda _: 1 / 0)
    report = duckrabbit("doctor")
    assert report.code == 0
    assert "unknown (ZeroDivisionError" in report.out
    assert "evaluations/s" in report.out


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_every_verb_has_help(duckrabbit: Command, verb: str) -> None:
    helped = duckrabbit(verb, "7", "--help")
    assert helped.code == 0
    assert f"duckrabbit {verb}" in helped.out
    assert "default: None" not in helped.out
    assert "default: False" not in helped.out
    assert verb in duckrabbit("--help").out


# --- What is written and printed -------------------------------------------------------------------------------------


def test_sample_k_is_the_picture_that_its_own_seed_makes(duckrabbit: Command) -> None:
    several = duckrabbit("generate", "7", "--count", "6", "--seed", "5", *QUICK).paths
    [alone] = duckrabbit("generate", "7", "--seed", "9", "--out", "alone", *QUICK).paths
    assert np.abs(pixels(several[4]).astype(int) - pixels(alone)).max() <= 3  # 1 in float32, 3 in bfloat16
    exact = ["generate", "7", "--precision", "float32", *QUICK]
    several = duckrabbit(*exact, "--count", "6", "--seed", "5").paths
    [alone] = duckrabbit(*exact, "--seed", "9").paths
    assert np.array_equal(pixels(several[4]), pixels(alone))
    assert not np.array_equal(pixels(several[3]), pixels(alone))


def test_json_lines_come_in_the_order_of_the_seeds(duckrabbit: Command) -> None:
    made = duckrabbit("edit", DIGIT, "3", "--start", "1", "2", "--count", "2", "--seed", "8", "--json", *QUICK)
    lines = [json.loads(line) for line in made.out.splitlines()]
    assert [(line["seed"], line["start"]) for line in lines] == [(8, 1), (8, 2), (9, 1), (9, 2)]
    for line in lines:
        assert line["verb"] == "edit"
        assert line["prompts"] == ["3"]
        assert line["views"] == []
        assert line["model"] == "mnist-ddpm-class"
        assert pixels(Path(line["path"])).shape == (28, 28)


def test_several_pictures_get_a_sheet_that_is_no_line(duckrabbit: Command) -> None:
    for words, rows in ((MAKERS["anagram"], 2), (MAKERS["hybrid"], 2), (MAKERS["generate"], 1)):
        made = duckrabbit(*words, "--count", "12", "--out", words[0])
        sheets = [name for name in files(Path(words[0])) if name.endswith("-sheet.png")]
        assert len(made.paths) == 12
        assert len(sheets) == 1
        assert sheets[0] not in made.out
        with Image.open(Path(words[0]) / sheets[0]) as sheet:
            assert sheet.height > 2 * rows * 112  # two blocks of at most ten columns
            assert sheet.width < 12 * 122 + 200


def test_one_sheet_shows_the_original_and_every_level(duckrabbit: Command) -> None:
    made = duckrabbit("noise", DIGIT, "--levels", "250", "500", "750")
    assert [path.name for path in made.paths] == [f"noise-mnist-test-7-{level}-0.png" for level in (250, 500, 750)]
    with Image.open("out/noise-mnist-test-7-0-sheet.png") as sheet:
        assert 4 * 112 < sheet.width < 5 * 122
    spread = [pixels(path).astype(float).std() for path in made.paths]
    assert len(set(spread)) == 3


def test_names_are_never_overwritten(duckrabbit: Command) -> None:
    [first] = duckrabbit(*MAKERS["generate"]).paths
    before = first.read_bytes()
    [second] = duckrabbit("generate", "7", "--steps", "2").paths
    assert second.name == "generate-7-0-2.png"
    assert first.read_bytes() == before


@pytest.mark.parametrize("image", ["photo:tower", DIGIT])
def test_all_ways_to_denoise_a_picture_have_its_size(duckrabbit: Command, image: str) -> None:
    noised = duckrabbit("noise", image, "--levels", "250").paths
    cleaned = [
        path
        for method in ("blur", "one-step", "iterative")
        for path in duckrabbit("denoise", image, "--levels", "250", "--method", method).paths
    ]
    shapes = {np.asarray(Image.open(path)).shape for path in (*noised, *cleaned)}
    assert shapes == {(28, 28) if image == DIGIT else (64, 64, 3)}


def test_inpainting_keeps_the_known_pixels(duckrabbit: Command) -> None:
    [path] = duckrabbit("inpaint", DIGIT, "--mask-box", "0,14,28,28", "3", *QUICK).paths
    mask = np.zeros((28, 28), np.uint8)
    mask[14:] = 255
    Image.fromarray(mask).save("mask.png")
    [other] = duckrabbit("inpaint", DIGIT, "mask.png", "3", *QUICK).paths
    Image.fromarray(255 - mask).save("black.png")
    inverted = duckrabbit("inpaint", DIGIT, "black.png", "3", "--invert-mask", *QUICK)
    assert "black.png: black is painted, 50% of the picture" in inverted.err
    [third] = inverted.paths
    assert (np.asarray(Image.open(other)) == np.asarray(Image.open(third))).all()
    known = pixels(duckrabbit("noise", DIGIT, "--noise-sigma", "0").paths[0])
    assert np.array_equal(pixels(path), pixels(other))
    assert np.array_equal(pixels(path)[:14], known[:14])
    assert not np.array_equal(pixels(path)[14:], known[14:])


@pytest.mark.parametrize("shape", [(160, 90), (161, 91), (159, 90), (161, 89), (80, 45), (321, 180)])
def test_a_mask_a_pixel_off_the_pictures_shape_is_scaled(shape: tuple[int, int], duckrabbit: Command) -> None:
    Image.new("L", (160, 90), 30).save("photo.png")
    mask = Image.new("L", shape)
    mask.paste(255, (0, 0, shape[0] // 2, shape[1]))
    mask.save("mask.png")
    made = duckrabbit("inpaint", "photo.png", "mask.png", "3", *QUICK)
    assert made.code == 0, made.err
    assert "white is painted, 50% of the picture" in made.err
    assert "% of what is to be painted lies outside of the square that is used; --crop takes another" in made.err
    boxed = duckrabbit("inpaint", "photo.png", "mask.png", "3", *QUICK, "--crop", "0,0,90,90")
    assert any(f"white is painted, {share}% of the picture" in boxed.err for share in (88, 89, 90)), boxed.err


@pytest.mark.parametrize("way", ["mask", "box", "inverted"])
def test_what_is_painted_is_pasted_back_into_the_whole_photo(duckrabbit: Command, way: str) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (40, 70, 3), np.uint8)
    exif = Image.Exif()
    exif[0x112], exif[0x10E] = 6, "at my place"
    Image.fromarray(levels).save("photo.png", exif=exif)
    upright = np.rot90(levels, -1)
    mask = np.zeros(upright.shape[:2], np.uint8)
    mask[5:17, 10:31] = 255
    Image.fromarray(mask).save("mask.png")
    where = ["3", "--mask-box", "7,7,21,14"] if way == "box" else ["mask.png", "3"]
    where += ["--invert-mask"] if way == "inverted" else []
    painted = mask > 0
    if way == "inverted":
        painted = ~painted
        painted[40:] = False
    elif way == "box":
        painted = np.zeros_like(painted)
        painted[10:20, 10:30] = True
    words = ["inpaint", "photo.png", *where, "--crop", "top", "--model", "mnist-ddpm-class", *QUICK]
    made = duckrabbit(*words, "--paste-back", "--json")
    line = json.loads(made.out)
    after = pixels(Path(line["path"]))
    assert after.shape == upright.shape
    assert line["whole"] == [40, 70]
    assert b"my place" not in Path(line["path"]).read_bytes()
    assert (after[~painted] == upright[~painted]).all()
    assert (after[painted] != upright[painted]).mean() > 0.9
    assert "photo.png: its 40×40 pixels become 28×28" in made.err
    again = duckrabbit("rerun", line["path"])
    assert "identical" in again.err.splitlines()
    command = json.loads(duckrabbit("info", line["path"], "--json").out)["command"]
    assert "--paste-back" in command
    assert "--crop top" in command
    [other] = duckrabbit(*shlex.split(command)[1:], "--out", "other").paths
    assert np.array_equal(pixels(other), after)
    assert duckrabbit("animate", line["path"]).code == 0


@pytest.mark.parametrize("shape", [(90, 160), (160, 80), (100, 100)])
def test_a_mask_of_another_shape_is_refused(shape: tuple[int, int], duckrabbit: Command) -> None:
    Image.new("L", (160, 90), 30).save("photo.png")
    Image.new("L", shape, 255).save("mask.png")
    made = duckrabbit("inpaint", "photo.png", "mask.png", "3", *QUICK)
    assert made.code == 2
    assert "give a mask of the picture's shape" in made.err


def test_the_sampler_is_the_default_with_what_was_given_in_its_place(duckrabbit: Command) -> None:
    def sampler(*words: str) -> tuple[object, ...]:
        [path] = duckrabbit(*words).paths
        recipe = json.loads(duckrabbit("info", str(path), "--json").out)["recipe"]["sampler"]
        return tuple(recipe[name] for name in ("solver", "steps", "grid", "guidance_scale"))

    edit = ["edit", DIGIT, "3", "--start", "2"]
    assert sampler(*edit)[:3] == ("ddpm", 34, "course")
    assert sampler(*edit, "--steps", "4")[:3] == ("ddpm", 4, "uniform")
    assert sampler(*edit, "--guidance-scale", "3") == ("ddpm", 34, "course", 3.0)
    assert sampler("generate", "7", "--grid", "course", "--solver", "ddim")[:3] == ("ddim", 34, "course")
    assert sampler("generate", "7", "--steps", "2", "--solver", "heun")[:2] == ("heun", 2)


def test_the_chosen_model_is_said(duckrabbit: Command) -> None:
    assert "model: mnist-ddpm-class (for digits)" in duckrabbit(*MAKERS["generate"]).err
    assert "model: mnist-denoiser" in duckrabbit(*MAKERS["one-step"]).err
    assert "model:" not in duckrabbit(*MAKERS["generate anything"]).err


def test_slugs_are_short_and_plain() -> None:
    assert slug("An œil, naïve!", "mnist:test/7") == "an-œil-naive-mnist-test-7"
    assert slug("漢字", "утка", "बत्तख") == "漢字-утка-बत्तख"
    assert slug("an oil painting of 🦆 & ❤️") == "an-oil-painting-of-duck-heart"
    assert len(slug("漢字" * 100).encode()) <= 120
    assert slug("!!!") == slug("\ufeff\u202e") == ""
    assert len(slug("long " * 100)) <= 60
    assert "/" not in slug("../../etc/passwd")
    assert not slug("../x").startswith(".")


# --- How it ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_sentence_and_leaves_nothing_behind(duckrabbit: Command, words: list[str]) -> None:
    Path("here.txt").write_text("a file")
    Image.new("L", (28, 28)).save("plain.png")
    before = {path.name for path in Path().iterdir()}
    ended = duckrabbit(*words)
    assert ended.code == 2
    assert ended.out == ""
    *announcement, sentence = ended.err.splitlines()
    assert sentence.startswith("duckrabbit: error: ")
    assert sentence[-1] in ".?"
    assert all(line.startswith("model: ") for line in announcement)
    assert {path.name for path in Path().iterdir()} == before


SAYS = {
    "no mask but a prompt": (["inpaint", DIGIT, "a red house"], "Nothing says where to paint"),
    "no such mask": (["inpaint", DIGIT, "nowhere.png", "3"], "There is no file nowhere.png"),
    "prompt before the mask": (["inpaint", "plain.png", "a house", "plain.png"], "in the order IMAGE MASK PROMPT"),
    "prompt before the picture": (["inpaint", "a house", "plain.png"], "in the order IMAGE MASK PROMPT"),
    "prompt before what is edited": (["edit", "a castle", "plain.png"], "in the order IMAGE PROMPT"),
    "prompt before what is denoised": (["denoise", "7", DIGIT, "--levels", "500"], "in the order IMAGE PROMPT"),
    "two masks": (["inpaint", DIGIT, "plain.png", "3", "--mask-box", "0,0,9,9"], "Both a mask, plain.png, and --mask-"),
    "picture of pairs": (
        ["anagram", "--pairs", "plain.png", "--view", "flip"],
        "plain.png is no text: give a text file",
    ),
    "no picture to edit": (["edit", "nowhere.png", "3"], "There is no file nowhere.png"),
    "nor where both starts are given": (
        ["edit", "nowhere.png", "3", "--start", "1", "--start-level", "900"],
        "There is no file nowhere.png",
    ),
    "nothing is left to paint": (
        ["inpaint", DIGIT, "3", "--mask-box", "0,0,28,28", "--invert-mask"],
        "with --invert-mask paints nothing",
    ),
    "views in a row": (
        ["anagram", *"6928", "--view", "rotate-90", "rotate-180", "flip"],
        "--view rotate-90 --view flip",
    ),
    "no view at all": (["anagram", "6", "9"], "--view rotate-180, flip"),
    "prompts of no part": (["hybrid", "3", "8"], "--far 'a skull' --near 'a cat'"),
    "two to export": (["export", "plain.png", "plain.png"], "one picture at a time"),
    "two to animate": (["animate", "plain.png", "plain.png"], "one picture at a time"),
    "corners after a prompt": (["inpaint", DIGIT, "3", "--mask-box", "1", "1", "9", "9"], "--mask-box 10,10,40,40"),
    "two numbers for an ambigram": (["ambigram", "60", "89"], "after --reads, such as 60 --reads 09"),
    "dash before a prompt": (["generate", "7", "-x"], "write -- before a prompt like that"),
    "option of nothing": (["generate", "--prompt", "7"], "has no option --prompt: see duckrabbit generate --help."),
    "option of another verb": (["generate", "7", "--sigma", "3"], "has no option --sigma: see duckrabbit"),
    "option cut short": (["generate", "7", "--guidance", "3"], "did you mean --guidance-scale?"),
    "crop of nothing": (["hybrid", "--far", "3", "--near", "8", "--crop", "left"], "--crop says which square"),
    "steps in one step": (
        ["denoise", DIGIT, "7", "--levels", "500", "--method", "one-step", "--steps", "50"],
        "--steps means nothing to one-step",
    ),
    "blur of nothing": (
        ["denoise", DIGIT, "7", "--levels", "500", "--blur-sigma", "5"],
        "--blur-sigma and --blur-kernel mean nothing to iterative",
    ),
    "a whole way for one step": (
        [
            "denoise",
            DIGIT,
            "7",
            "--levels",
            "500",
            "--method",
            "one-step",
            *["--solver", "ddim", "--grid", "uniform", "--steps", "9"],
        ],
        "--steps means nothing to one-step",
    ),
    "guided blur": (
        ["denoise", DIGIT, "--levels", "500", "--method", "blur", "--guidance-scale", "3"],
        "--guidance-scale means nothing to blur",
    ),
    "no source to leave out": (["generate", "7", "--no-source"], "--no-source leaves out the picture"),
    "nor in a film": (["generate", "7", "--no-source", "--animate"], "--no-source leaves out the picture"),
    "no run to resume": (["train", "mnist-ddpm", "--resume", "--out", "runs/none"], "runs/none holds no run to go on"),
    "batch beyond all memory": (["train", "mnist-ddpm", "--batch-size", "100000"], "give 2 to 4096"),
    "guidance beyond sense": (["generate", "7", "--guidance-scale", "1e9"], "a number from -1000 to 1000"),
    "no second prompt": (["anagram", "6", "", "--view", "flip"], "One of the prompts is empty"),
    "no near prompt": (["hybrid", "--far", "3", "--near", " "], "One of the prompts is empty"),
    "no styled prompt": (
        ["anagram", "a duck", "", "--view", "flip", "--style", "a photo of", "--model", "pocket"],
        "One of the prompts is empty",
    ),
    "embeddings for a model of words": (
        ["generate", "a dog", "--embeddings", "nodir"],
        "--embeddings are of deepfloyd",
    ),
    "embeddings for digits": (["generate", "7", "--embeddings", "nodir"], "--embeddings are of deepfloyd"),
    "a mask, a box and a prompt after it": (
        ["inpaint", DIGIT, "plain.png", "--mask-box", "0,0,9,9", "3"],
        "mask and prompt side by side before options, and leave the mask out with --mask-box",
    ),
    "a box in pixels of the larger picture": (
        ["inpaint", "photo:tower", "a house", "--mask-box", "0,128,256,256", "--size", "256"],
        "--mask-box 0,128,256,256 is empty or reaches outside: its corners are pixels of the model's own picture",
    ),
    "a file like an option": (["edit", "-weird.png", "3"], "write ./-weird.png for a file of that name"),
    "a mask like an option": (["inpaint", DIGIT, "-weird.png", "3"], "write ./-weird.png for the file of that name"),
    "an image like an option": (["hybrid", "--far-image", "-weird.png", "--near", "3"], "write ./-weird.png"),
    "half an interval": (["generate", "7", "--guidance-interval", "0.2"], "give it two numbers"),
    "one part of two": (["discover", "--hybrid", "near"], "--hybrid can't be 'near': give it two parts"),
    "no name for a folder": (["generate", "7", "--out", ""], "--out was given an empty name"),
    "nor for a run": (["train", "mnist-ddpm", "--out="], "--out was given an empty name"),
    "corners apart": (["inpaint", DIGIT, "--mask-box", "1", "1", "9", "9"], "by commas, such as 10,10,40,40"),
}


@pytest.mark.parametrize(("words", "says"), SAYS.values(), ids=SAYS.keys())
def test_a_mistake_is_told_for_what_it_is(duckrabbit: Command, words: list[str], says: str) -> None:
    for name in ("plain.png", "-weird.png"):
        Image.new("L", (28, 28), 255).save(name)
    before = files(Path())
    ended = duckrabbit(*words)
    assert ended.code == 2, ended.err
    *_, sentence = ended.err.splitlines()
    assert sentence.startswith("duckrabbit: error: ")
    assert sentence[-1] in ".?"
    assert says in sentence
    assert "wrote" not in ended.err
    assert files(Path()) == before


def test_a_picture_in_the_place_of_a_hybrids_words_is_told(duckrabbit: Command) -> None:
    ended = duckrabbit("hybrid", "--far", "photo:tower", "--near", "a dog", "--steps", "2", "--threads", "1")
    assert ended.code == 0
    assert "note: photo:tower is a picture, and --far takes words" in ended.err
    assert "takes words" not in duckrabbit("hybrid", "--far", "7", "--near", "3", *QUICK).err


def test_mistakes_name_what_was_probably_meant(duckrabbit: Command) -> None:
    assert "did you mean generate?" in duckrabbit("generat").err
    assert "did you mean --count?" in duckrabbit("generate", "7", "--cuont=3").err
    assert "did you mean mnist-ddpm" in duckrabbit("generate", "7", "--model", "mnist-ddmp").err


def test_without_a_verb_the_help_is_shown_and_it_is_a_mistake(duckrabbit: Command) -> None:
    assert duckrabbit().code == 2
    assert duckrabbit().err == duckrabbit("--help").out
    assert duckrabbit("--version").out.startswith("duckrabbit 0")


def test_a_bug_is_shown_with_its_traceback(duckrabbit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duckrabbit.cli.verbs.models.run", lambda options: 1 / 0)
    ended = duckrabbit("models")
    assert ended.code == 1
    assert "ZeroDivisionError" in ended.err


@pytest.mark.parametrize(
    ("code", "most"),
    [
        ("import duckrabbit", 60),
        ("from duckrabbit.cli.main import main; main(['--help'])", 100),
        ("from duckrabbit.cli.main import main; main(['anagram', '--help'])", 400),
    ],
    ids=["import", "help", "help of a verb"],
)
def test_starting_imports_little(code: str, most: int, tmp_path: Path) -> None:
    """What imports cost in time depends on the machine, how many there are does not; see bench/startup.py."""
    heavy = "{'torch', 'numpy', 'matplotlib', 'PIL', 'jinja2'}"
    probe = f"import sys; before = set(sys.modules); {code}; new = set(sys.modules) - before; "
    probe += f"sys.exit(', '.join({heavy} & new) or (len(new) > {most} and len(new)))"
    ended = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr or ended.returncode


def test_a_reader_that_leaves_is_no_failure(tmp_path: Path) -> None:
    process = start("models", folder=tmp_path)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(60) == 0


def test_an_interrupt_keeps_what_is_done(tmp_path: Path) -> None:
    process = start("generate", "7", "--count", "5000", "--steps", "4", "--threads", "1", folder=tmp_path)
    wait_for(lambda: len(list(tmp_path.glob("out/*-63.png"))) == 1, process)
    process.send_signal(signal.SIGINT)
    interrupted = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - interrupted < 10
    assert process.returncode == 130
    assert "Traceback" not in err
    kept = files(tmp_path / "out")
    assert not [name for name in kept if name.startswith(".") or not name.startswith("generate-7-")]
    for name in kept:
        assert pixels(tmp_path / "out" / name).shape == (28, 28)
    said = next(line for line in err.splitlines() if line.startswith("duckrabbit: interrupted: "))
    assert abs(int(said.split()[2]) - len(kept)) <= 1
    assert abs(len(out.splitlines()) - len(kept)) <= 1


def test_a_killed_training_resumes_to_the_same_model(tmp_path: Path) -> None:
    words = ["train", "mnist-denoiser", "--hidden", "8", "--examples", "640", "--epochs", "3", "--batch-size", "64"]
    words += ["--ema-decay", "0.9", "--device", "cpu", "--precision", "float32", "--threads", "1"]
    whole = start(*words, "--out", "whole", folder=tmp_path)
    process = start(*words, "--out", "killed", folder=tmp_path)
    wait_for((tmp_path / "killed" / "config.toml").exists, process)
    time.sleep(random.uniform(0, 2))
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    resumed = start(*words, "--out", "killed", "--resume", folder=tmp_path)
    assert whole.wait(120) == 0
    assert resumed.wait(120) == 0, resumed.communicate()[1]
    models = [(tmp_path / run / "model.safetensors").read_bytes() for run in ("whole", "killed")]
    assert models[0] == models[1]
    metrics = [(tmp_path / run / "metrics.jsonl").read_text().splitlines() for run in ("whole", "killed")]
    assert [json.loads(a)["loss"] for a in metrics[0]] == [json.loads(b)["loss"] for b in metrics[1]]


def test_training_refuses_what_contradicts_the_run(duckrabbit: Command) -> None:
    tiny = ["--hidden", "8", "--examples", "300", "--epochs", "1", "--threads", "1", "--device", "cpu"]
    assert duckrabbit("train", "mnist-denoiser", "--out", "run", *tiny).code == 0
    before = {name: (Path("run") / name).read_bytes() for name in files(Path("run"))}

    anew = duckrabbit("train", "mnist-denoiser", "--out", "run", *tiny)
    assert anew.code == 2
    assert "--resume" in anew.err
    other = duckrabbit("train", "mnist-denoiser", "--out", "run", "--resume", "--learning-rate", "0.5")
    assert other.code == 2
    assert "--learning-rate" in other.err
    assert duckrabbit("train", "mnist-ddpm", "--out", "run", "--resume").code == 2
    done = duckrabbit("train", "mnist-denoiser", "--out", "run", "--resume")
    assert done.code == 0
    assert "trained to the end already" in done.err
    assert {name: (Path("run") / name).read_bytes() for name in files(Path("run"))} == before

    used = duckrabbit("denoise", DIGIT, "--noise-sigma", "0.5", "--model", "run")
    assert used.code == 0
    assert read_metadata(used.paths[0])["model"]["name"] == "run"  # type: ignore[index,call-overload]


def ended(shell: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A command line as a shell runs it; DUCKRABBIT stands for the command."""
    line = shell.replace("DUCKRABBIT", f"{shlex.quote(sys.executable)} -m duckrabbit")
    told = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(["sh", "-c", line], cwd=folder, env=told, capture_output=True, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_standard_output_that_is_full_is_said_in_a_sentence_and_pictures_are_kept(tmp_path: Path) -> None:
    end = ended("DUCKRABBIT generate 7 --steps 1 --threads 1 > /dev/full", tmp_path)
    assert end.returncode == 2
    assert b"Traceback" not in end.stderr
    assert b"Standard output can't be written to (No space left on device): what was made is kept" in end.stderr
    assert len(files(tmp_path / "out")) == 1
    assert ended("DUCKRABBIT models > /dev/full", tmp_path).returncode == 2
    assert ended("DUCKRABBIT > /dev/full 2> /dev/full", tmp_path).returncode == 2


@pytest.mark.parametrize("closed", [">&- 2>&-", "2>/dev/full"])
def test_closed_streams_keep_no_picture_from_being_made(closed: str, tmp_path: Path) -> None:
    end = ended(f"DUCKRABBIT generate 7 --steps 1 --threads 1 {closed}", tmp_path)
    assert end.returncode == 0
    assert len(files(tmp_path / "out")) == 1


def test_printed_paths_exist_in_every_locale(tmp_path: Path) -> None:
    locale = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    end = ended("DUCKRABBIT noise mnist:test/7 --levels 250 --out 'aus/größe 漢字'", tmp_path, **locale)
    assert end.returncode == 0, end.stderr
    [line] = end.stdout.splitlines()
    assert (tmp_path / os.fsdecode(line)).is_file()


def test_a_place_that_cannot_be_written_to_is_refused_before_sampling(duckrabbit: Command) -> None:
    Path("file").write_text("no folder")
    made = duckrabbit("generate", "7", "--steps", "1", "--out", "file/below")
    assert made.code == 2
    assert "wrote" not in made.err
    assert "Cannot write" in made.err
    # Whatever the permissions say, only an attempt tells: the user may be root, the disk read-only.
    opened = os.open

    def read_only(path: str, flags: int, *mode: int) -> int:
        if flags & os.O_CREAT and Path(path).parent == Path.cwd():
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        return opened(path, flags, *mode)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "open", read_only)
        for words in (MAKERS["generate"], ["rerun", "x.png"], ["animate", "x.png"], [*MAKERS["edit"], "--best", "1"]):
            refused = duckrabbit(*words, "--out", "new/below")
            assert refused.code == 2
            assert "Cannot write new/below (Read-only file system)" in refused.err
    assert not Path("new").exists()


def test_standard_input_that_is_closed_is_said(duckrabbit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    refused = duckrabbit("noise", "-", "--levels", "250")
    assert refused.code == 2
    assert "Standard input is closed" in refused.err


@pytest.mark.parametrize(("value", "coloured"), [("1", False), ("", True)])
def test_help_is_not_coloured_where_that_is_not_wanted(
    value: str, coloured: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", value)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda stream: isinstance(stream, type(sys.stdout)), raising=False)
    main(["generate", "--help"])
    said = capsys.readouterr().out
    assert "--guidance-scale" in said
    assert ("\x1b[" in said) == coloured


def test_letters_that_the_terminal_does_not_know_are_read_by_their_bytes() -> None:
    for content in ("red café".encode(), "red café".encode("latin-1")):
        typed = content.decode("ascii", "surrogateescape")
        assert Wording(style="a photo of a").styled(typed) == "a photo of a red café"
        assert words_of(typed) == ["red", "café"]
        assert slug(typed) == "red-cafe"
