"""An open incident as stored: opened once a watchlist, with its leading case, its authors and its height."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Row, text

from triage.incidents import store
from triage.incidents.detector import Ongoing
from triage.incidents.signals import authors

_OPEN = text("""
    INSERT INTO incidents (watchlist, state, signal, started_at, opened_at, expected, threshold, peak, authors)
    VALUES (:watchlist, 'open', :signal, :started_at, :opened_at, :expected, :threshold, :peak, :authors)
    ON CONFLICT (watchlist) WHERE state = 'open' DO NOTHING
""")
_CURRENT = text("SELECT * FROM incidents WHERE watchlist = :watchlist AND state = 'open' FOR NO KEY UPDATE")
_STRAYS = text("""
    SELECT * FROM incidents WHERE state = 'open' AND NOT watchlist = ANY(CAST(:names AS text[])) ORDER BY number
    FOR NO KEY UPDATE
""")
_GROW = text("UPDATE incidents SET peak = :peak, authors = :authors WHERE number = :n")
_LEADS_NOW = text("""
    WITH RECURSIVE led AS (
      SELECT number, merged_into FROM cases WHERE number = :case
      UNION SELECT c.number, c.merged_into FROM cases c JOIN led ON c.number = led.merged_into
    )
    SELECT number FROM led WHERE merged_into IS NULL
""")
_HAND_ON = text("UPDATE incidents SET lead_case = :case WHERE number = :n")


@dataclass(frozen=True, slots=True)
class Incident:
    """An open incident as stored."""

    number: int
    watchlist: str
    started_at: datetime
    authors: int
    peak: int
    lead_case: int | None
    told: bool


def open_(connection: Connection, watchlist: str, opened: Ongoing) -> None:
    """Open one, unless the watchlist has one."""
    connection.execute(_OPEN, _row(watchlist, opened))


def current(connection: Connection, watchlist: str) -> Incident | None:
    """The open incident of a watchlist, locked."""
    row = connection.execute(_CURRENT, {"watchlist": watchlist}).one_or_none()
    return _incident(connection, row) if row else None


def strays(connection: Connection, names: Sequence[str]) -> list[Incident]:
    """Those of watchlists that are not among these, locked."""
    return [_incident(connection, row) for row in connection.execute(_STRAYS, {"names": list(names)}).all()]


def grown(connection: Connection, incident: Incident, ongoing: Ongoing) -> Incident:
    """With all who were heard since it began, and its height."""
    heard = authors(store.slots(connection, incident.watchlist, ongoing.signal, ongoing.started_at))
    now = replace(incident, authors=max(incident.authors, heard), peak=max(incident.peak, ongoing.peak))
    connection.execute(_GROW, {"n": now.number, "peak": now.peak, "authors": now.authors})
    return now


def _incident(connection: Connection, row: Row[tuple[object, ...]]) -> Incident:
    return Incident(
        row.number, row.watchlist, row.started_at, row.authors, row.peak, _lead(connection, row),
        row.told_at is not None,
    )  # fmt: skip


def _lead(connection: Connection, row: Row[tuple[object, ...]]) -> int | None:
    """The leading case; one that has been merged into another hands the lead on to that."""
    lead: int | None = connection.scalar(_LEADS_NOW, {"case": row.lead_case})
    if lead != row.lead_case:
        connection.execute(_HAND_ON, {"case": lead, "n": row.number})
    return lead


def _row(watchlist: str, opened: Ongoing) -> dict[str, object]:
    return {
        "watchlist": watchlist, "signal": opened.signal.value, "started_at": opened.started_at,
        "opened_at": opened.opened_at, "expected": opened.expected, "threshold": opened.threshold,
        "peak": opened.peak, "authors": opened.peak,
    }  # fmt: skip
