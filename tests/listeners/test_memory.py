"""Cursors as text: what was remembered is recalled, and what cannot be read is a fresh start."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from listeners.memory import as_cursor, recall


class Heard(msgspec.Struct):
    newest: int = 0
    seen: dict[str, str] = {}


@given(st.builds(Heard, st.integers(-(2**63), 2**63 - 1), st.dictionaries(st.text(), st.text())))
def test_what_was_remembered_is_recalled(memory: Heard) -> None:
    assert recall(as_cursor(memory), Heard) == memory


@given(st.text())
def test_no_text_is_a_crash(cursor: str) -> None:
    assert isinstance(recall(cursor, Heard), Heard)


def test_what_says_something_else_is_a_fresh_start() -> None:
    for cursor in ("", "null", "7", '{"newest": "yesterday"}', '{"newest": 1', "\ud800"):
        assert recall(cursor, Heard) == Heard(), cursor
    assert recall("", dict[str, int]) == {}
