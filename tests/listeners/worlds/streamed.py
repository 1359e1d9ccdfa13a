"""What the worlds of streams have in common: a fake in an event loop of its own thread, and a front before it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tests.listeners.servers_raw import Handler, Request, Talk, serving
from tests.listeners.worlds.loops import Looped, looped
from tests.listeners.worlds.world import Trouble

F = TypeVar("F")
PACE = 0.2


@dataclass
class Front(Generic[F]):
    """Answers as `fake` does unless in trouble; `streams` tells which requests open a stream."""

    fake: F
    behind: Handler
    streams: Callable[[Request], bool]
    trouble: Trouble = Trouble.NONE
    url: str = ""
    requests: list[float] = field(default_factory=list)

    async def handle(self, request: Request, talk: Talk) -> None:
        self.requests.append(time.monotonic())
        match self.trouble:
            case Trouble.TRICKLE:
                return await trickle(talk)
            case Trouble.DRIBBLE if self.streams(request):
                return await trickle(talk)
            case Trouble.GARBAGE:
                return await talk.answer(200, b"\x00\xff{[<a")
            case Trouble.REFUSED:
                return await talk.answer(401, {"error": "unauthorized", "title": "Unauthorized"})
            case Trouble.LIMITED:
                return await talk.answer(429, {"error": "slow down"}, {"retry-after": "1"})
        await self.behind(request, talk)
        return None


@dataclass
class Fronted(Generic[F]):
    """What a world with a front shows of it."""

    server: Looped[Front[F]]

    @property
    def fake(self) -> F:
        return self.server.fake.fake

    @property
    def trouble(self) -> Trouble:
        return self.server.fake.trouble

    @trouble.setter
    def trouble(self, trouble: Trouble) -> None:
        self.server.fake.trouble = trouble

    @property
    def requests(self) -> list[float]:
        return self.server.fake.requests


async def trickle(talk: Talk) -> None:
    """A byte now and then, until nobody listens any more."""
    await talk.begin()
    while not talk.gone.is_set():
        await talk.send(b"a")
        await asyncio.sleep(PACE)


@contextmanager
def fronted(front: Front[F]) -> Iterator[Looped[Front[F]]]:
    """Serve a front, in pieces that end anywhere, also inside of a character."""

    @asynccontextmanager
    async def server() -> AsyncIterator[Front[F]]:
        async with serving(front.handle, random.Random(7)) as front.url:
            yield front

    with looped(server()) as running:
        yield running
