"""A listener of every kind in one real daemon, beside one of the same kind whose server trickles: the listeners are
killed again and again, every post is stored once, and who trickles is told in words and holds up nobody."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, NullPool, create_engine, text

from leitstand import plugins
from listeners import cursors
from listeners.contract import Listens
from listeners.cursors import ListenerState
from listeners.hooks import HookRequest
from tests.end_to_end.conftest import House, StartHouse, kill
from tests.listeners.worlds.table import Here, Point, proof
from tests.listeners.worlds.world import Calls, Deliver, Trouble, World, exists, opened, toml
from workers.embedded import database_url

KILLS, EACH = 3, 40
PATIENCE = 180.0
PACE = {"interval": "0.5s", "min_interval": "0.5s", "max_interval": "0.5s"}
KINDS = [kind for kind in plugins.kinds(plugins.SOURCES) if exists(kind)]
# A mailbox may take a minute: that one is not waited for here.
TRICKLE = [kind for kind in KINDS if isinstance(proof(kind, Point.TRICKLE), Here) and kind != "email"]

Worlds = dict[str, World]


@pytest.fixture
def worlds() -> Iterator[tuple[Worlds, Worlds]]:
    """A world of each kind, and one that trickles of each that can."""
    with ExitStack() as running:
        well = {f"{kind}_well": running.enter_context(opened(kind)) for kind in KINDS}
        slow = {f"{kind}_slow": running.enter_context(opened(kind)) for kind in TRICKLE}
        for there in slow.values():
            there.trouble = Trouble.TRICKLE
        yield well, slow


def kind_of(name: str) -> str:
    return name.rpartition("_")[0]


def paced(settings: Mapping[str, Any]) -> dict[str, Any]:
    """At a pace that leaves the machine to the others."""
    return {key: PACE.get(key, value) for key, value in settings.items()}


def door(house: House, name: str) -> Deliver:
    """How the network calls this listener."""

    def deliver(request: HookRequest) -> int:
        try:
            answer = httpx.request(
                request.method,
                f"{house.daemon.url}/hooks/{name}",
                headers=dict(request.headers),
                params=dict(request.query),
                content=request.body,
                timeout=30,
            )
        except httpx.TransportError as error:
            raise ConnectionError(str(error)) from error
        return answer.status_code

    return deliver


def eventually(true: Callable[[], bool], what: Callable[[], object]) -> None:
    """Wait for it; fails with what is instead."""
    pause, deadline = threading.Event(), time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what()
        pause.wait(0.1)


def stored(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return sorted(connection.scalars(text("SELECT external_id FROM mentions")))


def states(engine: Engine) -> dict[str, list[ListenerState]]:
    """How the parts of each listener are."""
    found: dict[str, list[ListenerState]] = {}
    with engine.connect() as connection:
        for state in cursors.states(connection):
            found.setdefault(state.listener, []).append(state)
    return found


def test_killed_listeners_of_every_kind_lose_and_double_nothing_while_others_trickle(
    start_house: StartHouse, worlds: tuple[Worlds, Worlds]
) -> None:
    well, slow = worlds
    house = start_house("".join(toml(n, kind_of(n), paced(there.settings())) for n, there in (well | slow).items()))
    engine = create_engine(
        database_url(house.data_dir).replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool
    )
    for name, there in well.items():
        if isinstance(there, Calls):
            there.deliver = door(house, name)
    listening = [name for name in well if isinstance(plugins.load(plugins.SOURCES, kind_of(name)), Listens)]

    def hear(names: list[str]) -> bool:
        now = states(engine)
        return all(name in now and all(state.up for state in now[name]) for name in names)

    eventually(lambda: hear(listening), lambda: states(engine))
    expected, chance = dict[str, str](), random.Random(7)  # every post by its name, and whose it is

    def missing() -> dict[str, int]:
        return Counter(expected[one] for one in expected.keys() - set(stored(engine)))

    def are_stored(count: int) -> bool:
        return len(stored(engine)) >= count

    for written in range(1, EACH * (KILLS + 1), EACH):
        for name, there in well.items():
            numbers = range(written, written + EACH)
            there.write(*numbers)
            expected |= dict.fromkeys(map(there.name, numbers), name)
        if written < EACH * KILLS:
            moment = len(expected) - chance.randrange(EACH * len(well))
            eventually(partial(are_stored, moment), missing)
            kill(house, "listen")
    eventually(partial(are_stored, len(expected)), lambda: (missing(), states(engine)))
    assert stored(engine) == sorted(expected)

    def told() -> dict[str, str]:
        return {name: state.error for name in slow for state in states(engine).get(name, []) if state.error}

    eventually(lambda: told().keys() == slow.keys(), lambda: (told(), slow.keys() - told().keys()))
    assert all("Error" not in words and len(words.split()) > 2 for words in told().values()), told()
    eventually(lambda: hear(listening), lambda: states(engine))
