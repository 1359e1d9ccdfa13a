"""The steps that are due are taken: by any number of sweeps, each step by one of them.

Runs take them together or not at all; whoever met one that cannot names it, and has the others go on without it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from leitstand.model import Notice
from triage import clocks, overrides, records, timeline
from triage.policy import Policy
from triage.runs import asked, silences, store
from triage.runs.run import Run, RunState
from triage.runs.steps import Do, advance
from triage.runs.store import DueRun
from triage.runs.unacknowledge import again
from triage.snapshot import snapshot

_HURRY = text("""
    UPDATE escalation_runs SET next_at = :now
    WHERE state = 'running' AND case_number = :number AND policy = :policy AND step = :step AND next_at > :now
      AND waits = ''
""")


@dataclass(frozen=True, slots=True)
class Steps:
    """What came of starting or advancing runs: whom to tell, how late each step was, in seconds, and what steps do."""

    notices: tuple[Notice, ...] = ()
    delays: tuple[float, ...] = ()
    does: tuple[Do, ...] = ()


def advance_due(
    connection: Connection, policy: Policy, now: datetime, limit: int = 200, *, but: Collection[DueRun] = ()
) -> Steps:
    """Take the steps that are due, none of `but`. Several sweeps may do this at once; each step is taken by one."""
    return _advance_all(connection, store.claim_due(connection, now, limit, but=but), policy, now)


def advance_these(connection: Connection, policy: Policy, now: datetime, these: Collection[DueRun]) -> Steps:
    """Take the steps of those of these runs that are due still."""
    return _advance_all(connection, store.claim_these(connection, now, these), policy, now)


def _advance_all(connection: Connection, due: Sequence[Run], policy: Policy, now: datetime) -> Steps:
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
    store.update(connection, kept)
    timeline.append(connection, [*restarted.lines, *(line for a in advanced for line in a.lines)])
    return Steps(
        tuple(notice for a in advanced for notice in a.notices),
        tuple((now - run.next_at).total_seconds() for run in due),
        tuple(do for a in advanced for do in a.does),
    )


def hurry(connection: Connection, number: int, policy: str, step: int, now: datetime) -> bool:
    """Take a run's step at once, because the one before it reached nobody."""
    given = {"number": number, "policy": policy, "step": step, "now": now}
    return connection.execute(_HURRY, given).rowcount > 0
