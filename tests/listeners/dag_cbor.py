"""Writes what a relay writes: DAG-CBOR, CIDs, CARs, frames of subscribeRepos."""

import struct
from hashlib import sha256

from listeners.bluesky.cbor import Link


def encode(value: object) -> bytes:
    """DAG-CBOR, keys in their order: shorter ones first."""
    match value:
        case bool() | None:
            return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case Link():
            return b"\xd8\x2a" + encode(b"\0" + value.cid)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case list():
            return _head(4, len(value)) + b"".join(map(encode, value))
        case dict():
            items = sorted(value.items(), key=lambda item: (len(item[0].encode()), item[0]))
            return _head(5, len(items)) + b"".join(encode(key) + encode(inner) for key, inner in items)
    raise TypeError(type(value))


def cid(block: bytes) -> bytes:
    """Version 1, DAG-CBOR, SHA-256."""
    return b"\x01\x71\x12\x20" + sha256(block).digest()


def car(blocks: list[bytes]) -> bytes:
    """A CAR of these blocks."""
    head = encode({"roots": [Link(cid(block)) for block in blocks[:1]], "version": 1})
    sections = [cid(block) + block for block in blocks]
    return b"".join(_varint(len(part)) + part for part in (head, *sections))


def commit(seq: int, did: str, time: str, operations: list[tuple[str, str, object]]) -> bytes:
    """A frame with these operations: action, path, record (None for a delete)."""
    blocks = [encode(record) for _, _, record in operations if record is not None]
    ops: list[object] = [
        {"action": action, "path": path, "cid": None if record is None else Link(cid(encode(record)))}
        for action, path, record in operations
    ]
    body = {"seq": seq, "repo": did, "rev": "r", "since": None, "commit": Link(cid(b"")), "time": time,
            "blocks": car([encode({"did": did}), *blocks]), "ops": ops, "tooBig": False, "blobs": []}  # fmt: skip
    return frame("#commit", body)


def frame(kind: str, body: object) -> bytes:
    """Header and body."""
    return encode({"op": 1, "t": kind}) + encode(body)


def error(name: str, message: str) -> bytes:
    """The frame with which a relay ends a stream."""
    return encode({"op": -1}) + encode({"error": name, "message": message})


def _head(major: int, argument: int) -> bytes:
    for size, more in ((0, argument), (1, 24), (2, 25), (4, 26), (8, 27)):
        if argument < (24 if size == 0 else 256**size):
            return bytes([major << 5 | more]) + (argument.to_bytes(size) if size else b"")
    raise OverflowError


def _varint(number: int) -> bytes:
    out = b""
    while number >= 128:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])
