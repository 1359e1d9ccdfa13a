"""Looks comments up again, fifty a call, for one unit of the quota: what was edited since, and what is gone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import msgspec

from leitstand import clock
from leitstand.model import Mention
from listeners.absent import absent
from listeners.answers import each
from listeners.contract import Batch, Gone, Kept
from listeners.memory import as_cursor
from listeners.rechecks import PART
from listeners.youtube.api import Api
from listeners.youtube.posts import CHANNEL, Comment, Page, of_comment
from listeners.youtube.quota import Quota, day_of

MOST: Final = 50
_VIDEO: Final = 11  # characters of a video's id; comments have longer ones


class _Named(msgspec.Struct):
    id: str


@dataclass
class Looking:
    """Asks for what is due. `doubtful` were not there the last time."""

    api: Api
    quota: Quota
    doubtful: set[str] = field(default_factory=set)

    async def look_up(self, posts: Sequence[Kept]) -> Batch:
        """What became of these comments; videos are left alone. Raises FetchError."""
        asked = {post.external_id: post for post in posts if len(post.external_id) > _VIDEO}
        items = await self._items(list(asked)) if asked else []
        found, there = list(each(items, Comment)), {named.id for named in each(items, _Named)}
        gone, self.doubtful = absent(asked, there, self.doubtful)
        now = clock.now()
        return Batch(
            (),
            as_cursor((day_of(now), self.quota.used.get(PART, 0))),
            edits=tuple(_mention(comment, now) for comment in found if _is_newer(comment, asked.get(comment.id))),
            deletes=tuple(Gone(CHANNEL, name) for name in sorted(gone)),
            checked=tuple(post for post in posts if post.external_id not in self.doubtful),
            budget=self.quota.told(now),
        )

    async def _items(self, names: Sequence[str]) -> list[msgspec.Raw]:
        params = {"part": "snippet", "id": ",".join(names), "textFormat": "plainText"}
        return (await self.api.get("comments", Page, params, part=PART, quota=self.quota)).items


def used(cursor: str) -> tuple[str, int]:
    """The day and the units of the quota that the stored cursor tells."""
    try:
        return msgspec.json.decode(cursor or "null", type=tuple[str, int])
    except (msgspec.MsgspecError, UnicodeError):
        return "", 0


def _mention(comment: Comment, now: datetime) -> Mention:
    """As it is now. Without its video's name its address stays the one that is known."""
    told = of_comment(comment, comment.snippet.parent_id or comment.id, "", "", now)
    return told if comment.snippet.video_id else replace(told, url="")


def _is_newer(comment: Comment, post: Kept | None) -> bool:
    return post is not None and comment.edited and post.missed(comment.snippet.updated_at)
