"""What is Google's own: tokens for a signed word, a quota an hour and app, titles in the text, times in two numbers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from leitstand.errors import FetchError
from listeners import reviews
from listeners.contract import Batch
from listeners.sources import googleplay
from listeners.sources.googleplay import Settings
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_api import Asked, Reply, serving
from tests.listeners.servers_googleplay import PACKAGE, TOKEN_PATH, FakePlay, account_key

PART = f"app {PACKAGE}"


@pytest.fixture
def server() -> Iterator[FakePlay]:
    one = FakePlay()
    with serving(one.answer) as one.url:
        yield one


def at(server: FakePlay, **more: Any) -> Settings:
    urls = {"api_url": server.url, "login_url": f"{server.url}{TOKEN_PATH}", "allow_private": True}
    given = {"apps": [PACKAGE], "key": account_key(), "quota": 10**9, "interval": "0.01s", "history": "30d"}
    return Settings.model_validate({**given, **urls, **more})


def hear(given: Settings, looks: int, cursors: dict[str, str] | None = None) -> Hearing:
    async def go(one: Hearing) -> Hearing:
        await one.looks(looks)
        return one

    return run(googleplay, given, go, cursors)


def first(given: Settings) -> Batch:
    return run(googleplay, given, lambda one: one.next())


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("Bad\tIt crashes", "★☆☆☆☆ Bad", "It crashes"),
        ("\tIt crashes", "★☆☆☆☆", "It crashes"),
        ("It crashes", "★☆☆☆☆", "It crashes"),
        ("Only a title\t", "★☆☆☆☆ Only a title", "Only a title"),
        ("", "★☆☆☆☆", "(no text)"),
    ],
)
def test_the_title_is_before_the_tab(server: FakePlay, text: str, title: str, body: str) -> None:
    server.write(1, text=text)
    [one] = first(at(server)).mentions
    assert (one.title, one.text, one.language, one.author.name) == (title, body, "de", "Jo")
    assert (one.author.handle, one.author.id) == ("", "")
    assert one.url == f"https://play.google.com/store/apps/details?id={PACKAGE}&reviewId=gp%3A1"


@pytest.mark.parametrize(("said", "language"), [("pt_BR", "pt"), ("de-AT", "de"), ("EN", "en"), ("", "")])
def test_languages_are_told_as_everybody_tells_them(server: FakePlay, said: str, language: str) -> None:
    server.write(1, reviewerLanguage=said)
    assert [one.language for one in first(at(server)).mentions] == [language]


def test_times_come_as_text_as_numbers_and_not_at_all(server: FakePlay) -> None:
    for number, seconds in enumerate(("1700000000", 1_700_000_000, "-5", "x", 10**15, "9" * 5000)):
        server.write(number, lastModified={"seconds": seconds})
    server.write(9, lastModified={})
    batch = first(at(server, history="36500d"))
    times = {one.external_id: one.created_at.timestamp() for one in batch.mentions}
    assert times["gp:0"] == times["gp:1"] == 1_700_000_000
    assert all(times[name] >= times["gp:1"] for name in ("gp:2", "gp:3", "gp:4", "gp:5", "gp:9"))
    assert len(batch.mentions) == 7


def test_one_app_that_trickles_delays_no_other(server: FakePlay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviews, "PATIENCE", 0.1)
    server.write(1)

    def answer(asked: Asked) -> Reply:
        return Reply(trickle=True) if "com.example.slow" in asked.path else server.answer(asked)

    async def go(one: Hearing) -> Hearing:
        await one.until(lambda batch: bool(batch.mentions))
        server.write(2)
        await one.until(lambda batch: bool(batch.mentions))
        return one

    with serving(answer) as server.url:
        found = run(googleplay, at(server, apps=["com.example.slow", PACKAGE]), go)
    assert (found.heard, found.errors) == (["gp:1", "gp:2"], {})


def test_one_token_serves_many_requests_and_a_withdrawn_one_is_renewed(server: FakePlay) -> None:
    server.write(1)

    async def go(one: Hearing) -> Hearing:
        await one.looks(3)
        server.token = "another-token"
        batch = await one.until(lambda batch: bool(batch.error))
        assert "does not take our token" in batch.error
        server.write(2)
        await one.until(lambda batch: bool(batch.mentions))
        return one

    assert run(googleplay, at(server), go).heard == ["gp:1", "gp:2"]
    assert [one.path for one in server.asked].count(TOKEN_PATH) == 2
    assert all("key" not in one.query for one in server.listings())


def test_the_hours_quota_is_kept_and_told(server: FakePlay) -> None:
    server.write(*range(250))
    batch = first(at(server, quota=3))
    assert len(batch.mentions) == 250
    assert batch.budget
    assert (batch.budget.remaining, batch.budget.allowed) == (0, 3)
    assert batch.next_at
    assert (batch.next_at - batch.mentions[0].received_at).total_seconds() >= 3590
    batch = first(at(server, quota=2))
    assert batch.error == "the hour's quota of this app is used up"
    assert batch.mentions == ()
    assert len(server.listings()) == 5


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply({"error": {"errors": [{"reason": "quotaExceeded"}]}}, 403), "Google asks us to slow down"),
        (Reply("<html>", 429), "Google asks us to slow down"),
        (Reply({"error": {"status": "PERMISSION_DENIED"}}, 403), "this service account may not read the reviews"),
        (Reply("", 500), "cannot answer (HTTP 500)"),
    ],
)
def test_an_app_that_cannot_be_read_is_told_in_words(server: FakePlay, reply: Reply, said: str) -> None:
    server.instead = reply
    assert said in first(at(server)).error


@pytest.mark.parametrize(
    "error", [{"errors": [{"reason": "accessNotConfigured"}]}, {"details": [{"reason": "SERVICE_DISABLED"}]}]
)
def test_an_api_that_is_not_enabled_ends_the_listener(server: FakePlay, error: dict[str, Any]) -> None:
    server.instead = Reply({"error": error}, 403)
    with pytest.raises(FetchError, match="may not use the Google Play Android Developer API") as caught:
        first(at(server))
    assert caught.value.permanent


@pytest.mark.parametrize("key", ["hush", "{}", '{"client_email":"a","private_key":"hush"}', '["hush"]'])
def test_a_key_that_is_none_is_told_once_and_not_shown(server: FakePlay, key: str) -> None:
    with pytest.raises(FetchError, match="key") as caught:
        first(at(server, key=key))
    assert caught.value.permanent
    assert "hush" not in str(caught.value)
    assert server.asked == []


def test_where_the_key_says_to_fetch_tokens_does_not_matter(server: FakePlay) -> None:
    """A key of somebody's own making must not send us elsewhere."""
    key = {**json.loads(account_key()), "token_uri": "http://127.0.0.1:1/elsewhere"}
    server.write(1)
    assert hear(at(server, key=json.dumps(key)), 1).heard == ["gp:1"]
