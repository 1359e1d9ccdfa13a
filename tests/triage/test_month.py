"""A simulated month keeps every promise; the full size is `./run bench month`."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from bench.invariants import broken, unexplained
from bench.month import DAY, Month


@pytest.mark.timeout(600)  # two thousand commits: on a busy disk they take their time
def test_a_month_keeps_every_promise(database: Engine) -> None:
    month = Month(database, posts=600, step=timedelta(hours=4))
    for midnight in month.days():
        with database.connect() as connection:
            assert broken(connection, midnight) == []
            assert unexplained(connection, midnight - DAY) == []
    assert [key for key, times in month.told.items() if times > 1] == []
    with database.connect() as connection:
        over = connection.scalar(text("SELECT count(*) FROM cases WHERE state IN ('resolved', 'closed')"))
        ended = set(connection.scalars(text("SELECT DISTINCT state FROM sla_clocks")))
    assert month.written >= 580
    assert over is not None and over > 80
    assert {"met", "breached", "idle"} <= ended
    assert {"pause", "resume", "forward", "accept", "withdraw", "escalate", "approve"} <= set(month.acted)
