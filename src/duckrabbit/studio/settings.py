"""What a studio is told when it starts, and what it takes at the most from anyone who asks."""

from dataclasses import dataclass
from pathlib import Path

PRIVATE = ".studio"
"""The folder, within the pictures' own, that holds what the studio remembers."""

MAX_JSON_BYTES = 4 << 20
MAX_PICTURE_BYTES = 24 << 20
MAX_PICTURE_PIXELS = 50_000_000
MAX_SOURCE_CHARACTERS = 1_500_000
"""Of a picture within a recipe, which is a PNG in base64."""

MAX_WAITING_JOBS = 32
"""Jobs in the queue; one more is refused until another is done."""

REMEMBERED_JOBS = 100
"""Jobs that are over and still listed."""

MAX_STREAMS = 400
"""Clients that follow events at once."""

MAX_SLOW = 8
"""Requests that need a core for a moment (decoding, animating), at work or waiting; one more is refused."""

READING_SECONDS = 30.0
"""How long the body of a request may take to arrive."""

MAX_COUNT = 16
MAX_CANDIDATES = 512
MAX_STEPS = 1000
MAX_RESAMPLINGS = 10
MAX_PROMPTS = 8
MAX_PROMPT = 300
MAX_SIDE = 1024
MAX_SEED = 2**63 - 1_000


@dataclass(frozen=True)
class Settings:
    """Where a studio listens and keeps things.

    Attributes:
        out: the folder of the pictures.
        host: the address to listen on.
        port: the port to listen on.
        token: what a request must show; None on this machine alone.
        runs: the folder of the training runs.
        judge: the folder or hub id of CLIP or SigLIP that chooses among pictures; None for the shipped judges.
    """

    out: Path
    host: str = "127.0.0.1"
    port: int = 8264
    token: str | None = None
    runs: Path = Path("runs")
    judge: str | None = None

    @property
    def private(self) -> Path:
        """The studio's own folder."""
        return self.out / PRIVATE
