"""Each due time in words."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from leitstand.model import Clock, ClockName
from tests.triage.berlin import berlin, office
from tests.triage.building import NOW, mention, one, policy, run
from triage import sla
from triage.agreements import Agreement
from triage.explain import due_words
from triage.hours import ALWAYS, WorkingTime
from triage.views import load_case

MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")


def clock(hours: WorkingTime, start: datetime, budget: timedelta) -> Clock:
    name = "always" if hours is ALWAYS else "office"
    granted = Agreement("a", ((ClockName.FIRST_RESPONSE, budget),), name)
    (planned,) = sla.plan(granted, hours, start, start)
    return planned


@pytest.mark.parametrize(
    ("start", "minutes", "said"),
    [
        ("2026-03-06 08:59", 15, "15m from 08:59 Berlin, due 09:14"),
        ("2026-03-06 11:50", 15, "15m from 11:50 Berlin, office until 12:00, goes on 13:00, due 13:05"),
        (
            "2026-03-06 17:50",
            15,
            "15m from 2026-03-06 17:50 Berlin, office until 18:00, goes on 2026-03-09 08:00, due 2026-03-09 08:05",
        ),
        ("2026-03-06 12:30", 15, "15m from 12:30 Berlin, office opens 13:00, due 13:15"),
        (
            "2026-03-02 08:00",
            3 * 540,
            "1d3h from 2026-03-02 08:00 Berlin, office until 12:00, goes on 13:00, office until 18:00,"
            " goes on 2026-03-03 08:00, and 3 more, due 2026-03-04 18:00",
        ),
    ],
)
def test_office_hours(start: str, minutes: int, said: str) -> None:
    at = berlin(start)
    assert due_words(clock(office(), at, minutes * MINUTE), office(), ZoneInfo("UTC"), at) == said


def test_a_calendar_that_never_closes_is_told_in_the_desks_zone() -> None:
    at = berlin("2026-03-06 23:50")
    planned = clock(ALWAYS, at, 15 * MINUTE)
    assert due_words(planned, ALWAYS, BERLIN, at) == "15m from 2026-03-06 23:50 Berlin, due 2026-03-07 00:05"
    assert due_words(planned, ALWAYS, ZoneInfo("UTC"), at) == "15m from 22:50 UTC, due 23:05"


def test_our_own_lag_and_the_pauses_are_told() -> None:
    at = berlin("2026-03-06 10:00")
    planned = clock(ALWAYS, at, 60 * MINUTE)
    resumed = sla.resume(sla.pause(planned, at + 10 * MINUTE), ALWAYS, at + 30 * MINUTE)
    said = due_words(resumed, ALWAYS, BERLIN, at + 4 * MINUTE)
    assert said == "1h from 10:00 Berlin and 20m of pauses, due 11:20; seen 4m later"


def test_a_case_tells_it_of_each_clock(database: Engine) -> None:
    rules = policy(triage={"timezone": "Europe/Berlin"})
    (opened,) = run(database, [one(mention(1))], rules, at=NOW + 4 * MINUTE).opened
    with database.connect() as connection:
        case = load_case(connection, opened.number, rules, NOW).case
    assert case.clocks["acknowledge"].words == "15m from 10:00 Berlin, due 10:15; seen 4m later"
