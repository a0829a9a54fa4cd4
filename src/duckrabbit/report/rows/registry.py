"""Every row of the report, in order."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from duckrabbit.report.figure import Figure
from duckrabbit.report.painter import PHOTO
from duckrabbit.report.rows.beyond import best_of_many, every_view, own_pictures, remembered, rooms
from duckrabbit.report.rows.digits import edits as digit_edits
from duckrabbit.report.rows.digits import illusions, one_step, solvers, step_by_step
from duckrabbit.report.rows.pretrained import anagrams, edits, hybrids, inpainting, noise, samples, text_to_image
from duckrabbit.report.workshop import Workshop


@dataclass(frozen=True)
class Row:
    """A row of the report.

    Attributes:
        name: as the user types it after --only.
        title: its heading.
        models: the shipped models that it depends on.
        cost: its share of the time, for progress only.
        make: makes it.
        prompts: the prompts that it gives to the text-to-image model, where it uses that.
        long: whether the quick report leaves it out.
    """

    name: str
    title: str
    models: tuple[str, ...]
    cost: float
    make: Callable[[Workshop], Figure]
    prompts: tuple[str, ...] = ()
    long: bool = False

    @property
    def painted(self) -> bool:
        """Whether the text-to-image model makes it."""
        return bool(self.prompts)


@dataclass(frozen=True)
class Chapter:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


_CLASSES = ("mnist-ddpm-class",)
_PHOTO = (PHOTO, "")
"""Where nothing in particular is asked for, and the null prompt."""


_PICTURE_JUDGE = ("picture-judge-reporting",)


def _painted(name: str, title: str, cost: float, make: Callable[[Workshop], Figure], *prompts: str) -> Row:
    """A row of Part A."""
    return Row(name, title, _PICTURE_JUDGE, cost, make, (*_PHOTO, *prompts))


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        "From words to pictures",
        (
            _painted("A0", "Text to image", 50, text_to_image.text_to_image, *text_to_image.PROMPTS),
            _painted("A-emb", "What the model reads", 1, text_to_image.prompts_and_embeddings, *text_to_image.SOURCES),
        ),
    ),
    Chapter(
        "Noise on a photograph, and off again",
        (
            _painted("A1.1", "The forward process", 1, noise.forward_process),
            _painted("A1.2", "Classical denoising", 1, noise.classical_denoising),
            _painted("A1.3", "Denoising in one step", 1, noise.one_step_denoising),
            _painted("A1.4", "Denoising step by step", 3, noise.iterative_denoising),
            _painted("A1.5", "Pictures from pure noise", 5, samples.sampling_from_noise),
            _painted("A1.6", "Guidance", 18, samples.classifier_free_guidance, samples.SWEPT),
        ),
    ),
    Chapter(
        "From picture to picture",
        (
            _painted("A1.7", "Photographs made anew", 11, edits.photographs),
            _painted("A1.7.1", "Drawings made anew", 11, edits.drawings),
            _painted("A1.7.2", "Holes filled", 17, inpainting.inpainting, *inpainting.PROMPTS),
            _painted("A1.7.3", "Pictures turned into others", 11, edits.text_conditioned_edits, *edits.PROMPTS),
        ),
    ),
    Chapter(
        "Illusions",
        (
            _painted("A1.8", "Visual anagrams", 10, anagrams.visual_anagrams, *anagrams.PROMPTS),
            _painted("A1.9", "Hybrid pictures", 18, hybrids.hybrid_images, *hybrids.PROMPTS),
        ),
    ),
    Chapter(
        "Digits: one step",
        (
            Row("B1.1", "Noising a digit", ("mnist-denoiser",), 1, one_step.noising),
            Row("B1.2", "Denoising in one step", ("mnist-denoiser",), 2, one_step.denoising),
            Row("B1.3", "Noise it was not trained for", ("mnist-denoiser",), 4, one_step.out_of_distribution),
            Row("B1.4", "Denoising pure noise", ("mnist-denoiser-pure-noise",), 2, one_step.pure_noise),
        ),
    ),
    Chapter(
        "Digits: step by step",
        (
            Row("B2.1", "DDPM, told the time", ("mnist-ddpm",), 6, step_by_step.ddpm_by_time),
            Row("B2.2", "DDPM, told the class", step_by_step.DDPMS, 50, step_by_step.ddpm_by_class),
            Row("B2.3", "Flow matching, told the time", ("mnist-flow",), 8, step_by_step.flow_by_time),
            Row("B2.4", "Flow matching, told the class", (step_by_step.FLOW_BY_CLASS,), 16, step_by_step.flow_by_class),
        ),
    ),
    Chapter(
        "Digits: illusions and edits",
        (
            Row("X4", "Digits that turn into others", _CLASSES, 30, illusions.anagrams),
            Row("X4-hybrid", "One digit near, another far", _CLASSES, 10, illusions.hybrids),
            Row("A1.7.1-digits", "Drawn digits made anew", _CLASSES, 8, digit_edits.drawings),
            Row("A1.7.2-digits", "The hidden half", _CLASSES, 4, digit_edits.inpainting),
        ),
    ),
    Chapter(
        "Beyond the sources",
        (
            replace(_painted("X1", "Every view", 120, every_view.every_view, *every_view.PROMPTS), long=True),
            replace(
                _painted("X3", "The best of many", 60, best_of_many.best_of_many, *best_of_many.RECIPE.prompts),
                long=True,
            ),
            replace(_painted("X5", "Remembered", 4, remembered.remembered, *remembered.PROMPTS), long=True),
            Row("X7", "The studio", (), 1, rooms.studio, long=True),
            Row("X8", "Your own pictures", ("pocket",), 60, own_pictures.own_pictures, long=True),
        ),
    ),
    Chapter("The loop", (Row("X6", "Many solvers", _CLASSES, 22, solvers.quality_against_evaluations),)),
)

ROWS: dict[str, Row] = {row.name: row for chapter in CHAPTERS for row in chapter.rows}
