"""A source that can look posts up again is told those of open cases, of its own, when their time has come."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import Engine, text

from leitstand import clock
from leitstand.model import Author, Mention
from leitstand.settings import ListenerSettings, Settings, Watchlist
from listeners import rechecks, store
from listeners.contract import Batch, Due, Kept, nothing_due
from listeners.watchlists import Watchlists
from tests.triage.building import assessment, policy
from triage import cases
from triage.actions import act
from workers.rechecking import listening

WATCHLISTS = Watchlists(Settings(watchlists=[Watchlist(name="brand", query="acme")]))
ENTRY = ListenerSettings(kind="looking")


class Looking:
    """Says what it is told to be due."""

    def __init__(self, every: timedelta) -> None:
        self.every, self.told = every, list[Sequence[Kept]]()

    def recheck_every(self, settings: ListenerSettings) -> timedelta:
        return self.every

    async def listen(
        self, name: str, settings: ListenerSettings, cursors: Mapping[str, str], due: Due = nothing_due
    ) -> AsyncIterator[Batch]:
        self.told.append(await due(10))
        yield Batch((), None)


class Deaf:
    """Cannot look anything up."""

    async def listen(self, name: str, settings: ListenerSettings, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
        yield Batch((), "heard")


def first(database: Engine, source: Looking | Deaf) -> Batch:
    async def go() -> Batch:
        running = cast(AsyncGenerator[Batch, None], listening(database, "ear", source, ENTRY, {}))
        async with aclosing(running) as batches:
            return await anext(batches)

    return asyncio.run(go())


@pytest.fixture
def posts(database: Engine) -> list[int]:
    """Three posts of three days ago; the first two have a case."""
    then = clock.now() - timedelta(days=3)
    made = [Mention("x", str(n), f"acme {n}", then, then, author=Author(str(n))) for n in (1, 2, 3)]
    with database.begin() as connection:
        ids = store.store(connection, "ear", made, WATCHLISTS, now=then).new_ids
        items = [(mention, assessment()) for mention in store.load(connection, ids[:2])]
        cases.process(connection, items, policy(), then)
    return ids


def test_it_is_told_the_posts_of_open_cases_until_they_were_looked_at(database: Engine, posts: list[int]) -> None:
    source = Looking(timedelta(days=1))
    first(database, source)
    with database.begin() as connection:
        rechecks.mark(connection, source.told[0][:1], clock.now())
    first(database, source)
    with database.begin() as connection:
        number = connection.scalar(
            text("SELECT case_number FROM case_mentions WHERE mention_id = :id"), {"id": posts[1]}
        )
        act(connection, int(str(number)), "resolve", actor="anna", now=clock.now(), policy=policy())
    first(database, source)
    assert [[kept.external_id for kept in told] for told in source.told] == [["1", "2"], ["2"], []]


@pytest.mark.parametrize("source", [Looking(timedelta(0)), Looking(timedelta(days=4))])
def test_it_is_told_nothing_before_its_time_or_if_it_wants_nothing(
    database: Engine, posts: list[int], source: Looking
) -> None:
    first(database, source)
    assert source.told[-1] in ([], ())


def test_a_source_that_cannot_look_anything_up_is_not_asked_to(database: Engine) -> None:
    assert first(database, Deaf()).cursor == "heard"
