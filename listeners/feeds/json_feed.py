"""JSON Feed 1.0 and 1.1 → Feed. An item that is none is left out; the others are read."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from leitstand.errors import FetchError
from listeners.feeds.document import MAX_ITEMS, Feed, Item, item


class _Person(msgspec.Struct):
    name: str | None = None
    url: str | None = None


class _Attachment(msgspec.Struct):
    mime_type: str | None = None


class _Entry(msgspec.Struct):
    id: str | int | float | None = None
    url: str | None = None
    external_url: str | None = None
    title: str | None = None
    content_html: str | None = None
    content_text: str | None = None
    summary: str | None = None
    image: str | None = None
    date_published: str | None = None
    date_modified: str | None = None
    language: str | None = None
    author: _Person | None = None
    authors: list[_Person] | None = None
    attachments: list[_Attachment] | None = None


class _Hub(msgspec.Struct):
    url: str = ""


class _Document(msgspec.Struct):
    version: str
    items: list[msgspec.Raw]
    title: str | None = None
    home_page_url: str | None = None
    feed_url: str | None = None
    language: str | None = None
    authors: list[_Person] | None = None
    author: _Person | None = None
    hubs: list[_Hub] | None = None


_document = msgspec.json.Decoder(_Document)
_entry = msgspec.json.Decoder(_Entry)
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": "<br>"})


def read(body: bytes) -> Feed:
    """The feed in a JSON document. Raises FetchError if it is none."""
    try:
        document = _document.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FetchError(f"this is no JSON Feed: {error}") from error
    if "jsonfeed.org" not in document.version:
        raise FetchError("this is JSON, but no JSON Feed")
    items = tuple(_item(entry, document) for entry in _entries(document.items[:MAX_ITEMS]))
    if document.items and not items:
        raise FetchError("this JSON Feed has no item that can be read")
    return Feed(
        items,
        title=document.title or "",
        home=document.home_page_url or "",
        language=document.language or "",
        hub=document.hubs[0].url if document.hubs else "",
        topic=document.feed_url or "",
    )


def _entries(raw: Iterable[msgspec.Raw]) -> Iterator[_Entry]:
    for one in raw:
        try:
            yield _entry.decode(one)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue


def _item(entry: _Entry, document: _Document) -> Item:
    author = _author(entry.authors, entry.author, document.authors, document.author)
    media = [a for a in entry.attachments or () if (a.mime_type or "").startswith(("image/", "video/"))]
    return item(
        "" if entry.id is None else str(entry.id),
        entry.url or entry.external_url or "",
        (entry.title or "").translate(_ESCAPES),
        entry.content_html or (entry.content_text or entry.summary or "").translate(_ESCAPES),
        when(entry.date_published) or when(entry.date_modified),
        author.name or "",
        author.url or "",
        entry.language or document.language or "",
        media=len(media) + bool(entry.image),
    )


def _author(*given: Sequence[_Person] | _Person | None) -> _Person:
    for one in given:
        if isinstance(one, _Person):
            return one
        if one:
            return one[0]
    return _Person()


def when(value: str | None) -> datetime | None:
    """An RFC 3339 date, also a careless one; without a zone it is taken as UTC."""
    try:
        found = datetime.fromisoformat((value or "").strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
