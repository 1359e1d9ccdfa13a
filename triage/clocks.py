"""SLA clocks as stored: the rows of `sla_clocks`, read and written in bulk."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, Row, text

from leitstand.model import Clock, ClockEvent, ClockName, ClockState

Clocks = dict[ClockName, Clock]

_WRITE = text("""
    INSERT INTO sla_clocks (case_number, name, state, started_at, budget, due_at, fire_at, warnings_left, policy,
      calendar, paused, paused_at, ended_at, history)
    SELECT case_number, name, state, started_at, budget, due_at, fire_at, warnings_left, policy,
      calendar, paused, paused_at, ended_at, history
    FROM jsonb_populate_recordset(NULL::sla_clocks, CAST(:rows AS jsonb))
    ON CONFLICT (case_number, name) DO UPDATE SET state = excluded.state,
      started_at = excluded.started_at, budget = excluded.budget,
      due_at = excluded.due_at, fire_at = excluded.fire_at, warnings_left = excluded.warnings_left,
      policy = excluded.policy, calendar = excluded.calendar, paused = excluded.paused, paused_at = excluded.paused_at,
      ended_at = excluded.ended_at, history = excluded.history
""")
_READ = text("SELECT * FROM sla_clocks WHERE case_number = ANY(:numbers) ORDER BY case_number, due_at, name")


@dataclass(frozen=True, slots=True)
class _Row:
    """A clock with its case, shaped like the table."""

    case_number: int
    name: ClockName
    state: ClockState
    started_at: datetime
    budget: timedelta
    due_at: datetime
    fire_at: datetime | None
    warnings_left: tuple[float, ...]
    policy: str
    calendar: str
    paused: timedelta
    paused_at: datetime | None
    ended_at: datetime | None
    history: tuple[ClockEvent, ...]


def write(connection: Connection, clocks: Iterable[tuple[int, Clock]]) -> None:
    """Store the clocks of new cases, or of cases that this transaction has locked."""
    rows = [
        _Row(
            number, c.name, c.state, c.started_at, c.budget, c.due_at, c.fire_at, c.warnings_left, c.policy, c.calendar,
            c.paused, c.paused_at, c.ended_at, c.history,
        )
        for number, c in clocks
    ]  # fmt: skip
    if rows:
        connection.execute(_WRITE, {"rows": msgspec.json.encode(rows).decode()})


def read(connection: Connection, numbers: Iterable[int]) -> dict[int, Clocks]:
    """The clocks of each case, the soonest due first."""
    found: dict[int, Clocks] = {number: {} for number in numbers}
    if found:
        for row in connection.execute(_READ, {"numbers": sorted(found)}):
            found[row.case_number][ClockName(row.name)] = from_row(row)
    return found


def changed(before: Mapping[int, Clocks], after: Mapping[int, Clocks]) -> list[tuple[int, Clock]]:
    """The clocks that are not what they were."""
    return [(n, c) for n, clocks in after.items() for name, c in clocks.items() if before.get(n, {}).get(name) != c]


def from_row(row: Row[tuple[object, ...]]) -> Clock:
    """The clock in a row that has the columns of `sla_clocks`."""
    return Clock(
        ClockName(row.name), ClockState(row.state), row.started_at, row.budget, row.due_at, row.fire_at,
        tuple(row.warnings_left), row.policy, row.ended_at, row.calendar, row.paused, row.paused_at,
        msgspec.convert(row.history, tuple[ClockEvent, ...]),
    )  # fmt: skip
