"""The formatter: even, complete, and of the same meaning."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leitstand.errors import QueryError
from listeners.query.format import WIDTH, formatted
from listeners.query.implies import same
from listeners.query.parser import parse
from listeners.query.tokens import comments


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a   b", "a AND b"),
        ("((a))", "a"),
        ("a\nAND\t(b OR  c)", "a AND (b OR c)"),
        ("a NOT b", "a AND NOT b"),
        ("NOT NOT a", "NOT NOT a"),
        ("a AND NOT(b OR c)", "a AND NOT (b OR c)"),
        ("(a NEAR/3f b) AND c", "(a ONEAR/3 b) AND c"),
        ("Lang:DE AND a", "lang:DE AND a"),
        ('author:"a" OR {B  T}', 'author:"a" OR {B  T}'),
        ('Achtung: AND "lang:de"', 'Achtung: AND "lang:de"'),
        ("a<<<why>>>AND b <<<end>>>", "a AND <<<why>>> b <<<end>>>"),
        ("<<<top>>> a NOT <<<not>>> b", "<<<top>>> a AND NOT <<<not>>> b"),
    ],
)
def test_formats(query: str, expected: str) -> None:
    assert formatted(query) == expected


def test_a_long_query_is_broken_at_its_operators() -> None:
    brands, spam = (" OR ".join(f"{word}{number}" for number in range(20)) for word in ("brand", "spam"))
    lines = formatted(f"({brands}) (down OR <<<new>>> outage) NOT ({spam})").split("\n")
    assert lines[:2] == ["(", "    brand0"]
    assert "AND (down OR <<<new>>> outage)" in lines
    assert "AND NOT (" in lines
    assert all(len(line) <= WIDTH for line in lines)


def test_a_refused_query_is_not_formatted() -> None:
    with pytest.raises(QueryError):
        formatted("a AND b OR c")


leaves = st.sampled_from(["acme", '"a b"', "stör*", "{BT}", "#tag", "lang:de", "author:acme", "<<<c>>> x", "👍"])
queries = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=14).map(lambda parts: f"({' AND '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=14).map(lambda parts: f"({' OR  '.join(parts)})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}  NOT {pair[1]}<<<d>>>)"),
        st.just("(acme NEAR/3 (b OR c))"),
    ),
    max_leaves=30,
)


@settings(max_examples=150, deadline=None)
@given(queries)
def test_the_meaning_and_the_comments_stay(query: str) -> None:
    query = f"{query} AND acme"
    try:
        before = parse(query)
    except QueryError:
        return
    after = formatted(query)
    assert same(parse(after), before)
    assert [text for _, text in comments(after)] == [text for _, text in comments(query)]
    assert formatted(after) == after
