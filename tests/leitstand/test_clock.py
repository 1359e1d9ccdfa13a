"""When something is due that is done again and again."""

from datetime import UTC, datetime, timedelta

import pytest

from leitstand.clock import is_due

NOW, MINUTE = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("ago", "due"),
    [
        (timedelta(0), False),
        (timedelta(seconds=59.9), False),
        (MINUTE, True),
        (timedelta(days=9), True),
        (-timedelta(seconds=1), True),  # the clock was set back
        (-timedelta(hours=1), True),
    ],
)
def test_what_is_done_every_minute(ago: timedelta, due: bool) -> None:
    assert is_due(NOW - ago, MINUTE, NOW) is due
