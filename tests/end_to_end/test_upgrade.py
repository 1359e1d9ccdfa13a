"""A newer version brings the schema forward while this one runs: it makes way, and loses nothing."""

from pathlib import Path

import msgspec
from sqlalchemy import Engine, text

from leitstand import clock
from leitstand import database as leitstand_database
from tests.end_to_end.conftest import Furnish, StartHouse, kill, send, starting
from workers.embedded import database_url, embedded_services

LIMIT = 90


BEFORE = "acme: data breach, my account was hacked right now"
AFTER = "My acme power bank caught fire on the plane, people are hurt"


def _post(author: str, words: str) -> dict[str, object]:
    return {"channel": "x", "external_id": author, "text": words, "created_at": clock.now(), "author": {"id": author}}


def _set_revision(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def test_an_old_daemon_ends_in_order_for_the_new_one_to_be_started(
    start_house: StartHouse, tmp_path: Path, furnish: Furnish
) -> None:
    house, ours = start_house(), leitstand_database.newest_revision()
    with (house.data_dir.parent / "leitstand.toml").open("a") as config:
        config.write("half an edit")  # is nothing to a role that is started again
    kill(house, "work-1")
    send(house, [_post("before", BEFORE)])
    house.told.wait_for_one_of("before")
    engine = leitstand_database.engine(database_url(house.data_dir), pool_size=1)
    _set_revision(engine, "9999")
    engine.dispose()
    assert house.daemon.process.wait(LIMIT) == 75
    lines = [msgspec.json.decode(line, type=dict[str, object]) for line in house.daemon.log.read_bytes().splitlines()]
    events = {str(line["event"]) for line in lines}
    assert {"ended to make way", "cannot go on"} <= events
    assert "child killed" not in events  # none had to be hurried
    reasons = [str(line["reason"]) for line in lines if line["event"] == "cannot go on"]
    assert all("revision 9999 is of a newer version of Leitstand" in reason for reason in reasons)

    with embedded_services(house.data_dir, redis=False):  # the newer version, as far as this one can play it
        engine = leitstand_database.engine(database_url(house.data_dir), pool_size=1)
        _set_revision(engine, ours)
        engine.dispose()
    with starting(tmp_path, furnish) as start:
        newer = start()
        send(newer, [_post("before", BEFORE), _post("after", AFTER)])
        newer.told.wait_for_one_of("after")
        assert newer.told.of("before") == []  # told by the old one, once
