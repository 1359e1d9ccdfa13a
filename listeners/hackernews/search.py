"""Hacker News' search (Algolia): everything of a time, or what a search finds. Its index is minutes behind.

A search shows at most 1,000 hits, newest first: the walk goes back to the time that is known, a thousand at a step.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from leitstand import clock
from listeners.answers import decode, each
from listeners.contract import Batch
from listeners.fetch import Fetcher
from listeners.hackernews.items import Hit, from_hit
from listeners.memory import as_cursor, recall
from listeners.recent import Recent

MOST_HITS: Final = 1_000
FIRST_HITS: Final = 50
MOST_STEPS: Final = 200
OVERLAP: Final = 1_800  # seconds: what is indexed late is found all the same
REMEMBERED: Final = 3_000


class Answer(msgspec.Struct):
    hits: list[msgspec.Raw]


@dataclass(frozen=True, slots=True)
class Index:
    """The search's address."""

    fetcher: Fetcher
    base: str

    async def newest(self, query: str, most: int = MOST_HITS, *filters: str) -> list[Hit]:
        """The newest hits. Raises FetchError."""
        params = {"query": query, "tags": "(story,comment,poll)", "hitsPerPage": str(most)}
        exactly = {"advancedSyntax": "true", "typoTolerance": "false"} if query else {}
        narrowed = {"numericFilters": ",".join(filters)} if filters else {}
        address = f"{self.base}/api/v1/search_by_date"
        page = await self.fetcher.get(address, params={**params, **exactly, **narrowed})
        hits = each(decode(page, Answer).hits, Hit)
        return [hit for hit in hits if hit.id.isdecimal()]

    async def since(self, query: str, start: int) -> tuple[list[Hit], bool]:
        """Everything written from this second on, oldest first, and whether it is all. Raises FetchError."""
        found: dict[str, Hit] = {}
        end = int(clock.now().timestamp()) + 86_400
        for _ in range(MOST_STEPS):
            hits = await self.newest(query, MOST_HITS, f"created_at_i>={start}", f"created_at_i<{end}")
            found |= {hit.id: hit for hit in hits}
            if len(hits) < MOST_HITS:
                return _oldest_first(found), True
            oldest = min(hit.created for hit in hits)
            # The oldest second may have more than was shown; if a second has more than a step, the rest stays unseen.
            end = oldest + 1 if oldest + 1 < end else oldest
        return _oldest_first(found), False


def _oldest_first(found: dict[str, Hit]) -> list[Hit]:
    return sorted(found.values(), key=lambda hit: (hit.created, int(hit.id)))


class Memory(msgspec.Struct, omit_defaults=True):
    """The cursor of a search: the time of the newest hit, and the numbers of the last ones."""

    newest: int = 0
    seen: str = ""


@dataclass(slots=True)
class Search:
    """What one search finds, as a part of a round."""

    name: str
    query: str
    index: Index
    every: float
    cursor: str = ""

    async def look(self) -> Batch:
        """Hits not heard before."""
        memory = recall(self.cursor, Memory)
        seen = Recent.from_text(memory.seen, REMEMBERED)
        if memory.newest:
            hits, whole = await self.index.since(self.query, memory.newest - OVERLAP)
        else:
            hits, whole = list(reversed(await self.index.newest(self.query, FIRST_HITS))), True
        now = clock.now()
        new = [from_hit(hit, now) for hit in hits if seen.add(hit.id)]
        newest = max((hit.created for hit in hits), default=memory.newest)
        cursor = as_cursor(Memory(max(newest, memory.newest), seen.text()))
        changed, self.cursor = cursor != self.cursor and bool(new), cursor
        return Batch(tuple(new), cursor if changed else None, lost="" if whole else "more was found than can be shown")
