"""One attempt: when it looks up, when it sends, and that nothing a target does gets out of it."""

import asyncio
from datetime import timedelta

import pytest

from escalation_bridge.attempt import ExpiredError, Failure, attempt
from leitstand import clock
from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.model import Delivery, Receipt
from leitstand.settings import TargetSettings
from tests.escalation_bridge.words import delivery

SETTINGS = TargetSettings(kind="log", timeout=timedelta(milliseconds=100))


class Blind:
    """A target that cannot look up; it does what it is told to."""

    def __init__(self, answer: Receipt | Exception | None = None) -> None:
        self.answer, self.sent = answer or Receipt("new"), 0

    async def deliver(self, delivery: Delivery) -> Receipt:
        self.sent += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def close(self) -> None:
        pass


class Seeing(Blind):
    """A target that can."""

    def __init__(self, found: Receipt | Exception | None) -> None:
        super().__init__()
        self.found = found

    async def lookup(self, delivery: Delivery) -> Receipt | None:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Mute(Blind):
    """A target that never comes back."""

    async def deliver(self, delivery: Delivery) -> Receipt:
        await asyncio.Event().wait()
        raise AssertionError


def go(
    target: Blind, *, doubtful: bool = False, age: timedelta = timedelta(0), retried: bool = False
) -> Receipt | Failure:
    now = clock.now()
    one = delivery(created_at=now - age, doubtful=doubtful, retried_at=now if retried else None)
    return asyncio.run(attempt(target, one, SETTINGS))


def test_what_is_found_is_not_sent_again() -> None:
    target = Seeing(Receipt("old"))
    assert go(target, doubtful=True) == Receipt("old")
    assert target.sent == 0


def test_what_is_surely_not_there_is_sent() -> None:
    assert go(Seeing(None), doubtful=True) == Receipt("new")


def test_without_doubt_nobody_looks() -> None:
    assert go(Seeing(Receipt("old"))) == Receipt("new")


def test_a_target_that_cannot_look_up_gets_it_again_under_its_key() -> None:
    assert go(Blind(), doubtful=True) == Receipt("new")


def test_a_target_that_will_never_tell_gets_it_again() -> None:
    assert go(Seeing(DeliveryError("no", DeliveryOutcome.REFUSED)), doubtful=True) == Receipt("new")


@pytest.mark.parametrize("error", [DeliveryError("no", DeliveryOutcome.RETRY), TimeoutError(), ValueError("a bug")])
def test_a_look_up_that_fails_sends_nothing_and_keeps_the_doubt(error: Exception) -> None:
    target = Seeing(error)
    failed = go(target, doubtful=True)
    assert isinstance(failed, Failure)
    assert failed.doubtful
    assert failed.error.outcome is DeliveryOutcome.RETRY
    assert target.sent == 0


@pytest.mark.parametrize("target", [Mute(), Blind(ValueError("a bug")), Blind(TimeoutError())])
def test_whatever_else_happens_it_may_have_been_taken(target: Blind) -> None:
    failed = go(target)
    assert isinstance(failed, Failure)
    assert failed.error.outcome is DeliveryOutcome.UNKNOWN


def test_what_is_too_old_is_looked_up_but_not_sent() -> None:
    target = Seeing(None)
    failed = go(target, doubtful=True, age=timedelta(hours=25))
    assert isinstance(failed, Failure)
    assert isinstance(failed.error, ExpiredError)
    assert target.sent == 0
    assert go(Seeing(Receipt("old")), doubtful=True, age=timedelta(hours=25)) == Receipt("old")


def test_a_dead_letter_put_back_by_a_person_is_young_again() -> None:
    assert go(Blind(), age=timedelta(hours=25), retried=True) == Receipt("new")
