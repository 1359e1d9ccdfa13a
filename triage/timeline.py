"""The timeline of a case: append-only events. It never holds a post's words, only the number of the mention."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy import Connection, text

from leitstand.model import Event

SYSTEM = "leitstand"

_APPEND = text("""
    INSERT INTO case_events (case_number, at, kind, actor, text, data)
    SELECT case_number, at, kind, actor, text, data
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
      AS r(case_number bigint, at timestamptz, kind text, actor text, text text, data jsonb)
""")
_READ = text("SELECT kind, at, actor, text, data FROM case_events WHERE case_number = :number ORDER BY id LIMIT :limit")


@dataclass(frozen=True, slots=True)
class Line:
    """An event on its way to a case's timeline."""

    case_number: int
    kind: str
    at: datetime
    text: str
    actor: str = SYSTEM
    data: dict[str, str] = field(default_factory=dict)


def append(connection: Connection, lines: Sequence[Line]) -> None:
    """Write the lines, in this order."""
    if lines:
        connection.execute(_APPEND, {"rows": msgspec.json.encode(lines).decode()})


def read(connection: Connection, number: int, limit: int = 1000) -> list[Event]:
    """A case's timeline, oldest first."""
    return [Event(*row) for row in connection.execute(_READ, {"number": number, "limit": limit})]
