"""Short names for files."""

import re
import unicodedata

MAX_LENGTH = 60


def slug(*words: str) -> str:
    """Words as a part of a file's name: ASCII, lower case, joined by hyphens, at most 60 characters.

    >>> slug("mnist:test/7", "level 250")
    'mnist-test-7-level-250'
    """
    plain = unicodedata.normalize("NFKD", " ".join(words)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9.]+", "-", plain)[:MAX_LENGTH].strip("-.")
