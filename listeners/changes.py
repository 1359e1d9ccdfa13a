"""Edits and deletes that networks report: what becomes of the stored mentions.

    reported ──known?──► lock its pending row (an assessment under way ends first) ──► write ──► PostChange
                 └─ an edit of what was not kept: the caller takes it as new
What is edited waits to be assessed again. It belongs to the watchlists that it matches now; to those from before if it
matches none, for its case is still there. The words of a deleted post are not kept; its row stays, so that a redelivery
of it stays a duplicate.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from leitstand.model import Mention, PostChange
from listeners import pending
from listeners.contract import Gone
from listeners.store import storable
from listeners.watchlists import Watchlists

_COLUMNS: Final = ("channel", "external_id", "url", "title", "text", "language", "links", "media", "ref")
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
    "UPDATE mentions m SET url = coalesce(nullif(r.url, ''), m.url), title = r.title, text = r.text,"
    " language = r.language, links = r.links,"
    " media = r.media, edited_at = r.edited_at, ref = r.ref,"
    " watchlists = CASE WHEN cardinality(r.watchlists) > 0 THEN r.watchlists ELSE m.watchlists END"
    " FROM json_to_recordset(CAST(:rows AS json))"
    " AS r (channel text, external_id text, url text, title text, text text, language text, links text[], media int,"
    "   ref text, watchlists text[], edited_at timestamptz)"
    " WHERE m.channel = r.channel AND m.external_id = r.external_id AND m.deleted_at IS NULL"
    " AND (m.title, m.text) IS DISTINCT FROM (r.title, r.text)"
    " AND (m.edited_at IS NULL OR m.edited_at <= r.edited_at) RETURNING m.id"
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
    edits = [storable(mention) for mention in edits]
    known = {(row.channel, row.external_id) for row in connection.execute(_KNOWN, _keys(edits))}
    return [mention for mention in edits if (mention.channel, mention.external_id) not in known]


def edit(connection: Connection, edits: Sequence[Mention], watchlists: Watchlists, now: datetime) -> list[PostChange]:
    """Give stored mentions their new words; the last edit of a post counts. What says the same or is older is none."""
    if not edits:
        return []
    in_order = sorted(map(storable, edits), key=lambda mention: mention.edited_at or now)
    last = {(m.channel, m.external_id): m for m in in_order}
    connection.execute(_EDIT_LOCK, _keys(in_order))
    rows = [_row(mention, watchlists, now) for _, mention in sorted(last.items())]
    changed = sorted(connection.scalars(_EDIT, {"rows": msgspec.json.encode(rows).decode()}))
    pending.again(connection, changed, now)
    return [PostChange(number, "edited") for number in changed]


def _row(mention: Mention, watchlists: Watchlists, now: datetime) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(mention, name) for name in _COLUMNS}
    return {**row, "watchlists": watchlists.match(mention), "edited_at": mention.edited_at or now}


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
