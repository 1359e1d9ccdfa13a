"""The mail target against a real SMTP server that greylists, refuses and hangs up."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine

from escalation_bridge import outbox
from escalation_bridge.targets import email
from leitstand import clock
from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.model import Letter, NoticeType, Severity
from tests.escalation_bridge.fake_mail import FakeMail, mail_server
from tests.escalation_bridge.receivers import Reply, in_turn, receiver
from tests.escalation_bridge.senders import sending
from tests.escalation_bridge.words import CASE, delivery, notice

T = TypeVar("T")
DUTY, LEAD = "duty@example.org", "lead@example.org"


def settings(server: FakeMail, **more: object) -> email.Settings:
    plain = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "sender": "leitstand@example.org",
        "rate": 1000,
    }
    return email.Settings.model_validate({**plain, "recipients": [DUTY, LEAD], **more})


def using(server: FakeMail, ask: Callable[[email.EmailTarget], Awaitable[T]], **more: object) -> T:
    async def go() -> T:
        target = email.connect("duty-mail", settings(server, **more))
        try:
            return await ask(target)
        finally:
            await target.close()

    with mail_server(server):
        return asyncio.run(go())


def failure(server: FakeMail, **more: object) -> DeliveryOutcome:
    with pytest.raises(DeliveryError) as caught:
        using(server, lambda t: t.deliver(delivery()), **more)
    return caught.value.outcome


def test_a_mail_arrives() -> None:
    server = FakeMail()
    receipt = using(server, lambda t: t.deliver(delivery()))
    ((recipients, mail),) = server.taken
    assert recipients == (DUTY, LEAD)
    assert mail["Message-ID"] == receipt.remote_id == "<msg_abc234@example.org>"
    assert mail["Subject"] == "[Case 27343] SEV1 Login is down since 8, nothing works"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Importance"] == "high"
    assert "sev1 by the rule 'outage'" in mail.get_content()


def test_mails_about_a_case_are_one_conversation() -> None:
    server = FakeMail()

    async def both(target: email.EmailTarget) -> None:
        first = await target.deliver(delivery())
        await target.deliver(delivery(key="msg_2", type=NoticeType.SLA_WARNING, thread_id=first.remote_id))

    using(server, both)
    first, second = (mail for _, mail in server.taken)
    root = "<case-27343.duty-mail@example.org>"
    assert (first["In-Reply-To"], first["References"]) == (root, root)
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["References"] == f"{root} {first['Message-ID']}"
    assert second["Subject"] == first["Subject"]


def test_german_and_emoji_survive() -> None:
    server = FakeMail()
    case = replace(CASE, title="Störung 🔥 – nichts geht", text="Grüße 👩‍👩‍👧‍👦\n" + "x" * 2000, severity=Severity.SEV2)
    using(server, lambda t: t.deliver(delivery(case=case)), language="de")
    ((_, mail),) = server.taken
    assert mail["Subject"] == "[Fall 27343] SEV2 Störung 🔥 – nichts geht"
    assert "> Grüße 👩‍👩‍👧‍👦" in mail.get_content()
    assert "Importance" not in mail


def test_a_post_cannot_hide_words_in_another_encoding() -> None:
    """`=E2=80=AE` would turn the direction of all that follows it."""
    server = FakeMail()
    case = replace(CASE, title="=?utf-8?q?=E2=80=AEdaed_si_nigol?= =?utf-8?q?=0D=0ABcc:_x?=")
    using(server, lambda t: t.deliver(delivery(case=case)))
    ((_, mail),) = server.taken
    assert "\u202e" not in mail["Subject"] and "Bcc" in mail["Subject"]
    assert mail["Subject"].replace("\u200b", "") == f"[Case 27343] SEV1 {case.title}"


def test_a_post_cannot_add_a_header() -> None:
    server = FakeMail()
    case = replace(CASE, title="hi\r\nBcc: everyone@example.org\r\n\r\nbody")
    using(server, lambda t: t.deliver(delivery(case=case)))
    ((recipients, mail),) = server.taken
    assert recipients == (DUTY, LEAD)
    assert "Bcc" not in mail


@pytest.mark.parametrize(
    ("server", "outcome"),
    [
        (FakeMail(sender=["450 later"]), DeliveryOutcome.RETRY),
        (FakeMail(sender=["550 not you"]), DeliveryOutcome.REFUSED),
        (FakeMail(sender=["530 log in first"]), DeliveryOutcome.UNAUTHORISED),
        (FakeMail(codes={DUTY: ["450 greylisted"], LEAD: ["450 greylisted"]}), DeliveryOutcome.RETRY),
        (FakeMail(codes={DUTY: ["550 unknown"], LEAD: ["550 unknown"]}), DeliveryOutcome.REFUSED),
        (FakeMail(codes={DUTY: ["550 unknown"], LEAD: ["450 greylisted"]}), DeliveryOutcome.RETRY),
        (FakeMail(data=["451 later"]), DeliveryOutcome.RETRY),
        (FakeMail(data=["554 spam"]), DeliveryOutcome.REFUSED),
        (FakeMail(data=["drop"]), DeliveryOutcome.UNKNOWN),
    ],
)
def test_how_a_server_says_no(server: FakeMail, outcome: DeliveryOutcome) -> None:
    assert failure(server) is outcome


def test_nobody_there_means_surely_not_taken() -> None:
    server = FakeMail()
    with mail_server(server):
        pass
    with pytest.raises(DeliveryError) as caught:
        asyncio.run(email.connect("duty-mail", settings(server)).deliver(delivery()))
    assert caught.value.outcome is DeliveryOutcome.RETRY


def test_a_server_without_encryption_is_not_used() -> None:
    assert failure(FakeMail(), security="starttls") is DeliveryOutcome.UNAUTHORISED


def test_a_wrong_password_shuts_the_target() -> None:
    server = FakeMail()
    with mail_server(server, auth_require_tls=False), pytest.raises(DeliveryError) as caught:
        wrong = settings(server, username="leitstand", password="wrong")
        asyncio.run(email.connect("duty-mail", wrong).deliver(delivery()))
    assert caught.value.outcome is DeliveryOutcome.UNAUTHORISED
    assert "wrong" not in str(caught.value)


def with_a_token(server: FakeMail, url: str, **more: object) -> email.Settings:
    app = {"login_url": f"{url}/token", "client_id": "an-app", "client_secret": "the-secret-of-the-app"}
    return settings(server, username="leitstand", **{**app, **more})


def test_where_no_password_is_taken_a_token_is_asked_for_once() -> None:
    server = FakeMail(tokens={"first"})
    answers = in_turn(
        *(Reply(body=f'{{"access_token":"{one}","expires_in":3599}}'.encode()) for one in ("first", "next"))
    )

    async def mails(url: str) -> list[DeliveryOutcome]:
        outcomes: list[DeliveryOutcome] = []
        target = email.connect("duty-mail", with_a_token(server, url))
        for key, tokens in (("msg_1", {"first"}), ("msg_2", {"first"}), ("msg_3", {"next"}), ("msg_3", {"next"})):
            server.tokens = tokens
            try:
                await target.deliver(delivery(key=key))
            except DeliveryError as error:
                outcomes.append(error.outcome)
        await target.close()
        return outcomes

    with mail_server(server, auth_require_tls=False), receiver(answers) as provider:
        assert asyncio.run(mails(provider.url)) == [DeliveryOutcome.UNAUTHORISED], "one that was withdrawn is dropped"
        assert provider.requests.qsize() == 2
        form = dict(parse_qsl(provider.next().body.decode()))
    assert [mail["Message-ID"] for _, mail in server.taken] == [f"<msg_{n}@example.org>" for n in (1, 2, 3)]
    app = {"client_id": "an-app", "client_secret": "the-secret-of-the-app"}
    assert form == {"grant_type": "client_credentials", **app}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Reply(401, {}, b'{"error":"invalid_client"}'), DeliveryOutcome.UNAUTHORISED),
        (Reply(400, {}, b'{"error":"invalid_grant"}'), DeliveryOutcome.UNAUTHORISED),
        (Reply(503), DeliveryOutcome.RETRY),
        (Reply(429, {"Retry-After": "30"}), DeliveryOutcome.RATE_LIMITED),
        (Reply(200, {}, b"<html>"), DeliveryOutcome.RETRY),
        (Reply(drop=True), DeliveryOutcome.RETRY),
    ],
)
def test_without_a_token_nothing_was_taken(answer: Reply, outcome: DeliveryOutcome) -> None:
    async def go(server: FakeMail, url: str) -> None:
        target = email.connect("duty-mail", with_a_token(server, url))
        try:
            await target.deliver(delivery())
        finally:
            await target.close()

    with (
        receiver(answer) as provider,
        mail_server(FakeMail(), auth_require_tls=False) as server,
        pytest.raises(DeliveryError) as caught,
    ):
        asyncio.run(go(server, provider.url))
    assert caught.value.outcome is outcome
    assert "the-secret-of-the-app" not in str(caught.value)


def test_verify_logs_in_and_sends_nothing() -> None:
    server = FakeMail()
    with mail_server(server, auth_require_tls=False):
        right = settings(server, username="leitstand", password="right")
        assert asyncio.run(email.connect("duty-mail", right).verify()) == "127.0.0.1 lets leitstand in"
    assert server.taken == []


def test_who_is_refused_for_good_does_not_keep_the_mail_from_the_others() -> None:
    server = FakeMail(codes={LEAD: ["550 unknown"]})
    using(server, lambda t: t.deliver(delivery()))
    assert [recipients for recipients, _ in server.taken] == [(DUTY,)]


@pytest.mark.usefixtures("impatient")
def test_who_is_greylisted_gets_it_later_and_the_others_once(database: Engine) -> None:
    server = FakeMail(codes={LEAD: ["450 greylisted"]})
    with mail_server(server), sending(database, {"duty-mail": settings(server)}) as senders:
        with database.begin() as connection:
            outbox.add(connection, [notice("duty-mail")], clock.now())
        senders.wake("duty-mail")
        assert [senders.watcher.next()[1] for _ in range(2)] == ["retry", "sent"]
    assert [recipients for recipients, _ in server.taken] == [(DUTY,), (LEAD,)]


@pytest.mark.usefixtures("impatient")
def test_a_connection_lost_at_the_end_sends_the_same_id_again(database: Engine) -> None:
    server = FakeMail(data=["drop"])
    with mail_server(server), sending(database, {"duty-mail": settings(server)}) as senders:
        with database.begin() as connection:
            outbox.add(connection, [notice("duty-mail")], clock.now())
        senders.wake("duty-mail")
        assert [senders.watcher.next()[1] for _ in range(2)] == ["unknown", "sent"]
    one, other = (mail for _, mail in server.taken)
    assert one["Message-ID"] == other["Message-ID"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "no address"},
        {"recipients": []},
        {"recipients": ["dütsch@b.example"]},
        {"recipients": ["a..b@c.example"]},
        {"sender": ".a@b.example"},
        {"sender": "a@b..example"},
        {"recipients": ["a@b.example\r\nBcc: c@d.example"]},
        {"username": "u"},
        {"username": "u", "login_url": "https://login.example"},
        {"login_url": "https://login.example", "client_id": "c", "client_secret": "s"},
        {"username": "u", "password": "p", "login_url": "https://l.example", "client_id": "c", "client_secret": "s"},
        {"host": "smtp.example.org", "username": "u", "password": "p", "security": "none"},
        {"timezone": "Mars/Olympus"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(FakeMail(port=25), **wrong)


def test_a_letter_is_mailed_as_text_and_as_a_page() -> None:
    server = FakeMail()
    letter = Letter("Cloud: 5 posts", "Posts: 5", "<!doctype html><p>Posts: 5</p>", "https://desk.example")
    using(server, lambda t: t.deliver(delivery(letter=letter, type=NoticeType.DIGEST)))
    ((_, mail),) = server.taken
    assert mail["Subject"] == "Cloud: 5 posts" and "<digests.duty-mail@example.org>" in mail["References"]
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
