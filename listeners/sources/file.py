"""Reads posts from a file of JSON lines, one in the API's mention form on each line, and then what is appended to it.

    [listeners.export]
    kind = "file"
    path = "posts.jsonl"        # or posts.jsonl.gz
    channel = "survey"          # for lines that name none
    rate = 50                   # posts a second; absent: as fast as they are taken

Only `text` is required on a line; the id is `external_id`, else `id`, else a hash of the line. A line with the id of an
earlier one and `edited_at` gives that post its new words. A bad line is reported and skipped. After a restart it goes
on where it was; a file that has become shorter is read again from its beginning.
"""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal, cast

import structlog
from pydantic import Field

from leitstand import clock
from leitstand.errors import FetchError, InputError
from leitstand.model import Mention
from leitstand.plugins import About
from leitstand.settings import ListenerSettings
from listeners.contract import Batch
from listeners.incoming import as_batch, decode_line

ABOUT = About(title="File", summary="A file of JSON lines, and what is appended to it.")

MAX_LINE_BYTES = 1_000_000
BATCH = 500
LOOK_AGAIN = 1.0

log = structlog.get_logger()


class Settings(ListenerSettings):
    """Which file, and how fast."""

    kind: Literal["file"] = Field("file", description="file")
    path: Path = Field(description="The file: JSON lines, plain or .gz.")
    channel: str = Field("file", pattern=r"^[a-z0-9_-]{1,40}$", description="The channel of lines that name none.")
    rate: float | None = Field(None, gt=0, le=100_000, description="Posts a second; absent: as fast as they are taken.")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its mention, or else its error.

    `start` and `end` are offsets in the (unpacked) text; `end` is the cursor after it. `position` says how many bytes
    of the file itself are read, for a progress bar.
    """

    start: int
    end: int
    position: int
    mention: Mention | None
    error: str = ""


def read(
    path: Path,
    start: int = 0,
    *,
    channel: str = "file",
    unfinished: bool = True,
    now: Callable[[], datetime] = clock.now,
) -> Iterator[Line]:
    """The lines from offset `start` on, blank ones left out. Raises FetchError if the file cannot be read.

    `unfinished`: take a last line without a line end too; false for a file that is being written.
    """
    try:
        with path.open("rb") as file, cast(BinaryIO, _unpacked(file, path)) as stream:
            stream.seek(start)
            for begin, end, raw in _lines(stream, start, unfinished):
                if raw is None or raw.strip():
                    yield _line(raw, begin, end, file.tell(), channel, now)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FetchError(f"{path.name} cannot be read: {reason}") from error


def _unpacked(file: BinaryIO, path: Path) -> BinaryIO | gzip.GzipFile:
    return gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file


def _lines(stream: BinaryIO, offset: int, unfinished: bool) -> Iterator[tuple[int, int, bytes | None]]:
    """Start, end and bytes of each line; None for one that is too long to be kept."""
    while raw := stream.readline(MAX_LINE_BYTES):
        begin, kept = offset, raw
        offset += len(raw)
        while not raw.endswith(b"\n") and (raw := stream.readline(MAX_LINE_BYTES)):
            offset += len(raw)
            kept = b""
        if raw or unfinished:
            yield begin, offset, kept or None


def _line(raw: bytes | None, start: int, end: int, position: int, channel: str, now: Callable[[], datetime]) -> Line:
    if raw is None:
        return Line(start, end, position, None, f"longer than {MAX_LINE_BYTES:,} bytes")
    try:
        return Line(start, end, position, decode_line(raw, now(), channel))
    except InputError as error:
        return Line(start, end, position, None, str(error))


async def listen(name: str, settings: Settings, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
    """Yield what the file holds, then what is appended."""
    offset, size, told = int(cursors.get("", "0")), _batch_size(settings.rate), False
    reading: Iterator[Line] | None = None  # kept: a packed file is unpacked from its beginning to go on in it
    while True:
        there = await asyncio.to_thread(_still_there, settings.path, offset)
        if reading is None or there != offset:
            offset, reading = there, _reading(settings, there)
        lines = await asyncio.to_thread(_some, reading, size)
        if lines:
            offset = lines[-1].end
            told = not any(line.error for line in lines)
            yield _batch(name, lines)
            await asyncio.sleep(len(lines) / settings.rate if settings.rate else 0)
        else:
            if not told:
                yield Batch((), None)
            told, reading = True, None
            await asyncio.sleep(LOOK_AGAIN)


async def verify(settings: Settings) -> str:
    """Read the first lines."""
    lines = await asyncio.to_thread(_some, _reading(settings, 0), 10)
    good = sum(line.mention is not None for line in lines)
    if lines and not good:
        raise FetchError(f"{settings.path.name}: none of the first {len(lines)} lines is a mention: {lines[0].error}")
    return f"{settings.path.name}: {good} of the first {len(lines)} lines can be read"


def _batch_size(rate: float | None) -> int:
    return BATCH if rate is None else max(1, min(BATCH, round(rate / 10)))


def _reading(settings: Settings, offset: int) -> Iterator[Line]:
    finished = settings.path.suffix == ".gz"
    return read(settings.path, offset, channel=settings.channel, unfinished=finished)


def _some(lines: Iterator[Line], count: int) -> list[Line]:
    return list(islice(lines, count))


def _still_there(path: Path, offset: int) -> int:
    """The offset to go on from: 0 if the file was replaced by a shorter one. A missing file is for `read` to report."""
    try:
        size = path.stat().st_size
    except OSError:
        return offset
    return offset if path.suffix == ".gz" or size >= offset else 0


def _batch(name: str, lines: list[Line]) -> Batch:
    bad = [line for line in lines if line.error]
    for line in bad:
        log.warning("line refused", listener=name, byte=line.start, reason=line.error)
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    error = f"line at byte {bad[0].start}: {bad[0].error}{more}" if bad else ""
    return as_batch([line.mention for line in lines if line.mention], str(lines[-1].end), error)
