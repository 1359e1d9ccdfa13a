"""Looks posts up again, a hundred a call: what was edited since, and what its author or a moderator has taken away.

What was taken away is marked. What is not in the answer at all is in a subreddit that was closed, or never was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from leitstand import clock
from listeners.absent import absent
from listeners.answers import each
from listeners.contract import Batch, Gone, Kept
from listeners.reddit.api import Api
from listeners.reddit.posts import CHANNEL, Child, Listing, mention

MOST: Final = 100


@dataclass
class Looking:
    """Asks for what is due. `doubtful` were not there the last time."""

    api: Api
    site: str
    doubtful: set[str] = field(default_factory=set)

    async def look_up(self, posts: Sequence[Kept]) -> Batch:
        """What became of these posts. Raises FetchError."""
        listing = await self.api.get("/api/info", Listing, {"id": ",".join(post.external_id for post in posts)})
        asked, now = {post.external_id: post for post in posts}, clock.now()
        things = [child.data for child in each(listing.data.children, Child) if child.data.name in asked]
        gone, self.doubtful = absent(asked, {thing.name for thing in things}, self.doubtful)
        gone |= {thing.name for thing in things if thing.gone}
        return Batch(
            (),
            now.isoformat(),
            edits=tuple(mention(t, self.site, now) for t in things if not t.gone and asked[t.name].missed(t.edited_at)),
            deletes=tuple(Gone(CHANNEL, name) for name in sorted(gone)),
            checked=tuple(post for post in posts if post.external_id not in self.doubtful),
        )
