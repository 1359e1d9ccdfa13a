"""/hooks/<name> over real HTTP: answered after the commit, the same call again changes nothing, refused in words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from leitstand.settings import ListenerSettings
from listeners.sources import facebook, webform
from tests.console.running import TOKENS, Console, empty, running, settings
from workers.embedded import redis_url as embedded_redis_url

TOKEN = "a-token-of-the-form"


@pytest.fixture(scope="module")
def _hooked(console_database: Engine, services: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    made = settings(tmp_path_factory.mktemp("hooked"), tokens=dict(TOKENS))
    form = webform.Settings(kind="webform", token=SecretStr(TOKEN))
    off = webform.Settings(kind="webform", enabled=False, token=SecretStr(TOKEN))
    values = {"page_id": "1", "access_token": "t", "app_secret": "s", "verify_token": "the-verify-token"}
    page = facebook.Settings.model_validate(values)
    listeners: dict[str, ListenerSettings] = {**made.listeners, "contact": form, "off": off, "page": page}
    config = made.model_copy(update={"listeners": listeners})
    with running(config, console_database, embedded_redis_url(services)) as found:
        yield found


@pytest.fixture
def hooked(_hooked: Console, redis_url: str) -> Console:
    empty(_hooked.database)
    return _hooked


def words(console: Console) -> dict[str, str]:
    """The stored texts by external id."""
    with console.database.connect() as connection:
        return {row.external_id: row.text for row in connection.execute(text("SELECT external_id, text FROM mentions"))}


def test_a_call_is_stored_enqueued_and_answered_once(hooked: Console) -> None:
    rows = {"submissions": [{"id": "1", "message": "acme is down"}, {"id": "2", "message": "nothing of ours"}, 7]}
    with hooked.client(TOKEN) as client:
        first, again = (client.post("/hooks/contact", json=rows) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    said = {"duplicates": 0, "unmatched": 1, "edits": 0, "deletes": 0}
    assert first.json() == {
        "accepted": 1,
        **said,
        "rejected": ["submission 2: this is no submission, but something else"],
    }
    assert again.json()["accepted"] == 0
    assert again.json()["duplicates"] == 1
    assert words(hooked) == {"1": "acme is down"}
    assert hooked.queue.depth() == 1


def test_edits_and_deletes_reach_what_is_stored(hooked: Console) -> None:
    with hooked.client(TOKEN) as client:
        for row in (
            {"id": "1", "message": "acme is down"},
            {"id": "1", "message": "acme is up", "action": "edited"},
            {"id": "1", "message": "acme is down"},
        ):
            assert client.post("/hooks/contact", json=row).status_code == 200
        assert words(hooked) == {"1": "acme is up"}
        assert client.post("/hooks/contact", json={"id": "1", "action": "deleted"}).json()["deletes"] == 1
        assert client.post("/hooks/contact", json={"id": "1", "message": "acme is down"}).json()["duplicates"] == 1
    assert words(hooked) == {"1": ""}


def test_bad_calls_are_refused_in_words_and_nothing_is_stored(hooked: Console) -> None:
    good = {"id": "1", "message": "acme is down"}
    with hooked.client("wrong") as client:
        refused = client.post("/hooks/contact", json=good)
        assert (refused.status_code, refused.json()["error"]) == (401, "this token is not the listener's")
        for name in ("off", "ingest", "nobody"):
            assert client.post(f"/hooks/{name}", json=good).status_code == 404
    with hooked.client(TOKEN) as client:
        assert client.get("/hooks/contact").status_code == 405
        assert client.post("/hooks/contact", content=b"{").status_code == 400
        assert client.post("/hooks/contact", json={}).status_code == 422
        assert client.post("/hooks/contact", content=b"a" * 25_000_001).status_code == 413
    assert words(hooked) == {}


def test_without_the_database_the_sender_is_told_to_come_again(hooked: Console) -> None:
    with hooked.database.begin() as connection:
        connection.execute(text("ALTER TABLE mentions RENAME TO gone"))
    try:
        with hooked.client(TOKEN) as client:
            answered = client.post("/hooks/contact", json={"message": "acme"})
        assert answered.status_code == 503
    finally:
        with hooked.database.begin() as connection:
            connection.execute(text("ALTER TABLE gone RENAME TO mentions"))


def test_a_service_that_asks_for_an_echo_gets_it(hooked: Console) -> None:
    question = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "the-verify-token"}
    with hooked.client() as client:
        answered = client.get("/hooks/page", params=question)
        assert (answered.status_code, answered.text) == (200, "1158201444")
        assert answered.headers["content-type"].startswith("text/plain")
        assert client.get("/hooks/page", params={**question, "hub.verify_token": "x"}).status_code == 403
        assert client.post("/hooks/page", json={}).status_code == 401
