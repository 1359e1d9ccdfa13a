"""The un-acknowledge timer: a case that was acknowledged and then left alone counts as not acknowledged again.

What people do with the case sets the timer anew; a case that waits for somebody is left alone on purpose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from leitstand.model import CaseState
from leitstand.settings import show_duration
from triage import records
from triage.records import LIVE, CaseRecord
from triage.runs import store
from triage.runs.run import Run, RunState
from triage.timeline import SYSTEM, Line

_TOUCHED = text("""
    SELECT case_number, max(at) AS at FROM case_events WHERE case_number = ANY(:numbers) AND actor <> :system
    GROUP BY case_number
""")


@dataclass(frozen=True, slots=True)
class Again:
    """What the timers have come to: `runs` begin again, `ended` are kept as they are, `cases` have changed."""

    runs: tuple[Run, ...] = ()
    ended: tuple[Run, ...] = ()
    cases: dict[int, CaseRecord] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()


def again(connection: Connection, due: Sequence[Run], cases: Mapping[int, CaseRecord], now: datetime) -> Again:
    """The acknowledged runs whose time is up; their cases are locked. A policy begins again once for a case."""
    if not due:
        return Again()
    numbers = sorted({run.case_number for run in due})
    touched = {row.case_number: row.at for row in connection.execute(_TOUCHED, {"numbers": numbers, "system": SYSTEM})}
    running = store.running(connection, numbers)
    begun: list[Run] = []
    ended: list[Run] = []
    for run in due:
        case, until = cases[run.case_number], _until(run, cases[run.case_number], touched, now)
        if case.state not in LIVE or (run.case_number, run.policy) in running:
            ended.append(replace(run, state=RunState.STOPPED, ended_at=now))
        elif until > now:
            ended.append(replace(run, next_at=until))
        else:
            begun.append(replace(run, state=RunState.RUNNING, step=0, round=0, next_at=now))
            running.add((run.case_number, run.policy))
    changed = {run.case_number: _unacknowledged(cases[run.case_number], now) for run in begun}
    records.update(connection, list(changed.values()))
    return Again(tuple(begun), tuple(ended), changed, tuple(_line(run, cases[run.case_number], now) for run in begun))


def _until(run: Run, case: CaseRecord, touched: Mapping[int, datetime], now: datetime) -> datetime:
    """When the timer ends, as things are."""
    lasts = run.snapshot.unacknowledge_after or timedelta(0)
    if case.state is CaseState.WAITING:
        return now + lasts
    return touched.get(run.case_number, case.opened_at) + lasts


def _unacknowledged(case: CaseRecord, now: datetime) -> CaseRecord:
    state = CaseState.NEW if case.state is CaseState.OPEN else case.state
    return replace(
        case, state=state, acknowledged_at=None, acknowledged_by="", revision=case.revision + 1, updated_at=now
    )


def _line(run: Run, case: CaseRecord, now: datetime) -> Line:
    span = show_duration(run.snapshot.unacknowledge_after or timedelta(0))
    who = case.acknowledged_by or "nobody"
    said = f"nobody has touched it for {span} since {who} acknowledged it: escalation {run.policy} begins again"
    return Line(run.case_number, "unacknowledged", now, said, data={"policy": run.policy, "who": who, "span": span})
