"""Hacker News by number and by search: empty numbers, threads, edits, long pauses, an index that is behind, garbage."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leitstand.errors import FetchError
from listeners.contract import Batch
from listeners.sources import hackernews
from listeners.sources.hackernews import Settings, verify
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_api import Reply, serving
from tests.listeners.servers_hackernews import START, FakeHackerNews


@pytest.fixture
def server() -> Iterator[FakeHackerNews]:
    one = FakeHackerNews()
    with serving(one.answer) as one.url:
        yield one


def at(server: FakeHackerNews, **more: Any) -> Settings:
    there = {"api_url": server.url, "search_url": server.url, "interval": "0.02s", "allow_private": True}
    return Settings.model_validate({**there, **more})


def hear(server: FakeHackerNews, looks: int, cursors: dict[str, str] | None = None, **more: Any) -> Hearing:
    async def go(one: Hearing) -> Hearing:
        await one.looks(looks)
        return one

    return run(hackernews, at(server, **more), go, cursors)


def numbers(*those: int) -> list[str]:
    return [str(n) for n in those]


async def first(one: Hearing) -> Batch:
    return await one.next()


def test_a_story_and_its_comments_become_mentions(server: FakeHackerNews) -> None:
    server.write(
        1, title="Ask HN: is Acme down?", text='See <a href="https:&#x2F;&#x2F;status.example&#x2F;">here</a><p>ok'
    )
    server.write(2, title="Acme &amp; co", text=None, url="https://acme.example/post?id=1")
    server.write(3, parent=1)
    server.write(4, parent=3)
    asked, story, comment, answer = run(hackernews, at(server), first).mentions
    assert (asked.kind, asked.title, asked.text) == ("question", "Ask HN: is Acme down?", "See here\nok")
    assert (asked.links, asked.url) == (("https://status.example/",), "https://news.ycombinator.com/item?id=1")
    assert (asked.author.handle, asked.created_at.timestamp()) == ("jo", START + 1)
    assert (story.kind, story.title, story.text) == ("post", "", "Acme & co")
    assert story.links == ("https://acme.example/post?id=1",)
    assert (comment.kind, comment.parent_id, comment.conversation_id) == ("comment", "1", "1")
    assert (answer.kind, answer.parent_id, answer.conversation_id) == ("comment", "3", "1")


def test_the_story_of_a_comment_is_looked_for_once(server: FakeHackerNews) -> None:
    for number in range(1, 5):
        server.write(number, parent=number - 1)
    server.write(1000, parent=4)
    server.write(1001, parent=4)
    batch = run(hackernews, at(server), first)
    assert [m.conversation_id for m in batch.mentions] == ["1", "1"]
    assert server.asked.count("/v0/item/2.json") == 1


def test_every_item_is_heard_once_also_after_a_restart(server: FakeHackerNews) -> None:
    for number in range(1, 51):
        server.write(number)
    cursors: dict[str, str] = {}
    assert hear(server, 2, cursors).heard == numbers(*range(21, 51))
    for number in range(51, 400):
        server.write(number, time=START)
    found = hear(server, 6, cursors)
    assert found.heard == numbers(*range(51, 400))


def test_an_empty_number_is_asked_for_again(server: FakeHackerNews) -> None:
    server.write(1)
    server.write(3)

    async def go(one: Hearing) -> list[str]:
        await one.looks(2)
        assert one.heard == numbers(1, 3)
        server.write(2)
        await one.until(lambda batch: bool(batch.mentions))
        return one.heard

    cursors: dict[str, str] = {}
    assert run(hackernews, at(server), go, cursors) == numbers(1, 3, 2)
    assert "missing" not in cursors["everything"]


def test_what_is_gone_before_we_came_is_not_told(server: FakeHackerNews) -> None:
    server.write(1, deleted=True)
    server.write(2, dead=True)
    server.write(3)
    assert hear(server, 1).heard == numbers(3)


def test_edits_and_deletes_are_noticed_and_votes_are_not(server: FakeHackerNews) -> None:
    for number in range(1, 5):
        server.write(number)

    async def go(one: Hearing) -> Hearing:
        await one.looks(2)
        server.items[1]["text"] = "It is up again"
        server.items[2] = {"id": 2, "type": "story", "time": START, "deleted": True}
        server.items[3]["kids"] = [9]
        server.updates = [1, 2, 3, 4]
        batch = await one.until(lambda batch: bool(batch.edits))
        assert [m.text for m in batch.edits] == ["It is up again"]
        await one.looks(3)
        return one

    found = run(hackernews, at(server), go)
    assert (found.edited, found.deleted) == (numbers(1), numbers(2))


def test_a_long_pause_is_filled_by_the_search(server: FakeHackerNews) -> None:
    server.write(1)
    cursors: dict[str, str] = {}
    hear(server, 1, cursors)
    for number in range(2, 3500):
        server.write(number, **({"parent": 1} if number % 2 else {}))
    server.indexed = 3400
    server.asked.clear()

    async def go(one: Hearing) -> Hearing:
        batch = await one.until(lambda batch: batch.caught_up)
        assert not batch.lost
        return one

    found = run(hackernews, at(server), go, cursors)
    assert sorted(found.heard, key=int) == numbers(*range(2, 3500))
    assert server.asked.count("/api/v1/search_by_date") == 4
    assert len(server.asked) < 300


def test_a_thousand_of_one_second_stop_no_fill(server: FakeHackerNews) -> None:
    server.write(1)
    cursors: dict[str, str] = {}
    hear(server, 1, cursors)
    for number in range(2, 1600):
        server.write(number, time=START + (7 if number > 1000 else number % 5))

    async def go(one: Hearing) -> Hearing:
        await one.until(lambda batch: batch.caught_up)
        return one

    assert sorted(run(hackernews, at(server), go, cursors).heard, key=int) == numbers(*range(2, 1600))


def test_without_the_search_it_goes_item_by_item(server: FakeHackerNews) -> None:
    server.write(1)
    cursors: dict[str, str] = {}
    hear(server, 1, cursors)
    for number in range(2, 1300):
        server.write(number)
    server.instead["/api/v1/search_by_date"] = Reply("", 503)
    assert hear(server, 1, cursors).heard == numbers(*range(2, 102))


def test_searches_find_what_they_find_once(server: FakeHackerNews) -> None:
    server.write(1)
    server.write(2, text="nothing of interest")
    cursors: dict[str, str] = {}

    async def go(one: Hearing) -> Hearing:
        await one.looks(2)
        server.write(3, parent=1)
        server.write(4, time=START - 60)  # indexed late, under an older time
        await one.until(lambda batch: bool(batch.mentions))
        await one.looks(2)
        return one

    found = run(hackernews, at(server, searches=['"acme cloud"']), go, cursors)
    assert sorted(found.heard) == numbers(1, 3, 4)
    assert list(cursors) == ['search "acme cloud"']
    assert hear(server, 2, cursors, searches=['"acme cloud"']).heard == []
    assert not any(path.startswith("/v0/") for path in server.asked)


def test_one_bad_item_harms_only_itself(server: FakeHackerNews) -> None:
    for number in range(1, 6):
        server.write(number)
    server.items[2] = {"id": "two"}
    server.items[3] = [1]
    server.instead["/v0/item/4.json"] = Reply("<html>")
    assert hear(server, 2).heard == numbers(1, 5)


def test_a_server_in_trouble_is_told_and_asked_again(server: FakeHackerNews) -> None:
    server.write(1)
    server.instead["/v0/maxitem.json"] = Reply("", 500)

    async def go(one: Hearing) -> Hearing:
        await one.until(lambda batch: bool(batch.error))
        server.instead.clear()
        await one.until(lambda batch: bool(batch.mentions))
        return one

    found = run(hackernews, at(server), go)
    assert (found.errors, found.heard) == ({"everything": "127.0.0.1 cannot answer (HTTP 500)"}, numbers(1))


def test_an_item_that_cannot_be_had_holds_up_what_comes_after_it_only(server: FakeHackerNews) -> None:
    server.write(1)
    server.instead["/v0/item/50.json"] = Reply("", 500)

    async def go(one: Hearing) -> list[str]:
        await one.until(lambda batch: bool(batch.mentions))
        for number in range(2, 101):
            server.write(number)
        await one.until(lambda batch: bool(batch.error))
        assert one.heard == numbers(*range(1, 50))
        server.instead.clear()
        await one.until(lambda batch: bool(batch.mentions))
        return one.heard

    assert run(hackernews, at(server), go) == numbers(*range(1, 101))


def test_verify_asks_once(server: FakeHackerNews) -> None:
    server.write(1)
    assert asyncio.run(verify(at(server))) == "Hacker News answers: 1 posts now"
    server.instead["/v0/maxitem.json"] = Reply("<html>")
    with pytest.raises(FetchError, match="the answer is not what it should be"):
        asyncio.run(verify(at(server)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
fields = ["id", "type", "by", "time", "text", "title", "url", "deleted", "dead"]
items = st.dictionaries(st.sampled_from(fields), json_values) | json_values


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items, st.dictionaries(st.sampled_from(["objectID", "created_at_i", "author", "title", "url"]), json_values))
def test_garbage_is_survived(server: FakeHackerNews, item: Any, hit: Any) -> None:
    server.items.clear()
    server.write(1)
    server.items[2] = item
    server.write(3)
    assert set(hear(server, 1).heard) >= {"1", "3"}
    good = {"objectID": "9", "created_at_i": START, "title": "Acme"}
    server.instead["/api/v1/search_by_date"] = Reply({"hits": [hit, good]})
    assert "9" in hear(server, 1, searches=["acme"]).heard
    server.instead["/api/v1/search_by_date"] = Reply(hit)
    assert "the answer is not what" in hear(server, 1, searches=["acme"]).errors["search acme"]
