"""What the department that a case was forwarded to says of it: taken, given back, solved. Each answer counts once.

An answer to a case that is over stays a line of its timeline.
"""

from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.errors import NotFoundError
from leitstand.model import TargetAnswer
from triage import clocks, records, timeline
from triage.actions import act
from triage.in_hand import Acted
from triage.policy import Policy
from triage.records import LIVE
from triage.snapshot import snapshot
from triage.timeline import Line

_ONCE = text("""
    INSERT INTO target_answers (target, id, case_number, received_at) VALUES (:target, :id, :case, :now)
    ON CONFLICT DO NOTHING
""")
_ACTIONS = {"accepted": ("accept",), "withdrawn": ("return",), "resolved": ("accept", "resolve")}
_SAID = {"accepted": "accepted", "withdrawn": "handed back", "resolved": "resolved"}


def take(connection: Connection, answer: TargetAnswer, policy: Policy, now: datetime) -> Acted:
    """Do what an answer says, and say whom to tell. Nothing is changed if it was taken before. Raises NotFoundError."""
    number = answer.case
    if number not in (found := records.lock(connection, [number])):
        raise NotFoundError(f"there is no case {number}")
    row = {"target": answer.target, "id": answer.id, "case": number, "now": now}
    once = connection.execute(_ONCE, row).rowcount == 1
    if not once or found[number].state not in LIVE:
        if once and answer.event != "resolved":
            timeline.append(connection, [_line(answer, now)])
        stored = clocks.read(connection, [number])[number]
        return Acted(snapshot(found[number], stored.values(), policy, now), changed=False)
    who = f"{answer.by} at {answer.target}" if answer.by else answer.target
    acted = [
        act(connection, number, action, actor=who, now=now, policy=policy, text=answer.note, value="")
        for action in _ACTIONS[answer.event]
    ]
    if not any(one.changed for one in acted):  # no deadline waited for it
        timeline.append(connection, [_line(answer, now)])
    return Acted(acted[-1].case, tuple(notice for one in acted for notice in one.notices))


def _line(answer: TargetAnswer, now: datetime) -> Line:
    who = f"{answer.by} at {answer.target}" if answer.by else answer.target
    said = f"{_SAID[answer.event]} by {who}{f': {answer.note}' if answer.note else ''}"
    return Line(answer.case, "answered_by_target", now, said, who, {"target": answer.target})
