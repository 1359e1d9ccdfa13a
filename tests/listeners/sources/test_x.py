"""X: stream and search together lose nothing, its limits are kept, its refusals understood. It misbehaves on demand."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Engine

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.settings import Settings as Configuration
from leitstand.settings import Watchlist
from listeners import budget, gaps
from listeners.budget import DayBudget
from listeners.contract import Asks, Listens, Verifies
from listeners.gaps import Gap
from listeners.query.push import x as push
from listeners.sources import x as source
from listeners.sources.x import Settings, asking, verify
from listeners.watchlists import trees
from listeners.x import api, pacing, stream
from listeners.x.api import XError, refusal
from listeners.x.marks import Mark, Marks, Spent, latest
from listeners.x.pacing import CONNECTIONS, Pacing
from listeners.x.posts import UNREADABLE, Line, Post, User, mention, number_at, written_at
from listeners.x.shares import NOT_FETCHED, Wanted
from listeners.x.spending import OVER, Spending
from tests.listeners.committing import Ear
from tests.listeners.servers_x import CAPPED, NO_CREDITS, TOKEN, TOO_MANY, USER, Ending, X, x

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "STEADY", 0.0)
    monkeypatch.setattr(pacing, "NETWORK_STEP", 0.01)
    monkeypatch.setattr(pacing, "HTTP_FIRST", 0.02)
    monkeypatch.setattr(pacing, "LIMITED_FIRST", 0.03)
    monkeypatch.setattr(stream, "HEARTBEAT", 0.3)
    monkeypatch.setattr(stream, "SETTLE", 0.05)
    monkeypatch.setattr(stream, "AGAIN", 0.05)


def settings(fake: X, **more: object) -> Settings:
    given = {"url": fake.url, "bearer_token": TOKEN, "rules": {"brand": "acme"}, "searches": ["acme"], "daily_posts": 0}
    return Settings.model_validate({**given, **more})


def ear(database: Engine, redis_url: str, fake: X, **more: object) -> Ear:
    return Ear(database, redis_url, source, settings(fake, **more))


def test_it_is_a_source() -> None:
    assert isinstance(source, Listens)
    assert isinstance(source, Verifies)
    assert isinstance(source, Asks)


def test_what_the_search_did_not_know_yet_is_found_the_second_time(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with x() as fake:
            hears = ear(database, redis_url, fake)
            hears.start_from("", str(Mark(since=int(fake.id(0)))))
            fake.posts = [fake.make(n) for n in (1, 2)]
            fake.late = [fake.posts[1]]
            await hears.listen(lambda: hears.count() == 2 and hears.batches[-1].caught_up)
            return hears

    hears = asyncio.run(scene())
    assert not hears.batches[0].caught_up


def test_pages_keep_the_mark_until_the_last_one_is_read(database: Engine, redis_url: str) -> None:
    async def scene() -> tuple[Ear, X]:
        async with x() as fake:
            hears = ear(database, redis_url, fake)
            hears.start_from("", before := str(Mark(since=int(fake.id(0)))))
            fake.posts = [fake.make(n) for n in range(1, 251)]
            await hears.listen(lambda: hears.count() == 100)
            assert Mark.parse(hears.cursors()[""]).since == Mark.parse(before).since
            await hears.listen(lambda: hears.count() == 250 and hears.batches[-1].caught_up)
            return hears, fake

    hears, fake = asyncio.run(scene())
    assert Mark.parse(hears.cursors()[""]).since >= int(fake.id(250))
    tokens = [request.one("next_token") for request in fake.asked if request.path.endswith("recent")]
    assert tokens.count("") >= 3 and {"100", "200"} < set(tokens)


def test_rules_are_changed_as_little_as_possible_and_others_are_left_alone(database: Engine, redis_url: str) -> None:
    async def scene() -> X:
        async with x() as fake:
            fake.rules = [
                {"id": "1", "tag": "leitstand:old", "value": "acme old"},
                {"id": "2", "tag": "somebody else", "value": "acme theirs"},
                {"id": "3", "tag": "leitstand:kept", "value": "acme kept"},
                {"id": "4", "tag": "leitstand:renamed", "value": "acme same"},
            ]
            rules = {"kept": "acme kept", "new": "acme new", "name": "acme same", "both": "acme theirs"}
            hears = ear(database, redis_url, fake, rules=rules)
            await hears.listen(lambda: bool(hears.batches))
            return fake

    fake = asyncio.run(scene())
    assert sorted((rule["tag"], rule["value"]) for rule in fake.rules) == [
        ("leitstand:kept", "acme kept"), ("leitstand:name", "acme same"), ("leitstand:new", "acme new"),
        ("somebody else", "acme theirs"),
    ]  # fmt: skip


def test_a_rule_that_x_refuses_is_told_before_anything_is_changed(database: Engine, redis_url: str) -> None:
    async def scene() -> X:
        async with x() as fake:
            fake.rules = [{"id": "1", "tag": "leitstand:old", "value": "acme"}]
            hears = ear(database, redis_url, fake, rules={"new": "bad ("})
            with pytest.raises(FetchError, match=r"X refuses a rule: bad \( is not valid") as caught:
                await hears.listen(lambda: False)
            assert caught.value.permanent
            return fake

    fake = asyncio.run(scene())
    assert len(fake.rules) == 1
    assert fake.asked[-1].one("dry_run") == "true"


def test_an_edit_is_one_of_the_same_post(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with x() as fake:
            hears = ear(database, redis_url, fake)

            def step() -> bool:
                if len(hears.batches) == 1:
                    history = [fake.id(1), fake.id(2)]
                    fake.post(fake.make(1), fake.make(2, "acme is up", edit_history_tweet_ids=history))
                return hears.words() == {fake.id(1): "acme is up 2 ☁ größer"}

            await hears.listen(step)
            return hears

    assert not asyncio.run(scene()).errors()


def test_garbage_among_good_lines_harms_only_itself(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with x() as fake:
            hears = ear(database, redis_url, fake)

            def step() -> bool:
                if len(hears.batches) == 1:
                    fake.post(fake.make(1))
                    for line in (b"{", b"\xff", b'{"data":{"id":7}}', b'{"system":"news"}', b"[]"):
                        fake.tell(line)
                    fake.post(fake.make(2))
                return hears.count() == 2

            await hears.listen(step)
            return hears

    told = [re.match(r"(\d) of (\d) lines cannot be read: ", batch.error) for batch in asyncio.run(scene()).batches]
    assert sum(int(found[1]) for found in told if found) == 4


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {"title": "Unauthorized", "detail": "Unauthorized"}, "X does not accept the bearer token (Unauthorized)"),
        (403, {"title": "Forbidden", "detail": "attach a project"}, "X forbids this to the app (attach a project)"),
        (402, NO_CREDITS, "the credits at X are used up: buy some at console.x.com"),
        (429, CAPPED, "the usage cap at X is reached (Usage cap exceeded: Monthly product cap)"),
    ],
)
def test_what_waiting_does_not_mend_stops_it_at_once_and_is_tried_no_more(
    database: Engine, redis_url: str, status: int, body: dict[str, object], said: str
) -> None:
    async def scene() -> X:
        async with x() as fake:
            fake.refusals = [(status, body, {})]
            hears = ear(database, redis_url, fake)
            with pytest.raises(XError) as caught:
                await hears.listen(lambda: False)
            assert str(caught.value) == said
            assert caught.value.permanent or caught.value.retry_after
            return fake

    assert asyncio.run(scene()).paths().count("GET tweets/search/stream") == 1


def test_a_bad_token_is_found_out_by_the_first_call(database: Engine, redis_url: str) -> None:
    async def scene() -> list[str]:
        async with x() as fake:
            hears = ear(database, redis_url, fake, bearer_token="wrong")
            with pytest.raises(FetchError, match="does not accept the bearer token"):
                await hears.listen(lambda: False)
            return fake.paths()

    assert asyncio.run(scene()) == ["GET tweets/search/stream/rules"]


def test_refusals_that_pass_are_waited_for(database: Engine, redis_url: str) -> None:
    soon = {"x-rate-limit-reset": str(int(datetime.now(UTC).timestamp()) - 5)}

    async def scene() -> Ear:
        async with x() as fake:
            fake.refusals = [
                (503, {}, {}),
                (429, TOO_MANY, {}),
                (429, {"errors": [{"code": 88, "message": "Rate"}]}, soon),
            ]
            hears = ear(database, redis_url, fake)

            def step() -> bool:
                if len(hears.batches) == 4:
                    fake.post(fake.make(1))
                return hears.count() == 1

            await hears.listen(step)
            return hears

    assert asyncio.run(scene()).errors() == [
        "X cannot answer (HTTP 503)",
        "X thinks that another connection of this app is open",
        "X asks us to slow down (HTTP 429)",
    ]


def test_rules_that_vanished_are_set_again(database: Engine, redis_url: str) -> None:
    async def scene() -> X:
        async with x() as fake:
            fake.endings = [Ending(1)]
            hears = ear(database, redis_url, fake)

            def step() -> bool:
                if len(hears.batches) == 1:
                    fake.rules = []
                    fake.post(fake.make(1))
                return len(hears.errors()) == 2 and hears.batches[-1].caught_up and not hears.batches[-1].error

            await hears.listen(step)
            assert "no rules of ours" in hears.errors()[1]
            return fake

    assert len(asyncio.run(scene()).rules) == 1


def test_silence_is_noticed(database: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "STALL", 0.3)

    async def scene() -> Ear:
        async with x() as fake:
            fake.endings = [Ending(0, "silent")]
            hears = ear(database, redis_url, fake)
            await hears.listen(lambda: "nothing came from X for 0.3 seconds" in hears.errors())
            return hears

    assert asyncio.run(scene()).count() == 0


def test_a_search_that_is_limited_waits_while_the_stream_goes_on(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with x() as fake:
            fake.rules = [{"id": "1", "tag": "leitstand:brand", "value": "acme"}]
            hears = ear(database, redis_url, fake)
            hears.start_from("", str(Mark(since=int(fake.id(0)))))
            fake.posts = [fake.make(1)]

            def step() -> bool:
                if not hears.count():
                    limited = {"x-rate-limit-reset": str(int(datetime.now(UTC).timestamp()) + 1)}
                    fake.search_faults = [(429, {"title": "Too Many Requests"}, limited)]
                if len(hears.batches) == 1:
                    fake.post(fake.make(2))
                return hears.count() == 2 and hears.batches[-1].caught_up

            await hears.listen(step)
            return hears

    order = [m.external_id for batch in asyncio.run(scene()).batches for m in batch.mentions]
    assert order[0] > order[1]


def test_what_is_older_than_x_can_be_searched_for_is_lost_and_said(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with x() as fake:
            hears = ear(database, redis_url, fake)
            hears.start_from("", str(Mark(since=number_at(clock.now() - timedelta(days=9)))))
            await hears.listen(lambda: len(hears.batches) > 2)
            return hears

    assert asyncio.run(scene()).batches[0].lost == "X can be searched for the last 7 days only"


@pytest.mark.usefixtures("midday")
def test_the_days_budget_first_ends_the_search_then_the_stream(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with x() as fake:
            hears = ear(database, redis_url, fake, daily_posts=400)
            hears.start_from("", str(Mark(since=int(fake.id(0)))))
            fake.posts = [fake.make(n) for n in range(1, 601)]

            def step() -> bool:
                if hears.count() == 400 - 100 and hears.batches[-1].mentions:
                    fake.post(*(fake.make(n) for n in range(700, 780)))
                return bool(hears.errors())

            await hears.listen(step)
            return hears

    hears = asyncio.run(scene())
    notes = list(dict.fromkeys(batch.budget.note for batch in hears.batches if batch.budget))
    assert [note[:28] for note in notes] == ["", "the day's budget gets short:", "the day's budget is nearly u"]
    assert hears.errors()[0].endswith("only own mentions are read before midnight UTC")
    assert hears.batches[-1].next_at and hears.batches[-1].next_at.hour == 0
    assert hears.batches[-1].budget and hears.batches[-1].budget.remaining <= 40
    assert not hears.batches[-2].caught_up


@pytest.mark.usefixtures("midday")
def test_what_was_read_today_is_remembered_over_a_restart(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with x() as fake:
            hears = ear(database, redis_url, fake, daily_posts=100)
            hears.start_from("", str(Mark(since=int(fake.id(0)), day=clock.now().date().isoformat(), used=95)))
            await hears.listen(lambda: bool(hears.errors()))
            assert "GET tweets/search/stream" not in fake.paths()
            return hears

    assert asyncio.run(scene()).batches[0].budget


@pytest.mark.usefixtures("midday")
def test_own_mentions_are_polled_and_cost_a_fifth(database: Engine, redis_url: str) -> None:
    async def scene() -> tuple[Ear, X]:
        async with x() as fake:
            more = {"rules": {}, "searches": [], "own_ids": ["42"], "own_every": timedelta(seconds=0.05)}
            hears = ear(database, redis_url, fake, daily_posts=1000, **more)
            await hears.listen(lambda: len(hears.batches) == 1)
            fake.mentioning = [fake.make(n, "@acme help: acme") for n in range(1, 151)]
            fake.faults = [(503, {}, {})]
            await hears.listen(lambda: hears.count() == 150)
            return hears, fake

    hears, fake = asyncio.run(scene())
    assert set(fake.paths()) == {"GET users/42/mentions"}
    assert hears.errors() == ["X cannot answer (HTTP 503)"]
    last = hears.batches[-1]
    assert (last.part, last.budget and last.budget.remaining) == ("mentions", 1000 - 30)
    numbers = [int(m.external_id) for m in last.mentions]
    assert numbers == sorted(numbers)


def test_verify_asks_for_rules_only() -> None:
    async def scene() -> tuple[str, list[str]]:
        async with x() as fake:
            return await verify(settings(fake)), fake.paths()

    said, paths = asyncio.run(scene())
    assert said == "X accepts the token; 0 rules are set, 1 are wanted"
    assert paths == ["GET tweets/search/stream/rules", "POST tweets/search/stream/rules"]


def test_a_sample_touches_no_rule_and_opens_no_stream() -> None:
    async def go() -> None:
        async with x() as fake:
            fake.rules = [{"id": "1", "value": "acme old", "tag": "leitstand:old"}]
            fake.posts = [fake.make(n) for n in range(30)]
            shown = await source.sample(settings(fake, searches=["acme"] * 7), 8)
            assert [one.external_id for one in shown] == [fake.id(n) for n in range(22, 30)]
            assert set(fake.paths()) == {"GET tweets/search/recent"}
            assert len(fake.asked) == source.SAMPLED
            assert {request.one("max_results") for request in fake.asked} == {"10"}
            assert len(fake.rules) == 1
            with pytest.raises(FetchError, match="no watchlist can be searched for"):
                await source.sample(settings(fake, searches=[]), 8)

    asyncio.run(go())


def test_rules_and_searches_follow_from_the_watchlists() -> None:
    watchlists = trees(Configuration(watchlists=[Watchlist(name="cloud", query='acme AND ("acme cloud" OR outage)')]))
    told = asking(Settings.model_validate({"bearer_token": "x"}), watchlists)
    assert told.rules and all(tag.startswith("leitstand:cloud") for tag in told.rules)
    assert told.searches and all(len(query) <= 512 for query in told.searches)
    given = Settings.model_validate({"bearer_token": "x", "rules": {"mine": "acme"}})
    assert asking(given, watchlists) == given


def test_every_field_of_a_post() -> None:
    raw = {
        "id": "20", "text": "short… https://t.co/a", "author_id": "7", "lang": "iw", "conversation_id": "1",
        "created_at": "2026-03-02T11:00:00.000Z", "edit_history_tweet_ids": ["19", "20"],
        "note_tweet": {"text": "acme &amp; more https://t.co/a", "entities": {"urls": [
            {"url": "https://t.co/a", "expanded_url": "https://acme.example/x"}]}},
        "referenced_tweets": [{"type": "replied_to", "id": "18"}, {"type": "quoted", "id": "17"}],
        "attachments": {"media_keys": ["3_1"]},
    }  # fmt: skip
    user = User("7", "anna", "Anna")
    post = mention(msgspec.convert(raw, Post), user, NOW)
    assert (post.external_id, post.text) == ("19", "acme & more https://acme.example/x")
    assert (post.kind, post.parent_id, post.conversation_id) == ("reply", "18", "1")
    assert (post.language, post.links, post.media) == ("he", ("https://acme.example/x",), 1)
    assert post.url == "https://x.com/anna/status/20"
    assert (post.created_at, post.author.handle) == (NOW - timedelta(hours=1), "anna")


@pytest.mark.parametrize(("said", "language"), [("de", "de"), ("zh-CN", "zh"), ("in", "id"), ("zxx", ""), ("", "")])
def test_languages_are_told_as_everybody_tells_them(said: str, language: str) -> None:
    assert mention(Post("20", "acme", lang=said), None, NOW).language == language


def test_a_post_without_its_author_or_time() -> None:
    post = mention(Post(str(number_at(NOW - timedelta(minutes=5))), "acme", author_id="7", lang="und"), None, NOW)
    assert (post.created_at, post.author.id, post.language) == (NOW - timedelta(minutes=5), "7", "")
    assert post.url.startswith("https://x.com/i/status/")


@given(st.datetimes(datetime(2011, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001  made aware below
def test_numbers_tell_the_time(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert timedelta(0) <= aware - written_at(str(number_at(aware)), NOW) < timedelta(milliseconds=1)


def test_the_pauses_that_x_demands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    pace = Pacing()
    assert [pace.after("network", 0, 0) for _ in range(3)] == [0.25, 0.5, 0.75]
    assert [pace.after("http", 0, 0) for _ in range(8)] == [5, 10, 20, 40, 80, 160, 320, 320]
    assert [pace.after("limited", 0, 0) for _ in range(3)] == [60, 120, 240]
    assert pace.after("limited", 0, 0, asked=700) == 700
    assert pace.after("ended", 3600, 0) == 0
    assert pace.after("http", 0, 0) == 5
    assert [pace.after("ended", 1, 0) for _ in range(4)] == [0, 5, 10, 20]
    for _ in range(100):
        pace.after("network", 0, 0)
    assert pace.after("network", 0, 0) == 16


@given(st.lists(st.tuples(st.sampled_from(["ended", "network", "http", "limited"]), st.floats(0, 100)), max_size=300))
@example([("network", 0.0)] * 120)
@example([("ended", 0.5)] * 60)
def test_no_more_connections_are_opened_than_x_allows(ends: list[tuple[pacing.End, float]]) -> None:
    pace, now = Pacing(), 0.0
    opened: list[float] = []
    for end, held in ends:
        pace.open(now)
        opened.append(now)
        now += held
        now += pace.after(end, held, now)
    for at in opened:
        assert sum(at <= other < at + 900 for other in opened) <= CONNECTIONS


def test_a_cap_ends_with_its_period() -> None:
    monthly = refusal(429, json.dumps(CAPPED).encode(), "", datetime(2026, 12, 30, 12, tzinfo=UTC))
    assert monthly.retry_after == timedelta(days=1, hours=12)
    daily = refusal(429, json.dumps({**CAPPED, "period": "Daily"}).encode(), "", NOW)
    assert daily.retry_after == timedelta(hours=12)


def test_own_mentions_go_on_when_the_stream_may_not() -> None:
    spending = Spending(DayBudget(100))
    spending.posts(80, NOW)
    assert (spending.may_catch_up(NOW), spending.may_stream(NOW), spending.may_read(NOW)) == (False, True, True)
    spending.own(55, NOW)
    assert (spending.day.left(NOW), spending.may_stream(NOW), spending.may_read(NOW)) == (9, False, True)
    spending.posts(9, NOW)
    assert not spending.may_read(NOW)
    assert spending.may_stream(NOW + timedelta(hours=12))


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["data", "id", "text", "errors", "includes", "users", "title"]), inner),
    max_leaves=15,
).map(lambda tree: json.dumps(tree).encode()))  # fmt: skip
def test_no_line_breaks_it(line: bytes) -> None:
    refusal(429, line, "", NOW)
    Mark.parse(line.decode("utf-8", "replace"))
    try:
        said = msgspec.json.decode(line, type=Line)
    except UNREADABLE:
        return
    if said.data:
        assert mention(said.data, None, NOW).external_id == said.data.first_id


def tagged(fake: X, n: int, tag: str) -> None:
    """A post that X sends because of one rule."""
    one = fake.make(n)
    fake.posts.append(one)
    fake.tell({"data": one, "includes": {"users": [USER]}, "matching_rules": [{"id": "1", "tag": tag}]})


def gaps_of(database: Engine, part: str) -> list[Gap]:
    with database.connect() as connection:
        return [gap for gap in gaps.recent(connection, clock.now()) if gap.part == part]


@pytest.mark.usefixtures("midday")
def test_a_watchlist_over_its_share_is_taken_out_first_and_put_back_the_next_day(
    database: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = clock.now()
    rules = {"loud": "acme loud", "calm": "acme calm"}

    async def scene() -> X:
        async with x() as fake:
            ears = ear(
                database, redis_url, fake, rules=rules, searches=[], daily_posts=100, watchlist_posts={"loud": 3}
            )
            ears.leased = True

            def step() -> bool:
                if len(ears.batches) == 2:
                    for n in (1, 2, 3):
                        tagged(fake, n, "leitstand:loud")
                    tagged(fake, 4, "leitstand:calm")
                return len(gaps_of(database, "watchlist loud")) == 1

            await ears.listen(step)
            assert [rule["tag"] for rule in fake.rules] == ["leitstand:calm"]
            [gap] = gaps_of(database, "watchlist loud")
            assert (gap.to_at, gap.why) == (None, OVER)
            assert fake.max_streams == 1 and ears.count() == 4
            with database.connect() as connection:
                assert budget.shares(connection, today) == {("ear", "loud"): 0}
                assert budget.remaining(connection, today) == {"ear": 96}
            # As after a restart: it stays out on this day, and is back on the next.
            await ears.listen(lambda: len(ears.batches[-1].shares) == 1)
            assert [rule["tag"] for rule in fake.rules] == ["leitstand:calm"]
            monkeypatch.setattr(stream, "clock", Tomorrow)
            await ears.listen(lambda: gaps_of(database, "watchlist loud")[0].to_at is not None)
            assert sorted(rule["tag"] for rule in fake.rules) == ["leitstand:calm", "leitstand:loud"]
            return fake

    asyncio.run(scene())
    [gap] = gaps_of(database, "watchlist loud")
    assert gap.lost == NOT_FETCHED
    assert not any(gap.lost for gap in gaps_of(database, ""))


class Tomorrow:
    """The clock of the next day."""

    @staticmethod
    def now() -> datetime:
        return clock.now() + timedelta(days=1)


@pytest.mark.usefixtures("midday")
def test_when_every_watchlist_is_over_its_share_the_stream_rests(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with x() as fake:
            more = {"rules": {"loud": "acme"}, "searches": [], "watchlist_posts": {"loud": 2}, "daily_posts": 100}
            ears = ear(database, redis_url, fake, **more)

            def step() -> bool:
                if len(ears.batches) == 2:
                    for n in (1, 2):
                        tagged(fake, n, "leitstand:loud")
                return any("every watchlist has used up" in error for error in ears.errors())

            await ears.listen(step)
            assert fake.rules == []
            return ears

    assert asyncio.run(scene()).count() == 2


def test_a_search_counts_for_the_watchlists_it_serves_and_ends_with_their_share(
    database: Engine, redis_url: str
) -> None:
    lists = [Watchlist(name=name, query=f"acme AND {name}") for name in ("loud", "calm")]
    watchlists = trees(Configuration(watchlists=lists))

    async def scene() -> tuple[Ear, X]:
        async with x() as fake:
            more = {"rules": {}, "searches": [], "daily_posts": 10_000, "watchlist_posts": {"loud": 150}}
            told = asking(settings(fake, **more), watchlists)
            ears = Ear(database, redis_url, source, told)
            ears.start_from("", str(Mark(since=int(fake.id(0)))))
            fake.posts = [fake.make(n) for n in range(1, 401)]
            await ears.listen(lambda: ears.count() == 400)
            return ears, fake

    _, fake = asyncio.run(scene())
    pages = [request.one("query") for request in fake.asked if request.path.endswith("recent")]
    loud, calm = (push.searches_of(watchlists[name]) or [""] for name in ("loud", "calm"))
    assert [pages.count(query) for query in loud] == [2]
    assert pages.count(calm[0]) >= 4


def test_a_rule_that_serves_two_watchlists_stays_for_the_other() -> None:
    both = {name: trees(Configuration(watchlists=[Watchlist(name=name, query="acme")]))[name] for name in ("a", "b")}
    [rule] = push.rules(both)
    wanted = Wanted({rule.tag: rule.value}, ["acme", "given"], push.serving(both))
    assert wanted.serves == {rule.tag: {"a", "b"}, "acme": {"a", "b"}}
    assert wanted.without({"a"}) == wanted
    assert (wanted.without({"a", "b"}).rules, wanted.without({"a", "b"}).searches) == ({}, ["given"])
    assert wanted.watchlists([rule.tag, "other"]) == {"a", "b"}


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 3)), max_size=30))
def test_shares_are_kept_whatever_is_read_and_survive_a_restart(reads: list[tuple[str, int]]) -> None:
    spending = Spending(DayBudget(1000).on(NOW), {name: DayBudget(5).on(NOW) for name in ("a", "b")})
    for name, count in reads:
        spending.posts(count, NOW, [[name]] * count)
    total = {name: sum(count for other, count in reads if other == name) for name in ("a", "b")}
    assert spending.over(NOW) == {name for name, count in total.items() if count >= 5}
    assert spending.over(NOW + timedelta(days=1)) == set()
    again = Mark.parse(str(Mark(since=7).spent(spending)))
    assert (again.since, again.used, again.shares) == (7, sum(count for _, count in reads), total)
    assert latest(Spent(), again, Marks(day="2020-01-01", used=10**6)) == again
