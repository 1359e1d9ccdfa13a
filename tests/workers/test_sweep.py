"""The sweep's parts are alone with their faults: one that fails rests, and keeps no other from its turn."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text

from leitstand import clock
from leitstand.clock import NEVER
from leitstand.settings import Settings
from monitoring.metrics import Metrics
from tests.triage.building import mention, one, policy, run
from workers.queues import AssessQueue, connect
from workers.retention import Retention
from workers.sweep import Sweep
from workers.watch import Watch

POLICY = policy(sla=[{"first_response": "1h"}])
BREACHES = text("SELECT count(*) FROM case_events WHERE kind = 'clock_breached'")


@pytest.fixture
def no_clock_can_be_written(database: Engine) -> Iterator[None]:
    """A fault in firing that nobody foresaw: what it writes is refused."""
    with database.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;"
                " CREATE TRIGGER refuse BEFORE UPDATE ON sla_clocks FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        )
    yield
    _allow(database)


def _allow(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("DROP TRIGGER IF EXISTS refuse ON sla_clocks; DROP FUNCTION IF EXISTS refuse()"))


@pytest.mark.usefixtures("no_clock_can_be_written")
def test_a_part_that_fails_rests_and_keeps_no_other_from_its_turn(
    database: Engine, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(database, [one(mention(1))], POLICY)
    queue = AssessQueue(connect(redis_url))
    retention = Retention(database, Settings.model_validate({}).retention, Metrics(CollectorRegistry()))
    sweep = Sweep(database, queue, POLICY, retention.metrics, Watch(database, POLICY), retention, lost_at=NEVER)
    with database.begin() as connection:
        long_ago = clock.now() - timedelta(hours=1)
        connection.execute(text("INSERT INTO pending_mentions VALUES (1, :at)"), {"at": long_ago})
    sweep.tick()
    sweep.tick()
    assert capsys.readouterr().out.count("a part of the sweep failed") == 1, "it rests"
    with database.connect() as connection:
        stamped = connection.scalar(text("SELECT enqueued_at FROM pending_mentions"))
        assert stamped > long_ago, "what no job carries is enqueued again all the same"
        assert connection.scalar(BREACHES) == 0
    _allow(database)
    sweep.resting.failed_at.clear()  # its rest is over
    sweep.tick()
    with database.connect() as connection:
        assert connection.scalar(BREACHES) == 1
