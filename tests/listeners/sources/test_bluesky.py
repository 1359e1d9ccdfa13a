"""Bluesky by Jetstream, against servers that close, replay, pack and lie."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from leitstand.errors import FetchError, InputError
from listeners.bluesky.posts import decoder, mention, written_at
from listeners.bluesky.wires import JetstreamV1, JetstreamV2, Position, at
from listeners.contract import Gone, Listens, Verifies
from listeners.cursors import keep_cursor
from listeners.sources import bluesky
from listeners.sources.bluesky import Settings, verify
from tests.listeners import dag_cbor
from tests.listeners.committing import Ear
from tests.listeners.servers_jetstream import START_US, Ending, Jetstream, account, dictionary, jetstream, record, v1

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DICTIONARY = dictionary()


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bluesky, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(bluesky, "LONGEST_PAUSE", 0.05)


def ear(database: Engine, redis_url: str, fake: Jetstream, **settings: object) -> Ear:
    return Ear(database, redis_url, bluesky, Settings.model_validate({"url": fake.host, **settings}))


def begin_at_zero(hears: Ear, fake: Jetstream, number: int = 0) -> None:
    """As if it had heard up to the beginning of the server's log."""
    with hears.database.begin() as connection:
        keep_cursor(connection, "ear", "", str(Position(number, START_US, fake.host)), NOW)


def uri(number: int) -> str:
    return f"at://did:plc:anna/app.bsky.feed.post/k{number:04}"


def test_it_is_a_source() -> None:
    assert isinstance(bluesky, Listens)
    assert isinstance(bluesky, Verifies)


@pytest.mark.parametrize(("wire", "packed"), [("v1", True), ("v2", False), ("v2", True), ("firehose", False)])
def test_1000_posts_by_the_other_wires_through_ten_disconnects_are_kept_once_each(
    database: Engine, redis_url: str, tmp_path: Path, wire: str, packed: bool
) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    print(f"seed {seed}")
    (tmp_path / "d").write_bytes(DICTIONARY)
    options: dict[str, object] = {"wire": wire, "packed": packed}
    if wire == "v1" and packed:
        options["dictionary"] = tmp_path / "d"

    async def scene() -> Ear:
        async with jetstream() as fake:
            fake.dictionary = DICTIONARY
            codes = [*[1000, 1001, 1011] * 2, *[0] * 4]
            chance.shuffle(codes)
            fake.endings = [Ending(chance.randrange(1, 90), code) for code in codes]
            hears = ear(database, redis_url, fake, **options)
            begin_at_zero(hears, fake, {"v1": START_US, "v2": 1, "firehose": 0}[wire])
            fake.posts(range(500))
            await hears.listen(lambda: hears.count() >= 300)
            fake.posts(range(500, 1000))
            await hears.listen(lambda: hears.count() >= 1000 and not fake.endings)
            assert all(("zstdDictionary" in query or "compress" in query) == packed for query in fake.asked)
            return hears

    hears = asyncio.run(scene())
    assert hears.kept() == [uri(n) for n in range(1000)]
    assert hears.starts == 2
    assert any("closed the connection" in error for error in hears.errors())


@pytest.mark.parametrize("wire", ["v1", "v2", "firehose"])
def test_events_of_the_same_microsecond_are_all_heard(database: Engine, redis_url: str, wire: str) -> None:
    async def scene() -> Ear:
        async with jetstream() as fake:
            fake.events = [v1(n, START_US, record(f"acme is down {n}")) for n in range(50)]
            fake.endings = [Ending(20), Ending(30)]
            hears = ear(database, redis_url, fake, wire=wire)
            begin_at_zero(hears, fake, {"v1": START_US, "v2": 1, "firehose": 0}[wire])
            await hears.listen(lambda: hears.count() >= 50)
            return hears

    assert asyncio.run(scene()).kept() == [uri(n) for n in range(50)]


def test_a_close_is_a_gap_said_in_words_and_the_stream_goes_on_a_little_before(
    database: Engine, redis_url: str
) -> None:
    async def scene() -> Ear:
        async with jetstream() as fake:
            fake.endings = [Ending(5, 1001)]
            hears = ear(database, redis_url, fake)
            begin_at_zero(hears, fake, START_US)
            fake.posts(range(10))
            await hears.listen(lambda: hears.count() == 10)
            assert int(fake.asked[1]["cursor"][0]) == START_US + 4000 - bluesky.REWIND_US
            assert fake.asked[0]["wantedCollections"] == ["app.bsky.feed.post"]
            return hears

    hears = asyncio.run(scene())
    [error] = hears.errors()
    assert error.endswith("closed the connection (1001 it is going away)")


@pytest.mark.parametrize(("wire", "number"), [("v1", START_US), ("firehose", 0)])
def test_an_edit_a_delete_and_an_account_that_is_gone(database: Engine, redis_url: str, wire: str, number: int) -> None:
    async def scene() -> Ear:
        async with jetstream() as fake:
            hears = ear(database, redis_url, fake, wire=wire)
            begin_at_zero(hears, fake, number)
            fake.posts(range(3))
            fake.events += [
                v1(0, START_US + 3000, record("acme edited"), "update"),
                v1(1, START_US + 4000, None, "delete"),
                v1(9, START_US + 5000, record("acme by bert"), did="did:plc:bert"),
                account("did:plc:bert", START_US + 6000, "takendown"),
                account("did:plc:anna", START_US + 7000, "active"),
            ]
            await hears.listen(lambda: hears.words() == expected)
            return hears

    expected = {
        uri(0): "acme edited",
        uri(1): "",
        uri(2): "acme is down 2",
        "at://did:plc:bert/app.bsky.feed.post/k0009": "",
    }
    assert not asyncio.run(scene()).errors()


def test_garbage_among_good_events_harms_only_itself(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with jetstream() as fake:
            hears = ear(database, redis_url, fake)
            begin_at_zero(hears, fake, START_US)
            fake.posts([1])
            fake.events += [
                b"{",
                b"\xff\xfe",
                b"\x28\xb5\x2f\xfd not asked for",
                v1(2, START_US + 2000, {"text": 7}),
                v1(3, 9 * 10**18, record("acme from the far future")),
                {"did": "did:plc:x", "time_us": START_US + 2500, "kind": "news"},
            ]
            fake.posts([4])
            await hears.listen(lambda: uri(4) in hears.kept())
            return hears

    hears = asyncio.run(scene())
    assert set(hears.kept()) >= {uri(1), uri(4)} and uri(2) not in hears.kept()
    assert any("events cannot be read" in error for error in hears.errors())
    assert hears.cursors()[""].startswith(str(START_US + 4000))


def test_what_the_server_no_longer_has_is_lost_and_said(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with jetstream() as fake:
            hears = ear(database, redis_url, fake)
            begin_at_zero(hears, fake, START_US)
            hour = 3_600_000_000
            fake.events = [v1(n, START_US + n * hour, record("acme")) for n in range(9)]
            fake.floor = START_US + 5 * hour
            await hears.listen(lambda: hears.count() == 4)
            return hears

    hears = asyncio.run(scene())
    assert [batch.lost for batch in hears.batches if batch.lost] == [
        "the server no longer has what was said before 2025-10-09 13:53 UTC"
    ]


def test_v2_asks_for_the_time_when_its_number_is_too_old_and_for_the_new_dictionary(
    database: Engine, redis_url: str
) -> None:
    async def scene() -> list[dict[str, list[str]]]:
        async with jetstream() as fake:
            fake.dictionary = DICTIONARY
            fake.refusals = [(400, "UnknownZstdDictionary"), (400, "CursorTooOld")]
            hears = ear(database, redis_url, fake, wire="v2")
            begin_at_zero(hears, fake, 7)
            fake.posts(range(5))
            await hears.listen(lambda: hears.count() == 5)
            return fake.asked

    asked = asyncio.run(scene())
    assert [query["cursor"][0] for query in asked] == ["7", "7", str(START_US - bluesky.REWIND_ELSEWHERE_US)]
    assert (asked[0]["kinds"], asked[0]["collections"]) == (["commit", "account"], ["app.bsky.feed.post"])


def test_v2_an_error_frame_ends_the_stream_and_it_is_opened_anew(database: Engine, redis_url: str) -> None:
    async def scene() -> Ear:
        async with jetstream() as fake:
            hears = ear(database, redis_url, fake, wire="v2", packed=False)
            begin_at_zero(hears, fake, 1)
            fake.events += [b'{"$type":"error","error":"ConsumerTooSlow","message":"read faster"}']
            fake.posts([1])
            while not hears.errors():
                await hears.listen(lambda: bool(hears.errors()))
            fake.events.pop(0)
            await hears.listen(lambda: hears.count() == 1)
            return hears

    assert asyncio.run(scene()).errors()[0] == "the server ended the stream: ConsumerTooSlow read faster"


def test_a_relay_that_knows_no_such_number_is_asked_for_what_comes_next(database: Engine, redis_url: str) -> None:
    async def scene() -> tuple[Ear, list[dict[str, list[str]]]]:
        async with jetstream() as fake:
            hears = ear(database, redis_url, fake, wire="firehose")
            begin_at_zero(hears, fake, 0)
            fake.events = [dag_cbor.error("FutureCursor", "in the future")]

            def step() -> bool:
                if len(fake.asked) == 2 and not hears.batches[-1].error:
                    fake.posts([1])
                return hears.count() == 1

            await hears.listen(step)
            return hears, fake.asked

    hears, asked = asyncio.run(scene())
    assert hears.errors()[0] == "the relay ended the stream: FutureCursor in the future"
    assert ["cursor" in query for query in asked[:2]] == [True, False]


def test_who_is_refused_by_every_server_stops_and_says_so(database: Engine, redis_url: str) -> None:
    async def scene() -> int:
        async with jetstream() as fake:
            fake.refusals = [(403, "")] * 9
            hears = ear(database, redis_url, fake)
            with pytest.raises(FetchError, match=r"refuses the stream \(HTTP 403\)") as caught:
                await hears.listen(lambda: False)
            assert caught.value.permanent
            return len(fake.asked)

    assert asyncio.run(scene()) == 2


def test_a_silent_server_is_left(database: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bluesky, "STALL", 0.3)
    monkeypatch.setattr(bluesky, "HEARTBEAT", 0.1)

    async def scene() -> Ear:
        async with jetstream() as fake:
            fake.endings = [Ending(3, -1)]
            hears = ear(database, redis_url, fake)
            begin_at_zero(hears, fake, START_US)
            fake.posts(range(6))
            await hears.listen(lambda: hears.count() == 6)
            return hears

    assert any("nothing was heard" in error for error in asyncio.run(scene()).errors())


def test_single_accounts_are_asked_for_and_a_quiet_stream_says_that_it_is_heard(
    database: Engine, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluesky, "HEARTBEAT", 0.05)

    async def scene() -> Ear:
        async with jetstream() as fake:
            hears = ear(database, redis_url, fake, dids=["did:plc:anna"])
            await hears.listen(lambda: len(hears.batches) == 3)
            assert fake.asked[0]["wantedDids"] == ["did:plc:anna"]
            return hears

    hears = asyncio.run(scene())
    assert [(b.heard, b.caught_up, b.cursor) for b in hears.batches] == [
        (True, False, None), (True, True, None), (True, True, None),
    ]  # fmt: skip


def test_more_accounts_than_an_address_holds_are_named_when_the_stream_is_open(
    database: Engine, redis_url: str
) -> None:
    """Servers, and those in between, take only so long an address."""
    dids = ["did:plc:anna", *(f"did:plc:{n:024}" for n in range(1000))]

    async def scene() -> tuple[Ear, Jetstream]:
        async with jetstream() as fake:
            fake.endings = [Ending(2)]
            hears = ear(database, redis_url, fake, dids=dids)
            begin_at_zero(hears, fake, START_US)
            others = [v1(n, START_US + n * 1000, record("acme is down"), did="did:plc:ben") for n in range(4, 8)]
            fake.posts(range(4))
            fake.events += others
            fake.posts(range(8, 10))
            await hears.listen(lambda: hears.count() == 6)
            return hears, fake

    hears, fake = asyncio.run(scene())
    assert hears.kept() == [uri(n) for n in (0, 1, 2, 3, 8, 9)]
    assert len(fake.hellos) == len(fake.asked) >= 2
    assert all("wantedDids" not in query and "cursor" in query for query in fake.asked)
    assert fake.hellos[0]["payload"] == {
        "wantedCollections": ["app.bsky.feed.post"], "wantedDids": dids, "maxMessageSizeBytes": 5_000_000,
    }  # fmt: skip


def test_verify_counts_what_comes() -> None:
    async def scene() -> str:
        async with jetstream() as fake:
            later = asyncio.get_running_loop()
            later.call_later(0.2, fake.posts, range(5))
            return await verify(Settings(url=fake.host))

    assert "answers; " in asyncio.run(scene())
    with pytest.raises(FetchError, match=r"127\.0\.0\.1 cannot be heard"):
        asyncio.run(verify(Settings(url="ws://127.0.0.1:1")))


def test_a_dictionary_that_cannot_be_read_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="cannot be read: No such file"):
        asyncio.run(verify(Settings(url="ws://127.0.0.1:1", dictionary=tmp_path / "none")))


def test_every_field_of_a_post() -> None:
    """Shape of a recorded reply with a link, pictures and a quoted post."""
    facets = [{"index": {"byteStart": 0, "byteEnd": 1}, "features": [{"$type": "x#link", "uri": "https://a.example/"}]}]
    embed = {
        "$type": "app.bsky.embed.recordWithMedia",
        "record": {"record": {"uri": "at://q", "cid": "c"}},
        "media": {"images": [{"alt": ""}, {"alt": ""}]},
    }
    reply = {"root": {"uri": "at://root", "cid": "c"}, "parent": {"uri": "at://parent", "cid": "c"}}
    content = record("acme: größer ☁", facets=facets, embed=embed, reply=reply)
    [event] = JetstreamV1().read(json.dumps(v1(1, START_US + 1, content)).encode(), NOW)
    post = event.mention
    assert post
    assert (post.channel, post.external_id, post.text) == ("bluesky", uri(1), "acme: größer ☁")
    assert (post.parent_id, post.conversation_id, post.kind) == ("at://parent", "at://root", "reply")
    assert (post.links, post.media, post.language) == (("https://a.example/",), 2, "en")
    assert post.url == "https://bsky.app/profile/did:plc:anna/post/k0001"
    assert post.author.id == "did:plc:anna"
    assert post.created_at == datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)


def test_several_languages_are_none_and_a_quote_is_a_quote() -> None:
    content = decoder.decode(json.dumps(record("x", langs=["de", "en"], embed={"record": {"uri": "at://q"}})))
    post = mention(content, "did:plc:a", "k", NOW, NOW)
    assert (post.language, post.kind, post.conversation_id) == ("", "quote", post.external_id)


@pytest.mark.parametrize(
    ("claimed", "written"),
    [
        ("2026-03-02T11:00:00Z", NOW - timedelta(hours=1)),
        ("2026-03-02T12:30:00+01:00", NOW - timedelta(minutes=30)),
        ("2026-03-02T13:00:00Z", NOW),
        ("2019-01-01T00:00:00Z", NOW),
        ("2026-03-02T11:00:00", NOW),
        ("yesterday", NOW),
        ("", NOW),
    ],
)
def test_the_authors_own_word_on_the_time_is_believed_within_reason(claimed: str, written: datetime) -> None:
    assert written_at(claimed, NOW) == written


@given(st.binary(max_size=300) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["did", "time_us", "kind", "commit", "account", "record", "operation", "collection", "rkey",
                         "text", "langs", "facets", "embed", "reply", "$type", "payload", "seq", "time", "createdAt"]),
        inner | st.sampled_from(["app.bsky.feed.post", "create", "message"]), max_size=8),
    max_leaves=20,
).map(lambda tree: json.dumps(tree).encode()))  # fmt: skip
def test_no_frame_breaks_a_wire(frame: bytes) -> None:
    for wire in (JetstreamV1(), JetstreamV2()):
        try:
            for event in wire.read(frame, NOW):
                assert event.number is not None
        except (InputError, FetchError):
            pass


@given(st.text(max_size=60))
def test_no_cursor_breaks_it(cursor: str) -> None:
    position = Position.parse(cursor)
    assert position is None or Position.parse(str(position)) == position


@given(st.integers(0, 4 * 10**15))
def test_microseconds_are_exact(time_us: int) -> None:
    assert round((at(time_us) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 10**6) == time_us


def test_an_account_event_says_whose_posts_are_gone() -> None:
    [event] = JetstreamV1().read(json.dumps(account("did:plc:bert", 5, "deleted")).encode(), NOW)
    assert event.gone == Gone("bluesky", author_id="did:plc:bert")
