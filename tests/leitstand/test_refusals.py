"""What services say when they refuse, and what is shown of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.refusals import MOST, own_words


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "Error validating access token", "code": 190}}', "Error validating access token"),
        (b'{"error": "invalid_grant", "error_description": "the code is used up"}', "the code is used up"),
        (b'{"errors": [{"status": "401", "title": "NOT_AUTHORIZED"}]}', "NOT_AUTHORIZED"),
        (b'{"errors": ["one", "two"]}', "one"),
        (b'{"ok": false, "error": "invalid_auth"}', "invalid_auth"),
        (b'"only a string"', "only a string"),
        (b'{"data": []}', ""),
        (b'{"message": ""}', ""),
        (b'{"message": " ", "error": "no_scope"}', "no_scope"),
        (b"[]", ""),
        (b"null", ""),
        (b"upstream\r\n  is\tdown", "upstream is down"),
        (b"<!doctype html><html><head><title>502\nBad Gateway</title></head></html>", "502 Bad Gateway"),
        (b"<html><body>no title</body></html>", ""),
        (b"\x00\xff\xfe\x01\x02", ""),
        (b"", ""),
        (b'{"message": {"message": {"message": {"message": "too deep"}}}}', ""),
        (b"\x1b[31mred\x1b[0m but long enough to be a text", "[31mred [0m but long enough to be a text"),
    ],
)
def test_the_sentence_is_found(body: bytes, said: str) -> None:
    assert own_words(body) == said


@pytest.mark.parametrize("endless", [b"<title>", b"<title", b"<title "])
def test_a_page_of_titles_without_end_says_nothing(endless: bytes) -> None:
    assert own_words(b"<html>" + endless * 9_000) == ""


@given(st.one_of(st.binary(max_size=300), st.text(max_size=500).map(str.encode)))
def test_it_is_one_short_printable_line(body: bytes) -> None:
    said = own_words(body)
    assert len(said) <= MOST
    assert said.isprintable()
    assert said == said.strip()
