"""Who takes what waits: claimed once, given back on failure, enqueued again when lost, parked when hopeless."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from leitstand.model import Mention
from leitstand.settings import Settings, Watchlist
from listeners import pending, store
from listeners.pending import Backlog, Claimed
from listeners.watchlists import Watchlists
from tests.reading import rows_read

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WATCHLISTS = Watchlists(Settings(watchlists=[Watchlist(name="brand", query="acme")]))


@pytest.fixture
def ids(database: Engine) -> list[int]:
    """Five pending mentions, the first received first."""
    kept: list[int] = []
    for n in range(5):
        at = NOW + timedelta(seconds=n)
        with database.begin() as connection:
            kept += store.store(connection, "t", [Mention("x", str(n), "acme", at, at)], WATCHLISTS, now=at).new_ids
    return kept


def test_two_workers_never_hold_the_same_mention(database: Engine, ids: list[int]) -> None:
    with database.begin() as one, database.begin() as other:
        assert store.claim(one, ids[:3]) == Claimed(tuple(ids[:3]))
        assert store.claim(other, ids) == Claimed(tuple(ids[3:]))
    with database.begin() as later:
        assert store.claim(later, ids) == Claimed()


def test_a_claim_does_not_read_all_that_waits(database: Engine) -> None:
    posts = [Mention("x", str(n), "acme", NOW, NOW) for n in range(1000)]
    with database.begin() as connection:
        ids = store.store(connection, "t", posts, WATCHLISTS, now=NOW).new_ids
    with database.begin() as connection:
        assert len(store.claim(connection, ids[:10]).ids) == 10
        assert rows_read(connection, "pending_mentions") < 100


def test_a_worker_that_fails_gives_back(database: Engine, ids: list[int]) -> None:
    with pytest.raises(RuntimeError), database.begin() as connection:
        assert store.claim(connection, ids) == Claimed(tuple(ids))
        raise RuntimeError
    with database.begin() as connection:
        assert store.claim(connection, ids) == Claimed(tuple(ids))


def test_what_was_edited_since_it_was_assessed_is_told_and_left(database: Engine, ids: list[int]) -> None:
    with database.begin() as connection:
        store.claim(connection, ids[:3])
        pending.again(connection, ids[1:2], NOW)
    for _ in range(2):
        with database.begin() as connection:
            assert store.claim(connection, ids[:3]) == Claimed(edited=(ids[1],))


def test_lost_ones_are_given_out_once(database: Engine, ids: list[int]) -> None:
    later = NOW + timedelta(minutes=1)
    with database.begin() as connection:
        assert store.lost(connection, NOW + timedelta(seconds=3), 2, later) == ids[:2]
        assert store.lost(connection, NOW + timedelta(seconds=3), 2, later) == ids[2:3]
        assert store.lost(connection, NOW + timedelta(seconds=3), 2, later) == []
        assert store.lost(connection, later + timedelta(seconds=1), 9, later) == ids


def test_one_that_fails_too_often_is_parked_and_left_alone(database: Engine, ids: list[int]) -> None:
    with database.begin() as connection:
        assert [store.fail(connection, ids[0], "bad\0", NOW, max_attempts=3) for _ in range(4)] == [
            False,
            False,
            True,
            None,
        ]
        store.park(connection, ids[1], "bad", NOW)
        assert store.claim(connection, ids) == Claimed(tuple(ids[2:]))
        assert store.lost(connection, NOW + timedelta(days=1), 9, NOW) == []


def test_the_backlog(database: Engine, ids: list[int]) -> None:
    with database.begin() as connection:
        assert store.backlog(connection) == Backlog(5, 0, NOW)
        store.park(connection, ids[0], "bad", NOW)
        assert store.backlog(connection) == Backlog(4, 1, NOW + timedelta(seconds=1))
        store.claim(connection, ids)
        assert store.backlog(connection) == Backlog(0, 1, None)
