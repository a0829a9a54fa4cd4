"""Text files in the encodings that editors of all systems write."""

import codecs
from contextlib import suppress

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""How a file begins that says its encoding; UTF-32's mark begins as UTF-16's does."""

REPLACED = "\N{REPLACEMENT CHARACTER}"
"""What stands for bytes that are no letter of an encoding."""


def text_of(content: bytes) -> str:
    """The text of a file: in the encoding that its first bytes say, or else the first of these that it can be.

    UTF-16 without a mark, which has a null byte in every Latin letter; UTF-8; Windows' Latin-1.

    >>> text_of("a café".encode("latin-1")), text_of("a red house".encode("utf-16-be"))
    ('a café', 'a red house')
    """
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    if b"\0" in content:
        big_endian = content[::2].count(0) > content[1::2].count(0)
        return content.decode("utf-16-be" if big_endian else "utf-16-le", errors="replace")
    for encoding in ("utf-8", "cp1252"):
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    return content.decode("latin-1")


def is_text(text: str) -> bool:
    """Whether what `text_of` read of a file is text: without control characters other than white space, or its marks.

    >>> is_text(text_of(b"a duck | a rabbit")), is_text(text_of(b"\\x89PNG\\r\\n\\x1a\\n"))
    (True, False)
    """
    return not any(letter == REPLACED or (ord(letter) < ord(" ") and not letter.isspace()) for letter in text)


def is_guessed(content: bytes) -> bool:
    """Whether nothing in a file says that it is in the encoding in which `text_of` reads it: Latin-1 fits all bytes."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return b"\0" not in content and not any(content.startswith(mark) for mark, _ in MARKS)
    return False
