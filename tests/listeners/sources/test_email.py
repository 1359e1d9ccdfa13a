"""A mailbox as it is: numbers that begin anew, connections that end, machines that write, mails of every kind."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from leitstand.errors import FetchError
from listeners.contract import Batch
from listeners.mail.messages import read, without_quotes
from listeners.sources import email as source
from listeners.sources.email import Settings, verify
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_api import Asked, Reply, serving
from tests.listeners.servers_imap import PASSWORD, TOKEN, USER, FakeImap, imap_server

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


def mail(number: int = 1, body: str = "Acme is down", **headers: str) -> bytes:
    """A mail as people write it."""
    message = EmailMessage()
    given = {
        "From": "Jo Doe <Jo@mail.example>",
        "To": USER,
        "Subject": f"Problem {number}",
        "Date": "Tue, 03 Mar 2026 10:00:00 +0100",
        "Message-ID": f"<m{number}@mail.example>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    for name, value in given.items():
        message[name] = value
    message.set_content(body)
    return message.as_bytes()


def ids(*numbers: int) -> list[str]:
    return [f"m{number}@mail.example" for number in numbers]


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with imap_server() as one:
        yield one


def at(server: FakeImap, **more: Any) -> Settings:
    values = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "username": USER,
        "password": PASSWORD,
        "interval": "0.02s",
        **more,
    }
    return Settings.model_validate(values)


def hear(server: FakeImap, wanted: int, cursors: dict[str, str], **more: Any) -> list[str]:
    """The ids of so many mails."""

    async def go(one: Hearing) -> list[str]:
        while len(one.heard) < wanted:
            await one.next()
        return one.heard

    return run(source, at(server, **more), go, cursors)


def started(server: FakeImap, **more: Any) -> dict[str, str]:
    """The cursors after the first start."""
    cursors: dict[str, str] = {}
    run(source, at(server, **more), lambda one: one.next(), cursors)
    return cursors


def with_a_token(server: FakeImap, url: str, **more: Any) -> Settings:
    app = {"login_url": f"{url}/token", "client_id": "an-app", "client_secret": "the-secret-of-the-app"}
    return at(server, password=None, **{**app, **more})


def issued(asked: Asked) -> Reply:
    """A provider that issues tokens to one app."""
    if asked.query.get("client_secret") != "the-secret-of-the-app" and asked.query.get("refresh_token") != "granted":
        return Reply({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."}, 401)
    return Reply({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})


def test_where_no_password_is_taken_a_token_is_asked_for(server: FakeImap) -> None:
    asked: list[Asked] = []

    def answer(request: Asked) -> Reply:
        asked.append(request)
        return issued(request)

    with serving(answer) as url:
        scope = "https://outlook.example/.default"
        said = asyncio.run(verify(with_a_token(server, url, scope=scope)))
        granted = with_a_token(server, url, client_secret=None, refresh_token="granted")
        assert asyncio.run(verify(granted)) == said
        server.deliver(mail(1))
        cursors: dict[str, str] = {}
        run(source, granted, lambda one: one.next(), cursors)
    forms = [one.query for one in asked]
    app = {"client_id": "an-app", "client_secret": "the-secret-of-the-app"}
    assert forms[0] == {"grant_type": "client_credentials", "scope": scope, **app}
    assert forms[1] == {"grant_type": "refresh_token", "client_id": "an-app", "refresh_token": "granted"}
    assert cursors["INBOX"]


def test_a_token_that_is_not_issued_or_not_taken_is_told_once_in_words(server: FakeImap) -> None:
    with serving(issued) as url:
        with pytest.raises(FetchError, match="does not issue a token to this client_id") as caught:
            asyncio.run(verify(with_a_token(server, url, client_secret="wrong-secret")))
        assert (caught.value.permanent, caught.value.said) == (True, "AADSTS7000215: Invalid client secret.")
        assert "wrong-secret" not in str(caught.value)
        server.tokens = set()
        with pytest.raises(FetchError, match="does not let this app into the mailbox") as caught:
            asyncio.run(verify(with_a_token(server, url)))
        assert caught.value.permanent and TOKEN not in str(caught.value)
    with pytest.raises(FetchError, match="cannot be reached") as caught:
        asyncio.run(verify(with_a_token(server, url)))
    assert not caught.value.permanent


def test_a_password_may_have_any_letters(server: FakeImap) -> None:
    server.password = "Größe \0 ☂"
    assert asyncio.run(verify(at(server, password=server.password)))
    with pytest.raises(FetchError, match="does not take this username and password"):
        asyncio.run(verify(at(server, password="größe")))


@pytest.mark.parametrize(
    "login",
    [
        {},
        {"password": "p", "login_url": "https://login.example", "client_id": "c", "client_secret": "s"},
        {"login_url": "https://login.example"},
        {"login_url": "https://login.example", "client_id": "c"},
        {"password": "p", "client_secret": "s"},
    ],
)
def test_one_way_to_log_in_is_needed(login: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="login_url"):
        Settings.model_validate({"host": "imap.example.org", "username": USER, **login})


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("INBOX", "INBOX"),
        ("Störungen & Fragen", "St&APY-rungen &- Fragen"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # the example of RFC 3501
        ("Entwürfe/🔥", "Entw&APw-rfe/&2D3dJQ-"),
    ],
)
def test_a_mailbox_may_have_any_name(server: FakeImap, name: str, written: str) -> None:
    server.mailbox = written
    assert asyncio.run(verify(at(server, mailbox=name)))
    with pytest.raises(FetchError, match="has no mailbox"):
        asyncio.run(verify(at(server, mailbox=f"{name}x")))


def test_what_was_there_before_the_first_start_is_not_heard(server: FakeImap) -> None:
    server.deliver(mail(1))
    cursors = started(server)
    server.deliver(mail(2))
    assert hear(server, 1, cursors) == ids(2)


def test_a_mail_is_heard_while_we_wait_and_the_mailbox_is_not_touched(server: FakeImap) -> None:
    async def go(one: Hearing) -> Batch:
        await one.next()
        waiting = asyncio.ensure_future(one.until(lambda batch: bool(batch.mentions)))
        assert await asyncio.to_thread(server.idling.wait, 60)
        server.deliver(mail(1))
        return await waiting

    [mention] = run(source, at(server), go).mentions
    assert (mention.external_id, mention.title, mention.text) == (*ids(1), "Problem 1", "Acme is down")
    assert (mention.author.id, mention.author.name, mention.kind) == ("jo@mail.example", "Jo Doe", "message")
    assert mention.created_at == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert set(server.commands) <= {"LOGIN", "CAPABILITY", "EXAMINE", "FETCH", "IDLE", "DONE"}


def test_without_idle_the_mailbox_is_looked_at(server: FakeImap) -> None:
    server.can_idle = False
    cursors = started(server)
    server.deliver(mail(1))
    assert hear(server, 1, cursors) == ids(1)
    assert "IDLE" not in server.commands


def test_a_mailbox_that_is_numbered_anew_is_read_again(server: FakeImap) -> None:
    server.deliver(mail(1), mail(2))
    cursors = started(server)
    server.validity, server.mails = 2, {1: mail(2), 2: mail(3)}

    async def go(one: Hearing) -> list[str]:
        await one.until(lambda batch: bool(batch.lost))
        return one.heard

    assert run(source, at(server), go, cursors) == ids(2, 3)  # the known one is a duplicate to the store
    server.deliver(mail(4))
    assert hear(server, 1, cursors) == ids(4)


def test_one_bad_mail_among_good_ones_harms_only_itself(server: FakeImap) -> None:
    cursors = started(server)
    server.deliver(mail(1), b"", b"\xff\xfe\x00", b"From: \r\n\r\nx", mail(2), b"From: a@b.example\r\n" * 2000, mail(3))
    heard = hear(server, 4, cursors)
    assert [name for name in heard if not name.startswith("sha-")] == ids(1, 2, 3)


def test_late_and_undated_mails_are_heard(server: FakeImap) -> None:
    cursors = started(server)
    dates = ("Mon, 03 Mar 2025 10:00:00 +0100", "", "never", "Tue, 03 Mar 2099 10:00:00 +0100")
    server.deliver(*(mail(number, Date=date) for number, date in enumerate(dates, 1)))
    assert hear(server, 4, cursors) == ids(1, 2, 3, 4)


@pytest.mark.parametrize("chatter", [b"* 5 EXISTS\r\n", b"* OK still here\r\n* 1 RECENT\r\n"])
def test_what_a_server_says_between_its_answers_misleads_nobody(server: FakeImap, chatter: bytes) -> None:
    cursors = started(server)
    server.chatter = chatter
    server.deliver(mail(1))
    assert hear(server, 1, cursors, idle="0.1s") == ids(1)


def test_a_mail_that_came_while_the_server_answered_is_not_waited_for(server: FakeImap) -> None:
    """The server says so once, and not again to whoever begins to wait."""
    cursors = started(server)

    async def go(one: Hearing) -> list[str]:
        server.mails[1], server.chatter = mail(1), b"* 1 EXISTS\r\n"
        await one.until(lambda batch: bool(batch.mentions))
        server.mails[2] = mail(2)
        await one.until(lambda batch: bool(batch.mentions))
        return one.heard

    assert run(source, at(server, idle="28m"), go, cursors) == ids(1, 2)


def test_a_large_mail_is_cut(server: FakeImap) -> None:
    cursors = started(server)
    server.deliver(mail(1, "Acme " * 500_000))
    assert hear(server, 1, cursors) == ids(1)


@pytest.mark.parametrize(
    ("command", "answer", "said", "permanent"),
    [
        ("LOGIN", "NO [AUTHENTICATIONFAILED] no", "does not take this username and password", True),
        ("LOGIN", "NO [UNAVAILABLE] later", "refuses LOGIN", False),
        ("EXAMINE", "NO no such mailbox", "has no mailbox INBOX", True),
        ("FETCH", "BAD what", "refuses UID", False),
    ],
)
def test_what_is_refused_is_said_in_words(
    server: FakeImap, command: str, answer: str, said: str, permanent: bool
) -> None:
    server.refuse[command] = answer
    with pytest.raises(FetchError, match=said) as caught:
        hear(server, 1, {"INBOX": '{"validity":1,"uid":0}'})
    assert caught.value.permanent is permanent
    assert PASSWORD not in str(caught.value)
    assert server.commands.count("LOGIN") == 1


@pytest.mark.parametrize(
    "garbage", [b"", b"\x00\xff\r\n", b"* 1 FETCH (UID 1 BODY[] {99999999}\r\n", b"* 1 FETCH {5}\r\nab", b"x" * 300_000]
)
def test_garbage_ends_the_connection_with_words(server: FakeImap, garbage: bytes) -> None:
    server.garbage = garbage or b"\r\n"
    with pytest.raises(FetchError) as caught:
        hear(server, 1, {"INBOX": '{"validity":1,"uid":0}'})
    assert not caught.value.permanent


def test_verify_logs_in_and_looks(server: FakeImap) -> None:
    assert asyncio.run(verify(at(server))) == "127.0.0.1 lets us read INBOX"
    with pytest.raises(FetchError):
        asyncio.run(verify(at(server, password="wrong")))


def test_a_server_that_agrees_to_encrypt_and_does_not_ends_it_with_words() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK hello\r\n")
        tag = (await reader.readline()).split()[0]
        writer.write(tag + b" OK go ahead\r\n")
        await reader.read(1)
        writer.write(b"but this is no TLS\r\n")
        writer.close()
        await writer.wait_closed()

    async def go() -> None:
        there = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with there:
            port = there.sockets[0].getsockname()[1]
            login = {"username": USER, "password": PASSWORD}
            where = {"host": "127.0.0.1", "port": port, "security": "starttls"}
            await verify(Settings.model_validate({**where, **login}))

    with pytest.raises(FetchError, match=r"^127\.0\.0\.1 cannot be reached: ") as caught:
        asyncio.run(go())
    assert not caught.value.permanent


def test_a_password_is_not_sent_in_the_clear_to_another_host() -> None:
    with pytest.raises(ValidationError, match="in the clear"):
        Settings.model_validate({"host": "imap.example", "security": "none", "username": "a", "password": "b"})


# What a mail says


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "list"},
        {"X_Auto_Response_Suppress": "All"},
        {"Return_Path": "<>"},
        {"From": USER},
        {"From": "nobody"},
    ],
)
def test_machines_and_our_own_are_nobodys_voice(headers: dict[str, str]) -> None:
    assert read(mail(1, "Acme is down", **headers), NOW, "email", {USER}) is None
    assert read(mail(Auto_Submitted="no"), NOW, "email", {USER})


def test_where_customers_write_to_a_group_its_mails_are_heard() -> None:
    group: dict[str, Any] = {"Precedence": "list", "List_ID": "<support.acme.example>"}
    rewritten = {"From": "'Jo Doe' via Support <support@acme.example>", "X_Original_From": "Jo Doe <Jo@mail.example>"}
    for headers in (group, {**group, **rewritten}):
        assert read(mail(**headers), NOW, "email", {USER, "support@acme.example"}) is None
        told = read(mail(**headers), NOW, "email", {USER, "support@acme.example"}, lists=True)
        assert told is not None
        assert (told.author.handle, told.author.name) == ("jo@mail.example", "Jo Doe")
    for machine in ({"Precedence": "bulk"}, {"Auto_Submitted": "auto-replied"}):
        assert read(mail(**group | machine), NOW, "email", {USER}, lists=True) is None


def test_an_answer_joins_its_conversation() -> None:
    answer = read(mail(3, In_Reply_To="<m2@a>", References="<m1@a> <m2@a>"), NOW, "email", ())
    assert answer is not None
    assert (answer.parent_id, answer.conversation_id) == ("m2@a", "m1@a")
    first = read(mail(1), NOW, "email", ())
    assert first is not None
    assert (first.parent_id, first.conversation_id) == ("", "m1@mail.example")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Neu\n\n> alt\n> alt\nauch neu", "Neu\nauch neu"),
        ("Neu\n\nAm 3. März 2026 um 10:12 schrieb Jo <a@b>:\n\nalt", "Neu"),
        ("New\n\nOn Tue, 3 Mar 2026, Jo wrote:\nold", "New"),
        ("New\n-----Original Message-----\nFrom: x", "New"),
        ("New\n-- \nJo Doe\nAcme Ltd", "New"),
        ("> nothing but a quote", "> nothing but a quote"),
        ("On and on it goes", "On and on it goes"),
    ],
)
def test_quotes_and_signatures_are_not_said_anew(text: str, said: str) -> None:
    assert without_quotes(text) == said


def test_html_encodings_and_attachments() -> None:
    message = EmailMessage()
    message["From"] = "=?utf-8?q?J=C3=B6?= <jo@mail.example>"
    message["Subject"] = "=?iso-8859-1?q?St=F6rung?="
    message.set_content("<p>Acme <b>geht nicht</b></p>", subtype="html")
    message.add_attachment(b"x", maintype="image", subtype="png", filename="a.png")
    message.add_attachment("not said", filename="log.txt")
    found = read(message.as_bytes(), NOW, "email", ())
    assert found is not None
    assert (found.text, found.title, found.author.name, found.media) == ("Acme geht nicht", "Störung", "Jö", 1)
    assert found.created_at == NOW
    wrong = b"From: jo@mail.example\r\nContent-Type: text/plain; charset=nonsense\r\n\r\nSt\xf6rung"
    spelled = read(wrong, NOW, "email", ())
    assert spelled is not None
    assert spelled.text == "Störung"


headers = st.sampled_from(["From", "Subject", "Date", "Message-ID", "References", "Content-Type", "Precedence", "X"])


@given(
    st.lists(st.tuples(headers, st.text(st.characters(blacklist_characters="\r\n"), max_size=30)), max_size=8),
    st.binary(max_size=60),
)
def test_no_mail_is_a_crash(lines: list[tuple[str, str]], body: bytes) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in lines).encode("utf-8", "replace")
    for raw in (head + b"\r\n" + body, body, b"From: a@b.example\r\n" + head + b"\r\n" + body):
        found = read(raw, NOW, "email", ())
        assert found is None or (found.text and found.created_at <= NOW)


NAMES = ("From", "Subject", "Message-ID", "References", "Date", "Content-Type", "Content-Disposition", "Return-Path")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", ["(", "((a) ", '"', "=?utf-8?q?a?= ", "a@b.example, ", "a b ", ";"])
def test_a_header_without_end_is_no_crash_and_does_not_take_for_ever(name: str, part: str) -> None:
    """Read whole, each of them takes more depth than there is, or hours."""
    head = f"From: a@b.example\r\n{name}: {part * (900_000 // len(part))}\r\n"
    if name == "From":
        head = head.partition("\r\n")[2]
    found = read(f"{head}\r\nhello".encode(), NOW, "email", ())
    assert found is None or found.text


@pytest.mark.parametrize(
    "kind", ["multipart/mixed; boundary=b%d\r\n\r\n--b%d", "message/rfc822\r\n\r\nFrom: %d@%d.example"]
)
def test_parts_within_parts_without_end_leave_the_subject(kind: str) -> None:
    nested = "".join(f"Content-Type: {kind % (level, level)}\r\n" for level in range(5_000))
    found = read(f"From: a@b.example\r\nSubject: Acme\r\n{nested}\r\nhello".encode(), NOW, "email", ())
    assert found is not None and found.text == "Acme"


def test_a_mail_forwarded_again_and_again_is_read() -> None:
    inner = EmailMessage()
    inner.set_content("It is about Acme")
    for _ in range(9):
        outer = EmailMessage()
        outer["From"], outer["Subject"] = "a@b.example", "Fw: Acme"
        outer.add_attachment(inner)
        inner = outer
    found = read(inner.as_bytes(), NOW, "email", ())
    assert found is not None and found.text == "It is about Acme"


def test_a_mail_that_no_parser_can_follow_does_not_deafen_the_mailbox(server: FakeImap) -> None:
    cursors = started(server)
    server.deliver(b"From: " + b"(" * 100_000 + b"a@b.example\r\nSubject: x\r\n\r\nhello", mail(2))
    assert hear(server, 1, cursors)[-1:] == ids(2)
