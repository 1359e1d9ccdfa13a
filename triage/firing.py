"""Fires what is due on the clocks: warnings, breaches and reminders of them, each once, however many sweeps look.

A sweep claims due clocks together with their cases and passes over what another one holds. A breach starts the team's
escalation policy. A breach of a case that waits reminds nobody until the wait is over. Clocks fire together or not at
all; whoever met one that cannot names it, and has the others fire without it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, text

from leitstand.model import CaseSnapshot, Clock, ClockName, Notice, NoticeType, Severity
from leitstand.rows import Rows
from leitstand.settings import show_duration
from triage import clocks, records, timeline
from triage.policy import Policy
from triage.records import CaseRecord
from triage.runs import starting
from triage.runs.starting import Start
from triage.sla import fire, pause
from triage.snapshot import snapshot
from triage.telling import forward
from triage.timeline import Line

_NAMED = Rows({"case_number": "bigint", "name": "text"})
_CLAIM = """
    SELECT k.*, c.state = 'waiting' AND NOT (c.waits_for = 'department' AND k.name = 'forward_accepted') AS waits
    FROM sla_clocks k JOIN cases c ON c.number = k.case_number
    WHERE k.fire_at <= :now AND {which} ORDER BY k.fire_at LIMIT :limit
    FOR NO KEY UPDATE OF k, c SKIP LOCKED
"""
_THESE = f"(k.case_number, k.name) IN (SELECT {_NAMED.selected} FROM {_NAMED.source})"  # noqa: S608  our own names
_CLAIM_THESE, _CLAIM_BUT = (text(_CLAIM.format(which=which)) for which in (_THESE, "NOT " + _THESE))
_DUE = text(f"""
    SELECT k.case_number, k.name FROM sla_clocks k WHERE k.fire_at <= :now AND NOT {_THESE}
    ORDER BY k.fire_at LIMIT :limit
""")  # noqa: S608  our own column names
_BUMP = text("UPDATE cases SET revision = revision + 1, updated_at = :now WHERE number = ANY(:numbers)")
_NEXT = text("SELECT min(fire_at) FROM sla_clocks WHERE fire_at IS NOT NULL")


@dataclass(frozen=True, slots=True)
class Due:
    """A clock, by its case and its name as stored: another version may know names that this one does not."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Breach:
    """A deadline that was missed."""

    clock: ClockName
    channel: str
    severity: Severity
    number: int


@dataclass(frozen=True, slots=True)
class Fired:
    """What a sweep found. The notices belong into the outbox in the same transaction; `delays` are in seconds.

    `claimed` says how many clocks were due: as many as the limit means that there may be more.
    """

    claimed: int = 0
    notices: tuple[Notice, ...] = ()
    delays: tuple[tuple[ClockName, float], ...] = ()
    breaches: tuple[Breach, ...] = ()


@dataclass(frozen=True, slots=True)
class _Shot:
    """One clock that fired: as it is now, and the fraction it told of; None is the breach, above 1 a reminder of it."""

    number: int
    clock: Clock
    fraction: float | None


def fire_due(
    connection: Connection, policy: Policy, now: datetime, limit: int = 500, *, but: Collection[Due] = ()
) -> Fired:
    """Fire the clocks that are due, the longest overdue first, at most `limit` of them, and none of `but`."""
    return _fire_all(connection, connection.execute(_CLAIM_BUT, _given(now, limit, but)), policy, now)


def fire_these(connection: Connection, policy: Policy, now: datetime, these: Collection[Due]) -> Fired:
    """Fire those of these clocks that are due still."""
    return _fire_all(connection, connection.execute(_CLAIM_THESE, _given(now, len(these), these)), policy, now)


def due(connection: Connection, now: datetime, limit: int = 500, *, but: Collection[Due] = ()) -> list[Due]:
    """The clocks that `fire_due` would fire now. Nothing of them is read but who they are."""
    return [Due(row.case_number, row.name) for row in connection.execute(_DUE, _given(now, limit, but))]


def _given(now: datetime, limit: int, named: Collection[Due]) -> dict[str, object]:
    return {"now": now, "limit": limit, **_NAMED.parameters([(one.number, one.name) for one in named])}


def _fire_all(connection: Connection, rows: Iterable[Row[tuple[object, ...]]], policy: Policy, now: datetime) -> Fired:
    due = [(row.case_number, clocks.from_row(row), row.waits) for row in rows]
    if not due:
        return Fired()
    shots = [_fire(number, clock, waits, policy, now) for number, clock, waits in due]
    clocks.write(connection, [(shot.number, shot.clock) for shot in shots])
    shots = [shot for shot in shots if shot.fraction != 0]
    numbers = sorted({shot.number for shot in shots})
    connection.execute(_BUMP, {"numbers": numbers, "now": now})
    cases = records.read(connection, numbers)
    timeline.append(connection, [_line(shot, cases[shot.number], policy, now) for shot in shots])
    breached = [shot for shot in shots if shot.fraction is None]
    starts = _starts(breached, cases, policy)
    heard = {n: case for n, case in cases.items() if policy.forward(case.team)} | {
        start.case_number: cases[start.case_number] for start in starts
    }
    stored = clocks.read(connection, heard)
    snapshots = {n: snapshot(case, stored[n].values(), policy, now) for n, case in heard.items()}
    told = starting.start(connection, starts, snapshots, policy, now)
    return Fired(
        len(due),
        (
            *(n for shot in shots if shot.number in heard for n in _notices(shot, snapshots[shot.number], policy, now)),
            *told,
        ),
        tuple((clock.name, (now - (clock.fire_at or now)).total_seconds()) for _, clock, _ in due),
        tuple(Breach(s.clock.name, cases[s.number].channel, cases[s.number].severity, s.number) for s in breached),
    )


def _fire(number: int, clock: Clock, waits: bool, policy: Policy, now: datetime) -> _Shot:
    fired, fraction = fire(clock, policy.hours(clock.calendar), now)
    return _Shot(number, pause(fired, now) if waits else fired, fraction)


def next_fire_at(connection: Connection) -> datetime | None:
    """When the next clock is to be looked at."""
    at: datetime | None = connection.scalar(_NEXT)
    return at


def _starts(breached: Sequence[_Shot], cases: dict[int, CaseRecord], policy: Policy) -> list[Start]:
    teams = [(shot, policy.teams.get(cases[shot.number].team)) for shot in breached]
    return [
        Start(shot.number, team.escalation, f"the {_words(shot.clock)} is overdue")
        for shot, team in teams
        if team is not None and team.escalation
    ]


def _notices(shot: _Shot, case: CaseSnapshot, policy: Policy, now: datetime) -> list[Notice]:
    clock = shot.clock
    # The start belongs to it: a clock for the next response starts again and again.
    what = "breach" if shot.fraction is None else f"{shot.fraction:g}"
    purpose = f"sla:{clock.name}:{clock.policy}:{clock.started_at.isoformat()}:{what}"
    kind = NoticeType.SLA_WARNING if 0 < (shot.fraction or 2) < 1 else NoticeType.SLA_BREACHED
    return forward(case, policy, kind, purpose, _sentence(shot, policy, now))


def _sentence(shot: _Shot, policy: Policy, now: datetime) -> str:
    """What happened. Lengths are those of the clock's calendar: a night does not count."""
    clock, hours = shot.clock, policy.hours(shot.clock.calendar)
    entry = clock.policy.rpartition("@")[0] or clock.policy
    due = f"due {clock.due_at:%Y-%m-%d %H:%M} UTC, {show_duration(clock.budget)} by SLA {entry}"
    late = show_duration(hours.between(clock.due_at, now))
    if shot.fraction is None:
        return f"{_words(clock)} overdue by {late} ({due})"
    if shot.fraction > 1:
        return f"{_words(clock)} still overdue, by {late} ({due})"
    left = show_duration(hours.between(now, clock.due_at))
    return f"{_words(clock)}: {shot.fraction:.0%} of the time is used, {left} left ({due})"


def _line(shot: _Shot, case: CaseRecord, policy: Policy, now: datetime) -> Line:
    clock, said = shot.clock, _sentence(shot, policy, now)
    if shot.fraction is None and clock.due_at <= case.opened_at:
        said += "; it was past due when the post was seen"
    kind = "clock_breached" if shot.fraction is None else "clock_reminder" if shot.fraction > 1 else "clock_warning"
    data = {"clock": clock.name.value, "due_at": clock.due_at.isoformat(), "policy": clock.policy}
    data["late_seconds" if shot.fraction is None else "fraction"] = (
        str(round((now - clock.due_at).total_seconds(), 3)) if shot.fraction is None else f"{shot.fraction:g}"
    )
    return Line(shot.number, kind, now, said, data=data)


def _words(clock: Clock) -> str:
    return clock.name.replace("_", " ")
