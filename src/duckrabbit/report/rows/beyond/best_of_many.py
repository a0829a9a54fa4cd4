"""X3: the best of many, chosen by one judge and reported by another, beside all candidates and beside chance."""

from torch import Tensor

from duckrabbit.judges.question import question_of
from duckrabbit.making.best_of import Candidate, search_for
from duckrabbit.making.plan import plan
from duckrabbit.recipes.anagram import Anagram
from duckrabbit.report.bodies import Sheet, Stack, Table
from duckrabbit.report.figure import Exhibit, Figure, seed_words
from duckrabbit.report.workshop import Workshop, stacked

RECIPE = Anagram(("a rabbit", "a duck"), ("flip",))
BEST = 4


def best_of_many(workshop: Workshop) -> Figure:
    """X3: one judge ranks, drops the hopeless early, and keeps the best; another says what became of it."""
    painter, count = workshop.shelf.painter, workshop.effort.candidates
    planned = plan(RECIPE, painter.model, painter.choice.size)
    whole = search_for(planned, best=BEST, first=0, count=count, rungs=())
    pruned = search_for(planned, best=BEST, first=0, count=count)
    workshop.tell("all candidates, in full", 0.0)
    finished = [candidate for block in whole.run() for candidate in block.finished]
    workshop.tell("the same, the hopeless dropped", 0.6)
    left = [candidate for block in pruned.run() for candidate in block.finished]
    chosen, kept = _ranked(finished)[:BEST], _ranked(left)[:BEST]
    worst = _ranked(finished)[-BEST:]
    judge = workshop.shelf.picture_judge
    question = question_of(judge, RECIPE.looks)

    def shares(candidates: list[Candidate]) -> tuple[str, str]:
        pictures = stacked([candidate.picture.pixels for candidate in candidates])
        return tuple(f"{float(question.read(pictures, among).float().mean()):.0%}" for among in (1, 5))  # type: ignore[return-value]

    table = Table(
        ("", "read both ways, first", "both among the first five"),
        (
            (f"all {len(finished)}, none chosen", *shares(finished)),
            (f"the best {len(chosen)} by the judge that selects", *shares(chosen)),
            (f"the best {len(kept)} where {count - len(left)} of {count} were dropped on the way", *shares(kept)),
            ("chance", f"{1 / len(judge.names) ** 2:.1e}", f"{25 / len(judge.names) ** 2:.1e}"),
        ),
    )
    view = RECIPE.parsed_views()[1]
    strips = tuple(
        workshop.strip(f"{label}{', turned' if turned else ''}", f"{stem}{'-turned' if turned else ''}", shown, label)
        for label, stem, row in ((f"the best {BEST}", "best", chosen), (f"the last {BEST}", "last", worst))
        for turned, shown in ((False, _pixels(row)), (True, [view(picture) for picture in _pixels(row)]))
    )
    same = sum(candidate.scored.seed in {one.scored.seed for one in chosen} for candidate in kept)
    return Figure(
        (
            Exhibit(
                f"{count} candidates in the order of the judge that selects. What the reporting judge, which had no "
                f"part in it, reads stands in the table. Dropping the hopeless early kept {same} of the best {BEST}.",
                Stack((Sheet((), strips), table)),
                (
                    *painter.parameters(RECIPE),
                    f"prompts “{RECIPE.prompts[0]}” and “{RECIPE.prompts[1]}”, view {RECIPE.views[0]}",
                    seed_words(range(count)),
                ),
                painter.command("anagram", *RECIPE.prompts, "--view", RECIPE.views[0], "--best", BEST, "--from", count),
                workshop.seconds(),
            ),
        )
    )


def _ranked(candidates: list[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda one: (-one.scored.score, one.scored.seed))


def _pixels(candidates: list[Candidate]) -> list[Tensor]:
    return [candidate.picture.pixels for candidate in candidates]
