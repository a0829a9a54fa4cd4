"""The folder where embeddings and packs are kept unless the user names another."""

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """`DUCKRABBIT_CACHE` where it is set, else `duckrabbit` in the platform's cache folder (not created)."""
    if chosen := os.environ.get("DUCKRABBIT_CACHE"):
        return Path(chosen)
    return _platform_cache() / "duckrabbit"


def _platform_cache() -> Path:
    if chosen := os.environ.get("XDG_CACHE_HOME"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path.home() / ".cache"
