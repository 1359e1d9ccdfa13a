"""Pages that an open incident stands for: who holds which back, and what becomes of them when it is over.

The rule: what paged before the incident was opened has paged; its further steps wait. A case that is attached to an
open incident is not paged by itself: the incident is, once, by its leading case. Each page held back is a row here and
a line on the timeline of its case. What a person starts by hand is never held back, and cases with one of the
`never_hold` intents belong to no incident. When the incident is over, the held page of a case that nobody has
acknowledged since goes out; the others are let go of. A page that was being held back in the very moment in which its
incident ended is late: the next look finds it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.model import CaseSnapshot, Intent, Notice
from leitstand.statements import Statement
from triage import clocks, records
from triage.ledger import Ledger
from triage.policy import Policy
from triage.runs import starting
from triage.snapshot import snapshot

_OPEN = Statement("SELECT watchlist, number FROM incidents WHERE state = 'open'")
_RELEASE = text("""
    WITH released AS (
      UPDATE held_pages SET released_at = :now
      WHERE incident = :n AND released_at IS NULL AND case_number = ANY(:locked)
      RETURNING case_number, policy, reason, held_at
    )
    SELECT h.case_number, h.policy, h.reason FROM released h JOIN cases c ON c.number = h.case_number
    WHERE c.state IN ('new', 'open', 'waiting') AND (c.acknowledged_at IS NULL OR c.acknowledged_at < h.held_at)
    ORDER BY h.case_number, h.policy
""")
_LATE = text("""
    SELECT i.number FROM incidents i WHERE i.state = 'closed'
      AND i.number IN (SELECT incident FROM held_pages WHERE released_at IS NULL) ORDER BY i.number
""")
_COUNT = text("SELECT count(*) FROM held_pages WHERE incident = :n")


@dataclass(frozen=True, slots=True)
class Released:
    """How many pages went out after all, and whom to tell."""

    cases: int
    notices: tuple[Notice, ...]


def open_incidents(connection: Connection) -> dict[str, int]:
    """The open incidents by watchlist."""
    return dict(_OPEN.rows(connection))


def attach(ledger: Ledger, incidents: Mapping[str, int], never: Collection[Intent]) -> None:
    """Attach the cases that a batch opens to the open incident of one of their watchlists."""
    for number in ledger.opened if incidents else ():
        case = ledger.records[number]
        found = next((incidents[name] for name in case.watchlists if name in incidents), None)
        if found is not None and not set(case.intents) & set(never):
            ledger.belongs(number, found)
            ledger.note(number, "incident", attached(found), **data(found))


def attached(incident: int) -> str:
    """The line on a case's timeline."""
    return f"belongs to incident {incident}: its page is held back while the incident is open"


def data(incident: int) -> dict[str, str]:
    """What a translation needs."""
    return {"incident": str(incident)}


def late(connection: Connection) -> list[int]:
    """The incidents that are over and still hold a page back."""
    return list(connection.scalars(_LATE))


def release(connection: Connection, incident: int, locked: Collection[int], policy: Policy, now: datetime) -> Released:
    """Let go of what was held back for these locked cases; it starts where nobody has acknowledged the case since."""
    rows = connection.execute(_RELEASE, {"n": incident, "locked": sorted(locked), "now": now}).all()
    starts = [
        starting.Start(row.case_number, row.policy, f"{row.reason}; incident {incident} is over", asked=True)
        for row in rows
    ]
    cases = _snapshots(connection, [row.case_number for row in rows], policy, now)
    return Released(len(rows), starting.start(connection, starts, cases, policy, now))


def count(connection: Connection, incident: int) -> int:
    """How many pages it has held back in all."""
    found: int = connection.execute(_COUNT, {"n": incident}).scalar_one()
    return found


def _snapshots(
    connection: Connection, numbers: Sequence[int], policy: Policy, now: datetime
) -> dict[int, CaseSnapshot]:
    found, stored = records.lock(connection, numbers), clocks.read(connection, numbers)
    return {n: snapshot(case, stored[n].values(), policy, now) for n, case in found.items()}
