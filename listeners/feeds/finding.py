"""Finds feeds: the one a web page names (`link rel="alternate"`), and those in an OPML file."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

from leitstand.errors import FetchError
from listeners.markup import read_whole
from listeners.plaintext import is_link

MAX_PAGE: Final = 1_000_000
MAX_OPML: Final = 20_000_000
_TYPES: Final = {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"}
_COMMENTS: Final = ("/comments/feed", "/comments/", "comments/default", "feed=comments")


def looks_like_page(body: bytes) -> bool:
    """Whether this is HTML and not XML or JSON."""
    start = body[:2_000].lstrip().lower()
    return b"<html" in start or start.startswith(b"<!doctype html")


def feeds_on_page(body: bytes, address: str) -> list[str]:
    """The feeds that a web page names, in its order, whole addresses; those of comments come last."""
    page = _Page(address)
    read_whole(page, body[:MAX_PAGE].decode("utf-8", "replace"))
    found = dict.fromkeys(joined(page.base, href) for href in page.hrefs)
    return sorted((link for link in found if is_link(link)), key=is_of_comments)


def is_of_comments(address: str) -> bool:
    """Whether this is the address of a feed of comments, as WordPress and Blogger write it."""
    return any(part in address.lower() for part in _COMMENTS)


def read_opml(path: Path) -> list[str]:
    """The addresses of the feeds in an OPML file, each once. Raises FetchError if there is none."""
    try:
        raw = path.read_bytes()[:MAX_OPML]
    except OSError as error:
        raise FetchError(f"{path.name} cannot be read: {error.strerror}", permanent=True) from error
    outlines = _Outlines()
    read_whole(outlines, raw.decode("utf-8-sig", "replace"))
    if not outlines.addresses:
        raise FetchError(f"{path.name} names no feed: it has no outline with an xmlUrl", permanent=True)
    return list(outlines.addresses)


def joined(base: str, href: str) -> str:
    """The whole address of a link on a page, "" if it is none."""
    try:
        return urljoin(base, href)
    except ValueError:
        return ""


class _Page(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.base = address
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: (value or "").strip() for name, value in attrs}
        href = given.get("href", "")
        if tag == "base" and href:
            self.base = joined(self.base, href) or self.base
        elif tag == "link" and "alternate" in given.get("rel", "").lower().split() and href:
            kind = given.get("type", "").lower()
            if kind in _TYPES or (kind == "application/json" and "/wp-json/" not in href):
                self.hrefs.append(href)


class _Outlines(HTMLParser):
    """OPML is XML, but what programs write often is not quite; nothing here expands an entity of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: dict[str, None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = (dict(attrs).get("xmlurl") or "").strip()
        if tag == "outline" and is_link(address):
            self.addresses[address] = None
