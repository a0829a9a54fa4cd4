"""The studio's API through a real server: jobs, the gallery, pictures in and out, and what it says on the way."""

import base64
import http.client
import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import duckrabbit
from duckrabbit.datasets.mnist import Digits
from duckrabbit.errors import UsageError
from duckrabbit.judges.judge import load_judge
from duckrabbit.judges.question import question_of
from duckrabbit.media.pixels import to_uint8
from duckrabbit.media.png import read_metadata
from duckrabbit.models.load import load_model
from duckrabbit.models.model import SamplerConfig
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.recipes.edit import Edit
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.inpaint import Inpaint
from duckrabbit.recipes.source import Source
from duckrabbit.studio.worker import Inbox, Worker
from duckrabbit.trained.digits import TrainingRun, train_digits
from duckrabbit.trained.run_folder import sole_writer, write_config
from duckrabbit.training.loop import Engine, Hyperparameters
from studio_server import DIGITS, Running, digit_job, long_job, png, sampler, source, studio, until

CPU = torch.device("cpu")
TINY = Digits(torch.zeros(640, 28, 28, dtype=torch.uint8), torch.zeros(640, dtype=torch.int64))
SVG = "http://www.w3.org/2000/svg"
"""The name of a language, which nobody asks for over a network."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with studio(tmp_path_factory.mktemp("studio")) as opened:
        yield opened


def test_the_page_is_served_before_what_takes_its_time_is_imported() -> None:
    code = "import sys, duckrabbit.studio.server\nprint(*sorted({'torch', 'numpy', 'PIL'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == ""


def test_the_page_is_light_and_asks_for_nothing_from_elsewhere(running: Running) -> None:
    static = Path(duckrabbit.__file__).parent / "studio" / "static"
    files = [path for path in static.rglob("*") if path.is_file()]
    assert len(files) > 15
    assert sum(path.stat().st_size for path in files) <= 400_000
    for path in files:
        if path.suffix in (".html", ".css", ".js"):
            text = path.read_text("utf-8").replace(SVG, "")
            assert "http://" not in text, path
            assert "https://" not in text, path
        served = running.ask(f"/static/{path.relative_to(static).as_posix()}")
        assert served.status == 200
        assert served.body == path.read_bytes()


def test_a_job_is_made_as_the_library_makes_it_and_remembers_how(running: Running) -> None:
    pictures = running.made(digit_job("4", count=2, seed=11))
    model = duckrabbit.load_model(DIGITS)
    recipe = duckrabbit.Generate("4", sampler=SamplerConfig("ddpm", 3, "uniform", 2.0))
    expected = duckrabbit.make(recipe, model, count=2, seed=11)
    for identity, picture in zip(pictures, expected, strict=True):
        got = np.asarray(running.picture(identity)).astype(int)
        assert np.abs(got - to_uint8(picture.pixels)).max() <= 3
        entry = running.ask(f"/api/pictures/{identity}").json
        assert entry["seed"] == picture.seed
        assert read_metadata(running.out / entry["file"])["recipe"] == picture.record["recipe"]


def test_the_job_that_a_picture_remembers_makes_it_again(running: Running) -> None:
    [first] = running.made({"verb": "anagram", "recipe": {"prompts": ["6", "9"], "views": ["flip"]}, "seed": 5})
    remembered = running.ask(f"/api/pictures/{first}").json["job"]
    [second] = running.made(remembered)
    assert first != second
    assert np.array_equal(np.asarray(running.picture(first)), np.asarray(running.picture(second)))


def test_the_best_of_many_are_those_that_the_judge_reads_best(running: Running) -> None:
    job = {"verb": "anagram", "recipe": {"prompts": ["6", "9"], "views": ["flip"], "sampler": sampler(3)}}
    pictures = running.made({**job, "model": DIGITS, "count": 2, "among": 10, "seed": 50})
    model = duckrabbit.load_model(DIGITS)
    recipe = duckrabbit.Anagram(prompts=("6", "9"), views=("flip",), sampler=SamplerConfig("ddpm", 3, "uniform", 2.0))
    made = duckrabbit.make(recipe, model, count=10, seed=50)
    question = question_of(load_judge("digits", "selecting", model.device), recipe.looks)
    scores = question.scores(torch.stack([picture.pixels for picture in made]))
    best = sorted(50 + k for k in scores.argsort(descending=True)[:2].tolist())
    kept = [running.ask(f"/api/pictures/{identity}").json for identity in pictures]
    assert [entry["seed"] for entry in kept] == best
    for identity, seed in zip(pictures, best, strict=True):
        [alone] = duckrabbit.make(recipe, model, seed=seed)
        assert np.abs(np.asarray(running.picture(identity)).astype(int) - to_uint8(alone.pixels)).max() <= 3


def test_every_step_can_be_followed(running: Running) -> None:
    identity = running.submit(digit_job(steps=4, count=3))
    events = running.ask(f"/api/jobs/{identity}/events").body.decode()
    kinds = [line.removeprefix("event: ") for line in events.splitlines() if line.startswith("event: ")]
    told = [json.loads(line.removeprefix("data: ")) for line in events.splitlines() if line.startswith("data: ")]
    jobs = [content for kind, content in zip(kinds, told, strict=True) if kind == "job"]
    assert jobs[-1]["state"] == "done"
    assert len(jobs[-1]["pictures"]) == 3
    assert [job["step"] for job in jobs] == sorted(job["step"] for job in jobs)


def test_a_preview_shows_the_whole_batch(running: Running) -> None:
    identity = running.submit(long_job())
    running.wait(identity, "making")
    preview = _next_event(running, "preview")
    running.ask(f"/api/jobs/{identity}", "DELETE")
    strip = Image.open(io.BytesIO(_decoded(preview["jpeg"])))
    assert preview["count"] == 16
    assert strip.size == (16 * 28, 28)
    assert running.wait(identity)["state"] == "cancelled"


def test_cancelled_it_leaves_nothing(running: Running) -> None:
    before = len(list(running.out.glob("*.png")))
    identity = running.submit(long_job())
    until(lambda: running.job(identity), lambda job: job["step"] >= 2)
    assert running.ask(f"/api/jobs/{identity}", "DELETE").status == 200
    assert running.wait(identity)["state"] == "cancelled"
    assert len(list(running.out.glob("*.png"))) == before
    assert running.ask(f"/api/jobs/{identity}", "DELETE").status == 409


def test_no_step_is_made_after_a_cancel(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    # Never closed: a worker whose input ends takes its process with it.
    inbox = Inbox(os.fdopen(ours, encoding="utf-8"))
    told: list[Mapping[str, Any]] = []
    over = threading.Event()

    def say(command: Mapping[str, Any]) -> None:
        os.write(theirs, json.dumps(command).encode() + b"\n")

    def tell(event: Mapping[str, Any]) -> None:
        told.append(event)
        if event.get("step") == 2:
            say({"do": "cancel", "job": "a"})
            until(lambda: inbox.cancelled("a"), bool)
        if event["says"] in ("done", "cancelled", "failed"):
            over.set()

    threading.Thread(target=Worker(inbox, tell).run, daemon=True).start()
    say({"do": "make", "job": "a", "request": digit_job(steps=20), "load": DIGITS, "out": str(tmp_path)})
    assert over.wait(60)
    assert [event["says"] for event in told] == ["begun", "step", "step", "cancelled"]
    assert not list(tmp_path.iterdir())


def test_jobs_change_places_and_one_that_waits_is_cancelled_at_once(running: Running) -> None:
    making = running.submit(long_job())
    running.wait(making, "making")
    first, second, third = (running.submit(digit_job(str(k))) for k in range(3))
    answer = running.ask(f"/api/jobs/{third}/place", "POST", {"before": first})
    assert answer.json["order"] == [making, third, first, second]
    assert running.ask(f"/api/jobs/{third}/place", "POST", {"before": None}).json["order"][-1] == third
    assert running.ask(f"/api/jobs/{second}", "DELETE").json["state"] == "cancelled"
    assert running.ask(f"/api/jobs/{second}/place", "POST", {"before": None}).status == 409
    running.ask(f"/api/jobs/{making}", "DELETE")
    assert running.wait(first)["state"] == running.wait(third)["state"] == "done"


def test_a_flood_of_jobs_is_refused_and_the_studio_lives(running: Running) -> None:
    making = running.submit(long_job())
    running.wait(making, "making")
    answers = [running.ask("/api/jobs", "POST", digit_job()) for _ in range(40)]
    taken = [answer.json["id"] for answer in answers if answer.status == 202]
    refused = [answer for answer in answers if answer.status != 202]
    assert len(taken) == 32
    assert {answer.status for answer in refused} == {429}
    assert all("Retry-After" in {name.title() for name in answer.headers} for answer in refused)
    for identity in [*taken, making]:
        running.ask(f"/api/jobs/{identity}", "DELETE")
    assert running.wait(making)["state"] == "cancelled"


@pytest.mark.parametrize(
    ("job", "status", "word"),
    [
        ({"verb": "anagram", "recipe": {"prompts": ["6", "9"], "views": ["sideways"]}}, 400, "view"),
        ({"verb": "anagram", "recipe": {"prompts": ["6", "9", "8"], "views": ["flip"]}}, 400, "views"),
        ({"verb": "generate", "recipe": {"prompt": "3"}, "model": "/etc/passwd"}, 404, "model"),
        ({"verb": "generate", "recipe": {"prompt": "3"}, "model": "mnist-denoiser"}, 400, "sample"),
        ({"verb": "generate", "recipe": {"prompt": 3}}, 422, "prompt"),
        ({"verb": "generate", "recipe": {"prompt": "a horse"}, "model": DIGITS}, 400, "horse"),
        ({"verb": "generate", "recipe": {"prompt": "zzgrx qwfp"}}, 400, "a rabbit, a lighthouse"),
        ({"verb": "generate", "recipe": {"prompt": "a cat", "negative_prompt": "."}}, 400, "finds none"),
        ({"verb": "generate", "recipe": {"prompt": "3"}, "size": 64}, 400, "size 28"),
        ({"verb": "generate", "recipe": {"prompt": "3"}, "count": 9, "among": 8}, 422, "among"),
        ({"verb": "generate", "recipe": {"prompt": "3"}, "count": 1000}, 422, "count"),
        ({"verb": "generate", "recipe": {"prompt": "3", "colour": "red"}}, 422, "colour"),
        ({"verb": "generate", "recipe": {"prompt": "x" * 301}}, 422, "prompt"),
        ({"verb": "juggle", "recipe": {}}, 422, "verb"),
        ({"verb": "hybrid", "recipe": {"parts": {"far": {"prompt": "3"}}}}, 422, "parts"),
        ({"verb": "edit", "recipe": {"picture": {"name": "x", "png": "not base64"}, "start": 3}}, 400, "damaged"),
        ([], 422, "object"),
    ],
)
def test_a_job_that_cannot_be_is_refused_with_a_sentence(running: Running, job: object, status: int, word: str) -> None:
    answer = running.ask("/api/jobs", "POST", job)
    assert answer.status == status
    assert word in answer.json["problem"].lower()


def test_a_job_that_the_model_cannot_make_fails_with_its_sentence_and_is_forgotten(running: Running) -> None:
    parts = {"grey": {"prompt": "3"}, "colour": {"prompt": "8"}}
    over = running.wait(running.submit({"verb": "hybrid", "recipe": {"parts": parts}, "model": DIGITS}))
    assert over["state"] == "failed"
    assert "grey pictures" in over["problem"]
    assert running.ask(f"/api/jobs/{over['id']}", "DELETE").status == 200
    assert running.ask(f"/api/jobs/{over['id']}").status == 404


def test_a_run_that_another_process_trains_is_left_alone(running: Running) -> None:
    folder = running.out.parent / "runs" / "busy"
    write_config(folder, TrainingRun("mnist-flow", 8, Hyperparameters(3, 64, 1e-3), examples=640))
    with sole_writer(folder):
        [run] = running.ask("/api/runs").json["runs"]
        assert (run["state"], run["steps"], run["learns"]) == ("elsewhere", 30, "the velocity")
        refused = running.ask("/api/runs/busy/resume", "POST")
        assert refused.status == 409
        assert "another process" in refused.json["problem"]
        with pytest.raises(UsageError, match="another process"):
            next(iter(train_digits(TrainingRun.from_toml(folder / "config.toml"), TINY, folder, Engine(CPU))))
    [run] = running.ask("/api/runs").json["runs"]
    assert run["state"] == "stopped"


def test_a_hybrid_is_guided_more_in_its_near_part_where_that_is_asked_for(running: Running) -> None:
    def hybrid(near_scale: float) -> dict[str, Any]:
        parts = {"far": {"prompt": "3"}, "near": {"prompt": "8"}}
        return {
            "verb": "hybrid",
            "recipe": {"parts": parts, "near_scale": near_scale, "sampler": sampler(4)},
            "seed": 9,
        }

    fields = running.ask("/openapi.json").json["components"]["schemas"]["Hybrid"]["properties"]
    assert fields["near_scale"]["maximum"] == 20
    [usual], [strong] = running.made(hybrid(1)), running.made(hybrid(4))
    assert not np.array_equal(np.asarray(running.picture(usual)), np.asarray(running.picture(strong)))
    assert running.ask(f"/api/pictures/{strong}").json["job"]["recipe"]["near_scale"] == 4
    assert running.ask("/api/jobs", "POST", hybrid(21)).status == 422
    over = running.wait(running.submit(hybrid(0)))
    assert over["state"] == "failed"
    assert "near-scale" in over["problem"]


def test_pairs_are_found_while_jobs_go_first(running: Running) -> None:
    wanted = {"parts": ["near", "far"], "subject": "8", "model": DIGITS}
    assert running.ask("/api/find", "POST", {**wanted, "view": "flip"}).status == 422
    assert running.ask("/api/find", "POST", {**wanted, "parts": ["near", "grey"]}).status == 422
    assert running.ask("/api/find", "POST", {**wanted, "subject": "a horse"}).status == 400
    assert running.ask("/api/find", "POST", wanted).status == 202
    until(lambda: running.ask("/api/find").json["find"]["step"], lambda step: step > 0)
    # A job is made between two steps of a block.
    tried = running.ask("/api/find").json["find"]["tried"]
    assert running.wait(running.submit(digit_job()))["state"] == "done"
    assert running.ask("/api/find").json["find"]["tried"] <= tried + 16
    tiles = until(lambda: running.ask("/api/find").json["tiles"], lambda tiles: len(tiles) > 2)
    assert running.ask("/api/find", "DELETE").json["state"] == "stopped"
    assert all("8" in tile["pair"] and tile["parts"] == ["near", "far"] for tile in tiles)
    name = tiles[0]["id"]
    assert running.ask(f"/api/find/{name}").json["job"]["recipe"]["parts"]["near"]["prompt"] == tiles[0]["pair"][0]
    assert running.ask(f"/api/find/{name}/file").body.startswith(b"\x89PNG")
    entry = running.ask(f"/api/find/{name}/keep", "POST").json
    assert (entry["verb"], entry["seed"]) == ("hybrid", tiles[0]["seed"])
    assert running.ask("/api/find/..%2F..%2Fjournal.json/file").status == 404
    # The same search goes on from what was found.
    running.ask("/api/find", "POST", wanted)
    again = until(lambda: running.ask("/api/find").json["tiles"], bool)
    assert {tuple(tile["pair"]) for tile in tiles} <= {tuple(tile["pair"]) for tile in again}
    running.ask("/api/find", "DELETE")


def test_the_page_is_told_how_each_recipe_is_sampled_by_each_model(running: Running) -> None:
    told = running.ask("/api/studio").json
    for facts in (one for one in told["models"] if one["samples"] and not one["name"].startswith("run:")):
        model = load_model(facts["name"], "cpu")
        picture = Source.of("grey", torch.zeros(model.channels, model.size, model.size))
        hole = Source.of_mask("hole", torch.ones(model.size, model.size))
        for recipe in (Edit(picture, start=3), Inpaint(picture, hole), Generate("3"), Anagram(("3", "8"), ("flip",))):
            way = facts[told["recipes"][recipe.verb]["sampler"]]
            assert way == json.loads(json.dumps(asdict(recipe.default_sampler(model)))), (model.name, recipe.verb)


def test_unsaid_models_are_chosen_by_the_prompts(running: Running) -> None:
    job = digit_job()
    del job["model"]
    assert running.job(running.submit(job))["model"] == DIGITS
    words = running.ask("/api/jobs", "POST", {"verb": "generate", "recipe": {"prompt": "a dog"}}).json
    assert words["model"] == "pocket"
    running.ask(f"/api/jobs/{words['id']}", "DELETE")


def test_the_gallery_finds_searches_favours_deletes_and_restores(running: Running) -> None:
    pictures = running.made({**digit_job("8", count=2), "seed": 777_000})
    found = running.ask("/api/pictures?search=777001").json
    assert [entry["id"] for entry in found["pictures"]] == [pictures[1]]
    assert running.ask("/api/pictures?search=777+nothing").json["total"] == 0
    assert running.ask(f"/api/pictures/{pictures[0]}/favourite", "PUT", {"favourite": True}).json["favourite"]
    favourites = running.ask("/api/pictures?favourites=true").json["pictures"]
    assert [entry["id"] for entry in favourites] == [pictures[0]]
    content = running.ask(f"/api/pictures/{pictures[0]}/file").body
    assert running.ask(f"/api/pictures/{pictures[0]}", "DELETE").status == 200
    assert running.ask(f"/api/pictures/{pictures[0]}").status == 404
    assert running.ask(f"/api/pictures/{pictures[0]}/file").status == 404
    restored = running.ask(f"/api/pictures/{pictures[0]}/restore", "POST")
    assert restored.json["favourite"]
    assert running.ask(f"/api/pictures/{pictures[0]}/file").body == content
    assert running.ask(f"/api/pictures/{pictures[0]}/restore", "POST").status == 404


def test_a_picture_that_the_command_line_wrote_is_in_the_gallery(running: Running) -> None:
    model = duckrabbit.load_model(DIGITS)
    [picture] = duckrabbit.make(duckrabbit.Generate("5", sampler=SamplerConfig("ddpm", 2)), model, seed=99_123)
    picture.save(running.out / "from elsewhere é.png")
    (running.out / "no picture.png").write_bytes(b"not a PNG")
    found = until(lambda: running.ask("/api/pictures?search=99123").json, lambda answer: answer["total"] == 1)
    assert found["pictures"][0]["file"] == "from elsewhere é.png"


def test_animations_and_a_page_to_share(running: Running) -> None:
    [anagram] = running.made({"verb": "anagram", "recipe": {"prompts": ["6", "9"], "views": ["jigsaw:1"]}})
    [plain] = running.made(digit_job())
    for identity in (anagram, plain):
        film = running.ask(f"/api/pictures/{identity}/animation?format=gif&download=true")
        assert film.status == 200
        assert Image.open(io.BytesIO(film.body)).n_frames > 3
        assert "attachment" in film.headers["content-disposition"]
    video = running.ask(f"/api/pictures/{anagram}/animation?format=mp4")
    if "mp4" in running.ask("/api/studio").json["films"]:
        assert video.body[4:8] == b"ftyp"
    else:
        assert video.status == 400
        assert "ffmpeg" in video.json["problem"]
    page = running.ask(f"/api/pictures/{anagram}/page").body.decode().replace(SVG, "")
    assert "data:image/png;base64," in page
    assert "http://" not in page
    assert "https://" not in page
    assert running.ask(f"/api/pictures/{anagram}/animation?format=exe").status == 422


def test_a_dropped_picture_gives_its_job_back_and_another_does_not(running: Running) -> None:
    [identity] = running.made(digit_job("2", seed=31))
    content = running.ask(f"/api/pictures/{identity}/file").body
    taken = running.ask(f"/api/sources?model={DIGITS}&name=two.png", "POST", body=content).json
    assert taken["record"]["recipe"]["prompt"] == "2"
    assert taken["record"]["seed"] == 31
    other = running.ask(f"/api/sources?model={DIGITS}", "POST", body=png()).json
    assert other["record"] is None
    assert Image.open(io.BytesIO(_decoded(other["source"]["png"]))).size == (28, 28)


def test_what_is_known_stays_to_the_pixel_when_a_part_is_painted_anew(running: Running) -> None:
    seven = running.ask(f"/api/sources?model={DIGITS}&name=mnist:test/0").json["source"]
    stroke = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    stroke.paste((255, 255, 255, 255), (0, 150, 300, 300))
    file = io.BytesIO()
    stroke.save(file, "PNG")
    mask = running.ask(f"/api/sources?model={DIGITS}&as=mask", "POST", body=file.getvalue()).json["source"]
    recipe = {"picture": seven, "mask": mask, "prompt": "7", "sampler": sampler(4)}
    [identity] = running.made({"verb": "inpaint", "recipe": recipe, "model": DIGITS})
    before = np.asarray(Image.open(io.BytesIO(_decoded(seven["png"]))))
    after = np.asarray(running.picture(identity))
    assert np.array_equal(before[:14], after[:14])
    assert not np.array_equal(before[14:], after[14:])
    # What is given away holds neither the photo nor the mask, and is no job without them.
    kept, given = (running.ask(f"/api/pictures/{identity}/file{how}").body for how in ("", "?download=true"))
    page = running.ask(f"/api/pictures/{identity}/page").body.decode()
    [inside] = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", page)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(given))), after)
    assert _decoded(inside) == given != kept
    taken = running.ask(f"/api/sources?model={DIGITS}", "POST", body=given).json["record"]
    assert [taken["recipe"][name]["png"] for name in ("picture", "mask")] == ["", ""]
    refused = running.ask("/api/jobs", "POST", taken)
    assert refused.status == 400
    assert "mnist:test/0" in refused.json["problem"]


def test_what_was_read_of_a_picture_is_said_and_its_part_is_chosen(running: Running) -> None:
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 80:] = 255
    file = io.BytesIO()
    Image.fromarray(wide).save(file, "PNG")
    middle = running.ask(f"/api/sources?model={DIGITS}&name=wide.png", "POST", body=file.getvalue()).json
    assert "wide.png is 120×40: its middle 40×40 is used" in middle["said"][0]
    right = running.ask(f"/api/sources?model={DIGITS}&crop=right", "POST", body=file.getvalue()).json
    assert (right["source"]["crop"], right["inverted"], middle["inverted"]) == ("right", True, False)
    mask = running.ask(f"/api/sources?model={DIGITS}&as=mask&crop=right&name=m", "POST", body=file.getvalue()).json
    assert mask["said"] == ["m: white is painted, 100% of the picture"]
    wrong = running.ask(f"/api/sources?model={DIGITS}&crop=middle", "POST", body=file.getvalue())
    assert (wrong.status, "no crop" in wrong.json["problem"]) == (400, True)
    heic = running.ask(f"/api/sources?model={DIGITS}&name=a.jpg", "POST", body=b"\0\0\0\x24ftypheic" + bytes(60))
    assert (heic.status, "HEIC" in heic.json["problem"]) == (400, True)


def test_a_drawing_is_made_anew(running: Running) -> None:
    taken = running.ask(f"/api/sources?model={DIGITS}", "POST", body=png(28, 0, "L")).json["source"]
    recipe = {"picture": taken, "prompt": "1", "start_level": 700, "sampler": sampler(5)}
    assert len(running.made({"verb": "edit", "recipe": recipe, "model": DIGITS, "count": 2})) == 2


def test_prompts_are_read_as_they_are_typed(running: Running) -> None:
    reading = running.ask("/api/reading?prompt=a+watercolor+of+a+rabit+zzzqqq").json
    assert {one["word"]: "rabbit" in one["near"] for one in reading["unknown"]} == {"rabit": True, "zzzqqq": False}
    assert "rabbit" in running.ask("/api/words").json["names"]
    digit = running.ask(f"/api/reading?model={DIGITS}&prompt=12").json
    assert digit["unknown"][0]["word"] == "12"


def test_a_lesson_is_drawn_with_the_picture_that_was_given(running: Running) -> None:
    seven = running.ask(f"/api/sources?model={DIGITS}&name=mnist:test/0").json["source"]
    wanted = {"task": "anagram", "model": DIGITS, "picture": seven, "prompts": ["7", "1"], "views": ["flip"]}
    rows = {row["name"]: row["pictures"] for row in running.ask("/api/lessons", "POST", wanted).json["rows"]}
    assert set(rows) == {"noise", "estimates", "guidance", "views"}
    clean = _decoded(rows["noise"][0]["picture"].partition(",")[2])
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(clean))), _pixels_of(seven))
    wrong = {**wanted, "picture": source(png(28), "in colour")}
    assert running.ask("/api/lessons", "POST", wrong).status == 400


def test_questions_are_answered_while_a_job_is_made(running: Running) -> None:
    making = running.submit(long_job())
    running.wait(making, "making")
    seven = running.ask(f"/api/sources?model={DIGITS}&name=mnist:test/0").json["source"]
    wanted = {"task": "digits", "model": DIGITS, "picture": seven, "prompts": []}
    assert running.ask("/api/lessons", "POST", wanted).status == 200
    assert running.job(making)["state"] == "making"
    running.ask(f"/api/jobs/{making}", "DELETE")


def test_the_openapi_document_names_every_address(running: Running) -> None:
    document = running.ask("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    assert {"/api/jobs", "/api/jobs/{job}", "/api/jobs/{job}/events", "/api/pictures/{picture}/file"} <= set(
        document["paths"]
    )
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))


def _decoded(text: str) -> bytes:
    return base64.b64decode(text)


def _pixels_of(taken: dict[str, str]) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(_decoded(taken["png"]))))


def _next_event(running: Running, kind: str) -> dict[str, Any]:
    """The first event of a kind that is told from now on."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    connection.request("GET", "/api/events")
    response = connection.getresponse()
    seen = ""
    while True:
        line = response.readline().decode()
        assert line
        if line.startswith("event: "):
            seen = line.removeprefix("event: ").strip()
        elif line.startswith("data: ") and seen == kind:
            connection.close()
            told: dict[str, Any] = json.loads(line.removeprefix("data: "))
            return told
