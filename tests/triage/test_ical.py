"""iCal files as people's calendars write them: what they cover of a day."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.settings import Calendar
from tests.triage.berlin import berlin
from triage.hours import working_hours
from triage.ical import covered, events

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def calendar(*blocks: str) -> str:
    inner = "".join(
        f"BEGIN:VEVENT\r\n{block.replace(chr(10), chr(13) + chr(10))}\r\nEND:VEVENT\r\n" for block in blocks
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{inner}END:VCALENDAR\r\n"


def hours_of(source: str, day: str) -> list[tuple[float, float]]:
    found = covered(events(source, BERLIN), date.fromisoformat(day))
    return [(opens / HOUR, closes / HOUR) for opens, closes in found]


def test_a_whole_day_and_a_week_off() -> None:
    one = calendar("DTSTART;VALUE=DATE:20261224\nSUMMARY:Works outing")
    assert hours_of(one, "2026-12-24") == [(0, 24)]
    assert hours_of(one, "2026-12-25") == []
    week = calendar("DTSTART;VALUE=DATE:20261228\nDTEND;VALUE=DATE:20270102")
    assert [bool(hours_of(week, f"2026-12-{day}")) for day in (27, 28, 31)] == [False, True, True]
    assert (hours_of(week, "2027-01-01"), hours_of(week, "2027-01-02")) == ([(0, 24)], [])


def test_times_are_told_on_the_calendars_wall() -> None:
    source = calendar(
        "DTSTART:20260706T130000Z\nDTEND:20260706T143000Z",
        "DTSTART;TZID=America/New_York:20260707T090000\nDURATION:PT2H",
        "DTSTART:20260708T220000\nDURATION:P1DT1H",
    )
    assert hours_of(source, "2026-07-06") == [(15, 16.5)]
    assert hours_of(source, "2026-07-07") == [(15, 17)]
    assert [hours_of(source, f"2026-07-{day:02}") for day in (8, 9, 10)] == [[(22, 24)], [(0, 23)], []]


def test_what_repeats() -> None:
    yearly = calendar("DTSTART;VALUE=DATE:20200501\nRRULE:FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=1")
    assert [bool(hours_of(yearly, day)) for day in ("2026-05-01", "2026-05-02", "2019-05-01")] == [True, False, False]
    weekly = calendar(
        "DTSTART;TZID=Europe/Berlin:20260105T140000\nDTEND;TZID=Europe/Berlin:20260105T150000\n"
        "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20260401T000000Z\nEXDATE;TZID=Europe/Berlin:20260119T140000"
    )
    days = ["2026-01-05", "2026-01-07", "2026-01-12", "2026-01-19", "2026-01-21", "2026-04-13"]
    assert [bool(hours_of(weekly, day)) for day in days] == [True, True, False, False, True, False]
    three = calendar("DTSTART;VALUE=DATE:20260301\nRRULE:FREQ=DAILY;COUNT=3")
    assert [bool(hours_of(three, f"2026-03-0{n}")) for n in (1, 2, 3, 4)] == [True, True, True, False]


def counted(rule: str) -> str:
    """The last day of the year 2028 at the latest on which it is."""
    (event,) = events(calendar(f"DTSTART;VALUE=DATE:20240229\n{rule}"), BERLIN)
    days = [event.start.date() + n * DAY for n in range(1768)]
    return str(max(day for day in days if event.starts_on(day)))


@pytest.mark.parametrize(
    ("rule", "last"),
    [
        ("RRULE:FREQ=DAILY;INTERVAL=3;COUNT=4", "2024-03-09"),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,TH,MO;COUNT=4", "2024-03-11"),
        ("RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,MO;COUNT=3", "2024-03-15"),
        ("RRULE:FREQ=YEARLY;COUNT=2", "2028-02-29"),
        ("RRULE:FREQ=DAILY;COUNT=2\nEXDATE;VALUE=DATE:20240229", "2024-03-01"),
        ("RRULE:FREQ=DAILY;COUNT=0", "2024-02-29"),
    ],
)
def test_so_many_times(rule: str, last: str) -> None:
    assert counted(rule) == last


def test_folded_lines_alarms_and_cancelled_events() -> None:
    source = calendar(
        "DTSTART;VALUE=DATE:2026\n 0310\nSUMMARY:A\\, B\nBEGIN:VALARM\nDTSTART:19990101T000000Z\nEND:VALARM",
        "DTSTART;VALUE=DATE:20260311\nSTATUS:CANCELLED",
    )
    (event,) = events(source, BERLIN)
    assert (event.summary, event.start.day) == ("A, B", 10)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("DTSTART:tomorrow", "is no date"),
        ("DTSTART;VALUE=DATE:20261399", "is no date"),
        ("DTSTART:20260101T100000\nDTEND:20260101T090000", "ends before it starts"),
        ("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=MONTHLY", "cannot be read"),
        ("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYDAY=1MO", "cannot be read"),
        ("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYMONTH=7", "cannot be read"),
        ("DTSTART;TZID=Nowhere/Land:20260101T100000", "no time zone"),
        ("DTSTART:20260101T100000\nDURATION:soon", "is no duration"),
        ("DTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:99990101", "more than 1000 days"),
        ("DTSTART:99991231T235959Z", "beyond all calendars"),
        ("DTSTART:20260101T100000\nDURATION:P99999999999W", "beyond all calendars"),
        ("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;INTERVAL=5000;COUNT=5", "out of range"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(block: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        events(calendar(block), BERLIN)


def test_what_is_no_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="no iCal file"):
        events("<html>", BERLIN)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_in_a_sentence(noise: str) -> None:
    for source, expected in (
        (f"BEGIN:VCALENDAR\n{noise}", 0),
        (calendar(f"DTSTART;VALUE=DATE:20260101\n{noise}"), 1),
    ):
        try:
            found = events(source, BERLIN)
        except ValueError as error:
            assert " " in str(error)
        else:
            assert len(found) == expected and all(event.length > timedelta(0) for event in found)


@given(st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="\\"), min_size=1, max_size=80))
def test_any_title_is_kept_and_changes_nothing_else(title: str) -> None:
    (event,) = events(calendar(f"DTSTART;VALUE=DATE:20260101\nSUMMARY:{title}"), BERLIN)
    assert event.summary == title
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 2)]
    assert [sum(1 for _ in event.covers(day)) for day in days] == [0, 1, 0]


def test_working_hours_lose_what_the_file_covers_and_keep_their_exceptions(tmp_path: Path) -> None:
    file = tmp_path / "closed.ics"
    file.write_text(calendar("DTSTART;VALUE=DATE:20260309", "DTSTART:20260310T090000\nDTEND:20260310T100000"))
    office = working_hours(
        Calendar.model_validate(
            {
                "timezone": "Europe/Berlin", "hours": {"mon-fri": ["08:00-12:00", "13:00-17:00"]}, "holidays": "DE-BY",
                "ical": file,
                "exceptions": {"2026-12-24": ["08:00-10:00"], "2026-03-12": [], "2026-03-14": ["09:00-10:00"]},
            }
        )
    )  # fmt: skip

    def worked(day: str) -> float:
        return office.between(berlin(f"{day} 00:00"), berlin(f"{day} 00:00") + DAY) / HOUR

    days = ["2026-03-09", "2026-03-10", "2026-03-11", "2026-03-12", "2026-03-14", "2026-12-24", "2026-12-25"]
    assert [worked(day) for day in days] == [0, 7, 8, 0, 1, 2, 0]


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot read the iCal file"):
        working_hours(Calendar(hours={"mon": ["08:00-12:00"]}, ical=tmp_path / "none.ics"))
