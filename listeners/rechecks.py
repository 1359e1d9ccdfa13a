"""Posts of open cases, looked up again: what was edited or taken away while nobody heard it, or where nobody tells it.

    mentions of open cases ──due──► not looked at for so long ──► the source asks its network
                                                                    ──► edits, deletes, looked at now: one commit
Which mentions those are, the worker knows: a source with `recheck_every` is handed a function that tells what is due.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

from leitstand import clock
from leitstand.errors import FetchError
from listeners.contract import Batch, Due, Kept, nothing_due

PART: Final = "recheck"
PAUSE = 60.0  # between two looks
HOPELESS: Final = timedelta(hours=1)
_SINCE: Final = "coalesce(c.checked_at, m.received_at)"
_DUE = text(
    "SELECT m.channel, m.external_id, m.ref, m.author_id, m.edited_at FROM mentions m"  # noqa: S608  our own words
    " LEFT JOIN mention_checks c ON c.mention_id = m.id"
    " WHERE m.id = ANY(CAST(CAST(:ids AS text) AS bigint[])) AND m.listener = :listener AND m.deleted_at IS NULL"
    f" AND {_SINCE} < :before ORDER BY {_SINCE}, m.id LIMIT :most"
)
_MARK = text(
    "INSERT INTO mention_checks (mention_id, checked_at) SELECT id, :now FROM mentions WHERE (channel, external_id) IN"
    " (SELECT * FROM unnest(CAST(:channels AS text[]), CAST(:ids AS text[]))) ORDER BY id"
    " ON CONFLICT (mention_id) DO UPDATE SET checked_at = excluded.checked_at"
)


def due(connection: Connection, listener: str, ids: Sequence[int], before: datetime, most: int) -> list[Kept]:
    """Those of these mentions that came by this listener and were last looked at before then, the longest ago first."""
    values = {"listener": listener, "ids": f"{{{','.join(map(str, ids))}}}", "before": before, "most": most}
    return [Kept(*row) for row in connection.execute(_DUE, values)] if ids else []


def mark(connection: Connection, posts: Sequence[Kept], now: datetime) -> None:
    """These were looked at now."""
    if posts:
        channels, ids = [post.channel for post in posts], [post.external_id for post in posts]
        connection.execute(_MARK, {"channels": channels, "ids": ids, "now": now})


@dataclass(slots=True)
class Again:
    """Looking again as a part of a round of an API (listeners/rounds.py), at most `most` posts a look."""

    ask: Due
    look_up: Callable[[Sequence[Kept]], Awaitable[Batch]]
    most: int
    every: float
    name: str = PART

    async def look(self) -> Batch:
        """What became of the posts that are due. Raises FetchError: a permanent one only where it ends all hearing."""
        posts = await self.ask(self.most)
        try:
            return await self.look_up(posts) if posts else Batch((), None)
        except FetchError as error:
            if not error.permanent or _ends_all(error):
                raise
            raise FetchError(str(error), retry_after=HOPELESS, status=error.status) from error


def looks(ask: Due, look_up: Callable[[Sequence[Kept]], Awaitable[Batch]], most: int) -> list[Again]:
    """The part of a round that looks again; none where nothing is ever due."""
    return [] if ask is nothing_due else [Again(ask, look_up, most, PAUSE)]


async def rechecks(
    ask: Due, look_up: Callable[[Sequence[Kept]], Awaitable[Batch]], room: Callable[[], int]
) -> AsyncGenerator[Batch, None]:
    """What looking again brings, for ever; at most `room()` posts at a time. A fault of it is a batch too.

    Raises the FetchError of a credential that is refused, and of one that asks for more than a wait.
    """
    last: set[tuple[str, str]] = set()  # may not be committed yet
    while True:
        pause, most = PAUSE, room()
        asked = await ask(most) if most > 0 else ()
        posts = [post for post in asked if (post.channel, post.external_id) not in last]
        batch = Batch((), None)
        try:
            batch = await look_up(posts) if posts else batch
        except FetchError as error:
            if _ends_all(error):
                raise
            wait = max(error.retry_after or timedelta(0), HOPELESS if error.permanent else timedelta(0))
            batch, pause = Batch((), None, error=str(error)), max(pause, wait.total_seconds())
        last = {(post.channel, post.external_id) for post in batch.checked}
        yield replace(batch, part=PART, next_at=clock.now() + timedelta(seconds=pause))
        await asyncio.sleep(pause)


def _ends_all(error: FetchError) -> bool:
    """A credential that is refused, or what asks for more than a wait."""
    return error.status == 401 or (error.permanent and not error.status)
