"""The world of feed: one JSON feed, the newest entry first."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.listeners.servers_api import Asked, Reply, serving
from tests.listeners.worlds.polled import Front, impatient

VERSION = "https://jsonfeed.org/version/1.1"


def entry(number: int) -> dict[str, Any]:
    return {
        "id": f"tag:blog.example,2026:{number}",
        "url": f"http://blog.example/{number}",
        "title": f"Acme cloud {number}",
        "content_text": f"Acme cloud is down again: {number}",
    }


class Feed(Front):
    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        super().__init__(self._document)

    def _document(self, asked: Asked) -> Reply:
        feed = {"version": VERSION, "title": "A blog", "home_page_url": "http://blog.example/", "items": self.entries}
        return Reply(feed, headers={"Content-Type": "application/feed+json"})

    def settings(self) -> dict[str, Any]:
        pace = {"min_interval": "0.1s", "max_interval": "0.1s", "timeout": "5s"}
        return {"urls": [f"{self.url}/feed"], **pace, "allow_private": True}

    def name(self, number: int) -> str:
        return f"https://blog.example/{number}"

    def write(self, *numbers: int) -> None:
        self.entries = [*(entry(number) for number in reversed(numbers)), *self.entries]


@contextmanager
def opened() -> Iterator[Feed]:
    there = Feed()
    with serving(there.answer) as there.url:
        yield there


def hasten(patch: pytest.MonkeyPatch) -> None:
    impatient(patch)
