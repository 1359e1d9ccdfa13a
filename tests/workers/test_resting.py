"""Parts that are done in turn: each is alone with its faults."""

import sys
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.errors import ProgramLimitExceeded
from sqlalchemy.exc import OperationalError

from workers.resting import Resting

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


class Failing:
    """Fails so often, then returns."""

    def __init__(self, *faults: Exception) -> None:
        self.faults, self.runs = list(faults), 0

    def once(self) -> None:
        self.runs += 1
        if self.faults:
            raise self.faults.pop(0)


def test_a_part_that_fails_is_told_rests_and_keeps_no_other_from_its_turn() -> None:
    told: list[tuple[str, object]] = []
    resting = Resting(timedelta(minutes=1), lambda part: told.append((part, sys.exc_info()[0])))
    failing = Failing(KeyError(), OperationalError("", None, ProgramLimitExceeded()))

    def work(now: datetime) -> datetime:
        failing.once()
        return now

    minutes = (0, 0.9, 1, 1.9, 2, 2.1)
    turns = [NOW + timedelta(minutes=passed) for passed in minutes]
    done = [(resting.do("poor", work, now), resting.do("well", lambda now: now, now)) for now in turns]
    assert told == [("poor", KeyError), ("poor", OperationalError)], "a limit is the data's fault"
    assert [poor for poor, _ in done] == [None] * 4 + turns[4:]
    assert [well for _, well in done] == turns


def test_a_rest_is_over_where_the_clock_is_set_back() -> None:
    resting, failing = Resting(timedelta(minutes=1), lambda _: None), Failing(KeyError())
    for hours in (0, 0, -1):
        resting.do("part", lambda _: failing.once(), NOW + timedelta(hours=hours))
    assert failing.runs == 2


def test_no_part_is_to_blame_where_postgresql_is_away() -> None:
    told: list[str] = []
    resting, failing = Resting(timedelta(minutes=1), told.append), Failing(OperationalError("", None, ValueError()))
    with pytest.raises(OperationalError):
        resting.do("part", lambda _: failing.once(), NOW)
    resting.do("part", lambda _: failing.once(), NOW)
    assert (failing.runs, told) == (2, [])
