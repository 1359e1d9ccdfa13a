"""Mastodon: the stream has no memory, so what was missed comes from the timeline. The instance misbehaves."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Engine

from leitstand.errors import FetchError
from listeners.contract import Listens, Verifies
from listeners.mastodon import part
from listeners.mastodon.instance import until
from listeners.mastodon.part import before
from listeners.mastodon.statuses import Known, Status, mention
from listeners.sources import mastodon as source
from listeners.sources.mastodon import Settings, places, verify
from tests.listeners.committing import Ear
from tests.listeners.servers_mastodon import TOKEN, Ending, Mastodon, mastodon, number, status

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "HEARTBEAT", 0.3)
    monkeypatch.setattr(part, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(part, "LONGEST_PAUSE", 0.03)


def settings(*fakes: Mastodon, **more: object) -> Settings:
    given = {"urls": [f.url for f in fakes], "tokens": [TOKEN] * len(fakes), "hashtags": ["acme"], "streams": []}
    return Settings.model_validate({**given, "allow_private": True, **more})


def ear(database: Engine, redis_url: str, *fakes: Mastodon, **more: object) -> Ear:
    return Ear(database, redis_url, source, settings(*fakes, **more))


def uri(n: int) -> str:
    return f"https://far.example/users/anna/statuses/{n:04}"


def test_it_is_a_source() -> None:
    assert isinstance(source, Listens)
    assert isinstance(source, Verifies)


def test_it_goes_on_from_its_number_and_a_little_before(database: Engine, redis_url: str) -> None:
    async def scene() -> Mastodon:
        async with mastodon() as fake:
            fake.post(*(status(n) for n in range(3000, 3100)))
            hears = ear(database, redis_url, fake)
            hears.start_from("127.0.0.1 #acme", number(3050))
            await hears.listen(lambda: hears.count() == 100 and hears.batches[-1].caught_up)
            assert [batch.caught_up for batch in hears.batches] == [False, False, False, False, True]
            return fake

    fake = asyncio.run(scene())
    pages = [r.one("min_id") for r in fake.asked if r.path == "/api/v1/timelines/tag/acme"]
    assert pages == [number(3050 - 120), number(3039), number(3079), number(3099)]


def test_an_edit_and_a_delete(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with mastodon() as fake:
            hears = ear(database, redis_url, fake)

            def step() -> bool:
                if len(hears.batches) == 1:
                    fake.post(status(1), status(2), status(3))
                    fake.tell("status.update", json.dumps(status(1, "acme is up")))
                    fake.tell("delete", number(2))
                    fake.tell("delete", "99")
                    fake.tell("filters_changed", "undefined")
                return hears.words() == expected

            await hears.listen(step)
            return hears

    expected = {uri(1): "acme is up 1 ☁ größer", uri(2): "", uri(3): "acme is down 3 ☁ größer"}
    assert not asyncio.run(scene()).errors()


def test_mentions_of_the_account_come_by_its_notifications(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with mastodon() as fake:
            fake.notify(1, status(1))
            hears = ear(database, redis_url, fake, hashtags=[], streams=["mentions"])

            def step() -> bool:
                if len(hears.batches) == 1:
                    fake.post(status(5))  # on the home timeline, no mention
                    fake.notify(2, status(2), "favourite")
                    fake.notify(3, status(3, visibility="direct"))
                return hears.count() == 1

            await hears.listen(step)
            fake.notify(4, status(4))
            await hears.listen(lambda: hears.count() == 2)
            return hears

    hears = asyncio.run(scene())
    assert hears.kept() == [uri(3), uri(4)]
    assert next(batch.mentions[0].kind for batch in hears.batches if batch.mentions) == "message"


@pytest.mark.parametrize("old", [False, True])
def test_who_quotes_the_account_is_heard_live_and_from_the_timeline(
    database: Engine, redis_url: str, old: bool
) -> None:
    async def scene() -> Ear:
        async with mastodon() as fake:
            fake.notify(1, status(1))
            fake.unknown_kinds = {"quote"} if old else set()
            hears = ear(database, redis_url, fake, hashtags=[], streams=["mentions"])
            await hears.listen(lambda: len(hears.batches) == 1)
            fake.notify(2, status(2, quote={"state": "accepted"}), "quote")
            fake.notify(3, status(3), "quoted_update")
            fake.notify(4, status(4))

            def step() -> bool:
                if hears.count() == (1 if old else 2):
                    fake.notify(5, status(5), "mention")
                return hears.count() >= (2 if old else 3)

            await hears.listen(step)
            return hears

    kept = asyncio.run(scene()).kept()
    assert kept == ([uri(4), uri(5)] if old else [uri(2), uri(4), uri(5)])


def test_an_answer_knows_what_it_answers(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with mastodon() as fake:
            fake.post(status(1))
            hears = ear(database, redis_url, fake)

            def step() -> bool:
                if len(hears.batches) == 1:
                    fake.post(status(2, in_reply_to_id=number(1)), status(3, in_reply_to_id=number(2)))
                    fake.post(status(4, in_reply_to_id=number(999)))
                return hears.count() == 3

            await hears.listen(step)
            return hears

    second, third, fourth = (post for batch in asyncio.run(scene()).batches for post in batch.mentions)
    assert (second.parent_id, second.conversation_id, second.kind) == (uri(1), uri(1), "reply")
    assert (third.parent_id, third.conversation_id) == (uri(2), uri(1))
    assert (fourth.parent_id, fourth.conversation_id) == ("", "")


def test_garbage_among_good_events_harms_only_itself(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with mastodon() as fake:
            hears = ear(database, redis_url, fake)

            def step() -> bool:
                if len(hears.batches) == 1:
                    fake.post(status(1))
                    for data in ("{", '{"id": 7}', "[]", "\x00"):
                        fake.tell("update", data)
                    fake.timeline.append({"id": number(2), "uri": 7})
                    fake.post(status(3))
                return hears.count() == 2

            await hears.listen(step)
            await hears.listen(lambda: any("of 3 posts" in error for error in hears.errors()))
            return hears

    hears = asyncio.run(scene())
    told = [re.match(r"(\d) of \d events cannot be read: ", batch.error) for batch in hears.batches]
    assert sum(int(found[1]) for found in told if found) == 4
    assert hears.errors()[-1].startswith("1 of 3 posts cannot be read: ")


def test_a_bad_token_is_said_once_and_not_tried_again(database: Engine, redis_url: str) -> None:
    async def scene() -> tuple[Ear, list[str]]:
        async with mastodon() as good, mastodon() as other:
            hears = ear(database, redis_url, good, other, tokens=["wrong", TOKEN])
            fake_posts = iter(range(1, 100))

            def step() -> bool:
                other.post(status(next(fake_posts)))
                return hears.count() >= 20 and bool(hears.errors())

            await hears.listen(step)
            return hears, [r.path for r in good.asked]

    hears, paths = asyncio.run(scene())
    assert hears.errors() == ["127.0.0.1: the token is not valid (HTTP 401)"]
    assert paths == ["/api/v2/instance", "/api/v1/streaming/hashtag"]
    [refused] = [batch for batch in hears.batches if batch.error]
    assert refused.next_at and refused.next_at > datetime.now(UTC) + timedelta(minutes=50)


def test_503_and_silence_are_passed_over(database: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "STALL", 0.3)

    async def scene() -> Ear:
        async with mastodon() as fake:
            fake.refusals = [503]
            fake.endings = [Ending(0, "silent")]
            hears = ear(database, redis_url, fake)
            await hears.listen(lambda: passing <= set(hears.errors()))
            fake.post(status(1))
            await hears.listen(lambda: hears.count() == 1)
            return hears

    passing = {"127.0.0.1: it cannot answer (HTTP 503)", "127.0.0.1 was silent for 0.3 seconds: connecting anew"}
    assert asyncio.run(scene()).kept() == [uri(1)]


def test_the_limit_is_kept_before_it_is_used_up(database: Engine, redis_url: str) -> None:
    async def scene() -> float:
        async with mastodon() as fake:
            fake.post(*(status(n) for n in range(3000, 3100)))
            reset = datetime.now(UTC) + timedelta(seconds=1)
            fake.limits = [(200, {"x-ratelimit-remaining": "3", "x-ratelimit-reset": reset.isoformat()})]
            hears = ear(database, redis_url, fake)
            hears.start_from("127.0.0.1 #acme", number(3000))
            await hears.listen(lambda: hears.count() == 100)
            return (datetime.now(UTC) - reset).total_seconds()

    assert asyncio.run(scene()) > -0.05


def test_too_many_requests_wait_for_the_next_period(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with mastodon() as fake:
            fake.post(status(3000))
            fake.limits = [(429, {"x-ratelimit-reset": str(int(datetime.now(UTC).timestamp()) + 2)})]
            hears = ear(database, redis_url, fake)
            hears.start_from("127.0.0.1 #acme", number(3000))
            await hears.listen(lambda: hears.count() == 1)
            return hears

    assert asyncio.run(scene()).errors() == ["127.0.0.1: it asks us to slow down (HTTP 429)"]


def test_more_than_can_be_fetched_is_said_to_be_lost(
    database: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "MOST_PAGES", 2)

    async def scene() -> Ear:
        async with mastodon() as fake:
            fake.post(*(status(n) for n in range(3000, 3200)))
            hears = ear(database, redis_url, fake)
            hears.start_from("127.0.0.1 #acme", number(3000))
            await hears.listen(lambda: any(batch.lost for batch in hears.batches))
            return hears

    hears = asyncio.run(scene())
    assert hears.count() == 80
    assert hears.batches[-1].lost == "more than 80 posts were missed"


@pytest.mark.parametrize("old", [False, True])
def test_the_stream_may_be_at_another_host(database: Engine, redis_url: str, old: bool) -> None:
    async def scene() -> list[str]:
        async with mastodon() as fake, mastodon() as other:
            fake.old = old
            fake.streaming = other.url.replace("http", "ws")
            hears = ear(database, redis_url, fake)

            def step() -> bool:
                if len(hears.batches) == 1:
                    other.post(status(1))
                return hears.count() == 1

            await hears.listen(step)
            return [r.path for r in other.asked]

    assert asyncio.run(scene()) == ["/api/v1/streaming/hashtag"]


def test_verify_asks_for_each_timeline() -> None:
    async def scene() -> str:
        async with mastodon() as fake:
            with pytest.raises(FetchError, match="the token is not valid"):
                await verify(settings(fake, tokens=["wrong"]))
            return await verify(settings(fake, streams=["mentions", "public/local"]))

    assert asyncio.run(scene()) == "Far: the tokens are good for 3 timelines each"


def test_each_url_needs_its_own_token() -> None:
    with pytest.raises(ValidationError, match="there are 2 urls and 1 tokens"):
        Settings.model_validate({"urls": ["https://a.example", "https://b.example"], "tokens": ["x"]})


def test_tags_and_streams_are_asked_for_once() -> None:
    wanted = Settings.model_validate(
        {"urls": ["https://a.example/"], "tokens": ["x"], "hashtags": ["#Acme", "acme", "größer"], "streams": ["home"]}
    )
    assert wanted.urls == ["https://a.example"]
    assert [(p.name, p.timeline) for p in places(wanted)] == [
        ("#acme", "/api/v1/timelines/tag/acme"),
        ("#größer", "/api/v1/timelines/tag/gr%C3%B6%C3%9Fer"),
        ("home", "/api/v1/timelines/home"),
    ]


def test_every_field_of_a_status() -> None:
    content = (
        '<p><span class="h-card"><a href="https://b.example/@bert" class="u-url mention">@<span>bert</span></a></span> '
        'see <a href="https://acme.example/x"><span class="invisible">https://</span><span>acme.example/x</span></a></p>'
        '<p><a href="https://b.example/tags/acme" class="mention hashtag">#<span>acme</span></a></p>'
    )
    raw = status(
        1, content=content, spoiler_text="outage", language="de-AT", mentions=[{"url": "https://b.example/@bert"}],
        tags=[{"name": "acme", "url": "https://b.example/tags/acme"}], media_attachments=[{"id": "1"}], quote={"a": 1},
        account={"acct": "anna", "url": "https://a.example/@anna", "followers_count": None},
    )  # fmt: skip
    post = mention(msgspec.convert(raw, Status), "a.example", Known(), NOW)
    assert (post.text, post.title) == ("@bert see https://acme.example/x\n#acme", "outage")
    assert (post.links, post.media, post.language, post.kind) == (("https://acme.example/x",), 1, "de", "quote")
    assert (post.author.handle, post.author.id, post.author.followers) == (
        "anna@a.example",
        "https://a.example/@anna",
        None,
    )
    assert (post.external_id, post.conversation_id, post.parent_id) == (uri(1), uri(1), "")


def test_boosts_are_nobodys_words() -> None:
    item = msgspec.convert(status(1, reblog={"id": "1"}), Status)
    assert part._status(item) is None


def test_numbers_that_tell_no_time_are_left_as_they_are() -> None:
    assert (before("17"), before("01HZX5Z2Q8RT"), before(number(120))) == ("17", "01HZX5Z2Q8RT", number(0))


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("2026-03-02T12:00:30.5Z", 30.5),
        (str(int(NOW.timestamp()) + 9), 9),
        ("2026-03-02T11:00:00Z", 0),
        ("soon", 60),
        ("", 60),
    ],
)
def test_when_a_period_ends_is_said_in_two_ways(reset: str, seconds: float) -> None:
    assert until(reset, NOW) == seconds


@given(st.recursive(
    st.none() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["id", "uri", "created_at", "content", "account", "acct"]), inner),
    max_leaves=15,
))  # fmt: skip
def test_no_status_breaks_it(tree: object) -> None:
    try:
        item = msgspec.json.decode(json.dumps(tree).encode(), type=Status)
    except msgspec.MsgspecError:
        return
    assert mention(item, "a.example", Known(), NOW).external_id == item.uri
