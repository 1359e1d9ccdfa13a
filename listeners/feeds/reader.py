"""Document → Feed, in a process of its own, which is killed when it takes too long or too much memory.

One process reads for all feeds of a listener, one document after the other; it is replaced after so many documents,
because the parser's memory grows. feedparser never sees an address that it could open.
"""

import asyncio
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import msgspec

from leitstand.errors import FetchError
from listeners.feeds.child import LENGTH_BYTES, Outcome, Task, framed
from listeners.feeds.document import Feed
from listeners.fetch import Page

RECYCLE_AFTER: Final = 2_000
_CHILD: Final = (sys.executable, "-m", "listeners.feeds.child")
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
        return _feed(await self._in_turn(_task(page.body, page.headers, page.url)))

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
            self._process = await asyncio.create_subprocess_exec(
                *_CHILD, *_limits(self.caps), stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
        return self._process

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.communicate()


def read_once(body: bytes, headers: Mapping[str, str], url: str, caps: Caps) -> Feed:
    """A single document, in a process for it alone. Raises FetchError."""
    task = framed(msgspec.msgpack.encode(_task(body, headers, url)))
    try:
        done = subprocess.run(
            [*_CHILD, *_limits(caps)], input=task, stdout=PIPE, stderr=DEVNULL, timeout=caps.seconds, check=True
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"reading it takes longer than {caps.seconds:g} seconds") from error
    except subprocess.CalledProcessError as error:
        raise FetchError("reading it needs more memory than it may have, or breaks the parser") from error
    return _feed(msgspec.msgpack.decode(done.stdout[LENGTH_BYTES:], type=Outcome))


def _task(body: bytes, headers: Mapping[str, str], url: str) -> Task:
    return Task(body, {**{name: headers[name] for name in _HEADERS if name in headers}, "content-location": url})


def _feed(outcome: Outcome) -> Feed:
    if outcome.feed is None:
        raise FetchError(outcome.error)
    return outcome.feed


def _limits(caps: Caps) -> tuple[str, str]:
    """The child's arguments; its own alarm is for when we are gone."""
    return str(caps.memory), str(int(caps.seconds) + 2)
