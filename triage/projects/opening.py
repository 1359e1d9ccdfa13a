"""Escalations that open: by themselves, for sev1 cases, breaches and incidents, or because a person wants one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from leitstand.errors import NotFoundError
from leitstand.model import Notice
from triage import records, timeline
from triage.policy import Policy
from triage.projects import store
from triage.projects.acts import case_of, to_leadership
from triage.projects.store import Project
from triage.timeline import SYSTEM, Line

_NOBODY, _LATELY, _EVER = "", timedelta(minutes=2), timedelta(days=3650)
_SEV1 = text("""
    SELECT c.number FROM cases c WHERE c.state IN ('new', 'open', 'waiting') AND c.severity = 'sev1' AND c.review = ''
      AND c.updated_at > :since
      AND NOT EXISTS (SELECT FROM escalations e WHERE e.case_number = c.number)
      AND NOT EXISTS (SELECT FROM incidents i WHERE i.number = c.incident AND i.state = 'open')
      AND NOT EXISTS (SELECT FROM escalations e WHERE e.incident = c.incident)
    ORDER BY c.number LIMIT 20
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
_OPEN = text("""
    INSERT INTO escalations (title, state, cause, case_number, incident, team, owner, opened_at, opened_by)
    VALUES (:title, 'open', :cause, :case, :incident, :team, :owner, :now, :actor)
    ON CONFLICT DO NOTHING RETURNING *
""")


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
    causes.sort(key=lambda cause: cause.case_number)  # cases are locked in order of their numbers, as everywhere
    return [notice for cause in causes for notice in open_(connection, cause, policy, now)[1]]


def breached(connection: Connection, numbers: Sequence[int], policy: Policy, now: datetime) -> list[Notice]:
    """Open what breaches ask for; returns whom to tell."""
    if not numbers or "breach" not in policy.escalations.open_on:
        return []
    severities = [severity.value for severity in policy.escalations.breach_of]
    found = connection.scalars(_BREACHED, {"numbers": list(numbers), "severities": severities}).all()
    return [n for number in found for n in open_(connection, Cause("breach", number), policy, now)[1]]


def open_(connection: Connection, cause: Cause, policy: Policy, now: datetime) -> tuple[Project | None, list[Notice]]:
    """Open an escalation, owned by the next of the managers; None where the case has an open one already.

    Raises NotFoundError where there is no such case.
    """
    case = records.lock(connection, [cause.case_number]).get(cause.case_number)
    if case is None:
        raise NotFoundError(f"there is no case {cause.case_number}")
    managers = policy.escalations.managers
    turn = int(connection.scalar(_COUNT) or 0)
    row = connection.execute(
        _OPEN,
        {
            "title": cause.title or case.title or f"case {case.number}", "cause": cause.cause, "case": case.number,
            "incident": cause.incident, "team": case.team, "now": now, "actor": cause.actor,
            "owner": managers[turn % len(managers)] if managers else _NOBODY,
        },
    ).one_or_none()  # fmt: skip
    if row is None:
        return None, []
    project = store.project(row)
    owner = project.owner or "nobody yet"
    said = f"opened because of {_why(cause)}, about case {case.number} ({case.severity}); owned by {owner}"
    store.note(connection, project.number, "opened", cause.actor, said, now)
    data = {"escalation": str(project.number), "cause": cause.cause}
    line = Line(case.number, "project", now, f"escalation {project.number} is opened: {_why(cause)}", cause.actor, data)
    timeline.append(connection, [line])
    return project, to_leadership(project, case_of(connection, project, policy, now), policy, "opened", said)


def _why(cause: Cause) -> str:
    causes = {"sev1": "a sev1 case", "breach": "a missed deadline", "incident": f"incident {cause.incident}"}
    return causes.get(cause.cause, f"a decision of {cause.actor}")
