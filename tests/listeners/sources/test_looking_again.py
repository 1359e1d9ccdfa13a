"""Posts of open cases are looked up again: what was edited or taken away unheard reaches the case."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import Engine

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.settings import ListenerSettings
from listeners import cursors, rechecks
from listeners.contract import Batch, Kept, Rechecks
from listeners.fetch import Fetcher, Limits
from listeners.mastodon import part as mastodon_part
from listeners.meta import pages
from listeners.meta.graph import Graph
from listeners.sources import bluesky as bluesky_source
from listeners.sources import facebook as facebook_source
from listeners.sources import instagram as instagram_source
from listeners.sources import mastodon as mastodon_source
from listeners.sources import reddit as reddit_source
from listeners.sources import x as x_source
from listeners.sources import youtube as youtube_source
from listeners.x import stream
from listeners.x.marks import Mark
from listeners.youtube import again as youtube_again
from tests.listeners import servers_jetstream, servers_mastodon, servers_meta, servers_youtube
from tests.listeners.committing import Ear
from tests.listeners.hearing import run
from tests.listeners.servers_api import Asked, Reply, serving
from tests.listeners.servers_jetstream import jetstream
from tests.listeners.servers_mastodon import Mastodon, mastodon, status
from tests.listeners.servers_reddit import ID, SECRET, FakeReddit, comment, submission
from tests.listeners.servers_x import X, x
from tests.listeners.servers_youtube import FakeYouTube


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rechecks, "PAUSE", 0.02)
    monkeypatch.setattr(stream, "HEARTBEAT", 0.3)
    monkeypatch.setattr(stream, "SETTLE", 0.05)
    monkeypatch.setattr(mastodon_part, "FIRST_PAUSE", 0.01)


def at_x(database: Engine, redis_url: str, fake: X, **more: object) -> Ear:
    given = {"url": fake.url, "bearer_token": "a-good-token", "rules": {"brand": "acme"}, "searches": ["acme"]}
    ear = Ear(database, redis_url, x_source, x_source.Settings.model_validate({**given, "daily_posts": 0, **more}))
    ear.again = True
    return ear


async def heard(ear: Ear, fake: X, count: int, **more: Any) -> None:
    """So many posts are heard; the last one's author is another than that of the others."""
    ear.start_from("", str(Mark(since=int(fake.id(0)))))
    fake.posts = [fake.make(n, **({"author_id": "8"} if n > count - 2 else {}), **more) for n in range(1, count + 1)]
    await ear.listen(lambda: ear.count() == count)


def looked_up(fake: X) -> list[list[str]]:
    return [request.one("ids").split(",") for request in fake.asked if request.path == "/2/tweets"]


def looks(ear: Ear) -> int:
    """How often it was looked again, be it at nothing."""
    return sum(batch.part == rechecks.PART for batch in ear.batches)


def test_at_x_what_is_gone_hidden_or_edited_reaches_the_case_and_the_rest_stays(
    database: Engine, redis_url: str
) -> None:
    async def scene() -> tuple[Ear, X]:
        async with x() as fake:
            ear = at_x(database, redis_url, fake)
            await heard(ear, fake, 6)
            await asyncio.to_thread(ear.open_cases, *(fake.id(n) for n in range(1, 6)))
            fake.gone, fake.hidden = {fake.id(1)}, {fake.id(5)}
            history = [fake.id(2), fake.id(9)]
            fake.posts.append(fake.make(9, "acme is up", edit_history_tweet_ids=history))
            await ear.listen(lambda: any(batch.checked for batch in ear.batches))
            return ear, fake

    ear, fake = asyncio.run(scene())
    words = ear.words()
    assert [words[fake.id(n)] for n in (1, 2, 5, 6)] == ["", "acme is up 9 ☁ größer", "", ""]
    assert words[fake.id(3)] and words[fake.id(4)]
    assert "post_deleted" in ear.events(fake.id(1)) and "post_deleted" in ear.events(fake.id(5))
    assert "post_edited" in ear.events(fake.id(2))
    asked = {number for ids in looked_up(fake) for number in ids}
    assert asked <= {fake.id(n) for n in (1, 2, 3, 4, 5, 9)}  # the edit may have been searched for, too
    assert {fake.id(n) for n in (1, 3, 4, 5)} < asked


@pytest.mark.usefixtures("midday")
def test_at_x_each_post_is_looked_up_once_in_the_interval_and_costs_a_post(database: Engine, redis_url: str) -> None:
    async def scene() -> tuple[Ear, X]:
        async with x() as fake:
            ear = at_x(database, redis_url, fake, daily_posts=1000)
            await heard(ear, fake, 3)
            await asyncio.to_thread(ear.open_cases, *(fake.id(n) for n in (1, 2)))

            def later() -> bool:
                parts = [batch for batch in ear.batches if batch.part == rechecks.PART]
                return any(batch.checked for batch in parts) and not any(batch.checked for batch in parts[-3:])

            await ear.listen(later)
            return ear, fake

    ear, fake = asyncio.run(scene())
    assert [sorted(ids) for ids in looked_up(fake)] == [sorted([fake.id(1), fake.id(2)])]
    [checked] = [batch for batch in ear.batches if batch.checked]
    before = [batch for batch in ear.batches[: ear.batches.index(checked)] if batch.budget]
    assert checked.budget and before[-1].budget
    assert before[-1].budget.remaining - checked.budget.remaining >= 2


@pytest.mark.usefixtures("midday")
def test_at_x_looking_again_is_the_first_that_a_short_budget_ends(database: Engine, redis_url: str) -> None:
    async def scene() -> tuple[Ear, X]:
        async with x() as fake:
            ear = at_x(database, redis_url, fake, daily_posts=1000)
            await heard(ear, fake, 3)
            await asyncio.to_thread(ear.open_cases, fake.id(1))
            mark = Mark(since=int(fake.id(3)), day=clock.now().date().isoformat(), used=640)
            ear.start_from("", str(mark))
            ear.batches.clear()
            await ear.listen(lambda: looks(ear) > 3 and any(batch.budget for batch in ear.batches))
            return ear, fake

    ear, fake = asyncio.run(scene())
    assert looked_up(fake) == []
    notes = {batch.budget.note for batch in ear.batches if batch.budget}
    assert any("posts of open cases are not looked up again" in note for note in notes)
    assert not ear.errors()


def test_at_x_a_refused_look_up_is_told_and_ends_nothing_else(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with x() as fake:
            ear = at_x(database, redis_url, fake)
            await heard(ear, fake, 3)
            await asyncio.to_thread(ear.open_cases, fake.id(1))
            fake.rules = [{"id": "1", "tag": "leitstand:brand", "value": "acme"}]
            fake.look_up_faults = [(503, {}, {})]
            await ear.listen(lambda: bool(ear.errors()))
            with database.connect() as connection:
                assert all(state.up for state in cursors.hearing(connection))
                assert cursors.looking_again(connection) == {"ear": False}
            fake.post(fake.make(7))
            await ear.listen(lambda: ear.count() == 4)
            return ear

    assert asyncio.run(scene()).errors() == ["X cannot answer (HTTP 503)"]


def at_mastodon(database: Engine, redis_url: str, fake: Mastodon) -> Ear:
    settings = mastodon_source.Settings.model_validate(
        {"urls": [fake.url], "tokens": ["a-good-token"], "hashtags": ["acme"], "streams": [], "allow_private": True}
    )
    ear = Ear(database, redis_url, mastodon_source, settings)
    ear.again = True
    return ear


def test_at_mastodon_what_was_changed_while_nobody_listened_is_heard_then(database: Engine, redis_url: str) -> None:
    async def scene() -> tuple[Ear, Mastodon]:
        async with mastodon() as fake:
            ear = at_mastodon(database, redis_url, fake)
            ear.start_from("127.0.0.1 #acme", servers_mastodon.number(0))
            fake.timeline = [status(n) for n in (1, 2, 3, 4)]
            await ear.listen(lambda: ear.count() == 4)
            await asyncio.to_thread(ear.open_cases, *(str(status(n)["uri"]) for n in (1, 2, 3)))
            edit = status(2, "acme is up", edited_at="2025-10-09T09:00:00.000Z")
            fake.timeline = [edit, status(3), status(4)]
            await ear.listen(lambda: any(batch.checked for batch in ear.batches))
            return ear, fake

    ear, fake = asyncio.run(scene())
    words = ear.words()
    uris = [str(status(n)["uri"]) for n in (1, 2, 3, 4)]
    assert [words[uri] for uri in uris[:2]] == ["", "acme is up 2 ☁ größer"]
    assert all(words[uri] for uri in uris[2:])
    assert "post_deleted" in ear.events(uris[0])
    assert "post_edited" in ear.events(uris[1])
    asked = {request.path.rpartition("/")[2] for request in fake.asked if "/statuses/" in request.path}
    assert asked == {servers_mastodon.number(n) for n in (1, 2, 3)}


def test_at_mastodon_an_instance_that_knows_nothing_any_more_takes_nothing_away(
    database: Engine, redis_url: str
) -> None:
    async def scene() -> Ear:
        async with mastodon() as fake:
            ear = at_mastodon(database, redis_url, fake)
            ear.start_from("127.0.0.1 #acme", servers_mastodon.number(0))
            fake.timeline = [status(1)]
            await ear.listen(lambda: ear.count() == 1)
            await asyncio.to_thread(ear.open_cases, str(status(1)["uri"]))
            fake.out_of_its_mind = True
            await ear.listen(lambda: any(b.part == rechecks.PART and b.error for b in ear.batches))
            return ear

    ear = asyncio.run(scene())
    assert len(ear.words()) == 1 and all(ear.words().values())


@pytest.mark.parametrize(
    "source",
    [x_source, mastodon_source, reddit_source, youtube_source, bluesky_source, facebook_source, instagram_source],
)
def test_all_say_how_often(source: object) -> None:
    assert isinstance(source, Rechecks)
    assert x_source.recheck_every(x_source.Settings.model_validate({"bearer_token": "x"})) == timedelta(days=1)


def told_of(source: Rechecks, settings: ListenerSettings, posts: list[Kept], until: int) -> list[Batch]:
    """The batches of so many looks at these posts."""

    async def due(most: int) -> Sequence[Kept]:
        return posts[:most]

    async def go() -> list[Batch]:
        found: list[Batch] = []
        running = cast(AsyncGenerator[Batch, None], source.listen("ear", settings, {}, due))
        async with asyncio.timeout(60), aclosing(running) as batches:
            async for batch in batches:
                found += [batch] if batch.part == rechecks.PART else []
                if len(found) == until:
                    break
        return found

    return asyncio.run(go())


def test_at_reddit_what_was_edited_or_taken_away_is_found_however_old() -> None:
    server = FakeReddit()
    changes = [comment(1, edited=1_772_540_000.0, body="It works", body_html="<p>It works</p>"), comment(3)]
    gone = [comment(2, body="[deleted]", body_html="<p>[deleted]</p>"), submission(4, removed_by_category="moderator")]
    server.post(*changes, *gone, path="/r/acme/comments")
    posts = [Kept("reddit", name) for name in ("t1_c1", "t1_c2", "t1_c3", "t3_s4", "t1_unknown")]
    with serving(server.answer) as url:
        settings = reddit_source.Settings.model_validate(
            {"subreddits": ["acme"], "client_id": ID, "client_secret": SECRET, "user_agent": "acme-watch",
             "api_url": url, "site_url": url, "allow_private": True}
        )  # fmt: skip
        assert reddit_source.recheck_every(settings) == timedelta(days=1)
        batch, second = told_of(cast(Rechecks, reddit_source), settings, posts, 2)
        again = replace(posts[0], edited_at=batch.edits[0].edited_at)
        [later] = told_of(cast(Rechecks, reddit_source), settings, [again], 1)
    assert [(m.external_id, m.text) for m in batch.edits] == [("t1_c1", "It works")]
    assert {gone.external_id for gone in batch.deletes} == {"t1_c2", "t3_s4"}
    assert (batch.checked, second.checked) == (tuple(posts[:-1]), tuple(posts))
    assert {gone.external_id for gone in second.deletes} == {"t1_c2", "t3_s4", "t1_unknown"}, "twice not there"
    assert (later.edits, later.checked) == ((), (again,))


def test_reddit_s_public_feeds_are_not_looked_at_again() -> None:
    settings = reddit_source.Settings.model_validate({"subreddits": ["acme"]})
    assert not reddit_source.recheck_every(settings)


@pytest.mark.usefixtures("midday")
def test_at_youtube_a_comment_that_is_twice_not_there_is_gone_and_each_look_costs_a_unit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = FakeYouTube()
    server.write(1, 2)
    edited = servers_youtube.comment("T1", 1, textDisplay="It works", updatedAt=servers_youtube.at_second(99))
    server.threads[-1] = (edited, [])
    named, gone = [Kept("youtube", name) for name in ("T1", "T2")], Kept("youtube", "T3")
    monkeypatch.setattr(youtube_again, "_VIDEO", 1)
    with serving(server.answer) as url:
        settings = youtube_source.Settings.model_validate(
            {"api_key": servers_youtube.KEY, "channels": [servers_youtube.CHANNEL], "quota": 10_000,
             "interval": "5s", "api_url": f"{url}/youtube/v3", "allow_private": True}
        )  # fmt: skip
        assert youtube_source.recheck_every(settings) == timedelta(days=1)
        first, second = told_of(cast(Rechecks, youtube_source), settings, [*named, gone], 2)
    assert [(m.external_id, m.text) for m in first.edits] == [("T1", "It works")]
    assert (first.deletes, [one.external_id for one in second.deletes]) == ((), ["T3"])
    assert (first.checked, second.checked) == (tuple(named), (*named, gone))
    assert youtube_again.used(second.cursor or "")[1] == youtube_again.used(first.cursor or "")[1] + 1
    assert youtube_again.used("nonsense") == ("", 0)


def of_page(name: str, words: str, **more: Any) -> dict[str, Any]:
    person = {"id": "5", "name": "Jo", "username": "jo"}
    row = {"id": name, "message": words, "text": words, "from": person, "created_time": servers_meta.at_second(1)}
    return {**row, "timestamp": servers_meta.at_second(1), **more}


def at_meta(kind: str, url: str) -> ListenerSettings:
    given = servers_meta.asked_of(url)
    if kind == "facebook":
        return facebook_source.Settings.model_validate({"page_id": servers_meta.ACCOUNT, **given})
    return instagram_source.Settings.model_validate({"account_id": servers_meta.ACCOUNT, **given})


@pytest.mark.parametrize(("kind", "source"), [("facebook", facebook_source), ("instagram", instagram_source)])
def test_at_meta_what_is_twice_not_there_is_gone_and_spoils_no_other(kind: str, source: object) -> None:
    graph, root = servers_meta.FakeGraph(), f"{servers_meta.ACCOUNT}_7"
    graph.add("elsewhere", *(of_page(f"c{n}", f"Acme {n}") for n in range(6)))
    kept = [Kept(kind, f"c{n}", root) for n in range(8)]
    strange = [Kept(kind, "9_9", ""), Kept(kind, "../me", root)]
    with serving(graph.answer) as url:
        first, second = told_of(cast(Rechecks, source), at_meta(kind, url), [*kept, *strange], 2)
    assert [(m.external_id, m.text, m.conversation_id) for m in first.edits] == [
        (f"c{n}", f"Acme {n}", root) for n in range(6)
    ]
    assert (first.deletes, [gone.external_id for gone in second.deletes]) == ((), ["c6", "c7"])
    assert first.checked == (*kept[:6], *strange)
    assert second.checked == (*kept, *strange)
    asked = [asked.query["ids"].split(",") for asked in graph.asked if asked.path == "/v23.0/"]
    assert asked[:3] == [[f"c{n}" for n in range(8)], [f"c{n}" for n in range(4)], [f"c{n}" for n in range(4, 8)]]


def test_at_meta_nothing_is_taken_for_gone_where_our_own_page_is_not_shown_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A permission that is missing hides posts as if they were not there."""
    graph, page = servers_meta.FakeGraph(), servers_meta.ACCOUNT
    posts = [Kept("facebook", "c1", f"{page}_7")]

    async def scene(url: str) -> list[str]:
        async with Fetcher(Limits(allow_private=True)) as fetcher:
            looking = pages.looking(Graph(fetcher, f"{url}/v23.0", servers_meta.TOKEN, servers_meta.APP_SECRET), page)
            first = await looking.look_up(posts)
            assert (first.deletes, first.checked) == ((), ())
            graph.instead[f"{page}/feed"] = servers_meta.refusal(10, 403)
            with pytest.raises(FetchError, match="lacks a permission"):
                await looking.look_up(posts)
            graph.instead.clear()
            return [gone.external_id for gone in (await looking.look_up(posts)).deletes]

    with serving(graph.answer) as url:
        assert asyncio.run(scene(url)) == ["c1"]


def test_a_post_that_goes_while_its_page_is_read_stops_nothing() -> None:
    graph, page = servers_meta.FakeGraph(), servers_meta.ACCOUNT
    rows = [of_page(f"{page}_{n}", f"Acme {n}") for n in (7, 8)]
    graph.add(f"{page}/feed", *rows)
    graph.add(f"{page}_8/comments", of_page("c1", "Acme, help"))
    graph.instead[f"{page}_7/comments"] = servers_meta.refusal(100, subcode=33)
    with serving(graph.answer) as url:
        heard = run(facebook_source, at_meta("facebook", url), lambda one: one.next())
    assert {m.external_id for m in heard.mentions} == {f"{page}_7", f"{page}_8", "c1"}


def test_at_bluesky_what_was_edited_unheard_or_is_twice_not_there_is_found() -> None:
    """What the stream told of an edit stands: the AppView may still show the words from before it."""
    uris = [f"at://did:plc:anna/app.bsky.feed.post/k{n}" for n in range(5)]
    answers, asked = [Reply({"posts": []}, 502)], list[str]()

    def appview(one: Asked) -> Reply:
        asked.append(one.path)
        views = [
            {"uri": uri, "indexedAt": "2026-03-03T10:00:00Z", "record": servers_jetstream.record(f"acme {uri[-1]}")}
            for uri in uris[:3]
        ]
        views += [{"uri": uris[3], "record": {"text": 7}}, 7]  # type: ignore[list-item]
        return answers.pop() if answers else Reply({"posts": views})

    kept = [Kept("bluesky", uri) for uri in uris]
    kept[1] = replace(kept[1], edited_at=clock.now())

    async def due(most: int) -> Sequence[Kept]:
        return kept[:most]

    async def scene(url: str) -> list[Batch]:
        found: list[Batch] = []
        async with jetstream() as server:
            settings = bluesky_source.Settings.model_validate({"url": server.host, "appview": url})
            assert bluesky_source.recheck_every(settings) == timedelta(days=1)
            running = cast(AsyncGenerator[Batch, None], bluesky_source.listen("ear", settings, {}, due))
            async with asyncio.timeout(60), aclosing(running) as batches:
                while len(found) < 3:
                    batch = await anext(batches)
                    found += [batch] if batch.error or batch.checked else []
        return found

    with serving(appview) as url:
        fault, first, second = asyncio.run(scene(url))
    assert fault.part == first.part == rechecks.PART
    assert "502" in fault.error
    assert [(m.external_id, m.text) for m in first.edits] == [(uris[0], "acme 0"), (uris[2], "acme 2")]
    assert (first.deletes, [gone.external_id for gone in second.deletes]) == ((), [uris[4]])
    assert first.checked == tuple(kept[:4])
    assert set(asked) == {"/xrpc/app.bsky.feed.getPosts"}
