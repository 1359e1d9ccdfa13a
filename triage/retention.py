"""The cases that ended long enough ago to go: which they are, and how they go with all that is theirs.

Cases that were merged go together, or not at all. What an escalation taught stays: the four sentences of its lesson,
without the case, the people and the log.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

_ENDED = "state IN ('resolved', 'closed') AND greatest(closed_at, resolved_at) < :before"
_WINDOW = text(
    f"SELECT number, greatest(closed_at, resolved_at) AS at FROM cases WHERE {_ENDED}"  # noqa: S608
    " AND (greatest(closed_at, resolved_at), number) > (:at, :number)"
    " ORDER BY greatest(closed_at, resolved_at), number LIMIT :window"
)
_FAMILIES = text("""
    WITH RECURSIVE family (root, number) AS (
      SELECT n, n FROM unnest(CAST(:numbers AS bigint[])) AS n
      UNION
      SELECT f.root, near.number FROM family f CROSS JOIN LATERAL (
        SELECT number FROM cases WHERE merged_into = f.number
        UNION ALL SELECT merged_into FROM cases WHERE number = f.number AND merged_into IS NOT NULL
      ) AS near
    )
    SELECT root, array_agg(number ORDER BY number) AS numbers FROM family GROUP BY root ORDER BY root
""")
_LOCK = text("SELECT number FROM cases WHERE number = ANY(:numbers) ORDER BY number FOR UPDATE SKIP LOCKED")
# A second statement: it sees what whoever held them has written.
_MAY_GO = text(f"""
    SELECT number FROM cases c WHERE number = ANY(:numbers) AND {_ENDED}
      AND NOT EXISTS (SELECT FROM escalation_runs r WHERE r.case_number = c.number AND r.state = 'running')
      AND NOT EXISTS (SELECT FROM held_pages h WHERE h.case_number = c.number AND h.released_at IS NULL)
      AND NOT EXISTS (SELECT FROM incidents i WHERE i.state = 'open'
        AND (i.number = c.incident OR i.lead_case = c.number))
      AND NOT EXISTS (SELECT FROM escalations e WHERE e.case_number = c.number AND e.state = 'open')
      AND NOT EXISTS (SELECT FROM escalations e JOIN cases o ON o.incident = e.incident
        WHERE e.case_number = c.number AND o.state IN ('new', 'open', 'waiting'))
      AND NOT EXISTS (SELECT FROM case_mentions m JOIN pending_mentions p USING (mention_id)
        WHERE m.case_number = c.number AND p.parked_at IS NULL)
""")  # noqa: S608
_LEARNED = "happened || why || change || by_whom <> ''"
# The title of a case is what somebody wrote: only one that a person gave to the escalation, or an incident's, stays.
_LESSONS = text(f"""
    UPDATE escalations e SET case_number = NULL, owner = '', members = '{{}}', opened_by = '', closed_by = '',
      title = CASE WHEN e.cause = 'incident' OR e.cause = 'person' AND e.title <> c.title THEN e.title
        ELSE 'case ' || c.number END
    FROM cases c WHERE c.number = e.case_number AND e.case_number = ANY(:numbers) AND {_LEARNED} RETURNING e.number
""")  # noqa: S608
_MEASURES = text("DELETE FROM escalation_measures WHERE escalation = ANY(:numbers)")
_LOG = text("DELETE FROM escalation_log WHERE escalation = ANY(:numbers)")
_CASES = text("DELETE FROM cases WHERE number = ANY(:numbers)")
_FREE = text(
    "SELECT id FROM unnest(CAST(:ids AS bigint[])) AS m(id)"
    " WHERE NOT EXISTS (SELECT FROM case_mentions c WHERE c.mention_id = m.id) ORDER BY id"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where ended cases were looked at: by when they ended, and their number."""

    at: datetime = datetime(1, 1, 2, tzinfo=UTC)
    number: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """Some ended cases, and where to look on; None: those were all."""

    numbers: tuple[int, ...]
    after: Place | None


def look(connection: Connection, before: datetime, after: Place, window: int) -> Window:
    """The next cases that ended before that."""
    values = {"before": before, "at": after.at, "number": after.number, "window": window}
    rows = connection.execute(_WINDOW, values).all()
    return Window(tuple(row.number for row in rows), Place(rows[-1].at, rows[-1].number) if rows else None)


def families(connection: Connection, numbers: Sequence[int]) -> list[frozenset[int]]:
    """The cases, each with those that it was merged with; each family once."""
    rows = connection.execute(_FAMILIES, {"numbers": list(numbers)})
    return list(dict.fromkeys(frozenset(row.numbers) for row in rows))


def lock(connection: Connection, numbers: Collection[int], before: datetime) -> set[int]:
    """Those of the cases that may go; nobody changes them until the commit."""
    locked = list(connection.scalars(_LOCK, {"numbers": sorted(numbers)}))
    return set(connection.scalars(_MAY_GO, {"numbers": locked, "before": before}))


def let_go(connection: Connection, numbers: Collection[int]) -> None:
    """Delete these cases; keys, posts' places, timelines, clocks, runs, ratings and answers go with them."""
    given = {"numbers": sorted(numbers)}
    lessons = {"numbers": list(connection.scalars(_LESSONS, given))}
    connection.execute(_MEASURES, lessons)
    connection.execute(_LOG, lessons)
    connection.execute(_CASES, given)


def free(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Those of the posts that no case holds."""
    return list(connection.scalars(_FREE, {"ids": list(ids)}))
