"""Tells open pages that cases changed, by Server-Sent Events. One look at the database a second serves all of them.

It looks only while a page is open, sends no case data (pages fetch what they may see), and ends at shutdown at once: an
open stream would otherwise hold the server until its grace is over. It looks less often when pages are dear to make:
what all of them cost is known here alone, and in an outage the machine has other things to do.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from leitstand.keeping import keep

log = structlog.get_logger()

INTERVAL = 1.0
LONGEST = 4.0  # nobody's page is told later than that of a change
REST = 4  # times as long as making the parts of all walls took nothing new is told: they take a fifth of a core at most
LONGEST_STREAM = 600.0
READERS = 500
PING = 15  # a page that hears nothing for longer has no connection any more, whatever its browser thinks


class Live:
    """The board's state, as a mark that differs whenever any case changed."""

    def __init__(self, mark: Callable[[], str], interval: float = INTERVAL) -> None:
        self._read, self._interval = mark, interval
        self._mark: str | None = None
        self._spent = 0.0
        self._readers = 0
        self._closed = False
        self._changed = asyncio.Event()
        self._wanted = asyncio.Event()

    @property
    def full(self) -> bool:
        """Whether no further page can be served."""
        return self._readers >= READERS

    @property
    def mark(self) -> str | None:
        """What the last look found; None while no page listens, so that nothing is looked for."""
        return self._mark if self._readers else None

    def spend(self, seconds: float) -> None:
        """Say what processor time it took to bring a page up to date."""
        self._spent += seconds

    def close(self) -> None:
        """End all streams. Must be called in the event loop's thread."""
        self._closed = True
        self._tell()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look for changes while the application runs."""
        task = asyncio.create_task(keep("watch cases", self._watch))
        try:
            yield
        finally:
            self.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def changes(self) -> AsyncIterator[ServerSentEvent]:
        """One event at once, then one whenever something changed, until the console stops or the stream is old."""
        self._readers += 1
        self._wanted.set()
        ends = asyncio.get_running_loop().time() + LONGEST_STREAM
        changed = self._changed
        try:
            yield ServerSentEvent("", event="ready", retry=2000)
            while not self._closed:
                async with asyncio.timeout_at(ends):
                    await changed.wait()
                changed = self._changed  # before the yield: what changes while it is sent must be told, too
                if not self._closed:
                    yield ServerSentEvent("", event="changed")
        except TimeoutError:  # the browser connects again by itself
            return
        finally:
            self._readers -= 1
            if not self._readers:
                self._wanted.clear()

    async def _watch(self) -> None:
        while True:
            await self._wanted.wait()
            await self._look()
            spent, self._spent = self._spent, 0.0
            await asyncio.sleep(pause(spent, self._interval))

    async def _look(self) -> None:
        try:
            mark = await run_in_threadpool(self._read)
        except SQLAlchemyError as error:
            log.warning("cases cannot be watched", reason=type(error).__name__)
            return
        if mark != self._mark:
            self._mark = mark
            self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def pause(spent: float, interval: float = INTERVAL) -> float:
    """The time to the next look: the longer, the dearer it was to bring all pages up to date after the one before."""
    return max(interval, min(spent * REST, LONGEST))


def stream(live: Live) -> EventSourceResponse:
    """The answer to a page that listens."""
    return EventSourceResponse(live.changes(), ping=PING, ping_message_factory=_alive, send_timeout=30)


def _alive() -> ServerSentEvent:
    return ServerSentEvent("", event="alive")
