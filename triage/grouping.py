"""Grouping keys: what makes a mention join a case. At most one open case holds a key.

Conversation keys come from the root, the parent and the post itself, so that a reply to any mention of a case joins it,
also where the root was never seen. Author keys join posts of one author on one watchlist for a while. Story keys join
reposts, copies and the same link: `triage.stories` says which story a post belongs to.
"""

import hashlib

from leitstand.model import Author, Mention

_LONGEST = 300  # a key is an index entry; longer ids are hashed


def conversation_keys(mention: Mention) -> tuple[str, ...]:
    """The keys of the conversation, root first."""
    ids = dict.fromkeys(i for i in (mention.conversation_id, mention.parent_id, mention.external_id) if i)
    return tuple(_key("c", mention.channel, i) for i in ids)


def author_keys(mention: Mention, watchlists: tuple[str, ...]) -> tuple[str, ...]:
    """A key a watchlist, in the file's order; none for an author without id and handle."""
    owner = identity(mention.author)
    return tuple(_key("a", mention.channel, name, owner) for name in watchlists) if owner else ()


def story_key(story: int) -> str:
    """The key of a story."""
    return f"s:{story}"


def identity(author: Author) -> str:
    """What tells one author from another on one channel, "" for nobody."""
    return author.id or author.handle.casefold().removeprefix("@")


def _key(kind: str, *parts: str) -> str:
    key = ":".join((kind, *parts))
    return key if len(key) <= _LONGEST else f"{key[:64]}#{hashlib.sha256(key.encode()).hexdigest()}"
