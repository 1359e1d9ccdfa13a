"""Instagram as it is: comments with replies, edits and deletes that nobody tells, calls without a time."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leitstand import clock
from leitstand.errors import FetchError, HookRefusedError
from listeners.contract import Batch
from listeners.sources import instagram
from listeners.sources.instagram import Settings, receive, verify
from tests.listeners.hearing import Hearing, run
from tests.listeners.servers_api import serving
from tests.listeners.servers_meta import (
    ACCOUNT,
    KEYS,
    FakeGraph,
    asked_of,
    at_second,
    echo,
    refusal,
    signed,
)

MEDIA, TAGS, BELOW = f"{ACCOUNT}/media", f"{ACCOUNT}/tags", "70/comments"


def picture(name: str = "70", second: int = 0, **more: Any) -> dict[str, Any]:
    row = {"id": name, "caption": "Acme new", "username": "acme", "timestamp": at_second(second)}
    return {**row, "permalink": f"https://www.instagram.com/p/{name}/", **more}


def comment(number: int, *replies: dict[str, Any], **more: Any) -> dict[str, Any]:
    row = {"id": f"c{number}", "text": f"Acme {number}", "username": "jo", "timestamp": at_second(number)}
    return {**row, **({"replies": {"data": list(replies)}} if replies else {}), **more}


@pytest.fixture
def server() -> Iterator[FakeGraph]:
    one = FakeGraph()
    with serving(one.answer) as one.url:
        yield one


def at(server: FakeGraph, **more: Any) -> Settings:
    return Settings.model_validate({"account_id": ACCOUNT, **asked_of(server.url), **more})


def hear(server: FakeGraph, looks: int, cursors: dict[str, str] | None = None) -> Hearing:
    async def go(one: Hearing) -> Hearing:
        await one.looks(looks)
        return one

    return run(instagram, at(server), go, cursors)


def test_media_comments_replies_and_tags_are_heard_once(server: FakeGraph) -> None:
    server.add(MEDIA, picture())
    server.add(BELOW, comment(1, comment(2)))
    server.add(TAGS, picture("88", username="fan"))
    cursors: dict[str, str] = {}

    async def go(one: Hearing) -> tuple[Batch, Batch]:
        return await one.next(), await one.next()

    media, tags = run(instagram, at(server), go, cursors)
    assert [(m.external_id, m.parent_id, m.conversation_id, m.kind) for m in media.mentions] == [
        ("70", "", "70", "post"),
        ("c1", "70", "70", "comment"),
        ("c2", "c1", "70", "comment"),
    ]
    assert [m.author.handle for m in (*media.mentions, *tags.mentions)] == ["acme", "jo", "jo", "fan"]
    assert media.mentions[0].media == 1
    assert hear(server, 2, cursors).heard == []


def test_what_the_account_says_itself_is_the_brands(server: FakeGraph) -> None:
    server.add(MEDIA, picture())
    server.add(BELOW, comment(1, comment(2, username="acme"), comment(3, **{"from": {"id": ACCOUNT}})))
    server.add(TAGS, picture("88", username="fan"))
    heard = [m for batch in run(instagram, at(server), _two) for m in batch.mentions]
    assert {m.external_id for m in heard if m.author.own} == {"70", "c2", "c3"}
    people: list[dict[str, Any]] = [{"from": {"id": who, "username": "x"}} for who in (ACCOUNT, "5")]
    batches = [receive(HOOK, signed(call(told(**one)))).batch for one in people]
    assert [batch.mentions[0].author.own for batch in batches if batch] == [True, False]


async def _two(hearing: Hearing) -> list[Batch]:
    return [await hearing.next(), await hearing.next()]


def test_a_call_for_an_app_with_instagrams_own_login_holds_one_change_an_entry() -> None:
    entries = [{"id": ACCOUNT, "time": 1772532002, **told(name)} for name in ("c1", "c2")]
    found = receive(HOOK, signed({"object": "instagram", "entry": entries}))
    assert found.batch is not None
    assert [m.external_id for m in found.batch.mentions] == ["c1", "c2"]


def test_edits_and_deletes_that_nobody_tells_are_noticed(server: FakeGraph) -> None:
    server.add(MEDIA, picture())
    server.add(BELOW, comment(1), comment(2), comment(3, comment(4)))
    cursors: dict[str, str] = {}
    hear(server, 2, cursors)
    server.rows[MEDIA] = [picture(caption="Acme newer")]
    server.rows[BELOW] = [comment(3), comment(1, text="Acme, sorry")]
    heard = hear(server, 2, cursors)
    assert heard.heard == []
    assert set(heard.edited) == {"70", "c1"}
    assert set(heard.deleted) == {"c2", "c4"}


def test_a_thousand_comments_between_two_looks_are_all_heard(server: FakeGraph) -> None:
    server.add(MEDIA, picture())
    server.add(BELOW, comment(0))
    cursors: dict[str, str] = {}
    hear(server, 2, cursors)
    server.add(BELOW, *(comment(number) for number in range(1, 1001)))
    assert hear(server, 1, cursors).heard == [f"c{number}" for number in range(1, 1001)]


def test_the_oldest_first_late_and_undated_ones_are_heard_once(server: FakeGraph) -> None:
    server.page = 10
    server.add(MEDIA, picture())
    server.rows[BELOW] = [comment(number) for number in range(2, 26)]
    cursors: dict[str, str] = {}
    hear(server, 2, cursors)
    server.rows[BELOW] = [comment(number) for number in range(1, 31)] + [comment(31, timestamp="")]
    assert hear(server, 2, cursors).heard == ["c1", *(f"c{number}" for number in range(26, 32))]
    assert hear(server, 2, cursors).heard == []


def test_one_bad_row_harms_only_itself(server: FakeGraph) -> None:
    server.add(MEDIA, 7, {}, picture())
    server.add(BELOW, comment(1), "x", comment(2, timestamp="never"), comment(3, text=""), comment(4, {"id": 7}))
    assert set(hear(server, 1).heard) == {"70", "c1", "c2", "c4"}


def test_a_dead_token_is_told_once(server: FakeGraph) -> None:
    server.instead[MEDIA] = refusal(190, 401)
    with pytest.raises(FetchError, match="make a new one"):
        hear(server, 1)
    with pytest.raises(FetchError):
        asyncio.run(verify(at(server)))
    assert len(server.asked) == 2


def test_a_limit_is_obeyed_as_long_as_it_lasts(server: FakeGraph) -> None:
    usage = '{"1":[{"type":"instagram","call_count":100,"total_time":1,"estimated_time_to_regain_access":17}]}'
    server.instead[MEDIA] = refusal(80002, headers={"X-Business-Use-Case-Usage": usage})
    begun = clock.now()
    batch = run(instagram, at(server), lambda one: one.until(lambda batch: batch.part == "media"))
    assert "slow down" in batch.error
    assert batch.next_at is not None
    assert (batch.next_at - begun).total_seconds() >= 17 * 60


def call(*changes: object) -> dict[str, Any]:
    return {"object": "instagram", "entry": [{"id": ACCOUNT, "time": 1772532002, "changes": list(changes)}]}


def told(name: str = "c1", field: str = "comments", **more: Any) -> dict[str, Any]:
    value = {"id": name, "text": "Acme 1", "from": {"id": "5", "username": "jo"}, "media": {"id": "70"}, **more}
    return {"field": field, "value": value}


def test_a_call_names_comments_as_the_listings_do(server: FakeGraph) -> None:
    server.add(MEDIA, picture())
    server.add(BELOW, comment(1))
    found = receive(at(server), signed(call(told(), told("c2", parent_id="c1"))))
    assert found.batch is not None
    one, reply = found.batch.mentions
    polled = run(instagram, at(server), lambda hearing: hearing.next()).mentions[1]
    for name in ("channel", "external_id", "text", "parent_id", "conversation_id", "kind", "author"):
        assert getattr(one, name) == getattr(polled, name), name
    assert reply.parent_id == "c1"
    assert one.created_at.timestamp() == 1772532002


def test_what_comes_without_words_is_left_to_polling_and_bad_changes_harm_only_themselves(server: FakeGraph) -> None:
    mention = {"field": "mentions", "value": {"media_id": "1", "comment_id": "2"}}
    found = receive(at(server), signed(call(mention, 7, told(), told("c3", text=9), told(field="story_insights"))))
    assert found.batch is not None
    assert [m.external_id for m in found.batch.mentions] == ["c1"]
    assert len(found.rejected) == 2
    assert receive(at(server), signed(call(mention))).batch is None


def test_signature_and_echo(server: FakeGraph) -> None:
    assert receive(at(server), echo()).said == "1158201444"
    for request in (
        signed(call(told()), secret="another-secret"),
        echo("wrong"),
        signed({"object": "page", "entry": []}),
    ):
        with pytest.raises(HookRefusedError):
            receive(at(server), request)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "text", "from", "media", "field", "value", "time"]), inner, max_size=5)
    ),
    max_leaves=10,
)
HOOK = Settings.model_validate({"account_id": ACCOUNT, **KEYS})


@given(json_values, st.lists(json_values, max_size=3))
def test_garbage_that_is_signed_is_refused_as_a_whole_or_harms_only_itself(body: Any, entries: list[Any]) -> None:
    for content in (body, {"object": "instagram", "entry": entries}):
        try:
            receive(HOOK, signed(content))
        except HookRefusedError as error:
            assert error.status == 400
    found = receive(HOOK, signed(call(*entries, told("c9"))))
    assert found.batch is not None
    assert found.batch.mentions[-1].external_id == "c9"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(json_values, max_size=4))
def test_garbage_among_rows_stops_nothing(server: FakeGraph, rows: list[Any]) -> None:
    server.rows = {MEDIA: [*rows, picture()], BELOW: [*rows, comment(1, *rows)]}
    assert {"70", "c1"} <= set(hear(server, 1).heard)
