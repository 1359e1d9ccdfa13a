"""A digest as data, when the next one is due, and which quotes are the strongest. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from leitstand import settings
from leitstand.model import Sentiment
from triage.hours import time_zone

WEEK = timedelta(weeks=1)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_QUOTED = 240


@dataclass(frozen=True, slots=True)
class Count:
    """How many this week, and how many the week before."""

    now: int = 0
    before: int = 0

    @property
    def trend(self) -> float | None:
        """The change as a share of the week before; None where there was nothing to compare with."""
        return (self.now - self.before) / self.before if self.before else None


@dataclass(frozen=True, slots=True)
class Topic:
    """A watchlist or a tag."""

    name: str
    kind: Literal["watchlist", "tag"]
    posts: Count
    cases: Count


@dataclass(frozen=True, slots=True)
class Quote:
    """What somebody said: `strength` is what it is chosen by."""

    mention: int
    channel: str
    url: str
    text: str
    sentiment: Sentiment
    strength: float
    author: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """One week, from `starts` to `ends`."""

    name: str
    title: str
    starts: datetime
    ends: datetime
    posts: Count
    cases: Count
    solved: int
    negative: int
    positive: int
    topics: tuple[Topic, ...]
    quotes: tuple[Quote, ...]

    @property
    def silent(self) -> bool:
        """Whether nothing was said, neither this week nor the week before."""
        return not any((self.posts.now, self.posts.before, self.cases.now, self.cases.before))


def last_due(entry: settings.Digest, now: datetime) -> datetime:
    """The last moment at which the digest was due, by the clock on the wall of its zone."""
    zone = time_zone(entry.timezone)
    wall = now.astimezone(zone)
    back = (wall.weekday() - _DAYS.index(entry.weekday)) % 7
    for day in (wall.date() - timedelta(days=back), wall.date() - timedelta(days=back + 7)):
        at = datetime.combine(day, time.fromisoformat(entry.time), zone).astimezone(UTC)
        if at <= now:
            return at
    raise AssertionError("one of two weeks lies behind")


def week_of(entry: settings.Digest, at: datetime) -> date:
    """What the week that ends then is called: the Monday of the week in which most of it lies."""
    middle = (at - WEEK / 2).astimezone(time_zone(entry.timezone)).date()
    return middle - timedelta(days=middle.weekday())


def ends_in(entry: settings.Digest, week: date) -> datetime:
    """When the digest of the week that is called so is due."""
    at = last_due(entry, datetime.combine(week + timedelta(days=15), time(), UTC))
    while week_of(entry, at) > week:
        at = last_due(entry, at - timedelta(seconds=1))
    return at


def strength(score: float, confidence: float, followers: int | None) -> float:
    """How much a post weighs: what it feels, how sure that is, and how many hear it."""
    return abs(score) * confidence * math.log10(10 + (followers or 0))


def strongest(quotes: Iterable[Quote], limit: int) -> tuple[Quote, ...]:
    """The strongest of both kinds in turn, nobody twice, no text twice."""
    chosen: list[Quote] = []
    authors: set[str] = set()
    texts: set[str] = set()
    ranked = sorted(quotes, key=lambda q: (-q.strength, q.mention))
    kinds = [[q for q in ranked if q.sentiment is kind] for kind in (Sentiment.NEGATIVE, Sentiment.POSITIVE)]
    for quote in _in_turn(kinds):
        said = " ".join(quote.text.casefold().split())[:60]
        if len(chosen) == limit:
            break
        if quote.author in authors or said in texts or not said:
            continue
        authors |= {quote.author} - {""}
        texts.add(said)
        chosen.append(quote)
    return tuple(chosen)


def shortened(text: str) -> str:
    """One line that can be quoted."""
    said = " ".join(text.split())
    return said if len(said) <= _QUOTED else said[: _QUOTED - 2].rsplit(" ", 1)[0] + " …"


def _in_turn(kinds: Sequence[Sequence[Quote]]) -> Iterable[Quote]:
    for place in range(max(map(len, kinds), default=0)):
        yield from (kind[place] for kind in kinds if place < len(kind))
