"""The outbox: keys, claims in order, leases and conditional ends, on a real PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from escalation_bridge import outbox
from escalation_bridge.outbox import Taken
from leitstand import clock
from leitstand.model import Delivery, Notice, NoticeType, Receipt, Severity
from tests.escalation_bridge.words import CASE, NOW, notice
from tests.reading import rows_read

LEASE = timedelta(minutes=1)


def add(database: Engine, *notices: Notice) -> int:
    with database.begin() as connection:
        return outbox.add(connection, notices, NOW)


def claim(database: Engine, limit: int = 10, later: timedelta = timedelta(0), target: str = "hook") -> list[Delivery]:
    with database.begin() as connection:
        return outbox.claim(connection, target, limit, LEASE, NOW + later)


@given(st.text(max_size=20), st.integers(1, 10**12), st.text(max_size=20))
def test_a_key_is_the_same_for_the_same_notice_and_fits_every_target(target: str, number: int, purpose: str) -> None:
    one = outbox.key(notice(target, number, purpose))
    assert one == outbox.key(notice(target, number, purpose, reason="another", type=NoticeType.SLA_BREACHED))
    assert len(one) <= 80
    assert all(c.isascii() and (c.isalnum() or c in "_-") for c in one)


def test_the_parts_of_a_key_do_not_run_into_each_other() -> None:
    keys = {
        outbox.key(n) for n in (notice("a", 1, "1b"), notice("a", 11, "b"), notice("a1", 1, "b"), notice("b", 1, "1b"))
    }
    assert len(keys) == 4


def test_a_notice_is_added_once_however_often_it_is_asked_for(database: Engine) -> None:
    assert add(database, notice(), notice(), notice(purpose="closed")) == 2
    assert add(database, notice()) == 0
    assert add(database) == 0


def test_what_goes_in_comes_out(database: Engine) -> None:
    add(database, notice(reason="why", step="2 of 3", type=NoticeType.CASE_ESCALATED))
    (claimed,) = claim(database)
    assert claimed == Delivery(
        claimed.id, outbox.key(notice()), "hook", CASE, NoticeType.CASE_ESCALATED, "why", "2 of 3", NOW, attempt=1
    )


def test_a_host_whose_clock_is_ahead_makes_no_page_late(database: Engine) -> None:
    with database.begin() as connection:
        outbox.add(connection, [notice()], clock.now() + timedelta(hours=1))
    with database.begin() as connection:
        assert len(outbox.claim(connection, "hook", 10, LEASE, clock.now())) == 1


def test_adding_tells_each_target_once_when_it_commits(database: Engine, database_url_of_test: str) -> None:
    with psycopg.connect(database_url_of_test, autocommit=True) as listener:
        listener.execute(f"LISTEN {outbox.NOTIFY_CHANNEL}")
        with database.begin() as connection:
            outbox.add(connection, [notice("a", 1), notice("a", 2), notice("b", 1)], NOW)
            assert list(listener.notifies(timeout=0.05)) == []
        assert sorted(n.payload for n in listener.notifies(timeout=60, stop_after=2)) == ["a", "b"]


def test_nothing_is_added_by_a_transaction_that_fails(database: Engine) -> None:
    with pytest.raises(RuntimeError), database.begin() as connection:
        outbox.add(connection, [notice()], NOW)
        raise RuntimeError
    assert claim(database) == []


def test_of_a_case_only_the_oldest_undelivered_notice_is_claimed(database: Engine) -> None:
    add(database, notice(purpose="1"), notice(purpose="2"), notice(number=2))
    first, other = claim(database)
    assert (first.key, other.case.number) == (outbox.key(notice(purpose="1")), 2)
    assert claim(database) == []
    with database.begin() as connection:
        assert outbox.mark_sent(connection, [Taken(first, Receipt("remote-1"), NOW)])
    (second,) = claim(database)
    assert (second.key, second.thread_id) == (outbox.key(notice(purpose="2")), "remote-1")


def test_a_dead_letter_does_not_hold_up_its_case(database: Engine) -> None:
    add(database, notice(purpose="1"), notice(purpose="2"))
    (first,) = claim(database)
    with database.begin() as connection:
        outbox.mark_dead(connection, first, NOW, "refused")
    assert [d.key for d in claim(database)] == [outbox.key(notice(purpose="2"))]


def test_the_worst_severity_goes_first(database: Engine) -> None:
    sev3 = replace(CASE, severity=Severity.SEV3)
    add(database, notice(number=1, case=sev3), notice(number=2, case=sev3), notice(number=3))
    assert [d.case.number for d in claim(database, 2)] == [3, 1]


def test_a_sender_does_not_read_all_that_waits(database: Engine) -> None:
    add(database, *(notice(number=n) for n in range(1, 1001)))
    with database.begin() as connection:
        claimed = outbox.claim(connection, "hook", 3, LEASE, NOW)
        assert len(claimed) == 3
        assert rows_read(connection, "deliveries") < 200
    with database.begin() as connection:
        outbox.renew(connection, claimed, LEASE, NOW)
        outbox.mark_sent(connection, [Taken(one, Receipt(), NOW) for one in claimed])
        assert rows_read(connection, "deliveries") < 200


def test_targets_do_not_see_each_others_notices(database: Engine) -> None:
    add(database, notice("a"), notice("b"))
    assert [d.target for d in claim(database, target="b")] == ["b"]


def test_two_senders_never_claim_the_same(database: Engine) -> None:
    add(database, *(notice(number=n) for n in range(1, 7)))
    with database.begin() as one, database.begin() as other:
        a = outbox.claim(one, "hook", 3, LEASE, NOW)
        b = outbox.claim(other, "hook", 10, LEASE, NOW)
    assert len(a) == len(b) == 3
    assert {d.id for d in a}.isdisjoint(d.id for d in b)


def test_a_retry_waits_and_is_not_doubtful(database: Engine) -> None:
    add(database, notice())
    (first,) = claim(database)
    with database.begin() as connection:
        assert outbox.mark_retry(connection, first, NOW + timedelta(seconds=30), "HTTP 500")
    assert claim(database, later=timedelta(seconds=29)) == []
    (second,) = claim(database, later=timedelta(seconds=30))
    assert (second.attempt, second.doubtful, second.key) == (2, False, first.key)


def test_an_unknown_one_is_doubtful_when_it_is_claimed_again(database: Engine) -> None:
    add(database, notice())
    (first,) = claim(database)
    assert not first.doubtful
    with database.begin() as connection:
        assert outbox.mark_unknown(connection, first, NOW, "no answer")
    (second,) = claim(database)
    assert second.doubtful


def test_a_dead_senders_lease_runs_out_and_leaves_doubt(database: Engine) -> None:
    add(database, notice())
    (first,) = claim(database)
    assert claim(database, later=LEASE - timedelta(seconds=1)) == []
    (second,) = claim(database, later=LEASE)
    assert (second.id, second.doubtful, second.attempt) == (first.id, True, 2)


def test_a_living_sender_keeps_its_lease(database: Engine) -> None:
    add(database, notice(number=1), notice(number=2))
    one, other = claim(database)
    with database.begin() as connection:
        outbox.mark_sent(connection, [Taken(other, Receipt(), NOW)])
        assert outbox.renew(connection, [one, other], LEASE, NOW + LEASE) == 1
    assert claim(database, later=LEASE) == []
    (taken_over,) = claim(database, later=LEASE * 2)
    with database.begin() as connection:
        assert outbox.renew(connection, [one], LEASE, NOW) == 0
        assert outbox.renew(connection, [taken_over], LEASE, NOW) == 1


def test_a_slow_old_sender_changes_nothing_any_more(database: Engine) -> None:
    add(database, notice())
    (old,) = claim(database)
    (new,) = claim(database, later=LEASE)
    with database.begin() as connection:
        assert not outbox.mark_dead(connection, old, NOW, "late")
        assert not outbox.mark_retry(connection, old, NOW, "late")
        assert not outbox.mark_sent(connection, [Taken(old, Receipt("wrong"), NOW)])
        assert outbox.mark_sent(connection, [Taken(new, Receipt("right"), NOW)])
        assert connection.execute(text("SELECT state, remote_id FROM deliveries")).all() == [("sent", "right")]
        assert connection.execute(text("SELECT remote_id FROM delivery_threads")).scalars().all() == ["right"]


def test_a_thread_keeps_its_first_message(database: Engine) -> None:
    add(database, notice(purpose="1"), notice(purpose="2"), notice(purpose="3"))
    for remote in ("first", "second"):
        (one,) = claim(database)
        with database.begin() as connection:
            outbox.mark_sent(connection, [Taken(one, Receipt(remote), NOW)])
    assert [d.thread_id for d in claim(database)] == ["first"]


def test_a_long_error_is_cut(database: Engine) -> None:
    add(database, notice())
    (one,) = claim(database)
    with database.begin() as connection:
        outbox.mark_dead(connection, one, NOW, "x" * 9999)
        assert connection.execute(text("SELECT length(error) FROM deliveries")).scalar_one() == outbox.ERROR_LENGTH


def test_a_row_that_cannot_be_read_is_moved_aside(database: Engine) -> None:
    add(database, notice(number=1), notice(number=2))
    with database.begin() as connection:
        connection.execute(text("""UPDATE deliveries SET snapshot = '{"number": "one"}' WHERE case_number = 1"""))
    assert [d.case.number for d in claim(database)] == [2]
    with database.begin() as connection:
        rows = connection.execute(text("SELECT case_number, error FROM deliveries WHERE state = 'dead'")).all()
    assert rows == [(1, "unreadable: ValidationError")]


def test_a_probe_is_the_least_tried(database: Engine) -> None:
    add(database, notice(number=1), notice(number=2, case=replace(CASE, severity=Severity.SEV4)))
    (tried,) = claim(database, 1)
    with database.begin() as connection:
        outbox.mark_retry(connection, tried, NOW, "HTTP 500")
        assert [d.case.number for d in outbox.claim(connection, "hook", 1, LEASE, NOW, probing=True)] == [2]


def test_a_record_says_of_which_cases_more_waits(database: Engine) -> None:
    add(database, notice(number=1), notice(number=2), notice(number=1, purpose="later"), notice(number=3))
    one, two, three = claim(database)
    with database.begin() as connection:
        assert outbox.mark_sent(connection, [Taken(d, Receipt(), NOW) for d in (three, one)]) == {
            one.id: True,
            three.id: False,
        }
        assert outbox.mark_sent(connection, [Taken(d, Receipt(), NOW) for d in (one, two)]) == {two.id: False}
