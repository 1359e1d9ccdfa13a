"""What many look at is made once for all of them: in an outage dozens of walls ask for the same part in one moment.

A part may be shared because nothing of the visitor is in it but what its key says. It is shared only while pages
listen for changes, until the next one is seen and for a second at most; who has changed something sees that at once.
"""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import thread_time

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.web.guard import PROGRAMS, SAFE
from console.web.live import Live

KEPT = 1.0  # countdowns are told in seconds


@dataclass(frozen=True, slots=True)
class _Made:
    """A part that is being made, or was made, from what was so at `since` under `mark`."""

    part: asyncio.Task[bytes]
    mark: str
    since: float

    def holds(self, mark: str, now: float) -> bool:
        """Whether it is what one would make now."""
        if self.mark != mark or not self.part.done():
            return self.mark == mark
        return now < self.since + KEPT and not self.part.cancelled() and self.part.exception() is None


class Shared:
    """The parts of this moment."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._made: dict[Hashable, _Made] = {}

    async def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """What `make` makes, or has just made for somebody else with this key. It runs in a thread."""
        mark, now = self._live.mark, asyncio.get_running_loop().time()
        if mark is None:
            return await self._make(make)
        made = self._made.get(key)
        if made is None or not made.holds(mark, now):
            self._made = {other: one for other, one in self._made.items() if one.holds(mark, now)}
            made = self._made[key] = _Made(asyncio.create_task(self._make(make)), mark, now)
        return await asyncio.shield(made.part)  # one who leaves takes it from nobody

    def forget(self) -> None:
        """Make everything anew for whoever asks from now on."""
        self._made = {}

    async def _make(self, make: Callable[[], bytes]) -> bytes:
        part, spent = await run_in_threadpool(_timed, make)
        self._live.spend(spent)
        return part


class Forgets:
    """ASGI middleware: whoever changed something on a page is shown it, not what was made for others before."""

    def __init__(self, app: ASGIApp, shared: Shared) -> None:
        self._app, self._shared = app, shared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def after(message: Message) -> None:
            self._shared.forget()
            await send(message)

        changes = scope["type"] == "http" and scope["method"] not in SAFE and not scope["path"].startswith(PROGRAMS)
        await self._app(scope, receive, after if changes else send)


def _timed(make: Callable[[], bytes]) -> tuple[bytes, float]:
    began = thread_time()
    part = make()
    return part, thread_time() - began
