"""One feed, asked again and again: each round gives a batch and how long to wait.

    ask with the validators ─► 304 or the same again: nothing new
                            ─► a document ─► sort out what is new ─► batch with the new memory
                            ─► a page, and never a feed before: ask the feed that it names
                            ─► an error: in words, and a longer wait; 410: never again
What a round learns counts only once its batch is committed: if that fails, the listener starts from what is stored.
"""

import hashlib
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from leitstand import clock
from leitstand.errors import FetchError
from listeners.contract import Batch, Gone
from listeners.feeds import pace, tombstones, websub
from listeners.feeds.document import Feed
from listeners.feeds.finding import feeds_on_page, is_of_comments, looks_like_page
from listeners.feeds.identity import Seen, identify
from listeners.feeds.memory import Memory
from listeners.feeds.mentions import mention
from listeners.feeds.reader import Reader
from listeners.fetch import Fetcher, Page
from listeners.memory import as_cursor

log = structlog.get_logger()

ACCEPT: Final = (
    "application/feed+json, application/atom+xml, application/rss+xml, application/rdf+xml;q=0.9,"
    " application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, text/html;q=0.5, */*;q=0.1"
)
NOT_FOUND, GONE = 404, 410
# A window of fewer items may well be renewed as a whole between two looks.
TELLING_WINDOW: Final = 5


@dataclass(frozen=True, slots=True)
class Tools:
    """What all feeds of a listener share."""

    fetcher: Fetcher
    reader: Reader
    channel: str
    bounds: pace.Bounds
    push: websub.Push | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """What one look gave, and how many seconds to wait before the next; None: never again. `fault`: why it failed."""

    batch: Batch
    wait: float | None
    fault: FetchError | None = None


@dataclass(slots=True)
class Poller:
    """A feed's address as configured, what is remembered of it, and how often it has failed in a row."""

    address: str
    part: str
    memory: Memory
    tools: Tools
    failures: int = 0

    async def look(self) -> Round:
        """One look at the feed. Never raises for what a feed can do."""
        try:
            page = (await self._get(self.memory.url or self.address)).check()
            found = await self._sort_out(page)
        except FetchError as error:
            return self._failed(error)
        self.failures = 0
        return await self._subscribed(found)

    async def _subscribed(self, found: Round) -> Round:
        """The round, after its feed's hub was asked to call us where that is due."""
        push, memory, now = self.tools.push, self.memory, time.time()
        if push is None or not memory.hub or now < memory.renew_at:
            return found
        after = websub.RENEW_AFTER
        try:
            await websub.subscribe(self.tools.fetcher, websub.Hub(memory.hub, memory.topic), push)
            log.info("subscribed", feed=self.part)
        except FetchError as error:
            log.warning("not subscribed", feed=self.part, reason=str(error))
            after = websub.TRY_AGAIN_AFTER
        self.memory = msgspec.structs.replace(memory, renew_at=now + after)
        return replace(found, batch=replace(found.batch, cursor=as_cursor(self.memory)))

    async def _get(self, address: str) -> Page:
        return await self.tools.fetcher.get(address, {"Accept": ACCEPT, **self.memory.conditions()})

    async def _sort_out(self, page: Page) -> Round:
        digest = hashlib.blake2b(page.body, digest_size=12).hexdigest()
        if page.not_modified or digest == self.memory.digest:
            return self._unchanged(page)
        if looks_like_page(page.body) and (self.memory.found or not self.memory.seen):
            page = await self._named_on(page)
            digest = hashlib.blake2b(page.body, digest_size=12).hexdigest()
        feed = await self.tools.reader.read(page)
        return self._heard(page, digest, feed, clock.now())

    async def _named_on(self, page: Page) -> Page:
        """The first feed that a web page names. That of the comments is remembered beside it."""
        found = feeds_on_page(page.body, page.url)
        if not found:
            raise FetchError("this is a web page, and it names no feed")
        feed = (await self._get(found[0])).check()
        comments = next((one for one in found[1:] if is_of_comments(one)), "")
        self.memory = msgspec.structs.replace(self.memory, comments=comments, found=True)
        return replace(feed, moved_to=feed.moved_to or found[0])

    def _unchanged(self, page: Page) -> Round:
        memory = self._with_validators(page)
        wait = self.tools.bounds.clamp(max(self.memory.every, pace.hint(page.headers, clock.now())))
        cursor = as_cursor(memory) if memory != self.memory else None
        self.memory = memory
        return self._round(Batch((), cursor, self.part), wait)

    def _heard(self, page: Page, digest: str, feed: Feed, now: datetime) -> Round:
        seen = Seen.from_text(self.memory.seen)
        found = identify(feed, page.url)
        heard = seen.hear(found)
        names = tombstones.remember(self.memory.names, feed, found)
        gone = tombstones.buried(names, feed, seen)
        mentions = [mention(one, feed, self.tools.channel, now) for one in heard.new]
        edits = [mention(one, feed, self.tools.channel, now) for one in heard.edited]
        slid = bool(self.memory.seen) and len(heard.new) == len(feed.items) >= TELLING_WINDOW
        hub = websub.hub_of(page, feed) or websub.Hub("", "")
        hint = max(feed.every, pace.hint(page.headers, now))
        self.memory = msgspec.structs.replace(
            self._with_validators(page),
            digest=digest,
            seen=seen.text(),
            comments=self.memory.comments or ("" if is_of_comments(page.url) else feed.comments),
            hub=hub.url,
            topic=hub.topic,
            names=names,
            renew_at=self.memory.renew_at if (hub.url, hub.topic) == (self.memory.hub, self.memory.topic) else 0.0,
            every=pace.every((item.written for item in feed.items), now, hint, self.tools.bounds),
        )
        batch = Batch(
            tuple(m for m in mentions if m),
            as_cursor(self.memory),
            self.part,
            edits=tuple(m for m in edits if m),
            deletes=tuple(Gone(self.tools.channel, name) for name in gone),
            lost="every item is new since the last look: older ones may have been missed" if slid else "",
        )
        return self._round(batch, self.memory.every)

    def _with_validators(self, page: Page) -> Memory:
        """The memory with what the answer says of itself; a 304 repeats only what has changed."""
        headers, old = page.headers, self.memory
        kept = (old.etag, old.modified) if page.not_modified else ("", "")
        url = page.moved_to or old.url
        return msgspec.structs.replace(
            old,
            url="" if url == self.address else url,
            etag=headers.get("etag", kept[0]),
            modified=headers.get("last-modified", kept[1]),
        )

    def _failed(self, error: FetchError) -> Round:
        self.failures += 1
        batch = Batch((), None, self.part, str(error))
        if self.memory.url and (error.permanent or error.status in (NOT_FOUND, GONE)):
            # The place it moved to, or was found at, is no more: the configured address knows a better one, or is gone.
            self.memory = msgspec.structs.replace(self.memory, url="", etag="", modified="", digest="")
        elif error.status == GONE:
            return Round(batch, None, error)
        wait = pace.after_failure(self.failures, self.tools.bounds, error.retry_after)
        return Round(replace(batch, next_at=clock.now() + timedelta(seconds=wait)), wait, error)

    def _round(self, batch: Batch, wait: float) -> Round:
        wait = pace.spread(wait)
        return Round(replace(batch, next_at=clock.now() + timedelta(seconds=wait)), wait)
