"""The timeline of a case: append-only events. It never holds a post's words, only the number of the mention."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from leitstand.model import Event
from leitstand.rows import Rows
from leitstand.statements import Statement

SYSTEM = "leitstand"

_ROWS: Final = Rows(
    {"case_number": "bigint", "at": "timestamptz", "kind": "text", "actor": "text", "text": "text", "data": "jsonb"}
)
_APPEND = Statement(
    f"INSERT INTO case_events ({_ROWS.names}) SELECT {_ROWS.selected} FROM {_ROWS.source}"  # noqa: S608  our own names
)
_READ = text("""
    SELECT kind, at, actor, text, data FROM
      (SELECT * FROM case_events WHERE case_number = :number ORDER BY id DESC LIMIT :limit) AS newest
    ORDER BY id
""")


@dataclass(frozen=True, slots=True)
class Line:
    """An event on its way to a case's timeline."""

    case_number: int
    kind: str
    at: datetime
    text: str
    actor: str = SYSTEM
    data: dict[str, str] = field(default_factory=dict)


def because(words: str) -> str:
    """How what somebody gave as a reason follows in a line; "" without one."""
    return f": {words.strip()}" if words.strip() else ""


def append(connection: Connection, lines: Sequence[Line]) -> None:
    """Write the lines, in this order."""
    if lines:
        rows = [(line.case_number, line.at, line.kind, line.actor, line.text, line.data) for line in lines]
        _APPEND.run(connection, _ROWS.parameters(rows))


def read(connection: Connection, number: int, limit: int = 1000) -> list[Event]:
    """The newest of a case's timeline, oldest first."""
    return [Event(*row) for row in connection.execute(_READ, {"number": number, "limit": limit})]
