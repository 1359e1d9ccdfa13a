"""Escalation runs as stored: started, advanced when a step is due, stopped by what people do.

While an incident is open it stands for the pages of its cases: a policy that would start for one of them is held back
(`held_pages`), and the further steps of those that run already wait. What a person starts is never held back.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection, Row, text

from leitstand.model import CaseSnapshot, Notice
from leitstand.rows import Rows
from triage import asked, clocks, overrides, records, silences, timeline
from triage.escalations import Advanced, Do, FrozenPolicy, Run, RunState, advance, begin, targets
from triage.policy import Policy
from triage.silences import Silence
from triage.snapshot import snapshot
from triage.timeline import Line
from triage.unacknowledge import again

_IDS = text("SELECT nextval(pg_get_serial_sequence('escalation_runs', 'id')) FROM generate_series(1, :count)")
_COLUMNS: Final = {
    "id": "bigint",
    "case_number": "bigint",
    "policy": "text",
    "snapshot": "jsonb",
    "reason": "text",
    "state": "text",
    "step": "integer",
    "round": "integer",
    "next_at": "timestamptz",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "incident": "bigint",
    "waits": "text",
}
_VALUES: Final = attrgetter(*_COLUMNS)
_ROWS: Final = Rows(_COLUMNS)
_INSERT = text(f"""
    INSERT INTO escalation_runs ({_ROWS.names}) SELECT {_ROWS.selected} FROM {_ROWS.source}
    ON CONFLICT (case_number, policy) WHERE state = 'running' DO NOTHING RETURNING id
""")  # noqa: S608  our own column names
_RUNNING = text(
    "SELECT case_number, policy FROM escalation_runs WHERE state = 'running' AND case_number = ANY(:numbers)"
)
_INHIBITED = text("""
    SELECT c.number, i.number AS incident FROM cases c JOIN incidents i ON i.number = c.incident AND i.state = 'open'
    WHERE c.number = ANY(:numbers)
""")
_HOLD = text("""
    INSERT INTO held_pages (case_number, policy, incident, reason, held_at)
    VALUES (:case, :policy, :incident, :reason, :now)
    ON CONFLICT DO NOTHING RETURNING case_number
""")
_CLAIM = text("""
    SELECT r.* FROM escalation_runs r JOIN cases c ON c.number = r.case_number
    WHERE r.state IN ('running', 'acknowledged') AND r.next_at <= :now
      AND (r.incident IS NOT NULL
           OR NOT EXISTS (SELECT FROM incidents i WHERE i.number = c.incident AND i.state = 'open'))
    ORDER BY r.next_at LIMIT :limit
    FOR NO KEY UPDATE OF r, c SKIP LOCKED
""")
_UPDATE = text(f"""
    UPDATE escalation_runs e SET state = r.state, step = r.step, round = r.round, next_at = r.next_at,
      ended_at = r.ended_at, waits = r.waits
    FROM {_ROWS.source} WHERE e.id = r.id
""")  # noqa: S608  our own column names
_ACKNOWLEDGED = text("""
    WITH latest AS (
      SELECT DISTINCT ON (policy) id, state FROM escalation_runs
      WHERE case_number = :number AND state IN ('running', 'finished') AND snapshot->>'stop_on' = 'acknowledged'
        AND snapshot->>'unacknowledge_after' IS NOT NULL
      ORDER BY policy, id DESC
    )
    UPDATE escalation_runs r SET state = 'acknowledged', waits = '', ended_at = NULL,
      next_at = CAST(:now AS timestamptz) + CAST(snapshot->>'unacknowledge_after' AS interval)
    FROM latest WHERE latest.id = r.id RETURNING r.policy, latest.state = 'running' AS before
""")
_STOP = text("""
    WITH live AS (
      SELECT id, state FROM escalation_runs
      WHERE state = ANY(:states) AND case_number = :number AND snapshot->>'stop_on' = ANY(:stop_on)
    )
    UPDATE escalation_runs r SET state = 'stopped', ended_at = :now FROM live WHERE live.id = r.id
    RETURNING r.policy, live.state = 'running' AS before
""")
_STOP_INCIDENT = text("""
    UPDATE escalation_runs SET state = 'stopped', ended_at = :now
    WHERE state IN ('running', 'acknowledged') AND incident = :incident RETURNING case_number, policy
""")
_MOVE = text("""
    UPDATE escalation_runs SET case_number = :into
    WHERE state IN ('running', 'acknowledged') AND case_number = :number AND incident IS NOT NULL
""")
_SUPERSEDE = text("""
    UPDATE escalation_runs SET state = 'stopped', ended_at = :now
    WHERE state IN ('running', 'acknowledged') AND case_number = :number AND policy = ANY(:policies) RETURNING policy
""")
_WAIT = text("""
    SELECT case_number, policy FROM escalation_runs
    WHERE state = 'running' AND incident IS NULL AND case_number = ANY(:numbers) ORDER BY case_number, policy
""")
_HURRY = text("""
    UPDATE escalation_runs SET next_at = :now
    WHERE state = 'running' AND case_number = :number AND policy = :policy AND step = :step AND next_at > :now
      AND waits = ''
""")
_NEXT = text("SELECT min(next_at) FROM escalation_runs WHERE state IN ('running', 'acknowledged')")


@dataclass(frozen=True, slots=True)
class Start:
    """A policy that is to run for a case.

    `by` is the configured policy whose steps are taken where the run has a name of its own. `incident` is the incident
    it tells of. `asked` says that a person wants it: nothing holds it back.
    """

    case_number: int
    policy: str
    reason: str
    by: str = ""
    incident: int | None = None
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """What came of starting or advancing runs: whom to tell, how late each step was, in seconds, and what steps do."""

    notices: tuple[Notice, ...] = ()
    delays: tuple[float, ...] = ()
    does: tuple[Do, ...] = ()


def start(
    connection: Connection,
    starts: Sequence[Start],
    cases: Mapping[int, CaseSnapshot],
    policy: Policy,
    now: datetime,
) -> tuple[Notice, ...]:
    """Start the policies that exist and do not run yet for their locked cases, and take the steps due at once."""
    wanted = {(s.case_number, s.policy): s for s in starts if (s.by or s.policy) in policy.escalation}
    if not wanted:
        return ()
    running = {tuple(row) for row in connection.execute(_RUNNING, {"numbers": [n for n, _ in wanted]})}
    wanted = {key: s for key, s in wanted.items() if key not in running}
    wanted = _hold(connection, wanted, now)
    if not wanted:
        return ()
    policy = overrides.applied(connection, policy, now)
    ids = connection.scalars(_IDS, {"count": len(wanted)})
    begun = [_begun(i, s, cases[s.case_number], policy, now) for i, s in zip(ids, wanted.values(), strict=True)]
    quiet = silences.listed(connection, now)
    cases = asked.with_risks(connection, begun, cases)
    counts = asked.counts(connection, begun, cases, now)
    advanced = [_at_once(run, cases[run.case_number], policy, now, quiet, counts[run.id]) for run in begun]
    connection.execute(_INSERT, _ROWS.parameters([_VALUES(a.run) for a in advanced]))
    timeline.append(connection, [line for a in advanced for line in (_started(a.run, now), *a.lines)])
    return tuple(notice for a in advanced for notice in a.notices)


def _at_once(
    run: Run, case: CaseSnapshot, policy: Policy, now: datetime, quiet: Sequence[Silence], counts: Mapping[str, int]
) -> Advanced:
    """The first steps; where they do something to the case, the sweep takes them a moment later."""
    advanced = advance(run, case, policy, now, quiet, counts)
    return advanced if not advanced.does else Advanced(run, (), ())


def _begun(run_id: int, s: Start, case: CaseSnapshot, policy: Policy, now: datetime) -> Run:
    entry = policy.escalation[s.by or s.policy]
    return begin(
        run_id, s.case_number, s.policy, entry, s.reason, now, severity=case.severity.value, incident=s.incident
    )


def _hold(
    connection: Connection, wanted: Mapping[tuple[int, str], Start], now: datetime
) -> dict[tuple[int, str], Start]:
    """Those that start now; the pages that an open incident stands for are noted on their cases instead."""
    numbers = [s.case_number for s in wanted.values() if not s.asked]
    found = connection.execute(_INHIBITED, {"numbers": numbers}).all() if numbers else []
    inhibited = {row.number: row.incident for row in found}
    lines: list[Line] = []
    for s in wanted.values():
        if s.asked or s.case_number not in inhibited:
            continue
        incident = inhibited[s.case_number]
        row = {"case": s.case_number, "policy": s.policy, "incident": incident, "reason": s.reason, "now": now}
        if connection.execute(_HOLD, row).rowcount:
            said = f"escalation {s.policy} is held back by incident {incident}: {s.reason}"
            data = {"policy": s.policy, "incident": str(incident), "reason": s.reason}
            lines.append(Line(s.case_number, "page_held", now, said, data=data))
    timeline.append(connection, lines)
    return {key: s for key, s in wanted.items() if s.asked or s.case_number not in inhibited}


def advance_due(connection: Connection, policy: Policy, now: datetime, limit: int = 200) -> Steps:
    """Take the steps that are due. Several sweeps may do this at once; each step is taken by one of them."""
    due = [from_row(row) for row in connection.execute(_CLAIM, {"now": now, "limit": limit})]
    if not due:
        return Steps()
    numbers = {run.case_number for run in due}
    found, stored = records.read(connection, numbers), clocks.read(connection, numbers)
    restarted = again(connection, [run for run in due if run.state is RunState.ACKNOWLEDGED], found, now)
    found |= restarted.cases
    cases = {n: snapshot(case, stored[n].values(), policy, now) for n, case in found.items()}
    running = [*(run for run in due if run.state is RunState.RUNNING), *restarted.runs]
    quiet, policy = silences.listed(connection, now), overrides.applied(connection, policy, now)
    shown = asked.with_risks(connection, running, cases)
    counts = asked.counts(connection, running, shown, now)
    advanced = [advance(run, shown[run.case_number], policy, now, quiet, counts[run.id]) for run in running]
    kept = [*(a.run for a in advanced), *restarted.ended]
    connection.execute(_UPDATE, _ROWS.parameters(map(_VALUES, kept)))
    timeline.append(connection, [*restarted.lines, *(line for a in advanced for line in a.lines)])
    return Steps(
        tuple(notice for a in advanced for notice in a.notices),
        tuple((now - run.next_at).total_seconds() for run in due),
        tuple(do for a in advanced for do in a.does),
    )


def next_step_at(connection: Connection) -> datetime | None:
    """When the next step is due."""
    at: datetime | None = connection.scalar(_NEXT)
    return at


def stop(connection: Connection, number: int, event: Literal["acknowledged", "resolved"], now: datetime) -> list[Line]:
    """Stop a locked case's runs that end on this event; resolving ends all. Returns the lines for the timeline.

    Those that come back if nobody touches the case wait for that instead.
    """
    given = {"number": number, "now": now}
    lines: list[Line] = []
    if event == "acknowledged":
        waiting = connection.execute(_ACKNOWLEDGED, given).all()
        lines = [_stopped(number, row.policy, "the case is acknowledged", now) for row in waiting if row.before]
    stop_on = ["acknowledged"] if event == "acknowledged" else ["acknowledged", "resolved"]
    states = ["running"] if event == "acknowledged" else ["running", "acknowledged"]
    ended = connection.execute(_STOP, {**given, "stop_on": stop_on, "states": states}).all()
    return [*lines, *(_stopped(number, row.policy, f"the case is {event}", now) for row in ended if row.before)]


def move(connection: Connection, number: int, into: int) -> None:
    """What tells of an incident by this locked case tells of it by that one."""
    connection.execute(_MOVE, {"number": number, "into": into})


def supersede(connection: Connection, number: int, policies: Iterable[str], now: datetime) -> list[Line]:
    """Stop a locked case's runs of milder policies."""
    ended = connection.scalars(_SUPERSEDE, {"number": number, "policies": list(policies), "now": now})
    return [_stopped(number, name, "the case has become more severe", now) for name in ended]


def stop_incident(connection: Connection, incident: int, now: datetime) -> None:
    """Stop the run that tells of an incident: it is over."""
    ended = connection.execute(_STOP_INCIDENT, {"incident": incident, "now": now}).all()
    timeline.append(connection, [_stopped(r.case_number, r.policy, f"incident {incident} is over", now) for r in ended])


def wait(connection: Connection, numbers: Collection[int], incident: int, now: datetime) -> list[Line]:
    """The lines for cases whose running policies wait from now on, because an open incident stands for them."""
    rows = connection.execute(_WAIT, {"numbers": sorted(numbers)})
    said = f"its further steps wait for the end of incident {incident}"
    return [
        Line(
            row.case_number, "escalation_step_waits", now, f"escalation {row.policy}: {said}",
            data={"policy": row.policy, "incident": str(incident)},
        )
        for row in rows
    ]  # fmt: skip


def first_told(name: str, case: CaseSnapshot, policy: Policy, now: datetime) -> tuple[str, ...]:
    """Whom the first step of a policy tells."""
    entry = policy.escalation.get(name)
    return targets(entry.steps[0].notify, case.team, policy, now) if entry else ()


def hurry(connection: Connection, number: int, policy: str, step: int, now: datetime) -> bool:
    """Take a run's step at once, because the one before it reached nobody."""
    given = {"number": number, "policy": policy, "step": step, "now": now}
    return connection.execute(_HURRY, given).rowcount > 0


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
        row.started_at, row.ended_at, row.incident, row.waits,
    )  # fmt: skip
