"""A case's own channel on Slack: opened once, whatever is lost on the way, and left alone where it is another's."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from escalation_bridge import outbox
from escalation_bridge.slack_rooms import NAME_LENGTH
from leitstand import clock
from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.model import NoticeType, Receipt
from tests.escalation_bridge.fake_slack import CHANNEL, FakeRoom, FakeSlack, error, unescaped
from tests.escalation_bridge.receivers import receiver
from tests.escalation_bridge.senders import sending
from tests.escalation_bridge.using_slack import settings, using
from tests.escalation_bridge.words import CASE, delivery, notice

NAME = "cloud-support-sev1-27343"
MEMBERS = {"cloud-support": ["S0CLOUD", "U0ANNA"], "ben": ["U0BEN"], "carla": ["U0GONE"]}


def open_room(server: FakeSlack, *, private: bool = False, **more: Any) -> Receipt:
    words = {"room": NAME, "invited": ("cloud-support", "ben", "carla", "nobody-known"), **more}
    return using(
        server, lambda t: t.open_room(delivery(**words)), room_members=MEMBERS, room_private=private
    )  # fmt: skip


def test_it_is_made_with_its_topic_and_its_people_and_told_the_case() -> None:
    server = FakeSlack(groups={"S0CLOUD": ["U0BEN"]})
    receipt = open_room(server)
    (room,) = server.rooms.values()
    assert (room.name, room.private) == (NAME, False)
    assert room.topic == "SEV1 Login is down since 8, nothing works · https://desk.example/cases/27343"
    assert room.members == ["U0BEN", "U0ANNA"], "who is not known to Slack keeps nobody out"
    (message,) = server.messages
    assert message["channel"] == room.id and message["text"].startswith("SEV1 new case 27343")
    assert receipt.room is not None
    assert receipt.room.url == f"https://acme-test.slack.example/archives/{room.id}"
    assert receipt.remote_id == message["ts"]


def test_a_topic_is_shown_as_the_post_says_it() -> None:
    server = FakeSlack()
    title = "<https://evil.example|bank> & " + "<&>" * 200
    open_room(server, case=replace(CASE, title=title))
    (room,) = server.rooms.values()
    assert "<" not in room.topic
    assert unescaped(room.topic).startswith("SEV1 <https://evil.example|bank> & <&>")
    assert unescaped(room.topic).endswith("… · https://desk.example/cases/27343")


def test_a_private_one_is_private() -> None:
    server = FakeSlack()
    open_room(server, private=True)
    assert [room.private for room in server.rooms.values()] == [True]


def test_a_room_of_ours_is_found_again_on_any_page() -> None:
    server = FakeSlack(page_size=1)
    server.rooms["C0OLD"] = FakeRoom("C0OLD", "holidays", "U0ANNA")
    first, second = open_room(server), open_room(server, key="msg_2")
    assert first.room == second.room and len(server.rooms) == 2
    assert len(server.messages) == 2


@pytest.mark.parametrize("how", ["another's", "another case's", "archived", "not to be seen"])
def test_a_name_that_is_taken_gets_a_number(how: str) -> None:
    server = FakeSlack()
    room = FakeRoom("C0OLD", NAME, "U0ANNA" if how == "another's" else "U0BOT")
    room.archived, room.hidden = how == "archived", how == "not to be seen"
    server.rooms["C0OLD"] = room
    if how == "another case's":
        told = {"event_type": "leitstand_notice", "event_payload": {"key": "msg_old", "case": 1}}
        server.messages.append({"channel": "C0OLD", "ts": "1.0", "text": "an older case", "metadata": told})
    receipt = open_room(server)
    assert receipt.room is not None and receipt.room.name == f"{NAME}-2"
    assert [m["channel"] for m in server.messages if m["ts"] != "1.0"] == [receipt.room.id]


def test_what_other_apps_say_in_a_room_of_ours_makes_it_nobody_elses() -> None:
    server = FakeSlack(rooms={"C0OLD": FakeRoom("C0OLD", NAME, "U0BOT")})
    survey = {"event_type": "survey_posted", "event_payload": {"id": 7}}
    server.messages.append({"channel": "C0OLD", "ts": "1.0", "text": "How was it?", "metadata": survey})
    receipt = open_room(server)
    assert receipt.room is not None and receipt.room.id == "C0OLD"


def test_where_every_name_is_taken_it_gives_up() -> None:
    taken = [FakeRoom(f"C0{n}", NAME if n == 1 else f"{NAME}-{n}", "U0ANNA") for n in range(1, 5)]
    with pytest.raises(DeliveryError, match="taken by others") as caught:
        open_room(FakeSlack(rooms={room.id: room for room in taken}))
    assert caught.value.outcome is DeliveryOutcome.REFUSED


def test_a_room_that_is_known_is_told_and_one_that_has_gone_is_made_anew() -> None:
    server = FakeSlack()
    first = open_room(server)
    assert first.room is not None
    calls = len(server.calls)
    assert open_room(server, key="msg_2", room_id=first.room.id).room is None
    assert server.calls[calls:] == ["chat.postMessage"]
    server.rooms[first.room.id].archived = True
    again = open_room(server, key="msg_3", room_id=first.room.id)
    assert again.room is not None and again.room.name == f"{NAME}-2"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("missing_scope", DeliveryOutcome.REFUSED),
        ("restricted_action", DeliveryOutcome.REFUSED),
        ("invalid_name_specials", DeliveryOutcome.REFUSED),
        ("token_revoked", DeliveryOutcome.UNAUTHORISED),
        ("ratelimited", DeliveryOutcome.RATE_LIMITED),
        ("internal_error", DeliveryOutcome.UNKNOWN),
    ],
)
def test_what_may_not_be_made_is_given_up_and_does_not_stop_the_target(code: str, outcome: DeliveryOutcome) -> None:
    with pytest.raises(DeliveryError) as caught:
        open_room(FakeSlack(misbehave={"conversations.create": [error(code)]}))
    assert caught.value.outcome is outcome


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("ratelimited", DeliveryOutcome.RATE_LIMITED),
        ("invalid_auth", DeliveryOutcome.UNAUTHORISED),
        ("is_archived", DeliveryOutcome.REFUSED),
    ],
)
def test_what_cannot_be_told_in_a_new_room_is_tried_again_unless_the_room_is_gone(
    code: str, outcome: DeliveryOutcome
) -> None:
    with pytest.raises(DeliveryError) as caught:
        open_room(FakeSlack(misbehave={"chat.postMessage": [error(code)]}))
    assert caught.value.outcome is outcome


def test_a_room_without_topic_and_people_is_better_than_none() -> None:
    server = FakeSlack(
        misbehave={
            "conversations.setTopic": [error("user_is_restricted")],
            "conversations.invite": [error("missing_scope")],
            "usergroups.users.list": [error("missing_scope")],
        }
    )
    assert open_room(server).room is not None and len(server.messages) == 1


@pytest.mark.parametrize("wanted", ["Cloud & Söhne/EU sev1 7", "ß" * 200, "…"])
def test_any_name_becomes_one_that_slack_takes(wanted: str) -> None:
    server = FakeSlack()
    open_room(server, room=wanted)
    (room,) = server.rooms.values()
    assert 0 < len(room.name) <= NAME_LENGTH


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("lost", ["conversations.create", "conversations.setTopic", "chat.postMessage"])
def test_it_appears_once_whichever_answer_is_lost(database: Engine, lost: str) -> None:
    server = FakeSlack(drop_after=[lost])
    with receiver(server) as running, sending(database, {"sev1-slack": settings(running.url)}) as senders:
        with database.begin() as connection:
            opens = replace(notice("sev1-slack"), room=NAME, invited=("cloud-support",))
            outbox.add(connection, [opens], clock.now())
        senders.wake("sev1-slack")
        assert [senders.watcher.next()[1] for _ in range(2)] == ["unknown", "sent"]
    assert [room.name for room in server.rooms.values()] == [NAME]
    assert len(server.messages) == 1


@pytest.mark.usefixtures("impatient")
def test_later_notices_of_the_case_go_where_they_belong(database: Engine) -> None:
    server = FakeSlack()
    with receiver(server) as running, sending(database, {"sev1-slack": settings(running.url)}) as senders:
        for purpose, where, kind in (
            ("step", NAME, NoticeType.CASE_ESCALATED),
            ("page", "", NoticeType.CASE_ESCALATED),
            ("over", NAME, NoticeType.CASE_CLOSED),
        ):
            with database.begin() as connection:
                told = replace(notice("sev1-slack", purpose=purpose), type=kind, room=where)
                outbox.add(connection, [told], clock.now())
            senders.wake("sev1-slack")
            assert senders.watcher.next()[1] == "sent"
    (room,) = server.rooms.values()
    assert [m["channel"] for m in server.messages] == [room.id, CHANNEL, room.id]
    with database.connect() as connection:
        kept = connection.execute(text("SELECT case_number, name, remote_id FROM delivery_rooms")).all()
    assert [tuple(row) for row in kept] == [(CASE.number, NAME, room.id)]


@pytest.mark.usefixtures("impatient")
def test_a_room_that_cannot_be_made_is_a_dead_letter_at_once(database: Engine) -> None:
    server = FakeSlack(misbehave={"conversations.create": [error("missing_scope")]})
    with receiver(server) as running, sending(database, {"sev1-slack": settings(running.url)}) as senders:
        with database.begin() as connection:
            outbox.add(connection, [replace(notice("sev1-slack"), room=NAME), notice("sev1-slack", 2)], clock.now())
        senders.wake("sev1-slack")
        assert {senders.watcher.next()[1] for _ in range(2)} == {"refused", "sent"}
    assert [m["channel"] for m in server.messages] == [CHANNEL]
