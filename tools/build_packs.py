"""Build the packs that pocket is trained on, from the public repositories that their pictures come from.

python tools/build_packs.py --out PACKS                     all of them
python tools/build_packs.py --out PACKS --only photos64     one of them

Packs that can't be made from repositories are taken from the folder --given, after their checksums.

Needs git, and pip install resvg_py (SVG pictures are drawn with it). Stop it at any moment and start it again: what is
fetched is not fetched again, and a pack that is there is left as it is. tools/packs says which pictures there are:
sources.toml from which repositories, at which commits, and the tables which files, under which names.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing import Pool
from pathlib import Path
from typing import Any, Self

from pack_pictures import CROPS, Box, made

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import atomic_write

HERE = Path(__file__).parent / "packs"
TOGETHER = 256
"""Pictures that are read before they are drawn."""


@dataclass(frozen=True)
class Entry:
    """One picture of a pack.

    Attributes:
        set: the collection it is from.
        repository: owner/name.
        path: in the repository; of an icon the file that holds it and its name, joined by #.
        name: what it shows.
        style: how.
        licence: of this picture.
        treatment: how its file becomes a picture, see `pack_pictures`.
        box: what to crop it to.
    """

    set: str
    repository: str
    path: str
    name: str
    style: str
    licence: str
    treatment: str
    box: Box | None

    def item(self, k: int) -> dict[str, Any]:
        """What the pack says of it; whole pictures say where they are from, and are told apart by it."""
        said = {"k": k, "set": self.set, "licence": self.licence, "name": self.name, "style": self.style}
        return said | ({"src": f"{self.repository}:{self.path}"} if self.treatment in CROPS else {})


def entries(table: Path, sets: Mapping[str, Mapping[str, str]], size: int) -> list[Entry]:
    """The pictures of a table, for packs of larger pictures those that are in them too."""
    found = []
    for line in table.read_text(encoding="utf-8").splitlines()[1:]:
        own, path, name, large, style, licence, box = (*line.split("\t"), *[""] * 6)[:7]
        if size > 64 and not large:
            continue
        known = sets[own]
        where = f"{known['icons']}#{path}" if "icons" in known else f"{known.get('folder', '')}/{path}".lstrip("/")
        found.append(
            Entry(
                own.partition("/")[0],
                known["repository"],
                where,
                name,
                style or known["style"],
                licence or known["licence"],
                known["treatment"],
                _box(box),
            )
        )
    return found


def _box(words: str) -> Box | None:
    if not words:
        return None
    x, y, w, h = map(float, words.split())
    return x, y, w, h


def fetched(repository: str, commit: str, url: str, clones: Path) -> Path:
    """A bare clone that has a repository's one commit, fetched unless it is there; git checks it by its hash.

    Raises:
        UsageError: if it can't be fetched.
    """
    clone = clones / repository.replace("/", "+")
    if not clone.exists():
        _git("init", "--quiet", "--bare", str(clone))
    if _git("-C", str(clone), "cat-file", "-e", f"{commit}^{{tree}}"):
        print(f"fetching {repository}", file=sys.stderr, flush=True)
        address = url.format(repository=repository)
        if _git("-C", str(clone), "fetch", "--quiet", "--depth", "1", address, commit):
            raise UsageError(
                f"{repository} can't be fetched at {commit} from {address}: see what git says above, and start again."
            )
    return clone


def _git(*words: str) -> int:
    """Git's exit code; what it says is heard when it fetches."""
    said = None if "fetch" in words else subprocess.DEVNULL
    return subprocess.run(["git", *words], check=False, stderr=said).returncode


class Files:
    """Files of repositories at their commits, read from bare clones."""

    def __init__(self, clones: Mapping[str, Path], commits: Mapping[str, str]) -> None:
        self._commits = commits
        self._readers = {
            repository: subprocess.Popen(
                ["git", "-C", str(clone), "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            for repository, clone in clones.items()
        }
        self._icons = cache(self._icons_of)

    def read(self, repository: str, path: str) -> bytes:
        """The content of a file, or of an icon in one.

        Raises:
            UsageError: if there is no such file.
        """
        file, _, icon = path.partition("#")
        if icon and file.endswith(".json"):
            return self._icons(repository, file)[icon]
        judge = self._readers[repository]
        assert judge.stdin is not None
        assert judge.stdout is not None
        judge.stdin.write(f"{self._commits[repository]}:{path}\n".encode())
        judge.stdin.flush()
        *_, kind, size = judge.stdout.readline().split()
        if kind != b"blob":
            raise UsageError(f"{repository} has no file {path}: its commit in sources.toml is not the tables'.")
        content = judge.stdout.read(int(size))
        judge.stdout.read(1)
        return content

    def _icons_of(self, repository: str, file: str) -> dict[str, bytes]:
        """The icons of a set in Iconify's format, each as an SVG file."""
        held = json.loads(self.read(repository, file))
        width, height = held.get("width", 48), held.get("height", 48)
        return {
            name: (
                '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
                f'viewBox="0 0 {icon.get("width", width)} {icon.get("height", height)}">{icon["body"]}</svg>'
            ).encode()
            for name, icon in held["icons"].items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for judge in self._readers.values():
            judge.communicate()


def write_pack(path: Path, listed: Sequence[Entry], files: Files, size: int, licences: str) -> None:
    """Write a pack, whole or not at all."""
    with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w") as archive, Pool() as pool:
        items = json.dumps([entry.item(k) for k, entry in enumerate(listed)], ensure_ascii=False)
        archive.writestr("LICENCES.md", licences, zipfile.ZIP_DEFLATED)
        archive.writestr("items.json", items, zipfile.ZIP_DEFLATED)
        for first in range(0, len(listed), TOGETHER):
            some = listed[first : first + TOGETHER]
            work = [(entry.treatment, files.read(entry.repository, entry.path), size, entry.box) for entry in some]
            for k, picture in enumerate(pool.starmap(made, work, chunksize=8), first):
                archive.writestr(f"i/{k}.webp", picture)
            print(f"{path.name}: {first + len(some)} of {len(listed)}", file=sys.stderr, flush=True)


def take_pack(path: Path, checksum: str, given: Path | None) -> None:
    """Copy a pack that is not made from repositories, whole or not at all.

    Raises:
        UsageError: if it is not there, or another than the one that is meant.
    """
    found = given / path.name if given is not None else None
    if found is None or not found.exists():
        raise UsageError(f"{path.name} is not made from repositories: give --given with the folder that has it.")
    content = found.read_bytes()
    own = hashlib.sha256(content).hexdigest()
    if own != checksum:
        raise UsageError(f"{found} is another pack: its SHA-256 is {own}, not {checksum}; get the right one.")
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
    print(f"{path.name}: taken from {given}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> None:
    """Build what was asked for and is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the folder of the packs")
    parser.add_argument("--only", nargs="+", metavar="PACK", help="their names, as in sources.toml")
    parser.add_argument("--clones", type=Path, help="where repositories are kept (by default OUT/clones)")
    parser.add_argument("--given", type=Path, help="a folder with the packs that are not made from repositories")
    parser.add_argument("--sources", type=Path, default=HERE / "sources.toml", help="another list of sources")
    options = parser.parse_args(argv)
    try:
        build(options.sources, options.out, options.clones or options.out / "clones", options.only, options.given)
    except UsageError as error:
        sys.exit(f"build_packs: error: {error}")


def build(sources: Path, out: Path, clones: Path, only: Sequence[str] | None = None, given: Path | None = None) -> None:
    """Build packs.

    Args:
        sources: the list of repositories, sets and packs; tables and licences lie beside it.
        out: the folder of the packs.
        clones: where repositories are kept.
        only: the packs to build; None for all.
        given: where the packs are that can't be built; without it they are left out unless they are asked for.

    Raises:
        UsageError: if there is no such pack, or a source can't be fetched or lacks a file, or a given pack is another.
    """
    listed = tomllib.loads(sources.read_text(encoding="utf-8"))
    packs = listed["packs"]
    for name in only or ():
        if name not in packs:
            raise UsageError(f"There is no pack {name}: the packs are {', '.join(packs)}.")
    for name in only or packs:
        path, pack = out / f"{name}.zip", packs[name]
        if path.exists():
            print(f"{path} is there: delete it to build it anew", file=sys.stderr)
            continue
        if "sha256" in pack:
            if given is None and only is None:
                print(f"{path.name} is not made from repositories: give --given with its folder", file=sys.stderr)
                continue
            take_pack(path, pack["sha256"], given)
            continue
        pictures = entries(sources.parent / pack["manifest"], listed["sets"], pack["size"])
        needed = dict.fromkeys(entry.repository for entry in pictures)
        own = {name: fetched(name, listed["commits"][name], listed["url"], clones) for name in needed}
        licences = (sources.parent / pack["licences"]).read_text(encoding="utf-8")
        with Files(own, listed["commits"]) as files:
            write_pack(path, pictures, files, pack["size"], licences)


if __name__ == "__main__":
    main()
