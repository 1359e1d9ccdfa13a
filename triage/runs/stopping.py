"""Runs end, wait or go along with their case: by what people do, a worse severity, an incident, a merge."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, text

from leitstand.model import Severity
from triage import timeline
from triage.policy import Policy
from triage.timeline import Line

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


def supersede(connection: Connection, number: int, severity: Severity, policy: Policy, now: datetime) -> list[Line]:
    """Stop a locked case's runs of policies that are named like severities milder than its own, which is this one."""
    milder = [name for name in policy.escalation if name.startswith("sev") and name > severity]
    ended = connection.scalars(_SUPERSEDE, {"number": number, "policies": milder, "now": now})
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


def move(connection: Connection, number: int, into: int) -> None:
    """What tells of an incident by this locked case tells of it by that one."""
    connection.execute(_MOVE, {"number": number, "into": into})


def _stopped(number: int, policy: str, why: str, now: datetime) -> Line:
    return Line(number, "escalation_stopped", now, f"escalation {policy} stopped: {why}", data={"policy": policy})
