"""The world of github: comments on one issue. A call that fails is not repeated; of many comments at once only the
first are told by calls, so that the rest is left to polling."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from typing import Any

import pytest

from leitstand import clock
from tests.listeners.servers_api import serving
from tests.listeners.servers_github import REPOSITORY, SECRET, TOKEN, FakeGitHub, comment
from tests.listeners.worlds.caller import Caller, posted
from tests.listeners.worlds.polled import Front, impatient

CALLS = 10  # of what is written at once
A_SECOND = 10  # so many comments


class GitHub(Front, Caller):
    def __init__(self) -> None:
        self.fake = FakeGitHub()
        Front.__init__(self, self.fake.answer)
        Caller.__init__(self, 1)
        self.begun = clock.now().astimezone(UTC) - timedelta(hours=1)

    def settings(self) -> dict[str, Any]:
        keys = {"secret": SECRET, "token": TOKEN, "repositories": [REPOSITORY]}
        return {"interval": "0.01s", "api_url": self.url, "allow_private": True, **keys}

    def name(self, number: int) -> str:
        return f"comment-{number}"

    def write(self, *numbers: int) -> None:
        rows = [self._comment(number) for number in numbers]
        self.fake.rows["issues/comments"] = [*self.fake.rows["issues/comments"], *rows]
        for row in rows[:CALLS]:
            self.call(posted({"action": "created", "comment": row}, {"x-github-event": "issue_comment"}, SECRET))

    def _comment(self, number: int) -> dict[str, Any]:
        at = (self.begun + timedelta(seconds=number // A_SECOND)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return comment(number, created_at=at, updated_at=at)


@contextmanager
def opened() -> Iterator[GitHub]:
    there = GitHub()
    with serving(there.answer) as there.url:
        yield there


def hasten(patch: pytest.MonkeyPatch) -> None:
    impatient(patch)
