"""YouTube as it is: pages, replies that move nothing, a quota, many ways to say no, garbage."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from leitstand import clock
from leitstand.errors import FetchError
from listeners.contract import Batch
from listeners.query.parser import parse
from listeners.sources import youtube
from listeners.sources.youtube import Settings, verify
from listeners.youtube.quota import Quota, resets_at
from listeners.youtube.threads import DEEP_EVERY
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_api import Asked, Reply, serving
from tests.listeners.servers_youtube import CHANNEL, KEY, START, VIDEO, FakeYouTube, at_second, comment, refusal

PART = f"channel {CHANNEL}"


@pytest.fixture
def server() -> Iterator[FakeYouTube]:
    one = FakeYouTube()
    with serving(one.answer) as one.url:
        yield one


def at(server: FakeYouTube, **more: Any) -> Settings:
    values = {
        "api_key": KEY,
        "channels": [CHANNEL],
        "interval": "0.02s",
        "quota": 100_000_000,
        "search_quota": 100_000_000,
        "api_url": f"{server.url}/youtube/v3",
        "allow_private": True,
        **more,
    }
    return Settings.model_validate(values)


def hear(server: FakeYouTube, looks: int, cursors: dict[str, str] | None = None, **more: Any) -> Hearing:
    async def go(one: Hearing) -> Hearing:
        await one.looks(looks)
        return one

    return run(youtube, at(server, **more), go, cursors)


def names(*numbers: int) -> list[str]:
    return [f"T{n}" for n in numbers]


def test_comments_and_replies_become_mentions(server: FakeYouTube) -> None:
    server.write(1)
    server.reply("T1", "a")

    async def go(one: Hearing) -> Batch:
        return await one.next()

    top, reply = run(youtube, at(server), go).mentions
    assert (top.channel, top.external_id, top.kind, top.text) == ("youtube", "T1", "comment", "Acme cloud T1")
    assert top.url == f"https://www.youtube.com/watch?v={VIDEO}&lc=T1"
    assert (top.author.id, top.author.handle) == ("UCjo", "@jo")
    assert (top.parent_id, top.conversation_id, top.created_at) == ("", "T1", START + timedelta(seconds=1))
    assert (reply.external_id, reply.parent_id, reply.conversation_id) == ("T1.a", "T1", "T1")
    assert "key" not in server.asked[0].query


def test_each_is_heard_once_also_after_a_restart(server: FakeYouTube) -> None:
    server.write(1, 2)
    cursors: dict[str, str] = {}
    assert hear(server, 3, cursors).heard == names(1, 2)
    server.write(3)
    assert hear(server, 3, cursors).heard == names(3)


def test_more_than_is_read_at_once_is_told_as_lost(server: FakeYouTube) -> None:
    server.write(0)
    cursors: dict[str, str] = {}
    hear(server, 1, cursors)
    server.write(*range(1, 2101))
    found = hear(server, 1, cursors)
    assert len(found.heard) == 2000
    assert found.lost == ["more comments came than are read at once: the oldest of them are missing"]


def test_equal_times_and_late_comments_lose_nothing(server: FakeYouTube) -> None:
    """Comments held for review appear among older ones."""
    server.threads = [(comment(f"T{n}"), []) for n in range(5)]
    cursors: dict[str, str] = {}
    assert sorted(hear(server, 1, cursors).heard) == names(*range(5))
    server.threads.insert(2, (comment("T9", -500), []))
    assert hear(server, 1, cursors).heard == names(9)


def test_all_new_replies_are_heard(server: FakeYouTube) -> None:
    server.write(1, 2)
    cursors: dict[str, str] = {}
    hear(server, 1, cursors)
    server.reply("T1", *(f"r{n:03}" for n in range(250)))
    found = hear(server, 2, cursors)
    assert found.heard == [f"T1.r{n:03}" for n in range(250)]
    asked = [one for one in server.asked if one.path.endswith("/comments")]
    assert len(asked) == 3


def test_a_reply_to_an_older_thread_is_heard_with_a_deep_look(server: FakeYouTube) -> None:
    server.write(*range(250))
    cursors: dict[str, str] = {}

    async def go(one: Hearing) -> list[str]:
        await one.looks(DEEP_EVERY)
        before = len(one.heard)
        server.reply("T60", "late")
        await one.looks(DEEP_EVERY + 1)
        return one.heard[before:]

    assert run(youtube, at(server), go, cursors) == ["T60.late"]


def test_edits_and_deletes_are_noticed_once(server: FakeYouTube) -> None:
    server.write(1, 2, 3)

    async def go(one: Hearing) -> Hearing:
        await one.looks(2)
        server.threads[0] = (comment("T3", 3, textDisplay="It is up", updatedAt=at_second(900)), [])
        batch = await one.until(lambda batch: bool(batch.edits))
        assert [m.text for m in batch.edits] == ["It is up"]
        server.threads = [thread for thread in server.threads if thread[0]["id"] != "T2"]
        await one.until(lambda batch: bool(batch.deletes))
        await one.looks(2 * DEEP_EVERY)
        return one

    found = run(youtube, at(server), go)
    assert (found.heard, found.edited, found.deleted) == (names(1, 2, 3), names(3), names(2))


def test_one_empty_answer_deletes_nothing(server: FakeYouTube) -> None:
    server.write(1, 2)

    async def go(one: Hearing) -> list[str]:
        await one.looks(DEEP_EVERY - 1)
        server.instead["comments"] = Reply({"items": []})
        await one.looks(2 * DEEP_EVERY + 1)
        return one.deleted

    assert run(youtube, at(server), go) == []


def test_one_bad_row_harms_only_itself(server: FakeYouTube) -> None:
    server.write(1)
    server.threads += [(7, []), ({"id": "T8"}, []), (comment("T9", publishedAt="yesterday"), [])]
    server.write(2)
    assert hear(server, 1).heard == names(1, 2)


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}, 400),
        refusal(403, "accessNotConfigured"),
        Reply({"error": {"message": "x", "details": [{"@type": "t", "reason": "API_KEY_INVALID"}]}}, 400),
    ],
)
def test_a_bad_key_is_told_once_in_words(server: FakeYouTube, reply: Reply) -> None:
    server.instead["commentThreads"] = reply
    with pytest.raises(FetchError, match="YouTube does not take this api_key") as caught:
        hear(server, 1)
    assert caught.value.permanent
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (refusal(403, "commentsDisabled"), "its comments are turned off"),
        (refusal(404, "videoNotFound"), "there is no such video"),
        (refusal(403, "forbidden"), "YouTube refuses it (HTTP 403)"),
        (refusal(403, "rateLimitExceeded"), "YouTube asks us to slow down"),
        (Reply("<html>", 404), "YouTube refuses it (HTTP 404)"),
        (Reply("", 500), "127.0.0.1 cannot answer (HTTP 500)"),
    ],
)
def test_a_video_that_cannot_be_heard_harms_no_other(server: FakeYouTube, reply: Reply, said: str) -> None:
    server.write(1)
    answer = server.answer

    def refuses_one(asked: Asked) -> Reply:
        return reply if asked.query.get("videoId") else answer(asked)

    with serving(refuses_one) as server.url:
        found = hear(server, 4, videos=[VIDEO])
    assert found.errors == {f"video {VIDEO}": said}
    assert found.heard == names(1)


@pytest.mark.usefixtures("midday")
def test_when_the_network_says_that_the_quota_is_used_up_nothing_more_is_asked(server: FakeYouTube) -> None:
    server.instead["commentThreads"] = refusal(403, "quotaExceeded")

    async def go(one: Hearing) -> None:
        batch = await one.next()
        assert batch.error.startswith("the day's quota is used up; it goes on at 0")
        assert batch.next_at is not None
        assert abs((batch.next_at - resets_at(clock.now())).total_seconds()) < 5

    run(youtube, at(server), go)
    assert len(server.asked) == 1


@pytest.mark.usefixtures("midday")
def test_our_own_quota_is_kept_also_over_a_restart(server: FakeYouTube) -> None:
    server.write(*range(250))
    cursors: dict[str, str] = {}

    async def go(one: Hearing) -> Batch:
        return await one.next()

    batch = run(youtube, at(server, quota=3), go, cursors)
    assert batch.budget is not None
    assert (batch.budget.remaining, batch.budget.allowed) == (2, 3)
    assert batch.next_at is not None
    seconds = (resets_at(clock.now()) - clock.now()).total_seconds()
    assert (batch.next_at - clock.now()).total_seconds() == pytest.approx(seconds / 2, abs=5)
    used = json.loads(cursors[PART])
    cursors[PART] = json.dumps({**used, "used": 3})
    assert "used up" in run(youtube, at(server, quota=3), go, cursors).error
    cursors[PART] = json.dumps({**used, "used": 3, "day": "2026-01-01"})
    assert run(youtube, at(server, quota=3), go, cursors).error == ""


def test_a_quota_begins_at_midnight_in_california_in_winter_and_in_summer() -> None:
    for now, reset in (
        (datetime(2026, 1, 5, 9, tzinfo=UTC), datetime(2026, 1, 6, 8, tzinfo=UTC)),
        (datetime(2026, 7, 5, 6, tzinfo=UTC), datetime(2026, 7, 5, 7, tzinfo=UTC)),
        (datetime(2026, 3, 8, 9, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC)),
    ):
        assert resets_at(now) == reset
        quota = Quota(5)
        quota.exhaust("a", now)
        assert (quota.left(now), quota.left(reset)) == (0, 5)
        assert quota.told(now).resets_at == reset


def test_a_look_is_spread_over_what_is_left_of_the_day() -> None:
    now = datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert Quota(10_000).pause(20, now) == pytest.approx(172.8)


def test_searches_find_videos_once(server: FakeYouTube) -> None:
    snippet = {"publishedAt": at_second(1), "title": "Acme &amp; me", "description": "", "channelId": "UCjo"}
    server.videos = [{"id": {"videoId": "w" * 11}, "snippet": snippet}, {"id": {"channelId": "x"}, "snippet": snippet}]
    cursors: dict[str, str] = {}

    async def go(one: Hearing) -> Batch:
        batch = await one.next()
        await one.looks(2)
        assert len(one.heard) == 1
        return batch

    [video] = run(youtube, at(server, channels=[], searches=["acme"]), go, cursors).mentions
    assert (video.external_id, video.text, video.kind, video.media) == ("w" * 11, "Acme & me", "post", 1)
    assert hear(server, 2, cursors, channels=[], searches=["acme"]).heard == []


def test_watchlists_can_be_searched_for(server: FakeYouTube) -> None:
    given = at(server, channels=[], search_watchlists=True)
    asked = youtube.asking(given, {"cloud": parse("acme OR globex"), "all": parse("author:jo")})
    assert asked.searches == ["acme|globex"]
    assert youtube.asking(at(server), {"cloud": parse("acme")}).searches == []


def test_verify_asks_once(server: FakeYouTube) -> None:
    server.write(1, 2)
    assert asyncio.run(verify(at(server))) == "YouTube answers: 2 posts now"
    with pytest.raises(FetchError, match="api_key"):
        asyncio.run(verify(at(server, api_key="another")))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "needs `channels`, `videos`, `searches` or `search_watchlists`"),
        ({"channels": ["@acme"]}, "should match pattern"),
        ({"videos": ["https://youtu.be/x"]}, "should match pattern"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings.model_validate({"api_key": KEY, **values})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
snippets = st.dictionaries(st.sampled_from(sorted(comment("x")["snippet"])), json_values)
rows = (
    st.builds(lambda snippet: {**comment("X"), "snippet": {**comment("X")["snippet"], **snippet}}, snippets)
    | json_values
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(rows, max_size=4), st.booleans())
def test_garbage_is_survived(server: FakeYouTube, garbage: list[Any], whole: bool) -> None:
    server.threads = [*((row, []) for row in garbage), (comment("T1"), [])]
    server.instead = {"commentThreads": Reply(garbage)} if whole else {}
    found = hear(server, 1)
    assert found.errors[PART].startswith("the answer is not what") if whole else "T1" in found.heard
