"""The parts of an API in turn: each when it is due, failing ones after longer and longer pauses."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from leitstand import clock
from leitstand.errors import FetchError
from listeners.contract import Batch
from listeners.rounds import LONGEST_PAUSE, rounds


@dataclass
class FakePart:
    name: str
    every: float
    answers: list[Batch | FetchError] = field(default_factory=list)
    looked: int = 0

    async def look(self) -> Batch:
        self.looked += 1
        answer = self.answers.pop(0) if self.answers else Batch((), None)
        if isinstance(answer, FetchError):
            raise answer
        return answer


def first(number: int, *parts: FakePart) -> list[Batch]:
    async def go() -> list[Batch]:
        async with aclosing(rounds(parts, lambda: 0.5)) as batches:
            return [await anext(batches) for _ in range(number)]

    return asyncio.run(go())


def seconds_to(batch: Batch) -> float:
    assert batch.next_at is not None
    return (batch.next_at - clock.now()).total_seconds()


def test_each_part_is_asked_when_it_is_due() -> None:
    often, rarely = FakePart("often", 0.02), FakePart("rarely", 3600)
    began = time.monotonic()
    assert [batch.part for batch in first(9, rarely, often)] == ["rarely", *["often"] * 8]
    assert time.monotonic() - began > 0.1
    assert (often.looked, rarely.looked) == (8, 1)


def test_two_that_are_due_as_often_take_turns() -> None:
    batches = first(8, FakePart("one", 0.01), FakePart("other", 0.01))
    assert [batch.part for batch in batches] == ["one", "other"] * 4


def test_a_failing_part_waits_longer_and_longer_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    bad, good = FakePart("bad", 0.01, [FetchError("no")] * 3), FakePart("good", 0.01)
    told = [batch for batch in first(30, bad, good) if batch.part == "bad"][:4]
    assert [batch.error for batch in told] == ["no", "no", "no", ""]
    assert [round(seconds_to(batch), 6) for batch in told] == [0.02, 0.04, 0.08, 0.01]
    assert good.looked > 10


@pytest.mark.parametrize(("asked", "waits"), [(timedelta(seconds=5000), 5000), (None, LONGEST_PAUSE)])
def test_a_server_gets_the_pause_it_asks_for(asked: timedelta | None, waits: float) -> None:
    [batch] = first(1, FakePart("a", 5000.0, [FetchError("no", retry_after=asked)]))
    assert waits - 60 < seconds_to(batch) <= waits


def test_what_only_a_person_can_mend_ends_it() -> None:
    with pytest.raises(FetchError, match="refused"):
        first(1, FakePart("a", 1.0, [FetchError("refused", permanent=True)]))


def test_nothing_to_ask_for_is_told() -> None:
    with pytest.raises(FetchError, match="nothing to ask for"):
        first(1)


def test_who_has_not_caught_up_is_asked_again_at_once() -> None:
    behind = FakePart("behind", 100.0, [Batch((), "1", caught_up=False)] * 3)
    assert [batch.cursor for batch in first(4, behind)] == ["1", "1", "1", None]
