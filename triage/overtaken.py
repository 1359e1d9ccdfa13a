"""Answers that were decided on before the case of their conversation was there.

Two workers take neighbouring posts at the same moment. An answer that opens nothing by itself may so be looked at
before the post that it answers has opened the case: it would then be missing there, and the brand's own reply would
stop no clock. Such answers are decided on once more.
"""

from datetime import datetime

from sqlalchemy import Connection, text

# What was written before the post that opened the case did not belong to it then, and does not now.
_FIND = text(
    "SELECT DISTINCT answer.id FROM cases c JOIN case_mentions kept ON kept.case_number = c.number"
    " JOIN mentions post ON post.id = kept.mention_id"
    " JOIN mentions answer ON answer.channel = post.channel"
    "  AND CASE answer.conversation_id WHEN '' THEN answer.parent_id ELSE answer.conversation_id END"
    "   = ANY (ARRAY[post.external_id, nullif(post.conversation_id, '')])"
    "  AND (answer.conversation_id <> '' OR answer.parent_id <> '')"
    "  AND (answer.created_at, answer.id) > (post.created_at, post.id)"
    " WHERE c.opened_at > :after AND c.opened_at <= :until AND c.state IN ('new', 'open', 'waiting')"
    " AND NOT EXISTS (SELECT FROM case_mentions k WHERE k.mention_id = answer.id)"
    " AND NOT EXISTS (SELECT FROM pending_mentions p WHERE p.mention_id = answer.id)"
    " ORDER BY answer.id"
)


def find(connection: Connection, after: datetime, until: datetime) -> list[int]:
    """Mentions in no case that continue the conversation of a case opened after `after` and not after `until`."""
    return list(connection.scalars(_FIND, {"after": after, "until": until}))
