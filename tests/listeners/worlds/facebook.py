"""The world of facebook: comments below one post of a page. Calls that are not taken come once more, then never."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.listeners.servers_api import serving
from tests.listeners.servers_meta import ACCOUNT, APP_SECRET, START, FakeGraph, asked_of, at_second, refusal
from tests.listeners.worlds.caller import Caller, posted
from tests.listeners.worlds.polled import Front, impatient

POST = f"{ACCOUNT}_7"
A_SECOND = 10  # so many comments
PERSON = {"id": "5", "name": "Jo"}


class Facebook(Front, Caller):
    def __init__(self) -> None:
        self.fake = FakeGraph()
        Front.__init__(self, self.fake.answer, refusal(190, 401))
        Caller.__init__(self, 2)
        page = {"id": ACCOUNT, "name": "The page"}
        self.fake.add(f"{ACCOUNT}/feed", {"id": POST, "message": "News", "from": page, "created_time": at_second(0)})

    def settings(self) -> dict[str, Any]:
        return {"page_id": ACCOUNT, **asked_of(self.url)}

    def name(self, number: int) -> str:
        return f"7_{number}"

    def write(self, *numbers: int) -> None:
        rows = [
            {"id": self.name(n), "message": f"Acme {n}", "from": PERSON, "created_time": at_second(n // A_SECOND)}
            for n in numbers
        ]
        self.fake.add(f"{POST}/comments", *rows)
        self.call(posted(self._told(numbers), {}, APP_SECRET))

    def _told(self, numbers: tuple[int, ...]) -> dict[str, Any]:
        changes = [
            {
                "field": "feed",
                "value": {
                    "item": "comment",
                    "verb": "add",
                    "post_id": POST,
                    "parent_id": POST,
                    "comment_id": self.name(number),
                    "message": f"Acme {number}",
                    "from": PERSON,
                    "created_time": int(START.timestamp()) + number // A_SECOND,
                },
            }
            for number in numbers
        ]
        return {"object": "page", "entry": [{"id": ACCOUNT, "time": int(START.timestamp()), "changes": changes}]}


@contextmanager
def opened() -> Iterator[Facebook]:
    there = Facebook()
    with serving(there.answer) as there.url:
        there.fake.url = there.url
        yield there


def hasten(patch: pytest.MonkeyPatch) -> None:
    impatient(patch)
