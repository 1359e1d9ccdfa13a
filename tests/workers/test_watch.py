"""What the sweep looks at every second: answers of steps, escalations, risks, all in one look."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text

from escalation_bridge import outbox
from escalation_bridge.outbox import Taken
from leitstand.clock import NEVER
from leitstand.model import Receipt, Urgency
from leitstand.settings import Settings
from monitoring.metrics import Metrics
from tests.triage.building import NOW, mention, one, policy, run
from workers import watch
from workers.queues import AssessQueue, connect
from workers.retention import Retention
from workers.sweep import Sweep
from workers.watch import Aside, Watch

LIMIT = 60.0
POLICY = policy(escalations={"leadership": "manager"})


def test_one_look_does_it_all(database: Engine) -> None:
    outcome = run(database, [one(mention(1), Urgency.CRITICAL)], POLICY)
    with database.begin() as connection:
        outbox.add(connection, outcome.notices, NOW)
        (claimed,) = outbox.claim(connection, "sev1-group", 9, POLICY.incidents.window, NOW)
        outbox.mark_sent(connection, [Taken(claimed, Receipt(), NOW)])
    for _ in range(2):
        Watch(database, POLICY).look(NOW)
    with database.connect() as connection:
        told = list(connection.scalars(text("SELECT text FROM case_events WHERE kind = 'escalation_told'")))
        assert told == ["escalation sev1, step 1/2: sev1-group has it"]
        assert connection.scalar(text("SELECT count(*) FROM escalations")) == 1
        assert connection.scalar(text("SELECT score FROM case_risks")) > 0
        milestones = text("SELECT count(*) FROM deliveries WHERE type = 'escalation.milestone' AND target = 'manager'")
        assert connection.scalar(milestones) == 1


def test_a_look_that_fails_rests_and_keeps_no_other_from_its_turn(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def fails(*_: object) -> tuple[()]:
        looked.append("fails")
        raise ZeroDivisionError

    def works(*_: object) -> tuple[()]:
        looked.append("works")
        return ()

    monkeypatch.setattr(watch, "LOOKS", {"fails": fails, "works": works})
    monkeypatch.setattr(watch, "LOOKS_THROUGH", {})
    watching = Watch(database, POLICY)
    for seconds in (0, 1, 60):
        watching.look(NOW + timedelta(seconds=seconds))
    assert looked == ["fails", "works", "works", "fails", "works"]


def test_all_is_looked_through_once_a_minute_however_late_a_look_comes(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[float] = []

    def through(connection: object, policy: object, now: datetime) -> tuple[()]:
        looked.append((now - NOW).total_seconds())
        return ()

    monkeypatch.setattr(watch, "LOOKS", {})
    monkeypatch.setattr(watch, "LOOKS_THROUGH", {"through": through})
    watching = Watch(database, POLICY)
    for seconds in (0.9, 1.9, 60.7, 61.1, 119.8, 121.3, -3480, -3470):  # the clock is set back by an hour at the end
        watching.look(NOW + timedelta(seconds=seconds))
    assert looked == [0.9, 61.1, 121.3, -3480]


def test_what_was_overlooked_is_found_though_no_look_comes_at_a_full_minute(database: Engine) -> None:
    """A sev1 case that nobody touched for an hour, as after an hour without a sweep."""
    run(database, [one(mention(1), Urgency.CRITICAL)], POLICY)
    later = NOW + timedelta(hours=1, seconds=17)
    Watch(database, POLICY).look(later)
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM escalations")) == 1
        assert connection.scalar(text("SELECT at FROM case_risks")) == later


def test_a_look_that_waits_for_somebody_holds_up_no_deadline(database: Engine, redis_url: str) -> None:
    """Who has stopped in the middle of a transaction holds the locks of its cases."""
    rules = policy(sla=[{"first_response": "1h"}])
    late, held = (mention(n) for n in (1, 2))
    run(database, [one(late), one(held, Urgency.CRITICAL)], rules)
    aside = Aside(Watch(database, rules))
    metrics = Metrics(CollectorRegistry())
    retention = Retention(database, Settings.model_validate({}).retention, metrics)
    sweep = Sweep(database, AssessQueue(connect(redis_url)), rules, metrics, aside, retention, watched_at=NEVER)
    breached = text(
        "SELECT count(*) FROM case_events e JOIN cases c ON c.number = e.case_number"
        " WHERE e.kind = 'clock_breached' AND c.author_id = 'author1'"
    )
    escalations = text(
        "SELECT count(*) FROM escalations e JOIN cases c ON c.number = e.case_number WHERE c.author_id = 'author2'"
    )
    with ThreadPoolExecutor(1) as pool, database.connect() as stopped:
        stopped.execute(text("SELECT FROM cases WHERE author_id = 'author2' FOR UPDATE"))
        for _ in range(3):
            pool.submit(sweep.tick).result(timeout=LIMIT)
        with database.connect() as connection:
            assert connection.scalar(breached) == 1
            assert connection.scalar(escalations) == 0
        stopped.rollback()
        assert aside.leave(LIMIT)
    with database.connect() as connection:
        assert connection.scalar(escalations) == 1
