"""The Slack target against a Slack that can say no, forget to answer and page its history."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from escalation_bridge import outbox
from leitstand import clock
from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.model import Letter, NoticeType
from tests.escalation_bridge.fake_slack import CHANNEL, TOKEN, FakeSlack, drawn, error
from tests.escalation_bridge.receivers import Reply, receiver
from tests.escalation_bridge.senders import sending
from tests.escalation_bridge.using_slack import settings, using
from tests.escalation_bridge.words import CASE, delivery, explained, notice


def deliver(server: FakeSlack, *, mention: str = "", **more: Any) -> str:
    return using(server, lambda t: t.deliver(delivery(**more)), mention=mention).remote_id


def test_a_new_case_is_a_message_with_its_key() -> None:
    server = FakeSlack()
    ts = deliver(server)
    (message,) = server.messages
    assert message["ts"] == ts
    assert message["metadata"] == {
        "event_type": "leitstand_notice",
        "event_payload": {"key": "msg_abc234", "case": 27343},
    }
    assert message["text"].startswith("SEV1 new case 27343")
    assert "thread_ts" not in message


FACTS = {
    "en": (
        "*Why:* urgency critical: “down” (down), “nothing works” (nothing works); severity sev1: impact high"
        " (the author has 12,345 followers) × urgency critical; rule “status page”: team cloud-support,"
        " tags outage, press\n"
        "*State:* new, acknowledged by nobody\n"
        "*Author:* @sample_user (12,345 followers)\n"
        "*Read as:* negative · urgency critical · outage\n"
        "• urgency critical: “down” (down), “nothing works” (nothing works)\n"
        "• severity sev1: impact high (the author has 12,345 followers) × urgency critical\n"
        "• rule “status page”: team cloud-support, tags outage, press\n"
        "• SLA cloud: acknowledge in 5m, first response in 15m, resolution in 4h"
    ),
    "de": (
        "*Warum:* Dringlichkeit kritisch: „down“ (down), „nothing works“ (nothing works); Sev 1: Auswirkung hoch"
        " (dem Autor folgen 12.345 Personen) × Dringlichkeit kritisch; Regel „status page“: Team cloud-support,"
        " Label outage, press\n"
        "*Zustand:* neu, von niemandem bestätigt\n"
        "*Autor:* @sample_user (12.345 Follower)\n"
        "*Verstanden als:* negativ · Dringlichkeit kritisch · Ausfall\n"
        "• Dringlichkeit kritisch: „down“ (down), „nothing works“ (nothing works)\n"
        "• Sev 1: Auswirkung hoch (dem Autor folgen 12.345 Personen) × Dringlichkeit kritisch\n"
        "• Regel „status page“: Team cloud-support, Label outage, press\n"
        "• SLA cloud: Bestätigung binnen 5 min, erste Antwort binnen 15 min, Lösung binnen 4 h"
    ),
}


@pytest.mark.parametrize(
    ("language", "head", "links"),
    [
        ("en", "SEV1 new case 27343: Login is down since 8, nothing works · x · no deadline running", "Case Post"),
        ("de", "SEV1 neuer Fall 27343: Login is down since 8, nothing works · x · keine Frist läuft", "Fall Beitrag"),
    ],
)
def test_the_whole_message(language: str, head: str, links: str) -> None:
    server, case, post = FakeSlack(), *links.split()
    told = explained()
    told = replace(told, case=replace(told.case, clocks={}))
    using(server, lambda t: t.deliver(told), language=language)
    (message,) = server.messages
    assert message["text"] == head
    assert [drawn(block) for block in message["blocks"]] == [
        f"*{head}*\n{FACTS[language]}",
        "Login is down since 8, nothing works.\nAnyone else?",
        f"<https://desk.example/cases/27343|{case}> · <https://social.example/posts/1|{post}>",
    ]


def test_later_notices_go_into_the_thread_and_loud_ones_to_the_channel_too() -> None:
    server = FakeSlack()
    root = deliver(server)
    deliver(server, key="msg_2", thread_id=root, type=NoticeType.SLA_WARNING)
    deliver(server, key="msg_3", thread_id=root, type=NoticeType.CASE_ESCALATED)
    assert [(m.get("thread_ts"), m.get("reply_broadcast")) for m in server.messages] == [
        (None, None),
        (root, False),
        (root, True),
    ]


@pytest.mark.parametrize("kind", list(NoticeType))
def test_what_somebody_is_to_see_is_a_message_of_its_own(kind: NoticeType) -> None:
    """Slack tells nobody of a message that is changed."""
    server = FakeSlack()
    root = deliver(server)
    deliver(server, key="msg_2", thread_id=root, type=kind)
    assert len(server.messages) == (1 if kind in (NoticeType.CASE_UPDATED, NoticeType.CASE_CLOSED) else 2)


def test_incidents_and_reminders_are_told_to_the_channel() -> None:
    server = FakeSlack()
    root = deliver(server)
    for kind in ("incident.opened", "incident.grown", "incident.closed", "escalation.reminder"):
        deliver(server, key=f"msg_{kind}", thread_id=root, type=NoticeType(kind))
    assert [m.get("reply_broadcast") for m in server.messages] == [None, True, True, True, True]


def test_a_new_state_changes_the_cases_message() -> None:
    server = FakeSlack()
    root = deliver(server)
    assert deliver(server, key="msg_2", thread_id=root, type=NoticeType.CASE_CLOSED) == root
    (message,) = server.messages
    assert message["text"].startswith("SEV1 closed: case 27343")
    assert message["metadata"]["event_payload"]["key"] == "msg_abc234"


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_blocks_too_long", "msg_too_long"])
@pytest.mark.parametrize("kind", [NoticeType.CASE_OPENED, NoticeType.CASE_UPDATED])
def test_what_is_not_taken_as_it_is_made_is_said_in_one_line(code: str, kind: NoticeType) -> None:
    method = "chat.update" if kind is NoticeType.CASE_UPDATED else "chat.postMessage"
    server = FakeSlack()
    root = deliver(server) if kind is NoticeType.CASE_UPDATED else ""
    server.misbehave = {method: [error(code)]}
    deliver(server, key="msg_2", thread_id=root, type=kind)
    (message,) = server.messages
    assert message["blocks"] == []
    assert message["text"].endswith("· <https://desk.example/cases/27343|Case> · <https://social.example/posts/1|Post>")


@pytest.mark.parametrize("text", ["&" * 1000, "<>" * 500, "🔥" * 1000, "👩‍👩‍👧‍👦" * 140])
@pytest.mark.parametrize("letter", [False, True])
def test_no_post_is_too_long_for_slack(text: str, letter: bool) -> None:
    """A page that Slack does not take would be a dead letter."""
    server = FakeSlack()
    more = {"letter": Letter("Cloud", text * 3)} if letter else {"case": replace(CASE, title=text, text=text)}
    deliver(server, **more)
    (message,) = server.messages
    assert any(block.get("text", {}).get("type") == "plain_text" for block in message["blocks"])
    assert server.calls == ["chat.postMessage"]


@pytest.mark.parametrize("code", ["cannot_reply_to_message", "restricted_action_non_threadable_channel"])
def test_where_there_are_no_threads_it_is_a_message_of_its_own(code: str) -> None:
    server = FakeSlack()
    root = deliver(server)
    server.misbehave = {"chat.postMessage": [error(code)]}
    ts = deliver(server, key="msg_2", thread_id=root, type=NoticeType.SLA_WARNING)
    assert [(m["ts"], m.get("thread_ts")) for m in server.messages] == [(root, None), (ts, None)]
    warning = delivery(key="msg_2", thread_id=root, type=NoticeType.SLA_WARNING)
    found = using(server, lambda t: t.lookup(warning))
    assert found is not None
    assert found.remote_id == ts, "a doubtful one is looked for beside the thread, too"


@pytest.mark.parametrize("kind", [NoticeType.CASE_UPDATED, NoticeType.CASE_ESCALATED])
def test_a_deleted_message_gets_a_new_one(kind: NoticeType) -> None:
    server = FakeSlack()
    ts = deliver(server, thread_id="1.0", type=kind)
    assert [m["ts"] for m in server.messages] == [ts]


def test_new_and_escalated_cases_mention_whom_the_operator_says() -> None:
    server = FakeSlack()
    deliver(server, mention="<!here>")
    deliver(server, mention="<!here>", type=NoticeType.SLA_WARNING, key="msg_2")
    assert [m["text"].startswith("<!here> SEV1") for m in server.messages] == [True, False]


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (error("invalid_auth"), DeliveryOutcome.UNAUTHORISED),
        (error("token_revoked"), DeliveryOutcome.UNAUTHORISED),
        (error("channel_not_found"), DeliveryOutcome.UNAUTHORISED),
        (error("not_in_channel"), DeliveryOutcome.UNAUTHORISED),
        (error("is_archived"), DeliveryOutcome.UNAUTHORISED),
        (error("no_text"), DeliveryOutcome.REFUSED),
        (error("a_word_of_tomorrow"), DeliveryOutcome.REFUSED),
        (error("two_factor_setup_required"), DeliveryOutcome.UNAUTHORISED),
        (error("accesslimited"), DeliveryOutcome.UNAUTHORISED),
        (error("team_added_to_org"), DeliveryOutcome.RETRY),
        (error("internal_error"), DeliveryOutcome.UNKNOWN),
        (error("fatal_error"), DeliveryOutcome.UNKNOWN),
        (error("ratelimited"), DeliveryOutcome.RATE_LIMITED),
        (Reply(429, {"Retry-After": "30"}, b'{"ok":false,"error":"ratelimited"}'), DeliveryOutcome.RATE_LIMITED),
        (Reply(503), DeliveryOutcome.UNKNOWN),
        (Reply(200, {}, b"<html>proxy</html>"), DeliveryOutcome.UNKNOWN),
        (Reply(200, {}, b"\x1f\x8b\x00"), DeliveryOutcome.UNKNOWN),
    ],
)
def test_how_slack_says_no(reply: Reply, outcome: DeliveryOutcome) -> None:
    with pytest.raises(DeliveryError) as caught:
        deliver(FakeSlack(misbehave={"chat.postMessage": [reply]}))
    assert caught.value.outcome is outcome
    assert TOKEN not in str(caught.value)
    if reply.status == 429:
        assert caught.value.retry_after
        assert caught.value.retry_after.total_seconds() == 30


def test_the_look_up_finds_what_was_taken_on_any_page() -> None:
    server = FakeSlack(page_size=2)
    keys = [f"msg_{n}" for n in range(7)]
    remote = [deliver(server, key=key) for key in keys]
    for key, ts in zip(keys, remote, strict=True):
        found = using(server, lambda t, k=key: t.lookup(delivery(key=k)))  # type: ignore[misc]
        assert found is not None
        assert found.remote_id == ts
    assert using(server, lambda t: t.lookup(delivery(key="msg_other"))) is None


def test_the_look_up_searches_the_thread() -> None:
    server = FakeSlack()
    root = deliver(server)
    ts = deliver(server, key="msg_2", thread_id=root, type=NoticeType.SLA_WARNING)
    found = using(server, lambda t: t.lookup(delivery(key="msg_2", thread_id=root, type=NoticeType.SLA_WARNING)))
    assert found is not None
    assert found.remote_id == ts


def test_the_look_up_finds_what_stands_beside_a_thread_that_has_gone() -> None:
    server = FakeSlack()
    ts = deliver(server, key="msg_2", thread_id="1.0", type=NoticeType.SLA_WARNING)
    found = using(server, lambda t: t.lookup(delivery(key="msg_2", thread_id="1.0", type=NoticeType.SLA_WARNING)))
    assert found is not None
    assert found.remote_id == ts


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("lost", ["the answer", "the message"])
def test_a_page_appears_once_when_the_connection_is_lost(database: Engine, lost: str) -> None:
    server = FakeSlack()
    if lost == "the answer":
        server.drop_after = ["chat.postMessage"]
    else:
        server.misbehave = {"chat.postMessage": [Reply(drop=True)]}
    with receiver(server) as running, sending(database, {"sev1-slack": settings(running.url)}) as senders:
        with database.begin() as connection:
            outbox.add(connection, [notice("sev1-slack"), notice("sev1-slack", purpose="2")], clock.now())
        senders.wake("sev1-slack")
        assert [senders.watcher.next()[1] for _ in range(3)] == ["unknown", "sent", "sent"]
    assert len(server.messages) == 2
    assert server.messages[1]["thread_ts"] == server.messages[0]["ts"]
    assert server.calls[1] == "conversations.history"


@pytest.mark.usefixtures("impatient")
def test_a_look_up_that_fails_leaves_the_doubt(database: Engine) -> None:
    server = FakeSlack(
        drop_after=["chat.postMessage"], misbehave={"conversations.history": [Reply(503), error("fatal_error")]}
    )
    with receiver(server) as running, sending(database, {"sev1-slack": settings(running.url)}) as senders:
        with database.begin() as connection:
            outbox.add(connection, [notice("sev1-slack")], clock.now())
        senders.wake("sev1-slack")
        assert [senders.watcher.next()[1] for _ in range(4)] == ["unknown", "unknown", "unknown", "sent"]
    assert len(server.messages) == 1


def test_verify_sends_nothing() -> None:
    server = FakeSlack()
    assert using(server, lambda t: t.verify()) == f"leitstand of Acme can read {CHANNEL}"
    assert server.calls == ["auth.test", "conversations.history"]
    with pytest.raises(DeliveryError, match="not_in_channel"):
        using(FakeSlack(misbehave={"conversations.history": [error("not_in_channel")]}), lambda t: t.verify())


@pytest.mark.parametrize("scope", ["chat:write", "metadata.message:read"])
def test_verify_names_the_scope_that_the_token_lacks(scope: str) -> None:
    server = FakeSlack()
    server.scopes = ",".join(one for one in server.scopes.split(",") if one != scope)
    with pytest.raises(DeliveryError, match=f"missing_scope: it needs {scope}") as caught:
        using(server, lambda t: t.verify())
    assert caught.value.outcome is DeliveryOutcome.UNAUTHORISED
    assert using(FakeSlack(scopes=""), lambda t: t.verify()), "a proxy may keep the header to itself"


def test_what_slack_itself_says_is_missing_is_told() -> None:
    said = Reply(body=b'{"ok":false,"error":"missing_scope","needed":"channels:history","provided":"chat:write"}')
    with pytest.raises(DeliveryError, match="missing_scope: it needs channels:history"):
        using(FakeSlack(misbehave={"conversations.history": [said]}), lambda t: t.verify())


def test_a_letter_has_neither_facts_nor_a_case() -> None:
    server = FakeSlack()
    letter = Letter("Cloud: 5 posts", "Posts: 5\n• cloud: 5", link="https://desk.example")
    deliver(server, letter=letter, type=NoticeType.DIGEST)
    texts = [drawn(block) for block in server.messages[0]["blocks"]]
    assert texts == ["*Cloud: 5 posts*", "Posts: 5\n• cloud: 5", "<https://desk.example|Leitstand>"]
