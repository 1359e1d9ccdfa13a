"""When a feed is looked at again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners.feeds.pace import Bounds, after_failure, every, hint, spread

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
BOUNDS = Bounds(timedelta(minutes=2), timedelta(minutes=30))
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("gap", "seconds"), [(MINUTE, 120), (20 * MINUTE, 300), (60 * MINUTE, 900), (timedelta(days=3), 1800)]
)
def test_a_feed_is_asked_four_times_an_item_within_the_bounds(gap: timedelta, seconds: float) -> None:
    assert every([NOW - n * gap for n in range(1, 30)], NOW, 0, BOUNDS) == seconds


def test_a_feed_that_has_fallen_silent_is_asked_more_rarely() -> None:
    dates = [NOW - timedelta(days=30) - n * MINUTE for n in range(20)]
    assert every(dates, NOW, 0, BOUNDS) == 1800


def test_without_dates_the_middle_is_taken() -> None:
    assert every([None, None], NOW, 0, BOUNDS) == pytest.approx(464.76, abs=0.01)


def test_what_a_feed_says_of_itself_makes_it_rarer_but_never_silent() -> None:
    dates = [NOW - n * MINUTE for n in range(10)]
    assert every(dates, NOW, 600, BOUNDS) == 600
    assert every(dates, NOW, 86400, BOUNDS) == 1800


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"cache-control": "public, max-age=300"}, 300),
        ({"cache-control": 'max-age="300"', "age": "100"}, 200),
        ({"cache-control": "s-maxage=9, max-age=300, no-cache"}, 0),
        ({"cache-control": "s-maxage=9"}, 0),
        ({"expires": format_datetime(NOW + MINUTE, usegmt=True)}, 60),
        ({"expires": "0"}, 0),
        ({"expires": format_datetime(NOW - MINUTE, usegmt=True)}, 0),
        ({"cache-control": "max-age=10", "expires": format_datetime(NOW + MINUTE, usegmt=True)}, 10),
    ],
)
def test_what_a_server_says_of_freshness(headers: dict[str, str], seconds: float) -> None:
    assert hint(headers, NOW) == seconds


def test_failures_are_waited_out_longer_and_longer() -> None:
    waits = [after_failure(n, BOUNDS, None, lambda: 0.5) for n in (1, 2, 3, 9, 10**6)]
    assert waits == [240, 480, 960, 3600, 3600]
    assert after_failure(1, BOUNDS, timedelta(hours=5), lambda: 0.5) == 18000
    assert after_failure(1, BOUNDS, timedelta(seconds=1), lambda: 0.5) == 240


durations = st.timedeltas(timedelta(seconds=1), timedelta(days=2))


@given(
    st.lists(st.datetimes(timezones=st.just(UTC)) | st.none()),
    st.floats(0, 1e9),
    durations,
    durations,
    st.text(),
    st.text(),
)
def test_the_bounds_hold_whatever_a_feed_says(
    dates: list[datetime | None], said: float, one: timedelta, other: timedelta, control: str, expires: str
) -> None:
    bounds = Bounds(min(one, other), max(one, other))
    found = every(dates, NOW, max(said, hint({"cache-control": control, "expires": expires}, NOW)), bounds)
    assert bounds.shortest.total_seconds() <= found <= bounds.longest.total_seconds()


@given(st.floats(0, 1))
def test_feeds_do_not_march_in_step(chance: float) -> None:
    assert 89 < spread(100, lambda: chance) < 111
