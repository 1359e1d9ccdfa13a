"""Boolean operators, NEAR and the places found."""

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.model import Mention
from listeners.query.evaluate import matches, spans
from listeners.query.parser import parse

Ask = Callable[..., bool]
Post = Callable[..., Mention]


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("a AND b", "b a", True),
        ("a AND b", "a", False),
        ("a OR b", "b", True),
        ("a OR b", "c", False),
        ("a NOT b", "a", True),
        ("a NOT b", "a b", False),
        ("NOT b AND a", "a", True),
        ("NOT NOT a", "a", True),
        ("NOT NOT a", "b", False),
        ("a AND NOT (b OR c)", "a c", False),
        ("a AND NOT (b AND c)", "a c", True),
        ("a NEAR/0 b", "a b", True),
        ("a NEAR/0 b", "b a", True),
        ("a NEAR/0 b", "a x b", False),
        ("a NEAR/1 b", "a x b", True),
        ("a NEAR/1 b", "a. #x! b", True),
        ("a NEAR/1 b", "a https://example.com/x/y b", True),
        ("a NEAR/1 b", "a 👍 b", True),
        ("a NEAR/1 b", "a 👍👍 b", False),
        ("a ONEAR/5 b", "a b", True),
        ("a ONEAR/5 b", "b a", False),
        ("a NEAR/5f b", "b a", False),
        ("a NEAR/5 a", "a", False),
        ("a NEAR/5 a", "a a", True),
        ('"a b" NEAR/5 b', "a b", False),
        ('"a b" NEAR/5 b', "a b b", True),
        ("(a OR c) NEAR/0 b", "c b", True),
        ("(a NEAR/1 b) NEAR/0 c", "a x b c", True),
        ("(a NEAR/1 b) NEAR/0 c", "a c b", False),
        ("(a NEAR/5 b) ONEAR/0 c", "a b x b c", True),
        ("stör* NEAR/2 {BT}", "Störung heute bei BT", True),
        ("#a NEAR/2 @b", "#a und @b", True),
    ],
)
def test_operators(ask: Ask, query: str, text: str, expected: bool) -> None:
    assert ask(query, text) is expected


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("acme", "Acme, acme", ["Acme", "acme"]),
        ("acme", "#acme @acme", ["acme", "acme"]),
        ("#acme", "#acme", ["#acme"]),
        ('"geht nicht"', "es geht  nicht!", ["geht  nicht"]),
        ("acme AND NOT down", "acme up", ["acme"]),
        ("a OR (b AND c)", "a b", ["a"]),
        ("a NEAR/1 b", "a x a x b", ["a", "b"]),
        ("acme", "x ac\u200bme.", ["ac\u200bme"]),
        ("cafe", "x Cafe\u0301 y", ["Cafe\u0301"]),
        ("office", "my o\ufb03ce", ["o\ufb03ce"]),
        ("❤", "a ❤\ufe0f b", ["❤\ufe0f"]),
        ("東京", "私は東京に", ["東京"]),
        ("{BT}", "#BT, BT", ["BT", "BT"]),
        ("a AND b", "a", []),
        ("NOT (NOT a OR b)", "a", ["a"]),
    ],
)
def test_spans_are_places_in_the_original_text(post: Post, query: str, text: str, expected: list[str]) -> None:
    assert [text[start:end] for _, start, end in spans(parse(query), post(text))] == expected


def test_spans_name_the_field(post: Post) -> None:
    assert spans(parse("acme"), post("acme", title="My acme")) == [("title", 3, 7), ("text", 0, 4)]


def test_a_text_of_one_word_does_not_hold_up_a_near(ask: Ask) -> None:
    assert not ask("((a NEAR/100 a) NEAR/100 (a NEAR/100 a)) NEAR/100 b", "a " * 20_000)


WORDS = st.lists(st.sampled_from(["ab", "cd", "ef", "gh"]), max_size=8)


def near_by_definition(words: list[str], left: str, right: str, distance: int, ordered: bool) -> bool:
    """NEAR as its sentence says it."""
    for (i, a), (j, b) in product(enumerate(words), repeat=2):
        if i != j and a == left and b == right and abs(i - j) - 1 <= distance and (i < j or not ordered):
            return True
    return False


@given(WORDS, st.sampled_from(["ab", "cd"]), st.sampled_from(["ab", "cd"]), st.integers(0, 4), st.booleans())
def test_near_is_its_definition(
    post: Post, words: list[str], left: str, right: str, distance: int, ordered: bool
) -> None:
    query = f"{left} {'O' if ordered else ''}NEAR/{distance} {right}"
    expected = near_by_definition(words, left, right, distance, ordered)
    assert matches(parse(query), post(", ".join(words))) is expected


@given(WORDS, WORDS.filter(bool))
def test_a_phrase_is_a_run_of_words(post: Post, words: list[str], phrase: list[str]) -> None:
    expected = f" {' '.join(phrase)} " in f" {' '.join(words)} "
    assert matches(parse(f'"{" ".join(phrase)}"'), post("-".join(words))) is expected
