"""Matching: posts a second against thousands of Boolean queries, beside asking each query by itself.

Decoding is part of it: a post comes as JSON, as a firehose sends it. How much a post costs depends on whether it
matches, so several shares of matching posts are measured.
"""

import random
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from bench.posts import mentions
from bench.report import Figure
from leitstand import clock
from leitstand.model import Mention
from listeners.query.engine import Engine
from listeners.query.parser import parse

QUERIES, MANY_QUERIES, POSTS, NAIVE_POSTS, ROUNDS = 1000, 10_000, 20_000, 30, 5
SHARES = (0.0, 0.01, 0.08, 0.25)
SHARE = 0.08

_COMMON = ["down", "outage", "broken", "rechnung", "kaputt", "support", "login", "störung", "langsam", "error"]
_HARDER = ['"geht nicht"', "stör*", "ausf?ll", "#outage", "cloud NEAR/4 down", "{API}", "👎", "e-mail"]


def queries(count: int, seed: int = 7) -> dict[str, str]:
    """Queries of 5–20 terms over made-up brand words, and words that people use."""
    chance = random.Random(seed)
    return {
        f"q{number}": f"({' OR '.join(_brands(number, chance))}) AND "
        f"({' OR '.join(chance.sample(_COMMON, chance.randint(2, 8)))})"
        for number in range(count)
    }


def harder(count: int, seed: int = 7) -> dict[str, str]:
    """The same with phrases, wildcards, tags, NEAR, exact case and something excluded."""
    chance = random.Random(seed)
    return {
        f"q{number}": f"({' OR '.join(_brands(number, chance))}) AND "
        f"({' OR '.join(f'({one})' for one in chance.sample([*_COMMON, *_HARDER], chance.randint(2, 8)))}) "
        "AND NOT (gewinnspiel OR giveaway) AND NOT is:repost"
        for number in range(count)
    }


def _brands(number: int, chance: random.Random) -> list[str]:
    return [_brand(number * 20 + place, chance) for place in range(chance.randint(3, 12))]


def _brand(number: int, chance: random.Random) -> str:
    letters = "".join(chance.choice("bcdfghklmnprstvw") + chance.choice("aeiou") for _ in range(3))
    return f"{letters}{number}"


def posts(asked: Mapping[str, str], share: float, seed: int = 3) -> list[Mention]:
    """Posts as people write them, of which about this share matches one of the queries."""
    chance = random.Random(seed)
    wanted = list(asked.values())
    return [
        _made_to_match(post, chance.choice(wanted), chance) if chance.random() < share else post
        for post in mentions(POSTS, clock.now())
    ]


def _made_to_match(post: Mention, query: str, chance: random.Random) -> Mention:
    """The post with a word of each group of the query put somewhere into it."""
    words = post.text.split(" ")
    for group in query.partition(" AND NOT ")[0].split(") AND ("):
        plain = [word for word in re.split(r"[()]|\bOR\b|\s", group) if word.isalnum() and word != "cloud"] or ["down"]
        words.insert(chance.randint(0, len(words)), chance.choice(plain))
    return replace(post, text=" ".join(words))


def rate(work: Callable[[], object], count: int) -> float:
    """Posts a second of one core's time, the median of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return count / statistics.median(taken)


def measure() -> list[Figure]:
    """Decode and match, one core."""
    few, many, hard = queries(QUERIES), queries(MANY_QUERIES), harder(QUERIES)
    return [
        *(_figure(few, share, "≥ 50,000" if share <= SHARE else "") for share in SHARES),
        _figure(hard, SHARE, "", ", with phrases, wildcards, NEAR, NOT"),
        _figure(many, SHARE, "≥ a third of 1,000's"),
    ]


def _figure(asked: Mapping[str, str], share: float, goal: str, how: str = "") -> Figure:
    nodes = {name: parse(query) for name, query in asked.items()}
    engine, some = Engine(nodes), posts(asked, share)
    encoded = [msgspec.json.encode(post) for post in some]
    decode = msgspec.json.Decoder(Mention).decode
    matched = sum(bool(engine.match(post)) for post in some) / POSTS
    fast = rate(lambda: sum(len(engine.match(decode(raw))) for raw in encoded), POSTS)
    slow = _naive(engine, some[:NAIVE_POSTS])
    return Figure(
        f"firehose filter: decode + match {len(asked):,} Boolean queries{how}, {matched:.0%} of posts match, one core",
        f"{fast:,.0f} posts/s",
        goal,
        f"{slow:,.1f} posts/s asking each query (ours {fast / slow:,.0f}×)",
    )


def _naive(engine: Engine, some: Sequence[Mention]) -> float:
    """Posts a second by asking each query, which must give what the engine gives."""
    if [engine.match_naively(post) for post in some] != [engine.match(post) for post in some]:
        raise AssertionError("the engine and the naive way disagree")
    return rate(lambda: [engine.match_naively(post) for post in some], len(some))
