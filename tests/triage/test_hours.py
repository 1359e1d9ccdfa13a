"""Working hours against a slow reference that looks at the clock on the wall every minute."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.model import ClockName
from leitstand.settings import Calendar
from tests.triage.berlin import OFFICE, berlin, office
from tests.triage.building import policy
from triage import sla
from triage.agreements import Traits
from triage.hours import ALWAYS, working_hours

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def test_a_lunch_break_and_a_weekend_do_not_count() -> None:
    assert office().after(berlin("2026-03-06 11:50"), 15 * MINUTE) == berlin("2026-03-06 13:05")
    assert office().after(berlin("2026-03-06 17:50"), 15 * MINUTE) == berlin("2026-03-09 08:05")
    assert office().between(berlin("2026-03-06 11:00"), berlin("2026-03-09 09:00")) == 7 * HOUR


def test_what_begins_outside_the_hours_waits_for_them() -> None:
    assert office().after(berlin("2026-03-07 15:00"), HOUR) == berlin("2026-03-09 09:00")


def test_holidays_of_the_state_are_closed() -> None:
    epiphany = berlin("2026-01-05 17:30")
    assert office(holidays="DE-BY").after(epiphany, HOUR) == berlin("2026-01-07 08:30")
    assert office(holidays="DE-BE").after(epiphany, HOUR) == berlin("2026-01-06 08:30")


def test_a_night_over_the_change_of_the_clocks() -> None:
    night = office(hours={"mon-sun": ["00:00-24:00"]})
    assert night.between(berlin("2026-03-29 00:00"), berlin("2026-03-30 00:00")) == 23 * HOUR
    assert night.between(berlin("2026-10-25 00:00"), berlin("2026-10-26 00:00")) == 25 * HOUR


def test_an_hour_that_is_skipped_does_not_count_and_one_that_comes_twice_counts_twice() -> None:
    early = office(hours={"sun": ["02:15-02:45", "03:00-04:00"]})
    assert early.between(berlin("2026-03-29 00:00"), berlin("2026-03-30 00:00")) == HOUR
    assert early.between(berlin("2026-10-25 00:00"), berlin("2026-10-26 00:00")) == 2 * HOUR


def test_an_entry_with_a_calendar_plans_in_its_hours() -> None:
    rules = policy(
        calendars={"office": {"timezone": "Europe/Berlin", "hours": OFFICE}},
        sla=[{"first_response": "2h", "calendar": "office", "warn_at": [0.5]}],
    )
    start = berlin("2026-03-06 17:00")
    granted = rules.agreement(Traits("x", "post", "sev1"))
    (clock,) = sla.plan(granted, rules.hours(granted.calendar), start, start)
    assert (clock.name, clock.calendar) == (ClockName.FIRST_RESPONSE, "office")
    assert (clock.fire_at, clock.due_at) == (berlin("2026-03-06 18:00"), berlin("2026-03-09 09:00"))
    over_the_weekend = sla.resume(sla.pause(clock, start), rules.hours("office"), berlin("2026-03-09 09:00"))
    assert over_the_weekend.due_at == berlin("2026-03-09 11:00")
    assert rules.hours("gone") is ALWAYS


# --- the slow reference --------------------------------------------------------------------------------------------

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]
# Days around which clocks change in one of the zones, and Christmas.
AROUND = [datetime(2026, *day, tzinfo=UTC) for day in [(3, 8), (3, 28), (4, 4), (10, 3), (10, 24), (10, 31), (12, 24)]]

clock_times = st.integers(0, 24 * 60).map(lambda m: f"{m // 60:02}:{m % 60:02}")
intervals = st.tuples(clock_times, clock_times).filter(lambda t: t[0] < t[1]).map("-".join)
weeks = st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(intervals, min_size=1, max_size=3), min_size=1)
moments = st.tuples(st.sampled_from(AROUND), st.integers(0, 3 * 24 * 60)).map(lambda t: t[0] + t[1] * MINUTE)


def is_open(at: datetime, zone: ZoneInfo, week: dict[str, list[str]], closed: holidays.HolidayBase) -> bool:
    wall = at.astimezone(zone)
    shown = f"{wall:%H:%M}"
    hours = [interval.split("-") for interval in week.get(WEEKDAYS[wall.weekday()], [])]
    return wall.date() not in closed and any(opens <= shown < closes for opens, closes in hours)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(ZONES), weeks, moments, st.integers(0, 2000), st.sampled_from(["", "DE-BY", "US"]))
def test_between_and_after_equal_the_minute_by_minute_reference(
    zone: str, week: dict[str, list[str]], start: datetime, length: int, days_off: str
) -> None:
    calendar = working_hours(Calendar(timezone=zone, hours=week, holidays=days_off))
    country, _, state = days_off.partition("-")
    closed = holidays.country_holidays(country, subdiv=state or None) if country else holidays.HolidayBase()
    minutes = [start + n * MINUTE for n in range(length)]
    worked = [at for at in minutes if is_open(at, ZoneInfo(zone), week, closed)]
    end = start + length * MINUTE
    assert calendar.between(start, end) == len(worked) * MINUTE
    if worked:
        assert calendar.after(start, len(worked) * MINUTE) == worked[-1] + MINUTE


# More than 4,000 times seven seconds, and a minute a week would take longer than the ten years that are looked ahead.
@settings(deadline=None)
@given(weeks, moments, st.integers(0, 4_000), st.integers(0, 10_000))
def test_working_time_adds_up(week: dict[str, list[str]], start: datetime, first: int, second: int) -> None:
    calendar = working_hours(Calendar(timezone="Europe/Berlin", hours=week))
    middle, end = start + first * MINUTE, start + (first + second) * MINUTE
    assert calendar.between(start, middle) + calendar.between(middle, end) == calendar.between(start, end)
    work = first * timedelta(seconds=7)
    assert calendar.between(start, calendar.after(start, work)) == work
