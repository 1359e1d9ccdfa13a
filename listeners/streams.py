"""What every stream needs: a reader that nothing holds up, the pauses between connections, and a watch on its volume.

socket ──Pump (a task of its own, bounded)──► some items at a time ──► decode, yield, commit
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")

HEARTBEAT = 15.0  # a quiet stream says so often that it is heard
LINGER = 0.15  # what comes within this is committed together


class StreamEndedError(Exception):
    """The other side ended the stream without an error."""


class Pump(Generic[T]):
    """Reads `items` into a queue of at most `room`; then the other side waits. Use it as an async context manager."""

    def __init__(self, items: AsyncIterator[T], *, room: int = 20_000) -> None:
        self._items, self._room = items, room
        self._waiting: deque[T] = deque()
        self._news, self._space = asyncio.Event(), asyncio.Event()
        self._end: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})  # `await self._task` could not tell its cancellation from our own

    async def some(self, most: int, *, wait: float = HEARTBEAT, linger: float = LINGER) -> list[T]:
        """Up to `most` items; none if `wait` seconds pass without one.

        Raises what the reader raised, and StreamEndedError at the end, once everything before is handed out.
        """
        if not self._waiting and self._end is None:
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._news.wait()
        if self._waiting and len(self._waiting) < most and self._end is None:
            await asyncio.sleep(linger)
        taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self._space.set()
        if not taken and self._end is not None:
            raise self._end
        return taken

    async def _read(self) -> None:
        try:
            async for item in self._items:
                self._waiting.append(item)
                self._news.set()
                while len(self._waiting) >= self._room:
                    self._space.clear()
                    await self._space.wait()
            self._end = StreamEndedError()
        except Exception as error:  # noqa: BLE001  raised again by `some`, in the task that can deal with it
            self._end = error
        finally:
            self._news.set()


async def together(parts: Sequence[AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
    """What several streams yield, as it comes; each is a task of its own, so that none waits for another's network.

    A part goes on when what it yielded has been taken. The first error of one ends all.
    """
    ready: asyncio.Queue[T] = asyncio.Queue(1)

    async def run(part: AsyncGenerator[T, None]) -> None:
        async with aclosing(part) as items:
            async for item in items:
                await ready.put(item)

    tasks = [asyncio.create_task(run(part)) for part in parts]
    done: asyncio.Future[Any] = asyncio.ensure_future(asyncio.gather(*tasks))
    done.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # told below, or of no interest
    taking = asyncio.ensure_future(ready.get())
    try:
        while True:
            either: set[asyncio.Future[Any]] = {taking, done}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                await done
                return
            yield taking.result()
            taking = asyncio.ensure_future(ready.get())
    finally:
        for task in (*tasks, taking):
            task.cancel()
        await asyncio.gather(*tasks, taking, return_exceptions=True)


@dataclass
class Backoff:
    """The pauses between attempts: none after a connection that held, then doubling with full jitter up to a limit."""

    first: float = 1.0
    longest: float = 60.0
    steady: float = 10.0  # a connection that held so long counts as good
    failures: int = 0
    jitter: Callable[[], float] = random.random

    def pause(self, held: float) -> float:
        """Seconds to wait after a connection that held for so many."""
        self.failures = 0 if held >= self.steady else self.failures + 1
        longest = self.first if not self.failures else min(self.longest, self.first * 2 ** min(self.failures - 1, 20))
        return longest * (0.5 + self.jitter() / 2) if self.failures else self.jitter() * self.first / 2


@dataclass
class Volume:
    """Watches how much a stream brings: far under its moving average it is sick, though it looks alive.

    Averages below `least` a window say nothing: a stream that is nearly always quiet may be so for long.
    """

    window: float = 60.0
    least: float = 120.0
    share: float = 0.05
    learning: int = 10
    average: float = 0.0
    windows: int = 0
    count: int = 0
    began: float | None = None

    def saw(self, count: int, now: float | None = None) -> bool:
        """Count items. True if a window has just ended that brought far too little."""
        now = time.monotonic() if now is None else now
        self.began = now if self.began is None else self.began
        self.count += count
        if now - self.began < self.window:
            return False
        rate = self.count * self.window / (now - self.began)
        sick = self.windows >= self.learning and self.average >= self.least and rate < self.average * self.share
        weight = max(0.1, 1 / (self.windows + 1))
        self.average += (rate - self.average) * weight
        self.windows, self.count, self.began = self.windows + 1, 0, now
        return sick

    def pause(self) -> None:
        """The connection is away: that time is no measure."""
        self.count, self.began = 0, None
