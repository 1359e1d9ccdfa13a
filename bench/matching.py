"""Matching: posts a second against a thousand Boolean queries, beside asking each query by itself."""

import random
import statistics
import time
from collections.abc import Callable, Sequence

import msgspec

from bench.posts import mentions
from bench.report import Figure
from leitstand import clock
from leitstand.model import Mention
from listeners.query.engine import Engine
from listeners.query.evaluate import matches
from listeners.query.parser import parse
from listeners.query.tree import Node

QUERIES, POSTS, NAIVE_POSTS, ROUNDS = 1000, 20_000, 30, 3


def queries(count: int, seed: int = 7) -> dict[str, Node]:
    """Queries of 5–20 terms over made-up brand words, one in three with words that people use."""
    chance = random.Random(seed)
    common = ["down", "outage", "broken", "rechnung", "kaputt", "support", "login", "störung", "langsam", "error"]

    def word(number: int) -> str:
        letters = "".join(chance.choice("bcdfghklmnprstvw") + chance.choice("aeiou") for _ in range(3))
        return f"{letters}{number}"

    def query(number: int) -> str:
        brands = [word(number * 20 + n) for n in range(chance.randint(3, 12))]
        words = chance.sample(common, chance.randint(2, 8))
        return f"({' OR '.join(brands)}) AND ({' OR '.join(words)})"

    return {f"q{number}": parse(query(number)) for number in range(count)}


def rate(work: Callable[[Sequence[Mention]], object], posts: Sequence[Mention]) -> float:
    """Posts a second, the median of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work(posts)
        taken.append(time.perf_counter() - started)
    return len(posts) / statistics.median(taken)


def measure() -> list[Figure]:
    """Decode and match, one core."""
    nodes = queries(QUERIES)
    engine = Engine(nodes)
    posts = mentions(POSTS, clock.now())
    encoded = [msgspec.json.encode(post) for post in posts]
    decoder = msgspec.json.Decoder(Mention)

    def ours(_: Sequence[Mention]) -> int:
        return sum(len(engine.match(decoder.decode(raw))) for raw in encoded)

    def naive(some: Sequence[Mention]) -> int:
        return sum(matches(node, post) for post in some for node in nodes.values())

    fast, slow = rate(ours, posts), rate(naive, posts[:NAIVE_POSTS])
    return [
        Figure(
            f"firehose filter: decode + match {QUERIES:,} Boolean queries, one core",
            f"{fast:,.0f} posts/s",
            "≥ 50,000",
            f"{slow:,.0f} posts/s asking each query (ours {fast / slow:,.0f}×)",
        )
    ]
