"""Reminders of an escalation's measures: some time before each is due, and once it is overdue."""

from datetime import datetime

from sqlalchemy import Connection, Row, text

from leitstand.model import Notice, NoticeType
from triage.policy import Policy
from triage.projects import store
from triage.projects.acts import case_of
from triage.telling import forward
from triage.timeline import SYSTEM

_REMIND = text("""
    SELECT m.*, e.case_number, e.team FROM escalation_measures m JOIN escalations e ON e.number = m.escalation
    WHERE m.remind_at <= :now ORDER BY m.remind_at LIMIT 100 FOR UPDATE OF m SKIP LOCKED
""")
_REMINDED = text("""
    UPDATE escalation_measures SET remind_at = CASE WHEN due_at > :now THEN due_at END WHERE id = ANY(:ids)
""")


def sweep(connection: Connection, policy: Policy, now: datetime) -> list[Notice]:
    """Remind before a measure is due, and when it is overdue; returns whom to tell."""
    rows = connection.execute(_REMIND, {"now": now}).all()
    notices: list[Notice] = []
    for row in rows:
        overdue = row.due_at <= now
        when = f"{'overdue since' if overdue else 'due'} {row.due_at:%Y-%m-%d %H:%M} UTC"
        said = f"measure {row.id} of {row.assignee} is {when}"
        store.note(connection, row.escalation, "reminded", SYSTEM, said, now)
        notices += _to_whom(connection, row, f"measure:{row.id}:{'overdue' if overdue else 'due'}", said, policy, now)
    if rows:
        connection.execute(_REMINDED, {"ids": [row.id for row in rows], "now": now})
    return notices


def _to_whom(
    connection: Connection, row: Row[tuple[object, ...]], purpose: str, said: str, policy: Policy, now: datetime
) -> list[Notice]:
    """The department, the person where that is a target, else the team of the case."""
    project = store.read(connection, row.escalation)
    case = case_of(connection, project, policy, now)
    reason = f"escalation {project.number}: {said}: {row.title}"
    for target in (row.department, row.assignee):
        if target in policy.targets:
            return [Notice(target, case, NoticeType.ESCALATION_REMINDER, purpose, reason)]
    return forward(case, policy, NoticeType.ESCALATION_REMINDER, purpose, reason)
