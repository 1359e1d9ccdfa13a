"""Hears all of Bluesky, or single accounts, by Jetstream: posts, edits, deletes, accounts that are no more. No login.

    [listeners.bluesky]
    kind = "bluesky"
    # dids = ["did:plc:…"]         only these accounts
    # wire = "v2"

Bluesky has no filter for words: the whole network (some hundred posts a second, 1 to 2 Mbit/s) is read and matched
here. With a `dictionary` and `pip install 'leitstand[bluesky]'` it is a sixth of that; the dictionary of wire v1 is
`zstd_dictionary` in the repository bluesky-social/jetstream-legacy, the one of v2 is fetched by itself.

After a restart the stream goes on from where it was, as long as that is in the server's store (36 hours on v1); what
is older is shown as a gap. Wire "firehose" reads the relay itself, without anybody's Jetstream between, for ten times
the traffic.

What was edited or deleted while nobody listened is noticed for posts of open cases: each is looked up again once in
`recheck_every`.

The stream names authors by their DID alone. Give your own accounts as `bluesky:did:plc:…` in `brand.own_accounts`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field

from leitstand import clock
from leitstand.errors import FetchError, InputError
from leitstand.plugins import About
from leitstand.settings import Duration, ListenerSettings
from listeners import rechecks
from listeners.bluesky import again, packing
from listeners.bluesky.connection import opened
from listeners.bluesky.firehose import Firehose
from listeners.bluesky.wires import (
    Event,
    JetstreamV1,
    JetstreamV2,
    Position,
    ServerSaidError,
    Wanted,
    Wire,
    at,
    microseconds,
)
from listeners.contract import Batch, Due, nothing_due
from listeners.fetch import Fetcher, Limits
from listeners.streams import HEARTBEAT, Backoff, Volume, together

ABOUT = About(
    title="Bluesky",
    summary="Every post of the network, or of single accounts, by Jetstream; nothing to register.",
)

V1_HOSTS: Final = [f"wss://jetstream{n}.us-{side}.bsky.network" for side in ("east", "west") for n in (1, 2)]
V2_HOSTS: Final = ["wss://jetstream.us-east.bsky.network"]
RELAYS: Final = ["wss://bsky.network"]
MOST: Final = 2000
STALL = 60.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
LIVE: Final = timedelta(seconds=30)  # so near to now, a replay is over
AHEAD: Final = timedelta(minutes=10)
NO_LONGER: Final = timedelta(minutes=30)  # the network is never silent for so long
REWIND_US: Final = 5_000_000
REWIND_ELSEWHERE_US: Final = 60_000_000

Did = Annotated[str, Field(pattern=r"^did:[a-z]+:[A-Za-z0-9._:%-]{1,200}$")]


class Settings(ListenerSettings):
    """What to hear, and from where."""

    kind: Literal["bluesky"] = Field("bluesky", description="bluesky")
    dids: list[Did] = Field([], max_length=10_000, description="Only these accounts (did:plc:…); empty: all.")
    wire: Literal["v1", "v2", "firehose"] = Field("v1", description="Jetstream v1, Jetstream v2, or the relay itself.")
    url: str = Field(
        "",
        pattern=r"^(wss?://[^/\s]\S*)?$",
        description="wss://… of a server of your own; empty: the public ones in turn.",
    )
    dictionary: Path | None = Field(None, description="v1: the file zstd_dictionary; frames then come packed.")
    recheck_every: Duration = Field(
        timedelta(days=1), description="How often a post of an open case is looked up again; 0s: never."
    )
    appview: str = Field(
        "https://public.api.bsky.app", pattern=r"^https?://[^/\s]\S*$", description="Where posts are looked up again."
    )
    packed: bool = Field(True, description="v2: packed frames, if leitstand[bluesky] is installed.")

    @property
    def servers(self) -> Sequence[str]:
        """Where to connect to."""
        return [self.url.rstrip("/")] if self.url else {"v1": V1_HOSTS, "v2": V2_HOSTS, "firehose": RELAYS}[self.wire]


_WIRES: Final[Mapping[str, Callable[[], Wire]]] = {"v1": JetstreamV1, "v2": JetstreamV2, "firehose": Firehose}


@dataclass
class _Stream:
    """Where a listener is. `lost` says what its server no longer had when it was asked to go on."""

    settings: Settings
    wire: Wire
    position: Position | None
    unpack: packing.Unpack = packing.plain
    dictionary: int = 0
    lost: str = ""
    asked: Position | None = None
    volume: Volume = field(default_factory=Volume)

    def ask(self, host: str) -> tuple[str, str]:
        """Path and query for going on at this host, and what is said there first."""
        self.asked, wanted = self.position, Wanted(self.settings.dids, self.dictionary)
        return self.wire.path(wanted, self._cursor(host)), self.wire.hello(wanted)

    def _cursor(self, host: str) -> int | None:
        if self.position is None:
            return None
        if self.position.host == host:
            return self.position.number - (REWIND_US if self.wire.rewind else 0)
        if not self.wire.by_time:
            self.lost = "another relay numbers its events differently"
            return None
        return self.position.time_us - REWIND_ELSEWHERE_US

    def too_old(self) -> bool:
        """The server does not know our number any more: ask for the time instead. False if that was tried already."""
        if self.position is None or not self.position.host:
            return False
        self.position = replace(self.position, host="")
        return True

    def batch(self, host: str, frames: Sequence[bytes]) -> Batch:
        """What these frames say. One that cannot be read harms only itself."""
        events, error = self._read(frames)
        self._advance(host, events)
        now = clock.now()
        lost, self.lost = self.lost, ""
        live = not frames or (self.position is not None and at(self.position.time_us) >= now - LIVE)
        return Batch(
            tuple(e.mention for e in events if e.mention and e.change == "new"),
            str(self.position) if events and self.position else None,
            error=error,
            edits=tuple(e.mention for e in events if e.mention and e.change == "edited"),
            deletes=tuple(e.gone for e in events if e.gone),
            caught_up=live,
            lost=lost,
        )

    def _read(self, frames: Sequence[bytes]) -> tuple[list[Event], str]:
        events: list[Event] = []
        refused: list[str] = []
        now = clock.now()
        for frame in frames:
            try:
                events.extend(self.wire.read(self.unpack(frame), now))
            except InputError as error:
                refused.append(str(error)[:200])
        return events, f"{len(refused)} of {len(frames)} events cannot be read: {refused[0]}" if refused else ""

    def _advance(self, host: str, events: Sequence[Event]) -> None:
        """Move on to the newest position. One from the future would make the server skip what comes until then."""
        newest = microseconds(clock.now() + AHEAD)
        for event in events:
            self.lost = event.lost or self.lost
            if 0 < event.time_us < newest and (not self.position or self._is_later(event, host)):
                self._notice_loss(event)
                self.position = Position(event.number, event.time_us, host)

    def _is_later(self, event: Event, host: str) -> bool:
        at_host = self.position is not None and self.position.host == host
        return not at_host or (self.position is not None and event.number > self.position.number)

    def _notice_loss(self, event: Event) -> None:
        """An old position is moved up silently; the network is never still for long, so the first event tells."""
        asked, self.asked = self.asked, None
        if asked and not self.settings.dids and at(event.time_us) - at(asked.time_us) > NO_LONGER:
            self.lost = (
                self.lost or f"the server no longer has what was said before {at(event.time_us):%Y-%m-%d %H:%M} UTC"
            )


def recheck_every(settings: Settings) -> timedelta:
    """How often a post of an open case is looked up again."""
    return settings.recheck_every


async def listen(
    name: str, settings: Settings, cursors: Mapping[str, str], due: Due = nothing_due
) -> AsyncIterator[Batch]:
    """Yield what the network says, from the stored position on, and what looking again brings."""
    parts = [_hear(settings, cursors)]
    async with Fetcher(Limits(allow_private=True)) as fetcher:
        if due is not nothing_due:
            look_up = again.Looking(fetcher, settings.appview.rstrip("/")).look_up
            parts.append(rechecks.rechecks(due, look_up, lambda: again.MOST))
        async with aclosing(together(parts)) as batches:
            async for batch in batches:
                yield batch


async def _hear(settings: Settings, cursors: Mapping[str, str]) -> AsyncGenerator[Batch, None]:
    stream = _Stream(settings, _WIRES[settings.wire](), Position.parse(cursors.get("", "")))
    backoff, quiet = Backoff(FIRST_PAUSE, LONGEST_PAUSE), dict[str, float]()
    while True:
        host = settings.servers[backoff.failures % len(settings.servers)]
        await asyncio.sleep(max(0.0, quiet.get(host, 0.0) - time.monotonic()))
        began = time.monotonic()
        try:
            await _agree_on_packing(stream, host)
            async with aclosing(_heard(stream, host)) as batches:
                async for batch in batches:
                    yield batch
        except ServerSaidError as error:
            if not _mended(stream, error) and error.permanent and backoff.failures >= len(settings.servers):
                raise
            failure: FetchError = error
        except FetchError as error:
            failure = error
        stream.volume.pause()
        if failure.retry_after:
            quiet[host] = time.monotonic() + failure.retry_after.total_seconds()
        yield Batch((), None, error=str(failure))
        await asyncio.sleep(backoff.pause(time.monotonic() - began))


async def verify(settings: Settings) -> str:
    """Connect to the first server and wait for an event."""
    stream, host = _Stream(settings, _WIRES[settings.wire](), None), settings.servers[0]
    await _agree_on_packing(stream, host)
    async with opened(host, *stream.ask(host)) as pump:
        count = len(await pump.some(MOST, wait=5, linger=1))
    return f"{urlsplit(host).hostname} answers; {count:,} events in the first seconds"


async def _heard(stream: _Stream, host: str) -> AsyncGenerator[Batch, None]:
    """The batches of one connection."""
    async with opened(host, *stream.ask(host)) as pump:
        yield Batch((), None, caught_up=False)
        silent = time.monotonic()
        while True:
            frames = await pump.some(MOST, wait=HEARTBEAT)
            now = time.monotonic()
            silent = now if frames else silent
            if not stream.settings.dids:
                _watch(stream.volume, len(frames), now, silent)
            yield stream.batch(host, frames)


def _watch(volume: Volume, count: int, now: float, silent_since: float) -> None:
    """All of the network is never still: raises FetchError if it seems so."""
    if now - silent_since >= STALL:
        raise FetchError(f"nothing was heard for {STALL:g} seconds: connecting anew")
    usual = volume.average
    if volume.saw(count, now):
        raise FetchError(f"far fewer events than usual (about {usual:,.0f} a minute): connecting anew")


def _mended(stream: _Stream, error: ServerSaidError) -> bool:
    """Whether asking in another way may help."""
    if error.code == "CursorTooOld":
        return stream.too_old()
    if error.code == "FutureCursor":  # another server behind the same name
        stream.position = None
        return True
    if error.code == "UnknownZstdDictionary" and stream.dictionary:
        stream.dictionary = 0
        return True
    return False


async def _agree_on_packing(stream: _Stream, host: str) -> None:
    """Have the dictionary of this wire ready, if frames shall be packed."""
    settings = stream.settings
    if stream.dictionary:
        return
    if settings.wire == "v1" and settings.dictionary:
        try:
            stream.dictionary, stream.unpack = packing.unpacker(await asyncio.to_thread(settings.dictionary.read_bytes))
        except OSError as error:
            raise FetchError(f"{settings.dictionary} cannot be read: {error.strerror}", permanent=True) from error
    elif settings.wire == "v2" and settings.packed and packing.is_installed():
        address = f"http{host.removeprefix('ws')}/xrpc/network.bsky.jetstream.getZstdDictionary"
        async with Fetcher(Limits(seconds=10, allow_private=True)) as fetcher:
            page = (await fetcher.get(address)).check()
        stream.dictionary, stream.unpack = packing.unpacker(page.body)
