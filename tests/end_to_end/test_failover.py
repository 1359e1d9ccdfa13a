"""The primary of a watched-over Redis dies in the middle of work: nothing is lost, nothing is started anew."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.end_to_end.conftest import House, StartHouse, send
from tests.end_to_end.test_kills import count, post, wait_until
from tests.watched_redis import Watched, watched_redis
from workers.child_states import read_child_states
from workers.embedded import database_url

POSTS, EACH, DIES_AT = 600, 50, 300


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    (folder := tmp_path / "redis").mkdir()
    with watched_redis(folder, sentinels=3, password="geheim") as redis:
        yield redis


def pids(house: House) -> dict[str, int | None]:
    return {state.name: state.pid for state in read_child_states(house.data_dir)}


def test_a_failover_in_the_middle_of_work_loses_nothing(start_house: StartHouse, watched: Watched) -> None:
    house = start_house(f'[redis]\nurl = "{watched.url}"\n')
    engine = create_engine(database_url(house.data_dir).replace("postgresql://", "postgresql+psycopg://"))
    dead, before = 0, {}
    for start in range(0, POSTS, EACH):
        if start == DIES_AT:
            wait_until(engine, "SELECT least(count(*), 1) FROM assessments", 1, 120)  # by now everybody is at work
            before = pids(house)
            dead = watched.kill_primary()
        send(house, [post(number) for number in range(start, start + EACH)])
    watched.wait_for_another_than(dead)
    wait_until(engine, "SELECT count(*) FROM assessments", POSTS, 240)
    wait_until(engine, "SELECT count(*) FROM deliveries WHERE state <> 'sent'", 0, 240)
    assert count(engine, "SELECT count(*) FROM case_mentions") == POSTS
    assert count(engine, "SELECT count(*) FROM pending_mentions") == 0
    engine.dispose()
    assert pids(house) == before
