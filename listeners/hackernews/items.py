"""Hacker News' items and its search's hits → Mention. Both name a post by the same number."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from leitstand.model import Author, Mention, MentionKind
from listeners.plaintext import from_html, is_link

CHANNEL: Final = "hackernews"
SITE: Final = "https://news.ycombinator.com/item?id="


class Item(msgspec.Struct):
    """A story, a comment, a poll or a job, as the API has it."""

    id: int
    type: str = "story"
    by: str = ""
    time: int = 0
    text: str | None = None
    title: str | None = None
    url: str | None = None
    parent: int | None = None
    deleted: bool = False
    dead: bool = False

    @property
    def gone(self) -> bool:
        return self.deleted or self.dead


class Hit(msgspec.Struct):
    """The same as the search has it."""

    id: str = msgspec.field(name="objectID")
    created: int = msgspec.field(name="created_at_i")
    author: str | None = None
    comment_text: str | None = None
    story_text: str | None = None
    title: str | None = None
    url: str | None = None
    parent_id: int | None = None
    story_id: int | None = None


def mention(item: Item, root: int, now: datetime) -> Mention:
    """The mention that an item is. `root` is the number of its story."""
    return _mention(item.id, item.by, item.time, item.text, item.title, item.url, item.parent, root, now)


def from_hit(hit: Hit, now: datetime) -> Mention:
    """The mention that a hit is."""
    text = hit.comment_text or hit.story_text
    parent = hit.parent_id if hit.comment_text else None
    return _mention(
        int(hit.id), hit.author or "", hit.created, text, hit.title, hit.url, parent, hit.story_id or parent, now
    )


def _mention(
    number: int,
    author: str,
    time: int,
    html: str | None,
    title: str | None,
    url: str | None,
    parent: int | None,
    root: int | None,
    now: datetime,
) -> Mention:
    plain, words = from_html(html or ""), from_html(title or "").text
    link = (url,) if url and is_link(url) else ()
    kind: MentionKind = "comment" if parent else "question" if words.lower().startswith("ask hn") else "post"
    return Mention(
        CHANNEL,
        str(number),
        plain.text or words or "(no text)",
        min(datetime.fromtimestamp(min(max(time, 0), 4_000_000_000), UTC), now),
        now,
        url=f"{SITE}{number}",
        title=words if plain.text and not parent else "",
        kind=kind,
        author=Author(author, author, author),
        parent_id=str(parent) if parent else "",
        conversation_id=str(root or number),
        links=tuple(dict.fromkeys((*link, *plain.links))),
    )
