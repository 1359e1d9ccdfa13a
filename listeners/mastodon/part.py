"""One stream of one instance, for ever: connected, what was missed fetched from the timeline, then live.

    stream opened ──► timeline from the stored number forward, page by page ──► what the stream brought meanwhile, live
A post that comes by both ways is a duplicate by its uri.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import quote

import msgspec

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.model import Mention
from listeners.contract import Batch, Gone
from listeners.mastodon.instance import Instance
from listeners.mastodon.statuses import CHANNEL, Known, Notification, Status, mention
from listeners.sse import Event
from listeners.streams import HEARTBEAT, Backoff, Volume

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
MOST: Final = 500
PAGE: Final = 40
MOST_PAGES = 250
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
HOPELESS: Final = timedelta(hours=1)
# Posts of other instances arrive late, with the number of the moment at which they were written.
OVERLAP: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Place:
    """One stream of an instance and the timeline that says the same: paths, parameters, which events count."""

    name: str
    stream: str
    timeline: str
    params: Mapping[str, str] = field(default_factory=dict)
    timeline_params: Mapping[str, str] = field(default_factory=dict)
    news: str = "update"
    threads: bool = True  # few enough posts that what they answer can be asked for

    @property
    def holds(self) -> type[Status] | type[Notification]:
        """What its timeline is made of."""
        return Notification if self.news == "notification" else Status


@dataclass
class Ear:
    """One part: where it is, and what it knows of the statuses it heard. `cursor` "" means: from now on."""

    instance: Instance
    place: Place
    cursor: str
    known: Known
    volume: Volume = field(default_factory=Volume)

    @property
    def part(self) -> str:
        """How this part is called."""
        return f"{self.instance.host} {self.place.name}"

    async def mention_of(self, status: Status) -> Mention:
        """The status, with what it answers if that can be found out."""
        asked = status.in_reply_to_id or ""
        if asked and self.place.threads and not self.known.uri(asked):
            parent = await self.instance.one(f"/api/v1/statuses/{quote(asked, safe='')}", Status)
            if parent:
                self.known.note(parent)
        self.known.note(status)
        return mention(status, self.instance.host, self.known, clock.now())

    def advance(self, number: str) -> None:
        """The newest number: numbers are compared by length, then letter by letter."""
        if (len(number), number) > (len(self.cursor), self.cursor):
            self.cursor = number


async def hear(ear: Ear) -> AsyncGenerator[Batch, None]:
    """The batches of a part, for ever; what goes wrong with it is a batch too."""
    backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
    while True:
        began, wait = time.monotonic(), timedelta(0)
        try:
            async with aclosing(_connected(ear)) as batches:
                async for batch in batches:
                    yield batch
        except FetchError as fault:
            failure, wait = str(fault), max(fault.retry_after or wait, HOPELESS if fault.permanent else wait)
        pause = max(backoff.pause(time.monotonic() - began), wait.total_seconds())
        ear.volume.pause()
        yield Batch((), None, ear.part, failure, next_at=clock.now() + timedelta(seconds=pause))
        await asyncio.sleep(pause)


async def _connected(ear: Ear) -> AsyncGenerator[Batch, None]:
    """One connection: opened first, then what was missed is fetched, so that nothing falls in between."""
    async with ear.instance.stream(ear.place.stream, ear.place.params) as pump:
        async with aclosing(_missed(ear)) as missed:
            async for batch in missed:
                yield batch
        yield Batch((), ear.cursor or None, ear.part)
        while True:
            heard = await pump.some(MOST, wait=HEARTBEAT)
            usual = ear.volume.average
            if ear.volume.saw(len(heard)):
                raise FetchError(f"far fewer posts than usual (about {usual:,.0f} a minute): connecting anew")
            yield await _live(ear, heard)


async def _missed(ear: Ear) -> AsyncGenerator[Batch, None]:
    """Page forward from the stored number to now. Without one, only find out where now is."""
    path, params = ear.place.timeline, ear.place.timeline_params
    if not ear.cursor:
        newest = await ear.instance.page(path, {"limit": "1", **params})
        for item in _decoded(ear, newest.raw)[0]:
            ear.advance(item.id)
        return
    yield Batch((), None, ear.part, caught_up=False)
    above = before(ear.cursor)
    for _ in range(MOST_PAGES):
        page = await ear.instance.page(path, {"limit": str(PAGE), "min_id": above, **params})
        items, error = _decoded(ear, page.raw)
        for item in items:
            ear.advance(item.id)
        ids = [item.id for item in items]
        following = page.newer or max(ids, key=lambda i: (len(i), i), default="")
        if not page.raw or not following or following == above:
            return
        mentions = [await ear.mention_of(status) for status in map(_status, items) if status]
        yield Batch(tuple(mentions), ear.cursor, ear.part, error, caught_up=False)
        above = following
    yield Batch((), None, ear.part, lost=f"more than {MOST_PAGES * PAGE:,} posts were missed")


async def _live(ear: Ear, heard: Sequence[Event]) -> Batch:
    """What these events say. One that cannot be read harms only itself."""
    new: list[Mention] = []
    edits: list[Mention] = []
    deletes: list[Gone] = []
    refused: list[str] = []
    for event in heard:
        try:
            if event.name == ear.place.news:
                item = msgspec.json.decode(event.data, type=ear.place.holds)
                ear.advance(item.id)
                if status := _status(item):
                    new.append(await ear.mention_of(status))
            elif event.name == "status.update":
                edits.append(await ear.mention_of(msgspec.json.decode(event.data, type=Status)))
            elif event.name == "delete" and (uri := ear.known.uri(event.data.decode("utf-8", "replace"))):
                deletes.append(Gone(CHANNEL, uri))
        except UNREADABLE as fault:
            refused.append(str(fault)[:200])
    error = f"{len(refused)} of {len(heard)} events cannot be read: {refused[0]}" if refused else ""
    return Batch(tuple(new), ear.cursor if heard else None, ear.part, error, tuple(edits), tuple(deletes))


def _status(item: Status | Notification) -> Status | None:
    """What is to be heard of it: no boosts, no notifications of another kind."""
    status = item.status if isinstance(item, Notification) else item
    if isinstance(item, Notification) and item.type not in ("mention", "quote"):
        return None
    return status if status and status.reblog is None else None


def _decoded(ear: Ear, raw: Sequence[msgspec.Raw]) -> tuple[list[Status | Notification], str]:
    """The readable items of a page, oldest first, and what is wrong with the others."""
    items: list[Status | Notification] = []
    refused: list[str] = []
    for one in reversed(raw):
        try:
            items.append(msgspec.json.decode(one, type=ear.place.holds))
        except UNREADABLE as fault:
            refused.append(str(fault)[:200])
    return items, f"{len(refused)} of {len(raw)} posts cannot be read: {refused[0]}" if refused else ""


def before(number: str) -> str:
    """A number a while earlier, where numbers tell the time as Mastodon's do: milliseconds, then 16 bits."""
    if not number.isdecimal() or len(number) < 16:
        return number
    return str(max(0, int(number) - (OVERLAP // timedelta(milliseconds=1) << 16)))
