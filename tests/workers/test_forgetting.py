"""Retention and erasure reach what targets were told: the sweep asks for it, and real targets take it back."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text
from structlog.testing import capture_logs

from escalation_bridge import forgetting, outbox
from escalation_bridge.forgetting import Can
from leitstand import clock
from leitstand.model import NoticeType
from leitstand.settings import Settings
from monitoring.metrics import Metrics
from tests.console.running import settings
from tests.escalation_bridge.fake_slack import FakeSlack
from tests.escalation_bridge.receivers import receiver
from tests.escalation_bridge.senders import Running, sending
from tests.escalation_bridge.using_slack import settings as slack_settings
from tests.workers.test_erasure import SECRET, keep
from triage.actions import act
from triage.policy import compile_policy
from workers.erasure import erase
from workers.retention import ASKED, EVERY, Retention

CAN: dict[str, Can] = {"desk": "messages"}
LATER = timedelta(days=400)


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return settings(tmp_path)


def retention(database: Engine, can: dict[str, Can] = CAN) -> Retention:
    kept = Settings.model_validate({"retention": {"cases": "365d"}}).retention
    return Retention(database, kept, Metrics(CollectorRegistry()), can)


def a_pass(sweeper: Retention, now: datetime) -> timedelta:
    """A whole pass; how long it rests after."""
    sweeper.next_at = now
    while sweeper.next_at <= now:
        sweeper.step(now)
    return sweeper.next_at - now


def solve(database: Engine, config: Settings) -> None:
    with database.begin() as connection:
        connection.execute(text("DELETE FROM pending_mentions"))
        for number in connection.scalars(text("SELECT number FROM cases")).all():
            for action in ("resolve", "close"):
                acted = act(connection, number, action, actor="ann", now=clock.now(), policy=compile_policy(config))
                outbox.add(connection, acted.notices, clock.now())


def cases(database: Engine) -> int:
    with database.connect() as connection:
        return int(str(connection.scalar(text("SELECT count(*) FROM cases"))))


def waiting(database: Engine) -> int:
    query = "SELECT count(*) FROM deliveries WHERE state IN ('pending', 'unknown', 'sending')"
    with database.connect() as connection:
        return int(str(connection.scalar(text(query))))


def all_sent(database: Engine, running: Running) -> None:
    running.wake("desk")
    while waiting(database):
        assert running.watcher.next() == ("desk", "sent")


def test_a_case_goes_once_its_targets_have_taken_back_what_they_were_told(database: Engine, config: Settings) -> None:
    keep(database, config, "1", SECRET)
    keep(database, config, "2", "other")
    fake = FakeSlack()
    with receiver(fake) as server, sending(database, {"desk": slack_settings(server.url)}) as running:
        solve(database, config)
        all_sent(database, running)
        assert SECRET in json.dumps(fake.messages)
        sweeper, now = retention(database), clock.now() + LATER
        assert a_pass(sweeper, now) == ASKED
        assert cases(database) == 2
        assert a_pass(retention(database), now) == EVERY, (
            "another sweep, or this one after a kill, asks for nothing more"
        )
        assert cases(database) == 2
        with database.begin() as connection:  # the days that have passed
            connection.execute(
                text("UPDATE deliveries SET created_at = now(), next_attempt_at = now() WHERE ended_at IS NULL")
            )
        all_sent(database, running)
    assert fake.messages == []
    assert a_pass(retention(database), now) == EVERY
    assert cases(database) == 0
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM deliveries")) == 0


def test_targets_that_cannot_hold_nothing_up(database: Engine, config: Settings) -> None:
    keep(database, config, "1", SECRET)
    with sending(database, {"desk": config.targets["desk"]}) as running:
        solve(database, config)
        all_sent(database, running)
    assert forgetting.able(config.targets) == {}
    assert a_pass(retention(database, {}), clock.now() + LATER) == EVERY
    assert cases(database) == 0


def test_a_case_goes_with_a_warning_where_a_copy_stays(database: Engine, config: Settings) -> None:
    keep(database, config, "1", SECRET)
    with database.begin() as connection:
        connection.execute(text("UPDATE deliveries SET state = 'sent', remote_id = 'ts', ended_at = now()"))
    solve(database, config)
    with database.begin() as connection:
        connection.execute(text("UPDATE deliveries SET state = 'sent', remote_id = 'ts', ended_at = now()"))
    now = clock.now() + LATER
    assert a_pass(retention(database), now) == ASKED
    with database.begin() as connection:
        connection.execute(
            text("UPDATE deliveries SET state = 'dead', ended_at = :now WHERE type = 'case.forgotten'"), {"now": now}
        )
    assert a_pass(retention(database), now) == EVERY
    assert cases(database) == 1
    with capture_logs() as logs:
        a_pass(retention(database), now + timedelta(days=8))
    assert cases(database) == 0
    (warned,) = [line for line in logs if line["log_level"] == "warning"]
    assert warned["target"] == "desk"


def test_an_erased_author_is_in_no_message_any_more(database: Engine, config: Settings) -> None:
    keep(database, config, "1", SECRET)
    fake = FakeSlack()
    with receiver(fake) as server, sending(database, {"desk": slack_settings(server.url)}) as running:
        all_sent(database, running)
        with database.begin() as connection:
            number = int(str(connection.scalar(text("SELECT number FROM cases"))))
            acted = act(
                connection, number, "escalate", actor="ann", now=clock.now(), policy=compile_policy(config), text="now"
            )
            outbox.add(connection, acted.notices, clock.now())
            connection.execute(
                text("UPDATE deliveries SET type = :t WHERE ended_at IS NULL"), {"t": NoticeType.SLA_WARNING}
            )
        count = waiting(database)
        all_sent(database, running)
        assert len(fake.messages) == 1 + count > 1
        with database.begin() as connection:
            erase(connection, "x", SECRET, compile_policy(config), CAN)
        all_sent(database, running)
    (left,) = fake.messages
    assert SECRET not in json.dumps(left).lower()
