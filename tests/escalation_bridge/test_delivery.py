"""The delivery loop against receivers that misbehave, with a real PostgreSQL between."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from standardwebhooks import Webhook

from escalation_bridge import delivery, ledger, outbox, outcomes, pauses
from escalation_bridge.pauses import TargetStatus
from escalation_bridge.targets import webhook
from leitstand import clock
from leitstand.model import Notice, NoticeType
from tests.escalation_bridge.receivers import DROP, HANG, OK, Reply, Request, in_turn, receiver
from tests.escalation_bridge.senders import WAIT, sending
from tests.escalation_bridge.words import CASE, notice

SECRET = "whsec_" + "bGVpdHN0YW5k" * 3


def hook(url: str, **more: object) -> webhook.Settings:
    return webhook.Settings.model_validate({"url": url, "secret": SECRET, "rate": 1000, **more})


def add(database: Engine, *notices: Notice) -> None:
    with database.begin() as connection:
        outbox.add(connection, notices, clock.now())


def states(database: Engine) -> list[tuple[str, int]]:
    with database.connect() as connection:
        return [
            (r.state, r.attempts)
            for r in connection.execute(text("SELECT state, attempts FROM deliveries ORDER BY id"))
        ]


def test_a_notice_arrives_signed_and_is_marked(database: Engine) -> None:
    with receiver() as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, notice())
        running.wake("hook")
        request = server.next()
        body = Webhook(SECRET).verify(request.body, dict(request.headers))
        assert body["type"] == "case.opened"
        assert body["data"]["case"]["number"] == 27343
        assert request.headers["webhook-id"] == outbox.key(notice())
        assert running.watcher.next() == ("hook", "sent")
    assert states(database) == [("sent", 1)]


def test_it_is_woken_at_once(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "LOOK_EVERY", 3600.0)
    with receiver() as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, notice(number=1))
        running.wake("hook")
        assert running.watcher.next() == ("hook", "sent")
        add(database, notice(number=2))
        running.wake("hook")
        assert running.watcher.next() == ("hook", "sent")
    assert {server.next().headers["webhook-id"] for _ in range(2)} == {outbox.key(notice(number=n)) for n in (1, 2)}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("bad", "outcome"),
    [
        (Reply(500), "retry"),
        (Reply(503), "retry"),
        (Reply(302, {"Location": "http://127.0.0.1:1/"}), "retry"),
        (DROP, "unknown"),
        (Reply(429, {"Retry-After": "0"}), "rate_limited"),
    ],
)
def test_it_is_sent_again_under_the_same_id(database: Engine, bad: Reply, outcome: str) -> None:
    with receiver(in_turn(bad, bad, OK)) as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, notice())
        running.wake("hook")
        assert [running.watcher.next()[1] for _ in range(3)] == [outcome, outcome, "sent"]
        assert {server.next().headers["webhook-id"] for _ in range(3)} == {outbox.key(notice())}
    assert states(database) == [("sent", 3)]


@pytest.mark.usefixtures("impatient")
def test_one_that_never_answers_is_sent_again_under_the_same_id(database: Engine) -> None:
    with (
        receiver(in_turn(HANG, OK)) as server,
        sending(database, {"hook": hook(server.url, timeout="0.5s")}) as running,
    ):
        add(database, notice())
        running.wake("hook")
        outcomes = [running.watcher.next()[1]]
        while outcomes[-1] != "sent":  # a busy machine may be too slow for the second as well
            outcomes.append(running.watcher.next()[1])
        assert set(outcomes[:-1]) == {"unknown"}
        assert {server.next().headers["webhook-id"] for _ in outcomes} == {outbox.key(notice())}


@pytest.mark.parametrize("status", [400, 404, 410, 413, 422])
def test_a_refused_one_is_a_dead_letter_and_the_next_goes_on(database: Engine, status: int) -> None:
    with receiver(in_turn(Reply(status), OK)) as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, notice(purpose="1"), notice(purpose="2"))
        running.wake("hook")
        assert [running.watcher.next()[1] for _ in range(2)] == ["refused", "sent"]
    assert states(database) == [("dead", 1), ("sent", 1)]


def test_the_target_pauses_as_long_as_it_asks(database: Engine) -> None:
    later = clock.now() + timedelta(minutes=5)
    reply = Reply(429, {"Retry-After": later.strftime("%a, %d %b %Y %H:%M:%S GMT")})
    with receiver(reply) as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, notice(number=1))
        running.wake("hook")
        assert running.watcher.next() == ("hook", "rate_limited")
        add(database, notice(number=2))
        running.wake("hook")
    assert states(database) == [("pending", 1), ("pending", 0)]
    with database.connect() as connection:
        until = connection.execute(text("SELECT paused_until FROM target_status")).scalar_one()
    assert abs(until - later) < timedelta(minutes=2)


def test_what_was_under_way_when_the_target_asked_for_a_pause_does_not_end_it(database: Engine) -> None:
    asked, paused = threading.Event(), threading.Event()

    def respond(request: Request) -> Reply:
        if request.headers["webhook-id"] == outbox.key(notice(number=1)):
            asked.set()
            paused.wait(WAIT)
            return OK
        asked.wait(WAIT)
        return Reply(429, {"Retry-After": "300"})

    with receiver(respond) as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, notice(number=1), notice(number=2))
        running.wake("hook")
        assert running.watcher.next() == ("hook", "rate_limited")
        paused.set()
        assert running.watcher.next() == ("hook", "sent")
        with database.connect() as connection:
            status = pauses.status(connection, "hook")
        assert status.paused(clock.now() + timedelta(minutes=4))
        assert (status.failures, status.error) == (0, "HTTP 429")


LOGIN = b"""<!DOCTYPE html>
<html><head><title>Sign in</title></head><body><form action="/login"><input type="password" name="p"></form></body>"""


@pytest.mark.parametrize("page", [LOGIN, LOGIN.replace(b'type="password" name="p"', b'type=hidden name="SAMLRequest"')])
def test_a_page_to_log_in_at_is_no_receipt(database: Engine, page: bytes) -> None:
    with receiver(Reply(200, {}, page)) as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, notice())
        running.wake("hook")
        assert running.watcher.next() == ("hook", "unauthorised")
    assert states(database) == [("pending", 1)]
    with database.connect() as connection:
        assert pauses.status(connection, "hook").error == "HTTP 200, but a page to log in at"


@pytest.mark.parametrize("page", [b"<html><body>OK, taken</body></html>", b'{"type": "password"}', b""])
def test_any_other_answer_is_one(database: Engine, page: bytes) -> None:
    with receiver(Reply(200, {}, page)) as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, notice())
        running.wake("hook")
        assert running.watcher.next() == ("hook", "sent")


def test_wrong_credentials_pause_the_target_and_lose_nothing(database: Engine) -> None:
    with receiver(Reply(401)) as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, notice())
        running.wake("hook")
        assert running.watcher.next() == ("hook", "unauthorised")
    assert states(database) == [("pending", 1)]
    with database.connect() as connection:
        assert connection.execute(text("SELECT paused_until > now() FROM target_status")).scalar_one()


@pytest.mark.usefixtures("impatient")
def test_a_target_that_comes_back_is_found_by_probes(database: Engine) -> None:
    with receiver(in_turn(*[Reply(500)] * 8, OK)) as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, notice(number=1), notice(number=2))
        running.wake("hook")
        outcomes = [running.watcher.next()[1] for _ in range(10)]
        assert outcomes.count("sent") == 2
    assert [s for s, _ in states(database)] == ["sent", "sent"]
    with database.connect() as connection:
        assert connection.execute(text("SELECT failures, paused_until FROM target_status")).all() == [(0, None)]


def test_a_stuck_target_delays_no_other(database: Engine) -> None:
    stuck, fine = receiver(HANG), receiver()
    with stuck as bad, fine as good:
        targets = {"stuck": hook(bad.url, timeout="10m"), "fine": hook(good.url)}
        with sending(database, targets, grace=timedelta(0)) as running:
            add(database, *(notice("stuck", n) for n in range(20)))
            running.wake("stuck")
            bad.next()
            add(database, *(notice("fine", n) for n in range(20)))
            running.wake("fine")
            assert {running.watcher.next() for _ in range(20)} == {("fine", "sent")}


@pytest.mark.parametrize("rate", [1000, 0.01])
@pytest.mark.usefixtures("impatient")
def test_a_slow_answer_does_not_make_another_sender_take_over(
    database: Engine, monkeypatch: pytest.MonkeyPatch, rate: float
) -> None:
    monkeypatch.setattr(delivery, "LEASE", timedelta(seconds=2))
    monkeypatch.setattr(delivery, "RENEW_EVERY", 0.05)
    asked, never = threading.Event(), threading.Event()

    def slow(_: Request) -> Reply:
        asked.set()
        never.wait(3)
        return OK

    with receiver(slow) as server, sending(database, {"hook": hook(server.url, rate=rate)}) as one:
        add(database, notice())
        one.wake("hook")
        assert asked.wait(WAIT)
        with sending(database, {"hook": hook(server.url)}):
            assert one.watcher.next() == ("hook", "sent")
        assert server.requests.qsize() == 1
    assert states(database) == [("sent", 1)]


def test_how_long_a_post_took_is_told_of_what_is_about_the_post(database: Engine) -> None:
    now = clock.now()
    young, old = (replace(CASE, opened_at=now - timedelta(seconds=age)) for age in (1, 60))
    about = {"a": NoticeType.CASE_OPENED, "b": NoticeType.CASE_ESCALATED, "c": NoticeType.CASE_UPDATED}
    with receiver() as server, sending(database, {name: hook(server.url) for name in (*about, "late")}) as running:
        with database.begin() as connection:
            told = [notice(name, 1, type=kind, case=young) for name, kind in about.items()]
            outbox.add(connection, [*told, notice("late", 2, case=old)], now)
        for name in (*about, "late"):
            running.wake(name)
        assert {running.watcher.next() for _ in range(4)} == {(name, "sent") for name in (*about, "late")}
    timed = sorted(running.watcher.seconds.get_nowait()[0] for _ in range(running.watcher.seconds.qsize()))
    assert timed == ["a", "b"]


def test_what_is_under_way_at_a_stop_is_given_back_as_doubtful(database: Engine) -> None:
    with receiver(HANG) as server, sending(database, {"hook": hook(server.url)}, grace=timedelta(0)) as running:
        add(database, notice())
        running.wake("hook")
        server.next()
    assert states(database) == [("unknown", 1)]
    with database.begin() as connection:
        assert [d.doubtful for d in outbox.claim(connection, "hook", 1, timedelta(minutes=1), clock.now())] == [True]


def test_what_ends_just_as_the_sender_stops_is_no_fault(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, stopping = threading.Event(), threading.Event()

    def respond(_: Request) -> Reply:
        asked.set()
        stopping.wait(60)
        return OK

    def renew(*_: object) -> int:
        stopping.set()
        assert running.watcher.next() == ("hook", "sent")
        return 1

    monkeypatch.setattr(delivery, "RENEW_EVERY", 3600.0)
    monkeypatch.setattr(outbox, "renew", renew)
    with receiver(respond) as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, notice())
        running.wake("hook")
        assert asked.wait(60)
    assert states(database) == [("sent", 1)]


def test_the_order_of_a_case_is_kept(database: Engine) -> None:
    with receiver() as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, *(notice(purpose=str(n), reason=str(n)) for n in range(12)))
        running.wake("hook")
        reasons = [json.loads(server.next().body)["data"]["reason"] for _ in range(12)]
    assert reasons == [str(n) for n in range(12)]


def test_one_too_old_is_a_dead_letter_and_not_sent(database: Engine) -> None:
    with receiver() as server, sending(database, {"hook": hook(server.url, max_age="1h")}) as running:
        with database.begin() as connection:
            outbox.add(connection, [notice()], clock.now() - timedelta(hours=2))
        running.wake("hook")
        assert running.watcher.next() == ("hook", "expired")
        assert server.requests.empty()
    assert states(database) == [("dead", 1)]


@pytest.mark.parametrize("tried", [True, False])
def test_one_that_grew_too_old_says_what_it_failed_with(database: Engine, tried: bool) -> None:
    with database.begin() as connection:
        outbox.add(connection, [notice()], clock.now() - timedelta(hours=25))
        if tried:
            connection.execute(text("UPDATE deliveries SET error = 'HTTP 503', attempts = 300"))
        else:
            pauses.note_failure(connection, "hook", "HTTP 503", clock.now(), lambda _: TargetStatus(7))
    with receiver() as server, sending(database, {"hook": hook(server.url)}) as running:
        running.wake("hook")
        assert running.watcher.next() == ("hook", "expired")
    with database.connect() as connection:
        (entry,) = ledger.list_deliveries(connection)
    assert (entry.state, entry.error) == ("dead", "not delivered within 1d: HTTP 503")


@pytest.mark.usefixtures("impatient")
def test_one_notice_that_a_target_chokes_on_does_not_speak_for_the_others(database: Engine) -> None:
    poison = outbox.key(notice(number=1))

    def respond(request: Request) -> Reply:
        return Reply(500) if request.headers["webhook-id"] == poison else OK

    with receiver(respond) as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, notice(number=1))
        running.wake("hook")
        assert [running.watcher.next()[1] for _ in range(8)] == ["retry"] * 8
        add(database, *(notice(number=n) for n in range(2, 12)))
        running.wake("hook")
        outcomes: list[str] = []
        while outcomes.count("sent") < 10:
            outcomes.append(running.watcher.next()[1])
        assert outcomes.count("retry") < 100
    assert states(database)[1:] == [("sent", 1)] * 10


@pytest.mark.usefixtures("impatient")
def test_connections_cut_by_postgresql_lose_and_double_nothing(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for waiting in (delivery, outcomes):
        monkeypatch.setattr(waiting, "WAIT_AFTER_FAULT", 0.02)

    one_by_one = threading.Lock()

    def respond(_: Request) -> Reply:
        with one_by_one, database.connect() as connection:
            connection.execute(
                text("""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND pid <> pg_backend_pid()""")
            )
        return OK

    with receiver(respond) as server, sending(database, {"hook": hook(server.url)}) as running:
        add(database, *(notice(number=n) for n in range(1, 6)))
        running.wake("hook")
        assert [running.watcher.next()[1] for _ in range(5)] == ["sent"] * 5
        assert len({server.next().headers["webhook-id"] for _ in range(5)}) == 5
    assert states(database) == [("sent", 1)] * 5


def test_the_time_from_post_to_notice_is_told_for_new_cases_only(database: Engine) -> None:
    now = clock.now()
    fresh = replace(CASE, opened_at=now)
    with receiver() as server, sending(database, {"hook": hook(server.url)}) as running:
        add(
            database,
            notice(number=1, case=fresh),
            notice(number=2, case=fresh, type=NoticeType.SLA_WARNING),
            notice(number=3),
        )
        running.wake("hook")
        assert {running.watcher.next() for _ in range(3)} == {("hook", "sent")}
        target, seconds = running.watcher.seconds.get(timeout=WAIT)
    assert target == "hook"
    assert 0 < seconds < 300
    assert running.watcher.seconds.empty()


SENDER = """
import asyncio, sys
from escalation_bridge import delivery
from escalation_bridge.targets import webhook
from leitstand import database

class Nobody:
    def attempted(self, target, outcome): pass
    def delivered(self, target, seconds_since_received): pass

async def main():
    settings = webhook.Settings(url=sys.argv[2], secret=sys.argv[3])
    engine = database.engine(sys.argv[1])
    await delivery.run_target(
        "hook", webhook.connect("hook", settings), settings, engine, asyncio.Event(), asyncio.Event(), Nobody()
    )

asyncio.run(main())
"""


def test_a_sender_killed_between_send_and_mark_leaves_the_same_id_to_the_next(
    database: Engine, database_url_of_test: str
) -> None:
    killed: list[int] = []

    def respond(_: Request) -> Reply:
        if killed:
            return OK
        killed.append(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        return DROP

    add(database, notice())
    root = str(Path(outbox.__file__).parents[1])
    with receiver(respond) as server:
        command = [sys.executable, "-c", SENDER, database_url_of_test, server.url, SECRET]
        process = subprocess.Popen(command, cwd=root)
        first = server.next()
        process.wait(60)
        assert states(database) == [("sending", 1)]
        with database.begin() as connection:  # the lease runs out
            connection.execute(text("UPDATE deliveries SET next_attempt_at = now()"))
        with sending(database, {"hook": hook(server.url)}) as running:
            assert running.watcher.next() == ("hook", "sent")
        second = server.next()
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
