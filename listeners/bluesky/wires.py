"""The two wires of Jetstream: how each is asked for a position, and what its frames say.

    frame ──typed decoding──► Event (its position, its time, and a post or who is gone)
v1 counts in microseconds of a host's own clock, v2 in numbers of the server. Both replay from the position they are
asked for, that one included: what comes twice is a duplicate by its key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol
from urllib.parse import urlencode

import msgspec

from leitstand.errors import FetchError, InputError
from leitstand.model import Mention
from listeners.bluesky.posts import CHANNEL, POSTS, decoder, mention, uri_of
from listeners.contract import Gone

Change = Literal["new", "edited"]

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError)
MAX_FRAME: Final = 5_000_000
# So many accounts fit into an address that all servers and those in between take.
IN_AN_ADDRESS: Final = 80
GONE: Final = {"deleted", "takendown", "suspended", "deactivated"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a wire was heard: its own number, when that was (in microseconds), and at which host."""

    number: int
    time_us: int
    host: str

    def __str__(self) -> str:
        return f"{self.number} {self.time_us} {self.host}"

    @classmethod
    def parse(cls, cursor: str) -> "Position | None":
        """None for what is no cursor of ours."""
        number, _, rest = cursor.partition(" ")
        time_us, _, host = rest.partition(" ")
        return cls(int(number), int(time_us), host) if number.isdecimal() and time_us.isdecimal() else None


@dataclass(frozen=True, slots=True)
class Event:
    """One frame's news. `number` and `time_us` are 0 where it has none; `lost` says what the server no longer has."""

    number: int
    time_us: int
    change: Change = "new"
    mention: Mention | None = None
    gone: Gone | None = None
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: accounts (all if empty), and whether the frames shall be packed."""

    dids: Sequence[str]
    dictionary: int = 0  # v2: the number of the dictionary; v1: any number for "packed"


class ServerSaidError(FetchError):
    """The server's own word that it ends or refuses the stream. `code` names why, "" if it gave no name."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        permanent: bool = False,
        status: int = 0,
        retry_after: timedelta | None = None,
    ) -> None:
        self.code = code
        super().__init__(message, permanent=permanent, status=status, retry_after=retry_after)


class Wire(Protocol):
    """One way to hear Bluesky."""

    rewind: bool  # whether to ask for a little more than is needed, because numbers are not in strict order
    by_time: bool  # whether it can be asked for a time, which all servers understand, instead of its own number

    def path(self, wanted: Wanted, cursor: int | None) -> str:
        """Path and query to ask for everything from `cursor` on."""
        ...

    def hello(self, wanted: Wanted) -> str:
        """What is asked for besides as soon as the stream is open, "" for nothing."""
        ...

    def read(self, frame: bytes, now: datetime) -> Sequence[Event]:
        """What a frame says. Raises InputError for one that says nothing readable, FetchError for the server's own."""
        ...


def at(time_us: int) -> datetime:
    """Microseconds since 1970 as a time."""
    return _EPOCH + timedelta(microseconds=time_us)


def microseconds(moment: datetime) -> int:
    """A time as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


class _Account(msgspec.Struct):
    active: bool = True
    status: str = ""


class _Commit(msgspec.Struct):
    operation: str
    collection: str
    rkey: str
    record: msgspec.Raw = msgspec.Raw(b"")


class _V1(msgspec.Struct):
    did: str
    time_us: int
    kind: str = ""
    commit: _Commit | None = None
    account: _Account | None = None


class _V2(msgspec.Struct):
    kind: str = msgspec.field(name="$type", default="")
    seq: int = 0
    did: str = ""
    time: str = ""
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: msgspec.Raw = msgspec.Raw(b"")
    account: _Account | None = None
    name: str = ""
    message: str = ""


class _Frame(msgspec.Struct):
    kind: str = msgspec.field(name="$type", default="")
    payload: _V2 = msgspec.field(default_factory=_V2)
    error: str = ""
    message: str = ""


def commit(
    operation: str, did: str, rkey: str, record: bytes | msgspec.Raw, number: int, time_us: int, now: datetime
) -> Event:
    """A post created, updated or deleted."""
    if operation == "delete":
        return Event(number, time_us, gone=Gone(CHANNEL, uri_of(did, rkey)))
    post = mention(decoder.decode(record), did, rkey, at(time_us), now)
    return Event(number, time_us, "edited" if operation == "update" else "new", post)


def account(active: bool, status: str, did: str, number: int, time_us: int) -> Event:
    """An account that is no more takes its posts along."""
    return Event(number, time_us, gone=None if active or status not in GONE else Gone(CHANNEL, author_id=did))


class JetstreamV1:
    """`/subscribe`: microseconds, host-local. Account events come whatever collections are wanted."""

    rewind, by_time = True, True

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_V1)

    def path(self, wanted: Wanted, cursor: int | None) -> str:
        dids = wanted.dids if len(wanted.dids) <= IN_AN_ADDRESS else ()
        query = [("wantedCollections", POSTS), *(("wantedDids", did) for did in dids)]
        query += [("maxMessageSizeBytes", str(MAX_FRAME))]
        query += [("requireHello", "true")] if self.hello(wanted) else []
        query += [("compress", "true")] if wanted.dictionary else []
        query += [("cursor", str(cursor))] if cursor is not None else []
        return f"/subscribe?{urlencode(query)}"

    def hello(self, wanted: Wanted) -> str:
        if len(wanted.dids) <= IN_AN_ADDRESS:
            return ""
        asked = {"wantedCollections": [POSTS], "wantedDids": list(wanted.dids), "maxMessageSizeBytes": MAX_FRAME}
        return msgspec.json.encode({"type": "options_update", "payload": asked}).decode()

    def read(self, frame: bytes, now: datetime) -> Sequence[Event]:
        """One event."""
        try:
            return (self._event(frame, now),)
        except UNREADABLE as error:
            raise InputError(str(error)) from error

    def _event(self, frame: bytes, now: datetime) -> Event:
        event = self._decoder.decode(frame)
        if event.commit and event.commit.collection == POSTS:
            done = event.commit
            return commit(done.operation, event.did, done.rkey, done.record, event.time_us, event.time_us, now)
        if event.account:
            return account(event.account.active, event.account.status, event.did, event.time_us, event.time_us)
        return Event(event.time_us, event.time_us)


class JetstreamV2:
    """`network.bsky.jetstream.subscribeEvents`: numbers of the server."""

    rewind, by_time = False, True

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_Frame)

    def path(self, wanted: Wanted, cursor: int | None) -> str:
        query = [("kinds", "commit"), ("kinds", "account"), ("collections", POSTS)]
        query += [("dids", did) for did in wanted.dids] + [("maxMessageSizeBytes", str(MAX_FRAME))]
        query += [("zstdDictionary", str(wanted.dictionary))] if wanted.dictionary else []
        query += [("cursor", str(cursor))] if cursor is not None else []
        return f"/xrpc/network.bsky.jetstream.subscribeEvents?{urlencode(query)}"

    def hello(self, wanted: Wanted) -> str:
        return ""  # it ends the stream when anything is said to it

    def read(self, frame: bytes, now: datetime) -> Sequence[Event]:
        """One event."""
        try:
            return (self._event(frame, now),)
        except UNREADABLE as error:
            raise InputError(str(error)) from error

    def _event(self, frame: bytes, now: datetime) -> Event:
        whole = self._decoder.decode(frame)
        if whole.kind == "error":
            said = f"the server ended the stream: {whole.error} {whole.message}"
            raise ServerSaidError(said.strip()[:300], code=whole.error)
        event = whole.payload
        kind = event.kind.rpartition("#")[2]
        if kind == "info":
            return Event(0, 0, lost=f"the server no longer has what was missed ({event.name})")
        time_us = microseconds_of(event.time)
        if kind == "commit" and event.collection == POSTS:
            return commit(event.operation, event.did, event.rkey, event.record, event.seq, time_us, now)
        if kind == "account" and event.account:
            return account(event.account.active, event.account.status, event.did, event.seq, time_us)
        return Event(event.seq, time_us)


def microseconds_of(said: str) -> int:
    """A written time as microseconds since 1970, 0 if it cannot be read."""
    try:
        return microseconds(datetime.fromisoformat(said))
    except (ValueError, TypeError):
        return 0
