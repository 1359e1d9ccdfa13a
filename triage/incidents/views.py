"""Incidents as shown, counted for monitoring, and closed by a person."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.errors import NotFoundError, StateError
from leitstand.model import Notice
from triage.incidents import life, stored
from triage.policy import Policy

_LISTED = text("""
    SELECT number, watchlist, state, signal, started_at, opened_at, closed_at, authors, peak, lead_case, summary,
      (SELECT count(*) FROM cases c WHERE c.incident = i.number AND c.merged_into IS NULL) AS cases,
      (SELECT count(*) FROM held_pages h WHERE h.incident = i.number) AS held
    FROM incidents i
    WHERE (NOT :open_only OR state = 'open') AND (CAST(:number AS bigint) IS NULL OR number = :number)
    ORDER BY number DESC LIMIT :limit
""")
_EVENTS = text("SELECT at, kind, text FROM incident_events WHERE incident = :number ORDER BY id")
_CASES = text("""
    SELECT number FROM cases WHERE incident = :number AND merged_into IS NULL ORDER BY severity, number LIMIT 1000
""")
_OPEN = text("SELECT watchlist, count(*) AS found FROM incidents WHERE state = 'open' GROUP BY watchlist")


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident. `held` are the pages it held back, `peak` the authors of its highest window."""

    number: int
    watchlist: str
    state: str
    signal: str
    started_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    authors: int
    peak: int
    lead_case: int | None
    summary: str
    cases: int
    held: int


@dataclass(frozen=True, slots=True)
class Moment:
    """What was told of it, and when."""

    at: datetime
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Detail:
    """An incident with its moments and its cases."""

    incident: Incident
    events: tuple[Moment, ...]
    cases: tuple[int, ...]


def listed(connection: Connection, *, open_only: bool = True, limit: int = 100) -> list[Incident]:
    """The newest first."""
    rows = connection.execute(_LISTED, {"open_only": open_only, "number": None, "limit": limit})
    return [Incident(*row) for row in rows]


def detail(connection: Connection, number: int) -> Detail:
    """One with everything. Raises NotFoundError."""
    found = connection.execute(_LISTED, {"open_only": False, "number": number, "limit": 1}).one_or_none()
    if found is None:
        raise NotFoundError(f"there is no incident {number}")
    events = tuple(Moment(*row) for row in connection.execute(_EVENTS, {"number": number}))
    return Detail(Incident(*found), events, tuple(connection.scalars(_CASES, {"number": number})))


def close(connection: Connection, number: int, why: str, policy: Policy, now: datetime) -> list[Notice]:
    """End it by hand; the detector keeps it from opening anew until it has ebbed. Raises NotFoundError, StateError."""
    incident = detail(connection, number).incident
    found = stored.current(connection, incident.watchlist)
    if found is None or found.number != number:
        raise StateError(f"incident {number} is over already")
    locked = life.lock(connection, [found.number])
    return life.close(connection, found, why.strip() or "closed by hand", locked, policy, now)


def open_by_watchlist(connection: Connection) -> dict[str, int]:
    """How many are open on each watchlist that has one."""
    return {row.watchlist: row.found for row in connection.execute(_OPEN)}
