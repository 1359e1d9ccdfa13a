"""One process runs a listener; who lost it cannot commit any more."""

import threading
from datetime import timedelta

from sqlalchemy import Engine, text

from listeners import leases
from listeners.cursors import report_status, states
from listeners.leases import Lease

SOON, LATER = timedelta(0), timedelta(minutes=5)


def claim(database: Engine, holder: str, ttl: timedelta = LATER, dead: tuple[str, ...] = ()) -> Lease | None:
    with database.begin() as connection:
        return leases.claim(connection, "x", holder, dead, ttl)


def test_the_first_gets_it_and_the_second_does_not(database: Engine) -> None:
    assert claim(database, "a") == Lease("x", "a", 1)
    assert claim(database, "b") is None
    with database.connect() as connection:
        assert leases.free(connection, ["x", "y"]) == (["y"], {"x": "a"})


def test_an_expired_one_is_taken_over_and_its_holder_finds_out(database: Engine) -> None:
    first = claim(database, "a", SOON)
    second = claim(database, "b")
    assert first and second
    assert (second.term, second.before, second.released) == (2, "a", False)
    assert second.since is not None
    with database.begin() as connection:
        assert not leases.is_held(connection, first)
        assert leases.is_held(connection, second)
        assert leases.renew(connection, "a") == {}
        assert leases.renew(connection, "b") == {"x": 2}


def test_the_lease_of_a_dead_holder_need_not_expire(database: Engine) -> None:
    claim(database, "a")
    assert claim(database, "b", dead=("c",)) is None
    assert claim(database, "b", dead=("a",)) is not None


def test_an_expired_one_that_nobody_took_can_still_be_renewed(database: Engine) -> None:
    claim(database, "a", SOON)
    with database.begin() as connection:
        assert leases.renew(connection, "a") == {"x": 1}
    assert claim(database, "b") is None


def test_a_released_one_is_free_at_once(database: Engine) -> None:
    first = claim(database, "a")
    with database.begin() as connection:
        leases.release(connection, "a")
        assert first and not leases.is_held(connection, first)
        assert leases.renew(connection, "a") == {}
    second = claim(database, "b")
    assert second and second.released


def test_a_claim_waits_for_the_commit_that_asked_first(database: Engine) -> None:
    """What the old holder commits is there before the new one reads the cursor."""
    first = claim(database, "a", SOON)
    won = threading.Event()
    thread = threading.Thread(target=lambda: won.set() if claim(database, "b") else None)
    with database.begin() as connection:
        assert first and leases.is_held(connection, first)
        thread.start()
        waits = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        with database.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
            while not other.scalar(waits):
                pass
        assert not won.is_set()
    thread.join()
    assert won.is_set()


def test_eight_that_claim_at_once_make_one_holder(database: Engine) -> None:
    got: list[Lease | None] = []
    threads = [threading.Thread(target=lambda n=n: got.append(claim(database, f"h{n}"))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(lease is not None for lease in got) == 1


def test_a_listener_whose_lease_lapsed_is_down(database: Engine) -> None:
    with database.begin() as connection:
        now = connection.scalar(text("SELECT clock_timestamp()"))
        report_status(connection, "x", "", error="", last_post_at=None, now=now)
        report_status(connection, "api", "", error="", last_post_at=None, now=now)
    claim(database, "a", SOON)
    with database.begin() as connection:
        api, x = states(connection)
        assert (api.up, x.up, x.error) == (True, False, "no process runs this listener")
        leases.renew(connection, "a")
        assert all(state.up for state in states(connection))
