"""JSON answers: the whole must be of the right shape, a bad element harms only itself."""

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from leitstand.errors import FetchError
from listeners.answers import decode, each
from listeners.fetch import Page


class Row(msgspec.Struct):
    number: int


class Rows(msgspec.Struct):
    rows: list[msgspec.Raw]


def page(body: bytes, status: int = 200) -> Page:
    return Page(status, "https://api.example/x?key=secret", httpx.Headers(), body)


def test_good_elements_among_bad_ones_are_read() -> None:
    body = b'{"rows": [{"number": 1}, {"number": "two"}, null, [], {"number": 3, "more": {}}]}'
    with capture_logs() as logs:
        assert [row.number for row in each(decode(page(body), Rows).rows, Row)] == [1, 3]
    assert [(log["event"], log["count"]) for log in logs] == [("elements of an answer left out", 3)]


def test_an_answer_that_is_no_success_is_told() -> None:
    with pytest.raises(FetchError, match=r"api\.example cannot answer \(HTTP 500\)"):
        decode(page(b"{}", 500), Rows)


@given(st.binary(max_size=50))
def test_any_answer_is_read_or_refused_in_words(body: bytes) -> None:
    with pytest.raises(FetchError, match="the answer is not what it should be") as caught:
        decode(page(body), Rows)
    assert "secret" not in str(caught.value)
