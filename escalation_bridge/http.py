"""HTTP towards targets: capped answers, no redirects, and what each failure means for a delivery.

An error is RETRY only if the request surely was not taken; whatever breaks after the connection stood is UNKNOWN.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from leitstand.errors import DeliveryError, DeliveryOutcome

# It logs whole addresses, and an address can be a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)

ANSWER_SIZE = 64 * 1024
CONNECT_TIMEOUT = 5.0
_UNAUTHORISED = (401, 403)
_RETRIED = (408, 425)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, its body cut to a size."""

    status: int
    retry_after: timedelta | None
    body: bytes


def client() -> httpx.AsyncClient:
    """A client for one target. How long an attempt may take is the delivery loop's business."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT),
        headers={"User-Agent": "leitstand", "Accept-Encoding": "identity"},
        follow_redirects=False,
    )


async def post(
    http: httpx.AsyncClient,
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    now: datetime,
    size: int = ANSWER_SIZE,
) -> Answer:
    """Post and read at most `size` bytes of the answer. Raises DeliveryError if there is none."""
    try:
        async with http.stream("POST", url, content=content, headers=dict(headers)) as response:
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk[: size - len(body)]
                if len(body) >= size:
                    break
            return Answer(response.status_code, retry_after(response.headers.get("Retry-After"), now), bytes(body))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
        raise DeliveryError(f"no connection: {type(error).__name__}", DeliveryOutcome.RETRY) from error
    except httpx.TransportError as error:
        raise DeliveryError(f"connection lost: {type(error).__name__}", DeliveryOutcome.UNKNOWN) from error


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
