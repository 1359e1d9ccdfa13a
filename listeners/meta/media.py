"""An Instagram account: its media, the comments below them with their replies, and media it is tagged in."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from leitstand import clock
from leitstand.model import Author, Mention
from listeners import hooks
from listeners.answers import each
from listeners.contract import Batch, Kept
from listeners.hooks import HookRequest, Received
from listeners.meta.again import Looking
from listeners.meta.callbacks import Change
from listeners.meta.compare import Known
from listeners.meta.graph import Graph, Id
from listeners.plaintext import clean, is_link
from listeners.times import time_of

CHANNEL: Final = "instagram"
_MEDIA_FIELDS: Final = "id,caption,username,timestamp,permalink"
_COMMENT_FIELDS: Final = "id,text,username,from,timestamp,parent_id"
_WITH_REPLIES: Final = f"{_COMMENT_FIELDS},replies.limit(50){{{_COMMENT_FIELDS}}}"
_CALLS: Final = ("comments", "live_comments")


class Person(msgspec.Struct):
    id: str = ""
    username: str = ""


class MediaRow(msgspec.Struct):
    """A picture or a video."""

    id: Id
    caption: str = ""
    username: str = ""
    timestamp: str = ""
    permalink: str = ""

    @property
    def written(self) -> str:
        return self.timestamp


class Replies(msgspec.Struct):
    data: list[msgspec.Raw] = []


class CommentRow(msgspec.Struct):
    """A comment as listings have it."""

    id: Id
    text: str = ""
    username: str = ""
    author: Person = msgspec.field(default_factory=Person, name="from")
    timestamp: str = ""
    parent_id: str = ""
    replies: Replies = msgspec.field(default_factory=Replies)

    @property
    def written(self) -> str:
        return self.timestamp


class Value(msgspec.Struct):
    """A comment as webhooks have it."""

    id: str = ""
    text: str = ""
    author: Person = msgspec.field(default_factory=Person, name="from")
    media: Person = msgspec.field(default_factory=Person)
    parent_id: str = ""


@dataclass(slots=True)
class AccountMedia:
    """What an account shows, or, `path` "tags", what it is tagged in: there only its owner may see the comments."""

    graph: Graph
    account: str
    path: str = "media"
    channel: str = CHANNEL
    username: str = ""  # the account's, as its own media tell it

    async def posts(self, known: Known) -> tuple[list[Mention], bool]:
        """Media, newest first, back to a known one."""
        path = f"{self.account}/{self.path}"
        found, whole = await self.graph.back_to(known, path, {"fields": _MEDIA_FIELDS}, MediaRow)
        now, ours = clock.now(), self.path == "media"
        self.username = next((row.username for row in found if ours and row.username), self.username)
        return [from_media(row, now, own=ours) for row in found], whole

    async def comments(self, post: str, known: Known) -> tuple[list[Mention], bool]:
        """Comments with their replies, newest first, back to a known one."""
        if self.path == "tags":
            return [], True
        path = f"{post}/comments"
        found, whole = await self.graph.back_to(known, path, {"fields": _WITH_REPLIES}, CommentRow)
        now = clock.now()
        ours = frozenset((self.account, self.username)) - {""}
        return [mention for row in found for mention in _with_replies(row, post, now, ours)], whole


def looking(graph: Graph, account: str) -> Looking:
    """What looks comments up again."""
    return Looking(graph, f"{account}/media", _COMMENT_FIELDS, lambda post: bool(post.ref), _again)


def _again(raw: msgspec.Raw, post: Kept, now: datetime) -> Mention | None:
    row = next(each([raw], CommentRow), None)
    return next(_with_replies(row, post.ref, now), None) if row and row.text else None


def _with_replies(row: CommentRow, media: str, now: datetime, ours: Container[str] = frozenset()) -> Iterator[Mention]:
    replies = each(row.replies.data, CommentRow)
    for one, parent in ((row, row.parent_id), *((reply, row.id) for reply in replies)):
        if one.text:
            who = Person(one.author.id, one.author.username or one.username)
            author = _author(who, ours)
            yield _comment(one.id, one.text, author, time_of(one.timestamp, now), now, media, parent)


def from_media(row: MediaRow, now: datetime, *, own: bool) -> Mention:
    """A picture or a video with its caption."""
    return Mention(
        CHANNEL,
        row.id,
        clean(row.caption) or "(no text)",
        time_of(row.timestamp, now),
        now,
        url=row.permalink if is_link(row.permalink) else "",
        author=Author(row.username, row.username, row.username, own=own),
        conversation_id=row.id,
        media=1,
    )


def read(account: str, changes: Iterator[Change], request: HookRequest, rejected: list[str]) -> Received:
    """The comments of a call about `account`; stories, and mentions that come without words, are left to polling."""
    new: list[Mention] = []
    for change in changes:
        value = hooks.convert(change.value, Value, change.place, rejected) if change.field in _CALLS else None
        if value is None or not (value.id and value.text):
            continue
        sent = change.entry.time // 1000 if change.entry.time > 10**11 else change.entry.time
        written = min(datetime.fromtimestamp(min(max(sent, 0), 4_000_000_000), UTC), request.at) if sent else request.at
        author, media = _author(value.author, (account,)), value.media.id
        new.append(_comment(value.id, value.text, author, written, request.at, media, value.parent_id))
    return Received(Batch(tuple(new), None, hooks.PART) if new else None, tuple(rejected))


def _author(person: Person, ours: Container[str]) -> Author:
    """What the account says itself is the brand's."""
    own = person.id in ours or person.username in ours
    return Author(person.username or person.id, person.username, person.username, own=own)


def _comment(
    name: str, text: str, author: Author, written: datetime, now: datetime, media: str, parent: str
) -> Mention:
    return Mention(
        CHANNEL,
        name,
        clean(text) or "(no text)",
        written,
        now,
        kind="comment",
        author=author,
        parent_id=parent or media,
        conversation_id=media or name,
        ref=media,
    )
