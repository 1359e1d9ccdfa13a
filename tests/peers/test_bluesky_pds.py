"""A real Bluesky PDS is heard on the wire of relays: posts, edits, deletes, an account that leaves, each once.

What it needs it installs by itself, see tests/peers/atproto.py; what cannot be had skips these tests in words.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from console import spawn
from listeners.sources import bluesky
from listeners.sources.bluesky import Settings, verify
from tests.listeners.committing import Ear
from tests.peers.atproto import Pds, installed, running

pytestmark = [pytest.mark.peers, pytest.mark.timeout(1800)]
PATIENCE = 60.0


@pytest.fixture(scope="module")
def _packages() -> None:
    installed()


@pytest.fixture
def port() -> int:
    return spawn.free_port()


@pytest.fixture
def pds(_packages: None, tmp_path: Path, port: int) -> Iterator[Pds]:
    with running(tmp_path / "pds", port) as one:
        yield one


def ear(database: Engine, redis_url: str, pds: Pds) -> Ear:
    return Ear(database, redis_url, bluesky, Settings(url=pds.socket, wire="firehose"))


def listen(one: Ear, count: int) -> None:
    """Until so many posts are stored in all."""
    asyncio.run(one.listen(lambda: one.count() >= count, within=PATIENCE))


def from_the_beginning(one: Ear, pds: Pds) -> None:
    one.start_from("", f"0 1 {pds.socket}")


def twice(one: Ear) -> list[str]:
    """What was handed over more than once since the last start."""
    seen = [m.external_id for batch in one.batches for m in batch.mentions]
    return sorted({name for name in seen if seen.count(name) > 1})


def gone(one: Ear) -> set[str]:
    with one.database.connect() as connection:
        return set(connection.scalars(text("SELECT external_id FROM mentions WHERE deleted_at IS NOT NULL")))


def test_posts_of_several_accounts_are_heard_once(database: Engine, redis_url: str, pds: Pds) -> None:
    one = ear(database, redis_url, pds)
    from_the_beginning(one, pds)
    jo, kim = pds.join("jon"), pds.join("kim")
    posts = pds.write(jo, *(f"acme is down {n}" for n in range(60))) + pds.write(kim, "acme 🙂 stört", "acme again")
    pds.write(kim, "of something else")
    listen(one, 62)
    assert one.kept() == sorted(posts)
    assert one.words()[posts[-2]] == "acme 🙂 stört"
    assert (twice(one), one.errors()) == ([], [])


def test_it_goes_on_from_its_cursor_also_when_the_server_was_away(
    database: Engine, redis_url: str, _packages: None, tmp_path: Path, port: int
) -> None:
    with ExitStack() as first:
        pds = first.enter_context(running(tmp_path / "pds", port))
        one = ear(database, redis_url, pds)
        from_the_beginning(one, pds)
        jo = pds.join("jon")
        posts = pds.write(jo, "acme one")
        listen(one, 1)
        posts += pds.write(jo, "acme while nobody listened")
        listen(one, 2)
        posts += pds.write(jo, "acme just before the server went")
        tokens = pds.tokens
    with running(tmp_path / "pds", port) as again:
        again.tokens = tokens
        posts += again.write(jo, "acme after it came back")
        listen(one, 4)
        assert one.kept() == sorted(posts)
        assert twice(one) == []


def test_what_is_edited_deleted_or_gone_with_its_account_is_told(database: Engine, redis_url: str, pds: Pds) -> None:
    one = ear(database, redis_url, pds)
    from_the_beginning(one, pds)
    jo, kim = pds.join("jon"), pds.join("kim")
    kept, edited, deleted = pds.write(jo, "acme kept", "acme edited", "acme deleted")
    [left] = pds.write(kim, "acme of who leaves")
    listen(one, 4)
    pds.edit(edited, "acme is up again")
    pds.delete(deleted)
    pds.leave(kim)
    asyncio.run(one.listen(lambda: gone(one) == {deleted, left}, within=PATIENCE))
    assert one.words() == {kept: "acme kept", edited: "acme is up again", deleted: "", left: ""}


def test_single_accounts_can_be_chosen(database: Engine, redis_url: str, pds: Pds) -> None:
    jo, kim = pds.join("jon"), pds.join("kim")
    settings = Settings(url=pds.socket, wire="firehose", dids=[kim])
    one = Ear(database, redis_url, bluesky, settings)
    from_the_beginning(one, pds)
    pds.write(jo, "acme of another")
    posts = pds.write(kim, "acme of the chosen one")
    listen(one, 1)
    assert one.kept() == posts


def test_verify_says_that_it_answers(pds: Pds) -> None:
    assert "127.0.0.1 answers" in asyncio.run(verify(Settings(url=pds.socket, wire="firehose")))
