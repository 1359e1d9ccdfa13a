"""The one way by which pulling sources fetch: polite, capped in size and time, and never to a private address unasked.

    wait for the host's turn ─► ask ─► redirects, each checked again ─► body, unpacked by us up to a cap ─► Page
A host is asked by one request at a time; one that said Retry-After is left alone until then. Nothing is tried again
here: the error says whether a wait may mend it, the source decides.
"""

import asyncio
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Final, Self

import httpx

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.refusals import own_words
from leitstand.unreached import why
from listeners.addresses import CheckedTransport, RefusedAddressError

USER_AGENT: Final = "leitstand (social command center; reads feeds and APIs)"
LONGEST_WAIT: Final = timedelta(days=1)
_PERMANENT_MOVES: Final = {301, 308}
_MOVES: Final = {301, 302, 303, 307, 308}
# What a redirect to another server may take with it: no key, no login.
_FOR_EVERYONE: Final = {"accept", "accept-encoding", "user-agent", "if-none-match", "if-modified-since"}
# Never in an error: an address may hold a key.
_WORDS: Final = {
    401: "asks for a login",
    403: "refuses us",
    404: "does not have it",
    410: "says that it is gone for ever",
    429: "asks us to slow down",
    503: "is not available at the moment",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may cost. `size` counts bytes after unpacking, `seconds` the whole fetch with its redirects."""

    size: int = 10_000_000
    seconds: float = 30.0
    redirects: int = 5
    connections: int = 50
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """What a server answered. `url` is where it was in the end.

    `moved_to` is the address to ask from now on, "" where the server named none: what permanent redirects led to.
    `seconds` is how long the server took.
    """

    status: int
    url: str
    headers: httpx.Headers
    body: bytes = b""
    moved_to: str = ""
    seconds: float = 0.0

    @property
    def host(self) -> str:
        return httpx.URL(self.url).host

    @property
    def not_modified(self) -> bool:
        return self.status == 304

    def check(self) -> Self:
        """Itself. Raises FetchError for an answer that is no success."""
        if self.status < 300 or self.not_modified:
            return self
        challenge = self.headers.get("cf-mitigated", "").lower() == "challenge"
        words = "lets only browsers in" if challenge else _WORDS.get(self.status, "cannot answer")
        wait = retry_after(self.headers, clock.now())
        permanent = self.status in (401, 403, 410)
        raise self.refusal(f"{self.host} {words} (HTTP {self.status})", permanent=permanent, retry_after=wait)

    def refusal(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after: timedelta | None = None,
        status: int | None = None,
    ) -> FetchError:
        """What this answer means to its source, with who said it and how; `status` 0: it is about more than this."""
        return FetchError(
            message,
            permanent=permanent,
            retry_after=retry_after,
            status=self.status if status is None else status,
            host=self.host,
            said=own_words(self.body),
        )


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The wait a server asks for, in seconds or as a date, at most a day; None where it asks for none."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(LONGEST_WAIT, timedelta(seconds=int(value[:9])))
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(timedelta(0), min(LONGEST_WAIT, until - now))


@dataclass(slots=True)
class _Host:
    """One server: its turn in each lane, and until when (monotonic) it wants to be left alone."""

    turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    quiet_until: float = 0.0


class Fetcher:
    """A client for one listener. Use it as an async context manager."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self.limits = limits
        self._hosts: defaultdict[str, _Host] = defaultdict(_Host)
        self._slots = asyncio.Semaphore(limits.connections)
        self._client = httpx.AsyncClient(
            transport=CheckedTransport(allow_private=limits.allow_private, connections=limits.connections),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            # A dead address must leave time for the next one.
            timeout=httpx.Timeout(None, connect=limits.seconds / 3),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        *,
        lane: str = "",
    ) -> Page:
        """GET, redirects followed. Raises FetchError if there is no answer; whatever answer there is, is a Page.

        A server is asked by one request at a time in each lane: who has a lane of his own waits for no other.
        """
        return await self._follow(self._request("GET", url, headers, params=params), lane)

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Page:
        """POST a form; redirects are not followed."""
        request = self._request("POST", url, headers, form=form)
        return await self._ask(request, "", "", self.limits.seconds)

    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> httpx.Request:
        try:
            address = httpx.URL(url)
            address = address.copy_merge_params(params) if params else address
            if address.scheme not in ("http", "https") or not address.host:
                raise FetchError("only http:// and https:// addresses can be fetched", permanent=True)
            return self._client.build_request(method, address, headers=headers, data=form)
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise FetchError(f"this is no address: {error}", permanent=True) from error

    async def _follow(self, request: httpx.Request, lane: str) -> Page:
        moved_to, permanent, seconds = "", True, self.limits.seconds
        for _ in range(self.limits.redirects + 1):
            page = await self._ask(request, lane, moved_to, seconds)
            if page.status not in _MOVES:
                return page
            seconds -= page.seconds
            permanent = permanent and page.status in _PERMANENT_MOVES
            request = self._redirected(request, page)
            moved_to = str(request.url) if permanent else moved_to
        raise FetchError(f"{request.url.host} redirects more than {self.limits.redirects} times")

    def _redirected(self, request: httpx.Request, page: Page) -> httpx.Request:
        if "location" not in page.headers:
            raise FetchError(f"{request.url.host} redirects to nowhere")
        try:
            target = request.url.join(page.headers["location"])
        except httpx.InvalidURL as error:
            raise FetchError(f"{request.url.host} redirects to something that is no address") from error
        same = (target.scheme, target.host, target.port) == (request.url.scheme, request.url.host, request.url.port)
        headers = {n: v for n, v in request.headers.items() if n != "host" and (same or n in _FOR_EVERYONE)}
        return self._request("GET", str(target), headers)

    async def _ask(self, request: httpx.Request, lane: str, moved_to: str, seconds: float) -> Page:
        """One request when it is the host's turn."""
        host = self._hosts[f"{request.url.host}:{request.url.port}"]
        async with host.turns[lane], self._slots:
            began = time.monotonic()
            if began < host.quiet_until:
                wait = timedelta(seconds=host.quiet_until - began)
                raise FetchError(f"{request.url.host} has asked to be left alone", retry_after=wait)
            response, body = await self._answer(request, seconds)
            if response.status_code in (429, 503) and (asked := retry_after(response.headers, clock.now())):
                host.quiet_until = time.monotonic() + asked.total_seconds()
            took = time.monotonic() - began
            return Page(response.status_code, str(request.url), response.headers, body, moved_to, took)

    async def _answer(self, request: httpx.Request, seconds: float) -> tuple[httpx.Response, bytes]:
        """The answer with its body. What can go wrong on the way becomes one sentence."""
        name = request.url.host
        try:
            async with asyncio.timeout(seconds):
                response = await self._client.send(request, stream=True)
                try:
                    return response, b"" if response.status_code in _MOVES else await self._body(response)
                finally:
                    await response.aclose()
        except httpx.ConnectTimeout as error:
            raise FetchError(f"{name} cannot be reached: {why(error)}") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise FetchError(f"{name} did not finish its answer within {self.limits.seconds:g} seconds") from error
        except RefusedAddressError as error:
            raise FetchError(f"{error}; `allow_private = true` allows it", permanent=True) from error
        except httpx.ConnectError as error:
            raise FetchError(f"{name} cannot be reached: {why(error)}") from error
        except (httpx.HTTPError, zlib.error) as error:
            raise FetchError(f"{name} answers what cannot be read: {str(error) or type(error).__name__}") from error

    async def _body(self, response: httpx.Response) -> bytes:
        unpack = _unpacker(response)
        body = bytearray()
        async for piece in response.aiter_raw():
            body += unpack(piece, self.limits.size + 1 - len(body))
            if len(body) > self.limits.size:
                raise FetchError(f"{response.url.host} answers more than {self.limits.size:,} bytes")
        return bytes(body)


class _Inflate:
    """Unpacks gzip or deflate, never more than asked for. Deflate comes with and without a zlib header."""

    def __init__(self, encoding: str) -> None:
        self._may_be_bare = encoding == "deflate"
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def __call__(self, piece: bytes, most: int) -> bytes:
        try:
            return self._stream.decompress(piece, most)
        except zlib.error:
            if not self._may_be_bare:
                raise
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._stream.decompress(piece, most)
        finally:
            self._may_be_bare = False


def _unpacker(response: httpx.Response) -> Callable[[bytes, int], bytes]:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return lambda piece, most: piece[:most]
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _Inflate(encoding)
    raise FetchError(f"{response.url.host} packs its answer as {encoding[:20]!r}, which we did not ask for")


def without_login(url: str) -> str:
    """An address without user and password, as it may be shown."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"
