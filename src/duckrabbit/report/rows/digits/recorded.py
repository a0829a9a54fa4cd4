"""What only training can show, as the package keeps it: loss curves, and what a model made after some epochs."""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
from PIL import Image

from duckrabbit.models.model import SamplerConfig
from duckrabbit.report.bodies import Gallery, Plate, Playable
from duckrabbit.report.chart import Axis, Chart, Series
from duckrabbit.report.figure import Exhibit, Origin, command
from duckrabbit.report.workshop import Workshop
from duckrabbit.trained.digit_recipes import SOURCES_GUIDANCE, like_the_sources
from duckrabbit.training.loop import Hyperparameters


@dataclass(frozen=True)
class TrainingRecord:
    """A recorded training run.

    Attributes:
        name: of the record's folder.
        folder: where it lies.
        settings: the run's configuration.
        lines: its metrics, averaged down: step, epoch, loss, pictures_per_second.
    """

    name: str
    folder: Traversable
    settings: dict[str, Any]
    lines: tuple[dict[str, Any], ...]

    @staticmethod
    def read(name: str) -> "TrainingRecord":
        """A record of the package."""
        folder = files("duckrabbit.report") / "records" / name
        settings = tomllib.loads((folder / "config.toml").read_text("utf-8"))
        lines = (folder / "metrics.jsonl").read_text("utf-8").splitlines()
        return TrainingRecord(name, folder, settings, tuple(json.loads(line) for line in lines))

    @property
    def hyperparameters(self) -> Hyperparameters:
        """How long and how fast it was trained."""
        return msgspec.convert(self.settings["hyperparameters"], Hyperparameters)

    @property
    def final_loss(self) -> float:
        """The mean loss over the last twentieth of the curve."""
        last = self.lines[-max(1, len(self.lines) // 20) :]
        return float(sum(line["loss"] for line in last) / len(last))

    @property
    def seconds(self) -> float:
        """How long the steps took, by the recorded speed."""
        batch = self.hyperparameters.batch_size
        steps = [line["step"] for line in self.lines]
        taken = [after - before for before, after in zip([0, *steps], steps, strict=False)]
        return float(sum(n * batch / line["pictures_per_second"] for n, line in zip(taken, self.lines, strict=True)))

    @property
    def pictures_per_second(self) -> float:
        """The recorded speed."""
        return float(self.lines[-1]["step"] * self.hyperparameters.batch_size) / self.seconds

    def curve(self, label: str) -> Series:
        """Loss against epochs."""
        per_epoch = self.lines[-1]["step"] / self.hyperparameters.epochs
        return Series(label, tuple((line["step"] / per_epoch, line["loss"]) for line in self.lines))

    def parameters(self) -> tuple[str, ...]:
        """The hyperparameters in words."""
        chosen = self.hyperparameters
        decay = chosen.learning_rate_decay
        falling = "constant" if decay == 1 else f"falling ×{decay:g} over the run"
        return (
            f"recipe {self.settings['recipe']}",
            f"hidden {self.settings['hidden']}",
            f"batch {chosen.batch_size}",
            f"Adam {chosen.learning_rate:g}, {falling}",
            f"{chosen.epochs} epochs",
            self.averaging,
            f"seed {chosen.seed}",
            f"{self.pictures_per_second:,.0f} pictures a second",
        )

    def shown(self) -> list[int]:
        """The epochs after which samples were kept."""
        names = sorted(item.name for item in self.folder.iterdir() if item.name.endswith(".png"))
        return [int(name.removeprefix("epoch-").removesuffix(".png")) for name in names]

    def how_sampled(self) -> str:
        """How the samples came about, for records of models that sample; nothing for those of denoisers."""
        film = self.folder / f"epoch-{self.shown()[-1]:02d}.webp"
        if not film.is_file():
            return ""
        with film.open("rb") as file, Image.open(file) as frames:
            kept = getattr(frames, "n_frames", 1)
        told = "class" in self.settings["recipe"]
        guidance = f", guidance {SOURCES_GUIDANCE:g} at all times" if told else ""
        if self.settings.get("like_the_sources"):
            sampler = like_the_sources(self._levels, told)
            noise = ", with noise of variance β at each" if sampler.solver == "ddpm" else ""
            way = f"{sampler.solver} in {sampler.steps} steps{noise}, without clipping"
            moments = f"the animation keeps {kept} of {sampler.steps + 1} moments"
        else:
            sampler = SamplerConfig()
            way = f"{sampler.solver} in {sampler.steps} steps on the {sampler.grid} grid"
            moments = f"the animations keep {kept} of {sampler.steps + 1} moments"
        return f" They were drawn from {self.averaging}, by {way}{guidance}; {moments}."

    @property
    def _levels(self) -> int | None:
        """Of a DDPM's table."""
        return int(self.settings["ddpm_steps"]) if "ddpm" in self.settings["recipe"] else None

    @property
    def averaging(self) -> str:
        """Which weights samples are drawn from."""
        return "averaged weights" if self.hyperparameters.ema_decay else "the last weights, no average"

    def gallery(self, workshop: Workshop, alt: str) -> Gallery:
        """The sheet after each shown epoch, with its animation where there is one, copied into the row's folder."""
        return Gallery(tuple(self._playable(workshop, epoch, alt) for epoch in self.shown()))

    def _playable(self, workshop: Workshop, epoch: int, alt: str) -> Playable:
        stem = f"epoch-{epoch:02d}"
        still = workshop.keep(f"{self.name}-{stem}.png", (self.folder / f"{stem}.png").read_bytes())
        with Image.open(workshop.page / still) as image:
            width, height = image.size
        words = f"after epoch {epoch}"
        plate = Plate(still, width, height, f"{alt}, {words}")
        animation = self.folder / f"{stem}.webp"
        if not animation.is_file():
            return Playable(words, plate)
        return Playable(words, plate, workshop.keep(f"{self.name}-{stem}.webp", animation.read_bytes()))


def loss_exhibit(runs: Sequence[tuple[str, TrainingRecord]], target: str) -> Exhibit:
    """The loss curves of runs with their labels, in one chart; `target` is what the network predicts."""
    first = runs[0][1]
    ends = "; ".join(f"{label + ': ' if label else ''}{record.final_loss:.4f}" for label, record in runs)
    chart = Chart(
        "Training loss against epochs",
        Axis("epoch"),
        Axis(f"mean squared error of {target}", logarithmic=True),
        tuple(record.curve(label) for label, record in runs),
    )
    return Exhibit(
        f"The training loss for pictures in [−1, 1], on a logarithmic scale. At the end: {ends}.",
        chart,
        first.parameters()
        if len(runs) == 1
        else tuple(f"{label}: {', '.join(run.parameters())}" for label, run in runs),
        "\n".join(train_command(record) for _, record in runs),
        sum(record.seconds for _, record in runs),
        Origin.RECORDED,
    )


def recorded_exhibits(workshop: Workshop, name: str, target: str) -> tuple[Exhibit, Exhibit]:
    """A run's loss curve, and what the model made after some of its epochs; `target` is what the network predicts."""
    record = TrainingRecord.read(name)
    return loss_exhibit((("", record),), target), samples_exhibit(workshop, record)


def in_the_sources_way(workshop: Workshop, name: str) -> Exhibit:
    """A run that was trained and sampled as the sources train and sample, from end to end."""
    record = TrainingRecord.read(name)
    epochs = ", ".join(map(str, record.shown()))
    return samples_exhibit(
        workshop,
        record,
        f"In the sources' way: a run of its own, without averaged weights, after epochs {epochs}, with the same seeds "
        "each time.",
    )


def samples_exhibit(workshop: Workshop, record: TrainingRecord, caption: str = "") -> Exhibit:
    """What the model made after some of its epochs."""
    sampled = record.folder.joinpath(f"epoch-{record.shown()[-1]:02d}.webp").is_file()
    kind = "40 samples" if sampled else "From the top: test digits, what the network gets, what it makes of it,"
    said = caption or f"{kind} after epochs {', '.join(map(str, record.shown()))}, with the same seeds each time."
    said += record.how_sampled()
    return Exhibit(
        said,
        record.gallery(workshop, f"{'Samples' if sampled else 'Test digits'} of {record.name}"),
        record.parameters(),
        train_command(record),
        record.seconds,
        Origin.RECORDED,
    )


def train_command(record: TrainingRecord) -> str:
    """The command line that trains such a run; where a run left its recipe's own learning rate, it says so."""
    chosen = record.hyperparameters
    options: list[object] = []
    if record.settings.get("like_the_sources"):
        options = ["--like-the-sources", "--out", f"runs/{record.name}"]
    elif record.name != record.settings["recipe"]:
        options = ["--learning-rate", f"{chosen.learning_rate:g}"]
        options += ["--learning-rate-decay", f"{chosen.learning_rate_decay:g}", "--out", f"runs/{record.name}"]
    return command("train", record.settings["recipe"], *options)
