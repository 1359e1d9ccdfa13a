"""The world of webform: a service that sends what people write into a form, again and again until it is taken."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from listeners.sources.webform import MOST
from tests.listeners.worlds.caller import Caller, posted
from tests.listeners.worlds.world import Trouble

SECRET = "the-secret-of-the-form"


class Webform(Caller):
    trouble = Trouble.NONE

    def __init__(self) -> None:
        super().__init__(20)

    def settings(self) -> dict[str, Any]:
        return {"secret": SECRET}

    def name(self, number: int) -> str:
        return f"form-{number}"

    def write(self, *numbers: int) -> None:
        for start in range(0, len(numbers), MOST):
            rows = [{"id": self.name(n), "message": f"Acme {n}"} for n in numbers[start : start + MOST]]
            if not self.call(posted({"submissions": rows}, {}, SECRET)):
                raise ConnectionError("nobody takes what is written into the form")

    def disconnect(self, chance: object, times: int) -> None:
        """It is not asked for anything: only the calls can break."""

    def to_come(self) -> int:
        return 0


@contextmanager
def opened() -> Iterator[Webform]:
    yield Webform()


def hasten(patch: pytest.MonkeyPatch) -> None:
    """It waits for nothing."""
