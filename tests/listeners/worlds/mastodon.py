"""The world of mastodon: the stream of a hashtag, which has no memory, and its timeline, which has."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from listeners.mastodon import part
from listeners.sources import mastodon
from tests.listeners.servers_mastodon import TOKEN, Ending, Mastodon, status
from tests.listeners.worlds.polled import impatient
from tests.listeners.worlds.streamed import Front, Fronted, fronted


class OfMastodon(Fronted[Mastodon]):
    def settings(self) -> dict[str, Any]:
        what = {"tokens": [TOKEN], "hashtags": ["acme"], "streams": list[str](), "allow_private": True}
        return {"urls": [self.server.fake.url], **what}

    def name(self, number: int) -> str:
        return f"https://far.example/users/anna/statuses/{number:04}"

    def write(self, *numbers: int) -> None:
        self.server.do(lambda: self.fake.post(*map(status, numbers)))

    def disconnect(self, chance: random.Random, times: int) -> None:
        self.fake.endings = [Ending(chance.randrange(1, 20), ("close", "abort")[n % 2]) for n in range(times)]

    def to_come(self) -> int:
        return len(self.fake.endings)


@contextmanager
def opened() -> Iterator[OfMastodon]:
    fake = Mastodon()
    with fronted(Front(fake, fake.handle, lambda request: request.path.startswith("/api/v1/streaming/"))) as server:
        fake.url = server.fake.url
        yield OfMastodon(server)


def hasten(patch: pytest.MonkeyPatch) -> None:
    impatient(patch)
    patch.setattr(mastodon, "STALL", 1.0)
    patch.setattr(part, "HEARTBEAT", 0.3)
    patch.setattr(part, "FIRST_PAUSE", 0.01)
    patch.setattr(part, "LONGEST_PAUSE", 0.03)
