"""A refused query as a person sees it."""

import pytest

from leitstand.errors import QueryError
from listeners.query.parser import parse
from listeners.query.render import render_error


def rendered(query: str) -> list[str]:
    with pytest.raises(QueryError) as caught:
        parse(query)
    return render_error(query, caught.value).split("\n")


def test_the_caret_stands_under_the_place() -> None:
    assert rendered("a AND b OR c") == ["a AND b OR c", "        ^^", "AND and OR on one level", "write (a AND b) OR c"]


def test_only_the_line_in_question_is_shown() -> None:
    assert rendered("a AND\nb OR c\n")[:2] == ["b OR c", "  ^^"]


def test_wide_characters_move_the_caret() -> None:
    assert rendered("東京 AND b OR c")[1] == " " * 11 + "^^"


def test_a_long_line_is_cut_around_the_place() -> None:
    line, carets, *_ = rendered("a AND " * 200 + "b OR c" + " OR d" * 200)
    assert len(line) <= 100
    assert line[carets.index("^") :].startswith("OR c")


def test_the_end_of_the_query_has_a_caret_too() -> None:
    assert rendered("")[1] == "^"
