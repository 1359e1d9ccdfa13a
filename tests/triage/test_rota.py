"""Who is on call: turns that change on the wall, overrides, calendars."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from leitstand.settings import Rota
from triage.rota import compiled

MINUTE = timedelta(minutes=1)
PEOPLE = ["anna", "ben", "cleo"]


def on_call(at: str, **rota: object) -> str | None:
    turns = compiled(Rota.model_validate({"people": PEOPLE, "timezone": "Europe/Berlin", **rota}))
    return turns.on_call(datetime.fromisoformat(at))


def test_turns_change_at_the_hand_over_on_the_wall() -> None:
    assert on_call("2026-01-05T08:59:00+01:00") == "cleo"
    assert on_call("2026-01-05T09:00:00+01:00") == "anna"
    assert on_call("2026-01-12T09:00:00+01:00") == "ben"
    assert on_call("2026-03-30T08:59:00+02:00") == "cleo", "also after the clocks have changed"
    assert on_call("2026-03-30T09:00:00+02:00") == "anna"


def test_overrides_come_first_and_the_last_wins() -> None:
    there = [
        {"start": "2026-01-06T00:00:00+01:00", "end": "2026-01-08T00:00:00+01:00", "person": "ben"},
        {"start": "2026-01-07T00:00:00+01:00", "end": "2026-01-08T00:00:00+01:00", "person": "cleo"},
    ]
    assert [on_call(f"2026-01-0{day}T12:00:00+01:00", overrides=there) for day in (6, 7, 8)] == ["ben", "cleo", "anna"]


def test_a_calendar_names_who_is_on_call(tmp_path: Path) -> None:
    file = tmp_path / "rota.ics"
    file.write_text(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:20260105T180000\r\nDURATION:PT14H\r\n"
        "RRULE:FREQ=DAILY;COUNT=2\r\nSUMMARY:ben\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    assert on_call("2026-01-06T07:59:00+01:00", ical=file) == "ben"
    assert on_call("2026-01-06T12:00:00+01:00", ical=file) == "anna"


@given(st.integers(0, 2_000_000).map(lambda minutes: datetime(2026, 1, 5, 9, tzinfo=UTC) + minutes * MINUTE))
def test_somebody_is_always_on_call_and_for_a_week(at: datetime) -> None:
    turns = compiled(Rota.model_validate({"people": PEOPLE}))
    now, later = turns.on_call(at), turns.on_call(at + timedelta(weeks=1))
    assert now in PEOPLE and PEOPLE[(PEOPLE.index(now) + 1) % 3] == later
