"""Numbers in rows and columns."""

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows.

    Attributes:
        head: a heading for each column.
        rows: as wide as the head.
        style: a class of the style sheet: `numbers` or `words`.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    style: str = "numbers"

    def html(self) -> str:
        """The table, which scrolls by itself where it is wider than the page."""
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in self.head)
        body = "".join(
            f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
            for row in self.rows
        )
        table = f'<table class="{self.style}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        return f'<div class="scroll" tabindex="0">{table}</div>'
