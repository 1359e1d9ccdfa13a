"""Server-sent events, however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners import sse
from listeners.sse import Event, Reader


def read(pieces: list[bytes]) -> list[Event]:
    reader = Reader()
    return [event for piece in pieces for event in reader.feed(piece)]


def test_the_recorded_shape() -> None:
    raw = ':)\n:thump\nevent: update\ndata: {"a":"ü\u2028\x85"}\n\n:thump\nevent: delete\r\ndata: 12\r\n\r\n'
    assert read([raw.encode()]) == [Event("update", '{"a":"ü\u2028\x85"}'.encode()), Event("delete", b"12")]


def test_data_of_several_lines_and_an_event_without_data() -> None:
    assert read([b"data: a\ndata:b\n\nevent: x\n\nid: 1\ndata\n\n"]) == [
        Event("message", b"a\nb"),
        Event("message", b""),
    ]


def test_what_is_too_long_is_dropped_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT", 20)
    reader = Reader()
    pieces = [
        b"data: " + b"x" * 30,
        b"x" * 30 + b"\n\n",
        b"data: 1\n\n",
        b"data: 123456789\ndata: 123456789\n\ndata: 2\n\n",
    ]
    assert [event.data for piece in pieces for event in reader.feed(piece)] == [b"1", b"2"]
    assert reader.dropped == 2


@given(st.lists(st.text().filter(lambda t: "\n" not in t and "\r" not in t), max_size=6), st.data())
def test_it_may_be_cut_anywhere(texts: list[str], data: st.DataObject) -> None:
    raw = b":)\n" + b"".join(f"event: update\ndata: {text}\n\n".encode() for text in texts)
    pieces = []
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        pieces.append(raw[:size])
        raw = raw[size:]
    assert [event.data.decode() for event in read(pieces)] == texts


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_garbage_says_the_same_however_it_is_cut_and_hides_nothing_after_it(pieces: list[bytes]) -> None:
    found = read([*pieces, b"\n\n", b"data: 1\n\n"])
    assert found == read([b"".join([*pieces, b"\n\ndata: 1\n\n"])])
    assert found[-1] == Event("message", b"1")
