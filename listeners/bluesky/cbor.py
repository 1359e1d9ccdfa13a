"""DAG-CBOR and CAR, as far as a stream of repositories needs them. Refuses what is not whole; follows no link.

A link becomes a `Link` with the bytes of its CID. Objects nest at most 64 deep.
"""

import struct
from typing import Final, NamedTuple

DEEPEST: Final = 64
_LINK: Final = 42
_SIMPLE: Final = {20: False, 21: True, 22: None}
_SIZES: Final = {24: 1, 25: 2, 26: 4, 27: 8}


class Link(NamedTuple):
    """A reference to another block."""

    cid: bytes


def decode(data: bytes, start: int = 0) -> tuple[object, int]:
    """The object that begins at `start`, and where it ends. Raises ValueError."""
    return _value(data, start, DEEPEST)


def blocks(car: bytes) -> dict[bytes, bytes]:
    """The blocks of a CAR by their CID. Raises ValueError."""
    length, at = _varint(car, 0)
    at += length
    found: dict[bytes, bytes] = {}
    while at < len(car):
        length, at = _varint(car, at)
        end = at + length
        if end > len(car):
            raise ValueError("a block is cut off")
        cut = at + _cid_length(car, at)
        found[car[at:cut]] = car[cut:end]
        at = end
    return found


def _value(data: bytes, at: int, depth: int) -> tuple[object, int]:
    if depth < 0:
        raise ValueError("nested too deeply")
    first = _slice(data, at, 1)[0]
    major, more = first >> 5, first & 31
    if major == 7:
        return _simple(data, at + 1, more)
    argument, at = _argument(data, at + 1, more)
    match major:
        case 0:
            return argument, at
        case 1:
            return -1 - argument, at
        case 2:
            return _slice(data, at, argument), at + argument
        case 3:
            return _slice(data, at, argument).decode(), at + argument
        case 4:
            return _array(data, at, argument, depth)
        case 5:
            return _map(data, at, argument, depth)
        case _:
            return _tagged(data, at, argument, depth)


def _array(data: bytes, at: int, count: int, depth: int) -> tuple[object, int]:
    items: list[object] = []
    for _ in range(count):
        item, at = _value(data, at, depth - 1)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[object, int]:
    entries: dict[str, object] = {}
    for _ in range(count):
        key, at = _value(data, at, 0)
        if not isinstance(key, str):
            raise ValueError("a key is no text")
        entries[key], at = _value(data, at, depth - 1)
    return entries, at


def _tagged(data: bytes, at: int, tag: int, depth: int) -> tuple[object, int]:
    value, at = _value(data, at, depth - 1)
    if tag != _LINK or not isinstance(value, bytes) or not value.startswith(b"\0"):
        raise ValueError(f"an unknown tag {tag}")
    return Link(value[1:]), at


def _simple(data: bytes, at: int, more: int) -> tuple[object, int]:
    if more in _SIMPLE:
        return _SIMPLE[more], at
    if more == 27:
        return struct.unpack(">d", _slice(data, at, 8))[0], at + 8
    raise ValueError("an unknown simple value")


def _argument(data: bytes, at: int, more: int) -> tuple[int, int]:
    if more < 24:
        return more, at
    if more not in _SIZES:
        raise ValueError("a length that is not given")
    size = _SIZES[more]
    return int.from_bytes(_slice(data, at, size)), at + size


def _slice(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise ValueError("cut off")
    return data[at : at + length]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 63, 7):
        byte = _slice(data, at, 1)[0]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
    raise ValueError("a number without an end")


def _cid_length(data: bytes, at: int) -> int:
    """Version, codec, hash function, length of the hash, hash."""
    begin = at
    for _ in range(3):
        _, at = _varint(data, at)
    length, at = _varint(data, at)
    return at + length - begin
