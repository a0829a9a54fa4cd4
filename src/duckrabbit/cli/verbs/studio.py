"""duckrabbit studio"""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import UseAppendAction

from duckrabbit.cli.options import Flag, option


@dataclass(frozen=True)
class Options:
    """Open the studio, a web app on this machine where all of this is made without a command line: duckrabbit studio"""

    host: Annotated[str, option("HOST")] = "127.0.0.1"
    """the address to listen on; another than this machine's own makes a token that every visitor needs"""
    port: Annotated[int | None, option("PORT")] = None
    """the port to listen on (by default the first free one from 8264 on)"""
    out: Annotated[str, option("FOLDER")] = "out"
    """the folder that the gallery shows and writes to"""
    public_address: UseAppendAction[Annotated[tuple[str, ...], option("URL")]] = ()
    """another address that it is opened by, such as https://studio.example.org of a proxy that asks for a password,
    or http://localhost:9000 of a tunnel; give it again for more"""
    judge: Annotated[str | None, option("JUDGE")] = None
    """who chooses among pictures in words: a folder or hub id of CLIP or SigLIP (by default the shipped judge)"""
    no_browser: Flag = False
    """print the address alone"""


def run(options: Options) -> int:
    """Serve until Ctrl-C."""
    import secrets
    from dataclasses import replace
    from pathlib import Path

    from duckrabbit.errors import UsageError
    from duckrabbit.studio.server import in_use, listen, serve
    from duckrabbit.studio.settings import PublicAddress, Settings

    if options.port is not None and not 0 < options.port < 65536:
        raise UsageError(f"{options.port} is no port: give --port from 1 to 65535.")
    try:
        public = tuple(PublicAddress.of(url) for url in options.public_address)
    except ValueError:
        raise UsageError(
            f"{' '.join(options.public_address)} can't be opened: give --public-address a scheme and a host without a "
            "path, such as https://studio.example.org."
        ) from None
    settings = Settings(Path(options.out), options.host, public=public, judge=options.judge)
    if settings.out.exists() and not settings.out.is_dir():
        raise UsageError(f"{settings.out} is a file and the gallery is a folder: give --out a folder.")
    if options.judge is not None:
        from duckrabbit.judges.open import judge_files

        judge_files(options.judge)
    token = None if options.host in ("127.0.0.1", "localhost", "::1") else secrets.token_urlsafe(18)
    listening, port = listen(options.host, options.port, settings.port)
    with listening:
        if in_use(settings.private):
            raise UsageError(f"Another studio has {settings.out} open: use that one, or give another --out.")
        serve(replace(settings, port=port, token=token), listening, not options.no_browser)
    return 0
