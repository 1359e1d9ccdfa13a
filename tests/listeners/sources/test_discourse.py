"""A Discourse forum as it is: pages by number, versions, posts that are taken away, signed calls."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leitstand import clock
from leitstand.errors import FetchError, HookRefusedError
from listeners.contract import Batch, Gone
from listeners.hooks import HookRequest, Received
from listeners.sources import discourse
from listeners.sources.discourse import Settings, receive, verify
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_api import Reply, serving
from tests.listeners.servers_discourse import KEY, SECRET, FakeForum, post


@pytest.fixture
def server() -> Iterator[FakeForum]:
    one = FakeForum()
    with serving(one.answer) as one.url:
        yield one


def at(server: FakeForum, **more: Any) -> Settings:
    return Settings.model_validate({"url": server.url, "interval": "0.02s", "allow_private": True, **more})


def named(server: FakeForum, *numbers: int) -> list[str]:
    return [f"{server.url.removeprefix('http://')}/8/{number}" for number in numbers]


def hear(server: FakeForum, looks: int, cursors: dict[str, str] | None = None, **more: Any) -> Hearing:
    async def go(one: Hearing) -> Hearing:
        await one.looks(looks)
        return one

    return run(discourse, at(server, **more), go, cursors)


def test_posts_are_heard_once_and_belong_to_their_topic(server: FakeForum) -> None:
    server.write(1, 2)
    server.write(3, reply_to_post_number=2)
    cursors: dict[str, str] = {}
    first, second, answer = run(discourse, at(server), lambda one: one.next(), cursors).mentions
    top = named(server, 1)[0]
    assert (first.external_id, first.kind, first.title, first.text) == (top, "post", "Acme help", "Acme post 1")
    assert (second.parent_id, second.conversation_id, second.kind, second.title) == (top, top, "comment", "")
    assert answer.parent_id == named(server, 2)[0]
    assert first.url == f"{server.url}/t/help/8/1"
    assert hear(server, 2, cursors).heard == []


@pytest.mark.parametrize("version", ["2016", "2023", "2026"])
def test_a_thousand_posts_between_two_looks_are_all_heard(server: FakeForum, version: str) -> None:
    server.version = version
    server.write(1)
    cursors: dict[str, str] = {}
    hear(server, 1, cursors)
    server.write(*range(2, 1002))
    assert hear(server, 1, cursors).heard == named(server, *range(2, 1002))


@pytest.mark.parametrize("version", ["2016", "2023", "2026"])
def test_pages_of_which_we_may_see_little_or_nothing_are_no_end(server: FakeForum, version: str) -> None:
    """Messages between users, and what is said where only some may read, take numbers, too."""
    server.version = version
    server.write(1)
    cursors: dict[str, str] = {}
    hear(server, 1, cursors)
    server.write(2, 3, 200, 420, 421)
    server.unseen = {*range(4, 420)} - {200}
    heard = hear(server, 1, cursors)
    assert heard.heard == named(server, 2, 3, 200, 420, 421)
    assert heard.lost == []


@pytest.mark.parametrize("version", ["2016", "2023", "2026"])
def test_the_walk_ends_where_all_that_was_known_has_gone(server: FakeForum, version: str) -> None:
    server.version = version
    server.write(100, 101)
    cursors: dict[str, str] = {}
    hear(server, 1, cursors)
    del server.posts[100], server.posts[101]
    server.write(300)
    heard = hear(server, 1, cursors)
    assert heard.heard == named(server, 300)
    assert heard.lost == []
    assert len(server.asked) <= 8


def test_what_is_no_post_of_a_user_for_all_to_read_is_not_heard(server: FakeForum) -> None:
    """Older versions also list what the forum itself notes, and the webhook tells of everything."""
    server.write(1)
    server.write(2, post_type=3, cooked="<p>closed this topic</p>")
    server.write(3, post_type=2)
    server.write(4, post_type=4)
    server.write(5, topic_archetype="private_message")
    server.write(6, hidden=True, cooked="<p>This post was flagged and is hidden.</p>")
    assert hear(server, 1).heard == named(server, 1)
    for more in ({"post_type": 3}, {"post_type": 4}, {"topic_archetype": "private_message"}, {"hidden": True}):
        for event in ("post_created", "post_edited", "post_recovered"):
            assert receive(HOOK, call(event, {"post": post(2, **more)})) == Received()


def test_a_post_that_is_hidden_for_a_while_keeps_its_words(server: FakeForum) -> None:
    server.write(1, 2)
    cursors: dict[str, str] = {}
    hear(server, 1, cursors)
    server.write(2, hidden=True, version=2, cooked="<p>This post was flagged and is hidden.</p>")
    heard = hear(server, 1, cursors)
    assert (heard.edited, heard.deleted) == ([], [])
    server.write(2, version=3, cooked="<p>Acme is up</p>")
    assert hear(server, 1, cursors).edited == named(server, 2)


def test_all_of_a_forum_that_was_empty_at_first_is_heard(server: FakeForum) -> None:
    cursors: dict[str, str] = {}
    hear(server, 1, cursors)
    server.write(*range(1, 202))
    assert hear(server, 1, cursors).heard == named(server, *range(1, 202))


def test_in_any_order_of_equal_times_late_and_undated_ones_are_heard_once(server: FakeForum) -> None:
    """Late: held back for a moderator, and shown below newer ones."""
    server.write(*range(10, 20), created_at="2026-03-03T10:00:00.000Z")
    cursors: dict[str, str] = {}
    hear(server, 1, cursors)
    server.write(20, 21, created_at="")
    server.write(12, 5)
    server.backwards = True
    assert hear(server, 1, cursors).heard == named(server, 5, 20, 21)
    assert hear(server, 1, cursors).heard == []


def test_edits_and_deletes_are_noticed(server: FakeForum) -> None:
    server.write(*range(1, 6))
    cursors: dict[str, str] = {}
    hear(server, 1, cursors)
    server.write(2, version=2, cooked="<p>Acme is up</p>")
    server.write(3, deleted_at="2026-03-03T11:00:00Z")
    del server.posts[4]
    heard = hear(server, 2, cursors)
    assert heard.heard == []
    assert heard.edited == named(server, 2)
    assert heard.deleted == named(server, 3, 4)


def test_what_is_older_than_a_page_is_not_taken_for_gone(server: FakeForum) -> None:
    server.write(*range(1, 41))
    cursors: dict[str, str] = {}
    hear(server, 1, cursors)
    server.write(*range(41, 81))
    heard = hear(server, 1, cursors)
    assert (len(heard.heard), heard.deleted) == (40, [])


def test_one_bad_row_harms_only_itself(server: FakeForum) -> None:
    server.more = [7, {}, {"id": "x"}, {"id": 9, "topic_id": 1}]
    server.write(1, created_at="never", name=None)
    assert hear(server, 1).heard == named(server, 1)


def test_a_closed_forum_takes_the_key_and_says_once_that_it_is_wrong(server: FakeForum) -> None:
    server.key = KEY
    server.write(1)
    assert asyncio.run(verify(at(server, api_key=KEY))) == "the forum answers: 1 posts now"
    asked = len(server.asked)
    with pytest.raises(FetchError, match="does not let us read") as caught:
        hear(server, 1, api_key="wrong-key")
    assert caught.value.permanent
    assert "wrong-key" not in str(caught.value)
    assert len(server.asked) == asked + 1


def test_a_limit_is_obeyed(server: FakeForum) -> None:
    server.instead = Reply({"errors": ["slow"]}, 429, {"Retry-After": "90"})
    begun = clock.now()
    batch = run(discourse, at(server), lambda one: one.next())
    assert "slow down" in batch.error
    assert batch.next_at is not None
    assert (batch.next_at - begun).total_seconds() >= 89


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"latest_posts":7}', b"\xff", b"<html>"])
def test_garbage_is_an_error_and_the_next_look_goes_on(server: FakeForum, body: bytes) -> None:
    server.instead = Reply(body)

    async def go(one: Hearing) -> list[str]:
        assert (await one.next()).error
        server.instead = None
        server.write(1)
        await one.until(lambda batch: bool(batch.mentions))
        return one.heard

    assert run(discourse, at(server), go) == named(server, 1)


# The webhook

HOOK = Settings.model_validate({"url": "https://forum.example", "secret": SECRET})


def call(event: str, body: object, secret: str = SECRET) -> HookRequest:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    mark = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    headers = {"x-discourse-event": event, "x-discourse-event-signature": f"sha256={mark}"}
    return HookRequest("POST", headers, {}, content, clock.now())


def told(event: str, **more: Any) -> Batch:
    found = receive(HOOK, call(event, {"post": post(2, **more)}))
    assert found.batch is not None
    return found.batch


def test_a_call_names_posts_as_the_listing_does(server: FakeForum) -> None:
    server.write(1, 2)
    polled = run(discourse, at(server), lambda one: one.next()).mentions[1]
    hook = at(server, secret=SECRET)
    found = receive(hook, call("post_created", {"post": post(2)}))
    assert found.batch is not None
    [hooked] = found.batch.mentions
    for name in ("channel", "external_id", "text", "title", "parent_id", "conversation_id", "kind", "author", "url"):
        assert getattr(polled, name) == getattr(hooked, name), name


def test_edits_and_deletes_by_call() -> None:
    assert [m.text for m in told("post_edited", cooked="<p>New</p>").edits] == ["New"]
    assert [m.text for m in told("post_recovered", cooked="<p>Back</p>").edits] == ["Back"]
    assert told("post_destroyed").deletes == (Gone("discourse", "forum.example/8/2"),)
    assert told("post_edited", user_deleted=True).deletes == (Gone("discourse", "forum.example/8/2"),)


def test_other_events_are_none_of_ours_and_bad_ones_are_named() -> None:
    assert receive(HOOK, call("ping", {"ping": "OK"})) == Received()
    assert receive(HOOK, call("topic_created", {"topic": {}})) == Received()
    for body in ({}, {"post": 7}, {"post": {"id": 1}}):
        assert receive(HOOK, call("post_created", body)).rejected


def test_calls_that_are_not_let_in_are_refused_in_words() -> None:
    with pytest.raises(HookRefusedError, match="is not right"):
        receive(HOOK, call("post_created", {"post": post(1)}, "another-secret"))
    with pytest.raises(HookRefusedError, match="not signed"):
        receive(HOOK, HookRequest("POST", {}, {}, b"{}", clock.now()))
    with pytest.raises(HookRefusedError, match="only polls"):
        receive(Settings.model_validate({"url": "https://forum.example"}), call("post_created", {}))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "topic_id", "post_number", "cooked", "post", "version"]), inner, max_size=6
        )
    ),
    max_leaves=10,
)


@given(st.sampled_from(["post_created", "post_edited", "post_destroyed", "x"]), json_values, json_values)
def test_garbage_that_is_signed_is_refused_as_a_whole_or_named(event: str, body: Any, row: Any) -> None:
    try:
        receive(HOOK, call(event, body))
    except HookRefusedError as error:
        assert error.status == 400
    found = receive(HOOK, call(event, {"post": row}))
    assert event == "x" or found.rejected or found.batch


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(json_values, max_size=4))
def test_garbage_among_posts_stops_nothing(server: FakeForum, rows: list[Any]) -> None:
    server.more = rows
    server.write(1, 2)
    assert set(named(server, 1, 2)) <= set(hear(server, 1).heard)
