"""The world of instagram: comments below one picture. Calls that are not taken come once more, then never."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.listeners.servers_api import serving
from tests.listeners.servers_meta import ACCOUNT, APP_SECRET, START, FakeGraph, asked_of, at_second, refusal
from tests.listeners.worlds.caller import Caller, posted
from tests.listeners.worlds.polled import Front, impatient

PICTURE = "70"
A_SECOND = 10  # so many comments


class Instagram(Front, Caller):
    def __init__(self) -> None:
        self.fake = FakeGraph()
        Front.__init__(self, self.fake.answer, refusal(190, 401))
        Caller.__init__(self, 2)
        row = {"id": PICTURE, "caption": "News", "username": "page", "timestamp": at_second(0)}
        self.fake.add(f"{ACCOUNT}/media", row)

    def settings(self) -> dict[str, Any]:
        return {"account_id": ACCOUNT, **asked_of(self.url)}

    def name(self, number: int) -> str:
        return f"c{number}"

    def write(self, *numbers: int) -> None:
        rows = [
            {"id": self.name(n), "text": f"Acme {n}", "username": "jo", "timestamp": at_second(n // A_SECOND)}
            for n in numbers
        ]
        self.fake.add(f"{PICTURE}/comments", *rows)
        self.call(posted(self._told(numbers), {}, APP_SECRET))

    def _told(self, numbers: tuple[int, ...]) -> dict[str, Any]:
        changes = [
            {
                "field": "comments",
                "value": {
                    "id": self.name(number),
                    "text": f"Acme {number}",
                    "from": {"id": "5", "username": "jo"},
                    "media": {"id": PICTURE},
                },
            }
            for number in numbers
        ]
        return {"object": "instagram", "entry": [{"id": ACCOUNT, "time": int(START.timestamp()), "changes": changes}]}


@contextmanager
def opened() -> Iterator[Instagram]:
    there = Instagram()
    with serving(there.answer) as there.url:
        there.fake.url = there.url
        yield there


def hasten(patch: pytest.MonkeyPatch) -> None:
    impatient(patch)
