"""The posts that are old enough to go: which they are, whoever else still holds them.

Their rows stay, emptied as an erasure does it: a feed, a search or a webhook may bring a post again however old it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

_FULL = "(text <> '' OR title <> '' OR url <> '' OR author_id <> '' OR author_handle <> '' OR author_name <> '')"
# Numbers are given about in the order of receiving: a window without an old post is the last.
_WINDOW = text(f"""
    SELECT max(id) AS last, bool_or(old) AS some,
      coalesce(array_agg(id ORDER BY id) FILTER (WHERE old AND kept), '{{}}') AS ids
    FROM (
      SELECT id, received_at < :before AS old, {_FULL} AS kept FROM mentions WHERE id > :after ORDER BY id LIMIT :window
    ) AS looked
""")  # noqa: S608  our own columns
_LOCK = text("SELECT id FROM mentions WHERE id = ANY(:ids) ORDER BY id FOR UPDATE SKIP LOCKED")
# A second statement: it sees what whoever held them has written.
_STILL = text(
    f"SELECT id FROM mentions m WHERE id = ANY(:ids) AND {_FULL} AND NOT EXISTS (SELECT FROM pending_mentions p"  # noqa: S608
    " WHERE p.mention_id = m.id AND p.parked_at IS NULL) ORDER BY id"
)
_CHECKS = text("DELETE FROM mention_checks WHERE mention_id = ANY(:ids)")


@dataclass(frozen=True, slots=True)
class Window:
    """Some posts in the order of their numbers: those old enough to go, and where to look on; None: that was all."""

    ids: tuple[int, ...]
    after: int | None


def look(connection: Connection, before: datetime, after: int, window: int) -> Window:
    """The next posts received before that."""
    row = connection.execute(_WINDOW, {"before": before, "after": after, "window": window}).one()
    return Window(tuple(row.ids), row.last if row.some else None)


def lock(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Those of the posts that nobody is at and that wait for no assessment; nobody changes them until the commit."""
    locked = list(connection.scalars(_LOCK, {"ids": list(ids)}))
    return list(connection.scalars(_STILL, {"ids": locked}))


def forget_checks(connection: Connection, ids: Sequence[int]) -> None:
    """When they were last looked up again."""
    connection.execute(_CHECKS, {"ids": list(ids)})
