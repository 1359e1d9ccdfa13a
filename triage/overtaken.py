"""Answers that were decided on before the case of their conversation was there.

Two workers take neighbouring posts at the same moment. An answer that opens nothing by itself may so be looked at
before the post that it answers has opened the case: it would then be missing there, and the brand's own reply would
stop no clock. Such answers are decided on once more.

Up to which opening of cases that was done is a mark in the database: a sweep goes on where the last one ended, however
long ago that was, and of several sweeps each looks at what none has looked at.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

# Between the moment at which a case counts as opened and the first row that its transaction writes.
SETTLED_AFTER = timedelta(seconds=5)

# What was written before the post that opened the case did not belong to it then, and does not now.
_FIND = text(
    "SELECT DISTINCT answer.id FROM cases c JOIN case_mentions kept ON kept.case_number = c.number"
    " JOIN mentions post ON post.id = kept.mention_id"
    " JOIN mentions answer ON answer.channel = post.channel"
    "  AND CASE answer.conversation_id WHEN '' THEN answer.parent_id ELSE answer.conversation_id END"
    "   = ANY (ARRAY[post.external_id, nullif(post.conversation_id, '')])"
    "  AND (answer.conversation_id <> '' OR answer.parent_id <> '')"
    "  AND (answer.created_at, answer.id) > (post.created_at, post.id)"
    "  AND answer.deleted_at IS NULL"
    " WHERE c.opened_at > :after AND c.opened_at <= :until AND c.state IN ('new', 'open', 'waiting')"
    " AND NOT EXISTS (SELECT FROM case_mentions k WHERE k.mention_id = answer.id)"
    " AND NOT EXISTS (SELECT FROM pending_mentions p WHERE p.mention_id = answer.id)"
    " ORDER BY answer.id"
)

# What a transaction that still runs has opened, and whom it has overlooked, is not seen yet: the mark stops before it.
# Where another sweep is looking just now, there is nothing to do.
_MOVE = text("""
    WITH mark AS (
      SELECT up_to FROM marks WHERE name = 'overtaken' FOR UPDATE SKIP LOCKED
    ), settled AS (
      SELECT least(CAST(:now AS timestamptz), min(xact_start)) - CAST(:settled_after AS interval) AS until
      FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'leitstand' AND backend_xid IS NOT NULL
        AND pid <> pg_backend_pid()
    )
    UPDATE marks m SET up_to = settled.until FROM mark, settled
    WHERE m.name = 'overtaken' AND mark.up_to < settled.until RETURNING mark.up_to AS after, m.up_to AS until
""")


def find_on(connection: Connection, now: datetime) -> list[int]:
    """Those of the cases opened since this was last asked, up to some seconds ago.

    The mark moves when the caller commits.
    """
    moved = connection.execute(_MOVE, {"now": now, "settled_after": SETTLED_AFTER}).one_or_none()
    return find(connection, moved.after, moved.until) if moved else []


def find(connection: Connection, after: datetime, until: datetime) -> list[int]:
    """Mentions in no case that continue the conversation of a case opened after `after` and not after `until`."""
    return list(connection.scalars(_FIND, {"after": after, "until": until}))
