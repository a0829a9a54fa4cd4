"""A long list of words, folded away."""

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Words:
    """Words under a heading that opens them."""

    heading: str
    words: tuple[str, ...]

    def html(self) -> str:
        """The heading; the words once it is pressed."""
        listed = escape(", ".join(self.words))
        return f'<details class="words"><summary>{escape(self.heading)}</summary><p>{listed}</p></details>'
