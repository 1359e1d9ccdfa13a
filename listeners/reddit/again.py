"""Looks posts up again, a hundred a call: what was edited since, and what its author or a moderator has taken away."""

from collections.abc import Sequence
from typing import Final

from leitstand import clock
from listeners.answers import each
from listeners.contract import Batch, Gone, Kept
from listeners.reddit.api import Api
from listeners.reddit.posts import CHANNEL, Child, Listing, mention

MOST: Final = 100


async def look_up(api: Api, site: str, posts: Sequence[Kept]) -> Batch:
    """What became of these posts. Raises FetchError."""
    listing = await api.get("/api/info", Listing, {"id": ",".join(post.external_id for post in posts)})
    asked, now = {post.external_id: post for post in posts}, clock.now()
    things = [child.data for child in each(listing.data.children, Child) if child.data.name in asked]
    return Batch(
        (),
        now.isoformat(),
        edits=tuple(mention(t, site, now) for t in things if not t.gone and asked[t.name].missed(t.edited_at)),
        deletes=tuple(Gone(CHANNEL, thing.name) for thing in things if thing.gone),
        checked=tuple(posts),
    )
