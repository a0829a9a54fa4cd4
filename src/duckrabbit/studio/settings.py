"""What a studio is told when it starts, and what it takes at the most from anyone who asks."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

PRIVATE = ".studio"
"""The folder, within the pictures' own, that holds what the studio remembers."""

MAX_JSON_BYTES = 12 << 20
MAX_PICTURE_BYTES = 24 << 20
MAX_PICTURE_PIXELS = 50_000_000
MAX_SOURCE_CHARACTERS = 5_000_000
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
MAX_DIGITS = 9
MAX_PROMPT = 300
MAX_SIDE = 1024
USUAL_PORTS = {"http": 80, "https": 443}

MAX_SEED = 2**63 - 1_000


@dataclass(frozen=True)
class PublicAddress:
    """An address under which a proxy or a tunnel shows the studio.

    Attributes:
        origin: as a browser says it: a scheme and a host, with a port unless it is the scheme's own.
    """

    origin: str

    @staticmethod
    def of(url: str) -> "PublicAddress":
        """The address of a URL.

        Raises:
            ValueError: if it is none of http or https, or holds more than a host and a port.
        """
        parts = urlsplit(url.strip())
        usual = USUAL_PORTS.get(parts.scheme)
        more = parts.path not in ("", "/") or parts.query or parts.fragment or parts.username or parts.password
        if usual is None or not parts.hostname or more:
            raise ValueError(url)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        own = parts.port in (None, usual)
        return PublicAddress(f"{parts.scheme}://{host}{'' if own else f':{parts.port}'}")

    @property
    def hosts(self) -> tuple[str, ...]:
        """How a browser or a proxy may say it in `Host`."""
        scheme, _, host = self.origin.partition("://")
        has_port = host.rpartition(":")[2].isdecimal()
        return (host,) if has_port else (host, f"{host}:{USUAL_PORTS[scheme]}")


@dataclass(frozen=True)
class Settings:
    """Where a studio listens and keeps things.

    Attributes:
        out: the folder of the pictures.
        host: the address to listen on.
        port: the port to listen on.
        token: what a request must show; None on this machine alone.
        runs: the folder of the training runs.
        public: other addresses that it is asked by.
        judge: the folder or hub id of CLIP or SigLIP that chooses among pictures; None for the shipped judges.
    """

    out: Path
    host: str = "127.0.0.1"
    port: int = 8264
    token: str | None = None
    runs: Path = Path("runs")
    public: tuple[PublicAddress, ...] = ()
    judge: str | None = None

    @property
    def private(self) -> Path:
        """The studio's own folder."""
        return self.out / PRIVATE
