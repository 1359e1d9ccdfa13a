"""The relay's frames: read whole or refused, the same as Jetstream tells."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.errors import InputError
from listeners.bluesky import cbor
from listeners.bluesky.cbor import Link
from listeners.bluesky.firehose import Firehose
from listeners.bluesky.wires import JetstreamV1, ServerSaidError, Wanted
from listeners.contract import Gone
from tests.listeners import dag_cbor
from tests.listeners.servers_jetstream import POSTS, START_US, record, v1

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TIME = "2025-10-09T08:53:20.000000Z"
ANNA = "did:plc:anna"

trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=30) | st.binary(max_size=300)
    | st.floats(allow_nan=False) | st.binary(min_size=1, max_size=40).map(Link),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=30,
)  # fmt: skip


@given(trees, st.binary(max_size=20))
def test_what_is_written_is_read(tree: object, rest: bytes) -> None:
    raw = dag_cbor.encode(tree)
    assert cbor.decode(raw + rest) == (tree, len(raw))


@given(trees, st.data())
def test_what_is_cut_off_is_refused(tree: object, data: st.DataObject) -> None:
    raw = dag_cbor.encode(tree)
    with pytest.raises(ValueError, match=r"."):
        cbor.decode(raw[: data.draw(st.integers(0, len(raw) - 1))])


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_a_car_gives_its_blocks(blocks: list[bytes]) -> None:
    assert cbor.blocks(dag_cbor.car(blocks)) == {dag_cbor.cid(block): block for block in blocks}


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x81" * 100 + b"\xf6", b"\xff", b"\x9f\xff", b"\xc1\x00", b"\xd8\x2a\x41\x01", b"\xa1\x01\x02", b"\x61\xff",
     b"\x9b" + b"\xff" * 8, b"\x5b" + b"\xff" * 8],
)  # fmt: skip
def test_what_is_no_dag_cbor_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        cbor.decode(raw)


@given(st.binary(max_size=200) | trees.map(dag_cbor.encode))
def test_any_frame_is_read_or_refused_in_words(frame: bytes) -> None:
    for raw in (frame, dag_cbor.encode({"op": 1, "t": "#commit"}) + frame):
        try:
            events = Firehose().read(raw, NOW)
        except (InputError, ServerSaidError) as error:
            assert str(error)
        else:
            assert all(e.mention is None or e.mention.external_id.startswith("at://") for e in events)


def test_it_tells_the_same_as_jetstream() -> None:
    facets = [{"features": [{"uri": "https://a.example/"}], "index": {"byteStart": 0, "byteEnd": 4}}]
    reply = {"root": {"uri": "at://root", "cid": "c"}, "parent": {"uri": "at://parent", "cid": "c"}}
    blob = {"$type": "blob", "ref": Link(dag_cbor.cid(b"x")), "size": 7}
    content = record("größer ☁", facets=facets, reply=reply)
    images = {"$type": "app.bsky.embed.images", "images": [{"alt": "", "image": blob}]}
    frame = dag_cbor.commit(9, ANNA, TIME, [("create", f"{POSTS}/k0001", {**content, "embed": images})])
    post, last = Firehose().read(frame, NOW)
    told = v1(1, START_US, {**content, "embed": {"images": [{"alt": ""}]}})
    [expected] = JetstreamV1().read(json.dumps(told).encode(), NOW)
    assert post.mention == expected.mention
    assert (last.number, last.time_us) == (9, START_US)


def test_several_operations_of_one_commit_and_what_is_no_post() -> None:
    operations: list[tuple[str, str, object]] = [
        ("create", f"{POSTS}/a", record("one")), ("update", f"{POSTS}/b", record("two")),
        ("delete", f"{POSTS}/c", None), ("create", "app.bsky.feed.like/d", {"subject": "x"}),
    ]  # fmt: skip
    events = Firehose().read(dag_cbor.commit(9, ANNA, TIME, operations), NOW)
    assert [(e.change, e.mention.text if e.mention else "", e.gone) for e in events] == [
        ("new", "one", None), ("edited", "two", None), ("new", "", Gone("bluesky", f"at://{ANNA}/{POSTS}/c")),
        ("new", "", None),
    ]  # fmt: skip


def test_only_the_wanted_accounts_are_heard() -> None:
    wire = Firehose()
    assert wire.path(Wanted(["did:plc:bert"]), 7) == "/xrpc/com.atproto.sync.subscribeRepos?cursor=7"
    [event] = wire.read(dag_cbor.commit(9, ANNA, TIME, [("create", f"{POSTS}/a", record("one"))]), NOW)
    assert (event.number, event.mention) == (9, None)


def test_the_relays_own_words() -> None:
    [info] = Firehose().read(dag_cbor.frame("#info", {"name": "OutdatedCursor"}), NOW)
    assert info.lost == "the relay no longer has what was missed (OutdatedCursor)"
    with pytest.raises(ServerSaidError, match="the relay ended the stream: FutureCursor go back") as caught:
        Firehose().read(dag_cbor.error("FutureCursor", "go back"), NOW)
    assert caught.value.code == "FutureCursor"
