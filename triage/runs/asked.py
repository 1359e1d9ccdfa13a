"""What only the database knows and the conditions of escalation steps ask: the risks of cases, and counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from leitstand.model import CaseSnapshot
from triage import counting
from triage.counting import Alike
from triage.risk import estimates
from triage.runs.run import Run


def with_risks(
    connection: Connection, runs: Iterable[Run], cases: Mapping[int, CaseSnapshot]
) -> Mapping[int, CaseSnapshot]:
    """The cases with the risks that their runs' steps ask for."""
    asking = {run.case_number for run in runs if any(s.only and s.only.risk_at_least for s in run.snapshot.steps)}
    if not asking:
        return cases
    known = estimates.read(connection, sorted(asking))
    return {n: replace(case, risk=known[n]) if n in known else case for n, case in cases.items()}


def counts(
    connection: Connection, runs: Sequence[Run], cases: Mapping[int, CaseSnapshot], now: datetime
) -> dict[int, dict[str, int]]:
    """By run, what the steps that it still has to take want to have counted."""
    return {run.id: _counts(connection, run, cases[run.case_number], now) for run in runs}


def _counts(connection: Connection, run: Run, case: CaseSnapshot, now: datetime) -> dict[str, int]:
    wanted = [step.only.count.thawed for step in run.snapshot.steps if step.only and step.only.count]
    alike = Alike(case.watchlists, case.channel, case.author.id, case.author.handle, case.team)
    return {counter.key: counting.counted(connection, counter, alike, now) for counter in wanted}
