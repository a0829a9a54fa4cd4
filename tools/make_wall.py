"""Make the wall that the studio starts from: 24 illusions, proven with the weights of the day.

    python tools/make_wall.py [--minutes 9] [--sheet wall.png]

For each place on the wall pairs of subjects race, a block at a time, as `discover` lets them, the pair that hangs there
now among them, with other seeds as well. The selecting judge says which pictures are the best; the first of them that
the reporting judge, of 1,083 names, reads as asked in every look is made once more by itself, and hung if it is still
read so. Where none is, the time that is left is given to that place at the end.

It writes src/duckrabbit/studio/wall: a picture of each, without loss, and wall.json with the recipes, the odds, what
the reporting judge read, and the checksums of all weights that had a part; tests/test_wall.py compares them with those
that are shipped. On two cores it takes ten minutes at the most.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from duckrabbit.judges.calibration import shipped_for, sure
from duckrabbit.judges.judge import Judge, Role, load_judge
from duckrabbit.judges.question import question_of
from duckrabbit.judges.reading import Reading, readings_of
from duckrabbit.judges.subjects import subjects_of
from duckrabbit.making.best_of import Candidate, race
from duckrabbit.making.make import make
from duckrabbit.making.pruning import ACROSS
from duckrabbit.making.sample import Denoisers
from duckrabbit.media.atomic import atomic_write
from duckrabbit.media.names import slug
from duckrabbit.media.pixels import to_uint8
from duckrabbit.media.sheet import contact_sheet
from duckrabbit.models.load import load_model
from duckrabbit.models.model import Model
from duckrabbit.recipes.catalogue import to_json
from duckrabbit.recipes.generate import Generate
from duckrabbit.recipes.recipe import with_sampler
from duckrabbit.search.discover import Attempt, Findings, PairSearch
from duckrabbit.search.priors import shipped_for as subject_priors_for

OUT = Path(__file__).resolve().parent.parent / "src/duckrabbit/studio/wall"
BLOCK = 8
"""Pairs that race: the fewer, the sooner it is known whether one of them will do."""
WIDER = 4
"""So many times as many pairs are proposed: those with a subject that hangs already are left out."""

SEEDS = 3
"""With which the pair that hangs in a place is tried again."""

ROUNDS = 6
"""Blocks for a place, as long as the others are done: a mirror's two readings are hardly told apart by any judge."""

LEAST = 0.15
"""A picture below these odds is not put before the reporting judge: of many, it would read some by chance."""

OIL, WATER, STONE, CARTOON, PENCIL = (
    *("an oil painting of", "a watercolor of", "a lithograph of", "a cartoon of", "a pencil sketch of"),
)
PHOTO, SHOWN_IN_STYLES = "a photo of", "a castle"
STYLES = (OIL, WATER, PENCIL, STONE, CARTOON, PHOTO)
"""Those that the page offers, each with a small picture of the same thing."""

ROLES: tuple[Role, ...] = ("selecting", "reporting")
POCKET, DIGITS = "pocket", "mnist-ddpm-class"


@dataclass(frozen=True)
class Place:
    """A place on the wall: what is to hang there; `first` is a pair to begin with where nothing hangs yet."""

    style: str
    view: str = ""
    parts: tuple[str, ...] = ()
    model: str = POCKET
    first: tuple[str, str] | None = None


PLACES = (
    Place(WATER, "rotate-180"),
    Place(OIL, "flip"),
    Place(CARTOON, parts=("near", "far")),
    Place(WATER, "rotate-90"),
    Place(CARTOON, "jigsaw"),
    Place("", "rotate-180", model=DIGITS, first=("6", "9")),
    Place(STONE, "rotate-180"),
    Place(OIL, parts=("colour", "grey")),
    Place(WATER, "inner-circle"),
    Place(CARTOON, "flip"),
    Place(OIL, "mirror"),
    Place(WATER, parts=("near", "far")),
    Place(CARTOON, "rotate-90-cw"),
    Place(OIL, "square-hinge"),
    Place("", "flip", model=DIGITS),
    Place(STONE, "negate"),
    Place(CARTOON, parts=("sharp", "blurred")),
    Place(WATER, "skew"),
    Place(OIL, "jigsaw"),
    Place(CARTOON, "rotate-180"),
    Place(OIL, "patch-permute:4"),
    Place(CARTOON, parts=("large", "small")),
    Place("", "rotate-90", model=DIGITS),
    Place(CARTOON, "pixel-permute"),
)


@cache
def model_of(name: str) -> Model:
    """A model."""
    return load_model(name)


@cache
def judge_of(name: str, role: Role) -> Judge:
    """The judge of a model's kind of pictures."""
    return load_judge(model_of(name).kind, role, model_of(name).device)


@dataclass
class Hung:
    """What was found for a place."""

    place: Place
    pair: tuple[str, str]
    candidate: Candidate
    odds: float
    readings: Sequence[Reading]

    @property
    def is_proven(self) -> bool:
        """Whether the reporting judge reads all of it."""
        return all(reading.right for reading in self.readings)

    def to_json(self) -> dict[str, Any]:
        """As the wall remembers it."""
        picture = self.candidate.picture
        return {
            "file": f"{self.name}.webp",
            # The recipe as it was asked for: the model's own way is the model's to say.
            "job": {
                "verb": picture.recipe.verb,
                "recipe": to_json(with_sampler(picture.recipe, None)),
                "model": self.place.model,
                "seed": picture.seed,
            },
            "pair": list(self.pair),
            "place": [self.place.style, self.place.view, *self.place.parts],
            "odds": round(self.odds, 4),
            "read": [
                {"look": own.look, "probability": round(own.probability, 4), "right": own.right}
                for own in self.readings
            ],
        }

    @property
    def name(self) -> str:
        """Of its file."""
        return slug(self.place.view.partition(":")[0] or "-".join(self.place.parts), *self.pair)


class Hunt:
    """The search for what hangs in one place."""

    def __init__(self, place: Place, seed: int, before: Sequence[tuple[tuple[str, str], int]]) -> None:
        model, judge = model_of(place.model), judge_of(place.model, "selecting")
        self.place = place
        self.search = PairSearch(
            model, judge, shipped_for(judge, model.illusion_sampler.judge_scale), subjects_of(judge), place.view,
            place.style, seed, subject_priors=subject_priors_for(model.checksum, judge), parts=place.parts,
        )  # fmt: skip
        self.findings = Findings({}, {})
        begun = [(place.first, seed + k) for k in range(SEEDS)] if place.first else []
        self.known = list(before or begun)
        self.best: Hung | None = None

    @property
    def name(self) -> str:
        """What is looked for."""
        return " ".join(filter(None, (self.place.style, self.place.view, *self.place.parts))) or self.place.model

    def block(self, used: set[str]) -> None:
        """Try some pairs more; what both judges read as asked, of subjects that do not hang yet, is it."""
        again = [Attempt(pair, seed) for pair, seed in self.known]
        self.known = []
        further = self.search.attempts(self.findings, WIDER * BLOCK)
        attempts = [own for own in (*again, *further) if self.place.model == DIGITS or used.isdisjoint(own.pair)][
            :BLOCK
        ]
        contests = [self.search.contest(attempt.pair) for attempt in attempts]
        made = race(contests, [attempt.seed for attempt in attempts], ACROSS, Denoisers())
        for attempt, candidate in zip(attempts, made, strict=True):
            readings = None if candidate is None else candidate.scored.readings
            self.findings = self.findings.with_attempt(attempt, readings)
        finished = [(a, c) for a, c in zip(attempts, made, strict=True) if c is not None]
        for attempt, candidate in sorted(finished, key=lambda own: -own[1].scored.score):
            self._look(attempt, candidate)
            if self.best is not None and self.best.is_proven:
                return

    def _look(self, attempt: Attempt, candidate: Candidate) -> None:
        odds = sure(self.search.calibration, candidate.scored.readings)
        least = LEAST if self.search.calibration is not None else 0.0
        if odds < least or not all(reading.right for reading in self._read(candidate)):
            if self.best is None or odds > self.best.odds:
                self.best = Hung(self.place, attempt.pair, candidate, odds, self._read(candidate))
            return
        alone = self.search.contest(attempt.pair).alone(attempt.seed)
        found = Hung(
            self.place, attempt.pair, alone, sure(self.search.calibration, alone.scored.readings), self._read(alone)
        )
        if found.is_proven or self.best is None:
            self.best = found

    def _read(self, candidate: Candidate) -> list[Reading]:
        judge = judge_of(self.place.model, "reporting")
        return readings_of(question_of(judge, candidate.picture.recipe.looks), candidate.picture.pixels)


def hanging(out: Path) -> dict[Place, list[tuple[tuple[str, str], int]]]:
    """The pair that hangs in each place, and some seeds to try it with."""
    file = out / "wall.json"
    told = json.loads(file.read_text("utf-8"))["pictures"] if file.is_file() else []
    places = {(place.model, place.style, place.view, place.parts): place for place in PLACES}
    found = {}
    for one in told:
        place = places.get((one["job"]["model"], *one["place"][:2], tuple(one["place"][2:])))
        if place is not None:
            found[place] = [(tuple(one["pair"]), one["job"]["seed"] + k) for k in range(SEEDS)]
    return found


def hunt(minutes: float, seed: int, known: Mapping[Place, Sequence[tuple[tuple[str, str], int]]]) -> list[Hung]:
    """What hangs in each place: each has its share of the time, and who is done sooner leaves the rest to others."""
    end = time.monotonic() + 60 * minutes
    hunts, used = [Hunt(place, seed + k, known.get(place, ())) for k, place in enumerate(PLACES)], set[str]()

    for one in _in_turn(hunts, end):
        began = time.monotonic()
        one.block(used)
        best = one.best
        if best is not None and best.is_proven:
            used.update(best.pair)
        said = (
            "nothing" if best is None else f"{best.name} {best.odds:.2f} {'proven' if best.is_proven else 'not read'}"
        )
        took, left = time.monotonic() - began, end - time.monotonic()
        print(f"{took:5.1f} s, {left:4.0f} s left: {one.name}: {said}", file=sys.stderr)
    return [one.best for one in hunts if one.best is not None]


def _in_turn(hunts: Sequence[Hunt], end: float) -> Iterator[Hunt]:
    """A block for each place that nothing proven hangs in, again and again until the time is over."""
    done = Counter[int]()
    while left := [
        k for k, own in enumerate(hunts) if done[k] < ROUNDS and (own.best is None or not own.best.is_proven)
    ]:
        for k in left:
            done[k] += 1
            # What can't be found at all must not take the time of the first round.
            if time.monotonic() > end and all(own.best is not None for own in hunts):
                return
            yield hunts[k]


def style_samples() -> dict[str, Image.Image]:
    """The same thing in every style, by the style: of a few seeds the one that the selecting judge reads best."""
    found = {}
    for style in STYLES:
        recipe = Generate(f"{style} {SHOWN_IN_STYLES}")
        pictures = make(recipe, model_of(POCKET), SEEDS, 0)
        question = question_of(judge_of(POCKET, "selecting"), recipe.looks)
        best = int(question.readings(torch.stack([picture.pixels for picture in pictures]))[:, 0].argmax())
        found[style] = Image.fromarray(to_uint8(pictures[best].pixels))
    return found


def weights() -> dict[str, str]:
    """The checksums of all that had a part."""
    judges = {f"{model_of(name).kind} {role}": judge_of(name, role) for name in (POCKET, DIGITS) for role in ROLES}
    return {
        **{name: model_of(name).checksum for name in (POCKET, DIGITS)},
        **{name: judge.checksum for name, judge in judges.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    styles = {style: (f"{slug('style', style)}.webp", image) for style, image in style_samples().items()}
    hung = hunt(options.minutes, options.seed, hanging(options.out))
    options.out.mkdir(parents=True, exist_ok=True)
    for old in options.out.glob("*.webp"):
        old.unlink()
    for one in hung:
        image = Image.fromarray(to_uint8(one.candidate.picture.pixels))
        image.save(options.out / f"{one.name}.webp", lossless=True, quality=100, method=6)
    for file, image in styles.values():
        image.save(options.out / file, quality=90, method=6)
    with atomic_write(options.out / "wall.json") as temporary:
        told = {
            "weights": weights(),
            "styles": [{"style": style, "file": file} for style, (file, _) in styles.items()],
            "pictures": [one.to_json() for one in hung],
        }
        temporary.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
    size = sum(file.stat().st_size for file in options.out.glob("*.webp"))
    print(f"{len(hung)} pictures, {sum(one.is_proven for one in hung)} proven, {size:,} bytes", file=sys.stderr)
    if options.sheet:
        looks = [(look, one) for one in hung for look in one.candidate.picture.recipe.looks]
        seen = [look.see(one.candidate.picture.pixels[None])[0] for look, one in looks]
        seen = [picture.expand(3, -1, -1) for picture in seen]
        contact_sheet(seen, 8, [look.prompt for look, _ in looks], scale=2).save(options.sheet)


if __name__ == "__main__":
    main()
