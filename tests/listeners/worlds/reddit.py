"""The world of reddit: a subreddit's newest posts behind tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.listeners.servers_api import serving
from tests.listeners.servers_reddit import ID, SECRET, FakeReddit, submission
from tests.listeners.worlds.polled import Front, impatient


class Reddit(Front):
    def __init__(self) -> None:
        self.fake = FakeReddit()
        super().__init__(self.fake.answer)

    def settings(self) -> dict[str, Any]:
        login = {"client_id": ID, "client_secret": SECRET, "user_agent": "acme-watch"}
        where = {"api_url": self.url, "site_url": self.url, "allow_private": True}
        return {"subreddits": ["acme"], "interval": "0.01s", **login, **where}

    def name(self, number: int) -> str:
        return f"t3_s{number}"

    def write(self, *numbers: int) -> None:
        for number in numbers:
            self.fake.post(submission(number))


@contextmanager
def opened() -> Iterator[Reddit]:
    there = Reddit()
    with serving(there.answer) as there.url:
        yield there


def hasten(patch: pytest.MonkeyPatch) -> None:
    impatient(patch)
