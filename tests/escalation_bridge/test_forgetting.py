"""What targets have of cases is taken back: asked for once, after all else, by those who can."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from escalation_bridge import forgetting, outbox, retention
from escalation_bridge.forgetting import Can
from escalation_bridge.outbox import Taken
from escalation_bridge.slack_api import SlackError
from escalation_bridge.targets import email, log, webhook
from leitstand import clock
from leitstand.model import Delivery, Notice, NoticeType, Receipt, Room, Severity
from leitstand.settings import TargetSettings
from tests.escalation_bridge.fake_slack import FakeSlack, error
from tests.escalation_bridge.receivers import Reply, in_turn, receiver
from tests.escalation_bridge.senders import sending
from tests.escalation_bridge.using_slack import settings, using
from tests.escalation_bridge.words import CASE, NOW, delivery, notice

LEASE = timedelta(minutes=1)
CAN: Mapping[str, Can] = {"hook": "case", "chat": "messages"}
SECRET = "whsec_" + "bGVpdHN0YW5k" * 3


def tell(database: Engine, *notices: Notice, remote: str = "", room: Room | None = None) -> None:
    """They were told, and the target gave a message an id of its own."""
    for one in notices:
        with database.begin() as connection:
            outbox.add(connection, [one], NOW)
            (claimed,) = outbox.claim(connection, one.target, 1, LEASE, NOW)
            outbox.mark_sent(connection, [Taken(claimed, Receipt(remote and f"{remote}{claimed.id}", room), NOW)])


def ask(database: Engine, *numbers: int, now: datetime = NOW) -> set[int]:
    with database.begin() as connection:
        return forgetting.ask(connection, numbers, CAN, now)


def asked(database: Engine, target: str) -> list[Delivery]:
    with database.begin() as connection:
        return outbox.claim(connection, target, 500, LEASE, NOW)


def test_each_message_is_asked_for_the_youngest_first_and_a_case_once(database: Engine) -> None:
    tell(database, notice("chat", 1), notice("chat", 1, "2"), remote="ts")
    tell(database, notice("hook", 1), notice("hook", 1, "2"), notice("mail", 1))
    assert ask(database, 1) == {1}
    assert asked(database, "mail") == []
    (case,) = asked(database, "hook")
    assert (case.type, case.withdraws, case.reason) == (NoticeType.CASE_FORGOTTEN, "", forgetting.REASON)
    (young,) = asked(database, "chat")
    with database.begin() as connection:
        outbox.mark_sent(connection, [Taken(young, Receipt(), NOW)])
    (old,) = asked(database, "chat")
    assert (young.withdraws, old.withdraws) == ("ts2", "ts1")
    for one in (case, young, old):
        assert CASE.text not in str(one.case) and CASE.author.handle not in str(one.case)
        assert one.case.number == 1


def test_it_is_asked_for_once_and_again_only_where_more_was_told(database: Engine) -> None:
    tell(database, notice("hook", 1))
    assert [ask(database, 1), ask(database, 1)] == [{1}, set()]
    (one,) = asked(database, "hook")
    with database.begin() as connection:
        outbox.mark_sent(connection, [Taken(one, Receipt(), NOW)])
    tell(database, notice("hook", 1, "open again"))
    assert [ask(database, 1), ask(database, 1)] == [{1}, set()]


def test_only_so_many_wait_at_once_and_the_others_are_asked_later(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "AT_ONCE", 2)
    tell(database, *(notice("hook", n) for n in range(1, 6)))
    assert ask(database, 1, 2, 3, 4, 5) == {1, 2, 3, 4, 5}
    waiting = asked(database, "hook")
    assert len(waiting) == 2
    assert ask(database, *{1, 2, 3, 4, 5} - {d.case.number for d in waiting}), "they wait all the same"
    assert asked(database, "hook") == []


def test_it_goes_after_all_that_tells_somebody_something(database: Engine) -> None:
    tell(database, notice("hook", 1))
    ask(database, 1)
    late = notice("hook", 2, case=replace(CASE, severity=Severity.SEV4))
    with database.begin() as connection:
        outbox.add(connection, [late], NOW + LEASE)
        assert [d.case.number for d in outbox.claim(connection, "hook", 1, LEASE, NOW + LEASE)] == [2]


def test_a_case_is_held_while_it_is_asked_for_and_a_week_where_that_failed(database: Engine) -> None:
    tell(database, notice("hook", 1))
    ask(database, 1)
    with database.begin() as connection:
        assert retention.busy(connection, [1], NOW) == {1}
        (one,) = outbox.claim(connection, "hook", 1, LEASE, NOW)
        outbox.mark_dead(connection, one, NOW, "HTTP 410")
        assert retention.busy(connection, [1], NOW + timedelta(days=6)) == {1}
        assert retention.busy(connection, [1], NOW + timedelta(days=8)) == set()
        assert forgetting.not_removed(connection, [1]) == [(1, "hook")]


def test_who_can_is_told_by_the_kind() -> None:
    targets: dict[str, TargetSettings] = {
        "hook": webhook.Settings.model_validate({"url": "https://x.example", "secret": SECRET}),
        "chat": settings("https://x.example"),
        "mail": email.Settings.model_validate({"host": "h", "sender": "a@x.example", "recipients": ["b@x.example"]}),
        "trace": log.Settings(kind="log"),
    }
    assert forgetting.able(targets) == CAN
    assert forgetting.unable(targets) == ["mail"]


def test_a_webhook_is_told_without_the_words(database: Engine) -> None:
    tell(database, notice("hook"))
    with receiver() as server:
        values = {"url": server.url, "secret": SECRET, "rate": 1000}
        with sending(database, {"hook": webhook.Settings.model_validate(values)}) as running:
            ask(database, CASE.number, now=clock.now())
            running.wake("hook")
            assert running.watcher.next() == ("hook", "sent")
        body = server.next().body
    said = json.loads(body)
    assert (said["type"], said["data"]["case"]["number"]) == ("case.forgotten", CASE.number)
    assert said["data"]["reason"] == forgetting.REASON
    assert CASE.text.encode() not in body and b"sample_user" not in body


def test_slack_removes_all_messages_about_the_case_and_no_other(database: Engine) -> None:
    fake = FakeSlack()
    with receiver(fake) as server, sending(database, {"chat": settings(server.url)}) as running:
        with database.begin() as connection:
            told = [notice("chat", 1), notice("chat", 1, "2", type=NoticeType.SLA_WARNING), notice("chat", 2)]
            room = notice("chat", 1, "3", room="team-sev1-1")
            outbox.add(connection, [*told, room], clock.now())
        running.wake("chat")
        assert [running.watcher.next() for _ in range(4)] == [("chat", "sent")] * 4
        assert len(fake.messages) == 4
        assert ask(database, 1, now=clock.now()) == {1}
        running.wake("chat")
        assert [running.watcher.next() for _ in range(3)] == [("chat", "sent")] * 3
    assert [m["metadata"]["event_payload"]["case"] for m in fake.messages] == [2]
    assert [room.topic for room in fake.rooms.values()] == ["1"]
    assert fake.calls.count("chat.delete") == 3


def remove(server: FakeSlack, **more: object) -> Receipt:
    return using(server, lambda t: t.remove(delivery(type=NoticeType.CASE_FORGOTTEN, **more)))


def test_slack_removes_twice_without_harm() -> None:
    server = FakeSlack()
    ts = using(server, lambda t: t.deliver(delivery())).remote_id
    assert remove(server, withdraws=ts) == remove(server, withdraws=ts) == Receipt()
    assert server.messages == []
    remove(server, room="gone", room_id="C0GONE", withdraws=ts)
    remove(server, room="never-made", withdraws=ts)


def test_slack_says_so_where_it_may_not_remove() -> None:
    server = FakeSlack(misbehave={"chat.delete": [error("cant_delete_message")]})
    with pytest.raises(SlackError, match="cant_delete_message"):
        remove(server, withdraws="1.0")
    assert server.calls == ["chat.delete"]


@pytest.mark.usefixtures("impatient")
def test_a_doubtful_request_is_sent_again(database: Engine) -> None:
    tell(database, notice("hook"))
    with receiver(in_turn(Reply(drop=True), Reply())) as server:
        values = {"url": server.url, "secret": SECRET, "rate": 1000}
        with sending(database, {"hook": webhook.Settings.model_validate(values)}) as running:
            ask(database, CASE.number, now=clock.now())
            running.wake("hook")
            assert [running.watcher.next()[1] for _ in range(2)] == ["unknown", "sent"]
        assert server.next().headers["webhook-id"] == server.next().headers["webhook-id"]


def test_a_kind_that_can_no_longer_take_back_says_so(database: Engine) -> None:
    tell(database, notice("hook"))
    ask(database, CASE.number, now=clock.now())
    with sending(database, {"hook": log.Settings(kind="log")}) as running:
        running.wake("hook")
        assert running.watcher.next() == ("hook", "refused")
    with database.connect() as connection:
        said = connection.scalar(text("SELECT error FROM deliveries WHERE state = 'dead'"))
    assert said == "the target cannot take back what it was told"
