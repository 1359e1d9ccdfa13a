"""The erasure of an author: what they wrote and who they are leaves the stored mentions.

The rows stay, empty: without them the next look at the network would bring everything back.
"""

from datetime import datetime

from sqlalchemy import Connection, text

_FORGET = text(
    "DELETE FROM pending_mentions WHERE mention_id = ANY(ARRAY(SELECT mention_id FROM pending_mentions"
    " WHERE mention_id = ANY(:ids) ORDER BY mention_id FOR UPDATE))"
)
_FIND = text(
    "SELECT id FROM mentions WHERE channel = :channel AND :author <> ''"
    " AND (author_id = :author OR lower(ltrim(author_handle, '@')) = lower(:author)) ORDER BY id"
)
_ERASE = text(
    "UPDATE mentions SET text = '', title = '', url = '', ref = '', links = '{}', media = 0, author_id = '',"
    " author_handle = '', author_name = '', author_followers = NULL,"
    " deleted_at = coalesce(deleted_at, :now) WHERE id = ANY(:ids)"
)


def find(connection: Connection, channel: str, author: str) -> list[int]:
    """The mentions of an author, given by id or by handle (without @)."""
    return list(connection.scalars(_FIND, {"channel": channel, "author": author}))


def erase(connection: Connection, ids: list[int], now: datetime) -> None:
    """Empty these mentions. One that is being assessed just now is waited for, so that its case is known."""
    connection.execute(_FORGET, {"ids": ids})
    connection.execute(_ERASE, {"ids": ids, "now": now})
