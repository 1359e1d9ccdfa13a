"""Which posts are due to be looked up again, and what a source makes of a look that fails."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from leitstand.errors import FetchError
from leitstand.model import Author, Mention
from leitstand.settings import Settings, Watchlist
from listeners import changes, rechecks, store
from listeners.contract import Batch, Gone, Kept
from listeners.watchlists import Watchlists

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WATCHLISTS = Watchlists(Settings(watchlists=[Watchlist(name="brand", query="acme")]))
ONE, TWO = Kept("x", "1"), Kept("x", "2")


@pytest.fixture
def ids(database: Engine) -> list[int]:
    """Four stored posts, an hour apart; the last came by another listener."""
    found: list[int] = []
    for n in range(1, 5):
        at = NOW + timedelta(hours=n)
        post = Mention("x", str(n), "acme", at, at, author=Author("7"), ref=f"r{n}")
        with database.begin() as connection:
            found += store.store(connection, "other" if n == 4 else "ear", [post], WATCHLISTS, now=at).new_ids
    return found


def due(database: Engine, ids: Sequence[int], before: datetime, most: int = 9) -> list[str]:
    with database.connect() as connection:
        return [kept.external_id for kept in rechecks.due(connection, "ear", ids, before, most)]


def test_due_is_what_was_not_looked_at_for_longest(database: Engine, ids: list[int]) -> None:
    late = NOW + DAY
    assert due(database, ids, NOW + timedelta(hours=2, minutes=30)) == ["1", "2"]
    assert due(database, ids, late) == ["1", "2", "3"]
    assert due(database, ids, late, most=1) == ["1"]
    assert due(database, ids[1:2], late) == ["2"]
    assert due(database, [], late) == []
    with database.begin() as connection:
        rechecks.mark(connection, [Kept("x", "1"), Kept("x", "9")], late)
        rechecks.mark(connection, [], late)
    assert due(database, ids, late) == ["2", "3"]
    assert due(database, ids, late + DAY) == ["2", "3", "1"]


def test_what_is_gone_is_not_looked_for_again_and_all_that_is_needed_is_told(database: Engine, ids: list[int]) -> None:
    with database.begin() as connection:
        changes.delete(connection, [Gone("x", "1")], NOW)
        edit = Mention("x", "2", "acme now", NOW, NOW, edited_at=NOW, ref="r22")
        changes.edit(connection, [edit], WATCHLISTS, NOW)
        found = rechecks.due(connection, "ear", ids, NOW + DAY, 9)
    assert found == [Kept("x", "2", "r22", "7", NOW), Kept("x", "3", "r3", "7")]


def looking(
    script: Sequence[Batch | Exception], told: Sequence[Kept] = (ONE,), room: Callable[[], int] = lambda: 9
) -> tuple[list[Batch], list[Sequence[Kept]]]:
    """What comes of so many looks, and which posts were looked up."""
    asked: list[Sequence[Kept]] = []

    async def ask(most: int) -> Sequence[Kept]:
        return told[:most]

    async def look_up(posts: Sequence[Kept]) -> Batch:
        asked.append(posts)
        step = script[len(asked) - 1]
        if isinstance(step, Exception):
            raise step
        return step

    async def go() -> list[Batch]:
        batches: AsyncGenerator[Batch, None] = rechecks.rechecks(ask, look_up, room)
        async with aclosing(batches) as running:
            return [await anext(running) for _ in range(max(2, len(script)))]

    return asyncio.run(go()), asked


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rechecks, "PAUSE", 0.001)


def test_a_look_that_fails_is_a_batch_that_says_so_and_the_next_one_goes_on() -> None:
    found = Batch((), "c", checked=(ONE,))
    batches, asked = looking([FetchError("it cannot answer"), found])
    assert [batch.error for batch in batches] == ["it cannot answer", ""]
    assert {batch.part for batch in batches} == {"recheck"}
    assert asked == [[ONE], [ONE]]


def test_what_was_looked_at_just_now_is_not_looked_at_again_before_it_is_committed() -> None:
    batches, asked = looking([Batch((), "c", checked=(ONE,)), Batch((), "d", checked=(TWO,))], (ONE, TWO))
    assert asked == [[ONE, TWO], [TWO]]
    assert all(batch.next_at for batch in batches)


def test_without_room_nothing_is_asked() -> None:
    batches, asked = looking([], room=lambda: 0)
    assert (len(batches), asked) == (2, [])


def test_only_a_refused_credential_ends_it() -> None:
    with pytest.raises(FetchError):
        looking([FetchError("401", permanent=True, status=401)])
    late = looking([FetchError("asks us to slow down", retry_after=timedelta(0)), Batch((), None)])[0]
    assert late[0].error


@pytest.mark.parametrize(("status", "permanent"), [(401, True), (0, True), (403, False), (503, False)])
def test_in_a_round_a_permission_that_is_missing_ends_the_looks_alone(status: int, permanent: bool) -> None:
    async def ask(most: int) -> Sequence[Kept]:
        return (ONE,)

    async def look_up(posts: Sequence[Kept]) -> Batch:
        raise FetchError("no", permanent=status != 503, status=status)

    with pytest.raises(FetchError) as caught:
        asyncio.run(rechecks.Again(ask, look_up, 9, rechecks.PAUSE).look())
    assert caught.value.permanent is permanent
    assert caught.value.retry_after == (rechecks.HOPELESS if status == 403 else None)
