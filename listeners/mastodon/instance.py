"""One instance: what is asked of it, within its limits. Every fault becomes a FetchError of one sentence."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.refusals import own_words
from leitstand.unreached import why
from listeners.addresses import CheckedTransport, RefusedAddressError
from listeners.fetch import USER_AGENT, Fetcher, Page
from listeners.sse import Event, events
from listeners.streams import Pump, StreamEndedError

STALL: Final = 45.0  # a heartbeat comes every 15 seconds
RESERVE: Final = 5  # requests of a period that are not used up
LONGEST_WAIT: Final = 900.0
_PREVIOUS = re.compile(r'<[^>]*[?&]min_id=([^&>]+)[^>]*>;\s*rel="prev"')
_SAID: Final = {
    401: "the token is not valid",
    403: "the token may not do this (it needs the scope `read`)",
    404: "there is no such timeline",
    422: "the request is not understood",
    429: "it asks us to slow down",
}

T = TypeVar("T")


class _Urls(msgspec.Struct):
    streaming: str = ""


class _Configuration(msgspec.Struct):
    urls: _Urls = msgspec.field(default_factory=_Urls)


class _OlderUrls(msgspec.Struct):
    streaming_api: str = ""


class _Instance(msgspec.Struct):
    """Version 2 of it, or 1, which older servers and some that speak the API have alone."""

    configuration: _Configuration = msgspec.field(default_factory=_Configuration)
    urls: _OlderUrls = msgspec.field(default_factory=_OlderUrls)
    title: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """One page of a timeline: each item as it came, and from where the next newer page goes on ("" for nowhere)."""

    raw: tuple[msgspec.Raw, ...]
    newer: str


@dataclass
class Instance:
    """`stall` is after how many silent seconds a stream is given up."""

    url: str
    token: str
    fetcher: Fetcher
    client: httpx.AsyncClient
    stall: float = STALL
    quiet_until: float = 0.0
    _streaming: str = ""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def host(self) -> str:
        """Its name, as in the accounts."""
        return httpx.URL(self.url).host

    async def describe(self) -> str:
        """The instance's title. Learns where it streams from."""
        try:
            page = await self._get("/api/v2/instance", {})
        except FetchError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            page = await self._get("/api/v1/instance", {})
        try:
            said = msgspec.json.decode(page.body, type=_Instance)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FetchError(f"{self.host} is no Mastodon instance") from error
        streaming = said.configuration.urls.streaming or said.urls.streaming_api
        self._streaming = re.sub(r"^ws", "http", streaming).rstrip("/") if streaming else self.url
        return said.title or self.host

    async def page(self, path: str, params: Mapping[str, str]) -> Items:
        """One page of a timeline. Raises FetchError."""
        page = await self._get(path, params)
        try:
            raw = msgspec.json.decode(page.body, type=list[msgspec.Raw])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FetchError(f"{self.host} answers what is no timeline") from error
        found = _PREVIOUS.search(page.headers.get("link", ""))
        return Items(tuple(raw), found[1] if found else "")

    async def one(self, path: str, kind: type[T]) -> T | None:
        """One object, None where it is not there or of another shape."""
        try:
            return msgspec.json.decode((await self._get(path, {})).body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        except FetchError as error:
            if error.status in (403, 404, 410):
                return None
            raise

    async def status(self, number: str, kind: type[T]) -> T | None:
        """One status as it is now; None where it is gone, or is not for us any more. Raises FetchError."""
        try:
            page = await self._get(f"/api/v1/statuses/{quote(number, safe='')}", {})
            return msgspec.json.decode(page.body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FetchError(f"{self.host} answers what is no post") from error
        except FetchError as error:
            if error.status in (404, 410):
                return None
            raise

    @asynccontextmanager
    async def stream(self, path: str, params: Mapping[str, str]) -> AsyncGenerator[Pump[Event], None]:
        """The events of a stream. Raises FetchError for whatever goes wrong, also inside the block."""
        if not self._streaming:
            await self.describe()
        timeout = httpx.Timeout(15, read=self.stall)
        address = f"{self._streaming}/api/v1/streaming/{path}"
        asked = self.client.stream("GET", address, params=dict(params), headers=self._headers(), timeout=timeout)
        try:
            async with AsyncExitStack() as running:
                async with asyncio.timeout(self.stall):
                    response = await running.enter_async_context(asked)
                if response.status_code != httpx.codes.OK:
                    raise self._refused(response.status_code, response.headers)
                lines = _whole_lines(response.aiter_bytes(), self.stall)
                yield await running.enter_async_context(Pump(events(lines)))
        except StreamEndedError as error:
            raise FetchError(f"{self.host} closed the stream") from error
        except TimeoutError as error:
            raise FetchError(f"{self.host} sent no whole line for {self.stall:g} seconds: connecting anew") from error
        except httpx.ReadTimeout as error:
            raise FetchError(f"{self.host} was silent for {self.stall:g} seconds: connecting anew") from error
        except RefusedAddressError as error:
            raise FetchError(f"{error}; `allow_private = true` allows it", permanent=True) from error
        except httpx.HTTPError as error:
            raise FetchError(f"{self.host} cannot be heard: {why(error)}") from error

    async def _get(self, path: str, params: Mapping[str, str]) -> Page:
        async with self._turn:
            wait = self.quiet_until - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            page = await self.fetcher.get(self.url + path, self._headers(), params)
            self._note_limits(page)
        if page.status >= 300:
            raise self._refused(page.status, page.headers, own_words(page.body))
        return page

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def _note_limits(self, page: Page) -> None:
        """Wait for the next period before this one is used up."""
        left = page.headers.get("x-ratelimit-remaining", "")
        if page.status == 429 or (left.isdecimal() and int(left) < RESERVE):
            wait = min(LONGEST_WAIT, until(page.headers.get("x-ratelimit-reset", ""), clock.now()))
            self.quiet_until = time.monotonic() + wait

    def _refused(self, status: int, headers: Mapping[str, str], said: str = "") -> FetchError:
        wait = timedelta(seconds=until(headers.get("x-ratelimit-reset", ""), clock.now())) if status == 429 else None
        return FetchError(
            f"{self.host}: {_SAID.get(status, 'it cannot answer')} (HTTP {status})",
            permanent=status in (401, 403, 404, 422),
            retry_after=wait,
            status=status,
            host=self.host,
            said=said,
        )


async def _whole_lines(pieces: AsyncIterator[bytes], within: float) -> AsyncIterator[bytes]:
    """The pieces as long as lines come to an end; a heartbeat is one. Raises TimeoutError."""
    ended = time.monotonic()
    async for piece in pieces:
        now = time.monotonic()
        if b"\n" in piece:
            ended = now
        elif now - ended > within:
            raise TimeoutError
        yield piece


def until(reset: str, now: datetime) -> float:
    """Seconds until a period ends: Mastodon says when as a date, others in seconds since 1970. A minute if unsaid."""
    try:
        at = datetime.fromtimestamp(int(reset), UTC) if reset.isdecimal() else datetime.fromisoformat(reset)
        return max(0.0, (at.astimezone(UTC) - now).total_seconds())
    except (ValueError, OverflowError, OSError):
        return 60.0


def client(*, allow_private: bool, connections: int) -> httpx.AsyncClient:
    """For streams: they may last for ever."""
    transport = CheckedTransport(allow_private=allow_private, connections=connections)
    return httpx.AsyncClient(transport=transport, headers={"User-Agent": USER_AGENT}, trust_env=False)
