"""SLA clocks as stored: the rows of `sla_clocks`, read and written in bulk."""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Final

import msgspec
from sqlalchemy import Connection, Row, text

from leitstand.model import Clock, ClockEvent, ClockName, ClockState
from leitstand.rows import Rows
from leitstand.statements import Statement

Clocks = dict[ClockName, Clock]

_COLUMNS: Final = {
    "name": "text",
    "state": "text",
    "started_at": "timestamptz",
    "budget": "interval",
    "due_at": "timestamptz",
    "fire_at": "timestamptz",
    "warnings_left": "double precision[]",
    "policy": "text",
    "calendar": "text",
    "paused": "interval",
    "paused_at": "timestamptz",
    "ended_at": "timestamptz",
    "history": "jsonb",
}
_VALUES: Final = attrgetter(*_COLUMNS)
_ROWS: Final = Rows({"case_number": "bigint", **_COLUMNS})
_PLANS: Final = Rows({"plan": "integer", **_COLUMNS})
_GRANTED: Final = Rows({"case_number": "bigint", "granted": "integer"})
_GRANT = Statement(f"""
    WITH plans AS MATERIALIZED (SELECT {_PLANS.selected} FROM {_PLANS.source})
    INSERT INTO sla_clocks ({_ROWS.names})
    SELECT r.case_number, {", ".join(f"plans.{name}" for name in _COLUMNS)}
    FROM {_GRANTED.source} JOIN plans ON plans.plan = r.granted
""")  # noqa: S608  our own column names
_WRITE = Statement(f"""
    INSERT INTO sla_clocks ({_ROWS.names}) SELECT {_ROWS.selected} FROM {_ROWS.source}
    ON CONFLICT (case_number, name) DO UPDATE SET state = excluded.state,
      started_at = excluded.started_at, budget = excluded.budget,
      due_at = excluded.due_at, fire_at = excluded.fire_at, warnings_left = excluded.warnings_left,
      policy = excluded.policy, calendar = excluded.calendar, paused = excluded.paused, paused_at = excluded.paused_at,
      ended_at = excluded.ended_at, history = excluded.history
""")  # noqa: S608  our own column names
_READ = text("SELECT * FROM sla_clocks WHERE case_number = ANY(:numbers) ORDER BY case_number, due_at, name")


def insert(connection: Connection, clocks: Mapping[int, Clocks]) -> None:
    """Store the clocks of new cases. What was planned once for several of them is also given once."""
    plans: dict[tuple[int, ...], tuple[int, Clocks]] = {}
    granted: list[tuple[int, int]] = []
    for number, own in clocks.items():
        plan, _ = plans.setdefault(tuple(map(id, own.values())), (len(plans), own))
        granted.append((number, plan))
    rows = [(plan, *_VALUES(clock)) for plan, own in plans.values() for clock in own.values()]
    if rows:
        _GRANT.run(connection, {**_PLANS.parameters(rows), **_GRANTED.parameters(granted)})


def write(connection: Connection, clocks: Iterable[tuple[int, Clock]]) -> None:
    """Store clocks of cases that this transaction has locked."""
    rows = [(number, *_VALUES(clock)) for number, clock in clocks]
    if rows:
        _WRITE.run(connection, _ROWS.parameters(rows))


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
