"""What the outbox keeps of cases that go: deliveries, threads, rooms. What is still to go out keeps its case."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from escalation_bridge.forgetting import HELD

_BUSY = text(
    "SELECT DISTINCT case_number FROM deliveries WHERE case_number = ANY(:numbers)"
    " AND (state IN ('pending', 'sending', 'unknown')"
    " OR type = 'case.forgotten' AND state = 'dead' AND ended_at > :since)"
)
_LET_GO = tuple(
    text(f"DELETE FROM {table} WHERE case_number = ANY(:numbers)")  # noqa: S608  our own tables
    for table in ("deliveries", "delivery_threads", "delivery_rooms")
)


def busy(connection: Connection, numbers: Sequence[int], now: datetime) -> set[int]:
    """Those of the cases that somebody is still to be told of, or lately could not be asked to forget."""
    return set(connection.scalars(_BUSY, {"numbers": list(numbers), "since": now - HELD}))


def let_go(connection: Connection, numbers: Sequence[int]) -> None:
    """Delete what was told of these cases."""
    for statement in _LET_GO:
        connection.execute(statement, {"numbers": list(numbers)})
