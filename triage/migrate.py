"""Moves open cases to the deadlines that the file grants today. Nothing else does: what a case was promised stays.

The new budgets count from the own starts of the clocks, pauses kept. What is breached stays breached; a clock that the
file no longer grants ends.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.errors import NotFoundError
from leitstand.model import CaseReason, CaseState
from triage import clocks, records, sla, timeline
from triage.clocks import Clocks
from triage.policy import Policy
from triage.records import LIVE, CaseRecord
from triage.timeline import Line

_LIVE = text("SELECT number FROM cases WHERE state IN ('new', 'open', 'waiting') ORDER BY number")


@dataclass(frozen=True, slots=True)
class Migrated:
    """A case that has other deadlines now: the versions before and after, and each clock whose due time moved."""

    number: int
    before: str
    after: str
    moved: tuple[tuple[str, datetime | None, datetime], ...]


def migrate(
    connection: Connection, numbers: Sequence[int], policy: Policy, now: datetime, *, actor: str
) -> list[Migrated]:
    """Move these open cases, or all if none is named, to what the file says now. Raises NotFoundError."""
    wanted = list(numbers) or list(connection.scalars(_LIVE))
    cases = records.lock(connection, wanted)
    if missing := sorted(set(numbers) - set(cases)):
        raise NotFoundError(f"there is no case {missing[0]}")
    before = clocks.read(connection, cases)
    planned = [_plan(case, before[n], policy, now) for n, case in cases.items() if case.state in LIVE]
    changed = [(case, after, said) for case, after, said in planned if said is not None]
    records.update(connection, [case for case, _, _ in changed])
    clocks.write(connection, clocks.changed(before, {case.number: after for case, after, _ in changed}))
    moves = [said for _, _, said in changed if said is not None]
    timeline.append(connection, [_line(said, now, actor) for said in moves])
    return moves


def _plan(
    case: CaseRecord, stored: Clocks, policy: Policy, now: datetime
) -> tuple[CaseRecord, Clocks, Migrated | None]:
    """The case and its clocks as the file would have them; None where nothing changes."""
    granted = policy.agreement(case.traits())
    if granted.version == case.sla.version:
        return case, stored, None
    hours = policy.hours(granted.calendar)
    waits = case.state is CaseState.WAITING
    adopted = sla.adopt(stored.values(), granted, hours, case.posted_at, now, waits=waits)
    after = {clock.name: clock for clock in adopted}
    reasons = (*(r for r in case.reasons if r.about != "sla"), CaseReason("sla", granted.text))
    moved = replace(case, sla=granted, reasons=reasons, revision=case.revision + 1, updated_at=now)
    return moved, after, Migrated(case.number, case.sla.version, granted.version, tuple(_moves(stored, after)))


def _moves(before: Clocks, after: Clocks) -> Iterable[tuple[str, datetime | None, datetime]]:
    for name, clock in after.items():
        old = before.get(name)
        if old is None or old.due_at != clock.due_at:
            yield name.value, old.due_at if old else None, clock.due_at


def _line(moved: Migrated, now: datetime, actor: str) -> Line:
    said = "; ".join(f"{name.replace('_', ' ')} {_due(old)} → {_due(new)}" for name, old, new in moved.moved)
    data = {"before": moved.before, "after": moved.after}
    return Line(moved.number, "sla_migrated", now, f"new deadlines: {said or 'none moves'}", actor, data)


def _due(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "none"
