"""The world of hackernews: every item by its number."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.listeners.servers_api import serving
from tests.listeners.servers_hackernews import FakeHackerNews
from tests.listeners.worlds.polled import Front, impatient

BEFORE = 1000  # items that were there before, of which the last is still


class HackerNews(Front):
    def __init__(self) -> None:
        self.fake = FakeHackerNews()
        self.fake.write(BEFORE, text="Nothing of interest")
        super().__init__(self.fake.answer)

    def settings(self) -> dict[str, Any]:
        return {"interval": "0.01s", "api_url": self.url, "search_url": self.url, "allow_private": True}

    def name(self, number: int) -> str:
        return str(BEFORE + number)

    def write(self, *numbers: int) -> None:
        for number in numbers:
            self.fake.write(BEFORE + number)


@contextmanager
def opened() -> Iterator[HackerNews]:
    there = HackerNews()
    with serving(there.answer) as there.url:
        yield there


def hasten(patch: pytest.MonkeyPatch) -> None:
    impatient(patch)
