"""Digests in the database: made once a week, and what the cases say of a topic."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import msgspec
from sqlalchemy import Connection, text

from triage.digests.digest import WEEK, Count, Digest

_CLAIM = text("""
    INSERT INTO digests (name, week, made_at, content) VALUES (:name, :week, :now, 'null')
    ON CONFLICT DO NOTHING
""")
_KEEP = text("UPDATE digests SET content = CAST(:content AS jsonb) WHERE name = :name AND week = :week")
_MADE = text("SELECT content::text FROM digests WHERE name = :name AND week = :week AND content <> 'null'")
_CASES = text("""
    SELECT count(*) FILTER (WHERE opened_at >= :starts) AS now, count(*) FILTER (WHERE opened_at < :starts) AS before,
      count(*) FILTER (WHERE opened_at >= :starts AND state IN ('resolved', 'closed')) AS solved
    FROM cases WHERE opened_at >= :since AND opened_at < :ends AND merged_into IS NULL
      AND (watchlists && CAST(:watchlists AS text[]) OR tags && CAST(:tags AS text[]))
""")
_TAGGED = text("""
    SELECT m.mention_id FROM cases c JOIN case_mentions m ON m.case_number = c.number
    WHERE c.tags && CAST(:tags AS text[]) AND m.joined_at >= :since ORDER BY 1
""")
_QUOTING = text("""
    SELECT name, week, content::text AS content FROM digests
    WHERE jsonb_path_exists(
      content, '$.quotes[*].mention ? (@ == $ids[*])', jsonb_build_object('ids', to_jsonb(CAST(:ids AS bigint[]))))
""")


def claim(connection: Connection, name: str, week: date, now: datetime) -> bool:
    """Whether this digest is ours to make: nobody else has made it or is making it."""
    return connection.execute(_CLAIM, {"name": name, "week": week, "now": now}).rowcount == 1


def keep(connection: Connection, week: date, digest: Digest) -> None:
    """Store what was made."""
    content = msgspec.json.encode(digest).decode()
    connection.execute(_KEEP, {"name": digest.name, "week": week, "content": content})


def made(connection: Connection, name: str, week: date) -> Digest | None:
    """The digest as it was made then, None if it was not."""
    found = connection.scalar(_MADE, {"name": name, "week": week})
    return msgspec.json.decode(found, type=Digest) if found else None


def cases(
    connection: Connection, watchlists: Sequence[str], tags: Sequence[str], starts: datetime, ends: datetime
) -> tuple[Count, int]:
    """The cases opened this week and the week before, and how many of this week's are solved."""
    given = {"watchlists": list(watchlists), "tags": list(tags), "since": starts - WEEK}
    row = connection.execute(_CASES, {**given, "starts": starts, "ends": ends}).one()
    return Count(row.now, row.before), row.solved


def tagged(connection: Connection, tags: Sequence[str], since: datetime) -> list[int]:
    """The mentions of cases that have one of the tags."""
    return list(connection.scalars(_TAGGED, {"tags": list(tags), "since": since})) if tags else []


def erase(connection: Connection, mentions: Sequence[int]) -> None:
    """Take the words of erased mentions out of what was made."""
    for row in connection.execute(_QUOTING, {"ids": list(mentions)}).all():
        digest = msgspec.json.decode(row.content, type=Digest)
        quotes = tuple(quote for quote in digest.quotes if quote.mention not in set(mentions))
        keep(connection, row.week, replace(digest, quotes=quotes))
