"""What a listing says against what was known of it: new, edited, gone. Pure.

A listing is whole, or reaches back to its oldest row. What is known, newer than that, and not in it is gone.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leitstand.model import Mention

Known = dict[str, str]  # the id of a post → "seconds:hash of its words"


@dataclass(frozen=True, slots=True)
class Compared:
    """The difference, and what is known from now on."""

    new: tuple[Mention, ...]
    edits: tuple[Mention, ...]
    gone: tuple[str, ...]
    known: Known


def compare(known: Mapping[str, str], listed: Sequence[Mention], *, whole: bool, most: int) -> Compared:
    """Of what is known at most the youngest `most` are remembered."""
    now = {mention.external_id: _mark(mention) for mention in listed}
    reaches = -1 if whole else min((_seconds(mark) for mark in now.values()), default=1 << 62)
    gone = tuple(name for name, mark in known.items() if name not in now and _seconds(mark) > reaches)
    kept = {name: mark for name, mark in known.items() if name not in gone}
    together = sorted({**kept, **now}.items(), key=lambda item: _seconds(item[1]))
    return Compared(
        tuple(m for m in listed if m.external_id not in known),
        tuple(m for m in listed if known.get(m.external_id, _mark(m)) != _mark(m)),
        gone,
        dict(together[-most:]),
    )


def _mark(mention: Mention) -> str:
    words = hashlib.sha256(f"{mention.title}\n{mention.text}".encode("utf-8", "replace")).hexdigest()[:10]
    return f"{int(mention.created_at.timestamp())}:{words}"


def _seconds(mark: str) -> int:
    number = mark.partition(":")[0]
    return int(number) if number.isdigit() else 0
