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
from listeners.x.marks import Mark
from listeners.x.pacing import Pacing
from listeners.x.posts import UNREADABLE, Line, Post, Read, TaggedLine, User, number_at, read, read_page
from listeners.x.shares import Wanted, told
from listeners.x.spending import Spending

MOST: Final = 500
ROOM: Final = 200_000
SETTLE = 40.0
OVERLAP: Final = 60_000 << 22  # a minute: posts come out of order, by seconds
SEARCHABLE: Final = timedelta(days=7) - timedelta(minutes=5)
AGAIN: Final = 30.0
_LINE, _TAGGED = msgspec.json.Decoder(Line), msgspec.json.Decoder(TaggedLine)


@dataclass
class Ear:
    """Where the stream is. `owed`: a search is to be made from the mark on, not before `search_at`; `settled`: it is
    the second one. `opened` is the number of the moment at which the connection was opened. `over` are the watchlists
    that are left out, None before anything was asked for."""

    api: Api
    wanted: Wanted
    spending: Spending
    mark: Mark
    over: frozenset[str] | None = None
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
            self.mark = self.mark.moved(max(self.mark.since, self.newest))
        self.mark = self.mark.spent(self.spending)
        lost, self.lost = self.lost, ""
        return Batch(
            heard.mentions,
            str(self.mark),
            error=heard.error,
            edits=heard.edits,
            caught_up=not self.owed,
            lost=lost,
            budget=self.spending.told(now),
            shares=self.spending.shares_told(now),
        )

    def asks(self) -> Wanted:
        """What is asked for now."""
        return self.wanted.without(self.over or frozenset())


async def hear(ear: Ear) -> AsyncGenerator[Batch, None]:
    """The batches of the stream, for ever. Raises FetchError for what only a person or the next period can mend."""
    pacing = Pacing()
    while True:
        async for batch in _shared(ear):
            yield batch
        if not ear.spending.may_stream(now := clock.now()) or not ear.asks().rules:
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
            await agree_on_rules(ear.api, ear.asks().rules)
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


async def _shared(ear: Ear) -> AsyncGenerator[Batch, None]:
    """Take watchlists that are over their share out of the rules, and put them back on the next day."""
    over = ear.spending.over(now := clock.now())
    if over == ear.over:
        return
    await agree_on_rules(ear.api, ear.wanted.without(over).rules)
    ear.over = over
    for batch in told(ear.spending, over, now):
        yield batch


def _paused(ear: Ear, now: datetime) -> Batch:
    budget = ear.spending.told(now)
    why = ear.spending.note(now) if ear.asks().rules else "every watchlist has used up its share of the day's budget"
    return Batch((), None, error=why, next_at=next_day(now), budget=budget, shares=ear.spending.shares_told(now))


async def _connected(ear: Ear) -> AsyncGenerator[Batch, None]:
    """One connection. Ends without an error when the budget says so."""
    connected = asyncio.Event()
    async with Pump(ear.api.stream(connected), room=ROOM) as pump:
        early = await _opened(pump, connected)
        _owe(ear, clock.now())
        yield ear.batch(_lines(early, ear, clock.now()), clock.now())
        while ear.spending.may_stream(clock.now()) and ear.asks().rules:
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
            async for batch in _shared(ear):
                yield batch


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
    if not ear.mark.since or not ear.wanted.searches:
        ear.lost = "there is no search for what was missed" if ear.mark.since else ""
        ear.mark = ear.mark.moved(ear.opened)
        return
    if ear.mark.since < oldest:
        ear.lost = "X can be searched for the last 7 days only"
        ear.mark = ear.mark.moved(oldest)
    ear.owed, ear.settled, ear.search_at = True, False, 0.0


async def _search(ear: Ear) -> AsyncGenerator[Batch, None]:
    """All searches from the mark on; twice, the second time when X knows all that was said before the connection."""
    since = max(1, ear.mark.since - OVERLAP)
    try:
        for query in ear.wanted.searches:
            token = ""
            while query in ear.asks().searches:
                if not (size := ear.spending.page(now := clock.now())):
                    ear.search_at = time.monotonic() + (next_day(now) - now).total_seconds()
                    return
                page = await ear.api.search(query, since, token, size)
                found = [ear.wanted.watchlists([query])] * len(page.data)
                ear.spending.posts(len(page.data), clock.now(), found)
                yield ear.batch(read_page(page, clock.now()), clock.now())
                async for batch in _shared(ear):
                    yield batch
                token = page.meta.next_token
                if not token:
                    break
    except FetchError as error:
        if error.permanent or (isinstance(error, XError) and error.capped):
            raise
        ear.search_at = time.monotonic() + max(AGAIN, error.retry_after.total_seconds() if error.retry_after else 0.0)
        return
    ear.mark = ear.mark.moved(max(ear.mark.since, ear.opened - OVERLAP))
    ear.owed, ear.settled, ear.search_at = not ear.settled, True, time.monotonic() + SETTLE
    yield ear.batch(Read(), clock.now())


def _lines(lines: Sequence[bytes], ear: Ear, now: datetime) -> Read:
    """What these lines say. One that cannot be read harms only itself; X's own notice of the end ends the stream."""
    posts: list[tuple[Post, Mapping[str, User]]] = []
    matched: list[frozenset[str]] = []
    refused: list[str] = []
    decode = _TAGGED.decode if ear.spending.shares else _LINE.decode
    for line in lines:
        try:
            said = decode(line)
        except UNREADABLE as fault:
            refused.append(str(fault)[:200])
            continue
        if said.data:
            posts.append((said.data, {user.id: user for user in said.includes.users}))
            if isinstance(said, TaggedLine):
                matched.append(ear.wanted.watchlists([rule.tag for rule in said.matching_rules]))
        elif said.errors and not posts:
            problem = said.errors[0]
            raise XError(f"X ends the stream: {problem.said}"[:300], "ended")
    ear.spending.posts(len(posts), now, matched)
    error = f"{len(refused)} of {len(lines)} lines cannot be read: {refused[0]}" if refused else ""
    return read(posts, now, error)


def start(api: Api, wanted: Wanted, spending: Spending, cursor: str) -> Ear:
    """The stream from its stored cursor on."""
    return Ear(api, wanted, spending, Mark.parse(cursor))
