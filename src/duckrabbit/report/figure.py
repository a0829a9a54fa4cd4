"""What the report is made of: figures, their exhibits, and how all that made them is written."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePath

from duckrabbit.models.model import Model, SamplerConfig
from duckrabbit.report.bodies import Body


class Origin(Enum):
    """Where an exhibit comes from, as its badge says; the style sheet knows it by its name in small letters."""

    NOW = "computed now"
    RECORDED = "recorded while training"
    TAKEN = "taken by the product itself"


@dataclass(frozen=True)
class Exhibit:
    """Something to look at, and what made it.

    Attributes:
        caption: what is to be seen, in a sentence or two.
        body: the pictures, chart, table or viewer.
        parameters: model, prompt, seed, guidance scale, grid, steps and solver, as far as they apply.
        command: the command lines that make it, one a line.
        seconds: how long it took; not said of what was taken of the product's own windows.
        origin: computed now, recorded while training, or taken of the product's own windows.
        spoils: whether parameters and command give away what the viewer should find alone.
    """

    caption: str
    body: Body
    parameters: tuple[str, ...]
    command: str
    seconds: float
    origin: Origin = Origin.NOW
    spoils: bool = False


@dataclass(frozen=True)
class Figure:
    """A row of the table of what must be reproducible; what a student learns from it is in assets/lessons.

    Attributes:
        exhibits: what shows it.
        facts: what the lesson says of them, by the names that it has there.
    """

    exhibits: tuple[Exhibit, ...]
    facts: Mapping[str, object] = field(default_factory=dict)


def model_words(model: Model) -> str:
    """The model and the start of its checksum."""
    return f"model {model.name} ({model.checksum[:8]})"


def sampler_words(sampler: SamplerConfig, model: Model) -> tuple[str, ...]:
    """Guidance scale where the model has one, and the solver, steps, grid, guidance interval and judge scale."""
    usual = SamplerConfig()
    variance = f", variance {sampler.variance}" if sampler.variance != usual.variance else ""
    how = f"{sampler.solver}{variance}, {sampler.steps} steps, {sampler.grid} grid"
    threshold = (f"threshold {sampler.threshold}",) if sampler.threshold != usual.threshold else ()
    if not model.conditional:
        return (how, *threshold)
    low, high = sampler.guidance_interval
    interval = () if (low, high) == (0.0, 1.0) else (f"guidance for t in ({low:g}, {high:g}]",)
    mean = sampler.mean_guidance_scale
    of_mean = "" if mean is None or mean >= sampler.guidance_scale else f" ({mean:g} for the mean colour)"
    pull = (f"judge scale {sampler.judge_scale:g}",) if sampler.judge_scale else ()
    return (f"guidance scale {sampler.guidance_scale:g}{of_mean}", how, *interval, *pull, *threshold)


def seed_words(seeds: Sequence[int]) -> str:
    """One seed, or the first and the last."""
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]}–{seeds[-1]}"


def command(*words: object) -> str:
    """A command line of duckrabbit's, quoted for a shell."""
    return shlex.join(["duckrabbit", *(str(word) for word in words)])


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 0.95:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def stem_of(picture: str) -> str:
    """The name of a picture, as a part of a file's name."""
    return PurePath(picture.rpartition(":")[2]).stem
