"""Lists, sums, and dead letters put back."""

from datetime import timedelta

import psycopg
from sqlalchemy import Engine

from escalation_bridge import ledger, outbox, pauses
from escalation_bridge.outbox import Taken
from escalation_bridge.pauses import TargetStatus
from leitstand.model import Receipt
from tests.escalation_bridge.words import NOW, notice

LEASE = timedelta(minutes=1)


def fill(database: Engine) -> None:
    """At "a": one sent, one dead, one unknown, one pending. At "b": one dead. "c" only has a status."""
    with database.begin() as connection:
        outbox.add(connection, [notice("a", n) for n in range(1, 5)] + [notice("b", 1)], NOW)
        sent, dead, unknown = outbox.claim(connection, "a", 3, LEASE, NOW)
        outbox.mark_sent(connection, [Taken(sent, Receipt("r"), NOW)])
        outbox.mark_dead(connection, dead, NOW, "HTTP 410")
        outbox.mark_unknown(connection, unknown, NOW, "no answer")
        (other,) = outbox.claim(connection, "b", 3, LEASE, NOW)
        outbox.mark_dead(connection, other, NOW, "HTTP 400")
        pauses.note_failure(connection, "c", "no", NOW, lambda _: TargetStatus(7, NOW + LEASE))


def test_the_summary(database: Engine) -> None:
    fill(database)
    with database.connect() as connection:
        a, b, c = ledger.summary(connection)
    assert (a.target, a.pending, a.unknown, a.dead, a.oldest_at) == ("a", 2, 1, 1, NOW)
    assert (b.target, b.pending, b.dead, b.oldest_at) == ("b", 0, 1, None)
    assert (c.target, c.pending, c.failures, c.paused_until, c.error) == ("c", 0, 7, NOW + LEASE, "no")


def test_an_empty_outbox_has_no_summary(database: Engine) -> None:
    with database.connect() as connection:
        assert ledger.summary(connection) == []


def test_lists_the_newest_first_and_filters(database: Engine) -> None:
    fill(database)
    with database.connect() as connection:
        every = ledger.list_deliveries(connection)
        assert [(e.target, e.case_number) for e in every] == [("b", 1), ("a", 4), ("a", 3), ("a", 2), ("a", 1)]
        assert [e.error for e in ledger.list_deliveries(connection, state="dead")] == ["HTTP 400", "HTTP 410"]
        assert len(ledger.list_deliveries(connection, target="a", case_number=1)) == 1
        page = ledger.list_deliveries(connection, limit=2)
        assert ledger.list_deliveries(connection, before=page[-1].id) == every[2:]


def test_dead_letters_are_put_back_as_doubtful_and_their_sender_is_told(
    database: Engine, database_url_of_test: str
) -> None:
    fill(database)
    later = NOW + timedelta(days=3)
    with psycopg.connect(database_url_of_test, autocommit=True) as listener:
        listener.execute(f"LISTEN {outbox.NOTIFY_CHANNEL}")
        with database.begin() as connection:
            assert ledger.retry_dead(connection, later, target="b") == 1
            assert ledger.retry_dead(connection, later, target="b") == 0
        assert [n.payload for n in listener.notifies(timeout=60, stop_after=1)] == ["b"]
    with database.begin() as connection:
        (back,) = outbox.claim(connection, "b", 3, LEASE, later)
    assert (back.doubtful, back.retried_at, back.created_at, back.attempt) == (True, later, NOW, 2)


def test_dead_letters_are_put_back_by_their_ids_or_all(database: Engine) -> None:
    fill(database)
    with database.begin() as connection:
        one, _ = ledger.list_deliveries(connection, state="dead")
        assert ledger.retry_dead(connection, NOW, ids=[one.id, 999_999]) == 1
        assert ledger.retry_dead(connection, NOW, ids=[]) == 0
        assert ledger.retry_dead(connection, NOW) == 1


def test_who_sends_dead_letters_again_has_mended_their_target(database: Engine) -> None:
    fill(database)
    later = NOW + timedelta(seconds=30)
    with database.begin() as connection:
        pauses.note_failure(connection, "a", "HTTP 503", NOW, lambda _: TargetStatus(7, NOW + LEASE))
        pauses.note_failure(connection, "b", "HTTP 429", NOW, lambda _: TargetStatus(0, NOW + LEASE, "", NOW + LEASE))
        assert ledger.retry_dead(connection, later) == 2
        assert not pauses.status(connection, "a").paused(later)
        assert pauses.status(connection, "b").paused(later), "it asked for the pause itself"
        assert pauses.status(connection, "c").paused(later), "nothing goes there again"


def test_a_pause_ends_when_a_person_says_so(database: Engine) -> None:
    fill(database)
    with database.begin() as connection:
        assert pauses.resume(connection, "c", NOW)
        assert not pauses.resume(connection, "c", NOW)
        assert not pauses.status(connection, "c").paused(NOW)
        assert pauses.status(connection, "nobody") == TargetStatus()
