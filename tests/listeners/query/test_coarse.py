"""The sieve and the clauses let through no less than what matches, and keep out what they can."""

from collections.abc import Callable

import pytest

from leitstand.model import Mention
from listeners.query.anchors import clauses
from listeners.query.coarse import sieve
from listeners.query.engine import Engine
from listeners.query.parser import parse
from listeners.query.text import fold


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("acme", [{" acme "}]),
        ("stör*", [{" stor"}]),
        ("acme AND (down OR outage)", [{" acme "}, {" down ", " outage "}]),
        ("acme AND NOT down", [{" acme "}]),
        ("acme AND NOT (NOT down)", [{" acme "}, {" down "}]),
        ('"geht nicht" OR acme', [{" nicht ", " acme "}]),
        ("a NEAR/5 b", [{" a "}, {" b "}]),
        ("東京", [{"東  京"}]),
        ("author:acme", [{"\x01acme "}]),
        ("url:e", []),
    ],
)
def test_clauses(query: str, expected: list[set[str]]) -> None:
    assert clauses(parse(query)) == expected


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ('"geht nicht"', "nicht geht", False),
        ('"geht nicht"', "geht, nicht", True),
        ('"acme hilft"', "@acme@social.example hilft", True),
        ('"acme hilft"', "@acme.bsky.social hilft", True),
        ('"geht nich*"', "geht nichts", True),
        ("acme AND (down OR outage)", "acme", False),
        ("acme AND (down OR has:media)", "acme", True),
        ("(acme OR lang:de) AND down", "down", True),
    ],
)
def test_sieve(query: str, text: str, expected: bool) -> None:
    lets_through = sieve(parse(query))
    assert lets_through is not None
    assert lets_through(f" {fold(text)} ") is expected


def test_a_post_without_a_candidate_is_not_split(post: Callable[..., Mention], monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine({"cloud": parse('acme AND ("geht nicht" OR down)')})
    made: list[Mention] = []
    monkeypatch.setattr("listeners.query.engine.Document", lambda mention, detect: made.append(mention))
    assert engine.match(post("acme nicht geht, no idea why")) == []
    assert not made
