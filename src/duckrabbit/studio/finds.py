"""What the studio knows of the search for pairs: the wall, best first, and where each picture of it is."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import cannot_write
from duckrabbit.media.names import new_file
from duckrabbit.studio.bodies import FindRequest
from duckrabbit.studio.index import identity

WALL = 60
"""Tiles of a wall at the most."""

FOLDER = "finds"


@dataclass
class Wall:
    """One search, and what it has found.

    Attributes:
        id: its name.
        wanted: what is looked for.
        root: the folder of what is found.
        state: `finding` or `stopped`.
        tried: pairs.
        step: of the block at hand.
        steps: of a block; 0 until that is known.
        problem: why it stopped by itself.
        revision: another number whenever the tiles are others.
    """

    id: str
    wanted: FindRequest
    root: Path
    state: str = "finding"
    tried: int = 0
    step: int = 0
    steps: int = 0
    problem: str | None = None
    revision: int = 0
    _tiles: dict[tuple[str, ...], Mapping[str, Any]] = field(default_factory=dict)

    def hear(self, event: Mapping[str, Any]) -> None:
        """What the model process says of it."""
        if "problem" in event:
            self.state, self.problem = "stopped", event["problem"]
            return
        self.step, self.steps = event["step"], event["steps"]
        self.tried += event["tried"]
        for tile in event["tiles"]:
            name = (str(Path(tile["file"]).parent), *tile["pair"])
            if self._tiles.get(name) != tile:
                self._tiles[name] = tile
                self.revision += 1

    def tiles(self) -> Sequence[Mapping[str, Any]]:
        """The best of them, the best first."""
        ranked = sorted(self._tiles.values(), key=lambda tile: -tile["odds"])
        return [{"id": identity(tile["file"]), **tile} for tile in ranked[:WALL]]

    def told(self) -> dict[str, Any]:
        """All but the tiles."""
        return {
            "id": self.id,
            "state": self.state,
            "tried": self.tried,
            "finished": len(self._tiles),
            "step": self.step,
            "steps": self.steps,
            "problem": self.problem,
            "revision": self.revision,
            "wanted": msgspec.to_builtins(self.wanted),
        }

    def path(self, name: str) -> Path | None:
        """Where a tile's picture is; None where there is none of that id."""
        files = (tile["file"] for tile in self._tiles.values())
        return next((self.root / file for file in files if identity(file) == name), None)


def keep(picture: Path, out: Path) -> str:
    """Copy a picture into the gallery; its name there.

    Raises:
        UsageError: if it can't be written, or is not there any more.
    """
    stem = picture.stem.replace("--", "-")
    try:
        with new_file(out, stem, ".png") as path:
            shutil.copyfile(picture, path)
    except FileNotFoundError:
        raise UsageError("A better picture of this pair has taken its place: look at the wall again.") from None
    except OSError as error:
        raise cannot_write(out, error) from error
    return path.name
