"""GitHub's issues, comments and discussions → Mention, named alike by webhooks and by listings."""

import re
from datetime import datetime
from typing import Final

import msgspec

from leitstand.model import Author, Mention, MentionKind
from listeners.plaintext import clean, is_link
from listeners.times import time_of

CHANNEL: Final = "github"
ROOTS: Final = ("issue", "discussion")
_thread = re.compile(r"https?://[^/]+/([^/]+/[^/]+)/(issues|pull|discussions|commit)/([0-9a-f]+)")


class User(msgspec.Struct):
    login: str = ""
    id: int = 0
    type: str = ""


class Post(msgspec.Struct):
    """An issue, a pull request, a discussion or a comment; what it has not is empty."""

    id: int
    user: User | None = None
    body: str | None = None
    title: str | None = None
    html_url: str = ""
    created_at: str = ""
    updated_at: str = ""
    parent_id: int | None = None


def mention(post: Post, kind: str, now: datetime) -> Mention:
    """`kind` is "issue", "discussion", "comment" …; an issue without words is its title."""
    thread, name = thread_of(post.html_url), name_of(post, kind)
    below = kind not in ROOTS
    user, words = post.user or User(), clean(post.body or "")
    heading = "" if below else clean(post.title or "")[:1_000]
    written: MentionKind = "comment" if below else "post"
    answered = f"{kind}-{post.parent_id}" if post.parent_id else thread
    return Mention(
        CHANNEL,
        name,
        words or heading or "(no text)",
        time_of(post.created_at, now),
        now,
        url=post.html_url if is_link(post.html_url) else "",
        title=heading if words else "",
        kind=written,
        author=Author(str(user.id or ""), user.login, user.login),
        parent_id=answered if below else "",
        conversation_id=(thread or name) if below else name,
    )


def name_of(post: Post, kind: str) -> str:
    """A post's id: an issue's is that of its thread, since comments know no other."""
    return (thread_of(post.html_url) if kind in ROOTS else "") or f"{kind}-{post.id}"


def thread_of(html_url: str) -> str:
    """`owner/repository#7` of an issue, a pull request or a discussion, `owner/repository@1a2b…` of a commit; else "".

    What all ways of hearing know of a post.
    """
    found = _thread.match(html_url)
    return f"{found[1]}{'@' if found[2] == 'commit' else '#'}{found[3]}" if found else ""
