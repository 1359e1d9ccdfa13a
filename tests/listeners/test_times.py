"""Times as networks write them, sensible or not."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners.times import time_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZONES = st.none() | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("2026-03-02T08:00:00Z", NOW - timedelta(hours=1)),
        ("2026-03-02T08:00:00", NOW - timedelta(hours=1)),
        ("2026-03-02T08:00:00+0000", NOW - timedelta(hours=1)),
        ("2026-03-02T09:30:00+02:00", NOW - timedelta(hours=1.5)),
        ("2026-03-02T09:30:00Z", NOW),
        ("0000-00-00", NOW),
        ("1969-12-31T23:59:59Z", NOW),
        ("yesterday", NOW),
        ("", NOW),
    ],
)
def test_a_time_is_in_utc_and_never_to_come(said: str, written: datetime) -> None:
    assert time_of(said, NOW) == written


@given(st.datetimes(timezones=ZONES).map(datetime.isoformat) | st.text(max_size=30))
def test_whatever_is_said_is_a_time_between_1970_and_now(said: str) -> None:
    written = time_of(said, NOW)
    assert written.tzinfo is UTC and datetime(1970, 1, 1, tzinfo=UTC) <= written <= NOW
