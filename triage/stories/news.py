"""What others have told of stories since a batch looked: a row a transaction, with the bands of all its posts.

To look each band of a batch up again among all that is stored, only because somebody else has committed meanwhile, is
as dear as the first look; what came since is told by a row or two. They save that look and decide nothing: where a
transaction has left none (a person who parts a story does not), or it is let go too early, the look is made.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from sqlalchemy import Connection

from leitstand.statements import Statement

_BAND: Final = np.dtype("<i8")
# Unseen is what was under way then, and all that began later: found one by one along the index, because PostgreSQL may
# plan this while there is none.
_SINCE = Statement("""
    WITH RECURSIVE later AS (
      SELECT (SELECT written_by FROM story_posts WHERE written_by >= pg_snapshot_xmax(CAST(:snapshot AS pg_snapshot))
              ORDER BY written_by LIMIT 1) AS written_by
      UNION ALL
      SELECT (SELECT written_by FROM story_posts WHERE written_by > later.written_by ORDER BY written_by LIMIT 1)
      FROM later WHERE later.written_by IS NOT NULL
    ), unseen AS (
      SELECT written_by FROM later
      UNION ALL
      SELECT (SELECT written_by FROM story_posts WHERE written_by = began LIMIT 1)
      FROM pg_snapshot_xip(CAST(:snapshot AS pg_snapshot)) AS began
    )
    SELECT n.bands FROM unseen LEFT JOIN story_news n USING (written_by) WHERE written_by <> pg_current_xact_id()
""")
_FORGET = Statement("DELETE FROM story_news WHERE written_by < pg_snapshot_xmin(pg_current_snapshot())")


def written(bands: Iterable[int]) -> bytes:
    """Bands as they stand in a row."""
    return np.fromiter(bands, dtype=_BAND).tobytes()


def since(connection: Connection, snapshot: str) -> Sequence[bytes | None]:
    """The bands that each other transaction since the snapshot has told; None for one that has not said which."""
    return [bands for (bands,) in _SINCE.rows(connection, {"snapshot": snapshot})]


def bands_of(news: Sequence[bytes | None]) -> frozenset[int] | None:
    """All bands that were told; None where not all have said."""
    told = [bands for bands in news if bands is not None]
    if len(told) < len(news):
        return None
    return frozenset(np.frombuffer(b"".join(told), dtype=_BAND).tolist())


def forget(connection: Connection) -> None:
    """Let go of what is older than everything under way."""
    _FORGET.run(connection)
