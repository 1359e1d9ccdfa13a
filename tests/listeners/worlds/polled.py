"""What the worlds of APIs that are asked have in common: a front before the fake, which answers badly in its place."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from listeners.fetch import Fetcher, Limits
from tests.listeners.servers_api import Asked, Reply
from tests.listeners.worlds.world import Trouble

PATIENCE = 0.5
GARBAGE = Reply(b"\x00\xff{[<a", headers={"Content-Type": "application/json"})
REFUSED = Reply({"error": "unauthorized"}, 401)
LIMITED = Reply({"error": "slow down"}, 429, {"Retry-After": "1"})


@dataclass
class Front:
    """Answers by `behind` unless in trouble. `refusal` is what a bad credential is answered with."""

    behind: Callable[[Asked], Reply]
    refusal: Reply = REFUSED
    trouble: Trouble = Trouble.NONE
    url: str = ""
    requests: list[float] = field(default_factory=list)
    breaks: set[int] = field(default_factory=set)

    def answer(self, asked: Asked) -> Reply:
        self.requests.append(time.monotonic())
        match self.trouble:
            case Trouble.TRICKLE:
                return Reply(trickle=True)
            case Trouble.GARBAGE:
                return GARBAGE
            case Trouble.REFUSED:
                return self.refusal
            case Trouble.LIMITED:
                return LIMITED
        return replace(self.behind(asked), drop=len(self.requests) in self.breaks)

    def disconnect(self, chance: random.Random, times: int) -> None:
        """Half of some of the next answers, and then the line is closed."""
        self.breaks = set(chance.sample(range(len(self.requests) + 1, len(self.requests) + 1 + 2 * times), times))

    def to_come(self) -> int:
        return sum(one > len(self.requests) for one in self.breaks)


def impatient(patch: pytest.MonkeyPatch) -> None:
    """No fetch takes longer than half a second, whatever its source allows."""
    patient = Fetcher.__init__

    def init(self: Fetcher, *limits: Limits) -> None:
        patient(self, replace(limits[0] if limits else Limits(), seconds=PATIENCE))

    patch.setattr(Fetcher, "__init__", init)
