"""Rebuilding packs: from tiny repositories on this machine, and that the real list is whole."""

import hashlib
import io
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from duckrabbit.datasets.packs import read_packs
from duckrabbit.datasets.prompts import table
from duckrabbit.errors import UsageError

TOOLS = Path(__file__).parent.parent / "tools"
sys.path.insert(0, str(TOOLS))

import build_packs  # noqa: E402
from pack_pictures import CROPS, SUBJECTS, made  # noqa: E402

PACKS = TOOLS / "packs"
SOURCES = tomllib.loads((PACKS / "sources.toml").read_text(encoding="utf-8"))


def picture(size: tuple[int, int], colour: tuple[int, ...], kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour).save(file, kind)
    return file.getvalue()


def commit(folder: Path, files: dict[str, bytes]) -> str:
    """A repository with these files, and its commit."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    person = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    for words in (["init", "--quiet"], ["add", "--all"], [*person, "commit", "--quiet", "-m", "pictures"]):
        subprocess.run(["git", "-C", str(folder), *words], check=True)
    head = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return head.stdout.strip()


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A list of two small repositories: drawings, and photographs."""
    drawings = commit(
        tmp_path / "remote" / "ada" / "drawings",
        {
            "png/un chat.png": picture((100, 80), (200, 0, 0, 255)),
            "pixels/key.png": picture((10, 10), (0, 200, 0, 255)),
        },
    )
    photographs = commit(
        tmp_path / "remote" / "bob" / "photographs",
        {
            "a/dog.jpg": picture((300, 200), (30, 60, 90), "JPEG"),
            "a/cat.jpg": picture((200, 300), (90, 60, 30), "JPEG"),
        },
    )
    listing = f'''
    url = "{(tmp_path / "remote").as_uri()}/{{repository}}"
    [packs]
    art64 = {{ manifest = "art.tsv", licences = "art.md", size = 64 }}
    photos64 = {{ manifest = "photos.tsv", licences = "photos.md", size = 64 }}
    photos256 = {{ manifest = "photos.tsv", licences = "photos.md", size = 256 }}
    [commits]
    "ada/drawings" = "{drawings}"
    "bob/photographs" = "{photographs}"
    '''
    for name, repository, folder, treatment, style in (
        ("round", "ada/drawings", "png", "png", "a cartoon of"),
        ("square", "ada/drawings", "pixels", "pixels", "pixel art of"),
        ("shot", "bob/photographs", "", "whole or busiest", "a photo of"),
        ("shot/2", "bob/photographs", "a", "centre", "a photo of"),
    ):
        listing += f'''
        [sets."{name}"]
        repository = "{repository}"
        folder = "{folder}"
        treatment = "{treatment}"
        style = "{style}"
        licence = "CC0"
        '''
    (tmp_path / "list").mkdir()
    (tmp_path / "list" / "sources.toml").write_text(listing)
    (tmp_path / "list" / "art.tsv").write_text("# head\nround\tun chat.png\tcat\nsquare\tkey.png\tkey\n")
    (tmp_path / "list" / "photos.tsv").write_text(
        "# head\nshot\ta/dog.jpg\tdog\t256\nshot/2\tcat.jpg\ta cat\t\tan oil painting of\tPD\t0.5 0.5 0.2 0.4\n"
    )
    for name in ("art.md", "photos.md"):
        (tmp_path / "list" / name).write_text(f"licences of {name}")
    return tmp_path / "list" / "sources.toml"


def test_packs_are_built_from_repositories_and_can_be_read(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_packs.build(sources, out, tmp_path / "clones")
    assert sorted(path.name for path in out.iterdir()) == ["art64.zip", "photos256.zip", "photos64.zip"]
    pack = read_packs([out / "art64.zip", out / "photos64.zip"], 64)
    assert [(i.set, i.name, i.style, i.photo) for i in pack.items] == [
        ("round", "cat", "a cartoon of", False),
        ("square", "key", "pixel art of", False),
        ("shot", "dog", "a photo of", True),
        ("shot", "a cat", "an oil painting of", True),
    ]
    cat, key, dog, _ = pack.pictures
    assert cat[3, 0].max() == 0
    assert cat[3, 32].min() == 255
    assert Counter(key[3].flatten().tolist()) == {0: 64 * 64 - 60 * 60, 255: 60 * 60}
    assert key[:3, 32, 32].tolist() == [0, 200, 0]
    assert dog[:3].float().mean(dim=(1, 2)).tolist() == pytest.approx([30, 60, 90], abs=4)
    assert len(read_packs([out / "photos256.zip"], 256)) == 1
    with zipfile.ZipFile(out / "photos64.zip") as archive:
        assert archive.read("LICENCES.md") == b"licences of photos.md"
        items = json.loads(archive.read("items.json"))
    assert [item["licence"] for item in items] == ["CC0", "PD"]
    assert [item["src"] for item in items] == ["bob/photographs:a/dog.jpg", "bob/photographs:a/cat.jpg"]


def test_what_is_there_is_neither_fetched_nor_built_again(sources: Path, tmp_path: Path) -> None:
    out, clones = tmp_path / "out", tmp_path / "clones"
    build_packs.build(sources, out, clones, ["art64"])
    assert sorted(path.name for path in clones.iterdir()) == ["ada+drawings"]
    before = (out / "art64.zip").stat()
    (tmp_path / "remote" / "ada").rename(tmp_path / "gone")
    build_packs.build(sources, out, clones, ["art64"])
    assert (out / "art64.zip").stat() == before
    pictures = read_packs([out / "art64.zip"], 64).pictures
    (out / "art64.zip").unlink()
    build_packs.build(sources, out, clones, ["art64"])
    assert read_packs([out / "art64.zip"], 64).pictures.equal(pictures)


def test_a_repository_at_another_commit_is_fetched_anew(sources: Path, tmp_path: Path) -> None:
    out, clones = tmp_path / "out", tmp_path / "clones"
    build_packs.build(sources, out, clones, ["art64"])
    remote = tmp_path / "remote" / "ada" / "drawings"
    old = re.findall('"ada/drawings" = "(.*)"', sources.read_text())[0]
    new = commit(remote, {"png/un chat.png": picture((64, 64), (0, 0, 250, 255))})
    (out / "art64.zip").unlink()
    build_packs.build(sources, out, clones, ["art64"])
    assert read_packs([out / "art64.zip"], 64).pictures[0, 0, 32, 32] > 190
    sources.write_text(sources.read_text().replace(old, new))
    (out / "art64.zip").unlink()
    build_packs.build(sources, out, clones, ["art64"])
    assert read_packs([out / "art64.zip"], 64).pictures[0, 2, 32, 32] > 240


def test_mistakes_are_said_and_leave_no_pack(sources: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out, clones = tmp_path / "out", tmp_path / "clones"
    text = sources.read_text()
    with pytest.raises(UsageError, match="no pack art32"):
        build_packs.build(sources, out, clones, ["art32"])
    sources.write_text(re.sub('"ada/drawings" = ".*"', f'"ada/drawings" = "{"0" * 40}"', text))
    with pytest.raises(UsageError, match="can't be fetched at 0000"):
        build_packs.build(sources, out, clones, ["art64"])
    sources.write_text(text)
    (sources.parent / "art.tsv").write_text("# head\nround\tno such file.png\tcat\n")
    with pytest.raises(UsageError, match=r"no file png/no such file\.png"):
        build_packs.build(sources, out, clones, ["art64"])
    assert not list(out.rglob("*.zip"))
    with pytest.raises(SystemExit, match="no pack art32"):
        build_packs.main(["--out", str(out), "--sources", str(sources), "--only", "art32"])
    capfd.readouterr()


def test_a_given_pack_is_taken_if_it_is_the_one_that_is_meant(
    sources: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given, out, clones = tmp_path / "given", tmp_path / "out", tmp_path / "clones"
    given.mkdir()
    (given / "icons64.zip").write_bytes(b"icons")
    checksum = hashlib.sha256(b"icons").hexdigest()
    text = sources.read_text().replace(
        "[packs]", f'[packs]\nicons64 = {{ licences = "art.md", sha256 = "{checksum}" }}'
    )
    sources.write_text(text)
    build_packs.build(sources, out, clones)
    assert "icons64.zip is not made from repositories" in capfd.readouterr().err
    assert not (out / "icons64.zip").exists()
    with pytest.raises(UsageError, match="give --given"):
        build_packs.build(sources, out, clones, ["icons64"])
    build_packs.build(sources, out, clones, ["icons64"], given)
    assert (out / "icons64.zip").read_bytes() == b"icons"
    (out / "icons64.zip").unlink()
    (given / "icons64.zip").write_bytes(b"others")
    with pytest.raises(UsageError, match="another pack"):
        build_packs.build(sources, out, clones, ["icons64"], given)
    assert not (out / "icons64.zip").exists()


def test_an_icon_is_read_out_of_its_set(tmp_path: Path) -> None:
    icons = {"icons": {"fox": {"body": "<path d='M0 0'/>"}, "hen": {"body": "<g/>", "width": 9}}, "height": 20}
    own = commit(tmp_path / "r", {"sets/x.json": json.dumps(icons).encode()})
    with build_packs.Files({"o/r": tmp_path / "r"}, {"o/r": own}) as files:
        fox = files.read("o/r", "sets/x.json#fox").decode()
        hen = files.read("o/r", "sets/x.json#hen").decode()
    assert 'viewBox="0 0 48 20"' in fox
    assert "<path d='M0 0'/></svg>" in fox
    assert 'viewBox="0 0 9 20"' in hen


# --- Pictures --------------------------------------------------------------------------------------------------------


def shown(treatment: str, content: bytes, size: int = 64, box: build_packs.Box | None = None) -> np.ndarray:
    with Image.open(io.BytesIO(made(treatment, content, size, box))) as image:
        assert image.size == (size, size)
        return np.asarray(image.convert("RGB"), float)


def busy(where: tuple[int, int], size: tuple[int, int] = (300, 100)) -> bytes:
    """Grey, with noise in a square of 100 pixels: red there, blue elsewhere."""
    rng = np.random.default_rng(0)
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[..., 2] = np.linspace(60, 200, size[0])[None, :]
    x, y = where
    pixels[y : y + 100, x : x + 100] = rng.integers(0, 256, (100, 100, 1)) * np.array([1, 0, 0])
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("x", [0, 120, 200])
def test_the_busiest_square_is_cut_out(x: int) -> None:
    red, _, blue = shown("whole or busiest", busy((x, 0))).mean(axis=(0, 1))
    assert red > 80
    assert blue < 60


def test_a_thing_on_plain_ground_is_shown_whole() -> None:
    image = Image.new("RGB", (300, 100), (240, 240, 240))
    image.paste((200, 0, 0), (20, 20, 280, 80))
    file = io.BytesIO()
    image.save(file, "PNG")
    for treatment in ("whole or busiest", "widened"):
        pixels = shown(treatment, file.getvalue())
        assert np.abs(pixels[:20] - 240).max() < 8
        red = (pixels[..., 1] < 60).any(axis=0)
        assert 52 <= red.sum() <= 58


def test_a_wide_thing_keeps_its_length_and_its_ground_is_mirrored() -> None:
    pixels = shown("widened", busy((100, 0)))
    assert pixels[..., 0].mean() > 50
    assert pixels[2:62, :, 0].std() > 20


def test_faces_and_pets_are_cut_from_above_the_middle() -> None:
    tall = np.zeros((300, 100, 3), np.uint8)
    tall[:] = np.linspace(0, 250, 300)[:, None, None]
    file = io.BytesIO()
    Image.fromarray(tall).save(file, "PNG")
    means = {crop: shown(crop, file.getvalue()).mean() for crop in ("face", "upper", "centre")}
    assert means["face"] < means["upper"] < means["centre"] == pytest.approx(125, abs=3)


def test_a_box_is_cut_out_with_a_little_around_it() -> None:
    image = Image.new("RGB", (400, 400), (0, 0, 200))
    image.paste((200, 0, 0), (200, 100, 300, 200))
    file = io.BytesIO()
    image.save(file, "PNG")
    pixels = shown("whole or busiest", file.getvalue(), box=(0.625, 0.375, 0.25, 0.25))
    inside = (pixels[..., 0] > 100).mean()
    assert inside == pytest.approx(1 / 1.25**2, abs=0.03)


# --- The real list ---------------------------------------------------------------------------------------------------


LISTED = tuple(name for name, pack in SOURCES["packs"].items() if "manifest" in pack)
GIVEN = tuple(name for name in SOURCES["packs"] if name not in LISTED)


def listed(name: str) -> list[build_packs.Entry]:
    pack = SOURCES["packs"][name]
    return build_packs.entries(PACKS / pack["manifest"], SOURCES["sets"], pack["size"])


def named(kind: str) -> set[str]:
    return {name for name, (packs, *_) in table("names").items() if kind in packs.split(",")}


@pytest.mark.parametrize("name", LISTED)
def test_every_picture_of_a_pack_has_a_source(name: str) -> None:
    pictures = listed(name)
    assert len(pictures) > 1000
    assert {entry.repository for entry in pictures} <= SOURCES["commits"].keys()
    assert {entry.treatment for entry in pictures} <= {*CROPS, *SUBJECTS}
    licences = (PACKS / SOURCES["packs"][name]["licences"]).read_text(encoding="utf-8")
    for own in {entry.set for entry in pictures}:
        assert re.search(rf"\b{own}\b", licences), own
    kind = "photos" if name.startswith("photos") else name.removesuffix("64").removesuffix("256")
    assert {entry.name for entry in pictures} <= named(kind)


@pytest.mark.parametrize("kind", ["art", "openmoji"])
def test_every_name_is_one_of_a_picture(kind: str) -> None:
    assert {entry.name for entry in listed(f"{kind}64")} == named(kind)


@pytest.mark.parametrize("name", GIVEN)
def test_a_pack_that_is_given_has_a_checksum_and_licences(name: str) -> None:
    pack = SOURCES["packs"][name]
    assert re.fullmatch("[0-9a-f]{64}", pack["sha256"])
    assert (PACKS / pack["licences"]).stat().st_size > 1000


def test_commits_are_whole_and_every_source_is_used() -> None:
    assert all(re.fullmatch("[0-9a-f]{40}", own) for own in SOURCES["commits"].values())
    assert {own["repository"] for own in SOURCES["sets"].values()} == SOURCES["commits"].keys()
    tables = {SOURCES["packs"][name]["manifest"] for name in LISTED}
    rows = [line for name in tables for line in (PACKS / name).read_text(encoding="utf-8").splitlines()]
    assert {row.split("\t")[0] for row in rows if not row.startswith("#")} == SOURCES["sets"].keys()
