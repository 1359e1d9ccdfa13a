"""Reddit's things → Mention, from the API (typed JSON) and from its feeds (what a link tells)."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import msgspec

from leitstand.model import Author, Mention
from listeners.plaintext import from_html, is_link

CHANNEL: Final = "reddit"
_GONE: Final = {"[deleted]", "[removed]"}
_PLACE = re.compile(r"/comments/([a-z0-9]+)(?:/[^/?#]*/([a-z0-9]+))?")
_SUBMITTED = re.compile(r"\s*submitted by\s+/u/\S+.*\Z", re.DOTALL)


class Thing(msgspec.Struct):
    """A submission (t3) or a comment (t1), as far as we use it."""

    name: str
    created_utc: float
    permalink: str = ""
    author: str | None = None
    author_fullname: str | None = None
    title: str | None = None
    selftext_html: str | None = None
    body_html: str | None = None
    url: str | None = None
    is_self: bool | None = None
    link_id: str | None = None
    parent_id: str | None = None
    edited: bool | float = False
    removed_by_category: str | None = None
    selftext: str | None = None
    body: str | None = None
    is_video: bool | None = None
    post_hint: str | None = None

    @property
    def gone(self) -> bool:
        """Whether its author or a moderator has taken it away."""
        return self.removed_by_category is not None or (self.body or self.selftext or "") in _GONE

    @property
    def edited_at(self) -> datetime | None:
        """When it was last edited; None if never, or so long ago that Reddit does not know."""
        at = float(self.edited)
        return datetime.fromtimestamp(min(at, 4e9), UTC) if at > 1 else None

    @property
    def version(self) -> str:
        """Its name with the time of its last edit."""
        return f"{self.name}@{int(self.edited)}"


class Child(msgspec.Struct):
    data: Thing


class Children(msgspec.Struct):
    children: list[msgspec.Raw]
    after: str | None = None


class Listing(msgspec.Struct):
    data: Children


def mention(thing: Thing, site: str, now: datetime) -> Mention:
    """The mention that a thing is. `site` is the address that permalinks belong to."""
    plain = from_html(thing.body_html or thing.selftext_html or "")
    title = thing.title or ""
    links = plain.links
    if thing.url and not thing.is_self and is_link(thing.url) and "/comments/" not in thing.url:
        links = (thing.url, *(link for link in links if link != thing.url))
    known = thing.author and thing.author not in _GONE
    comment = thing.name.startswith("t1_")
    return Mention(
        CHANNEL,
        thing.name,
        plain.text or title or "(no text)",
        min(datetime.fromtimestamp(min(max(thing.created_utc, 0.0), 4e9), UTC), now),
        now,
        url=f"{site}{thing.permalink}" if thing.permalink.startswith("/") else "",
        title=title if plain.text else "",
        kind="comment" if comment else "post",
        author=Author(thing.author_fullname or "", thing.author or "", thing.author or "") if known else Author(),
        parent_id=(thing.parent_id or "") if comment else "",
        conversation_id=(thing.link_id or "") if comment else thing.name,
        links=links,
        media=int(bool(thing.is_video) or thing.post_hint == "image"),
        edited_at=None if (at := thing.edited_at) is None else min(at, now),
    )


def from_feed(found: Mention) -> Mention | None:
    """A mention as the API would name it, from one of Reddit's feeds; None for what is no post."""
    place = _PLACE.search(found.url)
    if place is None:
        return None
    submission, comment = f"t3_{place[1]}", place[2]
    handle = found.author.name.removeprefix("/u/")
    text = _SUBMITTED.sub("", found.text).strip()
    title = "" if comment else found.title or found.text
    return replace(
        found,
        external_id=f"t1_{comment}" if comment else submission,
        text=text or title,
        title=title if text else "",
        kind="comment" if comment else "post",
        author=Author("", handle, handle),
        parent_id=submission if comment else "",
        conversation_id=submission,
    )
