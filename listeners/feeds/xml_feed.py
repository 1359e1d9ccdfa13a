"""RSS 0.9x, 1.0, 2.0 and Atom → Feed, by feedparser. Runs only in the reading process: it may be slow, or never end."""

import calendar
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

import feedparser

from leitstand.errors import FetchError
from listeners.feeds.document import MAX_ITEMS, Feed, Item, item

Entry = Mapping[str, Any]  # what feedparser gives: only this module sees it

_PERIODS = {"hourly": 3600.0, "daily": 86400.0, "weekly": 604800.0, "monthly": 2592000.0, "yearly": 31536000.0}


def read(body: bytes, headers: Mapping[str, str]) -> Feed:
    """The feed in an XML document. Raises FetchError if it is none.

    `headers` are the answer's: content-type, content-language and content-location (the base of relative links).
    """
    # BytesIO, because feedparser opens what looks like an address or a file. It sanitises nothing: we keep text only.
    found = feedparser.parse(
        io.BytesIO(body), response_headers=dict(headers), sanitize_html=False, resolve_relative_uris=False
    )
    if not found.get("version") and not found.entries:
        raise FetchError(_what_is_wrong(body, found))
    feed = found.feed
    return Feed(
        tuple(_item(entry, feed) for entry in found.entries[:MAX_ITEMS]),
        title=_text(feed, "title"),
        home=_text(feed, "link"),
        language=_text(feed, "language"),
        every=_every(feed),
        hub=_linked(feed, "hub"),
        topic=_linked(feed, "self"),
        comments=_comments(feed),
    )


def _what_is_wrong(body: bytes, found: Entry) -> str:
    start = body[:2000].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")) or b"<html" in start:
        return "this is a web page, no feed"
    reason = found.get("bozo_exception")
    return f"this is no feed{f': {reason}' if reason else ''}"[:200]


def _item(entry: Entry, feed: Entry) -> Item:
    contents = [c for c in entry.get("content") or () if c.get("value")]
    best = max(contents, key=lambda c: len(c["value"]), default=None)
    best = best or {**(entry.get("summary_detail") or {}), "value": _text(entry, "summary")}
    detail = entry.get("author_detail") or {}
    language = best.get("language") or (entry.get("title_detail") or {}).get("language")
    return item(
        _text(entry, "id"),
        _text(entry, "link"),
        _html(_text(entry, "title"), entry.get("title_detail")),
        _html(str(best["value"]), best),
        _written(entry),
        str(detail.get("name") or entry.get("author") or ""),
        str(detail.get("href") or ""),
        str(language or feed.get("language") or ""),
        answers=_answers(entry),
        media=_media(entry),
    )


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
    found: Iterable[Entry] = [*(entry.get("enclosures") or ()), *(entry.get("media_content") or ())]
    kinds = {str(one.get("href") or one.get("url")): str(one.get("type") or one.get("medium") or "") for one in found}
    return sum(kind.startswith(("image", "video")) for kind in kinds.values())


def _every(feed: Entry) -> float:
    """The longest of what the feed says: `ttl` in minutes, or so many times a period."""
    ttl, period = _text(feed, "ttl"), _PERIODS.get(_text(feed, "sy_updateperiod").strip().lower(), 0.0)
    times = _text(feed, "sy_updatefrequency").strip()
    often = int(times[:6]) if times.isdecimal() else 1
    return max(int(ttl[:6]) * 60.0 if ttl.isdecimal() else 0.0, period / max(1, often))


def _comments(feed: Entry) -> str:
    """WordPress has one feed for all comments of a site, at a fixed place, and names it in no feed."""
    home = _text(feed, "link").rstrip("/")
    return f"{home}/comments/feed/" if home and "wordpress" in _text(feed, "generator").lower() else ""


def _linked(feed: Entry, rel: str) -> str:
    return next((str(link.get("href") or "") for link in feed.get("links") or () if link.get("rel") == rel), "")
