"""The world of discourse: one topic of a forum. A call that fails is not repeated, as long as nobody switched that on;
of many posts at once only the first are told by calls, so that the rest is left to polling."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.listeners.servers_api import Reply, serving
from tests.listeners.servers_discourse import KEY, SECRET, FakeForum, post
from tests.listeners.worlds.caller import Caller, posted
from tests.listeners.worlds.polled import Front, impatient

CALLS = 10  # of what is written at once
SIGNATURE = "x-discourse-event-signature"


class Discourse(Front, Caller):
    def __init__(self) -> None:
        self.fake = FakeForum()
        self.fake.key = KEY
        Front.__init__(self, self.fake.answer, Reply({"errors": ["no"]}, 403))
        Caller.__init__(self, 1)

    def settings(self) -> dict[str, Any]:
        where = {"url": self.url, "allow_private": True}
        return {"secret": SECRET, "api_key": KEY, "interval": "0.01s", **where}

    def name(self, number: int) -> str:
        return f"{self.url.removeprefix('http://')}/8/{number}"

    def write(self, *numbers: int) -> None:
        self.fake.write(*numbers)
        for number in numbers[:CALLS]:
            self.call(posted({"post": post(number)}, {"x-discourse-event": "post_created"}, SECRET, SIGNATURE))


@contextmanager
def opened() -> Iterator[Discourse]:
    there = Discourse()
    with serving(there.answer) as there.url:
        yield there


def hasten(patch: pytest.MonkeyPatch) -> None:
    impatient(patch)
