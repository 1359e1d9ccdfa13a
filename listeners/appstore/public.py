"""The feed of reviews that everybody may read: any app, one country at a time, the newest 500, no answers.

Apple does not document it. It is at times empty or some hours behind, so what is missing in it is not gone;
`feed.entry` is no list where there is one entry only, and the first entry may be the app itself.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from leitstand import clock
from leitstand.model import Author, Mention
from listeners.answers import decode, each
from listeners.appstore.connect import CHANNEL
from listeners.budget import Budget
from listeners.fetch import Fetcher
from listeners.plaintext import clean
from listeners.reviews import Sheet, Shown, stars, version
from listeners.times import time_of

PAGE: Final = 50
PAGES: Final = 10
_LAST_NUMBER: Final = re.compile(r"(\d+)/?$")


class Label(msgspec.Struct):
    """How the feed writes everything."""

    label: str = ""


class Who(msgspec.Struct):
    name: Label = msgspec.field(default_factory=Label)
    uri: Label = msgspec.field(default_factory=Label)


class Entry(msgspec.Struct):
    """A review."""

    id: Label
    rating: Label = msgspec.field(name="im:rating")
    title: Label = msgspec.field(default_factory=Label)
    content: Label = msgspec.field(default_factory=Label)
    updated: Label = msgspec.field(default_factory=Label)
    author: Who = msgspec.field(default_factory=Who)


class Product(msgspec.Struct):
    """The app itself, which may be listed as the first entry."""

    name: Label = msgspec.field(name="im:name")


class Feed(msgspec.Struct):
    entry: msgspec.Raw = msgspec.Raw(b"[]")


class Answer(msgspec.Struct):
    feed: Feed


@dataclass(slots=True)
class Country:
    """The reviews of an app in one country's store."""

    fetcher: Fetcher
    base: str
    app: str
    country: str
    channel: str = CHANNEL
    pages: int = PAGES
    deep: int = PAGES
    reaches: timedelta | None = None

    async def page(self, more: str) -> Sheet:
        """Fifty reviews. Raises FetchError."""
        number = int(more or "1")
        path = f"{self.country}/rss/customerreviews/page={number}/id={self.app}/sortby=mostrecent/json"
        page = await self.fetcher.get(f"{self.base}/{path}", lane=f"{self.app} {self.country}")
        if page.status in (400, 404):
            raise page.refusal(f"the store of {self.country!r} has no app {self.app}")
        if page.status == 403:  # how it says that it is asked too often
            raise page.refusal("Apple does not let us read the feed at the moment (HTTP 403)")
        raw = _rows(decode(page, Answer).feed.entry)
        rows = [row for row in raw if not _is_product(row)]
        now = clock.now()
        shown = [self._shown(entry, now) for entry in each(rows, Entry) if entry.id.label]
        return Sheet(shown, str(number + 1) if len(rows) >= PAGE else "")

    async def has(self, review: str) -> bool:
        return True

    def pause(self) -> float:
        return 0.0

    def budget(self) -> Budget | None:
        return None

    def _shown(self, entry: Entry, now: datetime) -> Shown:
        number = _LAST_NUMBER.search(entry.author.uri.label)
        nickname, title = clean(entry.author.name.label), clean(entry.title.label)
        rating = int(entry.rating.label) if entry.rating.label in tuple("12345") else 0
        mention = Mention(
            CHANNEL,
            entry.id.label[:200],
            clean(entry.content.label) or title or "(no text)",
            time_of(entry.updated.label, now),
            now,
            url=f"https://apps.apple.com/{self.country}/app/id{self.app}?see-all=reviews",
            title=stars(rating, title)[:1_000],
            kind="review",
            author=Author(number.group(1) if number else "", nickname, nickname),
            conversation_id=entry.id.label[:200],
        )
        return Shown(mention, version(entry.updated.label, rating, title, entry.content.label))


def _rows(entry: msgspec.Raw) -> list[msgspec.Raw]:
    content = bytes(entry).strip()
    return msgspec.json.decode(content, type=list[msgspec.Raw]) if content.startswith(b"[") else [entry]


def _is_product(row: msgspec.Raw) -> bool:
    try:
        return bool(msgspec.json.decode(row, type=Product))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
