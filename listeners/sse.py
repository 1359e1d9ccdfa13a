"""Server-sent events: bytes → events. Lines end at line feeds only: JSON may hold any other line end of Unicode.

A piece may end anywhere, also inside a character. An event longer than the limit is dropped, the next one is read.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

MAX_EVENT: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name ("message" where it has none) and its data. A comment is no event."""

    name: str
    data: bytes


@dataclass
class Reader:
    """Puts pieces together. `dropped` counts events that were too long."""

    dropped: int = 0
    _rest: bytes = b""
    _name: str = ""
    _data: list[bytes] = field(default_factory=list)
    _size: int = 0
    _too_long: bool = False

    def feed(self, piece: bytes) -> list[Event]:
        """The events that this piece completes."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > MAX_EVENT:
            self._rest, self._too_long = b"", True
        return [event for line in lines if (event := self._line(line.removesuffix(b"\r")))]

    def _line(self, line: bytes) -> Event | None:
        if not line:
            return self._end()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        self._size += len(line)
        self._too_long = self._too_long or self._size > MAX_EVENT
        if name == b"event":
            self._name = value.decode("utf-8", "replace")
        elif name == b"data" and not self._too_long:
            self._data.append(value)
        return None

    def _end(self) -> Event | None:
        event = Event(self._name or "message", b"\n".join(self._data)) if self._data else None
        if self._too_long:
            self.dropped, event = self.dropped + 1, None
        self._name, self._data, self._size, self._too_long = "", [], 0, False
        return event


async def events(pieces: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """The events in a stream of bytes."""
    reader = Reader()
    async for piece in pieces:
        for event in reader.feed(piece):
            yield event
