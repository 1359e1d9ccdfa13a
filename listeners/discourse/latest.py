"""A forum's newest posts, read back to a known one, as the part of a round.

    pages, newest first ─► until one has a known post ─► all new ones at once, oldest first, with the cursor
Known posts that a page no longer has, though it has older ones, are gone. The very first look takes one page alone.

What `before` means has changed over the years: those below it, or from it down; fifty posts, or fifty numbers, and of
them those that we may see. So a page may be empty and not the last: the walk ends at the newest known number.
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
SHOWN: Final = 50
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
        new = [post for number, post in sorted(posts.items()) if number not in known and post.readable]
        edits = [p for p in posts.values() if p.id in known and p.version != known[p.id][2] and p.readable]
        gone = _missing(known, posts)
        together = {**known, **{p.id: (p.topic_id, p.post_number, p.version) for p in posts.values() if p.readable}}
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
        before, newest = 0, max(known, default=0)
        for _ in range(most):
            posts = await self._page(before)
            found |= {post.id: post for post in posts}
            lower = [post.id for post in posts if not before or post.id < before]
            if any(post.id in known for post in posts) or not (lower or (before and known)):
                return found, True
            before = min(lower) if lower else before - SHOWN
            if before <= newest:
                return found, True
        return found, False

    async def _page(self, before: int) -> Sequence[Post]:
        headers = {"Accept": "application/json"}
        if self.key:
            headers |= {"Api-Key": self.key, "Api-Username": self.username}
        params: Mapping[str, str] = {"before": str(before)} if before else {}
        page = await self.fetcher.get(f"{self.forum.url}/posts.json", headers, params)
        if page.status in (401, 403):
            raise page.refusal("the forum does not let us read: is the api_key right?", permanent=True)
        return [post for post in each(decode(page, Page).latest_posts, Post) if post.for_all]


def _missing(known: Known, posts: Mapping[int, Post]) -> set[int]:
    """Known posts that are marked as deleted, or not there among newer and older ones."""
    marked = {number for number, post in posts.items() if post.gone and number in known}
    oldest = min(posts, default=0)
    return marked | {number for number in known if number > oldest and posts and number not in posts}
