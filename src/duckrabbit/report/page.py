"""The page: sections of figures in a template."""

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from duckrabbit.errors import UsageError
from duckrabbit.media.atomic import atomic_write
from duckrabbit.report.figure import Exhibit, Figure, Origin
from duckrabbit.report.rows.registry import CHAPTERS, Row
from duckrabbit.report.wording import duration

MARK = "duckrabbit report"
ASSETS = ("style.css", "viewer.js")
SHOWN_COMMANDS = 3


def section(row: Row, figure: Figure) -> str:
    """A row as a section of the page."""
    lesson = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in figure.lesson)
    exhibits = "".join(_exhibit(exhibit) for exhibit in figure.exhibits)
    name = escape(row.name)
    return (
        f'<section class="figure" id="{name}" aria-labelledby="{name}-title">'
        f'<header><p class="number">{name}</p><h3 id="{name}-title">{escape(row.title)}</h3>'
        f'<div class="lesson">{lesson}</div></header><div class="exhibits">{exhibits}</div></section>'
    )


def _exhibit(exhibit: Exhibit) -> str:
    kind = "now" if exhibit.origin is Origin.NOW else "recorded"
    parameters = " · ".join(escape(part) for part in exhibit.parameters)
    took = "took" if exhibit.origin is Origin.NOW else "trained in"
    parameters = f'<p class="parameters">{parameters} · {took} {duration(exhibit.seconds)}</p>'
    lines = [f'<pre class="command"><code>{_words(line)}</code></pre>' for line in exhibit.command.split("\n")]
    if len(lines) > SHOWN_COMMANDS and not exhibit.spoils:
        rest = "".join(lines[1:])
        lines = [lines[0], f"<details><summary>and {len(lines) - 1} commands more</summary>{rest}</details>"]
    made = parameters + "".join(lines)
    if exhibit.spoils:
        made = f"<details><summary>How it was made</summary>{made}</details>"
    return (
        f'<article class="exhibit" data-origin="{kind}">'
        f'<p class="badge {kind}">{exhibit.origin.value}</p>'
        f'<p class="caption">{escape(exhibit.caption)}</p>{exhibit.body.html()}'
        f"<footer>{made}</footer></article>"
    )


def _words(command: str) -> str:
    """A command that is broken between its words and not at their hyphens."""
    return " ".join(f"<span>{escape(word)}</span>" for word in command.split(" "))


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
    chapters = [(chapter, [row for row in chapter.rows if row.name in sections]) for chapter in CHAPTERS]
    body = "".join(
        f'<section class="chapter"><h2>{escape(chapter.title)}</h2>'
        f"{''.join(sections[row.name] for row in rows)}</section>"
        for chapter, rows in chapters
        if rows
    )
    links = "".join(
        f'<li><a href="#{escape(row.name)}" title="{escape(row.title)}">{escape(row.name)}</a></li>'
        for _, rows in chapters
        for row in rows
    )
    facts = "".join(f"<div><dt>{escape(label)}</dt><dd>{escape(fact)}</dd></div>" for label, fact in circumstances)
    template = Template((assets / "page.html").read_text("utf-8"))
    index = page / "index.html"
    with atomic_write(index) as temporary:
        temporary.write_text(template.substitute(mark=MARK, links=links, facts=facts, body=body), encoding="utf-8")
    return index
