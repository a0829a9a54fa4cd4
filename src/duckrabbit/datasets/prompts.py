"""Prompts as pocket reads them: words without articles, in one spelling, unknown places by the kind of thing they are.

The captions that it was trained on and the prompts that it is given go through the same few lines.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from torch import Tensor, tensor

from duckrabbit.networks.text_encoder import PAD, START

ARTICLES = frozenset(("a", "an", "the"))
FIRST_WORD = 2
"""The token of the first word, after PAD and START."""

LONGEST_PLACE = 4
"""Words in the longest name of a place."""


@cache
def table(name: str) -> dict[str, tuple[str, ...]]:
    """A table of the vocabulary folder: the first column → the others."""
    file = files("duckrabbit.datasets") / "vocabulary" / f"{name}.tsv"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    rows = [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]
    return {row[0]: tuple(cell for cell in row[1:] if cell) for row in rows}


@cache
def spelling() -> dict[str, str]:
    """Words that are spelt in two ways → the spelling used here."""
    return {variant: canonical for variant, (canonical, *_) in table("spelling").items()}


def words_of(prompt: str) -> list[str]:
    """The words of a prompt, lower case, without articles and punctuation: "A colourful Duck!" → colorful, duck.

    An emoji is read as what it shows, letters of other shapes as the letters that they are.
    """
    plain = prompt if prompt.isascii() else unicodedata.normalize("NFKC", with_emojis_named(as_written(prompt)))
    text = re.sub(r"[’']s\b", "", plain.lower())
    return [spelling().get(word, word) for word in re.findall(r"[^\W_]+", text) if word not in ARTICLES]


def as_written(prompt: str) -> str:
    """A prompt whose letters the terminal did not know, from their bytes: as UTF-8, or else as Windows' Latin-1.

    >>> as_written("caf\udcc3\udca9"), as_written("caf\udce9"), as_written("café")
    ('café', 'café', 'café')
    """
    try:
        content = prompt.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return prompt
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def with_emojis_named(text: str) -> str:
    """A text with each emoji replaced by what it shows, as the packs call it, or else Unicode.

    >>> with_emojis_named("an oil painting of 🦆")
    'an oil painting of  duck '
    """
    named = _emojis().sub(lambda found: f" {_emoji_names()[_bare(found[0])]} ", text)
    return "".join(f" {in_unicode(character)} " if _pictures(character) else character for character in _bare(named))


def in_unicode(character: str) -> str:
    """What Unicode calls a character, without words for how it is printed; nothing for what has no name."""
    words = unicodedata.name(character, "").lower().split()
    return " ".join(word for word in words if word not in _PRINTED)


_PRINTED = frozenset(("black", "white", "heavy", "sign", "symbol", "emoji", "regional", "indicator", "letter"))


def _pictures(character: str) -> bool:
    # Skin tones are modifiers; they say nothing that is painted.
    return unicodedata.category(character) == "So"


@cache
def _emoji_names() -> dict[str, str]:
    points = {row: name for row, (name, *_) in table("emoji").items()}
    return {_bare("".join(chr(int(point, 16)) for point in row.split("-"))): name for row, name in points.items()}


@cache
def _emojis() -> re.Pattern[str]:
    """Each emoji of the table, the longest first, and with or without the sign that it is one."""
    known = sorted(_emoji_names(), key=len, reverse=True)
    return re.compile("|".join("\ufe0f?".join(map(re.escape, emoji)) for emoji in known) or r"(?!)")


def _bare(emoji: str) -> str:
    return emoji.replace("\ufe0f", "")


@dataclass(frozen=True)
class Reading:
    """How a prompt was read.

    Attributes:
        words: those that the model gets to see.
        unknown: words it does not know, which are left out.
        beyond: words it knows, but which come too late to be read.
    """

    words: tuple[str, ...]
    unknown: tuple[str, ...]
    beyond: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The words a model knows; the k-th has the token k + 2.

    Attributes:
        words: all of them, each once.
        length: the longest prompt in tokens, its start included.
    """

    words: tuple[str, ...]
    length: int = 16
    _tokens: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tokens", {word: FIRST_WORD + k for k, word in enumerate(self.words)})

    def __len__(self) -> int:
        """How many tokens there are."""
        return FIRST_WORD + len(self.words)

    def read(self, prompt: str) -> Reading:
        """Which words of a prompt are known, as they are or in the other number (one duck, two ducks)."""
        known, unknown = [], []
        for word in words_of(prompt):
            match = next((form for form in _forms(word) if form in self._tokens), None)
            if match is None:
                unknown.append(word)
            else:
                known.append(match)
        read = self.length - 1
        return Reading(tuple(known[:read]), tuple(unknown), tuple(known[read:]))

    def near(self, word: str, count: int = 3) -> list[str]:
        """The known words most like an unknown one."""
        return difflib.get_close_matches(word, self.words, n=count, cutoff=0.7)

    def encode(self, prompts: Sequence[str], width: int | None = None) -> Tensor:
        """Tokens int64 [B, width], or as wide as the longest needs; each row START, words, PAD."""
        rows = [[START, *(self._tokens[word] for word in self.read(prompt).words)] for prompt in prompts]
        longest = width or max(len(row) for row in rows)
        return tensor([row + [PAD] * (longest - len(row)) for row in rows])


def vocabulary_of(phrases: Iterable[str], length: int = 16) -> Vocabulary:
    """All words of some phrases, sorted."""
    return Vocabulary(tuple(sorted({word for phrase in phrases for word in words_of(phrase)})), length)


@dataclass(frozen=True)
class Placed:
    """A prompt whose unknown places are replaced by the kind of thing they are.

    Attributes:
        words: the prompt's words, a kind in each unknown place's stead.
        places: the unknown places, each with its kind.
    """

    words: tuple[str, ...]
    places: tuple[tuple[str, str], ...]


def kinds_for_places(prompt: str, vocabulary: Vocabulary) -> Placed:
    """Replace places that the vocabulary lacks by their kind: "Chengdu" → city; "Chengdu city" → city as well."""
    words = words_of(prompt)
    kinds = table("places")
    words_read: list[str] = []
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(words):
        for length in range(min(LONGEST_PLACE, len(words) - at), 0, -1):
            place = words[at : at + length]
            kind = kinds.get(" ".join(place), ("",))[0]
            if kind and vocabulary.read(" ".join(place)).unknown:
                found.append((" ".join(place), kind))
                # What follows or stands already there need not be said twice: "Amalfi coast", "Sather Tower".
                if not _said(kind, [*words_read, *words[at + length :]]):
                    words_read += kind.split()
                at += length
                break
        else:
            words_read.append(words[at])
            at += 1
    return Placed(tuple(words_read), tuple(found))


def _forms(word: str) -> list[str]:
    """A word as it is, in the other number, and all that without accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    return _numbers(word) if plain == word else [*_numbers(word), *_numbers(plain)]


def _numbers(word: str) -> list[str]:
    forms = [word, f"{word}s", f"{word}es"]
    if word.endswith("ies"):
        forms.append(f"{word[:-3]}y")
    if word.endswith("es"):
        forms.append(word[:-2])
    if word.endswith("s"):
        forms.append(word[:-1])
    return forms


def _said(kind: str, words: Sequence[str]) -> bool:
    return all(word in words for word in kind.split())
