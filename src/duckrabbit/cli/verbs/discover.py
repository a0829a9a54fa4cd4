"""duckrabbit discover"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional

from duckrabbit.cli.options import Computing, Flag, Sampling, Wording, option

if TYPE_CHECKING:
    from duckrabbit.search.discover import Collection, Findings, PairSearch

MAX_MINUTES = 60 * 24 * 30
USUAL_VIEW = "rotate-180"
FEWEST = 2
MAX_CANDIDATES = 1_000_000_000
"""More of one pair than any search lives to see."""


@dataclass(frozen=True)
class Options:
    """Find pairs of subjects that work under a view: duckrabbit discover --style "an oil painting of" --view flip; or
    as a hybrid: duckrabbit discover --style "a lithograph of" --hybrid near far"""

    subjects: Positional[Annotated[tuple[str, ...], option("[SUBJECT ...]")]] = ()
    """what to choose from (by default some 560 everyday things; with --model mnist-ddpm-class the digits)"""
    view: Annotated[str | None, option("VIEW")] = None
    """in which the second subject is read (rotate-180)"""
    hybrid: Annotated[tuple[str, str] | None, option("PART PART")] = None
    """instead of a view the parts of a hybrid, the first subject's and the second's: near far, colour grey,
    sharp blurred or large small"""
    combine: Annotated[str, option("WAY")] = "mean"
    """as in duckrabbit anagram (mean)"""
    minutes: Annotated[float, option("M")] = 10.0
    """how long to look, one block of pairs at the least (10); the same command goes on from what was found"""
    seed: Annotated[int, option("SEED")] = 0
    """of the choice of pairs, and of each pair's first candidate"""
    size: Annotated[int | None, option("PIXELS")] = None
    """side of the pictures, of open models, which make smaller ones than their own, too"""
    out: Annotated[str, option("FOLDER")] = "out"
    """the folder to put the search's own folder into"""
    json: Flag = False
    """print one line of JSON a picture of the gallery on standard output"""
    wording: Wording = field(default_factory=Wording)
    sampling: Sampling = field(default_factory=Sampling)
    computing: Computing = field(default_factory=Computing)


def run(options: Options) -> int:
    """Look, and make the gallery."""
    import math
    from pathlib import Path

    from duckrabbit.cli.produce import check_folder
    from duckrabbit.diffusion.noise import Noise
    from duckrabbit.errors import UsageError
    from duckrabbit.media.names import slug
    from duckrabbit.search.discover import collection
    from duckrabbit.search.folders import alone_at

    if not (math.isfinite(options.minutes) and 0 < options.minutes <= MAX_MINUTES):
        raise UsageError(
            f"{options.minutes:g} minutes are no time to look: give --minutes above 0 and up to {MAX_MINUTES:,}."
        )
    Noise((options.seed, options.seed + MAX_CANDIDATES))
    search = _search(options)
    check_folder(options.out)
    way = search.view or "-".join(search.parts)
    stem = "-".join(part for part in ("discover", slug(options.wording.style), slug(way)) if part)
    kept = collection(Path(options.out), f"{stem}-{options.seed}", search)
    with alone_at(kept.folder):
        return _searched(search, kept, options)


def _searched(search: "PairSearch", kept: "Collection", options: Options) -> int:
    """Look, and make the gallery, in a folder that nobody else works in."""
    import sys
    import time

    from duckrabbit.cli.display import Display
    from duckrabbit.errors import UsageError
    from duckrabbit.search.discover import discover

    before = kept.findings()
    if before.tried:
        print(f"going on: {_counts(before)}", file=sys.stderr)
    started, seconds = time.monotonic(), 60 * options.minutes
    interrupted = False
    with Display(round(seconds), "discover") as display:

        def tell(findings: "Findings") -> None:
            done = min(round(time.monotonic() - started), round(seconds))
            display.at(done, round(seconds), _so_far(search, findings))

        try:
            discover(search, kept, seconds, tell)
        except KeyboardInterrupt:
            interrupted = True
    findings = kept.findings()
    found = findings.gallery()
    kept_so_far = f"{len(findings.finished)} pictures are kept in {kept.folder}; the same command goes on."
    try:
        if found:
            _write_gallery(kept, search, findings, options)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(kept_so_far) from None
    if interrupted:
        raise KeyboardInterrupt(kept_so_far)
    if not found:
        raise UsageError(f"No pair was finished in {options.minutes:g} minutes: give --minutes more.")
    return 0


def _search(options: Options) -> "PairSearch":
    """What is looked for; raises UsageError for what can't be."""
    from duckrabbit.cli.maker import new_opener
    from duckrabbit.errors import UsageError
    from duckrabbit.judges.calibration import shipped_for
    from duckrabbit.judges.judge import load_judge
    from duckrabbit.judges.subjects import subjects_of
    from duckrabbit.making.choose import judge_for
    from duckrabbit.search.discover import PairSearch
    from duckrabbit.search.priors import shipped_for as subject_priors_for

    style = options.wording.style.strip()
    given = tuple(dict.fromkeys(" ".join(subject.split()) for subject in options.subjects))
    if not all(given):
        raise UsageError("One of the subjects is empty: give things with a name, such as a rabbit, or none at all.")
    model = new_opener().open(options.computing, given or ["a thing"], None, options.size)
    if options.size not in (None, model.size):
        raise UsageError(f"discover looks at {model.name}'s own pictures, {model.size} pixels wide: leave out --size.")
    kind = model.kind
    if style and kind == "digits":
        raise UsageError(f"{model.name}'s digits have no style: leave out --style.")
    judge = judge_for(model, "selecting")
    subjects = given or subjects_of(load_judge(kind, "selecting", model.device))
    if len(subjects) < FEWEST:
        raise UsageError("One subject makes no pair: give two or more, or none for everyday things.")
    sampler = options.sampling.over(model.illusion_sampler)
    search = PairSearch(
        model,
        judge,
        shipped_for(judge, sampler.judge_scale),
        subjects,
        "" if options.hybrid else options.view or USUAL_VIEW,
        style,
        options.seed,
        options.wording.negative_prompt,
        sampler,
        options.combine,
        subject_priors_for(model.checksum, judge),
        _parts(options),
    )
    # Every subject is asked for once, so that one that can't be is refused before the search.
    for other in subjects[1:] if given else subjects[1:2]:
        search.contest((subjects[0], other))
    return search


def _parts(options: Options) -> tuple[str, ...]:
    """The parts of the hybrids that are looked for; none for anagrams."""
    from duckrabbit.errors import UsageError
    from duckrabbit.recipes.hybrid import DECOMPOSITIONS

    if options.hybrid is None:
        return ()
    if options.view is not None or options.combine != "mean":
        raise UsageError("A hybrid is not read in a view: give --view and --combine, or --hybrid.")
    kinds = [names for names in DECOMPOSITIONS if len(names) == FEWEST]
    if not any(set(options.hybrid) == set(names) for names in kinds):
        known = " or ".join(" ".join(reversed(names)) for names in kinds)
        raise UsageError(f"{' '.join(options.hybrid)} are no parts of one hybrid: give --hybrid {known}.")
    return options.hybrid


def _counts(findings: "Findings") -> str:
    return f"{len(findings.tried)} pairs tried, {len(findings.finished)} finished"


def _so_far(search: "PairSearch", findings: "Findings") -> str:
    from duckrabbit.judges.calibration import verdict

    said, best = _counts(findings), findings.best()
    return (
        said if best is None else f"{said}; best {' / '.join(best.pair)}, {verdict(search.calibration, best.readings)}"
    )


def _write_gallery(kept: "Collection", search: "PairSearch", findings: "Findings", options: Options) -> None:
    """The page, the sheet, and a line for each picture."""
    import json
    import sys

    from duckrabbit.cli.gallery_page import entry_of, write_page
    from duckrabbit.cli.produce import print_path
    from duckrabbit.judges.calibration import percent, sure, verdict
    from duckrabbit.media.atomic import atomic_write
    from duckrabbit.media.sheet import contact_sheet

    entries, shown, labels = [], [], []
    for rank, found in enumerate(findings.gallery(), 1):
        path, recipe = kept.picture(found), search.recipe(found.pair)
        told = verdict(search.calibration, found.readings)
        entry = entry_of(path, told)
        entries.append(entry)
        shown += [picture for picture, _ in entry.looks]
        shown_sure = percent(sure(search.calibration, found.readings))
        labels += [f"{subject} ({shown_sure})" if k else subject for k, subject in enumerate(found.pair)]
        name = f"{rank:3}. {path} (seed {found.seed})"
        print(f"{name}: {' / '.join(found.pair)}, {told}", file=sys.stderr)
        if options.json:
            line = {
                "path": str(path),
                "seed": found.seed,
                "verb": recipe.verb,
                "prompts": list(recipe.prompts),
                **{name: list(value) for name in ("views", "parts") if (value := getattr(recipe, name, ()))},
                "model": search.model.name,
                "size": entry.looks[0][0].shape[-1],
                "rank": rank,
                "score": search.contest(found.pair).report(found.readings),
            }
            print(json.dumps(line), flush=True)
        else:
            print_path(path, None)
    title = f"{options.wording.style.strip() or 'a pair'} … by {search.view or ' and '.join(search.parts)}"
    lead = (
        f"{len(findings.tried)} pairs of subjects tried, {len(findings.finished)} finished by {search.model.name}; the "
        f"best {len(entries)}."
    )
    write_page(kept.folder / "index.html", title, lead, entries)
    sheet = contact_sheet(shown, min(8, len(shown)), labels, None, max(1, 128 // shown[0].shape[-1]))
    with atomic_write(kept.folder / "sheet.png") as temporary:
        sheet.save(temporary, format="PNG")
    for name in ("index.html", "sheet.png"):
        print(f"wrote {kept.folder / name}", file=sys.stderr)
