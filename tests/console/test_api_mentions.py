"""POST /api/v1/mentions over real HTTP: what is taken, and what bad input gets."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from leitstand import clock
from leitstand import database as leitstand_database
from tests.console.running import ACT, INGEST, LISTENER, READ, TOKENS, Console, running, settings

PATH = "/api/v1/mentions"


def post(number: int = 1, **changes: object) -> dict[str, object]:
    """A good mention in the API's form."""
    return {"channel": "x", "external_id": str(number), "text": f"acme is down {number}", **changes}


def stored(console: Console) -> int:
    """How many mentions are in the database, all of them pending."""
    with console.database.connect() as connection:
        mentions, pending = connection.execute(
            text("SELECT (SELECT count(*) FROM mentions), (SELECT count(*) FROM pending_mentions)")
        ).one()
    assert mentions == pending
    return int(mentions)


def send(console: Console, body: object, token: str = LISTENER) -> tuple[int, Any]:
    """The status and the JSON that a call gets."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with console.client(token) as client:
        response = client.post(PATH, content=content, headers={"content-type": "application/json"})
    return response.status_code, response.json()


def test_mentions_are_stored_and_enqueued_once(console: Console) -> None:
    both = {"mentions": [post(1), post(2), post(3, channel="pixelfed", text="nothing of ours")]}
    before = counted(console)
    assert send(console, both) == (202, {"accepted": 2, "duplicates": 0, "unmatched": 1, "rejected": []})
    assert send(console, both) == (202, {"accepted": 0, "duplicates": 2, "unmatched": 1, "rejected": []})
    assert stored(console) == 2
    assert console.queue.depth() == 1
    assert [now - then for now, then in zip(counted(console), before, strict=True)] == [2, 2]


def counted(console: Console) -> list[float]:
    """What /metrics says was received from a network that only this test has, and matched."""
    with console.client() as client:
        lines = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines() if line[0] != "#")
    names = (
        'leitstand_mentions_received_total{channel="pixelfed",listener="ingest"}',
        'leitstand_mentions_matched_total{watchlist="cloud"}',
    )
    return [float(lines.get(name, 0)) for name in names]


def test_a_single_object_is_a_call_of_one(console: Console) -> None:
    assert send(console, post()) == (202, {"accepted": 1, "duplicates": 0, "unmatched": 0, "rejected": []})


def test_a_mention_that_was_edited_since_has_its_new_words_and_waits_again(console: Console) -> None:
    hour = clock.now() - timedelta(hours=1)
    first, second = ((hour + timedelta(minutes=n)).isoformat() for n in (1, 2))
    assert send(console, post())[1]["accepted"] == 1
    assert send(console, post(text="acme is up", edited_at=second))[1] == (
        {"accepted": 1, "duplicates": 0, "unmatched": 0, "rejected": []}
    )
    for again in (post(text="acme is up", edited_at=second), post(text="acme is slow", edited_at=first), post()):
        assert send(console, again)[1]["duplicates"] == 1
    assert send(console, post(2, text="acme, heard late", edited_at=second))[1]["accepted"] == 1
    assert send(console, post(3, text="not ours", edited_at=second))[1]["unmatched"] == 1
    with console.database.connect() as connection:
        words = connection.scalars(text("SELECT text FROM mentions ORDER BY external_id")).all()
    assert words == ["acme is up", "acme, heard late"]
    assert stored(console) == 2


@pytest.mark.parametrize(("token", "listener"), [(LISTENER, "ingest"), (INGEST, "feeder")])
def test_the_token_says_which_listener_it_is(console: Console, token: str, listener: str) -> None:
    send(console, post(), token)
    with console.database.connect() as connection:
        assert connection.scalar(text("SELECT listener FROM mentions")) == listener


BAD = {
    "missing field": ({"channel": "x", "external_id": "1"}, "text"),
    "10 MB text": (post(text="acme " * 2_000_000), "text"),
    "NUL": (post(text="acme \0 down"), "text"),
    "lone surrogate": (post(text="acme \ud800 down"), "text"),
    "surrogate in a handle": (post(author={"handle": "\udfff"}), "author.handle"),
    "future date": (post(created_at=(clock.now() + timedelta(days=1)).isoformat()), "created_at"),
    "date without a zone": (post(created_at="2026-01-01T10:00:00"), "created_at"),
    "edited in the future": (post(edited_at=(clock.now() + timedelta(days=1)).isoformat()), "edited_at"),
    "a number for a text": (post(text=17), "text"),
    "a script for an address": (post(url="javascript:alert(1)"), "url"),
}


@pytest.mark.parametrize(("bad", "field"), BAD.values(), ids=BAD)
def test_a_bad_mention_is_refused_by_index_and_field_and_the_good_ones_are_taken(
    console: Console, bad: dict[str, object], field: str
) -> None:
    status, body = send(console, {"mentions": [post(1), bad, post(2)]})
    assert status == 202
    assert body["accepted"] == 2
    assert [r["index"] for r in body["rejected"]] == [1]
    assert body["rejected"][0]["error"].startswith(f"{field}: ")
    assert stored(console) == 2

    status, body = send(console, bad)
    assert status == 422
    assert (body["accepted"], body["duplicates"], body["unmatched"]) == (0, 0, 0)
    assert body["rejected"][0]["error"].startswith(f"{field}: ")
    assert stored(console) == 2


CALLS: dict[str, tuple[bytes, int, str]] = {
    "malformed": (b'{"channel": "x",\n "text": }', 400, "line 2, column 10"),
    "cut off": (b'{"mentions": [{"channel"', 400, "line 1"),
    "not UTF-8": (b'{"text": "\xff"}', 400, "byte 10"),
    "empty": (b"", 400, "line 1"),
    "an array": (b"[]", 400, "mentions"),
    "nested": (b"[" * 100_000, 400, "nested"),
    "1,001 mentions": (json.dumps({"mentions": [post(n) for n in range(1001)]}).encode(), 422, "1,000"),
    "mentions is no array": (b'{"mentions": 1}', 422, "array"),
}


@pytest.mark.parametrize(("body", "expected", "words"), CALLS.values(), ids=CALLS)
def test_a_call_that_cannot_be_taken_stores_nothing(console: Console, body: bytes, expected: int, words: str) -> None:
    status, answer = send(console, body)
    assert status == expected
    assert words in answer["error"]
    assert stored(console) == 0
    assert console.queue.depth() == 0


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_20_mb_is_refused(console: Console, chunked: bool) -> None:
    pieces = [b" " * 1_000_000] * 21

    def stream() -> Iterator[bytes]:
        yield from pieces

    with console.client(LISTENER) as client:
        response = client.post(PATH, content=stream() if chunked else b"".join(pieces))
    assert response.status_code == 413
    assert "20,000,000" in response.json()["error"]


@pytest.mark.parametrize(
    ("headers", "field"),
    [({"content-encoding": "gzip"}, "Content-Encoding"), ({"content-type": "multipart/form-data"}, "Content-Type")],
)
def test_packed_bodies_and_forms_are_refused(console: Console, headers: dict[str, str], field: str) -> None:
    with console.client(LISTENER) as client:
        response = client.post(PATH, content=b"{}", headers=headers)
    assert (response.status_code, response.json()["field"]) == (415, field)


@pytest.mark.parametrize(("token", "status"), [("", 401), ("wrong", 401), ("ï", 401), (READ, 403), (ACT, 403)])
def test_only_a_token_that_may_ingest_does(console: Console, token: str, status: int) -> None:
    with console.client() as client:
        headers = {b"Authorization": f"Bearer {token}".encode()} if token else {}
        response = client.post(PATH, json=post(), headers=headers)
    assert response.status_code == status
    assert ("www-authenticate" in response.headers) == (status == 401)
    assert token not in response.text or not token
    assert stored(console) == 0


def test_without_redis_a_call_is_taken_all_the_same(database: Engine, tmp_path: Path) -> None:
    with running(settings(tmp_path), database, "redis://127.0.0.1:1/0") as console:
        status, body = send(console, post())
        assert (status, body["accepted"]) == (202, 1)
        assert stored(console) == 1


def test_without_postgresql_a_call_is_told_to_come_again(redis_url: str, tmp_path: Path) -> None:
    away = leitstand_database.engine("postgresql://nobody@127.0.0.1:1/none")
    with (
        running(settings(tmp_path, tokens=dict(TOKENS)), away, redis_url) as console,
        console.client(LISTENER) as client,
    ):
        response = client.post(PATH, json=post())
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) > 0
        assert "try again" in response.json()["error"]
        assert client.get("/healthz").status_code == 200
