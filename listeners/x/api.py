"""X by tweepy, made to measure: any host, one connection a call, every fault a FetchError that says what kind it is.

tweepy connects anew by itself, at once and without end after a clean close, and keeps the body of a refusal to itself;
so each of its connections is ended here as soon as it ends there, and `pacing` decides when the next one follows.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import aiohttp
import msgspec
from tweepy.asynchronous import AsyncClient, AsyncStreamingClient  # type: ignore[import-untyped]
from tweepy.asynchronous.streaming import AsyncBaseStream  # type: ignore[import-untyped]
from tweepy.streaming import StreamRule  # type: ignore[import-untyped]

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.unreached import why
from listeners.budget import next_day
from listeners.fetch import USER_AGENT
from listeners.x.pacing import End
from listeners.x.posts import FIELDS, UNREADABLE, Page, Problem

STALL = 21.0  # a blank line comes at least every 20 seconds
PATIENCE: Final = 1.5  # with a line that has begun
CALL = 30.0
_CAPPED: Final = "usage-capped"

T = TypeVar("T")


class XError(FetchError):
    """A fault of X or of the way there. `end` is its kind for the pauses, `status` the HTTP status or 0."""

    def __init__(
        self,
        message: str,
        end: End,
        *,
        permanent: bool = False,
        retry_after: timedelta | None = None,
        status: int = 0,
        capped: bool = False,
    ) -> None:
        self.end, self.capped = end, capped
        super().__init__(message, permanent=permanent, retry_after=retry_after, status=status)


class _Rule(msgspec.Struct):
    id: str
    value: str
    tag: str = ""


class _Rules(msgspec.Struct):
    data: list[_Rule] = []
    errors: list[Problem] = []


class _Refusal(Problem, frozen=True):
    errors: list[Problem] = msgspec.field(default_factory=list)


class _Client(AsyncClient):  # type: ignore[misc]
    """tweepy's calls, on our host and connections."""

    def __init__(self, url: str, token: str, session: aiohttp.ClientSession) -> None:
        super().__init__(token, return_type=aiohttp.ClientResponse)
        self._url, self._session = url, session

    async def request(
        self, method: str, route: str, params: Any = None, json: Any = None, user_auth: bool = False
    ) -> bytes:
        """The body of one call's answer, which tweepy hands through as it is. Raises XError."""
        headers = {"Authorization": f"Bearer {self.bearer_token}", "User-Agent": USER_AGENT}
        try:
            async with asyncio.timeout(CALL):
                async with self._session.request(
                    method, self._url + route, params=params, json=json, headers=headers
                ) as response:
                    body = await response.read()
        except TimeoutError as error:
            raise XError(f"X did not finish its answer within {CALL:g} seconds", "network") from error
        except (aiohttp.ClientError, ssl.SSLError, ValueError) as error:
            raise XError(f"X cannot be reached: {why(error)}", "network") from error
        if response.status >= 300:
            raise refusal(response.status, body, response.headers.get("x-rate-limit-reset", ""), clock.now())
        return body


class _Stream(AsyncStreamingClient):  # type: ignore[misc]
    """One connection of the filtered stream. What it reads and how it ends goes into `news`."""

    def __init__(self, url: str, token: str, session: aiohttp.ClientSession) -> None:
        super().__init__(token, max_retries=0)
        self._url, self.session = url, session
        self.news: asyncio.Queue[bytes | Exception] = asyncio.Queue(200_000)
        self.heard_at = time.monotonic()

    async def _connect(self, method: str, endpoint: str, **kwargs: Any) -> None:
        headers = {"Authorization": f"Bearer {self.bearer_token}"}
        address = f"{self._url}/2/tweets/{endpoint}/stream"
        await AsyncBaseStream._connect(self, method, address, headers=headers, **kwargs)

    async def on_connect(self) -> None:
        self.heard_at = time.monotonic()
        await self.news.put(b"")

    async def on_data(self, raw_data: bytes) -> None:
        self.heard_at = time.monotonic()
        await self.news.put(raw_data)

    async def on_keep_alive(self) -> None:
        self.heard_at = time.monotonic()

    async def on_closed(self, resp: object) -> None:
        raise XError("X closed the stream", "ended")

    async def on_connection_error(self) -> None:
        silent = time.monotonic() - self.heard_at >= STALL * 0.9
        raise XError(f"nothing came from X for {STALL:g} seconds" if silent else "the line to X broke", "ended")

    async def on_exception(self, exception: Exception) -> None:
        await self.news.put(exception)

    async def on_disconnect(self) -> None:
        """Said by `on_exception`."""


class Api:
    """Everything that is asked of X. Use it as an async context manager."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    async def __aenter__(self) -> "Api":
        self._session = aiohttp.ClientSession()
        self._client = _Client(self._url, self._token, self._session)
        self._rules = _RuleClient(self._url, self._token, self._session)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._session.close()

    async def rules(self) -> list[tuple[str, str, str]]:
        """The stream's rules: id, tag, value."""
        found = _decoded(await self._rules.get_rules(), _Rules)
        return [(rule.id, rule.tag, rule.value) for rule in found.data]

    async def add_rules(self, rules: list[tuple[str, str]], *, dry_run: bool = False) -> None:
        """Add rules (tag, value), or only have them checked. Raises XError naming the first that X refuses."""
        asked = {"dry_run": "true"} if dry_run else {}
        said = await self._rules.add_rules([StreamRule(value, tag) for tag, value in rules], **asked)
        problems = _decoded(said, _Rules).errors
        if problems:
            raise XError(f"X refuses a rule: {problems[0].said}"[:300], "http", permanent=True)

    async def delete_rules(self, ids: list[str]) -> None:
        """Take rules away."""
        await self._rules.delete_rules(ids)

    async def search(self, query: str, since: int, token: str, size: int) -> Page:
        """One page of the recent search, newest first; `token` goes on from the page before."""
        more = {"next_token": token} if token else {}
        return await self._page(
            self._client.search_recent_tweets(query, since_id=str(since), max_results=size, **FIELDS, **more)
        )

    async def mentions(self, user: str, since: int, token: str) -> Page:
        """One page of what mentions an account."""
        more = {"pagination_token": token} if token else {}
        return await self._page(
            self._client.get_users_mentions(user, since_id=str(since), max_results=100, **FIELDS, **more)
        )

    async def posts(self, ids: Sequence[str]) -> Page:
        """Up to 100 posts by their numbers; those that are gone or may not be seen are among the errors."""
        return await self._page(self._client.get_tweets(list(ids), **FIELDS))

    async def stream(self, news: "Connected") -> AsyncIterator[bytes]:
        """The lines of one connection of the stream, each with a post or an error. Raises XError when it ends."""
        session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=STALL),
            raise_for_status=_raise_refusal,
        )
        running = _Stream(self._url, self._token, session)
        task = running.filter(**FIELDS)
        try:
            while True:
                one = await _next(running)
                if isinstance(one, Exception):
                    raise _as_xerror(one, connected=news.is_set()) from one
                if one:
                    yield one
                else:
                    news.set()
        finally:
            task.cancel()
            try:
                await asyncio.gather(task, return_exceptions=True)  # `await task` would forget our own cancellation
            finally:
                await session.close()

    async def _page(self, asked: Any) -> Page:
        return _decoded(await asked, Page)


Connected = asyncio.Event


class _RuleClient(AsyncStreamingClient):  # type: ignore[misc]
    """tweepy's calls about rules, which it has on its streaming client only."""

    def __init__(self, url: str, token: str, session: aiohttp.ClientSession) -> None:
        super().__init__(token, return_type=aiohttp.ClientResponse)
        self._calls = _Client(url, token, session)

    async def request(
        self, method: str, route: str, params: Any = None, json: Any = None, user_auth: bool = False
    ) -> bytes:
        """The body of one call's answer, which tweepy hands through as it is. Raises XError."""
        return await self._calls.request(method, route, params=params, json=json)


def refusal(status: int, body: bytes, reset: str, now: datetime) -> XError:
    """What an answer that is no success means, and what is to be done about it."""
    said = _problem(body)
    detail = said.said[:200]
    words = f" ({detail})" if detail else ""
    if status == 401:
        return XError(f"X does not accept the bearer token{words}", "http", permanent=True, status=status)
    if status == 402:
        return XError("the credits at X are used up: buy some at console.x.com", "http", permanent=True, status=status)
    if said.type.endswith(_CAPPED) or said.title == "UsageCapExceeded":
        wait = _period_end(said.period, now) - now
        return XError(f"the usage cap at X is reached{words}", "limited", retry_after=wait, status=status, capped=True)
    if status == 403:
        return XError(f"X forbids this to the app{words}", "http", permanent=True, status=status)
    if status == 409:
        return XError("X has no rules of ours: the stream would bring nothing", "http", status=status)
    if status == 429:
        if said.connection_issue == "TooManyConnections":
            return XError("X thinks that another connection of this app is open", "limited", status=status)
        asked = max(0, int(reset) - int(now.timestamp()) + 1) if reset.isdecimal() and len(reset) < 12 else 0
        return XError(
            "X asks us to slow down (HTTP 429)", "limited", retry_after=timedelta(seconds=asked), status=status
        )
    return XError(f"X cannot answer (HTTP {status}){words}", "http", permanent=status in (400, 404), status=status)


def _period_end(period: str, now: datetime) -> datetime:
    """The end of the period of a cap: of this day, or of this month."""
    if period.lower() == "daily":
        return next_day(now)
    return datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)


def _problem(body: bytes) -> Problem:
    """The problem in a body of either of X's forms."""
    with suppress(*UNREADABLE):
        said = msgspec.json.decode(body, type=_Refusal)
        return said if said.type or said.title or not said.errors else said.errors[0]
    return Problem()


async def _raise_refusal(response: aiohttp.ClientResponse) -> None:
    if response.status != 200:
        reset = response.headers.get("x-rate-limit-reset", "")
        raise refusal(response.status, await response.read(), reset, clock.now())


async def _next(running: _Stream) -> bytes | Exception:
    """What the stream brings next; an error if its server still sends something, but no whole line any more."""
    if not running.news.empty():
        return running.news.get_nowait()
    while (left := running.heard_at + STALL * PATIENCE - time.monotonic()) > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(left):
                return await running.news.get()
    return XError(f"X sent no whole line for {STALL * PATIENCE:g} seconds: connecting anew", "ended")


def _as_xerror(error: Exception, *, connected: bool) -> XError:
    if isinstance(error, XError):
        return XError("X cannot be reached", "network") if error.end == "ended" and not connected else error
    return XError(f"the stream of X broke: {why(error)}", "ended" if connected else "network")


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as error:
        raise XError("X answers what cannot be read", "http") from error
