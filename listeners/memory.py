"""What a part of a source remembers between two looks: a small struct, stored as the text of its cursor."""

from typing import TypeVar

import msgspec

T = TypeVar("T")


def recall(cursor: str, shape: type[T]) -> T:
    """What a stored cursor says; a fresh start where it says nothing that can be read."""
    try:
        return msgspec.json.decode(cursor or "{}", type=shape)
    except (msgspec.MsgspecError, UnicodeError):
        return shape()


def as_cursor(memory: object) -> str:
    """The text to be stored."""
    return msgspec.json.encode(memory).decode()
