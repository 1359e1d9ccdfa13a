"""RSS 0.9x, 1.0, 2.0 and Atom → Feed, by feedparser. Runs only in the reading process: it may be slow, or never end."""

import calendar
import io
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

import feedparser

from leitstand.errors import FetchError
from listeners.feeds.document import MAX_ITEMS, Feed, Item, item
from listeners.feeds.finding import joined
from listeners.feeds.tombstones import NAMESPACE, refs

Entry = Mapping[str, Any]  # what feedparser gives: only this module sees it

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HEAD = 100_000  # where entities are declared
_BOMB = re.compile(rb"""<!ENTITY\s[^>"']{1,300}(?:"[^"]*|'[^']*)&(?!amp;|lt;|gt;|quot;|apos;)[\w.:-]+;""")
_PERIODS = {"hourly": 3600.0, "daily": 86400.0, "weekly": 604800.0, "monthly": 2592000.0, "yearly": 31536000.0}


def read(body: bytes, headers: Mapping[str, str]) -> Feed:
    """The feed in an XML document. Raises FetchError if it is none.

    `headers` are the answer's: content-type, content-language and content-location (where it is, for relative links).
    """
    if _BOMB.search(body[:_HEAD].replace(b"\0", b"").partition(b"]>")[0]):
        raise FetchError("its entities are made of entities, as no feed's are")
    base = headers.get("content-location", "")
    # Told where it comes from, it would resolve every address, and most are whole: we resolve those that are not.
    told = {name: value for name, value in headers.items() if name != "content-location"}
    # BytesIO, because feedparser opens what looks like an address or a file. It sanitises nothing: we keep text only.
    found = feedparser.parse(io.BytesIO(body), response_headers=told, sanitize_html=False, resolve_relative_uris=False)
    if not found.get("version") and not found.entries:
        raise FetchError(_what_is_wrong(body, found))
    feed = _plain(found.feed)
    # A tombstone's link is taken for the feed's.
    home = _whole(_linked(feed, "alternate") or _text(feed, "link"), base)
    lists_gone = str(found.get("version")).startswith("atom")
    return Feed(
        tuple(_item(_plain(entry), feed, base) for entry in found.entries[:MAX_ITEMS]),
        title=_text(feed, "title"),
        home=home,
        gone=refs(body) if lists_gone and NAMESPACE.encode() in body.replace(b"\0", b"") else (),
        lists_gone=lists_gone,
        language=_text(feed, "language"),
        every=_every(feed),
        hub=_linked(feed, "hub"),
        topic=_linked(feed, "self"),
        comments=_comments(feed, home),
    )


def _what_is_wrong(body: bytes, found: Entry) -> str:
    start = body[:2000].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")) or b"<html" in start:
        return "this is a web page, no feed"
    reason = found.get("bozo_exception")
    return f"this is no feed{f': {reason}' if reason else ''}"[:200]


def _item(entry: Entry, feed: Entry, base: str) -> Item:
    contents = [one for c in entry.get("content") or () if (one := _plain(c)).get("value")]
    best = max(contents, key=lambda c: len(c["value"]), default=None)
    best = best or {**(entry.get("summary_detail") or {}), "value": _text(entry, "summary")}
    detail = _plain(entry.get("author_detail"))
    title = _plain(entry.get("title_detail"))
    language = best.get("language") or title.get("language")
    return item(
        _text(entry, "id"),
        _whole(_text(entry, "link"), base),
        _html(_text(entry, "title"), title),
        _html(str(best["value"]), best),
        _written(entry),
        str(detail.get("name") or entry.get("author") or ""),
        _whole(str(detail.get("href") or ""), base),
        str(language or feed.get("language") or ""),
        answers=_answers(entry),
        media=_media(entry),
    )


def _plain(found: Entry | None) -> dict[str, Any]:
    """A dictionary of one name for each thing: look-ups in feedparser's own cost ten times as much."""
    return dict(found or {})


def _whole(address: str, base: str) -> str:
    """An address that may be relative to the feed's own."""
    return address if not address or _ABSOLUTE.match(address) else joined(base, address)


def _text(entry: Entry, name: str) -> str:
    return str(entry.get(name) or "")


def _html(value: str, detail: Entry | None) -> str:
    """Markup; what is declared as plain text is escaped, so that `a <b` stays whole."""
    return escape(value) if (detail or {}).get("type") == "text/plain" else value


def _written(entry: Entry) -> datetime | None:
    given = (entry.get(name) for name in ("published_parsed", "created_parsed", "updated_parsed"))
    for moment in filter(None, given):
        try:
            return datetime.fromtimestamp(calendar.timegm(moment), UTC)
        except (ValueError, OverflowError, TypeError, OSError):
            continue
    return None


def _answers(entry: Entry) -> str:
    """Atom threading (RFC 4685)."""
    parent = entry.get("thr_in-reply-to") or entry.get("in-reply-to") or {}
    return str(parent.get("href") or parent.get("ref") or "") if isinstance(parent, Mapping) else ""


def _media(entry: Entry) -> int:
    enclosed = [link for link in entry.get("links") or () if link.get("rel") == "enclosure"]
    found: Iterable[Entry] = [*enclosed, *(entry.get("media_content") or ())]
    kinds = {str(one.get("href") or one.get("url")): str(one.get("type") or one.get("medium") or "") for one in found}
    return sum(kind.startswith(("image", "video")) for kind in kinds.values())


def _every(feed: Entry) -> float:
    """The longest of what the feed says: `ttl` in minutes, or so many times a period."""
    ttl, period = _text(feed, "ttl"), _PERIODS.get(_text(feed, "sy_updateperiod").strip().lower(), 0.0)
    times = _text(feed, "sy_updatefrequency").strip()
    often = int(times[:6]) if times.isdecimal() else 1
    return max(int(ttl[:6]) * 60.0 if ttl.isdecimal() else 0.0, period / max(1, often))


def _comments(feed: Entry, home: str) -> str:
    """WordPress has one feed for all comments of a site, at a fixed place, and names it in no feed."""
    home = home.rstrip("/")
    return f"{home}/comments/feed/" if home and "wordpress" in _text(feed, "generator").lower() else ""


def _linked(feed: Entry, rel: str) -> str:
    return next((str(link.get("href") or "") for link in feed.get("links") or () if link.get("rel") == rel), "")
