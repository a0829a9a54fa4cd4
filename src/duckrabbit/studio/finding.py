"""Pairs that work, looked for in the model process, a block at a time, whenever nothing else is to be made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, product
from pathlib import Path
from random import Random
from typing import Any

from duckrabbit.judges.calibration import shipped_for, sure
from duckrabbit.judges.judge import load_judge
from duckrabbit.judges.subjects import subjects_of
from duckrabbit.making.sample import Denoisers, Watch
from duckrabbit.media.names import slug
from duckrabbit.models.model import Model
from duckrabbit.search.discover import Collection, Found, PairSearch, collection
from duckrabbit.search.priors import shipped_for as subject_priors_for
from duckrabbit.studio.bodies import FindRequest
from duckrabbit.studio.tasks import PAGE

BLOCK = 8
"""Pairs that are begun together: a wall fills sooner with small blocks."""


@dataclass(frozen=True)
class Way:
    """One style, and one way of seeing the second subject.

    Attributes:
        search: what is looked for.
        kept: where it is kept.
    """

    search: PairSearch
    kept: Collection

    def tile(self, found: Found, root: Path) -> dict[str, Any]:
        """A pair's best picture as the studio is told of it."""
        recipe = self.search.recipe(found.pair)
        return {
            "file": self.kept.picture(found).relative_to(root).as_posix(),
            "pair": list(found.pair),
            "prompts": list(recipe.prompts),
            "views": list(getattr(recipe, "views", ())),
            "parts": list(getattr(recipe, "parts", ())),
            "seed": found.seed,
            "odds": sure(self.search.calibration, found.readings),
        }


class Finder:
    """A search over one way, or over many in turn where style or view are left open.

    Raises:
        UsageError: if a pair can't be made, or can't be judged.
    """

    def __init__(self, wanted: FindRequest, model: Model, root: Path) -> None:
        self._wanted, self._model, self._root = wanted, model, root
        self._denoisers = Denoisers()
        self._turns = self._ways()
        self._current = next(self._turns)

    @property
    def steps(self) -> int:
        """Of a block."""
        pair = self._current.search.subjects[:2]
        return self._current.search.contest((pair[0], pair[1])).planned.steps

    def known(self) -> list[dict[str, Any]]:
        """What was found by the way whose turn it is before."""
        return [self._current.tile(found, self._root) for found in self._current.kept.findings().finished.values()]

    def block(self, watch: Watch) -> tuple[int, list[dict[str, Any]]]:
        """Try some pairs more: how many, and the best picture of each that was finished. Then it is another's turn."""
        way = self._current
        findings = way.kept.findings()
        attempts = way.search.attempts(findings, BLOCK)
        made = way.search.made(attempts, self._denoisers, watch)
        for attempt, candidate in zip(attempts, made, strict=True):
            findings = way.kept.note(findings, attempt, candidate)
        new = {attempt.pair for attempt in attempts}
        tiles = [way.tile(found, self._root) for pair, found in findings.finished.items() if pair in new]
        self._current = next(self._turns)
        return len(attempts), tiles

    def _ways(self) -> Iterator[Way]:
        wanted, digits = self._wanted, self._model.kind == "digits"
        styles = ("",) if digits else PAGE.find.styles if wanted.style is None else (wanted.style.strip(),)
        ways: Sequence[tuple[str, tuple[str, ...]]] = (
            [("", tuple(wanted.parts))]
            if wanted.parts
            else [(view, ()) for view in (PAGE.find.views if wanted.view is None else (wanted.view,))]
        )
        every = list(product(styles, ways))
        Random(wanted.seed).shuffle(every)
        judge = load_judge(self._model.kind, "selecting", self._model.device)
        calibration = shipped_for(judge, self._model.illusion_sampler.judge_scale)
        subjects, around = subjects_of(judge), wanted.subject.strip()
        if around and around not in subjects:
            subjects = (around, *subjects)
        priors = subject_priors_for(self._model.checksum, judge)
        searches = [
            PairSearch(
                self._model, judge, calibration, subjects, view, style, wanted.seed,
                subject_priors=priors, parts=parts, around=around,
            )
            for style, (view, parts) in every
        ]  # fmt: skip
        # What can't be made or judged is refused before the first block.
        for search in searches:
            search.contest((around or subjects[0], next(name for name in subjects if name != around)))
        folders: dict[int, Way] = {}
        for k, search in cycle(enumerate(searches)):
            if k not in folders:
                stem = "-".join(filter(None, map(slug, (search.style, search.view, *search.parts, around))))
                folders[k] = Way(search, collection(self._root, stem or "pairs", search))
            yield folders[k]
