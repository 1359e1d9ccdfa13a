"""Edits and deletes that networks report: what becomes of the stored mentions.

    reported ──known?──► lock its pending row (an assessment under way ends first) ──► write ──► PostChange
                 └─ an edit of what was not kept: the caller takes it as new
The words of a deleted post are not kept; its row stays, so that a redelivery of it stays a duplicate.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from leitstand.model import Mention, PostChange
from listeners.contract import Gone

_COLUMNS: Final = ("channel", "external_id", "url", "title", "text", "language", "links", "media")
_KNOWN = text(
    "SELECT channel, external_id FROM mentions WHERE (channel, external_id) IN"
    " (SELECT * FROM unnest(CAST(:channels AS text[]), CAST(:ids AS text[])))"
)
_EDIT_LOCK = text(
    "SELECT mention_id FROM pending_mentions WHERE mention_id = ANY(ARRAY(SELECT id FROM mentions"
    " WHERE (channel, external_id) IN (SELECT * FROM unnest(CAST(:channels AS text[]), CAST(:ids AS text[])))))"
    " ORDER BY mention_id FOR UPDATE"
)
_EDIT = text(
    "UPDATE mentions m SET url = r.url, title = r.title, text = r.text, language = r.language, links = r.links,"
    " media = r.media, edited_at = :now FROM json_to_recordset(CAST(:rows AS json))"
    " AS r (channel text, external_id text, url text, title text, text text, language text, links text[], media int)"
    " WHERE m.channel = r.channel AND m.external_id = r.external_id AND m.deleted_at IS NULL"
    " AND (m.title, m.text) IS DISTINCT FROM (r.title, r.text) RETURNING m.id"
)
_GONE = text(
    "SELECT id FROM mentions WHERE deleted_at IS NULL AND (channel, external_id) IN"
    " (SELECT * FROM unnest(CAST(:channels AS text[]), CAST(:ids AS text[])))"
)
_GONE_AUTHORS = text(
    "SELECT id FROM mentions WHERE deleted_at IS NULL AND author_id <> '' AND (channel, author_id) IN"
    " (SELECT * FROM unnest(CAST(:channels AS text[]), CAST(:ids AS text[])))"
)
# Never assessed if it still waits; one that is being assessed just now is waited for, so that its case is there.
_FORGET = text(
    "DELETE FROM pending_mentions WHERE mention_id = ANY(ARRAY(SELECT mention_id FROM pending_mentions"
    " WHERE mention_id = ANY(:ids) ORDER BY mention_id FOR UPDATE))"
)
_DELETE = text(
    "UPDATE mentions SET text = '', title = '', links = '{}', media = 0, deleted_at = :now"
    " WHERE id = ANY(:ids) AND deleted_at IS NULL RETURNING id"
)


def unknown(connection: Connection, edits: Sequence[Mention]) -> list[Mention]:
    """Those edited posts that were never kept."""
    if not edits:
        return []
    known = {(row.channel, row.external_id) for row in connection.execute(_KNOWN, _keys(edits))}
    return [mention for mention in edits if (mention.channel, mention.external_id) not in known]


def edit(connection: Connection, edits: Sequence[Mention], now: datetime) -> list[PostChange]:
    """Give stored mentions their new words; the last edit of a post counts. Those that say the same are no change."""
    if not edits:
        return []
    last = {(m.channel, m.external_id): m for m in edits}
    connection.execute(_EDIT_LOCK, _keys(edits))
    rows = [{name: getattr(mention, name) for name in _COLUMNS} for _, mention in sorted(last.items())]
    changed = connection.scalars(_EDIT, {"rows": msgspec.json.encode(rows).decode(), "now": now})
    return [PostChange(number, "edited") for number in sorted(changed)]


def delete(connection: Connection, deletes: Sequence[Gone], now: datetime) -> list[PostChange]:
    """Take the words out of what its network no longer shows."""
    posts = [gone for gone in deletes if gone.external_id]
    authors = [gone for gone in deletes if gone.author_id and not gone.external_id]
    ids: list[int] = []
    if posts:
        ids += connection.scalars(_GONE, _pairs([(g.channel, g.external_id) for g in posts]))
    if authors:
        ids += connection.scalars(_GONE_AUTHORS, _pairs([(g.channel, g.author_id) for g in authors]))
    if not ids:
        return []
    connection.execute(_FORGET, {"ids": ids})
    return [PostChange(number, "deleted") for number in sorted(connection.scalars(_DELETE, {"ids": ids, "now": now}))]


def _keys(mentions: Sequence[Mention]) -> dict[str, list[str]]:
    return _pairs([(m.channel, m.external_id) for m in mentions])


def _pairs(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    return {"channels": [channel for channel, _ in pairs], "ids": [name for _, name in pairs]}
