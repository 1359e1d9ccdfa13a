"""HTTP towards targets: capped answers, no redirects, and what each failure means for a delivery.

An error is RETRY only if the request surely was not taken; whatever breaks after the connection stood is UNKNOWN.
"""

import asyncio
import logging
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.refusals import own_words
from leitstand.unreached import why

# It logs whole addresses, and an address can be a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)

ANSWER_SIZE = 64 * 1024
CONNECT_TIMEOUT = 5.0
KEPT = 5.0  # seconds
_UNAUTHORISED = (401, 403)
_RETRIED = (408, 425)
_PAGE = re.compile(rb"\s*(?:<!doctype\s+html|<html)", re.IGNORECASE)
_LOGIN = re.compile(rb"type\s*=\s*[\"']?password\b|name\s*=\s*[\"']?SAMLRequest\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, its body cut to a size. `scopes` are what our token may, where the service says so."""

    status: int
    retry_after: timedelta | None
    body: bytes
    scopes: str = ""

    def refusal(self, outcome: DeliveryOutcome) -> DeliveryError:
        """The error that this answer is."""
        said = own_words(self.body)
        return DeliveryError(f"HTTP {self.status}", outcome, retry_after=self.retry_after, said=said)

    def asks_to_log_in(self) -> bool:
        """Whether it is a page for people to log in at: what stands before the receiver took the request, not he."""
        return bool(_PAGE.match(self.body) and _LOGIN.search(self.body))


class Client:
    """The connections to one target: the one that was used last is used next, those that rested long are closed.

    Each is a client of httpx's. One client for all would ask every connection that it keeps, at every request, whether
    it still stands: a quarter of what a notice costs.
    """

    def __init__(self) -> None:
        self._trust = httpx.create_ssl_context()
        self._resting: deque[tuple[httpx.AsyncClient, float]] = deque()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[httpx.AsyncClient]:
        """A connection that nobody else uses meanwhile."""
        time = asyncio.get_running_loop().time
        while len(self._resting) > 1 and self._resting[0][1] < time() - KEPT:
            await self._resting.popleft()[0].aclose()
        one = self._resting.pop()[0] if self._resting else self._new()
        try:
            yield one
        finally:
            self._resting.append((one, time()))

    def _new(self) -> httpx.AsyncClient:
        """How long an attempt may take is the delivery loop's business."""
        return httpx.AsyncClient(
            timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT),
            headers={"User-Agent": "leitstand", "Accept-Encoding": "identity"},
            follow_redirects=False,
            verify=self._trust,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        while self._resting:
            await self._resting.popleft()[0].aclose()


async def post(
    http: Client,
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    now: datetime,
    size: int = ANSWER_SIZE,
) -> Answer:
    """Post and read at most `size` bytes of the answer. Raises DeliveryError if there is none."""
    try:
        async with (
            http.connection() as connection,
            connection.stream("POST", url, content=content, headers=dict(headers)) as response,
        ):
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk[: size - len(body)]
                if len(body) >= size:
                    break
            wait = retry_after(response.headers.get("Retry-After"), now)
            return Answer(response.status_code, wait, bytes(body), response.headers.get("X-OAuth-Scopes", ""))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        raise unreached(httpx.URL(url).host, error) from error
    except httpx.TransportError as error:
        raise DeliveryError(f"connection lost: {type(error).__name__}", DeliveryOutcome.UNKNOWN) from error


def unreached(host: str, error: Exception) -> DeliveryError:
    """Nothing was taken: there was no connection, and why."""
    return DeliveryError(f"{host} cannot be reached: {why(error)}", DeliveryOutcome.RETRY)


def outcome(status: int) -> DeliveryOutcome | None:
    """What a status means, None for success. A redirect is retried: a person may mend the address in time."""
    if 200 <= status < 300:
        return None
    if status in _UNAUTHORISED:
        return DeliveryOutcome.UNAUTHORISED
    if status == 429:
        return DeliveryOutcome.RATE_LIMITED
    if status < 400 or status in _RETRIED or status >= 500:
        return DeliveryOutcome.RETRY
    return DeliveryOutcome.REFUSED


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """The Retry-After header, in seconds or as a date; None where it says nothing sensible."""
    if not value or len(value) > 64:
        return None
    if value.strip().isascii() and value.strip().isdecimal():
        return timedelta(seconds=min(int(value), 10**8))
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(timedelta(0), (date if date.tzinfo else date.replace(tzinfo=UTC)) - now)
