"""A forum's posts → Mention. A post is named by forum, topic and place in it: answers know no other name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from leitstand.model import Author, Mention
from listeners import hooks
from listeners.contract import Batch, Gone
from listeners.hooks import HookRequest, Received
from listeners.plaintext import from_html
from listeners.times import time_of

CHANNEL: Final = "discourse"
REGULAR: Final = 1


class Post(msgspec.Struct):
    """A post as webhooks and listings have it."""

    id: int
    topic_id: int
    post_number: int
    username: str = ""
    name: str | None = None
    user_id: int = 0
    created_at: str = ""
    cooked: str = ""
    version: int = 1
    topic_slug: str = ""
    topic_title: str | None = None
    reply_to_post_number: int | None = None
    deleted_at: str | None = None
    user_deleted: bool = False
    post_type: int = 1
    topic_archetype: str | None = None
    hidden: bool = False

    @property
    def gone(self) -> bool:
        return self.deleted_at is not None or self.user_deleted

    @property
    def for_all(self) -> bool:
        """Whether a user says it to everybody: no note of the forum, whisper of its staff or message to single ones."""
        return self.post_type == REGULAR and self.topic_archetype != "private_message"

    @property
    def readable(self) -> bool:
        """Whether it is there with its own words. What many have flagged shows a notice in their place."""
        return not self.gone and not self.hidden


@dataclass(frozen=True, slots=True)
class Forum:
    """A forum by its address."""

    url: str

    def name(self, topic: int, place: int) -> str:
        """The id of the post at this place of a topic."""
        return f"{urlsplit(self.url).netloc}/{topic}/{place}"

    def mention(self, post: Post, now: datetime) -> Mention:
        """The mention that a post is."""
        first = post.post_number == 1
        plain, title = from_html(post.cooked), from_html(post.topic_title or "").text[:1_000]
        answered = post.reply_to_post_number or 1
        return Mention(
            CHANNEL,
            self.name(post.topic_id, post.post_number),
            plain.text or title or "(no text)",
            time_of(post.created_at, now),
            now,
            url=f"{self.url}/t/{post.topic_slug or '-'}/{post.topic_id}/{post.post_number}",
            title=title if first and plain.text else "",
            kind="post" if first else "comment",
            author=Author(str(post.user_id or post.username), post.username, post.name or post.username),
            parent_id="" if first else self.name(post.topic_id, answered),
            conversation_id=self.name(post.topic_id, 1),
            links=plain.links,
        )


class Call(msgspec.Struct):
    post: msgspec.Raw = msgspec.Raw(b"null")


def read(request: HookRequest, forum: Forum) -> Received:
    """What one call says; nothing for events other than of posts. Raises HookRefusedError."""
    event = request.headers.get("x-discourse-event", "")
    call = hooks.read_json(request, Call)
    if event not in ("post_created", "post_edited", "post_destroyed", "post_recovered"):
        return Received()
    rejected: list[str] = []
    post = hooks.convert(call.post, Post, "post", rejected)
    if post is None:
        return Received(None, tuple(rejected))
    if event == "post_destroyed" or post.gone:
        gone = Gone(CHANNEL, forum.name(post.topic_id, post.post_number))
        return Received(Batch((), None, hooks.PART, deletes=(gone,)))
    if not (post.for_all and post.readable):
        return Received()
    one = forum.mention(post, request.at)
    if event == "post_created":
        return Received(Batch((one,), None, hooks.PART))
    return Received(Batch((), None, hooks.PART, edits=(one,)))
