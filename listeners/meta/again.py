"""Looks posts up again, fifty a call: what was edited since, and what is gone.

One that is not there spoils its call, so the others are asked for in halves. What is not there may as well be kept from
us: it is gone if it is not there twice, and if we may still read what is newest on our own page or account.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from leitstand import clock
from leitstand.model import Mention
from listeners.absent import absent
from listeners.contract import Batch, Gone, Kept
from listeners.meta.graph import Graph, MissingError, is_id

MOST: Final = 50
_NEWEST: Final = {"fields": "id,comments.limit(1){id}", "limit": "1"}

Read = Callable[[msgspec.Raw, Kept, datetime], Mention | None]


@dataclass
class Looking:
    """Asks for what is due. `ours` are posts that we may see, `listing` what is our own.

    `read` makes a mention of what is answered, None where that cannot be. `doubtful` were not there the last time.
    """

    graph: Graph
    listing: str
    fields: str
    ours: Callable[[Kept], bool]
    read: Read
    doubtful: set[str] = field(default_factory=set)

    async def look_up(self, posts: Sequence[Kept]) -> Batch:
        """What became of these posts; others than ours are left alone. Raises FetchError."""
        asked = {post.external_id: post for post in posts if self.ours(post) and is_id(post.external_id)}
        shown = await self._shown(list(asked)) if asked else {}
        gone, doubtful = absent(asked, shown, self.doubtful)
        if gone:
            await self.graph.rows(self.listing, _NEWEST)
        self.doubtful = doubtful
        now = clock.now()
        found = (self.read(raw, asked[name], now) for name, raw in shown.items() if name in asked)
        return Batch(
            (),
            now.isoformat(),
            edits=tuple(mention for mention in found if mention),
            deletes=tuple(Gone(asked[name].channel, name) for name in sorted(gone)),
            checked=tuple(post for post in posts if post.external_id not in self.doubtful),
        )

    async def _shown(self, names: Sequence[str]) -> Mapping[str, msgspec.Raw]:
        try:
            return await self.graph.objects(names, self.fields)
        except MissingError:
            if len(names) == 1:
                return {}
        half = len(names) // 2
        return {**await self._shown(names[:half]), **await self._shown(names[half:])}
