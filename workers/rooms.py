"""Tells the channels that cases have of their own when their case is over, and when it goes on."""

from datetime import datetime

from sqlalchemy import Connection

from escalation_bridge import rooms
from leitstand.model import CaseState, Notice, NoticeType
from triage import records, views
from triage.policy import Policy
from triage.records import LIVE


def tell(connection: Connection, policy: Policy, now: datetime) -> list[Notice]:
    """Whom to tell: each room once for each end and each new beginning of its case."""
    standing = rooms.standing(connection, now)
    states = records.states(connection, {room.case_number for room in standing})
    behind = [r for r in standing if r.case_number in states and _over(states[r.case_number]) != (r.told == "over")]
    cases = views.snapshots(connection, {room.case_number for room in behind}, policy, now)
    notices: list[Notice] = []
    for room in behind:
        case = cases[room.case_number]
        over = _over(case.state)
        if rooms.mark(connection, room, "over" if over else "open"):
            kind = NoticeType.CASE_CLOSED if over else NoticeType.CASE_UPDATED
            reason = f"the case is {case.state}" if over else "the case is open again"
            purpose = f"room:{room.name}:{case.revision}"
            notices.append(Notice(room.target, case, kind, purpose, reason, room=room.name))
    return notices


def _over(state: CaseState) -> bool:
    return state not in LIVE
