"""The world of bluesky: a Jetstream that replays from a cursor; in trouble, another server stands in its place."""

import asyncio
import random
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha1
from typing import Any

import pytest

from listeners.bluesky import connection
from listeners.sources import bluesky
from tests.listeners.servers_jetstream import Ending, Jetstream, jetstream
from tests.listeners.servers_raw import Request, Talk
from tests.listeners.worlds.loops import Looped, looped
from tests.listeners.worlds.streamed import PACE, Front, fronted
from tests.listeners.worlds.world import Trouble

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455
FRAME = b"\x82\x7f" + (1_000_000).to_bytes(8, "big")  # the head of a frame of a million bytes


@dataclass
class OfBluesky:
    server: Looped[Jetstream]
    bad: Looped[Front[None]]

    @property
    def trouble(self) -> Trouble:
        return self.bad.fake.trouble

    @trouble.setter
    def trouble(self, trouble: Trouble) -> None:
        self.bad.fake.trouble = trouble

    @property
    def requests(self) -> list[float]:
        return self.bad.fake.requests

    def settings(self) -> dict[str, Any]:
        bad = f"ws{self.bad.fake.url.removeprefix('http')}"
        return {"url": bad if self.trouble else self.server.fake.host}

    def name(self, number: int) -> str:
        return f"at://did:plc:anna/app.bsky.feed.post/k{number:04}"

    def write(self, *numbers: int) -> None:
        self.server.wait(self._write(numbers))

    async def _write(self, numbers: tuple[int, ...]) -> None:
        """The first ones once somebody listens: who comes without a cursor hears what is said from then on."""
        await self.server.fake.came.wait()
        self.server.fake.posts(numbers)

    def disconnect(self, chance: random.Random, times: int) -> None:
        codes = [(1000, 1001, 1011, 0)[n % 4] for n in range(times)]
        self.server.fake.endings = [Ending(chance.randrange(1, 90), code) for code in codes]

    def to_come(self) -> int:
        return len(self.server.fake.endings)


async def dribble(request: Request, talk: Talk) -> None:
    """Agree to the stream, and begin a frame that never ends."""
    key = b64encode(sha1((request.headers["sec-websocket-key"] + MAGIC).encode(), usedforsecurity=False).digest())
    head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    talk.writer.write(head.encode() + key + b"\r\n\r\n" + FRAME)
    while not talk.writer.is_closing():
        talk.writer.write(b"a")
        await talk.writer.drain()
        await asyncio.sleep(PACE)


@contextmanager
def opened() -> Iterator[OfBluesky]:
    with looped(jetstream()) as server, fronted(Front(None, dribble, lambda _: False)) as bad:
        yield OfBluesky(server, bad)


def hasten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bluesky, "FIRST_PAUSE", 0.01)
    patch.setattr(bluesky, "LONGEST_PAUSE", 0.05)
    patch.setattr(bluesky, "HEARTBEAT", 0.3)
    patch.setattr(connection, "OPEN", 1.0)
    patch.setattr(connection, "PING", 0.5)
