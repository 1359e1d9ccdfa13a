"""The world of googleplay: the reviews of an own app, for what a service account signs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.listeners.servers_api import serving
from tests.listeners.servers_googleplay import PACKAGE, TOKEN_PATH, FakePlay, account_key
from tests.listeners.worlds.polled import Front, impatient


class GooglePlay(Front):
    def __init__(self) -> None:
        self.fake = FakePlay()
        super().__init__(self.fake.answer)

    def settings(self) -> dict[str, Any]:
        where = {"api_url": self.url, "login_url": f"{self.url}{TOKEN_PATH}", "allow_private": True}
        return {"apps": [PACKAGE], "key": account_key(), "quota": 10**9, "interval": "0.01s", **where}

    def name(self, number: int) -> str:
        return f"gp:{number}"

    def write(self, *numbers: int) -> None:
        self.fake.write(*numbers)


@contextmanager
def opened() -> Iterator[GooglePlay]:
    there = GooglePlay()
    with serving(there.answer) as there.url:
        yield there


def hasten(patch: pytest.MonkeyPatch) -> None:
    impatient(patch)
