"""/hooks/<name> over real HTTP: answered after the commit, the same call again changes nothing, refused in words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from leitstand.settings import ListenerSettings
from listeners.sources import webform
from tests.console.running import TOKENS, Console, running, settings

TOKEN = "a-token-of-the-form"


@pytest.fixture
def hooked(tmp_path: Path, database: Engine, redis_url: str) -> Iterator[Console]:
    made = settings(tmp_path, tokens=dict(TOKENS))
    form = webform.Settings(kind="webform", token=SecretStr(TOKEN))
    off = webform.Settings(kind="webform", enabled=False, token=SecretStr(TOKEN))
    listeners: dict[str, ListenerSettings] = {**made.listeners, "contact": form, "off": off}
    with running(made.model_copy(update={"listeners": listeners}), database, redis_url) as console:
        yield console


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
