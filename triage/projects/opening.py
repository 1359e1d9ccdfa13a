"""Escalations that open: by themselves, for sev1 cases, breaches and incidents, or because a person wants one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

from leitstand.errors import NotFoundError
from leitstand.model import Notice
from leitstand.rows import Rows
from triage import clocks, records, timeline
from triage.policy import Policy
from triage.projects import store
from triage.projects.acts import to_leadership
from triage.projects.store import Project
from triage.records import CaseRecord
from triage.snapshot import snapshot
from triage.timeline import SYSTEM, Line

_NOBODY, _LATELY, _EVER = "", timedelta(minutes=2), timedelta(days=3650)
_SEV1 = text("""
    SELECT c.number FROM cases c WHERE c.state IN ('new', 'open', 'waiting') AND c.severity = 'sev1' AND c.review = ''
      AND c.updated_at > :since
      AND NOT EXISTS (SELECT FROM escalations e WHERE e.case_number = c.number)
      AND NOT EXISTS (SELECT FROM incidents i WHERE i.number = c.incident AND i.state = 'open')
      AND NOT EXISTS (SELECT FROM escalations e WHERE e.incident = c.incident)
    ORDER BY c.number LIMIT 200
""")
_BREACHED = text("""
    SELECT c.number FROM cases c WHERE c.number = ANY(:numbers) AND severity = ANY(:severities)
      AND NOT EXISTS (SELECT FROM escalations e WHERE e.case_number = c.number)
      AND NOT EXISTS (SELECT FROM incidents i WHERE i.number = c.incident AND i.state = 'open')
      AND NOT EXISTS (SELECT FROM escalations e WHERE e.incident = c.incident)
    ORDER BY c.number
""")
_INCIDENTS = text("""
    SELECT number, lead_case, watchlist FROM incidents i WHERE state = 'open' AND lead_case IS NOT NULL
      AND NOT EXISTS (SELECT FROM escalations e WHERE e.incident = i.number) ORDER BY number
""")
_COUNT = text("SELECT count(*) FROM escalations")
_ROWS: Final = Rows(
    {
        "title": "text",
        "cause": "text",
        "case_number": "bigint",
        "incident": "bigint",
        "team": "text",
        "owner": "text",
        "opened_by": "text",
    }
)
_OPEN = text(f"""
    INSERT INTO escalations (state, opened_at, {_ROWS.names}) SELECT 'open', :now, {_ROWS.selected} FROM {_ROWS.source}
    ON CONFLICT DO NOTHING RETURNING *
""")  # noqa: S608  our own column names


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an escalation is opened, about which case, by whom."""

    cause: str
    case_number: int
    title: str = ""
    incident: int | None = None
    actor: str = SYSTEM


def sweep(connection: Connection, policy: Policy, now: datetime, *, all_open: bool = True) -> list[Notice]:
    """Open what sev1 cases and incidents ask for; returns whom to tell.

    `all_open` False: of the sev1 cases only those that changed lately are looked at.
    """
    causes: list[Cause] = []
    if "sev1" in policy.escalations.open_on:
        since = now - (_EVER if all_open else _LATELY)
        causes += [Cause("sev1", number) for number in connection.scalars(_SEV1, {"since": since})]
    if "incident" in policy.escalations.open_on:
        causes += [
            Cause("incident", row.lead_case, f"incident {row.number} on {row.watchlist}", row.number)
            for row in connection.execute(_INCIDENTS)
        ]
    return [notice for _, notices in _open_all(connection, causes, policy, now) for notice in notices]


def breached(connection: Connection, numbers: Sequence[int], policy: Policy, now: datetime) -> list[Notice]:
    """Open what breaches ask for; returns whom to tell."""
    if not numbers or "breach" not in policy.escalations.open_on:
        return []
    severities = [severity.value for severity in policy.escalations.breach_of]
    found = connection.scalars(_BREACHED, {"numbers": list(numbers), "severities": severities})
    causes = [Cause("breach", number) for number in found]
    return [notice for _, notices in _open_all(connection, causes, policy, now) for notice in notices]


def open_(connection: Connection, cause: Cause, policy: Policy, now: datetime) -> tuple[Project | None, list[Notice]]:
    """Open an escalation, owned by the next of the managers; None where the case has an open one already.

    Raises NotFoundError where there is no such case.
    """
    if cause.case_number not in records.lock(connection, [cause.case_number]):
        raise NotFoundError(f"there is no case {cause.case_number}")
    for project, notices in _open_all(connection, [cause], policy, now):
        return project, notices
    return None, []


def _open_all(
    connection: Connection, causes: Sequence[Cause], policy: Policy, now: datetime
) -> list[tuple[Project, list[Notice]]]:
    """Those that are opened, and whom to tell. In a storm there are many at once, so all are written together."""
    cases = records.lock(connection, {cause.case_number for cause in causes})
    if not cases:
        return []
    turn = int(connection.scalar(_COUNT) or 0)
    wanted = [(cause, cases[cause.case_number]) for cause in causes if cause.case_number in cases]
    rows = [_row(cause, case, policy, turn + place) for place, (cause, case) in enumerate(wanted)]
    found = connection.execute(_OPEN, {"now": now, **_ROWS.parameters(rows)})
    opened = {(row.case_number, row.incident): store.project(row) for row in found}
    begun = [
        (cause, case, project, _said(cause, case, project))
        for cause, case in wanted
        if (project := opened.pop((case.number, cause.incident), None)) is not None
    ]
    store.notes(connection, [(project.number, "opened", c.actor, said) for c, _, project, said in begun], now)
    timeline.append(connection, [_line(cause, project, now) for cause, _, project, _ in begun])
    if not policy.escalations.leadership:
        return [(project, []) for _, _, project, _ in begun]
    stored = clocks.read(connection, [case.number for _, case, _, _ in begun])
    shown = {case.number: snapshot(case, stored[case.number].values(), policy, now) for _, case, _, _ in begun}
    return [(p, to_leadership(p, shown[case.number], policy, "opened", said)) for _, case, p, said in begun]


def _row(cause: Cause, case: CaseRecord, policy: Policy, turn: int) -> tuple[object, ...]:
    managers = policy.escalations.managers
    owner = managers[turn % len(managers)] if managers else _NOBODY
    title = cause.title or case.title or f"case {case.number}"
    return title, cause.cause, case.number, cause.incident, case.team, owner, cause.actor


def _said(cause: Cause, case: CaseRecord, project: Project) -> str:
    owner = project.owner or "nobody yet"
    return f"opened because of {_why(cause)}, about case {case.number} ({case.severity}); owned by {owner}"


def _line(cause: Cause, project: Project, now: datetime) -> Line:
    data = {"escalation": str(project.number), "cause": cause.cause}
    said = f"escalation {project.number} is opened: {_why(cause)}"
    return Line(cause.case_number, "project", now, said, cause.actor, data)


def _why(cause: Cause) -> str:
    causes = {"sev1": "a sev1 case", "breach": "a missed deadline", "incident": f"incident {cause.incident}"}
    return causes.get(cause.cause, f"a decision of {cause.actor}")
