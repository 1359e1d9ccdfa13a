"""The filtered stream, paired with the recent search: what was said while nobody listened is searched for.

    rules brought up to date ──► connected ──► search from the mark on ──► live, and 40 s later the search once more
                                                                             (it knows a post half a minute late)
The mark is the number up to which everything was heard. It moves on with the stream only while no search is owed.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec

from leitstand import clock
from leitstand.errors import FetchError
from listeners.budget import next_day
from listeners.contract import Batch
from listeners.query.push import x as push
from listeners.streams import HEARTBEAT, Pump, Volume
from listeners.x.api import Api, XError
from listeners.x.pacing import Pacing
from listeners.x.posts import UNREADABLE, Line, Post, Read, User, number_at, read, read_page
from listeners.x.spending import Spending

MOST: Final = 500
ROOM: Final = 200_000
SETTLE = 40.0
OVERLAP: Final = 60_000 << 22  # a minute: posts come out of order, by seconds
SEARCHABLE: Final = timedelta(days=7) - timedelta(minutes=5)
AGAIN: Final = 30.0


class Mark(msgspec.Struct, frozen=True):
    """The stored cursor: the number up to which all was heard (0: from now on), and what was read on which day."""

    since: int = 0
    day: str = ""
    used: int = 0

    @classmethod
    def parse(cls, cursor: str) -> "Mark":
        """The beginning for what is no cursor of ours."""
        try:
            return msgspec.json.decode(cursor, type=cls)
        except UNREADABLE:
            return cls()

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()


@dataclass
class Ear:
    """Where the stream is. `owed`: a search is to be made from the mark on, not before `search_at`; `settled`: it is
    the second one. `opened` is the number of the moment at which the connection was opened."""

    api: Api
    rules: Mapping[str, str]
    searches: Sequence[str]
    spending: Spending
    mark: Mark
    newest: int = 0
    owed: bool = False
    settled: bool = True
    search_at: float = 0.0
    opened: int = 0
    lost: str = ""
    volume: Volume = field(default_factory=Volume)

    def batch(self, heard: Read, now: datetime) -> Batch:
        """What was heard, with the mark after it."""
        self.newest = max(self.newest, heard.newest)
        if not self.owed:
            self.mark = moved(self.mark, max(self.mark.since, self.newest))
        day = self.spending.day
        self.mark = Mark(self.mark.since, day.day, day.used)
        lost, self.lost = self.lost, ""
        return Batch(
            heard.mentions,
            str(self.mark),
            error=heard.error,
            edits=heard.edits,
            caught_up=not self.owed,
            lost=lost,
            budget=self.spending.told(now),
        )


def moved(mark: Mark, since: int) -> Mark:
    """The mark moved on."""
    return Mark(since, mark.day, mark.used)


async def hear(ear: Ear) -> AsyncGenerator[Batch, None]:
    """The batches of the stream, for ever. Raises FetchError for what only a person or the next period can mend."""
    await agree_on_rules(ear.api, ear.rules)
    pacing = Pacing()
    while True:
        if not ear.spending.may_stream(now := clock.now()):
            yield _paused(ear, now)
            await asyncio.sleep((next_day(now) - now).total_seconds())
            continue
        began = time.monotonic()
        pacing.open(began)
        try:
            async with aclosing(_connected(ear)) as batches:
                async for batch in batches:
                    yield batch
            continue
        except XError as error:
            if error.permanent or error.capped:
                raise
            fault = error
        if fault.status == 409:
            await agree_on_rules(ear.api, ear.rules)
        ear.volume.pause()
        now_s = time.monotonic()
        asked = fault.retry_after.total_seconds() if fault.retry_after else 0.0
        pause = pacing.after(fault.end, now_s - began, now_s, asked)
        yield Batch((), None, error=str(fault), next_at=clock.now() + timedelta(seconds=pause))
        await asyncio.sleep(pause)


async def agree_on_rules(api: Api, rules: Mapping[str, str]) -> None:
    """Make the server's rules ours, with the smallest change; they are checked before one is touched."""
    have = await api.rules()
    changes = push.diff(have, [push.Rule(tag, value) for tag, value in rules.items()])
    add = [(rule.tag, rule.value) for rule in changes.add]
    values = {value for _, value in add}
    # The same rule under another tag must go first: X holds each only once.
    first = [number for number, _, value in have if number in changes.delete and value in values]
    later = [number for number in changes.delete if number not in first]
    if add and not first:
        await api.add_rules(add, dry_run=True)
    if first:
        await api.delete_rules(first)
    if add:
        await api.add_rules(add)
    if later:
        await api.delete_rules(later)


def _paused(ear: Ear, now: datetime) -> Batch:
    budget = ear.spending.told(now)
    return Batch((), None, error=ear.spending.note(now), next_at=next_day(now), budget=budget)


async def _connected(ear: Ear) -> AsyncGenerator[Batch, None]:
    """One connection. Ends without an error when the budget says so."""
    connected = asyncio.Event()
    async with Pump(ear.api.stream(connected), room=ROOM) as pump:
        early = await _opened(pump, connected)
        _owe(ear, clock.now())
        yield ear.batch(_lines(early, ear, clock.now()), clock.now())
        while ear.spending.may_stream(clock.now()):
            if ear.owed and time.monotonic() >= ear.search_at:
                async with aclosing(_search(ear)) as found:
                    async for batch in found:
                        yield batch
            due = max(0.05, ear.search_at - time.monotonic()) if ear.owed else HEARTBEAT
            lines = await pump.some(MOST, wait=min(HEARTBEAT, due))
            usual = ear.volume.average
            if ear.volume.saw(len(lines)):
                raise XError(f"far fewer posts than usual (about {usual:,.0f} a minute): connecting anew", "ended")
            yield ear.batch(_lines(lines, ear, clock.now()), clock.now())


async def _opened(pump: Pump[bytes], connected: asyncio.Event) -> list[bytes]:
    """Wait until the stream is open; raises XError if it is refused. What came with it."""
    opening = asyncio.ensure_future(connected.wait())
    early: list[bytes] = []
    try:
        while not opening.done():
            early += await pump.some(MOST, wait=0.05, linger=0)
    finally:
        opening.cancel()
    return early


def _owe(ear: Ear, now: datetime) -> None:
    """What was said since the mark is to be searched for, so far as X still has it."""
    oldest = number_at(now - SEARCHABLE)
    ear.opened = number_at(now)
    if not ear.mark.since or not ear.searches:
        ear.lost = "there is no search for what was missed" if ear.mark.since else ""
        ear.mark = moved(ear.mark, ear.opened)
        return
    if ear.mark.since < oldest:
        ear.lost = "X can be searched for the last 7 days only"
        ear.mark = moved(ear.mark, oldest)
    ear.owed, ear.settled, ear.search_at = True, False, 0.0


async def _search(ear: Ear) -> AsyncGenerator[Batch, None]:
    """All searches from the mark on; twice, the second time when X knows all that was said before the connection."""
    since = max(1, ear.mark.since - OVERLAP)
    try:
        for query in ear.searches:
            token = ""
            while True:
                if not (size := ear.spending.page(now := clock.now())):
                    ear.search_at = time.monotonic() + (next_day(now) - now).total_seconds()
                    return
                page = await ear.api.search(query, since, token, size)
                ear.spending.posts(len(page.data), clock.now())
                yield ear.batch(read_page(page, clock.now()), clock.now())
                token = page.meta.next_token
                if not token:
                    break
    except FetchError as error:
        if error.permanent or (isinstance(error, XError) and error.capped):
            raise
        ear.search_at = time.monotonic() + max(AGAIN, error.retry_after.total_seconds() if error.retry_after else 0.0)
        return
    ear.mark = moved(ear.mark, max(ear.mark.since, ear.opened - OVERLAP))
    ear.owed, ear.settled, ear.search_at = not ear.settled, True, time.monotonic() + SETTLE
    yield ear.batch(Read(), clock.now())


def _lines(lines: Sequence[bytes], ear: Ear, now: datetime) -> Read:
    """What these lines say. One that cannot be read harms only itself; X's own notice of the end ends the stream."""
    posts: list[tuple[Post, Mapping[str, User]]] = []
    refused: list[str] = []
    for line in lines:
        try:
            said = msgspec.json.decode(line, type=Line)
        except UNREADABLE as fault:
            refused.append(str(fault)[:200])
            continue
        if said.data:
            posts.append((said.data, {user.id: user for user in said.includes.users}))
        elif said.errors and not posts:
            problem = said.errors[0]
            raise XError(f"X ends the stream: {problem.detail or problem.title}"[:300], "ended")
    ear.spending.posts(len(posts), now)
    error = f"{len(refused)} of {len(lines)} lines cannot be read: {refused[0]}" if refused else ""
    return read(posts, now, error)


def start(api: Api, rules: Mapping[str, str], searches: Sequence[str], spending: Spending, cursor: str) -> Ear:
    """The stream from its stored cursor on."""
    return Ear(api, rules, searches, spending, Mark.parse(cursor))
