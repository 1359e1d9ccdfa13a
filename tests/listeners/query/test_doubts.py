"""Warnings on whole queries, and what one tree says about another."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.model import Author, Mention
from listeners.query.evaluate import matches
from listeners.query.implies import exclude, implies
from listeners.query.overlap import Overlap, overlaps
from listeners.query.parser import lint, parse

Post = Callable[..., Mention]

NEVER, IDLE, TWICE, WIDE, UNKNOWN = "never matches", "finds all of this", "stands there twice", "fewer than 4", "never"


@pytest.mark.parametrize(
    ("query", "place", "said"),
    [
        ("acme AND NOT acme", "NOT acme", NEVER),
        ("acme AND (down AND NOT acme)", "NOT acme", NEVER),
        ('"acme cloud" AND NOT acme', "NOT acme", NEVER),
        ("acme AND (x1 OR x2) AND NOT (acme OR x3)", "NOT (acme OR x3)", NEVER),
        ("acme AND lang:de AND lang:en", "lang:en", NEVER),
        ("acme AND channel:x AND channel:blog", "channel:blog", NEVER),
        ("acme AND is:reply AND is:post", "is:post", NEVER),
        ("acme AND followers:>10 AND followers:<5", "followers:<5", NEVER),
        ("site:a.example AND site:b.example", "site:b.example", NEVER),
        ("author:acme AND author:other", "author:other", NEVER),
        ("acme AND lang:gb", "lang:gb", UNKNOWN),
        ("acme OR acme", "acme", TWICE),
        ("acme OR #acme", "#acme", IDLE),
        ("acme OR (acme AND down)", "acme AND down", IDLE),
        ("störung OR stör*", "störung", IDLE),
        ("ac* OR beta", "ac*", WIDE),
        ("author:ac*", "author:ac*", WIDE),
        ('"the ac*"', '"the ac*"', WIDE),
        ("acme NEAR/3 ab*", "ab*", WIDE),
    ],
)
def test_warns(query: str, place: str, said: str) -> None:
    (warning,) = lint(query)
    assert query[warning.start : warning.end] == place
    assert said in warning.message
    assert warning.suggestion


@pytest.mark.parametrize(
    "query",
    [
        "acme AND NOT down", "acme AND lang:de,en AND lang:en", "acme AND is:reply AND is:question", "acme AND lang:uk",
        "site:a.example AND site:blog.a.example", "author:acme AND author:acme@social.example", "stör* OR down",
        "acme OR acmecloud", "stor* OR störung OR muller OR müller", "acme AND followers:>10 AND followers:<50",
        "customi?e OR customise1", "@acme OR @ac?e", "(a1 AND b1) OR (b1 AND c1)",
    ],
)  # fmt: skip
def test_does_not_warn(query: str) -> None:
    assert lint(query) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("acme", "acme OR down", True),
        ("acme AND down", "acme", True),
        ("acme AND down", "down AND acme", True),
        ("(a OR b) AND c", "c", True),
        ("a OR b", "b OR c OR a", True),
        ("acme NEAR/3 down", "acme AND down", True),
        ("acme ONEAR/3 down", "acme NEAR/5 down", True),
        ("acme NEAR/3 down", "acme ONEAR/5 down", False),
        ("{ACME}", "acme", True),
        ("acme", "{ACME}", False),
        ("acme", "acme AND down", False),
        ("muller", "müll*", False),
        ("acme AND NOT (a OR b)", "acme AND NOT a", True),
        ("acme AND lang:de", "acme AND lang:de,en", True),
        ("acme AND followers:>100", "acme AND followers:>=100", True),
        ("site:blog.a.example", "site:a.example", True),
    ],
)
def test_implies(one: str, other: str, expected: bool) -> None:
    assert implies(parse(one), parse(other)) is expected


PARTS = [
    "acme", "ACME", "#acme", "@acme", "{Acme}", '"acme muller"', "muller", "müller", "mueller", "mul*", "mü*", "mue*",
    "ac*", "#ac*", "acme NEAR/1 muller", "acme ONEAR/1 muller", "acme NEAR/2 muller", "author:acme", "author:other",
    "site:a.example", "site:blog.a.example", "café", "cafe*", "caf*",
]  # fmt: skip
FILTERS = ["lang:de", "lang:de,en", "is:reply", "is:question", "is:post", "channel:x", "channel:blog", "followers:>5"]
parts = st.recursive(
    st.sampled_from([f"({part})" for part in PARTS]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} AND {pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} OR {pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} NOT {pair[1]})"),
        st.tuples(inner, st.sampled_from(FILTERS)).map(lambda pair: f"({pair[0]} AND {pair[1]})"),
    ),
    max_leaves=3,
)
WORDS = ["acme", "Acme", "#acme", "@acme@social.example", "Müller", "mueller", "muller", "mul", "café", "cafe", "?"]


@settings(max_examples=200, deadline=None)
@given(parts, parts, st.lists(st.sampled_from(WORDS), max_size=5), st.sampled_from(["de", "en", ""]), st.booleans())
def test_what_follows_is_so_for_every_post(
    post: Post, one: str, other: str, words: list[str], language: str, reply: bool
) -> None:
    trees = parse(one), parse(other)
    mention = post(
        " ".join(words),
        language=language,
        kind="reply" if reply else "post",
        author=Author(handle="acme" if reply else "other", followers=len(words)),
        url="https://blog.a.example/" if reply else "",
    )
    first, second = (matches(tree, mention) for tree in trees)
    assert not implies(*trees) or not first or second
    assert not exclude(*trees) or not (first and second)


def test_watchlists_that_find_the_same() -> None:
    queries = {"all": "acme", "cloud": "acme AND cloud", "again": "(acme)", "else": "other"}
    assert list(overlaps({name: parse(query) for name, query in queries.items()})) == [
        Overlap("cloud", "all", same=False),
        Overlap("all", "again", same=True),
        Overlap("cloud", "again", same=False),
    ]
