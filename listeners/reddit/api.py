"""Reddit's API: a token that is fetched when it is needed, and the pace its headers ask for."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeVar

import msgspec

from listeners.answers import decode
from listeners.fetch import Fetcher, Page
from listeners.oauth import Held, Token

T = TypeVar("T")

FEW: Final = 50.0  # when no more are left in a window, they are spread over it
SPARE: Final = 5.0  # requests of a window that are left to others with the same client id


class Refusal(msgspec.Struct):
    error: str | int = ""


@dataclass(slots=True)
class Api:
    """A client. `pause` is how many seconds to wait before the next request, by what the last answer said."""

    fetcher: Fetcher
    base: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    user_agent: str
    pause: float = 0.0
    _token: Held = field(default_factory=Held)

    async def get(self, path: str, shape: type[T], params: Mapping[str, str]) -> T:
        """One request. Raises FetchError."""
        headers = {"Authorization": f"Bearer {await self._token.current(self._ask)}", "User-Agent": self.user_agent}
        page = await self.fetcher.get(f"{self.base}{path}", headers, {"raw_json": "1", **params})
        self.pause = pace(page.headers)
        if page.status == 401:
            self._token.drop()
            raise page.refusal("Reddit does not take our token any more")
        if page.status in (403, 404):
            # This subreddit is private, banned or misspelt: no reason to give up the others.
            raise page.refusal(f"Reddit does not show us {path} (HTTP {page.status})")
        if page.status == 429 and "retry-after" not in page.headers:
            wait = timedelta(seconds=_number(page.headers, "x-ratelimit-reset"))
            raise page.refusal("Reddit asks us to slow down (HTTP 429)", retry_after=wait)
        return decode(page, shape)

    async def _ask(self) -> Token:
        login = b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "User-Agent": self.user_agent}
        page = await self.fetcher.post(self.token_url, {"grant_type": "client_credentials"}, headers)
        if page.status in (400, 401, 403) or _refused(page):
            raise page.refusal("Reddit does not know this client_id and client_secret", permanent=True, status=0)
        return decode(page, Token)


def _refused(page: Page) -> bool:
    """Reddit refuses with status 200 too."""
    try:
        return page.status == 200 and bool(msgspec.json.decode(page.body, type=Refusal).error)
    except (msgspec.MsgspecError, UnicodeError):
        return False


def pace(headers: Mapping[str, str]) -> float:
    """Seconds to wait so that what is left of a window lasts until its end."""
    if "x-ratelimit-remaining" not in headers:
        return 0.0
    left, reset = _number(headers, "x-ratelimit-remaining"), _number(headers, "x-ratelimit-reset")
    return reset if left <= SPARE else reset / left if left < FEW else 0.0


def _number(headers: Mapping[str, str], name: str) -> float:
    """A number of seconds or of requests, 0 where there is none that makes sense."""
    try:
        value = float(headers.get(name, "0"))
    except ValueError:
        return 0.0
    return value if 0 <= value <= 3600 else 0.0
