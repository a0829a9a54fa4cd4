"""What can be trained of pocket, and the recipes' own values."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from duckrabbit.networks.pocket_unet import GROUPS, HEAD
from duckrabbit.trained.pocket_stages import STAGES, TrainedStage
from duckrabbit.trained.run_folder import read_config
from duckrabbit.training.loop import Hyperparameters, require


@dataclass(frozen=True)
class PocketRun:
    """One training of pocket's network, wholly specified.

    Attributes:
        recipe: a name in `POCKET_RUNS`.
        hyperparameters: how fast; it has one epoch.
        pictures: how many are seen in all.
        show_every: steps between two sheets of samples; 0 for none.
        init: the model whose weights it starts from; None for random ones.
        widths: channels at each level; with `init`, that model's.
        blocks: residual blocks at each level; with `init`, at least that model's.
        backdrops: how many drawings of each place scenes are set in; None where nothing is painted.
        first_stage: of a second stage, the model whose words it reads and whose pictures it will make large.
        data: the folder of packs or pictures.
        crop: which square of a picture, as in `parse_crop`; None where nothing is cropped.
        judge_strength: of a network that learns to guide itself, how far judges move what it learns; 0 for not at all.
        judges: files of judges that do so; none for the shipped one that guides.
    """

    recipe: str
    hyperparameters: Hyperparameters
    pictures: int
    show_every: int
    init: str | None = None
    widths: tuple[int, int, int] = (128, 256, 320)
    blocks: tuple[int, int, int] = (3, 2, 2)
    backdrops: int | None = None
    first_stage: str | None = None
    data: str = ""
    crop: str | None = None
    judge_strength: float | None = None
    judges: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        first, *others = self.widths
        by_heads = f"multiples of {GROUPS}, {HEAD} and {HEAD}"
        require(
            self,
            ("pictures", self.pictures >= 1, "at least 1"),
            ("show_every", self.show_every >= 0, "a number of steps, or 0 for no samples"),
            ("widths", first > 0 and first % GROUPS == 0, by_heads),
            ("widths", all(w > 0 and w % HEAD == 0 for w in others), by_heads),
            ("blocks", min(self.blocks) >= 1, "at least 1 at each level"),
            ("init", self.init is not None or self.stage.guidance is None, "pocket, a run or a file to learn from"),
            ("judge_strength", 0 <= (self.judge_strength or 0) <= 4, "0 for none, up to 4"),
            ("backdrops", self.backdrops is None or self.backdrops >= 1, "at least 1"),
        )

    @property
    def stage(self) -> TrainedStage:
        """The stage that is trained."""
        return STAGES[self.recipe]

    @staticmethod
    def from_toml(path: Path) -> "PocketRun":
        """The run that a run folder is of.

        Raises:
            UsageError: if the file is missing or not one that `train` wrote.
        """
        return read_config(path, PocketRun, POCKET_RUNS)


POCKET_RUNS: Mapping[str, PocketRun] = {
    "pocket": PocketRun(
        "pocket",
        Hyperparameters(1, 1024, 4e-4, ema_decay=0.9995, warmup_steps=500, cooldown=0.2, clip_gradient=1.0),
        pictures=20_000_000,
        show_every=2000,
        backdrops=400,
    ),
    "folder": PocketRun(
        "folder",
        Hyperparameters(1, 64, 1e-4, ema_decay=0.999, warmup_steps=100, cooldown=0.2, clip_gradient=1.0),
        pictures=50_000,
        show_every=200,
        init="pocket",
        crop="",
    ),
    "pocket-guided": PocketRun(
        "pocket-guided",
        Hyperparameters(1, 128, 1e-3, ema_decay=0.999, warmup_steps=60, cooldown=0.5, clip_gradient=1.0),
        pictures=1_000_000,
        show_every=1000,
        init="pocket",
        backdrops=400,
        judge_strength=3.0,
        judges=(),
    ),
    "pocket-256": PocketRun(
        "pocket-256",
        Hyperparameters(1, 256, 4e-4, ema_decay=0.9995, warmup_steps=500, cooldown=0.2, clip_gradient=1.0),
        pictures=5_000_000,
        show_every=2000,
        widths=(96, 192, 192),
        blocks=(2, 2, 2),
        backdrops=400,
        first_stage="pocket",
    ),
}
"""The recipes, with the values that a user's options replace."""
