"""Facebook as it is: signed calls, listings with cursors, limits, tokens that die, edits and removals told twice."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leitstand import clock
from leitstand.errors import FetchError, HookRefusedError
from listeners.contract import Batch, Gone
from listeners.hooks import HookRequest
from listeners.sources import facebook
from listeners.sources.facebook import Settings, receive, verify
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_api import Reply, serving
from tests.listeners.servers_meta import (
    ACCOUNT,
    APP_SECRET,
    KEYS,
    TOKEN,
    FakeGraph,
    asked_of,
    at_second,
    echo,
    refusal,
    signed,
)

FEED, POST = f"{ACCOUNT}/feed", f"{ACCOUNT}_7"
BELOW = f"{POST}/comments"


def post(name: str = POST, second: int = 0, **more: Any) -> dict[str, Any]:
    person = {"id": ACCOUNT, "name": "Acme"}
    row = {"id": name, "message": f"Acme news {name}", "from": person, "created_time": at_second(second)}
    return {**row, **more}


def comment(number: int, **more: Any) -> dict[str, Any]:
    words = {"message": f"Acme comment {number}", "from": {"id": "5", "name": "Jo"}}
    return post(f"7_{number}", number, **{**words, **more})


@pytest.fixture
def server() -> Iterator[FakeGraph]:
    one = FakeGraph()
    with serving(one.answer) as one.url:
        yield one


def at(server: FakeGraph, **more: Any) -> Settings:
    return Settings.model_validate({"page_id": ACCOUNT, **asked_of(server.url), **more})


def hear(server: FakeGraph, looks: int, cursors: dict[str, str] | None = None, **more: Any) -> Hearing:
    async def go(one: Hearing) -> Hearing:
        await one.looks(looks)
        return one

    return run(facebook, at(server, **more), go, cursors)


def test_what_the_page_says_itself_is_the_brands(server: FakeGraph) -> None:
    server.add(FEED, post(), post("1000_8", 1, **{"from": {"id": "5", "name": "Jo"}}))
    server.add(BELOW, comment(1), comment(2, **{"from": {"id": ACCOUNT, "name": "Acme"}}))
    polled = run(facebook, at(server), lambda one: one.next()).mentions
    assert {m.external_id for m in polled if m.author.own} == {POST, "7_2"}
    people: list[dict[str, Any]] = [{"from": {"id": who, "name": "x"}} for who in (ACCOUNT, "5")]
    calls = [change(**one) for one in people]
    assert [received(one).mentions[0].author.own for one in calls] == [True, False]


def test_posts_comments_and_replies_are_heard_once(server: FakeGraph) -> None:
    server.add(FEED, post())
    server.add(BELOW, comment(1), comment(2, parent={"id": "7_1"}))
    server.add(f"{ACCOUNT}/tagged", post("9_9", message="@Acme look"))

    async def go(one: Hearing) -> list[Batch]:
        return [await one.next(), await one.next(), await one.next()]

    first, tagged, again = run(facebook, at(server), go)
    assert [m.external_id for m in first.mentions] == [POST, "7_1", "7_2"]
    assert [(m.parent_id, m.conversation_id) for m in first.mentions] == [("", POST), (POST, POST), ("7_1", POST)]
    assert first.mentions[1].author.name == "Jo"
    assert [m.external_id for m in tagged.mentions] == ["9_9"]
    assert again.mentions == ()


def test_a_thousand_comments_between_two_looks_are_all_heard(server: FakeGraph) -> None:
    server.add(FEED, post())
    server.add(BELOW, comment(0))
    cursors: dict[str, str] = {}
    hear(server, 2, cursors)
    server.add(BELOW, *(comment(number) for number in range(1, 1001)))
    heard = hear(server, 1, cursors).heard
    assert heard == [f"7_{number}" for number in range(1, 1001)]
    assert hear(server, 2, cursors).heard == []


def test_new_posts_beyond_a_page_are_all_heard(server: FakeGraph) -> None:
    server.page = 10
    server.add(FEED, post("p0"))
    cursors: dict[str, str] = {}
    hear(server, 2, cursors)
    server.add(FEED, *(post(f"p{number}", number) for number in range(1, 36)))
    assert hear(server, 1, cursors).heard == [f"p{number}" for number in range(1, 36)]


def test_the_oldest_first_is_heard_like_the_newest_first(server: FakeGraph) -> None:
    """As comments come where the API does not keep to the order that it was asked for."""
    server.page = 10
    server.add(FEED, post())
    server.rows[BELOW] = [comment(number) for number in range(1, 26)]
    cursors: dict[str, str] = {}
    hear(server, 2, cursors)
    server.rows[BELOW] = [comment(number) for number in range(1, 51)]
    heard = hear(server, 2, cursors)
    assert (heard.heard, heard.deleted) == ([f"7_{number}" for number in range(26, 51)], [])


def test_late_and_undated_ones_are_heard_once(server: FakeGraph) -> None:
    server.add(FEED, post())
    server.add(BELOW, *(comment(number) for number in range(10, 20)))
    cursors: dict[str, str] = {}
    hear(server, 2, cursors)
    late, undated = comment(1), comment(2)
    del undated["created_time"]
    server.rows[BELOW] = [*server.rows[BELOW][:5], undated, *server.rows[BELOW][5:], late]
    assert hear(server, 2, cursors).heard == ["7_1", "7_2"]
    assert hear(server, 2, cursors).heard == []


def test_edits_and_removals_are_noticed(server: FakeGraph) -> None:
    server.add(FEED, post())
    server.add(BELOW, comment(1), comment(2), comment(3))
    cursors: dict[str, str] = {}
    hear(server, 2, cursors)
    server.rows[BELOW] = [comment(3), comment(1, message="Acme, I was wrong")]
    heard = hear(server, 2, cursors)
    assert (heard.heard, heard.edited, heard.deleted) == ([], ["7_1"], ["7_2"])
    assert hear(server, 2, cursors).edited == []


def test_a_listing_that_ends_early_takes_nothing_away(server: FakeGraph) -> None:
    server.page = 2
    server.add(FEED, post())
    server.add(BELOW, *(comment(number) for number in range(1, 6)))
    cursors: dict[str, str] = {}
    hear(server, 2, cursors)
    server.add(BELOW, comment(6))
    heard = hear(server, 1, cursors)
    assert (heard.heard, heard.deleted) == (["7_6"], [])


def test_one_bad_row_harms_only_itself(server: FakeGraph) -> None:
    server.add(FEED, 7, post(), {"id": 3}, {}, post("../me"), post("1 2"), post(""))
    server.add(BELOW, comment(1), "x", comment(2, created_time="never"), comment(3, message=""))
    assert set(hear(server, 1).heard) == {POST, "7_1", "7_2"}


def test_a_token_that_died_ends_it_with_words(server: FakeGraph) -> None:
    server.instead[FEED] = refusal(190, 401)
    with pytest.raises(FetchError, match="does not take this access_token") as caught:
        hear(server, 1)
    assert caught.value.permanent
    assert TOKEN not in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (refusal(10, 403), "lacks a permission"),
        (refusal(200, 403), "lacks a permission"),
        (refusal(100), "refuses it"),
    ],
)
def test_what_we_may_not_have_harms_nothing_else(server: FakeGraph, reply: Reply, said: str) -> None:
    """Mentions of the page take a permission of their own, and not every login has them."""
    server.instead[f"{ACCOUNT}/tagged"] = reply
    server.add(FEED, post())
    begun = clock.now()

    async def go(one: Hearing) -> tuple[Batch, Batch, Batch]:
        return await one.next(), await one.next(), await one.next()

    feed, tagged, again = run(facebook, at(server), go)
    assert [m.external_id for m in feed.mentions] == [POST]
    assert said in tagged.error and tagged.next_at is not None
    assert (tagged.next_at - begun).total_seconds() >= 3600
    assert (again.part, again.error) == ("feed", "")
    with pytest.raises(FetchError, match=said):
        asyncio.run(verify(at(server)))


def test_one_post_whose_comments_are_not_for_us_harms_no_other(server: FakeGraph) -> None:
    server.add(FEED, post("1000_8"), post(second=1))
    server.add(BELOW, comment(1))
    server.instead["1000_8/comments"] = refusal(10, 403)
    cursors: dict[str, str] = {}
    assert hear(server, 1, cursors).heard == ["1000_8", POST, "7_1"]
    server.instead[BELOW] = refusal(10, 403)
    heard = hear(server, 1, cursors)
    assert "lacks a permission" in heard.errors["feed"], "not one of them is"
    del server.instead[BELOW]
    server.add(BELOW, comment(2))
    assert hear(server, 1, cursors).heard == ["7_2"]


def test_a_limit_is_obeyed_as_long_as_it_lasts(server: FakeGraph) -> None:
    usage = '{"1":[{"type":"pages","call_count":100,"total_time":1,"estimated_time_to_regain_access":17}]}'
    server.instead[FEED] = refusal(80001, headers={"X-Business-Use-Case-Usage": usage})

    async def go(one: Hearing) -> Batch:
        return await one.until(lambda batch: batch.part == "feed")

    batch = run(facebook, at(server), go)
    assert "slow down" in batch.error
    assert batch.next_at is not None
    asked = len(server.asked)
    assert hear(server, 3).errors["feed"]
    assert len(server.asked) < asked + 6


def test_near_a_limit_the_looks_become_rarer(server: FakeGraph) -> None:
    server.headers = {"X-App-Usage": '{"call_count":80,"total_time":3,"total_cputime":2}'}

    async def go(one: Hearing) -> float:
        first = await one.until(lambda batch: batch.part == "feed")
        assert first.next_at is not None
        return (first.next_at - begun).total_seconds()

    begun = clock.now()
    assert run(facebook, at(server, interval="100s"), go) > 390


def test_a_server_in_trouble_is_asked_again(server: FakeGraph) -> None:
    server.instead[FEED] = refusal(2, 500, transient=True)

    async def go(one: Hearing) -> list[str]:
        await one.until(lambda batch: bool(batch.error))
        server.instead.clear()
        server.add(FEED, post())
        await one.until(lambda batch: bool(batch.mentions))
        return one.heard

    assert run(facebook, at(server), go) == [POST]


def test_verify_asks_once_for_everything(server: FakeGraph) -> None:
    server.add(FEED, post())
    assert asyncio.run(verify(at(server))) == "Facebook answers: 1 posts now"


# The webhook


def settings_of_hook() -> Settings:
    return Settings.model_validate({"page_id": ACCOUNT, **KEYS})


def change(verb: str = "add", item: str = "comment", field: str = "feed", **more: Any) -> dict[str, Any]:
    value = {
        "item": item,
        "verb": verb,
        "post_id": POST,
        "comment_id": "7_1",
        "parent_id": POST,
        "message": "Acme ist schön kaputt 😡",
        "from": {"id": "5", "name": "Jo"},
        "created_time": 1772532001,
        **more,
    }
    return {"field": field, "value": value}


def call(*changes: object, about: str = "page") -> dict[str, Any]:
    return {"object": about, "entry": [{"id": ACCOUNT, "time": 1772532002, "changes": list(changes)}]}


def received(*changes: object) -> Batch:
    found = receive(settings_of_hook(), signed(call(*changes)))
    assert found.batch is not None
    return found.batch


def test_a_call_names_posts_as_the_listings_do(server: FakeGraph) -> None:
    server.add(FEED, post())
    server.add(BELOW, comment(1))
    [told] = received(change()).mentions
    polled = run(facebook, at(server), lambda one: one.next()).mentions[1]
    for name in ("channel", "external_id", "parent_id", "conversation_id", "kind", "author"):
        assert getattr(told, name) == getattr(polled, name), name
    assert told.text == "Acme ist schön kaputt 😡"
    assert told.created_at.timestamp() == 1772532001


def test_edits_removals_posts_and_mentions(server: FakeGraph) -> None:
    batch = received(
        change("edited", message="Acme geht wieder"),
        change("remove", comment_id="7_2", message=""),
        change(item="status", comment_id="", post_id="1000_8", parent_id=""),
        change(item="post", field="mention", comment_id="", post_id="5_5", parent_id=""),
        change(item="reaction"),
        change("hide"),
        change(field="ratings"),
        change("unheard-of", item="unheard-of"),
    )
    assert [(m.external_id, m.text) for m in batch.edits] == [("7_1", "Acme geht wieder")]
    assert batch.deletes == (Gone("facebook", "7_2"),)
    assert [(m.external_id, m.kind) for m in batch.mentions] == [("1000_8", "post"), ("5_5", "post")]


def test_one_bad_change_among_good_ones_harms_only_itself() -> None:
    bad = [7, {}, {"field": "feed", "value": 3}, {"field": "feed", "value": {"message": 7}}]
    found = receive(settings_of_hook(), signed(call(change(), *bad, change(comment_id="7_9"))))
    assert found.batch is not None
    assert [m.external_id for m in found.batch.mentions] == ["7_1", "7_9"]
    assert [said.partition(":")[0] for said in found.rejected] == [f"entry 0, change {n}" for n in range(1, 5)]


def test_a_bad_signature_is_refused_in_words() -> None:
    for request, said in (
        (signed(call(change()), secret="another-secret-of-an-app"), "is not right"),
        (HookRequest("POST", {}, {}, b"{}", signed(b"").at), "not signed"),
        (HookRequest("POST", {"x-hub-signature-256": "sha256=\udcff"}, {}, b"{}", signed(b"").at), "is not right"),
    ):
        with pytest.raises(HookRefusedError, match=said) as caught:
            receive(settings_of_hook(), request)
        assert caught.value.status == 401
        assert APP_SECRET not in str(caught.value)


def test_the_echo_that_sets_it_up() -> None:
    assert receive(settings_of_hook(), echo()).said == "1158201444"
    for request, status in ((echo("wrong"), 403), (echo(mode="unsubscribe"), 400)):
        with pytest.raises(HookRefusedError) as caught:
            receive(settings_of_hook(), request)
        assert caught.value.status == status


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"object":"user","entry":[]}', b"\xff", b'{"entry":[]}'])
def test_what_is_no_call_is_refused(body: bytes) -> None:
    with pytest.raises(HookRefusedError) as caught:
        receive(settings_of_hook(), signed(body))
    assert caught.value.status == 400


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["item", "verb", "post_id", "comment_id", "message", "from", "created_time", "id", "field", "value"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


@given(st.lists(json_values, max_size=3), st.lists(json_values, max_size=2))
def test_garbage_that_is_signed_is_never_a_crash(changes: list[Any], values: list[Any]) -> None:
    body = call(*changes, *({"field": "feed", "value": value} for value in values))
    found = receive(settings_of_hook(), signed(body))
    assert all(said.startswith("entry 0") for said in found.rejected)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(json_values, max_size=3), json_values)
def test_garbage_from_the_api_stops_nothing(server: FakeGraph, rows: list[Any], body: Any) -> None:
    server.rows = {FEED: [*rows, post()], BELOW: [*rows, comment(1)]}
    assert {"7_1", POST} <= set(hear(server, 1).heard)
    server.instead = {FEED: Reply(body)}
    try:
        hear(server, 1)
    finally:
        server.instead = {}
