"""The world of appstore: the reviews of an own app, by key."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.listeners.servers_api import serving
from tests.listeners.servers_appstore import APP, ISSUER, KEY_ID, FakeConnect
from tests.listeners.servers_keys import elliptic, pem
from tests.listeners.worlds.polled import Front, impatient


class AppStore(Front):
    def __init__(self) -> None:
        self.fake = FakeConnect()
        super().__init__(self.fake.answer)

    def settings(self) -> dict[str, Any]:
        key = {"issuer_id": ISSUER, "key_id": KEY_ID, "private_key": pem(elliptic())}
        return {"apps": [APP], **key, "interval": "0.01s", "api_url": self.url, "allow_private": True}

    def name(self, number: int) -> str:
        return f"r{number}"

    def write(self, *numbers: int) -> None:
        self.fake.write(*numbers)


@contextmanager
def opened() -> Iterator[AppStore]:
    there = AppStore()
    with serving(there.answer) as there.url:
        yield there


def hasten(patch: pytest.MonkeyPatch) -> None:
    impatient(patch)
