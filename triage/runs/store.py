"""Escalation runs as rows: begun, claimed when a step is due, and written back."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Final

import msgspec
from sqlalchemy import Connection, Row, text

from leitstand.rows import Rows
from triage.runs.run import FrozenPolicy, Run, RunState

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
_IDS = text("SELECT nextval(pg_get_serial_sequence('escalation_runs', 'id')) FROM generate_series(1, :count)")
_INSERT = text(f"""
    INSERT INTO escalation_runs ({_ROWS.names}) SELECT {_ROWS.selected} FROM {_ROWS.source}
    ON CONFLICT (case_number, policy) WHERE state = 'running' DO NOTHING RETURNING id
""")  # noqa: S608  our own column names
_RUNNING = text(
    "SELECT case_number, policy FROM escalation_runs WHERE state = 'running' AND case_number = ANY(:numbers)"
)
_DUE = """
    SELECT {what} FROM escalation_runs r JOIN cases c ON c.number = r.case_number
    WHERE r.state IN ('running', 'acknowledged') AND r.next_at <= :now AND {which}
      AND (r.incident IS NOT NULL
           OR NOT EXISTS (SELECT FROM incidents i WHERE i.number = c.incident AND i.state = 'open'))
    ORDER BY r.next_at LIMIT :limit
"""
_CLAIM = _DUE + "FOR NO KEY UPDATE OF r, c SKIP LOCKED"
_THESE, _BUT = "r.id = ANY(:ids)", "r.id <> ALL(:ids)"
_CLAIM_THESE, _CLAIM_BUT = (text(_CLAIM.format(what="r.*", which=which)) for which in (_THESE, _BUT))
_DUE_BUT = text(_DUE.format(what="r.id, r.case_number", which=_BUT))
_UPDATE = text(f"""
    UPDATE escalation_runs e SET state = r.state, step = r.step, round = r.round, next_at = r.next_at,
      ended_at = r.ended_at, waits = r.waits
    FROM {_ROWS.source} WHERE e.id = r.id
""")  # noqa: S608  our own column names
_NEXT = text("SELECT min(next_at) FROM escalation_runs WHERE state IN ('running', 'acknowledged')")


@dataclass(frozen=True, slots=True)
class DueRun:
    """A run whose next step is due, by its id, with its case."""

    id: int
    case_number: int


def new_ids(connection: Connection, count: int) -> list[int]:
    """The ids of runs that are about to begin."""
    return list(connection.scalars(_IDS, {"count": count}))


def running(connection: Connection, numbers: Collection[int]) -> set[tuple[int, str]]:
    """Which policies run for these cases: case numbers with policies' names."""
    rows = connection.execute(_RUNNING, {"numbers": list(numbers)})
    return {(row.case_number, row.policy) for row in rows}


def insert(connection: Connection, runs: Iterable[Run]) -> None:
    """Write runs that begin. One whose policy already runs for its case is left out."""
    connection.execute(_INSERT, _ROWS.parameters(map(_VALUES, runs)))


def claim_due(connection: Connection, now: datetime, limit: int, *, but: Collection[DueRun] = ()) -> list[Run]:
    """Lock runs whose next step is due, with their cases; none of `but`, and neither those that another sweep has nor
    those that wait because an open incident stands for their case."""
    return [_run(row) for row in connection.execute(_CLAIM_BUT, _given(now, limit, but))]


def claim_these(connection: Connection, now: datetime, these: Collection[DueRun]) -> list[Run]:
    """Lock those of these that `claim_due` would lock."""
    return [_run(row) for row in connection.execute(_CLAIM_THESE, _given(now, len(these), these))]


def due(connection: Connection, now: datetime, limit: int, *, but: Collection[DueRun] = ()) -> list[DueRun]:
    """The runs that `claim_due` would look at. Nothing of them is read but who they are."""
    return [DueRun(row.id, row.case_number) for row in connection.execute(_DUE_BUT, _given(now, limit, but))]


def update(connection: Connection, runs: Iterable[Run]) -> None:
    """Write claimed runs back."""
    connection.execute(_UPDATE, _ROWS.parameters(map(_VALUES, runs)))


def next_step_at(connection: Connection) -> datetime | None:
    """When the next step is due."""
    at: datetime | None = connection.scalar(_NEXT)
    return at


def _given(now: datetime, limit: int, named: Collection[DueRun]) -> dict[str, object]:
    return {"now": now, "limit": limit, "ids": [run.id for run in named]}


def _run(row: Row[tuple[object, ...]]) -> Run:
    frozen = msgspec.convert(row.snapshot, FrozenPolicy)
    return Run(
        row.id, row.case_number, row.policy, frozen, row.reason, RunState(row.state), row.step, row.round, row.next_at,
        row.started_at, row.ended_at, row.incident, row.waits,
    )  # fmt: skip
