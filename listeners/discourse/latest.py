"""A forum's newest posts, read back to a known one, as the part of a round.

    pages, newest first ─► until one has a known post ─► all new ones at once, oldest first, with the cursor
Known posts that a page no longer has, though it has older ones, are gone. The very first look takes one page alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from leitstand import clock
from listeners.answers import decode, each
from listeners.contract import Batch, Gone
from listeners.discourse.posts import CHANNEL, Forum, Post
from listeners.fetch import Fetcher
from listeners.memory import recall

MOST_PAGES: Final = 40
REMEMBERED: Final = 500

Known = dict[int, tuple[int, int, int]]  # a post's number → topic, place, version


class Page(msgspec.Struct):
    latest_posts: list[msgspec.Raw] = []


@dataclass(slots=True)
class Latest:
    """A part of a round."""

    name: str
    fetcher: Fetcher
    forum: Forum
    key: str = field(repr=False)
    username: str
    every: float
    cursor: str = ""

    async def look(self) -> Batch:
        """What is new, edited and gone."""
        known, first = recall(self.cursor, Known), not self.cursor
        posts, reached = await self._walk(known, 1 if first else MOST_PAGES)
        now = clock.now()
        new = [post for number, post in sorted(posts.items()) if number not in known and not post.gone]
        edits = [p for p in posts.values() if p.id in known and p.version != known[p.id][2] and not p.gone]
        gone = _missing(known, posts)
        together = {**known, **{p.id: (p.topic_id, p.post_number, p.version) for p in posts.values() if not p.gone}}
        cursor = msgspec.json.encode(dict(sorted((k, v) for k, v in together.items() if k not in gone)[-REMEMBERED:]))
        changed = cursor.decode() != self.cursor
        self.cursor = cursor.decode()
        return Batch(
            tuple(self.forum.mention(post, now) for post in new),
            self.cursor if changed else None,
            edits=tuple(self.forum.mention(post, now) for post in edits),
            deletes=tuple(Gone(CHANNEL, self.forum.name(*known[number][:2])) for number in sorted(gone)),
            lost="" if reached or first else "more new posts than the forum lists: some may have been missed",
        )

    async def _walk(self, known: Known, most: int) -> tuple[dict[int, Post], bool]:
        """The newest posts by number, and whether a known one or the end was reached."""
        found: dict[int, Post] = {}
        before = ""
        for _ in range(most):
            posts = await self._page(before)
            found |= {post.id: post for post in posts}
            if not posts or any(post.id in known for post in posts):
                return found, True
            before = str(min(post.id for post in posts))
        return found, False

    async def _page(self, before: str) -> Sequence[Post]:
        headers = {"Accept": "application/json"}
        if self.key:
            headers |= {"Api-Key": self.key, "Api-Username": self.username}
        params: Mapping[str, str] = {"before": before} if before else {}
        page = await self.fetcher.get(f"{self.forum.url}/posts.json", headers, params)
        if page.status in (401, 403):
            raise page.refusal("the forum does not let us read: is the api_key right?", permanent=True)
        return list(each(decode(page, Page).latest_posts, Post))


def _missing(known: Known, posts: Mapping[int, Post]) -> set[int]:
    """Known posts that are marked as deleted, or not there among newer and older ones."""
    marked = {number for number, post in posts.items() if post.gone and number in known}
    oldest = min(posts, default=0)
    return marked | {number for number in known if number > oldest and posts and number not in posts}
