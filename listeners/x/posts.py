"""A post of X → Mention. Typed decoding; what has another shape is refused alone, unknown fields are passed over.

Every edit of a post has a number of its own; the first number of its history is what it is known by.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from leitstand.model import Author, Mention, MentionKind
from listeners.plaintext import MAX_LINKS, clean, is_link

CHANNEL: Final = "x"
FIELDS: Final[Mapping[str, list[str]]] = {
    "tweet_fields": [
        "attachments", "author_id", "conversation_id", "created_at", "edit_history_tweet_ids", "entities", "lang",
        "note_tweet", "referenced_tweets",
    ],
    "user_fields": ["name", "public_metrics", "username"],
    "expansions": ["author_id"],
}  # fmt: skip
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_LANGUAGES: Final = {"iw": "he", "in": "id"}
_NONE: Final = {"und", "zxx", "qme", "qht", "qam", "qst", "qct", "art"}
_EPOCH: Final = datetime(2010, 11, 4, 1, 42, 54, 657000, UTC)


class Told(msgspec.Struct, frozen=True, gc=False):
    """A piece of what X says. It is a tree: looking for circles in it would cost more than reading it."""


class _Url(Told, frozen=True):
    url: str = ""
    expanded_url: str = ""


class _Entities(Told, frozen=True):
    urls: list[_Url] = []


class _Note(Told, frozen=True):
    text: str = ""
    entities: _Entities = _Entities()


class _Reference(Told, frozen=True):
    type: str = ""
    id: str = ""


class _Attachments(Told, frozen=True):
    media_keys: list[str] = []


class _Metrics(Told, frozen=True):
    followers_count: int | None = None


class User(Told, frozen=True):
    """What we read of an account."""

    id: str
    username: str = ""
    name: str = ""
    public_metrics: _Metrics = _Metrics()


class Post(Told, frozen=True):
    """What we read of a post."""

    id: str
    text: str
    author_id: str = ""
    created_at: datetime | None = None
    conversation_id: str = ""
    edit_history_tweet_ids: list[str] = []
    lang: str = ""
    entities: _Entities = _Entities()
    note_tweet: _Note | None = None
    referenced_tweets: list[_Reference] = []
    attachments: _Attachments = _Attachments()

    @property
    def first_id(self) -> str:
        """What it is known by through all its edits."""
        return self.edit_history_tweet_ids[0] if self.edit_history_tweet_ids else self.id

    @property
    def is_edit(self) -> bool:
        """Whether an earlier version was published."""
        return self.first_id != self.id


class _Includes(Told, frozen=True):
    users: list[User] = []


class Problem(Told, frozen=True):
    """An error as X tells it, alone or beside data."""

    title: str = ""
    detail: str = ""
    type: str = ""
    message: str = ""
    connection_issue: str = ""
    period: str = ""
    value: str = ""
    resource_id: str = ""
    details: list[str] = []

    @property
    def about(self) -> str:
        """The number that was asked for. X documents one of these names and sends both."""
        return self.resource_id or self.value

    @property
    def said(self) -> str:
        """What is wrong, as people read it."""
        return (self.detail or "; ".join(self.details) or self.message or self.title).strip()


class Line(Told, frozen=True):
    """One line of the stream."""

    data: Post | None = None
    includes: _Includes = _Includes()
    errors: list[Problem] = []


class _Rule(Told, frozen=True):
    tag: str = ""


class TaggedLine(Line, frozen=True):
    """One line of the stream, with the rules that brought it."""

    matching_rules: list[_Rule] = []


class Meta(Told, frozen=True):
    """What a page says of itself."""

    next_token: str = ""


class Page(Told, frozen=True):
    """One page of a search or a timeline; each post as it came."""

    data: list[msgspec.Raw] = []
    includes: _Includes = _Includes()
    errors: list[Problem] = []
    meta: Meta = Meta()


@dataclass(frozen=True, slots=True)
class Read:
    """The posts in a piece of news. `newest` is the highest number among them, `error` what could not be read."""

    mentions: tuple[Mention, ...] = ()
    edits: tuple[Mention, ...] = ()
    newest: int = 0
    error: str = ""


def read(posts: Sequence[tuple[Post, Mapping[str, User]]], now: datetime, error: str = "") -> Read:
    """What the posts say. Numbers that are none count as 0."""
    mentions: list[Mention] = []
    edits: list[Mention] = []
    newest = 0
    for post, users in posts:
        (edits if post.is_edit else mentions).append(mention(post, users.get(post.author_id), now))
        if post.id.isdecimal() and len(post.id) < 20:
            newest = max(newest, int(post.id))
    return Read(tuple(mentions), tuple(edits), newest, error)


def read_page(page: Page, now: datetime) -> Read:
    """The posts of a page, oldest first."""
    users = {user.id: user for user in page.includes.users}
    posts: list[tuple[Post, Mapping[str, User]]] = []
    refused: list[str] = []
    for raw in reversed(page.data):
        try:
            posts.append((msgspec.json.decode(raw, type=Post), users))
        except UNREADABLE as fault:
            refused.append(str(fault)[:200])
    error = f"{len(refused)} of {len(page.data)} posts cannot be read: {refused[0]}" if refused else ""
    return read(posts, now, error)


def mention(post: Post, user: User | None, now: datetime) -> Mention:
    """The post as a Mention."""
    author = user or User(post.author_id)
    note = post.note_tweet if post.note_tweet and post.note_tweet.text else None
    links = [url for url in (note or post).entities.urls if is_link(url.expanded_url)]
    return Mention(
        CHANNEL,
        post.first_id,
        _text((note or post).text, links),
        min(_aware(post.created_at), now) if post.created_at else min(written_at(post.id, now), now),
        now,
        url=f"https://x.com/{author.username or 'i'}/status/{post.id}",
        language=_language(post.lang),
        kind=_kind(post),
        author=Author(author.id, author.username, author.name, author.public_metrics.followers_count),
        parent_id=_referenced(post, "replied_to"),
        conversation_id=post.conversation_id,
        links=tuple(dict.fromkeys(url.expanded_url for url in links))[:MAX_LINKS] if links else (),
        media=len(post.attachments.media_keys),
        edited_at=min(written_at(post.id, now), now) if post.is_edit else None,
        ref=post.id,
    )


def number_at(moment: datetime) -> int:
    """The lowest number of a post written at this time."""
    return max(0, (moment - _EPOCH) // timedelta(milliseconds=1)) << 22


def written_at(number: str, otherwise: datetime) -> datetime:
    """When the post with this number was written."""
    try:
        return _EPOCH + timedelta(milliseconds=int(number) >> 22)
    except (ValueError, OverflowError):
        return otherwise


def _text(text: str, links: Sequence[_Url]) -> str:
    for url in links:
        text = text.replace(url.url, url.expanded_url) if url.url else text
    return clean(html.unescape(text))


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _language(said: str) -> str:
    code = said.partition("-")[0].lower()[:35]
    return "" if code in _NONE else _LANGUAGES.get(code, code)


def _referenced(post: Post, kind: str) -> str:
    for reference in post.referenced_tweets:
        if reference.type == kind:
            return reference.id
    return ""


def _kind(post: Post) -> MentionKind:
    if not post.referenced_tweets:
        return "post"
    kinds = {reference.type for reference in post.referenced_tweets}
    if "retweeted" in kinds:
        return "repost"
    if "replied_to" in kinds:
        return "reply"
    return "quote" if "quoted" in kinds else "post"
