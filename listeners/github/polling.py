"""One listing of a repository, in the order of its changes: what changed since the last look, page by page.

    since the newest change known ─► 100 at a time ─► unknown ones are new, known ones are edits ─► cursor
Changes of the same second are asked for again, and known by their number and time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from leitstand import clock
from listeners.answers import decode, each
from listeners.contract import Batch
from listeners.fetch import Fetcher, Page
from listeners.github.posts import Post, mention
from listeners.memory import as_cursor, recall
from listeners.recent import Recent

PAGE: Final = 100
REMEMBERED: Final = 2_000
FIRST_LOOK: Final = timedelta(days=1)
_REST: Final = timedelta(minutes=1)
_LISTINGS: Final = {"issues": ("issue", {"state": "all"}), "issues/comments": ("comment", {})}


class Memory(msgspec.Struct, omit_defaults=True):
    """The cursor: the newest change heard, and the posts known with it."""

    since: str = ""
    seen: str = ""
    versions: str = ""


@dataclass(slots=True)
class Listing:
    """A part of a round."""

    name: str
    path: str
    kind: str
    params: Mapping[str, str]
    fetcher: Fetcher
    base: str
    token: str = field(repr=False)
    every: float
    cursor: str = ""
    _page: int = 1
    _etag: tuple[str, str] = ("", "")

    async def look(self) -> Batch:
        """A page of what changed."""
        memory = recall(self.cursor, Memory)
        now = clock.now()
        since = memory.since or (now - FIRST_LOOK).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        page = await self._ask(since)
        if page.not_modified:
            return Batch((), None)
        raw = decode(page, list[msgspec.Raw])
        posts = list(each(raw, Post))
        newest = max([since, *(post.updated_at for post in posts)])
        full = len(raw) == PAGE
        self._page = self._page + 1 if full and newest == since else 1
        return self._batch(posts, memory, newest, now, caught_up=not full)

    def _batch(self, posts: Sequence[Post], memory: Memory, newest: str, now: datetime, *, caught_up: bool) -> Batch:
        seen = Recent.from_text(memory.seen, REMEMBERED)
        versions = Recent.from_text(memory.versions, REMEMBERED)
        fresh = [post for post in posts if versions.add(f"{post.id}@{post.updated_at}")]
        known = {post.id for post in fresh if not seen.add(str(post.id))}
        cursor = as_cursor(Memory(newest, seen.text(), versions.text()))
        changed = cursor != self.cursor
        self.cursor = cursor
        return Batch(
            tuple(mention(post, self.kind, now) for post in fresh if post.id not in known),
            cursor if changed else None,
            edits=tuple(mention(post, self.kind, now) for post in fresh if post.id in known),
            caught_up=caught_up,
        )

    async def _ask(self, since: str) -> Page:
        params = {**self.params, "sort": "updated", "direction": "asc", "per_page": str(PAGE), "since": since}
        asked = f"{since} {self._page}"
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self._etag[0] == asked:
            headers["If-None-Match"] = self._etag[1]
        page = await self.fetcher.get(f"{self.base}{self.path}", headers, {**params, "page": str(self._page)})
        if page.status >= 400:
            _refuse(page, self.name)
        if etag := page.headers.get("etag", ""):
            self._etag = (asked, etag)
        return page


def listings(
    repositories: Sequence[str], fetcher: Fetcher, base: str, token: str, every: float, cursors: Mapping[str, str]
) -> list[Listing]:
    """The listings of some repositories."""
    return [
        Listing(
            f"{name} {what}", f"/repos/{name}/{what}", kind, params, fetcher, base, token, every,
            cursors.get(f"{name} {what}", ""),
        )
        for name in repositories
        for what, (kind, params) in _LISTINGS.items()
    ]  # fmt: skip


def _refuse(page: Page, name: str) -> None:
    """Raises FetchError in words."""
    if page.status == 401:
        raise page.refusal("GitHub does not take this token", permanent=True)
    limited = page.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in page.headers
    if page.status == 429 or (page.status == 403 and limited):
        raise page.refusal("GitHub asks us to slow down", retry_after=_until_reset(page))
    if page.status in (403, 404, 410):
        raise page.refusal(f"GitHub does not show us {name} (HTTP {page.status})")
    page.check()


def _until_reset(page: Page) -> timedelta:
    """How long GitHub wants to be left alone: at least a minute."""
    now = clock.now().timestamp()
    asked = page.headers.get("retry-after", "")
    if asked.isascii() and asked.isdigit():
        return max(_REST, timedelta(seconds=int(asked[:6])))
    reset = page.headers.get("x-ratelimit-reset", "")
    seconds = float(reset[:12]) - now if reset.isascii() and reset.isdigit() else 0.0
    return max(_REST, min(timedelta(seconds=seconds), timedelta(hours=2)))
