"""App Store Connect, the developer's own API: all reviews of an own app, in all countries, with our answers."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from leitstand import clock
from leitstand.model import Author, Mention
from listeners.answers import decode, each
from listeners.budget import Budget
from listeners.fetch import Fetcher, Page
from listeners.plaintext import clean
from listeners.reviews import ANSWER, Sheet, Shown, stars, version
from listeners.signing import jwt

T = TypeVar("T")

CHANNEL: Final = "appstore"
LASTS: Final = 900  # seconds; Apple takes tokens of at most 20 minutes
EARLY: Final = 60.0
PAGE: Final = 200
HOUR: Final = timedelta(hours=1)
REST: Final = timedelta(minutes=1)
_LIMIT: Final = re.compile(r"user-hour-(lim|rem):(\d{1,9})")
OURS: Final = Author("developer", "developer", own=True)

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Review(msgspec.Struct, rename="camel"):
    """What a review says."""

    rating: int = 0
    title: str | None = None
    body: str | None = None
    reviewer_nickname: str | None = None
    created_date: Moment | None = None


class Response(msgspec.Struct, rename="camel"):
    """What we answered. `state` is PENDING_PUBLISH until it is shown."""

    response_body: str = ""
    last_modified_date: Moment | None = None
    state: str = "PUBLISHED"


class Reference(msgspec.Struct):
    id: str


class Related(msgspec.Struct):
    data: Reference | None = None


class Relations(msgspec.Struct):
    response: Related | None = None


class Row(msgspec.Struct):
    """A review with the name of its answer."""

    id: str
    attributes: Review
    relationships: Relations | None = None

    @property
    def answer(self) -> str:
        related = self.relationships.response if self.relationships else None
        return related.data.id if related and related.data else ""


class Included(msgspec.Struct):
    """An answer."""

    id: str
    attributes: Response


class Links(msgspec.Struct):
    next: str = ""


class Listing(msgspec.Struct):
    data: list[msgspec.Raw] = []
    included: list[msgspec.Raw] = []
    links: Links = msgspec.field(default_factory=Links)


@dataclass(frozen=True, slots=True)
class Key:
    """The key that signs."""

    issuer_id: str
    key_id: str
    private_key: str = field(repr=False)


@dataclass(slots=True)
class Api:
    """A client with its key. `left` and `allowed` are what the last answer said of the hour's requests."""

    fetcher: Fetcher
    base: str
    key: Key
    left: int = 0
    allowed: int = 0
    _token: str = field(default="", repr=False)
    _ends: float = 0.0

    async def get(self, path: str, params: Mapping[str, str], lane: str = "") -> Page:
        """One request. Raises FetchError; an answer that there is no such thing is a Page."""
        key = {"Authorization": f"Bearer {self._current()}"}
        page = await self.fetcher.get(f"{self.base}{path}", key, params, lane=lane)
        said = {name: int(number) for name, number in _LIMIT.findall(page.headers.get("x-rate-limit", ""))}
        self.left, self.allowed = said.get("rem", self.left), said.get("lim", self.allowed)
        if page.status == 401:
            self._token = ""
            raise page.refusal(
                "Apple does not take this key: issuer_id, key_id or private_key", permanent=True, status=0
            )
        if page.status == 403:
            raise page.refusal("this key's role may not read the reviews of this app")
        if page.status == 429 and "retry-after" not in page.headers:
            raise page.refusal("Apple asks us to slow down (HTTP 429)", retry_after=REST)
        return page

    def _current(self) -> str:
        if not self._token or time.monotonic() > self._ends:
            now = int(clock.now().timestamp())
            claims: dict[str, str | int] = {
                "iss": self.key.issuer_id,
                "iat": now,
                "exp": now + LASTS,
                "aud": "appstoreconnect-v1",
            }
            self._token = jwt(self.key.private_key, self.key.key_id, claims, extra="appstore")
            self._ends = time.monotonic() + LASTS - EARLY
        return self._token


@dataclass(slots=True)
class App:
    """An own app's reviews, newest first."""

    api: Api
    app: str
    channel: str = CHANNEL
    pages: int = 30
    deep: int = 3
    reaches: timedelta | None = None

    async def page(self, more: str) -> Sheet:
        """Two hundred reviews with their answers. Raises FetchError."""
        asked = {"sort": "-createdDate", "limit": str(PAGE), "include": "response"}
        path = more or f"/v1/apps/{self.app}/customerReviews"
        page = await self.api.get(path, {} if more else asked, self.app)
        if page.status == 404:
            raise page.refusal(f"this key's team has no app {self.app}")
        listing = decode(page, Listing)
        answers = {one.id: one.attributes for one in each(listing.included, Included)}
        now = clock.now()
        shown: list[Shown] = []
        for row in each(listing.data, Row):
            shown.append(self._review(row, now))
            if answer := answers.get(row.answer):
                shown.insert(-1, self._answer(row, answer, now))
        return Sheet(shown, _path(listing.links.next))

    async def has(self, review: str) -> bool:
        page = await self.api.get(f"/v1/customerReviews/{review}", {}, self.app)
        return page.status != 404 and page.check() is page

    def pause(self) -> float:
        """So that what is left of the hour lasts for it, some requests a look."""
        return HOUR.total_seconds() * 5 / max(1, self.api.left) if self.api.allowed else 0.0

    def budget(self) -> Budget | None:
        allowed = self.api.allowed
        return Budget(min(self.api.left, allowed), allowed, clock.now() + HOUR) if allowed else None

    def _review(self, row: Row, now: datetime) -> Shown:
        said = row.attributes
        title, nickname = clean(said.title or ""), clean(said.reviewer_nickname or "")
        mention = Mention(
            CHANNEL,
            row.id,
            clean(said.body or "") or title or "(no text)",
            min(said.created_date or now, now),
            now,
            url=f"https://apps.apple.com/app/id{self.app}?see-all=reviews",
            title=stars(said.rating, title)[:1_000],
            kind="review",
            author=Author("", nickname, nickname),
            conversation_id=row.id,
        )
        return Shown(mention, version(said.created_date, said.rating, said.title, said.body))

    def _answer(self, row: Row, said: Response, now: datetime) -> Shown:
        mention = Mention(
            CHANNEL,
            f"{row.id}{ANSWER}",
            clean(said.response_body) or "(no text)",
            min(said.last_modified_date or now, now),
            now,
            url=f"https://apps.apple.com/app/id{self.app}?see-all=reviews",
            kind="reply",
            author=OURS,
            parent_id=row.id,
            conversation_id=row.id,
        )
        return Shown(mention, version(said.last_modified_date, said.response_body))


def _path(address: str) -> str:
    """Path and query of the next page: the key goes to no other server than the one we were told."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.path.startswith("/v1/") else ""
