"""The mentions that somebody still works on: what becomes of them on their networks matters."""

from sqlalchemy import Connection, text

_WATCHED = text(
    "SELECT m.mention_id FROM cases c JOIN case_mentions m ON m.case_number = c.number"
    " WHERE c.state IN ('new', 'open', 'waiting')"
)


def mentions(connection: Connection) -> list[int]:
    """The mentions of open cases."""
    return list(connection.scalars(_WATCHED))
