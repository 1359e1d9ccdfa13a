"""What the sweep looks at every second: answers of steps, escalations, risks, all in one look."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from escalation_bridge import outbox
from escalation_bridge.outbox import Taken
from leitstand.model import Receipt, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from workers import watch
from workers.watch import Watch

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
    watching = Watch(database, POLICY)
    for seconds in (0, 1, 60):
        watching.look(NOW + timedelta(seconds=seconds))
    assert looked == ["fails", "works", "works", "fails", "works"]
