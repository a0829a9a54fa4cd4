"""Rows of pictures under common column headings."""

from dataclasses import dataclass
from html import escape

from duckrabbit.report.figure import Plate


@dataclass(frozen=True)
class Sheet:
    """Strips of equally many tiles, with words rather than pixels for labels: they stay sharp and are read aloud.

    Attributes:
        columns: a short heading for each column; none for no headings.
        strips: a label (or "") and the plate of each row.
    """

    columns: tuple[str, ...]
    strips: tuple[tuple[str, Plate], ...]

    def html(self) -> str:
        """The headings once, then every strip under its label."""
        heads = "".join(f"<span>{escape(column)}</span>" for column in self.columns)
        head = f'<div class="columns" style="--columns:{len(self.columns)}">{heads}</div>' if heads else ""
        rows = "".join(
            f'<div class="strip">{f"<p>{escape(label)}</p>" if label else ""}{plate.html()}</div>'
            for label, plate in self.strips
        )
        return f'<div class="sheet">{head}{rows}</div>'
