"""The world of x: a stream that breaks off, and the search for what was missed."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from listeners.x import api, pacing, stream
from tests.listeners.servers_x import TOKEN, Ending, X
from tests.listeners.worlds.streamed import Front, Fronted, fronted

STREAM = "/2/tweets/search/stream"


class OfX(Fronted[X]):
    def settings(self) -> dict[str, Any]:
        asks = {"rules": {"brand": "acme"}, "searches": ["acme"], "daily_posts": 0}
        return {"url": self.server.fake.url, "bearer_token": TOKEN, **asks}

    def name(self, number: int) -> str:
        return self.fake.id(number)

    def write(self, *numbers: int) -> None:
        self.server.do(lambda: self.fake.post(*(self.fake.make(number) for number in numbers)))

    def disconnect(self, chance: random.Random, times: int) -> None:
        hows = [("close", "abort", "notice")[n % 3] for n in range(times)]
        self.fake.endings = [Ending(chance.randrange(1, 20), how) for how in hows]

    def to_come(self) -> int:
        return len(self.fake.endings)


@contextmanager
def opened() -> Iterator[OfX]:
    fake = X()
    with fronted(Front(fake, fake.handle, lambda request: request.path == STREAM)) as server:
        yield OfX(server)


def hasten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pacing, "STEADY", 0.0)
    patch.setattr(pacing, "NETWORK_STEP", 0.01)
    patch.setattr(pacing, "HTTP_FIRST", 0.02)
    patch.setattr(pacing, "LIMITED_FIRST", 0.03)
    patch.setattr(stream, "HEARTBEAT", 0.3)
    patch.setattr(stream, "SETTLE", 0.05)
    patch.setattr(stream, "AGAIN", 0.05)
    patch.setattr(stream, "OVERLAP", 1000 << 22)
    patch.setattr(api, "STALL", 0.8)
    patch.setattr(api, "CALL", 1.0)
