"""What was posted, as its network tells it, and what became of it there later."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

MentionKind = Literal["post", "reply", "repost", "quote", "comment", "article", "review", "message", "question"]


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a post, as the network says. `followers` is None where the network does not say.

    `own`: the network itself says that it is the brand, such as a developer who answers a review of his app.
    """

    id: str = ""
    handle: str = ""
    name: str = ""
    followers: int | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """One post from one network.

    `channel` + `external_id` identify it for ever. `conversation_id` is the root post's external id, or another name
    that all of a chat or a ticket have; `parent_id` is the post it answers. `language` is what the network declares (""
    where it says nothing). `media` counts pictures and videos. `edited_at` is when it got these words, None where it
    was never edited or nobody says so. `ref` is what the server that was heard calls it, "" where that is its
    `external_id`.
    """

    channel: str
    external_id: str
    text: str
    created_at: datetime
    received_at: datetime
    url: str = ""
    title: str = ""
    language: str = ""
    kind: MentionKind = "post"
    author: Author = Author()
    parent_id: str = ""
    conversation_id: str = ""
    links: tuple[str, ...] = ()
    media: int = 0
    edited_at: datetime | None = None
    ref: str = ""

    @property
    def said_at(self) -> datetime:
        """When it was given the words that it has."""
        return self.edited_at or self.created_at


@dataclass(frozen=True, slots=True)
class MatchedMention:
    """A stored mention: its database id, the listener it came by, and the watchlists it matched, in the file's order.

    `own` says that one of the brand's own accounts wrote it.
    """

    id: int
    listener: str
    watchlists: tuple[str, ...]
    own: bool
    mention: Mention


@dataclass(frozen=True, slots=True)
class PostChange:
    """What its network did to a stored mention later. The words of a deleted post are no longer kept."""

    mention_id: int
    change: Literal["edited", "deleted"]
