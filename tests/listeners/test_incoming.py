"""The mention form: what is taken, and what each bad input is told."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.errors import InputError
from leitstand.model import Author, Mention
from listeners.incoming import MAX_TEXT, decode, decode_line

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GOOD = {"channel": "blog", "external_id": "1", "text": "the cloud is down"}


def call(*mentions: object) -> bytes:
    return json.dumps({"mentions": mentions}).encode()


def test_every_field_arrives() -> None:
    form = GOOD | {
        "url": "https://blog.example/1",
        "title": "Down",
        "created_at": "2026-03-02T12:30:00+01:00",
        "language": "en",
        "kind": "article",
        "author": {"id": "7", "handle": "ada", "name": "Ada", "followers": 12},
        "parent_id": "0",
        "conversation_id": "0",
    }
    assert decode(json.dumps(form).encode(), NOW).mentions == (
        Mention(
            channel="blog",
            external_id="1",
            text="the cloud is down",
            created_at=datetime(2026, 3, 2, 11, 30, tzinfo=UTC),
            received_at=NOW,
            url="https://blog.example/1",
            title="Down",
            language="en",
            kind="article",
            author=Author("7", "ada", "Ada", 12),
            parent_id="0",
            conversation_id="0",
        ),
    )


def test_absent_and_null_are_the_same_and_the_time_is_now() -> None:
    nulls = dict.fromkeys(("url", "title", "created_at", "language", "kind", "author", "parent_id"), None)
    bare, null = decode(call(GOOD, GOOD | nulls), NOW).mentions
    assert bare == null
    assert (bare.created_at, bare.kind, bare.author) == (NOW, "post", Author())


def test_unknown_keys_are_ignored() -> None:
    incoming = decode(call(GOOD | {"sentiment": "angry", "raw": {"a": [1, None]}}), NOW)
    assert [m.text for m in incoming.mentions] == ["the cloud is down"]


def without(field: str) -> dict[str, str]:
    return {key: value for key, value in GOOD.items() if key != field}


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (without("text"), "text: is required"),
        (without("channel"), "channel: is required"),
        (without("external_id"), "external_id: is required"),
        (GOOD | {"text": ""}, "text: must not be empty"),
        (GOOD | {"text": " \n"}, "text: must not be empty"),
        (GOOD | {"text": 7}, "text: must be text, not a whole number"),
        (GOOD | {"text": "x" * (MAX_TEXT + 1)}, "text: longer than 100,000 characters"),
        (GOOD | {"text": "x" * 10_000_000}, "text: longer than 100,000 characters"),
        (GOOD | {"text": "a\0b"}, "text: has a NUL character at character 2"),
        (GOOD | {"text": "ab\ud800"}, "text: has a lone surrogate at character 3"),
        (GOOD | {"author": {"name": "\udfff"}}, "author.name: has a lone surrogate at character 1"),
        (GOOD | {"author": {"followers": -1}}, "author.followers: must be 0 or more"),
        (GOOD | {"author": "ada"}, "author: must be an object or null, not text"),
        (GOOD | {"external_id": "x" * 501}, "external_id: longer than 500 characters"),
        (GOOD | {"channel": "My Blog"}, "channel: must be 1 to 40 of a-z, 0-9, _ and -"),
        (GOOD | {"channel": "blog\n"}, "channel: must be 1 to 40 of a-z, 0-9, _ and -"),
        (GOOD | {"url": "javascript:alert(1)"}, "url: must begin with http:// or https://"),
        (GOOD | {"kind": "poem"}, "kind: must be one of post, reply, repost"),
        (GOOD | {"created_at": "yesterday"}, "created_at: must be a date and time with its zone"),
        (GOOD | {"created_at": "2026-03-02T12:00:00"}, "created_at: 2026-03-02T12:00:00 has no zone: add Z"),
        (GOOD | {"created_at": "2026-03-02T12:10:01Z"}, "created_at: 2026-03-02T12:10:01+00:00 is in the future"),
        (GOOD | {"created_at": "9999-12-31T23:59:59-14:00"}, "created_at: 9999-12-31T23:59:59-14:00 is in the future"),
        (GOOD | {"created_at": "0001-01-01T00:00:00+14:00"}, "created_at: 0001-01-01T00:00:00+14:00 is before 1970"),
        ("a post", "must be an object, not text"),
        (None, "must be an object, not null"),
    ],
)
def test_a_bad_mention_is_refused_alone_with_index_and_field(bad: object, error: str) -> None:
    incoming = decode(call(GOOD, bad, GOOD | {"external_id": "2"}), NOW)
    assert [m.external_id for m in incoming.mentions] == ["1", "2"]
    assert [r.index for r in incoming.rejected] == [1]
    assert incoming.rejected[0].error.startswith(error)


def test_what_is_null_is_as_if_it_were_not_there() -> None:
    optional = ("url", "title", "created_at", "language", "kind", "author", "parent_id", "conversation_id", "edited_at")
    plain, nulls = decode(call(GOOD, GOOD | dict.fromkeys(optional)), NOW).mentions
    least = {name: value for name, value in GOOD.items() if name not in optional}
    assert nulls == decode(call(least), NOW).mentions[0] and plain.text == nulls.text
    nobody = decode(call(least | {"author": {"id": None, "handle": None, "name": None, "followers": None}}), NOW)
    assert [*nobody.mentions] == [nulls]
    texts = (nulls.url, nulls.title, nulls.language, nulls.parent_id, nulls.conversation_id)
    assert (set(texts), nulls.kind, nulls.author, nulls.created_at) == ({""}, "post", Author(), NOW)


def test_a_clock_a_little_ahead_is_taken() -> None:
    ahead = GOOD | {"created_at": (NOW + timedelta(minutes=9)).isoformat()}
    assert len(decode(call(ahead), NOW).mentions) == 1


def test_the_time_is_utc() -> None:
    zone = timezone(timedelta(hours=-8))
    [mention] = decode(call(GOOD | {"created_at": NOW.astimezone(zone).isoformat()}), NOW).mentions
    assert (mention.created_at, mention.created_at.tzinfo) == (NOW, UTC)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "not valid JSON"),
        (b'{"mentions": [', "not valid JSON: Expecting value at line 1, column 15"),
        (b'{"text": "a\x00b"}', "not valid JSON: Invalid control character at line 1, column 12"),
        (b'{"text": "\xff"}', "not UTF-8 at byte 10"),
        (b'{"text": NaN}', "not valid JSON: a number"),
        (b"[]", 'must be one mention, or {"mentions": […]}'),
        (b'{"mentions": {}}', "mentions: must be an array"),
        (b'{"a":' * 100_000, "not valid JSON: nested too deeply"),
        (b'{"text": 1' + b"0" * 5000 + b"}", "not valid JSON: a number"),
    ],
)
def test_a_call_that_cannot_be_read_is_refused_as_a_whole(body: bytes, error: str) -> None:
    with pytest.raises(InputError) as refused:
        decode(body, NOW)
    assert str(refused.value).startswith(error)


@pytest.mark.parametrize("spoil", [lambda _: None, lambda m: m.clear()], ids=["good", "bad"])
def test_a_thousand_and_one_are_refused_as_a_whole(spoil: Callable[[dict[str, str]], None]) -> None:
    mentions = [dict(GOOD, external_id=str(n)) for n in range(1001)]
    spoil(mentions[500])
    with pytest.raises(InputError, match=r"mentions: at most 1,000 in one call, these are 1,001"):
        decode(call(*mentions), NOW)
    incoming = decode(call(*mentions[:1000]), NOW)
    assert len(incoming.mentions) + len(incoming.rejected) == 1000


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
fields = st.sampled_from(["channel", "external_id", "text", "url", "author", "created_at", "kind", "followers"])
forms = st.builds(lambda changes: GOOD | changes, st.dictionaries(fields, json_values, max_size=2)) | st.just(GOOD)


@given(json_values | st.builds(lambda inner: {"mentions": inner}, json_values) | forms)
@settings(max_examples=150, deadline=None)
def test_no_json_breaks_it(tree: object) -> None:
    try:
        incoming = decode(json.dumps(tree).encode(), NOW)
    except InputError:
        return
    assert len(incoming.mentions) + len(incoming.rejected) >= (
        0 if isinstance(tree, dict) and "mentions" in tree else 1
    )


@given(st.binary(max_size=60))
def test_no_bytes_break_it(body: bytes) -> None:
    try:
        decode(body, NOW)
    except InputError as error:
        assert str(error)


@given(st.lists(forms | json_values, max_size=8))
@settings(max_examples=150, deadline=None)
def test_together_each_is_judged_as_alone_and_the_index_is_its_place(mentions: list[object]) -> None:
    incoming = decode(call(*mentions), NOW)
    alone = [decode(call(mention), NOW) for mention in mentions]
    assert [r.index for r in incoming.rejected] == [i for i, one in enumerate(alone) if one.rejected]
    assert [r.error for r in incoming.rejected] == [one.rejected[0].error for one in alone if one.rejected]
    assert incoming.mentions == tuple(one.mentions[0] for one in alone if one.mentions)


def test_a_line_needs_only_text() -> None:
    mention = decode_line(b'{"id": 12, "text": "down"}\n', NOW, "file")
    assert (mention.channel, mention.external_id, mention.text) == ("file", "12", "down")


def test_a_line_without_an_id_has_the_same_one_each_time() -> None:
    first, again = decode_line(b'{"text": "down"}\n', NOW, "file"), decode_line(b'{"text": "down"}\r\n', NOW, "file")
    assert first.external_id == again.external_id != decode_line(b'{"text": "up"}', NOW, "file").external_id


def test_a_bad_line_says_what_is_wrong() -> None:
    with pytest.raises(InputError, match="text: is required"):
        decode_line(b'{"id": "1"}', NOW, "file")


@pytest.mark.parametrize("people", [[], ["@acme"], [GOOD], {"@acme": 1}, None])
def test_a_post_that_names_mentions_of_its_own_is_a_post(people: object) -> None:
    incoming = decode(json.dumps(GOOD | {"mentions": people}).encode(), NOW)
    assert [m.external_id for m in incoming.mentions] == [GOOD["external_id"]]
    assert incoming.rejected == ()
