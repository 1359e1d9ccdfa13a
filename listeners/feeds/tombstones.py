"""Tombstones in Atom feeds (RFC 6721): which items a feed says are gone, and what those were called when they came.

A tombstone names an item by its id; mentions are mostly named by their link. So of Atom feeds, and only where the two
differ, the names of the last items are remembered.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final
from xml.parsers import expat

from listeners.feeds.document import MAX_FIELD, MAX_ITEMS, Feed
from listeners.feeds.identity import Identified, Seen, mark, normalised

NAMESPACE: Final = "http://purl.org/atompub/tombstones/1.0"
NAMES: Final = 200
_ELEMENT: Final = f"{NAMESPACE} deleted-entry"


def refs(body: bytes) -> tuple[str, ...]:
    """The ids of what a document says is gone, for the reading process alone: feedparser keeps the last one only."""
    found: dict[str, None] = {}

    def start(name: str, attributes: Mapping[str, str]) -> None:
        ref = attributes.get("ref", "").strip()
        if name == _ELEMENT and 0 < len(ref) <= MAX_FIELD and len(found) < MAX_ITEMS:
            found[ref] = None

    def refuse(*_: object) -> None:
        raise ValueError("an entity")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EntityDeclHandler = refuse
    with suppress(expat.ExpatError, ValueError, LookupError):  # what it said until then counts
        parser.Parse(body, True)
    return tuple(found)


def remember(names: Mapping[str, str], feed: Feed, found: Sequence[Identified]) -> dict[str, str]:
    """What the last items are called, by a mark of their ids."""
    if not feed.lists_gone:
        return {}
    fresh = {_mark(one.item.id): one.external_id for one in found if one.item.id not in ("", one.external_id)}
    together = {name: called for name, called in names.items() if name not in fresh} | fresh
    return dict(list(together.items())[-NAMES:])


def buried(names: Mapping[str, str], feed: Feed, seen: Seen) -> list[str]:
    """What the gone items were called, each told once. One that is listed all the same is there."""
    listed = {item.id for item in feed.items}
    told = [ref for ref in feed.gone if ref not in listed and seen.note("gone", ref)]
    return [names.get(_mark(ref)) or normalised(ref) or ref for ref in told]


def _mark(name: str) -> str:
    return mark("id", name)
