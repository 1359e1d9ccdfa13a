"""Escalation runs as stored: started, advanced when a step is due, stopped by what people do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import Connection, Row, text

from leitstand.model import CaseSnapshot, Notice
from triage import clocks, records, timeline
from triage.escalations import FrozenPolicy, Run, RunState, advance, begin
from triage.policy import Policy
from triage.snapshot import snapshot
from triage.timeline import Line

_IDS = text("SELECT nextval(pg_get_serial_sequence('escalation_runs', 'id')) FROM generate_series(1, :count)")
_INSERT = text("""
    INSERT INTO escalation_runs SELECT * FROM jsonb_populate_recordset(NULL::escalation_runs, CAST(:rows AS jsonb))
    ON CONFLICT (case_number, policy) WHERE state = 'running' DO NOTHING RETURNING id
""")
_RUNNING = text(
    "SELECT case_number, policy FROM escalation_runs WHERE state = 'running' AND case_number = ANY(:numbers)"
)
_CLAIM = text("""
    SELECT r.* FROM escalation_runs r JOIN cases c ON c.number = r.case_number
    WHERE r.state = 'running' AND r.next_at <= :now ORDER BY r.next_at LIMIT :limit
    FOR NO KEY UPDATE OF r, c SKIP LOCKED
""")
_UPDATE = text("""
    UPDATE escalation_runs e SET state = r.state, step = r.step, round = r.round, next_at = r.next_at,
      ended_at = r.ended_at
    FROM jsonb_populate_recordset(NULL::escalation_runs, CAST(:rows AS jsonb)) AS r WHERE e.id = r.id
""")
_STOP = text("""
    UPDATE escalation_runs SET state = 'stopped', ended_at = :now
    WHERE state = 'running' AND case_number = :number AND snapshot->>'stop_on' = ANY(:stop_on) RETURNING policy
""")
_SUPERSEDE = text("""
    UPDATE escalation_runs SET state = 'stopped', ended_at = :now
    WHERE state = 'running' AND case_number = :number AND policy = ANY(:policies) RETURNING policy
""")
_NEXT = text("SELECT min(next_at) FROM escalation_runs WHERE state = 'running'")


@dataclass(frozen=True, slots=True)
class Start:
    """A policy that is to run for a case."""

    case_number: int
    policy: str
    reason: str


@dataclass(frozen=True, slots=True)
class Steps:
    """What came of starting or advancing runs: whom to tell, and how late each step was, in seconds."""

    notices: tuple[Notice, ...] = ()
    delays: tuple[float, ...] = ()


def start(
    connection: Connection,
    starts: Sequence[Start],
    cases: Mapping[int, CaseSnapshot],
    policy: Policy,
    now: datetime,
) -> tuple[Notice, ...]:
    """Start the policies that exist and do not run yet for their locked cases, and take the steps due at once."""
    wanted = {(s.case_number, s.policy): s for s in starts if s.policy in policy.escalation}
    if not wanted:
        return ()
    running = {tuple(row) for row in connection.execute(_RUNNING, {"numbers": [n for n, _ in wanted]})}
    wanted = {key: s for key, s in wanted.items() if key not in running}
    ids = connection.scalars(_IDS, {"count": len(wanted)})
    begun = [
        begin(i, s.case_number, s.policy, policy.escalation[s.policy], s.reason, now)
        for i, s in zip(ids, wanted.values(), strict=True)
    ]
    advanced = [advance(run, cases[run.case_number], policy, now) for run in begun]
    if advanced:
        connection.execute(_INSERT, {"rows": msgspec.json.encode([a.run for a in advanced]).decode()})
    timeline.append(connection, [line for a in advanced for line in (_started(a.run, now), *a.lines)])
    return tuple(notice for a in advanced for notice in a.notices)


def advance_due(connection: Connection, policy: Policy, now: datetime, limit: int = 200) -> Steps:
    """Take the steps that are due. Several sweeps may do this at once; each step is taken by one of them."""
    due = [from_row(row) for row in connection.execute(_CLAIM, {"now": now, "limit": limit})]
    if not due:
        return Steps()
    numbers = {run.case_number for run in due}
    found, stored = records.read(connection, numbers), clocks.read(connection, numbers)
    cases = {n: snapshot(case, stored[n].values(), policy, now) for n, case in found.items()}
    advanced = [advance(run, cases[run.case_number], policy, now) for run in due]
    connection.execute(_UPDATE, {"rows": msgspec.json.encode([a.run for a in advanced]).decode()})
    timeline.append(connection, [line for a in advanced for line in a.lines])
    return Steps(
        tuple(notice for a in advanced for notice in a.notices),
        tuple((now - run.next_at).total_seconds() for run in due),
    )


def next_step_at(connection: Connection) -> datetime | None:
    """When the next step is due."""
    at: datetime | None = connection.scalar(_NEXT)
    return at


def stop(connection: Connection, number: int, event: Literal["acknowledged", "resolved"], now: datetime) -> list[Line]:
    """Stop a locked case's runs that end on this event; resolving ends all. Returns the lines for the timeline."""
    stop_on = ["acknowledged"] if event == "acknowledged" else ["acknowledged", "resolved"]
    ended = connection.scalars(_STOP, {"number": number, "stop_on": stop_on, "now": now})
    return [_stopped(number, name, f"the case is {event}", now) for name in ended]


def supersede(connection: Connection, number: int, policies: Iterable[str], now: datetime) -> list[Line]:
    """Stop a locked case's runs of milder policies."""
    ended = connection.scalars(_SUPERSEDE, {"number": number, "policies": list(policies), "now": now})
    return [_stopped(number, name, "the case has become more severe", now) for name in ended]


def _started(run: Run, now: datetime) -> Line:
    said = f"escalation {run.policy} started: {run.reason}"
    return Line(run.case_number, "escalation_started", now, said, data={"policy": run.policy, "reason": run.reason})


def _stopped(number: int, policy: str, why: str, now: datetime) -> Line:
    return Line(number, "escalation_stopped", now, f"escalation {policy} stopped: {why}", data={"policy": policy})


def from_row(row: Row[tuple[object, ...]]) -> Run:
    """The run in a row that has the columns of `escalation_runs`."""
    frozen = msgspec.convert(row.snapshot, FrozenPolicy)
    return Run(
        row.id, row.case_number, row.policy, frozen, row.reason, RunState(row.state), row.step, row.round, row.next_at,
        row.started_at, row.ended_at,
    )  # fmt: skip
