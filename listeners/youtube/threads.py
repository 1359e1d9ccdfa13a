"""The comments of a channel or of a video: threads newest first, read back to what is known, and their replies.

    pages of threads ─► until a page ends with a known one; now and then some pages more, because a new reply moves no
                        thread to the front ─► replies of threads that have more than before
    now and then: the youngest known comments, to see which are gone
Nothing is told before the walk has ended, so that a kill in between loses nothing.
"""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from leitstand import clock
from leitstand.model import Mention
from listeners.absent import absent
from listeners.answers import each
from listeners.contract import Batch, Gone
from listeners.memory import as_cursor, recall
from listeners.recent import Recent
from listeners.youtube.api import Api
from listeners.youtube.posts import CHANNEL, Comment, Page, Thread, of_comment
from listeners.youtube.quota import Quota, day_of

MOST_PAGES: Final = 20
DEEP_EVERY: Final = 10  # looks
DEEP_PAGES: Final = 3
MOST_REPLY_PAGES: Final = 10
LOOKED_AT_AGAIN: Final = 50
REMEMBERED: Final = 2_000
UNTOLD: Final = 20  # units; a cursor is not written for fewer alone
COUNTED: Final = 500


class Memory(msgspec.Struct, omit_defaults=True):
    """The cursor: comments heard, versions of edited ones, replies a thread had, and units used on a day."""

    seen: str = ""
    versions: str = ""
    replies: dict[str, int] = {}
    day: str = ""
    used: int = 0


@dataclass(slots=True)
class _Found:
    """What a look has gathered."""

    new: dict[str, Mention] = field(default_factory=dict)
    edits: list[Mention] = field(default_factory=list)


@dataclass(slots=True)
class Threads:
    """The comments that one filter selects (a channel, a video), as a part of a round."""

    name: str
    filter: dict[str, str]
    api: Api
    quota: Quota
    interval: float
    parts: int
    cursor: str = ""
    every: float = 0.0
    _looks: int = 0
    _doubtful: set[str] = field(default_factory=set)
    _seen: Recent = field(default_factory=lambda: Recent(REMEMBERED))
    _versions: Recent = field(default_factory=lambda: Recent(REMEMBERED))

    async def look(self) -> Batch:
        """What is new, edited and gone. Raises FetchError."""
        memory = recall(self.cursor, Memory)
        self._seen = Recent.from_text(memory.seen, REMEMBERED)
        self._versions = Recent.from_text(memory.versions, REMEMBERED)
        deep = self._looks % DEEP_EVERY == DEEP_EVERY - 1
        self._looks += 1
        spent = self.quota.used.get(self.name, 0)
        threads, met = await self._threads(DEEP_PAGES if deep else 1)
        found = _Found()
        counts = dict(memory.replies)
        for thread in threads:
            await self._hear(thread, counts, found, known=bool(memory.seen))
        deletes = await self._gone() if deep else []
        for name in found.new:
            self._seen.add(name)
        return self._batch(memory, counts, found, deletes, self.quota.used.get(self.name, 0) - spent, met=met)

    def _batch(
        self, old: Memory, counts: dict[str, int], found: _Found, deletes: list[Gone], cost: int, *, met: bool
    ) -> Batch:
        now = clock.now()
        self.every = max(self.interval, self.quota.pause(max(1, cost) * self.parts, now))
        memory = Memory(
            self._seen.text(),
            self._versions.text(),
            dict(list(counts.items())[-COUNTED:]),
            day_of(now),
            self.quota.used.get(self.name, 0),
        )
        self.cursor = as_cursor(memory)
        new = sorted(found.new.values(), key=lambda mention: mention.created_at)
        same = msgspec.structs.replace(memory, day=old.day, used=old.used) == old
        worth_keeping = not same or memory.day != old.day or memory.used - old.used >= UNTOLD
        lost = "" if met else "more comments came than are read at once: the oldest of them are missing"
        return Batch(
            tuple(new),
            self.cursor if worth_keeping else None,
            edits=tuple(found.edits),
            deletes=tuple(deletes),
            lost=lost,
            budget=self.quota.told(now),
        )

    async def _threads(self, least: int) -> tuple[list[Thread], bool]:
        """The threads of the newest pages; and whether a known one was met, or the end."""
        found: dict[str, Thread] = {}
        token = ""
        for number in range(1, MOST_PAGES + 1):
            asked = {"part": "snippet,replies", "order": "time", "maxResults": "100", **self.filter}
            page = await self._page("commentThreads", asked, token)
            threads = list(each(page.items, Thread))
            found |= {thread.id: thread for thread in threads}
            token = page.next_page_token
            known = bool(threads) and threads[-1].id in self._seen
            if not token or not len(self._seen) or (known and number >= least):
                return list(found.values()), True
        return list(found.values()), False

    async def _hear(self, thread: Thread, counts: dict[str, int], found: _Found, *, known: bool) -> None:
        """A thread with its replies, all of them if it has more than before."""
        replies = list(each(thread.replies.comments, Comment)) if thread.replies else []
        count, before = thread.snippet.total_reply_count, counts.pop(thread.id, None)
        if count > len(replies) and known and count > (before or 0):
            replies = await self._replies(thread.id)
        counts[thread.id] = count
        for comment in (thread.snippet.top_level_comment, *replies):
            self._note(comment, thread, found)

    def _note(self, comment: Comment, thread: Thread, found: _Found) -> None:
        place = thread.snippet.video_id, thread.snippet.channel_id
        changed = comment.edited and self._versions.add(comment.version)
        if comment.id not in self._seen:
            found.new[comment.id] = of_comment(comment, thread.id, *place, clock.now())
        elif changed:
            found.edits.append(of_comment(comment, thread.id, *place, clock.now()))

    async def _replies(self, thread: str) -> list[Comment]:
        found: list[Comment] = []
        token = ""
        for _ in range(MOST_REPLY_PAGES):
            page = await self._page("comments", {"part": "snippet", "maxResults": "100", "parentId": thread}, token)
            found += each(page.items, Comment)
            token = page.next_page_token
            if not token:
                break
        return found

    async def _gone(self) -> list[Gone]:
        """The youngest comments that are gone. An answer without any makes none doubtful."""
        names = self._seen.youngest()[:LOOKED_AT_AGAIN]
        if not names:
            return []
        page = await self._page("comments", {"part": "snippet", "id": ",".join(names)}, "")
        there = {comment.id for comment in each(page.items, Comment)}
        gone, doubtful = absent(names, there, self._doubtful)
        self._doubtful = doubtful if there else set()
        return [Gone(CHANNEL, name) for name in sorted(gone) if self._versions.add(f"{name}@gone")]

    async def _page(self, what: str, params: dict[str, str], token: str) -> Page:
        given = {**params, "textFormat": "plainText"} | ({"pageToken": token} if token else {})
        return await self.api.get(what, Page, given, part=self.name, quota=self.quota)
