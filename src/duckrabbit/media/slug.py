"""Short names for files."""

import re
import unicodedata

MAX_LENGTH = 60


def slug(*words: str) -> str:
    """Words as a part of a file's name: ASCII, lower case, hyphens, no pictures' suffixes, at most 60 characters.

    >>> slug("mnist:test/7", "level 250")
    'mnist-test-7-level-250'
    """
    told = re.sub(r"\.(png|jpe?g|webp|gif|bmp|tiff?)\b", "", " ".join(words), flags=re.IGNORECASE)
    plain = unicodedata.normalize("NFKD", told).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9.]+", "-", plain)[:MAX_LENGTH].strip("-.")
