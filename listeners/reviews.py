"""The reviews of an app in a store, and the answers to them: what all stores have in common.

    pages, newest first ─► back to known ground; now and then further, for what was held back or edited in place
    ─► new, edited and gone at once, with the cursor; a missing review is asked for before it counts as gone
Nothing is told before the walk has ended, so that a kill in between loses nothing. Several stores are asked in turn;
who takes long is left behind, alone with its delay.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

import msgspec

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.model import Mention
from listeners.budget import Budget
from listeners.contract import Batch, Gone
from listeners.memory import as_cursor, recall
from listeners.rounds import rounds
from listeners.streams import together

PATIENCE = 2.0  # seconds for which the other stores wait for one
DEEP_EVERY: Final = 10  # looks; the first after each start is one
REMEMBERED: Final = 2_000
ASKED_FOR: Final = 5  # missing reviews are asked for one by one
ANSWER: Final = "/answer"  # what the answer to a review is called, after the review's name


@dataclass(frozen=True, slots=True)
class Shown:
    """A review or an answer as its store shows it now. `version` is another one after each edit."""

    mention: Mention
    version: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of a listing. `more` goes on with it, "" at its end."""

    shown: list[Shown]
    more: str = ""


class Store(Protocol):
    """Where the reviews of an app are listed."""

    channel: str
    pages: int  # at most so many are read in one look
    deep: int  # so many are read now and then, known ground or not
    reaches: timedelta | None  # how long it shows a review; None: for ever

    async def page(self, more: str) -> Sheet:
        """The newest reviews, or those that `more` goes on with. Raises FetchError."""
        ...

    async def has(self, review: str) -> bool:
        """Whether it still has a review that is not listed; True where it cannot tell. Raises FetchError."""
        ...

    def pause(self) -> float:
        """Seconds until the next look, by what is left of the store's limits."""
        ...

    def budget(self) -> Budget | None:
        """What is left of them; None where the store does not say."""
        ...


class Memory(msgspec.Struct, omit_defaults=True):
    """The cursor: "seconds:version" by name, the hour of the last look, and since when reviews are heard."""

    known: dict[str, str] = {}
    hour: int = 0
    since: int = 0

    def knows(self, one: Shown) -> bool:
        """Whether this was heard before, exactly as it is now."""
        return self.known.get(one.mention.external_id, "").partition(":")[2] == one.version


def version(*parts: object) -> str:
    """A short mark that is another one when any of the parts is."""
    return hashlib.sha256("\n".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:10]


def stars(rating: int, title: str) -> str:
    """The title of a review behind its stars."""
    drawn = "★" * rating + "☆" * (5 - rating) if 1 <= rating <= 5 else ""
    return f"{drawn} {title}".strip()


@dataclass(slots=True)
class Reviews:
    """A part of a round. With the very first look reviews are heard that are younger than `history`.

    `turn` is whose turn it is among the stores of a listener.
    """

    name: str
    store: Store
    interval: float
    history: timedelta
    cursor: str = ""
    every: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _looks: int = 0
    _missing: set[str] = field(default_factory=set)

    async def look(self) -> Batch:
        """What is new, edited and gone. Raises FetchError."""
        async with self.turn:
            looking = asyncio.ensure_future(self._look())
            try:
                await asyncio.wait({looking}, timeout=PATIENCE)
            except asyncio.CancelledError:
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)
                raise
        return await looking

    async def _look(self) -> Batch:
        memory, now = recall(self.cursor, Memory), clock.now()
        since = memory.since or int((now - self.history).timestamp())
        deep = self._looks % DEEP_EVERY == 0
        shown, lost = await self._walk(memory, deep=deep)
        gone = await self._gone(memory, shown, deep=deep)
        self._looks += 1
        fresh = [one.mention for one in shown.values() if one.mention.external_id not in memory.known]
        new = [mention for mention in fresh if int(mention.created_at.timestamp()) >= since]
        known = memory.known.keys()
        edits = [one.mention for name, one in shown.items() if name in known and not memory.knows(one)]
        hour = int(now.timestamp()) // 3600
        lost = lost or self._away(memory.hour, hour)
        self._remember(memory, shown, gone, Memory(hour=hour, since=since))
        changed = self.cursor if fresh or edits or gone or hour != memory.hour else None
        self.every = max(self.interval, self.store.pause())
        return Batch(
            tuple(sorted(new, key=lambda mention: mention.created_at)),
            changed,
            edits=tuple(edits),
            deletes=tuple(Gone(self.store.channel, name) for name in gone),
            lost=lost,
            budget=self.store.budget(),
        )

    async def _walk(self, memory: Memory, *, deep: bool) -> tuple[dict[str, Shown], str]:
        """What the newest pages show, and why something may be missing between them and what is known."""
        found: dict[str, Shown] = {}
        more, met = "", not memory.known
        for number in range(1, self.store.pages + 1):
            sheet = await self.store.page(more)
            found |= {one.mention.external_id: one for one in sheet.shown}
            more = sheet.more
            met = met or any(one.mention.external_id in memory.known for one in sheet.shown)
            ground = bool(sheet.shown) and memory.knows(sheet.shown[-1])
            if not more or (ground and number >= (self.store.deep if deep else 1)):
                break
            if not memory.known and number >= self.store.deep:
                break
        lost = "" if met or not more else "more reviews came than are shown at once: the oldest of them are missing"
        return found, lost

    def _away(self, before: int, hour: int) -> str:
        reach = self.store.reaches
        if not before or reach is None or timedelta(hours=hour - before) <= reach:
            return ""
        return f"the store shows the reviews of {reach.days} days: what is older was missed"

    async def _gone(self, memory: Memory, shown: dict[str, Shown], *, deep: bool) -> list[str]:
        """The known names that are no more: answers missing twice, reviews that are not there when asked for."""
        missing = set(_answers_missing(memory.known, shown))
        gone = missing & self._missing
        self._missing = {name for name in self._missing | missing if name not in shown} - gone
        reviews = _reviews_missing(memory.known, shown) if deep else []
        start = self._looks // DEEP_EVERY * ASKED_FOR % max(1, len(reviews))
        gone |= {name for name in reviews[start : start + ASKED_FOR] if not await self._has(name)}
        return sorted(gone | {f"{name}{ANSWER}" for name in gone if f"{name}{ANSWER}" in memory.known})

    async def _has(self, review: str) -> bool:
        """Whether the store has it, or cannot say so just now: what is new must not wait for this."""
        try:
            return await self.store.has(review)
        except FetchError as error:
            if error.permanent:
                raise
            return True

    def _remember(self, memory: Memory, shown: dict[str, Shown], gone: Iterable[str], after: Memory) -> None:
        """The next cursor."""
        marks = {name: f"{int(one.mention.created_at.timestamp())}:{one.version}" for name, one in shown.items()}
        known = {name: mark for name, mark in {**memory.known, **marks}.items() if name not in gone}
        youngest = sorted(known.items(), key=lambda item: _seconds(item[1]))
        if len(youngest) > REMEMBERED:
            youngest = youngest[-REMEMBERED:]
            after.since = max(after.since, _seconds(youngest[0][1]))
        after.known = dict(youngest)
        self.cursor = as_cursor(after)


async def hear(
    stores: Mapping[str, Store], interval: timedelta, history: timedelta, cursors: Mapping[str, str]
) -> AsyncIterator[Batch]:
    """The reviews of several stores by their names, for ever. Raises FetchError for what only a person can mend."""
    every, turn = interval.total_seconds(), asyncio.Lock()
    parts = [Reviews(n, store, every, history, cursors.get(n, ""), every, turn) for n, store in stores.items()]
    async with aclosing(together([rounds([part]) for part in parts])) as batches:
        async for batch in batches:
            yield batch


async def count(stores: Mapping[str, Store]) -> int:
    """How many reviews and answers the newest page of each shows."""
    pages = [await store.page("") for store in stores.values()]
    return sum(len(page.shown) for page in pages)


def _answers_missing(known: dict[str, str], shown: dict[str, Shown]) -> list[str]:
    """Answers that are no longer below their reviews."""
    answers = (name for name in known if name.endswith(ANSWER) and name not in shown)
    return [name for name in answers if name.removesuffix(ANSWER) in shown]


def _reviews_missing(known: dict[str, str], shown: dict[str, Shown]) -> list[str]:
    """Reviews that are not shown though older ones are, the youngest first."""
    oldest = min((int(one.mention.created_at.timestamp()) for one in shown.values()), default=1 << 62)
    absent = [name for name, mark in known.items() if name not in shown and _seconds(mark) > oldest]
    return [name for name in reversed(absent) if not name.endswith(ANSWER)]


def _seconds(mark: str) -> int:
    number = mark.partition(":")[0]
    return int(number) if number.isdigit() else 0
