"""Stands before every request: the Host, the origin of what changes something, and the headers a browser obeys.

A page on another site can make a browser send requests here, also to a loopback address (CSRF), and can rename its own
host to 127.0.0.1 (DNS rebinding). Bearer-token calls are immune to the first; the console's cookie and its open mode
are not.
"""

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.auth import is_loopback, listen_host
from leitstand.language.words import N_
from leitstand.settings import Settings

Refuse = Callable[[Request, int, str], Response]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# What proves itself by a token or signature of its own, or changes nothing, and is called by programs, not by browsers.
PROGRAMS = ("/api/", "/hooks/", "/metrics", "/healthz", "/readyz")
_OTHER_HOST = N_("this address does not serve that host name; set server.url to the address that people use")
_OTHER_SITE = N_("this request came from another site's page")
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: under it browsers send `Origin: null` with the console's own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """ASGI middleware. `hosts` are the names under which the console may be called; empty: any.

    `refuse` words what is answered to a request that does not come in.
    """

    def __init__(self, app: ASGIApp, refuse: Refuse, hosts: Iterable[str] = ()) -> None:
        self._app, self._refuse, self._hosts = app, refuse, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, with_headers)
        else:
            status, error = refusal
            await self._refuse(Request(scope), status, error)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host = host_name(headers.get("host", ""))
        if self._hosts and host not in self._hosts:
            return 421, _OTHER_HOST
        if scope["method"] not in SAFE and not scope["path"].startswith(PROGRAMS) and not same_origin(headers):
            return 403, _OTHER_SITE
        return None


def same_origin(headers: Headers) -> bool:
    """Whether the browser says that the console's own page, or its user, sent this."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def host_name(header: str) -> str:
    """The host of a Host header, without port and brackets."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """The Host names to answer to: on a loopback address only its own and the published one, else any."""
    if not is_loopback(listen_host(settings)):
        return frozenset()
    published = urlsplit(settings.server.public_url).hostname or ""
    return frozenset({"localhost", "127.0.0.1", "::1", listen_host(settings), published.lower()}) - {""}
