"""The table pending_mentions: what was received and is not yet assessed, and who takes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.rows import array
from leitstand.statements import Statement

# Each id is looked up by itself: asked for all together, PostgreSQL may read everything that waits instead, which is
# nothing when it plans and all when it matters. ARRAY(…) is evaluated once. What others hold is passed over.
_CLAIM = Statement("""
    WITH asked AS (
      SELECT id FROM unnest(CAST(:ids AS bigint[])) AS r(id) ORDER BY id
    ), claimed AS (
      DELETE FROM pending_mentions WHERE mention_id = ANY(ARRAY(
        SELECT p.mention_id FROM asked CROSS JOIN LATERAL (
          SELECT mention_id FROM pending_mentions WHERE mention_id = asked.id AND parked_at IS NULL AND NOT edited
          FOR UPDATE SKIP LOCKED) AS p))
      RETURNING mention_id
    )
    SELECT mention_id, false AS edited FROM claimed
    UNION ALL
    SELECT p.mention_id, true FROM asked CROSS JOIN LATERAL (
      SELECT mention_id FROM pending_mentions WHERE mention_id = asked.id AND parked_at IS NULL AND edited
      OFFSET 0) AS p
    ORDER BY mention_id
""")
_CLAIM_EDITED = text(
    "DELETE FROM pending_mentions WHERE mention_id = ANY(ARRAY(SELECT mention_id FROM pending_mentions"
    " WHERE mention_id = :id AND parked_at IS NULL AND edited FOR UPDATE SKIP LOCKED)) RETURNING mention_id"
)
_LOST = text(
    "UPDATE pending_mentions SET enqueued_at = :now WHERE mention_id = ANY(ARRAY("
    "SELECT mention_id FROM pending_mentions WHERE parked_at IS NULL AND enqueued_at < :older_than"
    " ORDER BY enqueued_at LIMIT :limit FOR UPDATE SKIP LOCKED)) RETURNING mention_id"
)
_FAIL = text(
    "UPDATE pending_mentions SET attempts = attempts + 1, error = :error, enqueued_at = :now,"
    " parked_at = CASE WHEN attempts + 1 >= :max_attempts THEN CAST(:now AS timestamptz) END"
    " WHERE mention_id = :id AND parked_at IS NULL RETURNING parked_at IS NOT NULL"
)
_AGAIN = text(
    "INSERT INTO pending_mentions (mention_id, enqueued_at, edited)"
    " SELECT id, :now, true FROM unnest(CAST(:ids AS bigint[])) AS r(id) ORDER BY id"
    " ON CONFLICT (mention_id) DO UPDATE SET enqueued_at = :now, attempts = 0, error = '', parked_at = NULL"
)
# An edited post waits since its edit, and has a low number: it must not stand for the others.
_BACKLOG = text(
    "SELECT count(*) FILTER (WHERE parked_at IS NULL), count(parked_at),"
    " (SELECT min(greatest(received_at, edited_at)) FROM mentions WHERE id = ANY(ARRAY(SELECT mention_id"
    "   FROM pending_mentions WHERE parked_at IS NULL ORDER BY mention_id LIMIT 100))) FROM pending_mentions"
)
_BEHIND = text("SELECT EXISTS (SELECT FROM pending_mentions WHERE parked_at IS NULL AND enqueued_at < :since)")


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a transaction has taken, and what was asked for but has been edited since it was assessed: by their ids."""

    ids: tuple[int, ...] = ()
    edited: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits to be assessed, since when, and how much was moved aside."""

    pending: int
    parked: int
    oldest_received_at: datetime | None


def claim(connection: Connection, ids: Sequence[int]) -> Claimed:
    """Take the pending ones of `ids`, and say which of them have been edited: these are left.

    They are this transaction's alone and are done when it commits; if it does not, they are pending as before.
    """
    found = _CLAIM.rows(connection, {"ids": array(ids)})
    return Claimed(tuple(n for n, edited in found if not edited), tuple(n for n, edited in found if edited))


def claim_edited(connection: Connection, mention_id: int) -> bool:
    """Take one that was assessed before, has been edited, and waits to be assessed again. False if another has it."""
    return connection.execute(_CLAIM_EDITED, {"id": mention_id}).rowcount == 1


def again(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """These are to be assessed again, also if that failed before."""
    if ids:
        connection.execute(_AGAIN, {"ids": list(ids), "now": now})


def lost(connection: Connection, older_than: datetime, limit: int, now: datetime) -> list[int]:
    """Those last enqueued before `older_than`, stamped anew, for the caller to enqueue."""
    return sorted(connection.scalars(_LOST, {"older_than": older_than, "limit": limit, "now": now}))


def fail(connection: Connection, mention_id: int, error: str, now: datetime, *, max_attempts: int = 1) -> bool | None:
    """Count a failed attempt. True if it was the last: the mention is parked, with the error kept.

    None where it does not wait at all: it has been assessed, or is gone.
    """
    values = {"id": mention_id, "error": error[:2000].replace("\0", ""), "now": now, "max_attempts": max_attempts}
    parked: bool | None = connection.scalar(_FAIL, values)
    return parked


def park(connection: Connection, mention_id: int, error: str, now: datetime) -> None:
    """Move a mention aside at once, with the error kept."""
    fail(connection, mention_id, error, now, max_attempts=1)


def behind(connection: Connection, since: datetime) -> bool:
    """Whether something waits since before that: whoever has nothing urgent to do stands aside."""
    return bool(connection.scalar(_BEHIND, {"since": since}))


def backlog(connection: Connection) -> Backlog:
    """What waits, for the gauges."""
    pending, parked, oldest = connection.execute(_BACKLOG).one()
    return Backlog(pending, parked, oldest)
