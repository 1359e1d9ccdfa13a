"""Posts from a file of JSON lines, plain or gzip, or from standard input: line by line, never the whole file.

A line is a mention in the API's form, of which only `text` is required. A line that cannot be taken is yielded as
`Refused` with its number, and the others go on.
"""

import gzip
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, cast

from leitstand.errors import InputError
from leitstand.model import Mention
from listeners.incoming import decode_line

CHANNEL = "file"
MAX_LINE = 2_000_000
_GZIP, _BOM = b"\x1f\x8b", b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Post:
    """A line that is a mention. `id` is the line's own, passed through; `label` its `match` or `label` if boolean."""

    line: int
    id: str | int
    mention: Mention
    label: bool | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that cannot be taken, and why."""

    line: int
    error: str


@dataclass(frozen=True, slots=True)
class PostFile:
    """An open file of posts. `size` and `position` are bytes as stored, for a progress bar; 0 where unknown."""

    name: str
    size: int
    _stored: io.BufferedReader
    _lines: IO[bytes]

    def position(self) -> int:
        """How far it has been read."""
        return self._stored.tell() if self.size else 0

    def posts(self, now: Callable[[], datetime]) -> Iterator[Post | Refused]:
        """Every line that is not blank. Raises InputError if the file cannot be read on."""
        number = 0
        try:
            while line := self._lines.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    self._skip_rest(line)
                    yield Refused(number, f"longer than {MAX_LINE:,} bytes")
                elif stripped := line.removeprefix(_BOM).strip():
                    yield _read(number, stripped, now())
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{self.name}: cannot be read beyond line {number:,}: {error}") from None

    def _skip_rest(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._lines.readline(MAX_LINE)


@contextmanager
def open_posts(path: Path) -> Iterator[PostFile]:
    """The file at `path`, standard input for "-". Raises InputError if there is none."""
    if str(path) == "-":
        yield _opened("standard input", 0, cast(io.BufferedReader, sys.stdin.buffer))
        return
    try:
        stored = path.open("rb")
        size = path.stat().st_size
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    with stored:
        yield _opened(str(path), size, stored)


def _opened(name: str, size: int, stored: io.BufferedReader) -> PostFile:
    packed = stored.peek(2)[:2] == _GZIP
    return PostFile(name, size, stored, cast(IO[bytes], gzip.GzipFile(fileobj=stored)) if packed else stored)


def _read(number: int, line: bytes, now: datetime) -> Post | Refused:
    try:
        mention = decode_line(line, now, CHANNEL)
    except InputError as error:
        return Refused(number, str(error))
    beside = json.loads(line)
    named = (beside[key] for key in ("id", "external_id") if beside.get(key) is not None)
    label = next((beside[key] for key in ("match", "label") if isinstance(beside.get(key), bool)), None)
    return Post(number, next(named, number), mention, label)
