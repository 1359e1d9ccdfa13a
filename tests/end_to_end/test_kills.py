"""Nothing lost, nothing doubled: roles killed at random moments of a replay, Redis wiped in the middle."""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine, create_engine, text

from leitstand import clock
from tests.end_to_end.conftest import House, StartHouse, send
from workers.child_states import read_child_states
from workers.embedded import database_url, redis_url

POSTS, EACH, SEV1_EVERY, KILL_EVERY = 5000, 50, 100, 0.3


def post(number: int) -> dict[str, object]:
    """Every hundredth post is a danger and a case of its own; among the others, ten of an author make one case."""
    sev1 = number % SEV1_EVERY == 0
    return {
        "channel": "x",
        "external_id": str(number),
        "text": f"acme: data breach, my account was hacked right now, number {number}"
        if sev1
        else f"Ich kann mich bei acme nicht einloggen, bitte helft mir. Nummer {number}",
        "created_at": clock.now(),
        "author": {"id": f"s{number}" if sev1 else f"a{number // 10}"},
    }


def murder(house: House, chance: random.Random) -> str:
    """Kill a random role with -9, wherever it is in its work; every tenth time, wipe Redis instead."""
    if chance.random() < 0.1:
        with redis.Redis.from_url(redis_url(house.data_dir)) as connection:
            connection.flushall()
        return "flushall"
    roles = [s for s in read_child_states(house.data_dir) if s.pid and s.name not in ("postgres", "redis")]
    if not roles:  # all of them are on their way back
        return "nobody"
    victim = chance.choice(roles)
    with suppress(ProcessLookupError):
        os.kill(victim.pid or 0, signal.SIGKILL)
    return victim.name


@contextmanager
def murders(house: House, chance: random.Random) -> Iterator[Callable[[], None]]:
    """Call what this gives to have somebody killed a moment later; gone through to the last at the end."""
    killed: list[str] = []
    plots: list[threading.Timer] = []

    def plot() -> None:
        timer = threading.Timer(chance.uniform(0, 0.3), lambda: killed.append(murder(house, chance)))
        timer.start()
        plots.append(timer)

    try:
        yield plot
    finally:
        for timer in plots:
            timer.join()
        print(f"killed: {dict(Counter(killed))}")
    assert killed, "nobody was killed"


def count(engine: Engine, sql: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(sql)).scalar_one())


def wait_until(engine: Engine, sql: str, wanted: int, limit: float) -> None:
    pause = threading.Event()
    deadline = clock.now().timestamp() + limit
    while (now := count(engine, sql)) != wanted:
        assert clock.now().timestamp() < deadline, f"{sql}: {now}, not {wanted}"
        pause.wait(0.2)


@pytest.mark.timeout(900)
def test_kill_9_of_every_role_and_a_wiped_redis_lose_and_double_nothing(start_house: StartHouse) -> None:
    house = start_house(workers=2)
    chance = random.Random(seed := random.randrange(10**6))
    print(f"seed {seed}")
    with murders(house, chance) as plot:
        for start in range(0, POSTS, EACH):
            if chance.random() < KILL_EVERY:
                plot()
            send(house, [post(number) for number in range(start, start + EACH)])
    engine = create_engine(database_url(house.data_dir).replace("postgresql://", "postgresql+psycopg://"))
    wait_until(engine, "SELECT count(*) FROM assessments", POSTS, 240)
    wait_until(engine, "SELECT count(*) FROM deliveries WHERE state <> 'sent'", 0, 240)
    sev1 = POSTS // SEV1_EVERY
    assert count(engine, "SELECT count(*) FROM mentions") == POSTS
    assert count(engine, "SELECT count(*) FROM case_mentions") == POSTS
    assert count(engine, "SELECT count(*) FROM cases WHERE severity = 'sev1'") == sev1
    assert count(engine, "SELECT count(*) FROM cases") == sev1 + POSTS // 10
    assert count(engine, "SELECT count(*) FROM pending_mentions") == 0
    engine.dispose()
    ids: dict[int, set[str]] = {}
    for notice in house.told.notices:
        ids.setdefault(notice.body["data"]["case"]["number"], set()).add(notice.id)
    assert len(ids) == sev1, "each Sev1 case was told of"
    assert {case: each for case, each in ids.items() if len(each) > 1} == {}, "under one webhook-id"


def test_the_whole_tree_killed_starts_again_where_it_was(start_house: StartHouse, tmp_path: Path) -> None:
    house = start_house()
    send(house, [post(number) for number in range(200)])
    os.kill(house.daemon.process.pid, signal.SIGKILL)
    house.daemon.process.wait()
    again = start_house()
    send(again, [post(number) for number in range(200)])
    engine = create_engine(database_url(again.data_dir).replace("postgresql://", "postgresql+psycopg://"))
    wait_until(engine, "SELECT count(*) FROM assessments", 200, 240)
    assert count(engine, "SELECT count(*) FROM cases") == 22
    engine.dispose()
