"""Every item of Hacker News, by its number: from the last one heard to the newest.

newest number ─► a few more than the last: each is fetched
              ─► a long way: the search gives them by the thousand, then the rest is fetched
numbers that are given out but not filled yet are asked for again; what changed lately is compared
"""

import time
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec
import structlog

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.model import Mention
from listeners.answers import decode
from listeners.contract import Batch, Gone
from listeners.fetch import Fetcher
from listeners.hackernews.items import CHANNEL, Item, from_hit, mention
from listeners.hackernews.search import OVERLAP, Index
from listeners.memory import as_cursor, recall

log = structlog.get_logger()

T = TypeVar("T")
_item: Final[msgspec.json.Decoder[Item | None]] = msgspec.json.Decoder(Item | None)

FIRST: Final = 30  # items of the first look ever
STEP: Final = 100
FAR: Final = 1_000
EDITABLE: Final = 2_500  # numbers back: some three hours; a post can be edited for two
MOST_MISSING: Final = 500
GIVEN_UP_AFTER: Final = 900  # seconds until a number that stays empty is one that never was
MOST_HOPS: Final = 40
KNOWN: Final = 50_000
TOGETHER: Final = 500


class Updates(msgspec.Struct):
    items: list[int] = []


class Memory(msgspec.Struct, omit_defaults=True):
    """The cursor: first and last number heard, when the last was written, and empty numbers with when they were met."""

    first: int = 0
    last: int = 0
    written: int = 0
    missing: dict[str, int] = {}


@dataclass(slots=True)
class Everything:
    """All items as a part of a round."""

    name: str
    fetcher: Fetcher
    base: str
    index: Index
    every: float
    cursor: str = ""
    _memory: Memory | None = None
    _roots: dict[int, int] = field(default_factory=dict)
    _texts: dict[int, int] = field(default_factory=dict)
    _waiting: list[Batch] = field(default_factory=list)

    async def look(self) -> Batch:
        """The next items, or the next of a long way. Raises FetchError."""
        if not self._waiting:
            await self._ask()
        batch = self._waiting.pop(0)
        self.cursor = batch.cursor or self.cursor
        return batch

    async def _ask(self) -> None:
        newest = await self._get("maxitem", int)
        memory = self._memory or recall(self.cursor, Memory)
        if not memory.last:
            memory = Memory(max(0, newest - FIRST), max(0, newest - FIRST))
        if newest - memory.last > FAR and memory.written and await self._filled(memory):
            return
        await self._step(memory, newest)

    async def _step(self, memory: Memory, newest: int) -> None:
        end = min(newest, memory.last + STEP)
        now = int(time.time())
        numbers = [*map(int, memory.missing), *range(memory.last + 1, end + 1)]
        mentions: list[Mention] = []
        missing: dict[str, int] = {}
        written = memory.written
        for number in numbers:
            try:
                item = await self._item(number)
                root = await self._root(item) if item and not item.gone else 0
            except FetchError as error:
                # Where every tenth answer breaks off, no hundred ever come in one go: what came before counts.
                if error.permanent or number <= memory.last + 1:
                    raise
                end = number - 1
                break
            if item is None:
                missing[str(number)] = memory.missing.get(str(number), now)
            elif not item.gone:
                mentions.append(mention(item, root, clock.now()))
                written = max(written, item.time)
        missing = {n: met for n, met in missing.items() if now - met < GIVEN_UP_AFTER}
        caught_up = end >= newest
        edits, deletes = await self._changes(memory, end, set(numbers)) if caught_up else ([], [])
        after = Memory(memory.first, end, written, dict(list(missing.items())[-MOST_MISSING:]))
        self._memory = after
        cursor = None if after == memory else as_cursor(after)
        self._waiting = [
            Batch(tuple(mentions), cursor, edits=tuple(edits), deletes=tuple(deletes), caught_up=caught_up)
        ]

    async def _filled(self, memory: Memory) -> bool:
        """Whether the search could give what is missing."""
        try:
            hits, whole = await self.index.since("", memory.written - OVERLAP)
        except FetchError as error:
            log.warning("search not available, going item by item", reason=str(error))
            return False
        new = [hit for hit in hits if int(hit.id) > memory.last]
        if not new:
            return False
        now = clock.now()
        mentions = [from_hit(hit, now) for hit in new]
        last = max(int(hit.id) for hit in new)
        after = Memory(memory.first, last, max(hit.created for hit in new), memory.missing)
        parts = [mentions[n : n + TOGETHER] for n in range(0, len(mentions), TOGETHER)]
        self._memory = after
        self._waiting = [Batch(tuple(part), None, caught_up=False) for part in parts]
        cursor = as_cursor(after)
        lost = "" if whole else "the pause was so long that the search does not reach back to its beginning"
        self._waiting[-1] = Batch(tuple(parts[-1]), cursor, caught_up=False, lost=lost)
        return True

    async def _changes(self, memory: Memory, last: int, fresh: set[int]) -> tuple[list[Mention], list[Gone]]:
        """What was edited or taken away lately, of what we have heard."""
        edits, deletes = list[Mention](), list[Gone]()
        oldest = max(memory.first, last - EDITABLE)
        for number in (await self._get("updates", Updates)).items:
            if not oldest < number <= last or number in fresh:
                continue
            before = self._texts.get(number)
            item = await self._item(number)
            if item is None or self._texts.get(number) == before:
                continue
            if item.gone:
                deletes.append(Gone(CHANNEL, str(number)))
            else:
                edits.append(mention(item, await self._root(item), clock.now()))
        return edits, deletes

    async def _item(self, number: int) -> Item | None:
        """One item; None for one that is not filled yet, or that cannot be read: it is asked for again."""
        page = (await self.fetcher.get(f"{self.base}/item/{number}.json")).check()
        try:
            item = _item.decode(page.body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            log.warning("item cannot be read", item=number)
            return None
        if item is not None:
            _keep(self._texts, number, hash((item.text, item.title, item.gone)))
        return item

    async def _root(self, item: Item) -> int:
        """The number of the story that a comment is under: from parent to parent, each asked for once."""
        way: list[int] = []
        number, parent = item.id, item.parent
        while parent and len(way) < MOST_HOPS:
            way.append(number)
            if parent in self._roots:
                number = self._roots[parent]
                break
            above = await self._item(parent)
            number, parent = parent, above.parent if above else None
        for one in (*way, number):
            _keep(self._roots, one, number)
        return number

    async def _get(self, name: str, shape: type[T]) -> T:
        return decode(await self.fetcher.get(f"{self.base}/{name}.json"), shape)


def _keep(known: dict[int, int], number: int, value: int) -> None:
    known[number] = value
    while len(known) > KNOWN:
        del known[next(iter(known))]
