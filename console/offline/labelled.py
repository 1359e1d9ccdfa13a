"""Labelled posts from a file of JSON lines, plain or gzip.

A line has `text` and at least one of `sentiment`, `urgency` (0–3), `intents` and `needs_reply`; `id`, `title` and
`language` (or `lang`) may stand beside them, and whatever else does is left alone. A line that cannot be taken is
yielded as `Refused`; one without any label is skipped.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import msgspec

from console.offline.posts import Refused
from leitstand.errors import InputError
from leitstand.model import Intent, Sentiment, Urgency
from nlp.labels import Label, Labelled

_GZIP, _BOM = b"\x1f\x8b", b"\xef\xbb\xbf"
_SHORT = {"neg": "negative", "neu": "neutral", "pos": "positive"}


class _Line(msgspec.Struct):
    text: str
    id: str | int | None = None
    title: str = ""
    language: str = ""
    lang: str = ""
    sentiment: str | None = None
    urgency: int | None = None
    intents: list[str] | None = None
    needs_reply: bool | None = None


_decoder = msgspec.json.Decoder(_Line)


def read_labelled(path: Path) -> Iterator[Labelled | Refused]:
    """Every labelled post of a file. Raises InputError if the file cannot be read."""
    try:
        with path.open("rb") as stored:
            packed = stored.peek(2)[:2] == _GZIP
            lines = cast(IO[bytes], gzip.GzipFile(fileobj=stored)) if packed else stored
            for number, line in enumerate(lines, 1):
                if stripped := line.removeprefix(_BOM).strip():
                    found = _read(path, number, stripped)
                    if found is not None:
                        yield found
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def _read(path: Path, number: int, line: bytes) -> Labelled | Refused | None:
    try:
        found = _decoder.decode(line)
        label = _label(found)
    except RecursionError:
        return Refused(number, "is nested too deep")
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError) as error:
        return Refused(number, str(error))
    if label == Label():
        return None
    own = f"{path.name}:{number}" if found.id is None else str(found.id)
    return Labelled(own, found.text, label, found.title, found.language or found.lang)


def _label(line: _Line) -> Label:
    """Labels that are not ours (a fourth sentiment, say) are refused by their name."""
    sentiment = None if line.sentiment is None else Sentiment(_SHORT.get(line.sentiment, line.sentiment))
    return Label(
        sentiment,
        None if line.urgency is None else Urgency(line.urgency),
        None if line.intents is None else tuple(Intent(intent) for intent in line.intents),
        line.needs_reply,
    )
