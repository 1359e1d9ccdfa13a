"""The contract that every source keeps, over every kind's world (tests/listeners/worlds); their table says what is
proved elsewhere, and what cannot be."""

import asyncio
import random
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from leitstand import plugins
from leitstand.errors import FetchError
from listeners.contract import Listens
from tests.listeners.committing import Ear
from tests.listeners.hearing import Hearing, hearing, run
from tests.listeners.worlds.calls import Line
from tests.listeners.worlds.table import STREAMS, TABLE, At, Here, Never, Point, proof
from tests.listeners.worlds.world import Calls, Trouble, World, exists, hasten, opened, parsed

TESTS = Path(__file__).parents[2]
POSTS, DISCONNECTS, KILLS = 1000, 10, 3
KINDS = plugins.kinds(plugins.SOURCES)
PROVED_HERE = {Point.DISCONNECTS, Point.LIMIT, Point.MANY, Point.TRICKLE}


def here(point: Point) -> list[str]:
    return [kind for kind in KINDS if isinstance(proof(kind, point), Here) and exists(kind)]


def proved(point: Point) -> pytest.MarkDecorator:
    """Over the kinds for which this point is proved here."""
    return pytest.mark.parametrize("kind", here(point))


class Scene:
    """A world and who listens to it. `written` counts the posts."""

    def __init__(self, kind: str, there: World, database: Engine, redis_url: str) -> None:
        self.there, self.chance, self.written = there, random.Random(7), 0
        source = plugins.load(plugins.SOURCES, kind)
        self.listens = isinstance(source, Listens)
        self.ear = Ear(database, redis_url, source, parsed(kind, there))
        self.ear.restarts = True
        self.line = Line(self.ear.called)
        if isinstance(there, Calls):
            there.deliver = self.line

    def more(self, count: int) -> None:
        first, self.written = self.written + 1, min(POSTS, self.written + count)
        self.there.write(*range(first, self.written + 1))

    def disconnect(self, times: int) -> None:
        self.there.disconnect(self.chance, times)
        self.line.disconnect(self.chance, times)

    def to_come(self) -> int:
        """How many disconnects are still to come."""
        return self.there.to_come() + (self.line.to_come() if isinstance(self.there, Calls) else 0)

    def all_heard(self) -> bool:
        return self.ear.count() >= self.written

    async def listen(self, until: Callable[[], bool], *, torn: bool = False) -> None:
        """As the role does; who is only called has nothing to listen to."""
        if self.listens:
            return await self.ear.listen(until, torn=torn)
        while not until():
            pass
        return None

    async def begin(self) -> None:
        """Listen, and only then is the first post written: of what was before, many a source tells nothing."""

        def first() -> bool:
            listens = not self.listens or any(batch.heard for batch in self.ear.batches)
            if listens and not self.written:
                self.more(1)
            return self.written > 0 and self.all_heard()

        await self.listen(first)

    def through_disconnects(self) -> bool:
        """Some posts whenever all before them are heard, until every disconnect has been."""
        if self.to_come() and self.all_heard():
            self.more(self.chance.randint(1, 20))
        return not self.to_come() and self.all_heard()

    def after(self, batches: int) -> Callable[[], bool]:
        """So many batches from now."""
        there = len(self.ear.batches) + batches
        return lambda: len(self.ear.batches) >= there or not self.listens


def played(kind: str, database: Engine, redis_url: str, play: Callable[[Scene], Coroutine[Any, Any, None]]) -> Scene:
    """The scene after the play, in which each post was heard once."""
    with opened(kind) as there:
        scene = Scene(kind, there, database, redis_url)
        asyncio.run(play(scene))
        assert scene.ear.kept() == sorted(there.name(number) for number in range(1, POSTS + 1))
    return scene


async def through_disconnects_and_kills(scene: Scene) -> None:
    await scene.begin()
    scene.disconnect(DISCONNECTS)
    await scene.listen(scene.through_disconnects)
    assert scene.written < POSTS, "the disconnects were over before the posts were"
    for _ in range(KILLS):
        scene.disconnect(1)
        scene.more((POSTS - scene.written) // 2)
        await scene.listen(scene.after(scene.chance.randint(0, 3)), torn=True)
    scene.more(POSTS)
    await scene.listen(scene.all_heard)


async def all_at_once(scene: Scene) -> None:
    await scene.begin()
    scene.more(POSTS)
    await scene.listen(scene.all_heard)


@proved(Point.DISCONNECTS)
def test_a_thousand_posts_come_through_disconnects_and_kills(
    kind: str, database: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill is a restart from what was stored last: batches that were handed over but not committed come again."""
    hasten(kind, monkeypatch)
    scene = played(kind, database, redis_url, through_disconnects_and_kills)
    assert scene.ear.errors() or isinstance(scene.there, Calls), "a line that breaks is told"


@proved(Point.MANY)
def test_a_thousand_posts_between_two_looks_are_all_heard(
    kind: str, database: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasten(kind, monkeypatch)
    scene = played(kind, database, redis_url, all_at_once)
    assert not any(batch.lost for batch in scene.ear.batches)


@pytest.mark.parametrize(
    ("kind", "trouble"),
    [
        *((kind, Trouble.TRICKLE) for kind in here(Point.TRICKLE)),
        *((kind, Trouble.DRIBBLE) for kind in STREAMS),
    ],
)
def test_a_trickling_server_is_told_in_words_and_holds_up_no_other(
    kind: str, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasten(kind, monkeypatch)
    source = plugins.load(plugins.SOURCES, kind)
    assert isinstance(source, Listens)

    async def told(there: World) -> str:
        """What is said of a server, once something is."""
        try:
            async with hearing(source, parsed(kind, there)) as one:
                return (await one.until(lambda batch: bool(batch.error))).error
        except FetchError as error:
            return str(error)

    async def heard(there: World) -> None:
        async with hearing(source, parsed(kind, there)) as one:
            await one.until(lambda batch: batch.heard)
            there.write(1, 2, 3)
            while not {there.name(number) for number in (1, 2, 3)} <= set(one.heard):
                await one.next()
            assert not one.errors

    async def both(slow: World, healthy: World) -> str:
        words, _ = await asyncio.gather(told(slow), heard(healthy))
        return words

    with opened(kind) as slow, opened(kind) as healthy:
        slow.trouble = trouble
        words = asyncio.run(both(slow, healthy))
    assert re.search(r"\w+ \w+ \w+", words)
    assert "Error" not in words


@proved(Point.LIMIT)
def test_who_has_had_enough_of_us_is_left_alone_as_long_as_he_says(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(kind, monkeypatch)
    source = plugins.load(plugins.SOURCES, kind)

    async def twice(one: Hearing) -> list[str]:
        return [(await one.until(lambda batch: bool(batch.error))).error for _ in range(2)]

    with opened(kind) as there:
        there.trouble = Trouble.LIMITED
        said = run(source, parsed(kind, there), twice)
        first, second, *_ = there.requests
    assert all("429" in words for words in said)
    assert second - first > 0.95, "a server that says: one second"


@pytest.mark.parametrize("kind", KINDS)
def test_every_point_is_proved_or_it_is_said_why_not(kind: str) -> None:
    for point in Point:
        match proof(kind, point):
            case At(tests):
                for test in tests.split():
                    file, _, name = test.partition("::")
                    assert re.search(rf"^(async )?def {name}\(", (TESTS / file).read_text(), re.M), f"{point}: {test}"
            case Never(why):
                assert len(why.split()) > 2, point
            case Here():
                assert exists(kind), f"{kind} has no world, and the table says nothing of: {point}"
                assert point in PROVED_HERE, f"{kind}: no test here proves {point}"


def test_the_table_speaks_of_kinds_that_exist() -> None:
    assert set(TABLE) <= set(KINDS)
