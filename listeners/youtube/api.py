"""YouTube's Data API: one request, and what its many ways to say no mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from leitstand import clock
from listeners.answers import decode
from listeners.fetch import Fetcher, Page
from listeners.google import refusal
from listeners.youtube.quota import Quota

T = TypeVar("T")

_USED_UP: Final = {"quotaExceeded", "dailyLimitExceeded"}
_TOO_FAST: Final = {"rateLimitExceeded", "userRateLimitExceeded"}
_KEY: Final = {
    "keyInvalid",
    "keyExpired",
    "accessNotConfigured",
    "ipRefererBlocked",
    "API_KEY_INVALID",
    "SERVICE_DISABLED",
}
_WORDS: Final = {
    "commentsDisabled": "its comments are turned off",
    "videoNotFound": "there is no such video",
    "channelNotFound": "there is no such channel",
}


@dataclass(slots=True)
class Api:
    """A client with its key. Every request costs units, one that is refused too."""

    fetcher: Fetcher
    base: str
    key: str = field(repr=False)

    async def get(self, what: str, shape: type[T], params: Mapping[str, str], *, part: str, quota: Quota) -> T:
        """One request for a part of the round, at its quota's cost. Raises FetchError."""
        quota.check(clock.now())
        # In a header, because addresses end up in logs.
        page = await self.fetcher.get(f"{self.base}/{what}", {"X-Goog-Api-Key": self.key}, params)
        quota.spend(part, 1, clock.now())
        if page.status in (400, 403, 404, 429):
            _refuse(page, part, quota)
        return decode(page, shape)


def _refuse(page: Page, part: str, quota: Quota) -> None:
    """Raises FetchError in words."""
    message, reasons = refusal(page)
    now = clock.now()
    if reasons & _USED_UP:
        quota.exhaust(part, now)
        quota.check(now)
    if reasons & _KEY or "API key" in message:
        raise page.refusal(
            "YouTube does not take this api_key, or its project may not use the API", permanent=True, status=0
        )
    if reasons & _TOO_FAST:
        raise page.refusal("YouTube asks us to slow down")
    words = next((_WORDS[reason] for reason in reasons if reason in _WORDS), f"YouTube refuses it (HTTP {page.status})")
    raise page.refusal(words)
