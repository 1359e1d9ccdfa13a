"""What is written as arrays and documents is what PostgreSQL reads."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from leitstand.rows import Rows, array

# PostgreSQL keeps neither NUL nor half a pair of surrogates; the listeners leave them out.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
TRICKY = ["", "NULL", "null", "{}", 'a "quote"', "back\\slash", "\\n", "\\\n", "a\nb\t\x01\x1f", "ä😀", "a,b", " "]


@given(st.lists(st.one_of(st.none(), TEXTS)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_texts_come_back_as_they_were(connection: Connection, values: list[str | None]) -> None:
    assert connection.scalar(text("SELECT CAST(:values AS text[])"), {"values": array(values)}) == values


def test_what_looks_like_something_else_is_a_text(connection: Connection) -> None:
    assert connection.scalar(text("SELECT CAST(:values AS text[])"), {"values": array(TRICKY)}) == TRICKY


ROWS = Rows({"number": "bigint", "at": "timestamptz", "lasts": "interval", "tags": "text[]", "known": "jsonb"})
SELECT = text(f"SELECT {ROWS.selected} FROM {ROWS.source}")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(1, NOW, timedelta(days=2, microseconds=5), (), {})],
        [
            (-(2**63), None, None, None, None),
            (7, NOW, timedelta(0), tuple(TRICKY), {"said": TRICKY}),
            (8, NOW, timedelta(hours=1), ("a",), [1, "b", None]),
            (9, NOW, timedelta(1), ("a",), {}),
        ],
    ],
)
def test_rows_come_back_as_they_were(connection: Connection, rows: list[tuple[object, ...]]) -> None:
    found = connection.execute(SELECT, ROWS.parameters(rows)).all()
    assert [(n, at, lasts, tags if tags is None else tuple(tags), known) for n, at, lasts, tags, known in found] == rows


@pytest.fixture
def connection(database: Engine) -> Iterator[Connection]:
    with database.connect() as opened:
        yield opened
