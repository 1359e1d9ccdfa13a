"""Runs begin: of the policies that exist and do not run yet for a case.

While an incident is open it stands for the pages of its cases: a policy that would start for one of them is held back
(`held_pages`). What a person starts is never held back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.model import CaseSnapshot, Notice
from triage import overrides, timeline
from triage.policy import Policy
from triage.runs import asked, silences, store
from triage.runs.run import Run, begin
from triage.runs.silences import Silence
from triage.runs.steps import Advanced, advance
from triage.timeline import Line

_INHIBITED = text("""
    SELECT c.number, i.number AS incident FROM cases c JOIN incidents i ON i.number = c.incident AND i.state = 'open'
    WHERE c.number = ANY(:numbers)
""")
_HOLD = text("""
    INSERT INTO held_pages (case_number, policy, incident, reason, held_at)
    VALUES (:case, :policy, :incident, :reason, :now)
    ON CONFLICT DO NOTHING RETURNING case_number
""")


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
    running = store.running(connection, [number for number, _ in wanted])
    wanted = {key: s for key, s in wanted.items() if key not in running}
    wanted = _hold(connection, wanted, now)
    if not wanted:
        return ()
    policy = overrides.applied(connection, policy, now)
    ids = store.new_ids(connection, len(wanted))
    begun = [_begun(i, s, cases[s.case_number], policy, now) for i, s in zip(ids, wanted.values(), strict=True)]
    quiet = silences.listed(connection, now)
    cases = asked.with_risks(connection, begun, cases)
    counts = asked.counts(connection, begun, cases, now)
    advanced = [_at_once(run, cases[run.case_number], policy, now, quiet, counts[run.id]) for run in begun]
    store.insert(connection, (a.run for a in advanced))
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


def _started(run: Run, now: datetime) -> Line:
    said = f"escalation {run.policy} started: {run.reason}"
    return Line(run.case_number, "escalation_started", now, said, data={"policy": run.policy, "reason": run.reason})
