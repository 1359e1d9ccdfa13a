"""Google's androidpublisher: a token for a service account, its requests, and the hour's quota of an app."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import msgspec

from leitstand import clock
from leitstand.errors import FetchError
from listeners.answers import decode
from listeners.budget import Budget
from listeners.fetch import Fetcher, Page, retry_after
from listeners.google import refusal
from listeners.oauth import Held, Token
from listeners.signing import jwt

SCOPE: Final = "https://www.googleapis.com/auth/androidpublisher"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE: Final = "https://oauth2.googleapis.com/token"
LASTS: Final = 3600
HOUR: Final = timedelta(hours=1)
REST: Final = timedelta(minutes=1)
_TOO_OFTEN: Final = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "RATE_LIMIT_EXCEEDED"}


class ServiceAccount(msgspec.Struct):
    """What of a service account's key we need."""

    client_email: str
    private_key: str
    private_key_id: str = ""

    @classmethod
    def parse(cls, key: str) -> "ServiceAccount":
        """Raises FetchError for what is no key as Google issues it."""
        try:
            return msgspec.json.decode(key.encode("utf-8", "replace"), type=cls)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise FetchError("`key` is no service account's key as it was downloaded (JSON)", permanent=True) from None


@dataclass(slots=True)
class Quota:
    """Requests of the last hour, of which so many are `allowed`. After a start nothing is known to be used."""

    allowed: int
    _asked: deque[float] = field(default_factory=deque)

    def spend(self) -> None:
        """One more. Raises FetchError if none is left."""
        if not self.left():
            wait = timedelta(seconds=self._asked[0] + HOUR.total_seconds() - time.monotonic())
            raise FetchError("the hour's quota of this app is used up", retry_after=wait)
        self._asked.append(time.monotonic())

    def left(self) -> int:
        while self._asked and time.monotonic() - self._asked[0] > HOUR.total_seconds():
            self._asked.popleft()
        return max(0, self.allowed - len(self._asked))

    def told(self) -> Budget:
        """For people."""
        left = self.left()
        return Budget(left, self.allowed, clock.now() + HOUR, "" if left else "nothing is read until then")


@dataclass(slots=True)
class Api:
    """A client with its service account."""

    fetcher: Fetcher
    base: str
    token_url: str
    key: str = field(repr=False)
    _token: Held = field(default_factory=Held)

    async def get(self, path: str, params: Mapping[str, str], quota: Quota, lane: str = "") -> Page:
        """One request at the cost of one. Raises FetchError; an answer that there is no such thing is a Page."""
        token = await self._token.current(self._ask)
        quota.spend()
        page = await self.fetcher.get(f"{self.base}{path}", {"Authorization": f"Bearer {token}"}, params, lane=lane)
        if page.status == 401:
            self._token.drop()
            raise page.refusal("Google does not take our token any more")
        if page.status in (403, 429):
            _refuse(page)
        return page

    async def _ask(self) -> Token:
        account = ServiceAccount.parse(self.key)
        now = int(clock.now().timestamp())
        claims: dict[str, str | int] = {
            "iss": account.client_email,
            "scope": SCOPE,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + LASTS,
        }
        signed = jwt(account.private_key, account.private_key_id, claims, extra="googleplay")
        page = await self.fetcher.post(self.token_url, {"grant_type": GRANT, "assertion": signed})
        if page.status in (400, 401, 403):
            said = "Google does not take this service account's key (or our clock is wrong)"
            raise page.refusal(said, permanent=True)
        return decode(page, Token)


def _refuse(page: Page) -> None:
    """Raises FetchError in words."""
    reasons = refusal(page).reasons
    if page.status == 429 or reasons & _TOO_OFTEN:
        wait = retry_after(page.headers, clock.now()) or REST
        raise page.refusal("Google asks us to slow down", retry_after=wait)
    if "accessNotConfigured" in reasons or "SERVICE_DISABLED" in reasons:
        raise page.refusal(
            "the key's project may not use the Google Play Android Developer API", permanent=True, status=0
        )
    raise page.refusal("this service account may not read the reviews of this app")
