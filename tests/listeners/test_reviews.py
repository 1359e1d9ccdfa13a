"""Reviews are heard once from every store, whatever order, gap, edit, delete and garbage it comes with."""

import asyncio
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.settings import ListenerSettings, Settings, Watchlist
from listeners.budget import Budget
from listeners.contract import Batch
from listeners.memory import recall
from listeners.reviews import DEEP_EVERY, REMEMBERED, Memory, Reviews, Sheet, stars, version
from listeners.sources import appstore, googleplay
from listeners.watchlists import Watchlists
from tests.listeners import servers_appstore
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_api import Reply, serving
from tests.listeners.servers_appstore import APP, ISSUER, KEY_ID, FakeConnect, FakeFeed

try:
    from tests.listeners import servers_googleplay
    from tests.listeners.servers_googleplay import PACKAGE, FakePlay, account_key
    from tests.listeners.servers_keys import elliptic, pem
except pytest.skip.Exception:  # without the extras only the public feed can be read
    STORES = ["feed"]
else:
    STORES = ["feed", "connect", "play"]

COMMON: dict[str, Any] = {"interval": "0.01s", "history": "30d", "allow_private": True}


@dataclass(frozen=True)
class Shop:
    """A store with its source. `row` makes a review, `name` is what it is called."""

    server: Any
    source: object
    settings: ListenerSettings
    rows: list[Any]
    row: Callable[..., Any]
    name: Callable[[int], str]

    def write(self, *numbers: int) -> None:
        """Newest first, as stores list them."""
        self.server.write(*numbers)

    def hear(self, looks: int, cursors: dict[str, str] | None = None) -> Hearing:
        async def go(one: Hearing) -> Hearing:
            await one.looks(looks)
            return one

        return run(self.source, self.settings, go, cursors)

    def names(self, *numbers: int) -> list[str]:
        return [self.name(number) for number in numbers]


def feed(one: FakeFeed) -> Shop:
    given = {"apps": [APP], "countries": ["de"], "feed_url": one.url, **COMMON}
    row = servers_appstore.entry
    return Shop(one, appstore, appstore.Settings.model_validate(given), one.entries, row, lambda n: str(9000 + n))


def connect(one: FakeConnect) -> Shop:
    key = {"issuer_id": ISSUER, "key_id": KEY_ID, "private_key": pem(elliptic())}
    given = {"apps": [APP], **key, "api_url": one.url, **COMMON}
    row = servers_appstore.review
    return Shop(one, appstore, appstore.Settings.model_validate(given), one.reviews, row, lambda n: f"r{n}")


def play(one: "FakePlay") -> Shop:
    urls = {"api_url": one.url, "login_url": f"{one.url}/token"}
    given = {"apps": [PACKAGE], "key": account_key(), "quota": 10**9, **urls, **COMMON}
    row = servers_googleplay.review
    return Shop(one, googleplay, googleplay.Settings.model_validate(given), one.reviews, row, lambda n: f"gp:{n}")


@pytest.fixture(params=STORES)
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """Each store in turn."""
    made: dict[str, Any] = {"feed": FakeFeed, "connect": FakeConnect, "play": lambda: FakePlay()}
    opens: dict[str, Callable[[Any], Shop]] = {"feed": feed, "connect": connect, "play": play}
    server = made[request.param]()
    with serving(server.answer) as server.url:
        yield opens[request.param](server)


def test_a_review_becomes_a_mention(shop: Shop) -> None:
    shop.write(1)
    [one] = run(shop.source, shop.settings, lambda hearing: hearing.next()).mentions
    assert (one.channel, one.external_id, one.kind) == (shop.settings.kind, shop.name(1), "review")
    assert (one.title, one.text) == ("★☆☆☆☆ Acme 1", "It crashes 1")
    assert (one.conversation_id, one.parent_id, one.author.own) == (one.external_id, "", False)
    assert one.author.name.casefold() == "jo"
    assert one.created_at == servers_appstore.moment(1)
    assert one.url.startswith("https://")


def test_the_query_that_the_guide_names_hears_them_all(shop: Shop) -> None:
    shop.write(1)
    [one] = run(shop.source, shop.settings, lambda hearing: hearing.next()).mentions
    guide = sys.modules[type(shop.settings).__module__].__doc__ or ""
    [query] = re.findall(r'`query = "(.+)"`', guide)
    watchlists = Watchlists(Settings(watchlists=[Watchlist(name="all", query=query)]))
    assert watchlists.match(one) == ("all",)


def test_each_is_heard_once_also_after_a_restart(shop: Shop) -> None:
    shop.write(1, 2)
    cursors: dict[str, str] = {}
    assert shop.hear(3, cursors).heard == shop.names(1, 2)
    shop.write(3)
    assert shop.hear(3, cursors).heard == shop.names(3)
    assert shop.hear(2, cursors).heard == []


def test_equal_times_and_late_ones_lose_nothing(shop: Shop) -> None:
    """A review that was held back appears among older ones."""
    same = shop.row(1)
    shop.rows[:] = [_renamed(same, shop.row(number)) for number in range(5)]
    cursors: dict[str, str] = {}
    assert sorted(shop.hear(1, cursors).heard) == shop.names(*range(5))
    shop.rows.insert(2, shop.row(9))
    assert shop.hear(1, cursors).heard == shop.names(9)


def test_oldest_first_is_heard_too(shop: Shop) -> None:
    """Nobody promises an order: what a look at the first page does not show, one of the next ones does."""
    shop.rows[:] = [shop.row(number) for number in range(230)]
    cursors: dict[str, str] = {}
    assert shop.hear(1, cursors).heard == shop.names(*range(230))
    shop.rows.extend(shop.row(number) for number in range(230, 235))
    assert shop.hear(DEEP_EVERY + 1, cursors).heard == shop.names(*range(230, 235))


def test_an_edit_is_told_once(shop: Shop) -> None:
    shop.write(1, 2, 3)

    async def go(one: Hearing) -> Hearing:
        await one.looks(2)
        shop.rows[1] = _edited(shop, 2, "Works again")
        batch = await one.until(lambda batch: bool(batch.edits))
        assert [m.text for m in batch.edits] == ["Works again"]
        await one.looks(2 * DEEP_EVERY)
        return one

    found = run(shop.source, shop.settings, go)
    assert (found.heard, found.edited, found.deleted) == (shop.names(1, 2, 3), shop.names(2), [])


def test_one_bad_row_harms_only_itself(shop: Shop) -> None:
    shop.write(1)
    shop.rows.insert(0, 7)
    shop.rows.insert(0, {"id": {}, "reviewId": 3, "comments": 7})
    shop.write(2)
    found = shop.hear(1)
    assert (found.heard, found.errors) == (shop.names(1, 2), {})


def test_of_what_was_written_long_ago_the_first_look_tells_nothing(shop: Shop) -> None:
    shop.rows[:] = [shop.row(5), shop.row(-40 * 86_400)]
    cursors: dict[str, str] = {}
    assert shop.hear(2, cursors).heard == shop.names(5)
    shop.write(6)
    assert shop.hear(2, cursors).heard == shop.names(6)


def test_a_limit_is_obeyed_and_told(shop: Shop) -> None:
    shop.write(1)
    headers = {"Retry-After": "90"}

    async def go(one: Hearing) -> Batch:
        await one.next()
        shop.server.instead = Reply({"error": {"code": 429}}, 429, headers)
        return await one.until(lambda batch: bool(batch.error))

    before = clock.now()
    batch = run(shop.source, shop.settings, go)
    assert "slow down" in batch.error
    assert batch.next_at
    assert batch.next_at - before >= timedelta(seconds=59)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"data":7,"feed":7,"reviews":7}', b"\xff", b"<html>"])
def test_garbage_is_an_error_and_the_next_look_goes_on(shop: Shop, body: bytes) -> None:
    shop.server.instead = Reply(body)

    async def go(one: Hearing) -> list[str]:
        assert (await one.next()).error
        shop.server.instead = None
        shop.write(1)
        await one.until(lambda batch: bool(batch.mentions))
        return one.heard

    assert run(shop.source, shop.settings, go) == shop.names(1)


def test_an_app_that_is_not_there_is_told_and_asked_for_again(shop: Shop) -> None:
    other = {"apps": ["77"] if shop.settings.kind == "appstore" else ["com.example.other"]}
    settings = shop.settings.model_copy(update=other)
    batch = run(shop.source, settings, lambda hearing: hearing.next())
    assert "no app" in batch.error


def test_verify_counts_what_is_there(shop: Shop) -> None:
    shop.write(1, 2)
    assert "2 reviews" in asyncio.run(shop.source.verify(shop.settings))  # type: ignore[attr-defined]


@pytest.mark.parametrize("shop", [one for one in STORES if one != "feed"], indirect=True)
def test_answers_of_the_developer_are_the_brands_own(shop: Shop) -> None:
    shop.write(1, 2)
    cursors: dict[str, str] = {}
    shop.hear(1, cursors)
    _answer(shop, 2, "It is fixed")
    [one] = run(shop.source, shop.settings, lambda hearing: hearing.next(), cursors).mentions
    assert (one.external_id, one.text, one.kind) == (f"{shop.name(2)}/answer", "It is fixed", "reply")
    assert (one.parent_id, one.author.own) == (shop.name(2), True)

    async def go(hearing: Hearing) -> Hearing:
        _answer(shop, 2, "It is fixed now")
        await hearing.until(lambda batch: bool(batch.edits))
        _answer(shop, 2, "")
        await hearing.until(lambda batch: bool(batch.deletes))
        await hearing.looks(3)
        return hearing

    found = run(shop.source, shop.settings, go, cursors)
    assert (found.edited, found.deleted) == ([one.external_id], [one.external_id])


@pytest.mark.parametrize("shop", [one for one in STORES if one != "feed"], indirect=True)
def test_a_delete_is_told_once_and_a_hiccup_deletes_nothing(shop: Shop) -> None:
    shop.write(1, 2, 3)

    async def go(one: Hearing) -> Hearing:
        await one.looks(2)
        shop.server.hidden = {shop.name(2), shop.name(3)}  # not listed, but there
        await one.looks(2 * DEEP_EVERY)
        assert one.deleted == []
        shop.server.hidden = set()
        del shop.rows[1]
        await one.until(lambda batch: bool(batch.deletes))
        await one.looks(2 * DEEP_EVERY)
        return one

    found = run(shop.source, shop.settings, go)
    assert (found.heard, found.deleted) == (shop.names(1, 2, 3), shop.names(2))


def test_what_was_missed_while_away_longer_than_the_store_shows_is_told(shop: Shop) -> None:
    shop.write(1)
    cursors: dict[str, str] = {}
    shop.hear(1, cursors)
    [part] = cursors
    memory = recall(cursors[part], Memory)
    memory.hour -= 24 * 9
    cursors[part] = _encoded(memory)
    lost = shop.hear(1, cursors).lost
    assert bool(lost) == (shop.settings.kind == "googleplay")
    assert shop.hear(2, cursors).lost == []


def test_a_cursor_that_is_none_begins_anew(shop: Shop) -> None:
    shop.write(1)
    assert shop.hear(1, {"app 1": "garbage"}).heard == shop.names(1)
    assert recall('{"known":7}', Memory) == Memory()


def test_memory_is_bounded_and_what_it_forgets_is_not_told_again() -> None:
    one = FakeFeed()
    with serving(one.answer) as one.url:
        shop = feed(one)
        cursors: dict[str, str] = {}
        for start in range(0, REMEMBERED + 500, 250):
            shop.write(*range(start, start + 250))
            assert shop.hear(1, cursors).heard == shop.names(*range(start, start + 250))
        [cursor] = cursors.values()
    assert len(recall(cursor, Memory).known) == REMEMBERED


class _Mute:
    """A store that never answers; whoever no longer waits has `left`."""

    channel, pages, deep = "shop", 1, 1
    reaches: timedelta | None = None

    def __init__(self) -> None:
        self.asked, self.left = asyncio.Event(), False

    async def page(self, more: str) -> Sheet:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(10):
                await asyncio.sleep(0)
            self.left = True
        return Sheet([])

    async def has(self, review: str) -> bool:
        return True

    def pause(self) -> float:
        return 0.0

    def budget(self) -> Budget | None:
        return None


def test_who_is_stopped_leaves_no_look_behind() -> None:
    async def scene() -> bool:
        store = _Mute()
        looking = asyncio.ensure_future(Reviews("a", store, 1.0, timedelta(days=1)).look())
        await store.asked.wait()
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        return store.left and looking.cancelled()

    assert asyncio.run(scene())


def test_stars_and_versions() -> None:
    assert [stars(n, "x") for n in (0, 1, 5, 6)] == ["x", "★☆☆☆☆ x", "★★★★★ x", "x"]
    assert version("a", 1) != version("a", 2)
    assert version("\ud800")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(json_values, max_size=4), st.data())
def test_garbage_among_reviews_is_survived(shop: Shop, garbage: list[Any], data: st.DataObject) -> None:
    good = shop.row(1)
    bad = {**shop.row(2), data.draw(st.sampled_from(sorted(good))): data.draw(json_values)}
    shop.rows[:] = [*garbage, bad, good]
    found = shop.hear(1)
    assert shop.name(1) in found.heard
    assert found.errors == {}


def _renamed(same: Any, row: Any) -> Any:
    """The review with another one's time."""
    if "attributes" in row:
        return {**row, "attributes": {**row["attributes"], "createdDate": same["attributes"]["createdDate"]}}
    if "comments" in row:
        stamp = same["comments"][0]["userComment"]["lastModified"]
        return {**row, "comments": [{"userComment": {**row["comments"][0]["userComment"], "lastModified": stamp}}]}
    return {**row, "updated": same["updated"]}


def _edited(shop: Shop, number: int, text: str) -> Any:
    row = shop.row(number)
    if "attributes" in row:
        return {**row, "attributes": {**row["attributes"], "body": text}}
    if "comments" in row:
        return shop.row(number, text=f"Acme\t{text}", lastModified={"seconds": str(int(clock.now().timestamp()))})
    return {**row, "content": {"label": text}}


def _answer(shop: Shop, number: int, text: str) -> None:
    """Answer a review, or take the answer away."""
    if isinstance(shop.server, FakeConnect):
        shop.server.answers = {shop.name(number): text} if text else {}
    elif text:
        shop.server.reply(number, text)
    else:
        one = next(one for one in shop.rows if one["reviewId"] == shop.name(number))
        del one["comments"][1:]


def _encoded(memory: Memory) -> str:
    return msgspec.json.encode(memory).decode()


def test_a_key_that_is_refused_ends_the_listener_in_words(shop: Shop) -> None:
    if isinstance(shop.server, FakeFeed):
        pytest.skip("the public feed needs none")
    with pytest.raises(FetchError) as caught:
        run(shop.source, _with_wrong_key(shop), lambda hearing: hearing.next())
    assert caught.value.permanent
    assert "does not take this" in str(caught.value)
    assert len(shop.server.asked) == 1


def _with_wrong_key(shop: Shop) -> ListenerSettings:
    values = shop.settings.model_dump()
    secret = {"key_id": "ANOTHER", "private_key": pem(elliptic())} if shop.settings.kind == "appstore" else {}
    if not secret:
        secret = {"key": account_key().replace("leitstand@", "nobody@")}
    return type(shop.settings).model_validate({**values, **secret})
