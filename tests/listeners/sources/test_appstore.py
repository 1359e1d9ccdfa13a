"""What is Apple's own: a feed whose shape changes with its size, a key for one server only, an hour's limit."""

import asyncio
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, text

from leitstand.errors import FetchError
from listeners import reviews
from listeners.appstore.connect import LASTS
from listeners.contract import Batch
from listeners.sources import appstore
from listeners.sources.appstore import Settings
from tests.listeners.committing import Ear
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_api import Asked, Reply, serving
from tests.listeners.servers_appstore import APP, ISSUER, KEY_ID, FakeConnect, FakeFeed, moment, review

needs_key = pytest.mark.skipif(find_spec("cryptography") is None, reason="needs what the extra appstore installs")
COMMON: dict[str, Any] = {"apps": [APP], "interval": "0.01s", "history": "30d", "allow_private": True}
COUNTRY = f"app {APP} in de"


@pytest.fixture
def feed() -> Iterator[FakeFeed]:
    one = FakeFeed()
    with serving(one.answer) as one.url:
        yield one


@pytest.fixture
def connect() -> Iterator[FakeConnect]:
    one = FakeConnect()
    with serving(one.answer) as one.url:
        yield one


def public(server: FakeFeed, **more: Any) -> Settings:
    return Settings.model_validate({**COMMON, "countries": ["de"], "feed_url": server.url, **more})


def own(server: FakeConnect, **more: Any) -> Settings:
    from tests.listeners.servers_keys import elliptic, pem  # noqa: PLC0415  the public feed needs no keys

    key = {"issuer_id": ISSUER, "key_id": KEY_ID, "private_key": pem(elliptic())}
    return Settings.model_validate({**COMMON, **key, "api_url": server.url, **more})


def hear(given: Settings, looks: int, cursors: dict[str, str] | None = None) -> Hearing:
    async def go(one: Hearing) -> Hearing:
        await one.looks(looks)
        return one

    return run(appstore, given, go, cursors)


def first(given: Settings) -> Batch:
    return run(appstore, given, lambda one: one.next())


def test_one_entry_is_no_list_and_the_app_itself_is_no_review(feed: FakeFeed) -> None:
    feed.write(1)
    assert hear(public(feed), 1).heard == ["9001"]
    feed.product = True
    assert hear(public(feed), 1).heard == ["9001"]
    feed.entries.clear()
    assert hear(public(feed), 1).heard == []


def test_the_author_is_known_by_the_number_of_his_page(feed: FakeFeed) -> None:
    feed.write(1)
    [one] = first(public(feed)).mentions
    assert (one.author.id, one.author.handle) == ("5", "jo")
    assert one.url == f"https://apps.apple.com/de/app/id{APP}?see-all=reviews"
    feed.entries[0] |= {"author": {}, "im:rating": {"label": "9"}}
    [one] = first(public(feed)).mentions
    assert (one.author.id, one.author.handle, one.title) == ("", "", "Acme 1")


def test_a_review_without_a_date_or_from_the_future_is_from_now_and_edited_by_nothing(feed: FakeFeed) -> None:
    feed.write(1, updated={"label": "never"})
    feed.write(2, updated={"label": "2126-01-01T00:00:00-07:00"})
    feed.write(3, updated={"label": "0001-01-01T00:00:00"})
    found = hear(public(feed), 3)
    assert (sorted(found.heard), found.edited) == (["9001", "9002", "9003"], [])


def test_more_than_the_feed_shows_is_told_as_lost(feed: FakeFeed) -> None:
    feed.write(0)
    cursors: dict[str, str] = {}
    hear(public(feed), 1, cursors)
    feed.write(*range(1, 601))
    found = hear(public(feed), 2, cursors)
    assert len(found.heard) == 500
    assert found.lost == ["more reviews came than are shown at once: the oldest of them are missing"]


def test_an_empty_or_shortened_feed_deletes_nothing(feed: FakeFeed) -> None:
    feed.write(1, 2, 3)

    async def go(one: Hearing) -> Hearing:
        await one.looks(2)
        kept = list(feed.entries)
        feed.entries.clear()
        await one.looks(12)
        feed.entries.append(kept[2])
        await one.looks(12)
        feed.entries[:] = kept
        await one.looks(2)
        return one

    found = run(appstore, public(feed), go)
    assert (sorted(found.heard), found.deleted) == (["9001", "9002", "9003"], [])


def test_one_country_that_fails_harms_no_other(feed: FakeFeed) -> None:
    feed.write(1)
    found = hear(public(feed, countries=["us", "de"]), 4)
    assert found.errors == {f"app {APP} in us": f"the store of 'us' has no app {APP}"}
    assert found.heard == ["9001"]
    feed.instead = Reply("<html>", 403)
    assert "403" in first(public(feed)).error


def test_one_country_that_trickles_delays_no_other(feed: FakeFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviews, "PATIENCE", 0.1)
    feed.write(1)

    def answer(asked: Asked) -> Reply:
        return Reply(trickle=True) if asked.path.startswith("/us/") else feed.answer(asked)

    async def go(one: Hearing) -> Hearing:
        await one.until(lambda batch: bool(batch.mentions))
        feed.write(2)
        await one.until(lambda batch: bool(batch.mentions))
        return one

    with serving(answer) as url:
        found = run(appstore, public(feed, countries=["us", "de"], feed_url=url), go)
    assert (found.heard, found.errors) == (["9001", "9002"], {})


@needs_key
def test_the_key_goes_to_no_other_server_and_one_token_serves_many_requests(connect: FakeConnect) -> None:
    """The fake names another host for the next page, as Apple's does for who asks through a proxy."""
    connect.write(*range(450))
    assert len(hear(own(connect), 1).heard) == 450
    assert len(connect.asked) == 3
    tokens = {one.headers["authorization"] for one in connect.asked}
    assert len(tokens) == 1
    assert connect.tokens[0]
    assert connect.tokens[0][1]["exp"] - connect.tokens[0][1]["iat"] == LASTS


@needs_key
def test_an_address_of_a_next_page_that_is_none_of_the_api_ends_the_walk(connect: FakeConnect) -> None:
    connect.write(1)
    row = connect._page(0, 1).body
    connect.instead = Reply({**row, "links": {"next": "https://api.example/other?cursor=1"}})
    assert hear(own(connect), 1).heard == ["r1"]
    assert len(connect.asked) == 1


@needs_key
def test_the_hours_limit_is_told_and_spread(connect: FakeConnect) -> None:
    connect.write(1)
    connect.allowed, connect.left = 3500, 36
    batch = first(own(connect))
    assert batch.budget
    assert (batch.budget.remaining, batch.budget.allowed) == (36, 3500)
    assert batch.next_at
    assert 400 < (batch.next_at - batch.mentions[0].received_at).total_seconds() < 600


@needs_key
def test_a_role_that_may_not_read_an_app_is_told_for_that_app(connect: FakeConnect) -> None:
    connect.instead = Reply({"errors": [{"code": "FORBIDDEN_ERROR"}]}, 403)
    assert first(own(connect)).error == "this key's role may not read the reviews of this app"


@needs_key
def test_an_undated_review_is_from_now_and_edited_by_nothing(connect: FakeConnect) -> None:
    connect.write(1)
    connect.write(2, createdDate=None, title=None, body=None, reviewerNickname=None)
    found = hear(own(connect), 3)
    assert (found.heard, found.edited) == (["r1", "r2"], [])


@needs_key
def test_a_key_that_is_none_is_told_once_in_words(connect: FakeConnect) -> None:
    with pytest.raises(FetchError, match="the private key is not one") as caught:
        first(own(connect, private_key="hush"))
    assert caught.value.permanent
    assert "hush" not in str(caught.value)
    assert connect.asked == []


@needs_key
def test_edits_deletes_and_own_answers_reach_what_is_stored(
    database: Engine, redis_url: str, connect: FakeConnect
) -> None:
    ear = Ear(database, redis_url, appstore, own(connect))

    def listen(until: Callable[[], bool]) -> None:
        asyncio.run(ear.listen(until, within=60))

    connect.write(1, 2, body="acme crashes")
    listen(lambda: ear.count() == 2)
    connect.answers = {"r1": "It is fixed"}
    connect.reviews[0] = review(2, body="acme works again")
    connect.write(3, body="acme crashes")
    listen(lambda: ear.count() == 4 and ear.words()["r2"] == "acme works again")
    with database.connect() as connection:
        owned = connection.execute(text("SELECT external_id, text, parent_id FROM mentions WHERE own")).all()
    assert owned == [("r1/answer", "It is fixed", "r1")]
    connect.reviews[:] = [one for one in connect.reviews if one["id"] != "r2"]
    listen(lambda: ear.words()["r2"] == "")
    assert ear.kept() == ["r1", "r1/answer", "r2", "r3"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "needs a key"),
        ({"countries": ["de"], "issuer_id": "i", "key_id": "k", "private_key": "p"}, "needs a key"),
        ({"key_id": "k"}, "there is only key_id"),
        ({"countries": ["Germany"]}, "should match pattern"),
        ({"apps": ["https://apps.apple.com"], "countries": ["de"]}, "should match pattern"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings.model_validate({"apps": [APP], **values})


def test_a_review_is_as_old_as_its_store_says(feed: FakeFeed) -> None:
    feed.write(7)
    assert first(public(feed)).mentions[0].created_at == moment(7)
