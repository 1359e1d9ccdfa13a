"""The wire of the relay itself, `com.atproto.sync.subscribeRepos`: whole repositories, ten times the traffic.

    frame = header, body ──#commit──► its operations on posts ──block of each in the commit's CAR──► record
The relay numbers its frames and sends those after the number that it is asked for. Another relay numbers differently.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import msgspec

from leitstand.errors import InputError
from leitstand.model import Mention
from listeners.bluesky import cbor
from listeners.bluesky.cbor import Link
from listeners.bluesky.posts import CHANNEL, POSTS, Record, mention, uri_of
from listeners.bluesky.wires import Event, ServerSaidError, Wanted, account, at, microseconds_of
from listeners.contract import Gone

_PREFIX: Final = f"{POSTS}/"
_UNREADABLE: Final = (ValueError, TypeError, KeyError, msgspec.MsgspecError, OverflowError, RecursionError)


class Firehose:
    """Accounts are chosen here: the relay sends all."""

    rewind, by_time = False, False

    def __init__(self) -> None:
        self._dids: frozenset[str] = frozenset()

    def path(self, wanted: Wanted, cursor: int | None) -> str:
        self._dids = frozenset(wanted.dids)
        query = f"?{urlencode({'cursor': cursor})}" if cursor is not None else ""
        return f"/xrpc/com.atproto.sync.subscribeRepos{query}"

    def hello(self, wanted: Wanted) -> str:
        return ""

    def read(self, frame: bytes, now: datetime) -> Sequence[Event]:
        """The posts that a frame changes; at least one event, which tells its number."""
        try:
            header, end = cbor.decode(frame)
            body, _ = cbor.decode(frame, end)
            if not isinstance(header, dict) or not isinstance(body, dict):
                raise InputError("a frame that is none")
            if header.get("op") == -1:
                said = f"the relay ended the stream: {body.get('error')} {body.get('message', '')}"
                raise ServerSaidError(said.strip()[:300], code=str(body.get("error")))
            return list(self._events(str(header.get("t")), body, now))
        except _UNREADABLE as error:
            raise InputError(f"{type(error).__name__}: {error}"[:200]) from error

    def _events(self, kind: str, body: Mapping[str, object], now: datetime) -> Iterator[Event]:
        if kind == "#info":
            yield Event(0, 0, lost=f"the relay no longer has what was missed ({body.get('name')})")
            return
        number, time_us = _whole(body["seq"]), microseconds_of(str(body.get("time", "")))
        did = str(body.get("repo") or body.get("did") or "")
        if kind == "#account" and self._is_wanted(did):
            yield account(bool(body.get("active", True)), str(body.get("status", "")), did, number, time_us)
        elif kind == "#commit" and self._is_wanted(did):
            yield from _operations(body, did, number, time_us, now)
        yield Event(number, time_us)

    def _is_wanted(self, did: str) -> bool:
        return not self._dids or did in self._dids


def _operations(body: Mapping[str, object], did: str, number: int, time_us: int, now: datetime) -> Iterator[Event]:
    operations = [op for op in _list(body.get("ops")) if isinstance(op, dict) and _is_post(op)]
    if not operations:
        return
    blocks: dict[bytes, bytes] = {}
    if any(op.get("cid") for op in operations):
        car = body.get("blocks")
        blocks = cbor.blocks(car) if isinstance(car, bytes) else {}
    for op in operations:
        rkey, link = str(op["path"])[len(_PREFIX) :], op.get("cid")
        if op.get("action") == "delete":
            yield Event(number, time_us, gone=Gone(CHANNEL, uri_of(did, rkey)))
        elif isinstance(link, Link) and link.cid in blocks:  # a commit that is too big comes without its blocks
            post = _post(blocks[link.cid], did, rkey, time_us, now)
            yield Event(number, time_us, "edited" if op.get("action") == "update" else "new", post)


def _post(block: bytes, did: str, rkey: str, time_us: int, now: datetime) -> Mention:
    record, _ = cbor.decode(block)
    return mention(msgspec.convert(record, Record), did, rkey, at(time_us), now)


def _is_post(op: Mapping[str, object]) -> bool:
    return str(op.get("path", "")).startswith(_PREFIX)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError("a number that is none")
    return value
