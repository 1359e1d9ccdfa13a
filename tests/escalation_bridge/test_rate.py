"""A target's rate never lets more through than it should, however many take from it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from escalation_bridge import claiming, outbox, rate
from escalation_bridge.claiming import Look
from escalation_bridge.rate import SpentError
from leitstand import clock
from tests.escalation_bridge.words import notice
from tests.triage.waiting import until_somebody_waits

LEASE = timedelta(minutes=1)
EVER = 3600.0


def left(database: Engine, per_second: float) -> float:
    with database.connect() as connection:
        return rate.left(connection, "hook", per_second)


def take(database: Engine, per_second: float, taken: int) -> None:
    with database.begin() as connection:
        rate.take(connection, "hook", per_second, taken)


def move_back(database: Engine, seconds: float) -> None:
    """As if the last were taken so long ago."""
    with database.begin() as connection:
        connection.execute(text("UPDATE target_rates SET at = at - make_interval(secs => :s)"), {"s": seconds})


def look(database: Engine, per_second: float, under_way: int = 0) -> Look:
    with database.begin() as connection:
        return claiming.look(connection, "hook", per_second, under_way, 8, LEASE, clock.now())


def test_one_seconds_worth_is_there_at_once_and_the_rest_comes_at_the_rate(database: Engine) -> None:
    slow = 10 / EVER
    assert left(database, 5) == 5
    assert left(database, slow) == 1
    take(database, slow, 1)
    with pytest.raises(SpentError):
        take(database, slow, 1)
    move_back(database, EVER / 20)
    assert 0.5 <= left(database, slow) < 1
    move_back(database, EVER)
    assert left(database, slow) == 1


def test_a_rate_that_is_changed_holds_from_then_on(database: Engine) -> None:
    take(database, 100, 1)
    assert 99 <= left(database, 100) <= 100
    assert left(database, 3) == 3


def test_a_clock_that_was_set_back_stalls_nothing_and_gives_no_more_than_one_seconds_worth(database: Engine) -> None:
    slow = 10 / EVER
    take(database, slow, 1)
    move_back(database, -EVER)
    take(database, slow, 1)
    with pytest.raises(SpentError):
        take(database, slow, 1)


def test_many_that_take_at_once_take_no_more_than_there_is(database: Engine) -> None:
    per_second, taken, together = 40.0, [0] * 4, threading.Barrier(4)

    def taker(number: int) -> None:
        together.wait()
        while taken[number] < 60:
            try:
                take(database, per_second, 1 + number % 2)
            except SpentError:
                return
            taken[number] += 1 + number % 2

    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(taker, range(4)))
    assert sum(taken) >= per_second - 1
    assert sum(taken) <= per_second + per_second * (time.monotonic() - started) + 1e-6


def test_a_look_takes_what_the_rate_has_left_and_says_when_there_is_more(database: Engine) -> None:
    with database.begin() as connection:
        outbox.add(connection, [notice(number=n) for n in range(10)], clock.now())
    first = look(database, 3)
    assert (len(first.claimed), first.full) == (3, True)
    assert 0 < first.wait <= 1 / 3
    move_back(database, 100)
    assert len(look(database, 100, under_way=6).claimed) == 2
    assert len(look(database, 100).claimed) == 5


def test_what_is_not_there_costs_nothing(database: Engine) -> None:
    assert look(database, 3) == Look((), full=False, wait=0.0)
    assert left(database, 3) == 3
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM target_rates")) == 0


def test_who_comes_second_claims_nothing_and_leaves_all_as_it_was(database: Engine) -> None:
    with database.begin() as connection:
        outbox.add(connection, [notice(number=n) for n in (1, 2)], clock.now())
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as connection:
            first = claiming.look(connection, "hook", 1 / EVER, 0, 8, LEASE, clock.now())
            second = pool.submit(look, database, 1 / EVER)
            until_somebody_waits(database)
        with pytest.raises(SpentError):
            second.result()
    assert [d.case.number for d in first.claimed] == [1]
    with database.connect() as connection:
        rows = connection.execute(text("SELECT state, attempts FROM deliveries ORDER BY id")).all()
    assert rows == [("sending", 1), ("pending", 0)]
    third = look(database, 1 / EVER)
    assert (third.claimed, third.full) == ((), True)
    assert EVER / 2 < third.wait <= EVER
