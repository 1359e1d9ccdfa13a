"""A case's own channel hears when its case is over, and when it goes on."""

from datetime import timedelta

from sqlalchemy import Engine, text

from escalation_bridge import ledger, outbox
from escalation_bridge.outbox import Taken
from leitstand.model import Notice, Receipt, Room, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage import timeline
from triage.actions import act
from workers import rooms
from workers.watch import Watch

POLICY = policy(escalation={"sev1": {"steps": [{"channel": "desk"}, {"after": "10m", "notify": "manager"}]}})
MINUTE = timedelta(minutes=1)


def opened(database: Engine) -> Notice:
    """A case whose channel is open."""
    outcome = run(database, [one(mention(1), Urgency.CRITICAL)], POLICY)
    step = next(n for n in outcome.notices if n.room)
    with database.begin() as connection:
        outbox.add(connection, [step], NOW)
        (claimed,) = outbox.claim(connection, "desk", 9, MINUTE, NOW)
        room = Room("C0ROOM", step.room, "https://chat.example/C0ROOM")
        assert outbox.mark_sent(connection, [Taken(claimed, Receipt("1.0", room), NOW)])
    return step


def tell(database: Engine, minutes: int) -> list[Notice]:
    with database.begin() as connection:
        return rooms.tell(connection, POLICY, NOW + minutes * MINUTE)


def do(database: Engine, number: int, action: str, minutes: int) -> None:
    with database.begin() as connection:
        act(connection, number, action, actor="ann", now=NOW + minutes * MINUTE, policy=POLICY, text="done")


def test_each_end_and_each_new_beginning_is_told_once(database: Engine) -> None:
    step = opened(database)
    number = step.case.number
    assert step.room == f"cloud-support-sev1-{number}" and step.invited == ("cloud-support",)
    assert tell(database, 1) == []
    do(database, number, "resolve", 2)
    (over,) = tell(database, 3)
    assert (over.target, over.type.value, over.room) == ("desk", "case.closed", step.room)
    assert over.reason == "the case is resolved"
    assert tell(database, 4) == []
    do(database, number, "close", 5)
    assert tell(database, 5) == [], "it was told that it is over"
    do(database, number, "reopen", 6)
    assert [n.reason for n in tell(database, 6)] == ["the case is open again"]
    do(database, number, "resolve", 7)
    assert [n.reason for n in tell(database, 8)] == ["the case is resolved"]


def test_its_link_is_on_the_timeline(database: Engine) -> None:
    step = opened(database)
    Watch(database, POLICY).look(NOW)
    with database.connect() as connection:
        said = [e.text for e in timeline.read(connection, step.case.number)]
        assert ledger.answers(connection) == []
    assert any(line.endswith("desk has it, in a channel of its own: https://chat.example/C0ROOM") for line in said), (
        said
    )


def test_a_channel_that_cannot_be_opened_holds_up_nothing(database: Engine) -> None:
    outcome = run(database, [one(mention(1), Urgency.CRITICAL)], POLICY)
    step = next(n for n in outcome.notices if n.room)
    with database.begin() as connection:
        outbox.add(connection, [step], NOW)
        (claimed,) = outbox.claim(connection, "desk", 9, MINUTE, NOW)
        outbox.mark_dead(connection, claimed, NOW, "Slack says missing_scope")
    Watch(database, POLICY).look(NOW)
    with database.connect() as connection:
        said = [e.text for e in timeline.read(connection, step.case.number)]
        due = connection.scalar(text("SELECT next_at FROM escalation_runs"))
    assert any(
        line.endswith("desk could not be told (Slack says missing_scope); on to the next at once") for line in said
    ), said
    assert due == NOW
