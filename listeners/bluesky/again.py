"""Looks posts up again at the AppView, 25 a call: what was edited since, and what is gone, be it with its account.

What is gone is not in the answer. Of posts whose edit the stream has told nothing is
taken over: the AppView may still show their first words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import msgspec

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.model import Mention
from listeners.absent import absent
from listeners.answers import decode, each
from listeners.bluesky.posts import CHANNEL, POSTS, Record, mention
from listeners.contract import Batch, Gone, Kept
from listeners.fetch import Fetcher
from listeners.times import time_of

MOST: Final = 25
_REFUSED: Final = (401, 403)


class _View(msgspec.Struct):
    uri: str
    record: msgspec.Raw = msgspec.Raw(b"{}")
    indexedAt: str = ""  # noqa: N815  the network's name


class _Answer(msgspec.Struct):
    posts: list[msgspec.Raw]


@dataclass
class Looking:
    """Asks for what is due. `doubtful` were not there the last time."""

    fetcher: Fetcher
    appview: str
    doubtful: set[str] = field(default_factory=set)

    async def look_up(self, posts: Sequence[Kept]) -> Batch:
        """What became of these posts. Raises FetchError."""
        asked = {post.external_id: post for post in posts}
        views = list(each(await self._views(list(asked)), _View))
        gone, self.doubtful = absent(asked, {view.uri for view in views}, self.doubtful)
        now = clock.now()
        unedited = (view for view in views if view.uri in asked and asked[view.uri].edited_at is None)
        return Batch(
            (),
            now.isoformat(),
            edits=tuple(found for view in unedited if (found := _mention(view, now))),
            deletes=tuple(Gone(CHANNEL, uri) for uri in sorted(gone)),
            checked=tuple(post for post in posts if post.external_id not in self.doubtful),
        )

    async def _views(self, uris: Sequence[str]) -> list[msgspec.Raw]:
        query = urlencode([("uris", uri) for uri in uris])
        page = await self.fetcher.get(f"{self.appview}/xrpc/app.bsky.feed.getPosts?{query}")
        if page.status in _REFUSED:
            raise FetchError("the AppView does not show us posts", permanent=True, status=403)
        return decode(page, _Answer).posts


def _mention(view: _View, now: datetime) -> Mention | None:
    """The post as it is now; None where it is none that can be read."""
    did, _, rest = view.uri.removeprefix("at://").partition("/")
    collection, _, rkey = rest.partition("/")
    try:
        record = msgspec.json.decode(view.record, type=Record)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return mention(record, did, rkey, time_of(view.indexedAt, now), now) if collection == POSTS else None
