"""The world of youtube: the threads under a channel's videos."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.listeners.servers_api import serving
from tests.listeners.servers_youtube import CHANNEL, KEY, FakeYouTube, refusal
from tests.listeners.worlds.polled import Front, impatient


class YouTube(Front):
    def __init__(self) -> None:
        self.fake = FakeYouTube()
        super().__init__(
            self.fake.answer, refusal(400, "badRequest", "API key not valid. Please pass a valid API key.")
        )

    def settings(self) -> dict[str, Any]:
        where = {"api_url": self.url, "allow_private": True}
        return {"api_key": KEY, "channels": [CHANNEL], "quota": 10**8, "interval": "0.01s", **where}

    def name(self, number: int) -> str:
        return f"T{number}"

    def write(self, *numbers: int) -> None:
        self.fake.write(*numbers)


@contextmanager
def opened() -> Iterator[YouTube]:
    there = YouTube()
    with serving(there.answer) as there.url:
        yield there


def hasten(patch: pytest.MonkeyPatch) -> None:
    impatient(patch)
