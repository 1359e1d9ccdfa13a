"""The world of email: a mailbox. It hangs up in the middle of what it says, while it waits with us too, and at times
its mails have other numbers afterwards."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from listeners.mail import wire
from tests.listeners.servers_imap import PASSWORD, USER, FakeImap, imap_server
from tests.listeners.worlds.world import Trouble

SECONDS, LONGEST = 1.0, 2.0


class Email:
    def __init__(self, fake: FakeImap) -> None:
        self.fake = fake
        self._trouble = Trouble.NONE

    @property
    def trouble(self) -> Trouble:
        return self._trouble

    @trouble.setter
    def trouble(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self.fake.greeting = b"*" if trouble is Trouble.TRICKLE else b""
        self.fake.slowly = trouble is Trouble.DRIBBLE
        self.fake.chatter = b"* OK still here\r\n" if self.fake.slowly else b""
        self.fake.garbage = b"\x00\xff\r\n" if trouble is Trouble.GARBAGE else b""
        self.fake.refuse = {"LOGIN": "NO [AUTHENTICATIONFAILED] no"} if trouble is Trouble.REFUSED else {}

    @property
    def requests(self) -> list[float]:
        return self.fake.requests

    def settings(self) -> dict[str, Any]:
        where = {"host": "127.0.0.1", "port": self.fake.port, "security": "none"}
        return {**where, "username": USER, "password": PASSWORD, "interval": "0.02s", "idle": "0.2s"}

    def name(self, number: int) -> str:
        return f"m{number}@mail.example"

    def write(self, *numbers: int) -> None:
        self.fake.deliver(*map(self._mail, numbers))

    def _mail(self, number: int) -> bytes:
        head = f"From: jo@mail.example\r\nTo: {USER}\r\nSubject: Problem {number}\r\n"
        date = "Date: Tue, 03 Mar 2026 10:00:00 +0100\r\n"
        return f"{head}{date}Message-ID: <{self.name(number)}>\r\n\r\nAcme is down: {number}\r\n".encode()

    def disconnect(self, chance: random.Random, times: int) -> None:
        now = len(self.fake.commands)
        self.fake.breaks = set(chance.sample(range(now + 1, now + 1 + 5 * times), times))
        self.fake.renumbered = set(sorted(self.fake.breaks)[::5])

    def to_come(self) -> int:
        return sum(place > len(self.fake.commands) for place in self.fake.breaks)


@contextmanager
def opened() -> Iterator[Email]:
    with imap_server() as fake:
        yield Email(fake)


def hasten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(wire, "SECONDS", SECONDS)
    patch.setattr(wire, "LONGEST", LONGEST)
