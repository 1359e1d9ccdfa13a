"""QUERY's "Operators": what is read how, and what is refused where."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.errors import QueryError
from listeners.query.parser import MAX_DEPTH, MAX_LENGTH, MAX_NODES, lint, parse
from listeners.query.tree import And, Near, Node, Not, Or, Term

Ask = Callable[..., bool]


def outline(node: Node) -> str:
    """A tree in one line."""
    match node:
        case And(children=children) | Or(children=children):
            return f"{type(node).__name__.lower()}({' '.join(outline(child) for child in children)})"
        case Not(child=child):
            return f"not({outline(child)})"
        case Near(left=left, right=right):
            return f"near({outline(left)} {outline(right)} {node.distance}{'f' if node.ordered else ''})"
        case Term(words=words):
            return "+".join("".join(p if isinstance(p, str) else p.value for p in word.pieces) for word in words)
    return type(node).__name__.lower()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a", "a"),
        ("a AND b AND c", "and(a b c)"),
        ("a OR b OR c", "or(a b c)"),
        ("a b", "and(a b)"),
        ("a NOT b", "and(a not(b))"),
        ("a AND NOT b", "and(a not(b))"),
        ("NOT a AND b", "and(not(a) b)"),
        ("NOT NOT a", "not(not(a))"),
        ("a AND NOT (b OR c)", "and(a not(or(b c)))"),
        ("(a OR b) AND (c OR d)", "and(or(a b) or(c d))"),
        ("((a))", "a"),
        ("a AND (b AND c)", "and(a and(b c))"),
        ('"a b" OR e-mail', "or(a+b e+mail)"),
        ("stör* OR customi?e", "or(stör* customi?e)"),
        ("a NEAR/5 b", "near(a b 5)"),
        ("a ONEAR/0 b", "near(a b 0f)"),
        ("a NEAR/3f b", "near(a b 3f)"),
        ("(a NEAR/3 b) NEAR/100 (c OR d)", "near(near(a b 3) or(c d) 100)"),
        ("(a NEAR/3 b) AND c", "and(near(a b 3) c)"),
        ("a<<<no OR>>>AND<<<(>>> b", "and(a b)"),
        ("a AND lang:de", "and(a language)"),
        ("a\tAND\n b", "and(a b)"),
        ('"AND"', "AND"),
    ],
)
def test_reads(query: str, expected: str) -> None:
    assert outline(parse(query)) == expected


@pytest.mark.parametrize(
    ("query", "place", "suggests"),
    [
        ("a AND b OR c", "OR", "(a AND b) OR c"),
        ("a OR b AND c", "AND", "a OR (b AND c)"),
        ("a b OR c", "OR", "(a AND b) OR c"),
        ("a OR b c", "c", "a OR (b AND c)"),
        ("a OR b NOT c", "NOT", "a OR (b AND NOT c)"),
        ("a NEAR/3 b AND c", "AND", "(a NEAR/3 b) AND c"),
        ("x OR a NEAR/3 b", "NEAR/3", "x OR (a NEAR/3 b)"),
        ("a NEAR/3 b NEAR/2 c", "NEAR/2", "(a NEAR/3 b) NEAR/2 c"),
        ("a NEAR/3 b c", "c", "(a NEAR/3 b) AND c"),
        ("NOT a", "NOT a", ""),
        ("a OR NOT b", "NOT b", "AND NOT"),
        ("x AND (a OR NOT b)", "NOT b", "AND NOT"),
        ("lang:de", "lang:de", "author:"),
        ("a OR lang:de", "lang:de", "author:"),
        ("NOT a AND NOT b", "NOT a AND NOT b", ""),
        ("a AND ()", "()", ""),
        ('a AND ""', '""', ""),
        ('a AND "  "', '"  "', ""),
        ("a AND {}", "{}", ""),
        ("a AND &", "&", ""),
        ('a AND "b', '"', ""),
        ("a AND {b", "{", ""),
        ("a AND b}", "}", ""),
        ("a AND (b", "(", ")"),
        ("a AND (b AND (c)", "(", ")"),
        ("a AND b)", ")", ""),
        ("a <<<b", "<<<", ">>>"),
        ("a AND", "AND", ""),
        ("OR a", "OR", ""),
        ("a AND OR b", "AND", ""),
        ("a AND NOT", "NOT", ""),
        ("(AND a)", "AND", ""),
        ("a NEAR b", "NEAR", "NEAR/5"),
        ("a ONEAR b", "ONEAR", "NEAR/5"),
        ("a NEAR/x b", "NEAR/x", "NEAR/5"),
        ("a NEAR/101 b", "NEAR/101", "NEAR/100"),
        ("a NEAR/3 (b AND c)", "b AND c", ""),
        ("a NEAR/3 (b OR (c AND d))", "c AND d", ""),
        ("a NEAR/3 NOT b", "NOT b", ""),
        ("NOT a NEAR/3 b", "NOT a", ""),
        ("a NEAR/3 lang:de", "lang:de", ""),
        ("a AND langg:de", "langg:", "lang:"),
        ("Achtung:wichtig", "Achtung:", '"Achtung:wichtig"'),
        ('"a b"~5', "~5", "NEAR/5"),
        ("a AND language:de", "language:", "lang:"),
        ("", "", ""),
        ("<<<only>>>", "<<<only>>>", ""),
        ("lang:de AND is:reply", "lang:de AND is:reply", "author:"),
        ("a OR (NOT b AND NOT c)", "NOT b AND NOT c", ""),
        ("a AND (lang:de OR NOT b)", "NOT b", ""),
        ("NOT (a OR b)", "NOT (a OR b)", ""),
        ("(a b) NEAR/2 c", "a b", ""),
        ("a NEAR/-1 b", "NEAR/-1", "NEAR/5"),
        ("*abc", "*abc", "two letters"),
        ("a AND b?c", "b?c", "two letters"),
        ("a AND lang: de", "lang:", '"lang"'),
        ("a AND WWW.acme.example", "WWW.acme.example", "url:"),
    ],
)
def test_refuses_with_the_place(query: str, place: str, suggests: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert query[caught.value.start : caught.value.end] == place
    assert suggests in caught.value.suggestion
    assert caught.value.suggestion


@pytest.mark.parametrize(
    "query",
    [
        "NOT NOT a",
        "a AND (lang:de OR is:reply)",
        "author:acme",
        "site:example.com",
        "url:example.com/a",
        "#a OR @b OR $cash OR 👍 OR author:d",
        "NOT (NOT a OR b)",
        "a AND NOT (b AND c)",
    ],
)
def test_takes_what_is_selective(query: str) -> None:
    assert outline(parse(f"x1 OR ({query})")) == f"or(x1 {outline(parse(query))})"


def test_suggestions_are_valid_queries() -> None:
    for query in ["a AND b OR c AND d", "a OR b c NOT d OR e", "a NEAR/3 b AND c OR d", "x OR a NEAR/3 b c"]:
        with pytest.raises(QueryError) as caught:
            parse(query)
        parse(caught.value.suggestion.removeprefix("write "))


def test_limits() -> None:
    parse("a" + " " * (MAX_LENGTH - 1))
    parse("(" * (MAX_DEPTH - 1) + "a" + ")" * (MAX_DEPTH - 1))
    parse(" AND ".join(["a"] * MAX_NODES))
    too_deep = "(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH
    negated = "NOT " * MAX_DEPTH + "a"
    for query in ["a" * (MAX_LENGTH + 1), too_deep, negated, " AND ".join(["a"] * (MAX_NODES + 1))]:
        with pytest.raises(QueryError):
            parse(query)


def test_the_deepest_query_is_answered(ask: Ask) -> None:
    assert ask("(" * (MAX_DEPTH - 1) + "a" + ")" * (MAX_DEPTH - 1), "a")
    assert ask("NOT " * (MAX_DEPTH - 2) + "a", "a")


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("a AND b", []),
        ("a b", [(1, 2)]),
        ("a NOT b", []),
        ("a AND (b c)", [(8, 9)]),
        ("a AND or", [(6, 8)]),
        ("a AND near/5", [(6, 12)]),
        ("a AND -b", [(6, 8)]),
        ("a AND „b“", [(6, 9)]),
        ("a AND why?", [(6, 10)]),
        ('a AND "why?"', []),
    ],
)
def test_lint(query: str, places: list[tuple[int, int]]) -> None:
    assert [(warning.start, warning.end) for warning in lint(query)] == places


@given(st.text(alphabet='ab ()"*?{}:/<>\\AND OR NOT NEAR/3#@.é', max_size=40))
def test_any_text_is_parsed_for_good_or_refused_inside_the_query(query: str) -> None:
    try:
        tree = parse(query)
    except QueryError as error:
        assert 0 <= error.start <= error.end <= max(len(query), error.start + 1)
    else:
        assert outline(parse(f"(({query}))")) == outline(tree)


@given(st.text(max_size=60))
def test_any_characters_in_quotes_are_one_condition_or_refused_with_a_way_out(text: str) -> None:
    quoted = '"' + text.translate({ord('"'): None, ord("\\"): None}) + '"'
    try:
        tree = parse(quoted)
    except QueryError as error:
        assert error.suggestion
    else:
        assert not isinstance(tree, And | Or | Not | Near)
