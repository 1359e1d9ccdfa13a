"""The table pending_mentions: what was received and is not yet assessed, and who takes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.rows import array

# ARRAY(…) is evaluated once; as IN (…) a plan may run the LIMIT again and take more. What others hold is passed over.
_CLAIM_NAMED = text(
    "DELETE FROM pending_mentions WHERE mention_id = ANY(ARRAY(SELECT mention_id FROM pending_mentions"
    " WHERE mention_id = ANY(CAST(:ids AS bigint[])) AND parked_at IS NULL AND edited = :edited"
    " ORDER BY mention_id FOR UPDATE SKIP LOCKED))"
    " RETURNING mention_id"
)
_EDITED = text(
    "SELECT mention_id FROM pending_mentions WHERE mention_id = ANY(CAST(:ids AS bigint[])) AND parked_at IS NULL"
    " AND edited ORDER BY mention_id"
)
_CLAIM_WAITING = text(
    "DELETE FROM pending_mentions WHERE mention_id = ANY(ARRAY(SELECT mention_id FROM pending_mentions"
    " WHERE parked_at IS NULL AND attempts = 0 AND NOT edited ORDER BY enqueued_at LIMIT :room FOR UPDATE SKIP LOCKED))"
    " RETURNING mention_id"
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


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits to be assessed, since when, and how much was moved aside."""

    pending: int
    parked: int
    oldest_received_at: datetime | None


def claim(connection: Connection, ids: Sequence[int], *, room: int = 0) -> list[int]:
    """Take the pending ones of `ids`, and what waits longest up to `room` in all; sorted.

    They are this transaction's alone and are done when it commits; if it does not, they are pending as before. Edited
    ones are not among them.
    """
    claimed = list(connection.scalars(_CLAIM_NAMED, {"ids": array(ids), "edited": False})) if ids else []
    if claimed and len(claimed) < room:
        claimed += connection.scalars(_CLAIM_WAITING, {"room": room - len(claimed)})
    return sorted(claimed)


def edited(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Those of `ids` that were assessed before, have been edited, and wait to be assessed again."""
    return list(connection.scalars(_EDITED, {"ids": array(ids)}))


def claim_edited(connection: Connection, mention_id: int) -> bool:
    """Take one of those, as `claim` does. False if another has it."""
    return bool(connection.scalars(_CLAIM_NAMED, {"ids": array([mention_id]), "edited": True}).all())


def again(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """These are to be assessed again, also if that failed before."""
    if ids:
        connection.execute(_AGAIN, {"ids": list(ids), "now": now})


def lost(connection: Connection, older_than: datetime, limit: int, now: datetime) -> list[int]:
    """Those last enqueued before `older_than`, stamped anew, for the caller to enqueue."""
    return sorted(connection.scalars(_LOST, {"older_than": older_than, "limit": limit, "now": now}))


def fail(connection: Connection, mention_id: int, error: str, now: datetime, *, max_attempts: int = 1) -> bool:
    """Count a failed attempt. True if it was the last: the mention is parked, with the error kept."""
    values = {"id": mention_id, "error": error[:2000].replace("\0", ""), "now": now, "max_attempts": max_attempts}
    return bool(connection.scalar(_FAIL, values))


def park(connection: Connection, mention_id: int, error: str, now: datetime) -> None:
    """Move a mention aside at once, with the error kept."""
    fail(connection, mention_id, error, now, max_attempts=1)


def backlog(connection: Connection) -> Backlog:
    """What waits, for the gauges."""
    pending, parked, oldest = connection.execute(_BACKLOG).one()
    return Backlog(pending, parked, oldest)
