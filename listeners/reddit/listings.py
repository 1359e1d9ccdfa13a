"""One listing of Reddit, newest first, read back to what is known; and the known posts, asked for again.

    pages of 100 ─► until a page ends with a known post ─► all new ones at once, oldest first, with the cursor
    the youngest 1,000 known, 100 a look ─► edits and deletes
Nothing is told before the walk has reached known ground, so that a kill in between loses nothing.
"""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from leitstand import clock
from leitstand.errors import FetchError
from leitstand.model import Mention
from listeners.answers import each
from listeners.contract import Batch, Gone
from listeners.memory import as_cursor, recall
from listeners.recent import Recent
from listeners.reddit.api import Api
from listeners.reddit.posts import CHANNEL, Child, Listing, Thing, mention

PAGE: Final = 100
MOST_PAGES: Final = 10
LISTED: Final = 950  # Reddit lists its newest 1,000, those that were deleted included
REMEMBERED: Final = 1_500
SPARE_ANCHORS: Final = 3
LOOKED_AT_AGAIN: Final = 1_000


class Memory(msgspec.Struct, omit_defaults=True):
    """The cursor of a listing: names of posts heard, and the versions of those that were edited."""

    seen: str = ""
    versions: str = ""


@dataclass(slots=True)
class Posts:
    """A listing as a part of a round. `params` are its own, such as a search's."""

    name: str
    path: str
    api: Api
    site: str
    interval: float
    cursor: str = ""
    params: dict[str, str] = field(default_factory=dict)
    every: float = 0.0
    _again: int = 0

    async def look(self) -> Batch:
        """What is new, and what of the known was changed or taken away."""
        memory = recall(self.cursor, Memory)
        seen = Recent.from_text(memory.seen, REMEMBERED)
        versions = Recent.from_text(memory.versions, REMEMBERED)
        now = clock.now()
        new, reached = await self._new(seen)
        changed = await self._changed(seen)
        fresh = [mention(thing, self.site, now) for thing in new if not thing.gone]
        for thing in new:
            seen.add(thing.name)
            if thing.edited:
                versions.add(thing.version)
        edits = [mention(t, self.site, now) for t in changed if t.edited and not t.gone and versions.add(t.version)]
        deletes = [Gone(CHANNEL, t.name) for t in changed if t.gone and versions.add(f"{t.name}@gone")]
        known = bool(memory.seen)
        self.every = max(self.interval, self.api.pause)
        return self._batch(Memory(seen.text(), versions.text()), fresh, edits, deletes, lost=known and not reached)

    def _batch(
        self, memory: Memory, new: list[Mention], edits: list[Mention], deletes: list[Gone], *, lost: bool
    ) -> Batch:
        cursor = as_cursor(memory)
        changed = cursor != self.cursor
        self.cursor = cursor
        why = "Reddit lists its newest 1,000 posts, and all of them were new: there may have been more" if lost else ""
        return Batch(tuple(new), cursor if changed else None, edits=tuple(edits), deletes=tuple(deletes), lost=why)

    async def _new(self, seen: Recent) -> tuple[list[Thing], bool]:
        """The posts not heard before, oldest first; and whether a known one was met, or all that there ever was."""
        found: dict[str, Thing] = {}
        anchors, met = [""], False
        for _ in range(MOST_PAGES + SPARE_ANCHORS):
            things, end = await self._page(anchors[0])
            met = met or any(thing.name in seen for thing in things)
            found |= {thing.name: thing for thing in things if thing.name not in seen}
            if not things and len(anchors) > 1:
                anchors = anchors[1:]  # the post we were to go on from was deleted meanwhile: from the one before it
                continue
            if end or not len(seen) or things[-1].name in seen:
                break
            anchors = [thing.name for thing in reversed(things)][:SPARE_ANCHORS]
        return sorted(found.values(), key=lambda thing: thing.created_utc), met or len(found) < LISTED

    async def _page(self, after: str) -> tuple[list[Thing], bool]:
        """A page of the listing, and whether it is the last."""
        more = {"after": after} if after else {}
        listing = await self.api.get(self.path, Listing, {"limit": str(PAGE), **self.params, **more})
        return [child.data for child in each(listing.data.children, Child)], not listing.data.after

    async def _changed(self, seen: Recent) -> list[Thing]:
        """A hundred known posts as they are now; the next hundred with the next look."""
        known = seen.youngest()[:LOOKED_AT_AGAIN]
        if not known:
            return []
        self._again = self._again if self._again < len(known) else 0
        names = known[self._again : self._again + PAGE]
        self._again += PAGE
        try:
            listing = await self.api.get("/api/info", Listing, {"id": ",".join(names)})
        except FetchError:
            return []  # what is new is worth more: it must not wait for this
        return [child.data for child in each(listing.data.children, Child)]
