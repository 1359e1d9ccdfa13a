"""Reddit as it is: newest first, a thousand at most, anchors that vanish, limits, refusals, garbage."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from structlog.testing import capture_logs

from leitstand import clock
from leitstand.errors import FetchError
from listeners.contract import Batch
from listeners.query.parser import parse
from listeners.reddit.api import pace
from listeners.sources import reddit
from listeners.sources.reddit import Settings, verify
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_api import Asked, Reply, serving
from tests.listeners.servers_reddit import ID, SECRET, FakeReddit, comment, submission


@pytest.fixture
def server() -> Iterator[FakeReddit]:
    one = FakeReddit()
    with serving(one.answer) as one.url:
        yield one


def at(server: FakeReddit, **more: Any) -> Settings:
    values = {
        "subreddits": ["acme"],
        "client_id": ID,
        "client_secret": SECRET,
        "user_agent": "linux:acme-watch:1.0 (by /u/acme)",
        "interval": "0.02s",
        "api_url": server.url,
        "site_url": server.url,
        "allow_private": True,
        **more,
    }
    return Settings.model_validate(values)


def hear(server: FakeReddit, looks: int, cursors: dict[str, str] | None = None, **more: Any) -> Hearing:
    async def go(one: Hearing) -> Hearing:
        await one.looks(looks)
        return one

    return run(reddit, at(server, **more), go, cursors)


def names(*numbers: int, kind: str = "t3_s") -> list[str]:
    return [f"{kind}{n}" for n in numbers]


def test_a_submission_becomes_a_mention(server: FakeReddit) -> None:
    server.post(submission(1))

    async def go(one: Hearing) -> Batch:
        return await one.next()

    batch = run(reddit, at(server), go)
    assert batch.part == "r/acme"
    [found] = batch.mentions
    assert (found.channel, found.external_id, found.kind) == ("reddit", "t3_s1", "post")
    assert found.url == f"{server.url}/r/acme/comments/s1/a_title/"
    assert (found.title, found.text, found.links) == ("Acme cloud 1", "It is down", ("https://status.example/",))
    assert (found.author.id, found.author.handle) == ("t2_jo", "jo")
    assert (found.parent_id, found.conversation_id) == ("", "t3_s1")
    assert found.created_at.timestamp() == 1_772_532_001


def test_a_comment_belongs_to_its_thread(server: FakeReddit) -> None:
    server.post(comment(1), comment(2, parent_id="t1_c1"), path="/r/acme/comments")

    async def go(one: Hearing) -> Batch:
        return await one.until(lambda batch: batch.part == "r/acme comments")

    first, second = run(reddit, at(server), go).mentions
    assert (first.kind, first.text, first.parent_id, first.conversation_id) == (
        "comment",
        "Same here",
        "t3_s1",
        "t3_s1",
    )
    assert (second.parent_id, second.conversation_id) == ("t1_c1", "t3_s1")


def test_links_and_pictures_are_told(server: FakeReddit) -> None:
    link = {"is_self": False, "selftext": "", "selftext_html": None, "url": "https://news.example/acme?a=1&b=2"}
    server.post(submission(1, **link), submission(2, **link, post_hint="image"))

    async def go(one: Hearing) -> Batch:
        return await one.next()

    first, second = run(reddit, at(server), go).mentions
    assert (first.text, first.title, first.links) == ("Acme cloud 1", "", ("https://news.example/acme?a=1&b=2",))
    assert (first.media, second.media) == (0, 1)


def test_each_is_heard_once_in_its_order_and_again_after_a_restart(server: FakeReddit) -> None:
    server.post(submission(1), submission(2))
    cursors: dict[str, str] = {}
    assert hear(server, 4, cursors).heard == names(1, 2)
    server.post(submission(3))
    assert hear(server, 4, cursors).heard == names(3)


def test_more_than_reddit_lists_is_told_as_lost(server: FakeReddit) -> None:
    server.post(submission(0))
    cursors: dict[str, str] = {}
    hear(server, 2, cursors)
    server.post(*(submission(n) for n in range(1, 1200)))
    found = hear(server, 4, cursors)
    assert found.heard == names(*range(200, 1200))
    assert found.lost == ["Reddit lists its newest 1,000 posts, and all of them were new: there may have been more"]


def test_equal_times_and_late_posts_lose_nothing(server: FakeReddit) -> None:
    """A moderator lets a post through: it appears among older ones, with an old date."""
    server.post(*(submission(n, created_utc=1_772_532_000.0) for n in range(5)))
    cursors: dict[str, str] = {}
    assert sorted(hear(server, 2, cursors).heard) == names(*range(5))
    server.listings["/r/acme/new"].insert(3, submission(9, created_utc=1_772_531_000.0))
    assert hear(server, 2, cursors).heard == names(9)


def test_nothing_is_told_before_known_ground_is_reached(server: FakeReddit) -> None:
    """Killed between two pages: all comes again."""
    server.post(submission(0))
    cursors: dict[str, str] = {}
    hear(server, 2, cursors)
    server.post(*(submission(n) for n in range(1, 300)))
    pages = iter(range(10))
    answer = server.answer

    def fails_on_the_second_page(asked: Asked) -> Reply:
        if asked.path == "/r/acme/new" and next(pages) == 1:
            return Reply("oops", 500)
        return answer(asked)

    server.answer = fails_on_the_second_page  # type: ignore[method-assign]
    with serving(lambda asked: server.answer(asked)) as server.url:
        found = hear(server, 6, cursors)
    assert found.errors == {"r/acme": "127.0.0.1 cannot answer (HTTP 500)"}
    assert found.heard == names(*range(1, 300))


def test_an_anchor_that_vanishes_loses_nothing(server: FakeReddit) -> None:
    server.post(submission(0))
    cursors: dict[str, str] = {}
    hear(server, 2, cursors)
    server.post(*(submission(n) for n in range(1, 301)))
    listing = server.listings["/r/acme/new"]
    answer = server.answer

    def deletes_the_anchor(asked: Asked) -> Reply:
        if asked.query.get("after") == "t3_s201":
            listing[:] = [thing for thing in listing if thing["name"] != "t3_s201"]
        return answer(asked)

    with serving(deletes_the_anchor) as server.url:
        found = hear(server, 2, cursors)
    assert found.heard == names(*range(1, 301))


def test_edits_and_deletes_are_noticed_once(server: FakeReddit) -> None:
    server.post(submission(1), submission(2), submission(3, edited=1_772_533_000.0))

    async def go(one: Hearing) -> Hearing:
        await one.looks(4)
        server.listings["/r/acme/new"][2] = submission(1, edited=1_772_540_000.0, selftext_html="<p>It is up</p>")
        server.listings["/r/acme/new"][1] = submission(2, selftext="[removed]", removed_by_category="moderator")
        batch = await one.until(lambda batch: bool(batch.edits))
        assert [m.text for m in batch.edits] == ["It is up"]
        await one.looks(4)
        return one

    found = run(reddit, at(server), go)
    assert (found.heard, found.edited, found.deleted) == (names(1, 2, 3), names(1), names(2))


def test_one_bad_row_harms_only_itself(server: FakeReddit) -> None:
    server.post(submission(1), {"name": "t3_bad"}, 7, submission(2, created_utc="never"), submission(3))
    with capture_logs() as logs:
        assert hear(server, 1).heard == names(1, 3)
    assert logs[0]["count"] == 3


def test_what_was_taken_away_before_we_came_is_not_told(server: FakeReddit) -> None:
    server.post(submission(1, author="[deleted]", selftext="[deleted]"), submission(2))
    assert hear(server, 1).heard == names(2)


def test_a_bad_credential_is_told_once_in_words(server: FakeReddit) -> None:
    with pytest.raises(FetchError, match="Reddit does not know this client_id and client_secret") as caught:
        hear(server, 1, client_secret="another")
    assert caught.value.permanent
    assert SECRET not in str(caught.value)
    assert len(server.asked) == 1


def test_a_refusal_with_status_200_is_one_too(server: FakeReddit) -> None:
    server.instead["/api/v1/access_token"] = Reply({"error": "unsupported_grant_type"})
    with pytest.raises(FetchError, match="Reddit does not know"):
        hear(server, 1)


def test_a_token_is_used_again_and_replaced_when_it_is_withdrawn(server: FakeReddit) -> None:
    server.post(submission(1))

    async def go(one: Hearing) -> None:
        await one.looks(4)
        assert server.tokens == 1
        server.tokens += 1  # the old one is worth nothing now
        await one.until(lambda batch: "token" in batch.error)
        server.post(submission(2))
        await one.until(lambda batch: bool(batch.mentions))
        assert one.heard == names(1, 2)

    run(reddit, at(server), go)


def test_a_subreddit_that_is_not_there_harms_no_other(server: FakeReddit) -> None:
    server.post(submission(1))
    found = hear(server, 6, subreddits=["secret", "acme"])
    assert found.errors["r/secret"] == "Reddit does not show us /r/secret/new (HTTP 404)"
    assert found.heard == names(1)


@pytest.mark.parametrize("headers", [{"Retry-After": "300"}, {"x-ratelimit-reset": "300"}])
def test_it_slows_down_when_told(server: FakeReddit, headers: dict[str, str]) -> None:
    server.instead["/r/acme/new"] = Reply({"error": 429}, 429, headers)

    async def go(one: Hearing) -> None:
        batch = await one.next()
        assert "slow down" in batch.error
        assert batch.next_at is not None
        assert 290 < (batch.next_at - clock.now()).total_seconds() <= 300

    run(reddit, at(server), go)


@pytest.mark.parametrize(
    ("left", "reset", "pause"),
    [("99.0", "60", 0), ("20", "60", 3), ("5.0", "60", 60), ("0", "582", 582), ("x", "60", 60), ("-1", "1e9", 0)],
)
def test_the_pace_follows_the_headers(left: str, reset: str, pause: float) -> None:
    assert pace({"x-ratelimit-remaining": left, "x-ratelimit-reset": reset}) == pause
    assert pace({}) == 0


def test_searches_are_parts_of_their_own(server: FakeReddit) -> None:
    server.listings["/search"] = [submission(1)]
    found = hear(server, 1, subreddits=[], searches=['acme OR "acme cloud"'])
    assert found.heard == names(1)
    assert list(found.cursors) == ['search acme OR "acme cloud"']
    [asked] = [one for one in server.asked if one.path == "/search"]
    assert asked.query == {"q": 'acme OR "acme cloud"', "sort": "new", "type": "link", "limit": "100", "raw_json": "1"}


def test_watchlists_can_be_searched_for(server: FakeReddit) -> None:
    server.listings["/search"] = [submission(1)]
    asked = reddit.asking(
        at(server, subreddits=[], search_watchlists=True),
        {"cloud": parse('"acme cloud" AND NOT jobs'), "all": parse("author:jo")},
    )
    [search] = asked.searches
    assert "acme" in search
    assert "cloud" in search
    assert "author" not in search
    assert reddit.asking(at(server), {"cloud": parse("acme")}).searches == []

    async def go(one: Hearing) -> Hearing:
        await one.looks(1)
        return one

    assert list(run(reddit, asked, go).cursors) == [f"search {search}"]


FEED = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>acme</title>
<entry><author><name>/u/jo</name></author><id>t3_s1</id><link href="{site}/r/acme/comments/s1/a_title/"/>
<updated>2026-03-03T10:00:01+00:00</updated><title>Acme cloud 1</title><content type="html">
&lt;p&gt;It is down&lt;/p&gt; &amp;#32; submitted by &amp;#32; &lt;a href="{site}/user/jo"&gt; /u/jo &lt;/a&gt;
&lt;a href="x"&gt;[link]&lt;/a&gt;</content></entry>
<entry><author><name>/u/al</name></author><id>t1_c1</id><link href="{site}/r/acme/comments/s1/a_title/c1/"/>
<updated>2026-03-03T10:00:02+00:00</updated><title>/u/al on Acme cloud 1</title>
<content type="html">Same here</content></entry>
<entry><id>x</id><link href="{site}/r/acme/wiki/rules"/><title>Rules</title></entry></feed>"""


def test_without_a_client_the_feeds_are_read_and_name_posts_as_the_api_does(server: FakeReddit) -> None:
    server.instead["/r/acme/new/.rss"] = Reply(FEED.format(site=server.url))
    server.instead["/r/acme/comments/.rss"] = Reply("", 403)

    async def go(one: Hearing) -> tuple[Batch, Hearing]:
        batch = await one.until(lambda batch: bool(batch.mentions))
        while not one.errors:
            await one.next()
        return batch, one

    plain = at(server, client_id="", client_secret=None, interval="0.2s")
    batch, found = run(reddit, plain, go)
    first, second = batch.mentions
    assert (first.external_id, first.title, first.text, first.conversation_id) == (
        "t3_s1",
        "Acme cloud 1",
        "It is down",
        "t3_s1",
    )
    assert (second.external_id, second.text, second.parent_id, second.author.handle) == (
        "t1_c1",
        "Same here",
        "t3_s1",
        "al",
    )
    assert "refuses us" in next(iter(found.errors.values()))


def test_verify_asks_once(server: FakeReddit) -> None:
    server.post(submission(1), submission(2))
    assert asyncio.run(verify(at(server))) == "Reddit answers: 2 posts now"
    with pytest.raises(FetchError, match="does not know"):
        asyncio.run(verify(at(server, client_id="nobody")))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "needs `subreddits`, `searches` or `search_watchlists`"),
        ({"subreddits": ["r/acme"]}, "should match pattern"),
        ({"subreddits": ["acme"], "client_id": "x"}, "belong together"),
        ({"subreddits": ["acme"], "client_id": "x", "client_secret": "y"}, "needs `user_agent`"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings.model_validate(values)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
rows = st.dictionaries(st.sampled_from(sorted(submission(1) | comment(1))), json_values) | json_values


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows, max_size=4), st.sampled_from(["rows", "whole", "bytes"]), st.binary(max_size=30))
def test_garbage_is_survived(server: FakeReddit, garbage: list[Any], how: str, noise: bytes) -> None:
    server.listings["/r/acme/new"] = [submission(1)]
    server.instead.clear()
    if how == "rows":
        server.instead["/r/acme/new"] = Reply(
            {"data": {"children": [*({"data": row} for row in garbage), {"data": submission(1)}], "after": None}}
        )
    else:
        server.instead["/r/acme/new"] = Reply(garbage if how == "whole" else noise)
    found = hear(server, 1)
    assert "t3_s1" in found.heard if how == "rows" else found.errors["r/acme"].startswith("the answer is not what")
