"""A Facebook page: its posts and those of its visitors, the comments below them, and who mentions it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

import msgspec

from leitstand import clock
from leitstand.model import Author, Mention, MentionKind
from listeners import hooks
from listeners.answers import each
from listeners.contract import Batch, Gone, Kept
from listeners.hooks import HookRequest, Received
from listeners.meta.again import Looking
from listeners.meta.callbacks import Change
from listeners.meta.compare import Known
from listeners.meta.graph import Graph, Id
from listeners.plaintext import clean, is_link
from listeners.times import time_of

CHANNEL: Final = "facebook"
SITE: Final = "https://www.facebook.com/"
_POST_FIELDS: Final = "id,message,from,created_time,permalink_url"
_COMMENT_FIELDS: Final = f"{_POST_FIELDS},parent{{id}}"
_POSTS: Final = {"post", "status", "photo", "video", "share", "link"}
_EDITS: Final = {"edited", "edit"}
# What the API calls the same field in its two ways.
Time = int | str


class Person(msgspec.Struct):
    id: str = ""
    name: str = ""


class Parent(msgspec.Struct):
    id: str = ""


class Row(msgspec.Struct):
    """A post or a comment as listings have it."""

    id: Id
    message: str = ""
    author: Person = msgspec.field(default_factory=Person, name="from")
    created_time: Time = 0
    permalink_url: str = ""
    parent: Parent = msgspec.field(default_factory=Parent)

    @property
    def written(self) -> str:
        return str(self.created_time or "")


class Value(msgspec.Struct):
    """A change as webhooks have it."""

    item: str = ""
    verb: str = "add"
    post_id: str = ""
    comment_id: str = ""
    parent_id: str = ""
    message: str = ""
    author: Person = msgspec.field(default_factory=Person, name="from")
    sender_id: str = ""
    sender_name: str = ""
    created_time: Time = 0
    permalink_url: str = ""


@dataclass(slots=True)
class PagePosts:
    """What is on a page, or, `path` "tagged", what mentions it."""

    graph: Graph
    page: str
    path: str = "feed"
    channel: str = CHANNEL

    async def posts(self, known: Known) -> tuple[list[Mention], bool]:
        """Posts, newest first, back to a known one."""
        return await self._walk(f"{self.page}/{self.path}", {"fields": _POST_FIELDS}, "", known)

    async def comments(self, post: str, known: Known) -> tuple[list[Mention], bool]:
        """Comments of all levels, newest first, back to a known one."""
        params = {"fields": _COMMENT_FIELDS, "filter": "stream", "order": "reverse_chronological"}
        return await self._walk(f"{post}/comments", params, post, known)

    async def _walk(self, path: str, params: dict[str, str], post: str, known: Known) -> tuple[list[Mention], bool]:
        found, whole = await self.graph.back_to(known, path, params, Row)
        now = clock.now()
        return [from_row(row, post, self.page, now) for row in found if row.message or not post], whole


def looking(graph: Graph, page: str) -> Looking:
    """What looks the page's posts and their comments up again; who mentions it elsewhere may be out of our sight."""
    again = partial(_again, page)
    return Looking(graph, f"{page}/feed", _COMMENT_FIELDS, lambda post: post.ref.startswith(f"{page}_"), again)


def _again(page: str, raw: msgspec.Raw, post: Kept, now: datetime) -> Mention | None:
    row = next(each([raw], Row), None)
    return from_row(row, "" if post.ref == row.id else post.ref, page, now) if row and row.message else None


def from_row(row: Row, post: str, page: str, now: datetime) -> Mention:
    """A row of a listing of `page`; `post` is what it is a comment of, "" for a post."""
    parent = (row.parent.id or post) if post else ""
    url = row.permalink_url if is_link(row.permalink_url) else f"{SITE}{row.id}"
    author = _author(row.author, page)
    return _mention(row.id, row.message, author, _time(row.created_time, now), now, url, post or row.id, parent)


def read(page: str, changes: Iterator[Change], request: HookRequest, rejected: list[str]) -> Received:
    """What a call's changes say of `page`. Unknown kinds of change are none of ours."""
    new: list[Mention] = []
    edits: list[Mention] = []
    deletes: list[Gone] = []
    for change in changes:
        if change.field not in ("feed", "mention"):
            continue
        value = hooks.convert(change.value, Value, change.place, rejected)
        if value is None or not (name := _name(value, change.field)):
            continue
        if value.verb == "remove":
            deletes.append(Gone(CHANNEL, name))
        elif value.message and value.verb in ("add", *_EDITS):
            mention = _from_value(name, value, page, change.entry.time, request.at)
            (edits if value.verb in _EDITS else new).append(mention)
    if not (new or edits or deletes):
        return Received(None, tuple(rejected))
    batch = Batch(tuple(new), None, hooks.PART, edits=tuple(edits), deletes=tuple(deletes))
    return Received(batch, tuple(rejected))


def _name(value: Value, field: str) -> str:
    if value.item == "comment" or (field == "mention" and value.comment_id):
        return value.comment_id
    return value.post_id if value.item in _POSTS or field == "mention" else ""


def _from_value(name: str, value: Value, page: str, sent: int, now: datetime) -> Mention:
    author = _author(value.author if value.author.id else Person(value.sender_id, value.sender_name), page)
    url = value.permalink_url if is_link(value.permalink_url) else f"{SITE}{name}"
    parent = (value.parent_id or value.post_id) if value.comment_id else ""
    written = _time(value.created_time or sent, now)
    return _mention(name, value.message, author, written, now, url, value.post_id or name, parent)


def _author(person: Person, page: str) -> Author:
    """What the page says itself is the brand's."""
    return Author(person.id, person.id, person.name, own=person.id == page)


def _mention(
    name: str, text: str, author: Author, written: datetime, now: datetime, url: str, root: str, parent: str
) -> Mention:
    kind: MentionKind = "comment" if parent else "post"
    return Mention(
        CHANNEL,
        name,
        clean(text) or "(no text)",
        written,
        now,
        url=url,
        kind=kind,
        author=author,
        parent_id=parent,
        conversation_id=root,
        ref=root,
    )


def _time(value: Time, now: datetime) -> datetime:
    """Seconds, or a time as the API writes it; never in the future, and now where it says nothing."""
    if isinstance(value, str):
        return time_of(value, now)
    try:
        return min(datetime.fromtimestamp(value, UTC), now) if value > 0 else now
    except (ValueError, OverflowError, OSError):
        return now
