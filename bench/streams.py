"""Streams: events a second, decoded and matched against a thousand queries, on one core.

Beside it the naive way: json.loads, and each query asked by itself.
"""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from bench.matching import queries
from bench.posts import mentions
from bench.report import Figure
from leitstand import clock
from leitstand.model import Mention
from listeners.bluesky.wires import JetstreamV1
from listeners.query.engine import Engine
from listeners.query.parser import parse
from listeners.x.posts import Line, read

EVENTS, NAIVE, ROUNDS = 10_000, 30, 3
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Decode = Callable[[bytes], Sequence[Mention]]


def measure() -> list[Figure]:
    """Jetstream and the filtered stream of X."""
    engine = Engine({name: parse(query) for name, query in queries(1000).items()})
    posts = mentions(EVENTS, clock.now())
    jetstream, line = JetstreamV1(), msgspec.json.Decoder(Line)

    def of_jetstream(raw: bytes) -> Sequence[Mention]:
        return [event.mention for event in jetstream.read(raw, NOW) if event.mention]

    def of_x(raw: bytes) -> Sequence[Mention]:
        said = line.decode(raw)
        return read([(said.data, {u.id: u for u in said.includes.users})], NOW).mentions if said.data else ()

    return [
        _figure("Jetstream", [_jetstream(post, n) for n, post in enumerate(posts)], of_jetstream, engine),
        _figure("stream of X", [_x(post, n) for n, post in enumerate(posts)], of_x, engine),
    ]


def _figure(name: str, raw: list[bytes], decode: Decode, engine: Engine) -> Figure:
    rates = [_rate(raw, decode, engine) for _ in range(ROUNDS)]
    best, slow = max(rates), _naive(raw[:NAIVE], decode, engine)
    return Figure(
        f"{name}: decode and match 1,000 queries",
        f"{best:,.0f} events/s a core",
        "≥ 50,000; the whole of Bluesky sends some 500",
        f"{slow:,.0f}/s each query by itself (ours {best / slow:,.0f}×)",
    )


def _rate(raw: list[bytes], decode: Decode, engine: Engine) -> float:
    began = time.process_time()
    for one in raw:
        for mention in decode(one):
            engine.match(mention)
    return len(raw) / (time.process_time() - began)


def _naive(raw: list[bytes], decode: Decode, engine: Engine) -> float:
    began = time.process_time()
    for one in raw:
        json.loads(one)
        for mention in decode(one):
            engine.match_naively(mention)
    return len(raw) / (time.process_time() - began)


def _jetstream(post: Mention, number: int) -> bytes:
    record = {
        "$type": "app.bsky.feed.post",
        "createdAt": "2026-03-02T11:59:59.000Z",
        "langs": ["en"],
        "text": post.text,
    }
    commit = {"rev": "3mmoojp7vgo2g", "operation": "create", "collection": "app.bsky.feed.post", "rkey": f"k{number}",
              "record": record, "cid": "bafyreidqpc7si3dbimffi64lz3xsx2qt45ip7rpna2qpslcddp23itjjzm"}  # fmt: skip
    event = {"did": "did:plc:mcc5yghbk7tixqryac2yxku7", "time_us": 1772452799000000 + number, "kind": "commit"}
    return json.dumps({**event, "commit": commit}, ensure_ascii=False).encode()


def _x(post: Mention, number: int) -> bytes:
    data = {"id": str(2028000000000000000 + number), "text": post.text, "author_id": "7", "lang": "en",
            "created_at": "2026-03-02T11:59:59.000Z", "conversation_id": str(number),
            "edit_history_tweet_ids": [str(2028000000000000000 + number)], "entities": {}}  # fmt: skip
    user = {"id": "7", "username": "anna", "name": "Anna", "public_metrics": {"followers_count": 12}}
    rules = [{"id": "1", "tag": "leitstand:q1"}]
    return json.dumps(
        {"data": data, "includes": {"users": [user]}, "matching_rules": rules}, ensure_ascii=False
    ).encode()
