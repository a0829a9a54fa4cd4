"""Searches from the command line: what they write and print, what survives, and what is refused."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from command_line import Command, files, start, wait_for
from duckrabbit.cli.main import main
from duckrabbit.errors import UsageError
from duckrabbit.media.png import read_metadata
from duckrabbit.search.folders import lines
from tiny_pocket import write_tiny_pocket

DIGIT = "mnist:test/7"
QUICK = ["--steps", "3", "--threads", "1"]
SIX_NINE = ["anagram", "6", "9", "--view", "rotate-180", *QUICK]
SEARCH = [*SIX_NINE, "--best", "3", "--from", "100", "--seed", "4"]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the search finds in one process, undisturbed."""
    folder = tmp_path_factory.mktemp("reference")
    threads = torch.get_num_threads()
    assert main([*SEARCH, "--out", str(folder)]) == 0
    torch.set_num_threads(threads)
    return pictures(folder)


def pictures(folder: Path) -> dict[str, bytes]:
    """The pictures in a folder by name; sheets are none."""
    return {path.name: path.read_bytes() for path in folder.glob("*.png") if "sheet" not in path.name}


# --- Best of N -------------------------------------------------------------------------------------------------------


def test_the_best_are_written_ranked_shown_and_can_be_made_again(duckrabbit: Command) -> None:
    ended = duckrabbit(*SIX_NINE, "--best", "2", "--json")
    assert ended.code == 0, ended.err
    assert [line["seed"] for line in ended.told] == sorted(line["seed"] for line in ended.told)
    assert {line["rank"] for line in ended.told} == {1, 2}
    assert all(0 <= line["seed"] < 16 for line in ended.told)
    winner = min(ended.told, key=lambda line: line["rank"])
    least = {line["rank"]: min(line["score"]["log_p"].values()) for line in ended.told}
    assert least[1] >= least[2]
    assert 0 <= winner["score"]["read_as_asked"] <= 1
    stem = Path(winner["path"]).stem
    assert files(Path("out")) == {
        *(Path(line["path"]).name for line in ended.told),
        f"{stem}.gif",
        "anagram-6-9-rotate-180-best-0-sheet.png",
    }
    assert read_metadata(Path(winner["path"]))["score"] == winner["score"]
    with Image.open(f"out/{stem}.gif") as film:
        assert getattr(film, "n_frames", 1) > 1
    for line in ended.told:
        again = duckrabbit("rerun", line["path"])
        assert again.code == 0
        assert "identical" in again.err.splitlines()
    alone = duckrabbit(*SIX_NINE, "--seed", str(winner["seed"]), "--out", "alone").out.strip()
    with Image.open(alone) as one, Image.open(winner["path"]) as other:
        assert np.array_equal(np.asarray(one), np.asarray(other))


def test_what_was_pulled_otherwise_than_the_calibration_knows_is_told_as_the_judges_own_opinion(
    duckrabbit: Command,
) -> None:
    words = [*SIX_NINE, "--best", "1", "--from", "4", "--json"]
    plain, pulled = duckrabbit(*words), duckrabbit(*words, "--judge-scale", "0.3")
    assert (plain.code, pulled.code) == (0, 0)
    said = "sure, says the judge that chose it"
    for ended, calibrated in ((plain, True), (pulled, False)):
        assert ("read_as_asked" in ended.told[0]["score"]) == calibrated
        assert (said in ended.err) != calibrated


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "7"],
        ["hybrid", "--far", "3", "--near", "8"],
        ["hybrid", "--far-image", DIGIT, "--near", "8"],
        ["edit", DIGIT, "3", "--start", "1", "2"],
        ["inpaint", DIGIT, "--mask-box", "0,14,28,28", "3"],
        ["denoise", DIGIT, "7", "--levels", "900"],
    ],
    ids=" ".join,
)
def test_every_maker_can_search(duckrabbit: Command, words: list[str]) -> None:
    ended = duckrabbit(*words, *QUICK, "--best", "2", "--from", "6", "--json")
    assert ended.code == 0, ended.err
    jobs = 2 if words[0] == "edit" else 1
    assert len(ended.told) == 2 * jobs
    assert all(Path(line["path"]).is_file() for line in ended.told)
    assert len([name for name in files(Path("out")) if name.endswith("sheet.png")]) == jobs


def test_workers_find_the_same(reference: dict[str, bytes], tmp_path: Path) -> None:
    process = start(*SEARCH, "--workers", "2", "--out", "shared", folder=tmp_path)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert pictures(tmp_path / "shared") == reference
    assert len(reference) == 3


def test_torchrun_finds_the_same(reference: dict[str, bytes], tmp_path: Path) -> None:
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")
    process = start(*SEARCH, "--device", "cpu", "--out", "shared", folder=tmp_path, before=torchrun)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert pictures(tmp_path / "shared") == reference
    assert len(out.splitlines()) == 3
    assert not list(tmp_path.glob("shared/*search*"))


def test_a_killed_search_has_lost_nothing_and_goes_on(reference: dict[str, bytes], tmp_path: Path) -> None:
    process = start(*SEARCH, folder=tmp_path)
    folder = tmp_path / "out" / "anagram-6-9-rotate-180-4-search"
    wait_for(lambda: any(lines(folder / "journal-0.jsonl")), process, seconds=120)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    noted = [own for line in lines(folder / "journal-0.jsonl") for own in line["scored"]]
    best = sorted(noted, key=lambda own: (-min(own[1:]), own[0]))[:3]
    assert len(best) == 3
    for seed, *_ in best:
        with Image.open(folder / "kept" / f"{seed}.png") as image:
            assert image.size == (28, 28)
        assert read_metadata(folder / "kept" / f"{seed}.png")["seed"] == seed
    process = start(*SEARCH, folder=tmp_path)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert "going on where an earlier search stopped: " in err
    assert pictures(tmp_path / "out") == reference
    assert not folder.exists()


def test_a_search_interrupted_at_once_leaves_nothing(tmp_path: Path) -> None:
    process = start(*SIX_NINE, "--steps", "400", "--best", "1", "--from", "2000", folder=tmp_path)
    wait_for(lambda: any(tmp_path.glob("out/*-search/task.json")), process, seconds=120)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "duckrabbit: interrupted: no candidate was finished yet" in err
    assert files(tmp_path) == set()


def test_an_interrupted_search_keeps_the_best_so_far_and_goes_on(reference: dict[str, bytes], tmp_path: Path) -> None:
    process = start(*SEARCH, folder=tmp_path)
    folder = tmp_path / "out" / "anagram-6-9-rotate-180-4-search"
    wait_for(lambda: any(lines(folder / "journal-0.jsonl")), process, seconds=120)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    if process.returncode == 130:
        assert "Traceback" not in err
        assert "duckrabbit: interrupted: the best 3 of the " in err
        assert len(out.splitlines()) == 3
        before = pictures(tmp_path / "out")
        assert len(before) == 3
        assert len(list(tmp_path.glob("out/*-sheet.png"))) == 1
        process = start(*SEARCH, folder=tmp_path)
        out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    written = {Path(line).name: (tmp_path / line).read_bytes() for line in out.splitlines()}
    assert written == reference


# --- Pairs, sweeps, hunts, ambigrams ---------------------------------------------------------------------------------


def test_a_file_of_pairs_is_worked_through_once(duckrabbit: Command) -> None:
    Path("pairs.txt").write_text("# two, one of them twice\n6 | 9\n\n 2|5 \n6|9\n")
    words = ["anagram", "--pairs", "pairs.txt", "--view", "flip", *QUICK, "--best", "1", "--from", "4", "--json"]
    first = duckrabbit(*words)
    assert first.code == 0, first.err
    assert [line["prompts"] for line in first.told] == [["6", "9"], ["2", "5"]]
    journal = Path("out/pairs-pairs.jsonl")
    page = journal.with_suffix(".html").read_text()
    assert page.count("<figure>") == 2
    assert all(f"--seed {line['seed']}" in page for line in first.told)
    done = journal.read_text().splitlines()
    assert len(done) == 2
    again = duckrabbit(*words)
    assert again.told == []
    assert "2 of 2 pairs are done already" in again.err
    journal.write_text(f"{done[0]}\n{done[1][:20]}")
    resumed = duckrabbit(*words)
    assert [line["prompts"] for line in resumed.told] == [["2", "5"]]
    assert [line["prompts"] for line in duckrabbit(*words, "--seed", "7").told] == [["6", "9"], ["2", "5"]]
    hybrids = duckrabbit("hybrid", "--pairs", "pairs.txt", *QUICK, "--json", "--out", "hybrids")
    assert [line["parts"] for line in hybrids.told] == [{"far": "6", "near": "9"}, {"far": "2", "near": "5"}]


def test_processes_share_every_search_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("6 | 9\n8 | 8\n")
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")
    words = ["anagram", "--pairs", "pairs.txt", "--view", "rotate-180", *QUICK, "--best", "1", "--from", "40"]
    process = start(*words, "--device", "cpu", folder=tmp_path, before=torchrun)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert len(out.splitlines()) == 2
    assert err.count("model: ") == err.count("pair 1 of 2") == 1
    assert len(list(lines(tmp_path / "out/pairs-pairs.jsonl"))) == 2


def test_a_sweep_makes_a_picture_for_each_value(duckrabbit: Command) -> None:
    ended = duckrabbit(*SIX_NINE, "--sweep", "seed=2..4", "guidance-scale=1,5", "--json")
    assert ended.code == 0, ended.err
    assert [(line["seed"], line["sweep"]["guidance-scale"]) for line in ended.told] == [
        (seed, scale) for seed in (2, 3, 4) for scale in ("1", "5")
    ]
    made = {Path(line["path"]).read_bytes() for line in ended.told}
    assert len(made) == 6
    plain = duckrabbit(*SIX_NINE, "--seed", "3", "--guidance-scale", "5", "--out", "plain").out.strip()
    assert Path(plain).read_bytes() == Path(ended.told[3]["path"]).read_bytes()
    with Image.open("out/anagram-6-9-rotate-180-sweep-seed-guidance-scale-2-sheet.png") as sheet:
        assert sheet.width > 2 * 84
        assert sheet.height > 3 * 2 * 84


@pytest.mark.parametrize(
    ("words", "axis"),
    [
        (["generate", "7"], "steps=2,3"),
        (["generate", "7"], "prompts=7,8"),
        (["anagram", "6", "9"], "view=flip,rotate-180"),
        (["anagram", "6", "9", "--view", "flip"], "combine=mean,alternate"),
        (["hybrid", "--far", "3", "--near", "8"], "sigma=1,2.5"),
        (["hybrid", "--far", "3", "--near", "8"], "near-scale=1,2"),
        (["edit", DIGIT, "3", "--start", "3"], "start=1,2"),
        (["generate", "7"], "solver=ddim,ddpm"),
    ],
    ids=lambda own: own if isinstance(own, str) else own[0],
)
def test_any_option_is_swept(duckrabbit: Command, words: list[str], axis: str) -> None:
    ended = duckrabbit(*words, *QUICK, "--sweep", axis)
    assert ended.code == 0, ended.err
    assert len({Path(path).read_bytes() for path in ended.out.splitlines()}) == 2


def test_a_hunt_makes_a_gallery_and_goes_on(duckrabbit: Command) -> None:
    words = ["discover", "0", "6", "9", "8", "--model", "mnist-ddpm-class", "--minutes", "0.02", *QUICK, "--json"]
    first = duckrabbit(*words)
    assert first.code == 0, first.err
    folder = Path("out/discover-rotate-180-0")
    assert first.told
    for line in first.told:
        assert "identical" in duckrabbit("rerun", line["path"]).err.splitlines()
    page = (folder / "index.html").read_text()
    assert page.count("<figure>") == len(first.told)
    assert "http" not in page
    assert page.count("data:image/png;base64,") == 2 * len(first.told)
    tried = [tuple(line["pair"]) for line in lines(folder / "journal.jsonl")]
    assert len({frozenset(pair) for pair in tried}) == 6
    assert len(set(tried)) == 6
    with (folder / "journal.jsonl").open("a") as file:
        file.write('{"pair": ["0"')
    second = duckrabbit(*words)
    assert "going on: " in second.err
    before, after = ({tuple(line["prompts"]): line for line in told} for told in (first.told, second.told))
    assert before.keys() <= after.keys()
    for prompts, line in before.items():
        assert min(after[prompts]["score"]["log_p"].values()) >= min(line["score"]["log_p"].values())
    assert all(Path(line["path"]).is_file() for line in second.told)


def test_a_hunt_for_hybrids_makes_a_gallery(duckrabbit: Command) -> None:
    words = ["--hybrid", "near", "far", "--model", "mnist-ddpm-class", "--minutes", "0.01", *QUICK, "--json"]
    ended = duckrabbit("discover", "0", "6", "9", *words)
    assert ended.code == 0, ended.err
    assert {(line["verb"], *line["parts"]) for line in ended.told} == {("hybrid", "near", "far")}
    assert "identical" in duckrabbit("rerun", ended.told[0]["path"]).err.splitlines()


def test_a_hunt_goes_on_where_a_picture_was_deleted_and_keeps_odd_names_in_its_folder(duckrabbit: Command) -> None:
    odd = ("../../rabbit xyzzy", "rabbit/xyzzy")
    write_tiny_pocket(Path("tiny.safetensors"), ["a rabbit xyzzy"])
    words = ["discover", *odd, "--model", "tiny.safetensors", "--minutes", "0.01", *QUICK, "--json"]
    first = duckrabbit(*words)
    assert first.code == 0, first.err
    [line] = first.told
    path = Path(line["path"])
    assert path.parent == Path("out/discover-rotate-180-0")
    path.unlink()
    second = duckrabbit(*words)
    assert second.code == 0, second.err
    assert [Path(line["path"]).is_file() for line in second.told] == [True]


def test_the_same_search_twice_at_once_is_refused(duckrabbit: Command, tmp_path: Path) -> None:
    words = [*SIX_NINE, "--best", "1", "--from", "100000"]
    process = start(*words, folder=tmp_path)
    wait_for((tmp_path / "out" / "anagram-6-9-rotate-180-0-search" / "lock").is_file, process, seconds=120)
    ended = duckrabbit(*words)
    process.kill()
    process.communicate(timeout=60)
    assert ended.code == 2, ended.err
    assert "by another process" in ended.err


def test_a_worker_that_ends_early_leaves_no_choice_made_and_the_search_goes_on(
    reference: dict[str, bytes], tmp_path: Path
) -> None:
    process = start(*SEARCH, "--workers", "2", "--out", "shared", folder=tmp_path)
    folder = tmp_path / "shared" / "anagram-6-9-rotate-180-4-search"

    def children() -> list[int]:
        found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        told = [(int(child), Path(f"/proc/{child}/cmdline").read_bytes()) for child in found]
        return [child for child, words in told if b"spawn_main" in words]

    wait_for(lambda: len(children()) == 2, process, seconds=120)
    os.kill(children()[0], signal.SIGKILL)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 2, err
    assert "fewer --workers" in err
    assert folder.is_dir()
    assert not list((tmp_path / "shared").glob("*.png"))
    again = start(*SEARCH, "--out", "shared", folder=tmp_path)
    _, err = again.communicate(timeout=240)
    assert again.returncode == 0, err
    assert pictures(tmp_path / "shared") == reference


def test_a_number_reads_as_another_when_turned(duckrabbit: Command) -> None:
    ended = duckrabbit("ambigram", "96", "--candidates", "4", "--threads", "1", "--steps", "8", "--json")
    assert ended.code == 0, ended.err
    [line] = ended.told
    assert line["prompts"] == ["96", "96"]
    with Image.open(line["path"]) as image:
        assert image.size == (56, 28)
    with Image.open(line["animation"]) as film:
        assert getattr(film, "n_frames", 1) > 1
    record = read_metadata(Path(line["path"]))
    assert [own["recipe"]["prompts"] for own in record["places"]] == [["9", "6"], ["6", "9"]]  # type: ignore[union-attr,index,call-overload]
    with Image.open(f"{line['path'][:-4]}-sheet.png") as sheet:
        assert sheet.height > 2 * 28
    again = duckrabbit("rerun", line["path"])
    assert again.code == 0, again.err
    assert "identical" in again.err.splitlines()
    assert "identical" in duckrabbit("rerun", again.out.strip(), "--out", "twice").err.splitlines()
    assert "place 2" in duckrabbit("info", line["path"]).out
    with Image.open(duckrabbit("animate", line["path"]).out.strip()) as film:
        assert getattr(film, "n_frames", 1) > 1
    assert "a row of digits" in duckrabbit("score", line["path"]).err


def test_a_place_is_settled_once_one_candidate_is_good(duckrabbit: Command) -> None:
    """A 0 turned over is a 0: the first few are good enough, and the other thousand are never made."""
    ended = duckrabbit("ambigram", "0", "--candidates", "1000", "--threads", "1", "--json")
    assert ended.code == 0, ended.err
    assert ended.told[0]["read_as_asked"]
    [place] = read_metadata(Path(ended.told[0]["path"]))["places"]  # type: ignore[misc]
    assert place["seed"] < 100  # type: ignore[index,call-overload,operator]


# --- Scores ----------------------------------------------------------------------------------------------------------


def test_what_only_the_selecting_judge_has_a_name_for_is_read_by_it_and_that_is_said(duckrabbit: Command) -> None:
    ended = duckrabbit("score", "photo:waterfall", "--prompts", "a waterfall", "--json")
    assert ended.told[0]["judge"].startswith("pictures selecting")
    assert "only the judge that selects" in ended.err
    assert (
        duckrabbit("score", "photo:chelsea", "--prompts", "a cat", "--json")
        .told[0]["judge"]
        .startswith("pictures reporting")
    )
    assert duckrabbit("score", "photo:chelsea", "--prompts", "zweihander", "--json").code == 2


def test_a_score_says_what_is_read_in_each_look(duckrabbit: Command) -> None:
    path = duckrabbit("anagram", "6", "9", "--view", "rotate-180", "--threads", "1").out.strip()
    [told] = duckrabbit("score", path, "--json").told
    assert [(own["look"], own["prompt"]) for own in told["looks"]] == [("upright", "6"), ("rotate-180", "9")]
    assert told["read_as_asked"] == all(own["place"] == 1 for own in told["looks"])
    for own in told["looks"]:
        assert (own["first"][0]["name"] == own["prompt"]) == (own["place"] == 1)
    [same] = duckrabbit("score", path, "--prompts", "6", "9", "--view", "rotate-180", "--json").told
    assert same["looks"] == told["looks"]
    [other] = duckrabbit("score", path, "--prompts", "0", "--json").told
    assert other["looks"][0]["place"] > 1
    assert "of 10 (by chance 10 %)" in duckrabbit("score", path).out
    Image.new("L", (40, 20), 255).save("stranger.png")
    many = duckrabbit("score", path, "stranger.png", path, "--json")
    assert many.code == 0
    assert many.told == [told, told]
    assert "left out: stranger.png" in many.err
    unread = duckrabbit("generate", "--model", "mnist-flow", "--steps", "1", "--threads", "1").out.strip()
    odd = duckrabbit("score", path, unread, "--json")
    assert odd.code == 0
    assert f"left out: {unread}: " in odd.err
    assert f"{2 * told['read_as_asked']} of 2 read as asked in every look (by chance 0.02)" in many.err
    assert duckrabbit("score", "stranger.png", "stranger.png").code == 2
    hybrid = duckrabbit("score", "photo:tower", "--prompts", "a tower", "a cat", "--view", "far", "--view", "near")
    assert hybrid.code == 0
    assert "read as asked in" in hybrid.out


PROMPTS_WOULD_HELP = "say with --prompts what it should show"


def test_prompts_are_asked_for_where_they_help_alone(duckrabbit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("corrupt.png").write_text("no picture")
    Image.new("L", (28, 28), 255).save("stranger.png")
    row = duckrabbit("ambigram", "0", "--candidates", "1", "--steps", "2", "--threads", "1").out.strip()
    made = duckrabbit("generate", "7", "--steps", "2", "--threads", "1").out.strip()
    for image, helps in (("stranger.png", True), ("photo:tower", True), ("corrupt.png", False), (row, False)):
        ended = duckrabbit("score", image)
        assert (ended.code, PROMPTS_WOULD_HELP in ended.err) == (2, helps), ended.err

    def unknown(path: Path) -> None:
        raise UsageError("There is no view 'rotate-181': did you mean rotate-180?")

    monkeypatch.setattr("duckrabbit.making.record.recorded", unknown)
    assert duckrabbit("score", made).err.endswith("did you mean rotate-180?\n")


@pytest.mark.parametrize("candidates", ["1", "32"])
def test_who_knows_a_row_of_digits_is_said(duckrabbit: Command, candidates: str) -> None:
    row = duckrabbit("ambigram", "0", "--candidates", candidates, "--steps", "2", "--threads", "1").out.strip()
    for words in (["rerun", row], ["info", row], ["animate", row], ["export", row, "--to", "page"]):
        assert duckrabbit(*words).code != 2
    for words in (["score", row], ["export", row]):
        ended = duckrabbit(*words)
        assert (ended.code, "rerun, info, animate and export --to page know it" in ended.err) == (2, True)


# --- Care ------------------------------------------------------------------------------------------------------------

MISTAKES = {
    "five prompts and two views": ["anagram", *"12345", "--view", "flip", "--view", "mirror", "--best", "2"],
    "view that does not fit": ["anagram", "6", "9", "--view", "patch-permute:9", "--best", "2"],
    "unknown rule": ["anagram", "6", "9", "--view", "flip", "--combine", "maen"],
    "nothing asked for": ["generate", "--model", "mnist-ddpm-class", "--best", "2"],
    "no known word": ["anagram", "xyzzy plugh", "a duck", "--view", "flip", "--best", "2"],
    "known to the model, not to the judge": ["generate", "rabbit xyzzy", "--model", "tiny.safetensors", "--best", "1"],
    "from without best": ["generate", "7", "--from", "8"],
    "workers without best": ["generate", "7", "--workers", "2"],
    "more than there are": ["generate", "7", "--best", "9", "--from", "8"],
    "none": ["generate", "7", "--best", "0"],
    "too many candidates": ["generate", "7", "--best", "1", "--from", "1000000"],
    "no workers": ["generate", "7", "--best", "1", "--workers", "0"],
    "count and best": ["generate", "7", "--best", "1", "--count", "3"],
    "seeds run out": ["generate", "7", "--best", "1", "--seed", str(2**63 - 4)],
    "out is a file": ["generate", "7", "--best", "1", "--out", "here.txt"],
    "mask of another shape": ["inpaint", DIGIT, "wide.png", "3", "--best", "2"],
    "huge picture": ["score", "huge.png", "--prompts", "7"],
    "not ours": ["score", "wide.png"],
    "score of nothing": ["score"],
    "no picture": ["score", "nowhere.png", "--prompts", "7"],
    "score without enough views": ["score", "wide.png", "--prompts", "6", "9"],
    "score of an unknown view": ["score", "wide.png", "--prompts", "6", "9", "--view", "sideways"],
    "score of views alone": ["score", "wide.png", "--view", "flip"],
    "no such pairs": ["anagram", "--pairs", "nowhere.txt", "--view", "flip"],
    "a line that is no pair": ["anagram", "--pairs", "bad.txt", "--view", "flip"],
    "prompts and pairs": ["anagram", "6", "9", "--pairs", "bad.txt", "--view", "flip"],
    "unknown option to sweep": ["generate", "7", "--sweep", "guidence-scale=3"],
    "sweep without values": ["generate", "7", "--sweep", "seed"],
    "sweep of words for numbers": ["generate", "7", "--sweep", "steps=few"],
    "sweep of three": ["generate", "7", "--sweep", "seed=0,1", "steps=2,3", "guidance-scale=1,2"],
    "sweep and best": ["generate", "7", "--sweep", "seed=0..3", "--best", "1"],
    "sweep of how many": ["generate", "7", "--sweep", "seed=0..3", "--from", "9"],
    "sweep by workers": ["generate", "7", "--sweep", "seed=0..3", "--workers", "2"],
    "how the best came about": ["generate", "7", "--best", "1", "--animate"],
    "how a sweep came about": ["generate", "7", "--sweep", "seed=0..3", "--animate"],
    "hunt for styled digits": ["discover", "--style", "a cartoon of", "--model", "mnist-ddpm-class"],
    "endless sweep": ["generate", "7", "--sweep", "seed=0..99999999"],
    "sweep of two numbers at once": ["generate", "7", "--sweep", "guidance-interval=0.2,0.4"],
    "sweep of a flag": ["generate", "7", "--sweep", "compile=0,1"],
    "sweep of seeds below nought": ["generate", "7", "--sweep", "seed=5,-1"],
    "sweep and pairs": ["anagram", "--pairs", "good.txt", "--view", "flip", "--sweep", "seed=0..1"],
    "pairs into an endless name": ["anagram", "--pairs", "good.txt", "--view", "flip", *QUICK, "--out", "x" * 500],
    "hybrid without guidance for near": ["hybrid", "--far", "3", "--near", "8", "--near-scale", "nan"],
    "hunt of one": ["discover", "7", "--model", "mnist-ddpm-class"],
    "hunt for no time": ["discover", "6", "9", "--minutes", "nan"],
    "hunt for the unknown": ["discover", "7", "duck", "--model", "mnist-ddpm-class"],
    "hunt for unlike parts": ["discover", "6", "9", "--hybrid", "near", "grey", "--model", "mnist-ddpm-class"],
    "hunt by view and parts": ["discover", "6", "9", "--hybrid", "near", "far", "--view", "flip"],
    "hunt for nothing": ["discover", "", "7", "--model", "mnist-ddpm-class"],
    "hunt into an endless name": ["discover", "6", "9", "--model", "mnist-ddpm-class", "--out", "x" * 500],
    "hunt by an unknown view": ["discover", "6", "9", "--view", "sideways", "--model", "mnist-ddpm-class"],
    "ambigram of letters": ["ambigram", "6x9"],
    "ambigram of other lengths": ["ambigram", "619", "--reads", "61"],
    "ambigram in pieces": ["ambigram", "619", "--view", "jigsaw"],
    "ambigram of none": ["ambigram", "619", "--candidates", "0"],
    "ambigram of another model's": ["ambigram", "619", "--model", "pocket"],
    "ambigram into an endless name": ["ambigram", "6", "--candidates", "1", "--steps", "2", "--out", "x" * 500],
    "ambigram into a file": ["ambigram", "619", "--out", "here.txt"],
}


@pytest.mark.parametrize("words", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_gets_one_helpful_sentence_and_leaves_no_files(duckrabbit: Command, words: list[str]) -> None:
    Image.new("L", (40, 20), 255).save("wide.png")
    Path("here.txt").write_text("here")
    Path("bad.txt").write_text("6 | 9\n7\n")
    Path("good.txt").write_text("6 | 9\n", "utf-8-sig")
    if "huge.png" in words:
        Image.new("1", (40_000, 2)).save("huge.png")
    if "tiny.safetensors" in words:
        write_tiny_pocket(Path("tiny.safetensors"), ["a rabbit xyzzy"])
        words = [word.replace("rabbit ", "") for word in words]
    before = files(Path())
    ended = duckrabbit(*words)
    assert ended.code == 2, ended.out + ended.err
    assert ended.out == ""
    said = [line for line in ended.err.splitlines() if line.startswith("duckrabbit: error: ")]
    assert ended.err.splitlines()[-1:] == said
    assert said[0][-1] in ".?"
    assert files(Path()) == before


def test_a_picture_of_nan_is_refused(duckrabbit: Command) -> None:
    Image.fromarray(np.full((28, 28), np.nan, np.float32)).save("nan.tiff")
    for words in (["score", "nan.tiff", "--prompts", "7"], ["edit", "nan.tiff", "3", "--start", "30", *QUICK]):
        ended = duckrabbit(*words, *(["--model", "mnist-ddpm-class"] if words[0] == "edit" else []))
        assert ended.code == 2
        assert "NaN" in ended.err
