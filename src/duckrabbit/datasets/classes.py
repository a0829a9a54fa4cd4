"""Classes of pictures for judges: names that nobody could tell apart are one class."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from duckrabbit.datasets.names import phrases_of, twins
from duckrabbit.datasets.packs import Item
from duckrabbit.datasets.prompts import words_of

FEWEST = 6
"""Pictures that a class needs, so that both judges' halves have some."""


def class_name(name: str) -> str:
    """The name that stands for a name's class."""
    return twins().get(name, name)


@dataclass(frozen=True)
class Classes:
    """What a judge can tell apart.

    Attributes:
        names: a name for each class, the class being its position.
    """

    names: tuple[str, ...]
    _index: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {name: k for k, name in enumerate(self.names)})

    def __len__(self) -> int:
        """How many there are."""
        return len(self.names)

    def of(self, name: str) -> int | None:
        """The class of a pack's name, if it has one."""
        return self._index.get(class_name(name))

    def asked_for(self, prompt: str) -> int | None:
        """The class that a prompt asks for: that of the longest name or synonym in it, the last of equals."""
        words = words_of(prompt)
        for length in range(min(len(words), self._longest), 0, -1):
            for start in range(len(words) - length, -1, -1):
                found = self._phrases.get(tuple(words[start : start + length]))
                if found is not None:
                    return found
        return None

    @cached_property
    def _phrases(self) -> dict[tuple[str, ...], int]:
        """Names and synonyms as words → class; a name goes before another's synonym."""
        known: dict[tuple[str, ...], int] = {}
        names = sorted({name for name in (*twins(), *self.names) if self.of(name) is not None})
        for position in range(8):
            for name in names:
                phrases, found = phrases_of(name), self.of(name)
                if position < len(phrases) and found is not None:
                    known.setdefault(tuple(words_of(phrases[position])), found)
        return known

    @cached_property
    def _longest(self) -> int:
        return max(len(words) for words in self._phrases)


def classes_of(items: Sequence[Item], subjects: Sequence[int]) -> Classes:
    """The classes of some of the packs' pictures that have enough of them."""
    counts = Counter(class_name(items[k].name) for k in subjects)
    return Classes(tuple(sorted(name for name, count in counts.items() if count >= FEWEST)))
