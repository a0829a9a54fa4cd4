"""The page: sections of figures, rendered by the templates in assets/."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import atomic_write
from duckrabbit.report.figure import Figure, duration
from duckrabbit.report.rows.registry import CHAPTERS, Row

MARK = "duckrabbit report"
ASSETS = ("style.css", "viewer.js")
MOST_COMMANDS = 3
"""Of an exhibit; where there are more, all but the first are folded away."""


@cache
def templates() -> Environment:
    """The templates, in which everything is escaped."""
    environment = Environment(
        loader=PackageLoader("duckrabbit.report", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = duration
    environment.globals["most_commands"] = MOST_COMMANDS
    return environment


def section(row: Row, figure: Figure) -> str:
    """A row as a section of the page."""
    return templates().get_template("figure.html.j2").render(row=row, figure=figure)


def check_place(page: Path) -> None:
    """Refuse to write over somebody else's page.

    Raises:
        UsageError: if the folder is a file, or holds an index.html that is not a report.
    """
    if page.exists() and not page.is_dir():
        raise UsageError(f"{page} is a file and the report is a folder: give another --out.")
    index = page / "index.html"
    if index.exists() and MARK not in index.read_text("utf-8", errors="replace")[:1000]:
        raise UsageError(f"{index} is not a report of duckrabbit's and would be lost: give another --out.")


def write_page(page: Path, sections: Mapping[str, str], circumstances: Sequence[tuple[str, str]]) -> Path:
    """Write the style sheet and the script, and index.html last; the sections by the names of their rows."""
    assets = files("duckrabbit.report") / "assets"
    for name in ASSETS:
        with atomic_write(page / name) as temporary:
            temporary.write_bytes((assets / name).read_bytes())
    shown = [(chapter.title, [row for row in chapter.rows if row.name in sections]) for chapter in CHAPTERS]
    chapters = [(title, rows) for title, rows in shown if rows]
    html = templates().get_template("page.html.j2").render(
        mark=MARK, chapters=chapters, facts=circumstances, sections=sections
    )  # fmt: skip
    index = page / "index.html"
    with atomic_write(index) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return index
