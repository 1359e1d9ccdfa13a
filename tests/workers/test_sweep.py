"""The sweep's parts are alone with their faults: one that fails rests, and keeps no other from its turn."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from leitstand import clock
from leitstand.clock import NEVER
from leitstand.model import Urgency
from leitstand.settings import Settings
from monitoring.metrics import Metrics
from tests.triage.building import mention, one, policy, run
from workers.queues import AssessQueue, connect
from workers.retention import Retention
from workers.sweep import Sweep
from workers.watch import Watch

POLICY = policy(sla=[{"first_response": "1h"}])
SECOND_STEPS = text("SELECT case_number FROM deliveries WHERE step = '2/2' ORDER BY 1")
BREACHES = text("SELECT count(*) FROM case_events WHERE kind = 'clock_breached'")


@pytest.fixture
def sweep(database: Engine, redis_url: str) -> Sweep:
    retention = Retention(database, Settings.model_validate({}).retention, Metrics(CollectorRegistry()))
    watch = Watch(database, POLICY)
    return Sweep(database, AssessQueue(connect(redis_url)), POLICY, retention.metrics, watch, retention, lost_at=NEVER)


def test_a_part_that_fails_rests_and_keeps_no_other_from_its_turn(database: Engine, sweep: Sweep) -> None:
    run(database, [one(mention(1))], POLICY)
    with database.begin() as connection:
        connection.execute(text("ALTER TABLE sla_clocks RENAME TO elsewhere"))  # a fault that nobody foresaw
        long_ago = clock.now() - timedelta(hours=1)
        connection.execute(text("INSERT INTO pending_mentions VALUES (1, :at)"), {"at": long_ago})
    with capture_logs() as logs:
        sweep.tick()
        sweep.tick()
    told = [entry["part"] for entry in logs if entry["log_level"] == "error"]
    assert told == ["deadlines"], "it rests"
    with database.begin() as connection:
        stamped = connection.scalar(text("SELECT enqueued_at FROM pending_mentions"))
        assert stamped > long_ago, "what no job carries is enqueued again all the same"
        connection.execute(text("ALTER TABLE elsewhere RENAME TO sla_clocks"))
    sweep.resting.failed_at.clear()  # its rest is over
    sweep.tick()
    with database.connect() as connection:
        assert connection.scalar(BREACHES) == 1


def test_a_deadline_that_cannot_fire_holds_up_no_other(database: Engine, sweep: Sweep) -> None:
    opened = run(database, [one(mention(number)) for number in range(1, 11)], POLICY).opened
    with database.begin() as connection:  # as only a newer version can read it
        newer = text("UPDATE sla_clocks SET history = '[[\"?\"]]' WHERE case_number = :case")
        connection.execute(newer, {"case": opened[4].number})
    with capture_logs() as logs:
        for _ in range(3):
            sweep.tick()
    with database.connect() as connection:
        assert connection.scalar(BREACHES) == 9
    assert [entry.get("case") for entry in logs if entry["log_level"] == "error"] == [opened[4].number]


def test_a_run_that_cannot_take_its_step_holds_up_no_other(database: Engine, sweep: Sweep) -> None:
    posts = [one(mention(number), Urgency.CRITICAL) for number in range(1, 6)]
    opened = run(database, posts, POLICY).opened
    with database.begin() as connection:  # as only a newer version can read it
        newer = text("UPDATE escalation_runs SET snapshot = '{}' WHERE case_number = :case AND policy = 'sev1'")
        connection.execute(newer, {"case": opened[2].number})
    with capture_logs() as logs:
        for _ in range(3):
            sweep.tick()
    with database.connect() as connection:
        told = connection.scalars(SECOND_STEPS).all()
    assert told == [case.number for case in opened if case is not opened[2]]
    assert [entry.get("case") for entry in logs if entry["log_level"] == "error"] == [opened[2].number]
