"""Document → Feed, in a process of its own, which is killed when it takes too long or too much memory.

One process reads for all feeds of a listener, one document after the other; it is replaced after so many documents,
because the parser's memory grows. feedparser never sees an address that it could open.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import msgspec

from leitstand.errors import FetchError
from listeners.feeds.child import LENGTH_BYTES, Outcome, Task, framed
from listeners.feeds.document import Feed
from listeners.fetch import Page

RECYCLE_AFTER: Final = 500
_HEADERS: Final = ("content-type", "content-language")


@dataclass(frozen=True, slots=True)
class Caps:
    """What reading one document may cost."""

    memory: int = 600_000_000
    seconds: float = 20.0


class Reader:
    """Reads feeds. Use it as an async context manager."""

    def __init__(self, caps: Caps = Caps()) -> None:
        self.caps = caps
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._read = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def read(self, page: Page) -> Feed:
        """The feed on a page. Raises FetchError if it is none, or if reading it costs too much."""
        if not page.body.strip():
            raise FetchError("the answer is empty")
        headers = {name: page.headers[name] for name in _HEADERS if name in page.headers}
        outcome = await self._in_turn(Task(page.body, {**headers, "content-location": page.url}))
        if outcome.feed is None:
            raise FetchError(outcome.error)
        return outcome.feed

    async def _in_turn(self, task: Task) -> Outcome:
        async with self._turn:
            try:
                async with asyncio.timeout(self.caps.seconds):
                    return await self._ask(task)
            except TimeoutError as error:
                await self._stop()
                raise FetchError(f"reading it takes longer than {self.caps.seconds:g} seconds") from error
            except (EOFError, ConnectionError) as error:
                await self._stop()
                raise FetchError("reading it needs more memory than it may have, or breaks the parser") from error
            except asyncio.CancelledError:
                await self._stop()  # an answer that nobody waits for would be taken for the next one
                raise

    async def _ask(self, task: Task) -> Outcome:
        process = await self._running()
        assert process.stdin and process.stdout  # noqa: S101  both are pipes
        process.stdin.write(framed(msgspec.msgpack.encode(task)))
        await process.stdin.drain()
        head = await process.stdout.readexactly(LENGTH_BYTES)
        return msgspec.msgpack.decode(
            await process.stdout.readexactly(int.from_bytes(head, "big")), type=Outcome, strict=True
        )

    async def _running(self) -> Process:
        self._read += 1
        if self._process is None or self._read > RECYCLE_AFTER:
            await self._stop()
            self._read = 1
            arguments = ("-m", "listeners.feeds.child", str(self.caps.memory), str(int(self.caps.seconds) + 2))
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
        return self._process

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.communicate()
