"""What a studio is told when it starts."""

from dataclasses import dataclass
from pathlib import Path

PRIVATE = ".studio"
"""The folder, within the pictures' own, that holds what the studio remembers."""


@dataclass(frozen=True)
class Settings:
    """Where a studio listens and keeps things.

    Attributes:
        out: the folder of the pictures.
        host: the address to listen on.
        port: the port to listen on.
        token: what a request must show; None on this machine alone.
        runs: the folder of the training runs.
    """

    out: Path
    host: str = "127.0.0.1"
    port: int = 8264
    token: str | None = None
    runs: Path = Path("runs")

    @property
    def private(self) -> Path:
        """The studio's own folder."""
        return self.out / PRIVATE
