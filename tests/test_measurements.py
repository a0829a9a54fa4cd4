"""The tables of README and docs say what the files in docs/measurements say, which name their commit and machine."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "docs" / "measurements").glob("*.txt"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MARK = re.compile(r"<!-- measured: (?P<files>[\w, -]+); from column (?P<column>\d+) -->")
NUMBER = re.compile(r"(?<![\w.])[−-]?\d[\d,]*(?:\.\d+)?")
UNMARKED = {
    "docs/files.md": {"| what |"},
    "docs/models.md": {"| you want |", "| pipeline |", "| package |"},
    "docs/pocket.md": {"| |", "| pack |"},
    "docs/studio.md": {"| | |"},
    "docs/search.md": {"| |", "| helps most |", "| `--combine` |"},
}
"""Tables that measure nothing: what a thing consists of, what an option does. By how they begin."""


@dataclass(frozen=True)
class Table:
    """A table of a page, with the line above it."""

    page: str
    above: str
    rows: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.page} {self.rows[0][:30]}"

    def measured(self) -> Iterator[str]:
        """The numbers in its columns of measurements."""
        marked = MARK.fullmatch(self.above)
        first = int(marked["column"]) if marked else 2
        for row in self.rows[2:]:
            for cell in re.split(r"(?<!\\)\|", row)[first:-1]:
                yield from NUMBER.findall(re.sub(r"\]\(.*?\)", "]", cell))


def tables(page: Path) -> Iterator[Table]:
    lines = page.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("|") and not lines[number - 1].startswith("|"):
            rest = lines[number:]
            end = next((k for k, other in enumerate(rest) if not other.startswith("|")), len(rest))
            yield Table(page.relative_to(ROOT).as_posix(), lines[number - 1], tuple(rest[:end]))


TABLES = [table for page in PAGES for table in tables(page)]
MEASURED = [table for table in TABLES if MARK.fullmatch(table.above)]


def value(number: str) -> float:
    return float(number.replace(",", "").replace("−", "-"))


def said(number: str, values: list[float]) -> bool:
    """Whether a file has a value that is rounded to this number: as it is, in percent, or in thousands."""
    digits = len(number.partition(".")[2])
    return any(
        abs(one * times - value(number)) <= 0.5000001 * 10**-digits for one in values for times in (1, 100, 0.001)
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_measurement_names_its_commit_and_its_machine(file: Path) -> None:
    commit, machine, empty, *rest = file.read_text("utf-8").splitlines()
    assert re.match(r"commit: [0-9a-f]{7}", commit)
    assert re.match(r"machine: .*(H200|H100|Xeon|EPYC)", machine)
    assert empty == ""
    assert rest


@pytest.mark.parametrize("table", MEASURED, ids=lambda table: table.name)
def test_a_table_says_what_was_measured(table: Table) -> None:
    marked = MARK.fullmatch(table.above)
    assert marked is not None
    texts = [
        (ROOT / "docs" / "measurements" / f"{name}.txt").read_text("utf-8") for name in marked["files"].split(", ")
    ]
    values = [value(number) for text in texts for number in NUMBER.findall(text)]
    numbers = list(table.measured())
    assert numbers
    assert [number for number in numbers if not said(number, values)] == []


def test_every_table_with_numbers_is_marked_or_known_to_measure_nothing() -> None:
    unknown = [
        table.name
        for table in TABLES
        if table not in MEASURED
        and any(table.measured())
        and not any(table.rows[0].startswith(begin) for begin in UNMARKED.get(table.page, ()))
    ]
    assert unknown == []


def test_a_number_that_was_not_measured_is_found() -> None:
    values = [0.9968, 21.53, 1083.0]
    assert said("99.7", values)
    assert said("21.5", values)
    assert said("1,083", values)
    assert not said("99.8", values)
    assert not said("21.6", values)
