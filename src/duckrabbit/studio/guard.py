"""Who may ask: pages of this studio, on this machine or with the token; nobody's else."""

import hmac
import ipaddress
import socket
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from duckrabbit.studio.settings import Settings
from duckrabbit.studio.web import Refusal, refused

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)

ELSEWHERE = (
    "This is not the address of this studio: open the one that it printed, or start it with --public-address and "
    "the one that you opened."
)

FOREIGN = (
    "Another page may not use this studio: open the studio's own page; behind a proxy, start it with --public-address "
    "and the address that is opened."
)

MANY_ADDRESSES = frozenset(("0.0.0.0", "::"))


class Guard:
    """Refuses requests for another host (DNS rebinding), from another origin, and without the token where one is."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.cookie = f"duckrabbit-{settings.port}"
        self._hosts = frozenset(host for public in settings.public for host in public.hosts)
        self._origins = frozenset(public.origin for public in settings.public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, guarded)
        else:
            await self.app(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_own(hosts[0]):
            return refused(Refusal(421, ELSEWHERE))
        origin = headers.get("origin")
        host = hosts[0].strip().lower()
        own = self._origins if host in self._hosts else {*self._origins, f"http://{host}"}
        foreign = origin is not None and origin.lower() not in own
        elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        # A link to the page from elsewhere is harmless; anything else that another page asks for is not.
        is_link = scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
        if foreign or (elsewhere and not is_link):
            return refused(Refusal(403, FOREIGN))
        return self._without_token(scope, headers)

    def _is_own(self, host: str) -> bool:
        if host.strip().lower() in self._hosts:
            return True
        name, port = _split(host)
        if port not in (str(self.settings.port), ""):
            return False
        if name == self.settings.host.lower():
            return True
        if self.settings.host in MANY_ADDRESSES:
            # Rebinding needs a name of the attacker's; an address is what was typed.
            return name in ("localhost", socket.gethostname().lower()) or _is_address(name)
        return _is_loopback(self.settings.host) and (name == "localhost" or _is_loopback(name))

    def _without_token(self, scope: Scope, headers: Headers) -> Response | None:
        token = self.settings.token
        if token is None:
            return None
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if scope["path"] == "/" and _same(query.pop("token", [""])[0], token):
            rest = urlencode(query, doseq=True)
            response = RedirectResponse(f"/?{rest}" if rest else "/", 303)
            response.set_cookie(self.cookie, token, httponly=True, samesite="strict", path="/")
            return response
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _same(shown.strip(), token):
            return None
        if _same(self._cookie_in(headers), token):
            return None
        sentence = "This studio needs its token: open the address that it printed, or send Authorization: Bearer TOKEN."
        if scope["path"] == "/":
            return PlainTextResponse(sentence, 401)
        return refused(Refusal(401, sentence, {"WWW-Authenticate": "Bearer"}))

    def _cookie_in(self, headers: Headers) -> str:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return ""
        return cookies[self.cookie].value if self.cookie in cookies else ""


def _split(host: str) -> tuple[str, str]:
    """The name and the port of a Host header."""
    text = host.strip().lower()
    if text.startswith("["):
        name, _, port = text[1:].partition("]")
        return name, port.removeprefix(":")
    name, _, port = text.partition(":")
    return name, port


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return name == "localhost" or (_is_address(name) and ipaddress.ip_address(name).is_loopback)


def _same(shown: str, token: str) -> bool:
    return hmac.compare_digest(shown.encode(), token.encode())
