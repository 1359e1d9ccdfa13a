"""Escalations as stored: the project, its measures, its log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Row, text

from leitstand.errors import NotFoundError
from leitstand.model import TrafficLight
from leitstand.rows import Rows

_AMBER = 0.75

_LOCK = text("SELECT * FROM escalations WHERE number = :number FOR NO KEY UPDATE")
_READ = text("SELECT * FROM escalations WHERE number = :number")
_MEASURES = text("SELECT * FROM escalation_measures WHERE escalation = ANY(:numbers) ORDER BY due_at, id")
_LOG = text("SELECT at, kind, actor, text FROM escalation_log WHERE escalation = :number ORDER BY id LIMIT 1000")
_LINES: Final = Rows({"escalation": "bigint", "kind": "text", "actor": "text", "text": "text"})
_NOTE = text(
    f"INSERT INTO escalation_log (at, {_LINES.names}) SELECT :now, {_LINES.selected} FROM {_LINES.source}"  # noqa: S608
)
# A case has one open escalation beside those of incidents.
_MOVE = text("""
    UPDATE escalations e SET case_number = :into WHERE case_number = :number
      AND NOT (state = 'open' AND incident IS NULL AND EXISTS (
        SELECT FROM escalations o WHERE o.case_number = :into AND o.state = 'open' AND o.incident IS NULL))
    RETURNING number, state
""")


@dataclass(frozen=True, slots=True)
class Project:
    """One escalation. `cause` is "sev1", "breach", "incident" or "person".

    The last four say what was learned: what happened, why, what we change, and who does it. They may be kept longer
    than the case: then `case_number` is None.
    """

    number: int
    title: str
    state: str
    cause: str
    case_number: int | None
    incident: int | None
    team: str
    owner: str
    members: tuple[str, ...]
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None = None
    closed_by: str = ""
    happened: str = ""
    why: str = ""
    change: str = ""
    by_whom: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """A task of an escalation. `department` is the target it was handed over to, "" where it stays in the team."""

    id: int
    escalation: int
    title: str
    assignee: str
    department: str
    created_at: datetime
    due_at: datetime
    accepted_at: datetime | None
    done_at: datetime | None
    light: TrafficLight


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    at: datetime
    kind: str
    actor: str
    text: str


def lock(connection: Connection, number: int) -> Project:
    """The escalation, locked. Raises NotFoundError."""
    return _found(connection.execute(_LOCK, {"number": number}).one_or_none(), number)


def read(connection: Connection, number: int) -> Project:
    """The escalation as it is now. Raises NotFoundError."""
    return _found(connection.execute(_READ, {"number": number}).one_or_none(), number)


def measures(connection: Connection, numbers: Sequence[int], now: datetime) -> dict[int, list[Measure]]:
    """The measures of each escalation, the soonest due first."""
    found: dict[int, list[Measure]] = {number: [] for number in numbers}
    for row in connection.execute(_MEASURES, {"numbers": list(numbers)}):
        light = lit(row.created_at, row.due_at, row.done_at, now)
        found[row.escalation].append(
            Measure(
                row.id, row.escalation, row.title, row.assignee, row.department, row.created_at, row.due_at,
                row.accepted_at, row.done_at, light,
            )
        )  # fmt: skip
    return found


def log(connection: Connection, number: int) -> list[Entry]:
    """What happened, in words that anybody may read, oldest first."""
    return [Entry(*row) for row in connection.execute(_LOG, {"number": number})]


def note(connection: Connection, number: int, kind: str, actor: str, said: str, now: datetime) -> None:
    """Add a line to the log."""
    notes(connection, [(number, kind, actor, said)], now)


def notes(connection: Connection, lines: Sequence[tuple[int, str, str, str]], now: datetime) -> None:
    """Add lines to logs: of which escalation, the kind, who did it, what is said."""
    if lines:
        connection.execute(_NOTE, {"now": now, **_LINES.parameters(lines)})


def move(connection: Connection, case: int, into: int, actor: str, now: datetime) -> None:
    """One locked case is merged into another, and its escalations with it; where both have an open one, each stays."""
    said = f"case {case} was merged into case {into}: it is about that one from now on"
    for row in connection.execute(_MOVE, {"number": case, "into": into}).all():
        if row.state == "open":
            note(connection, row.number, "moved", actor, said, now)


def lit(created_at: datetime, due_at: datetime, done_at: datetime | None, now: datetime) -> TrafficLight:
    """A measure's light: red once it is overdue or was done too late, amber from 75 % of its time."""
    at = done_at or now
    if at > due_at:
        return TrafficLight.RED
    span = max(due_at - created_at, timedelta(seconds=1))
    return TrafficLight.AMBER if done_at is None and (at - created_at) / span >= _AMBER else TrafficLight.GREEN


def project(row: Row[tuple[object, ...]]) -> Project:
    """The escalation in a row that has the columns of `escalations`."""
    return Project(
        row.number, row.title, row.state, row.cause, row.case_number, row.incident, row.team, row.owner,
        tuple(row.members), row.opened_at, row.opened_by, row.closed_at, row.closed_by, row.happened, row.why,
        row.change, row.by_whom,
    )  # fmt: skip


def _found(row: Row[tuple[object, ...]] | None, number: int) -> Project:
    if row is None:
        raise NotFoundError(f"there is no escalation {number}")
    return project(row)
