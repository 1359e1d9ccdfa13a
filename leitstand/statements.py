"""Statements that are run for every post, given to the driver as they are.

SQLAlchemy's part in a statement of a row or two is larger than the driver's: it looks up what it compiled, makes a
context, and describes the columns of what comes back. With two dozen statements a post that was a quarter of what the
post cost. The connection, its transaction and the kinds of its errors stay SQLAlchemy's.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import psycopg
from psycopg import Cursor, RawCursor
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from leitstand import database

_NAMED: Final = re.compile(r"(?<![:\w]):(\w+)")
_CURSOR: Final = "cursor of statements"
NOTHING: Final[Mapping[str, object]] = {}

Row = tuple[Any, ...]


class Statement:
    """One statement, with parameters written as `:name`."""

    def __init__(self, sql: str) -> None:
        self._names = tuple(dict.fromkeys(_NAMED.findall(sql)))
        places = {name: f"${place}" for place, name in enumerate(self._names, 1)}
        self._sql = _NAMED.sub(lambda found: places[found[1]], sql).encode()

    def rows(self, connection: Connection, values: Mapping[str, object] = NOTHING) -> Sequence[Row]:
        """Run it and return what it selects."""
        return self._run(connection, values).fetchall()

    def value(self, connection: Connection, values: Mapping[str, object] = NOTHING) -> Any:
        """Run it and return the first column of its only row."""
        [(found, *_)] = self.rows(connection, values)
        return found

    def run(self, connection: Connection, values: Mapping[str, object] = NOTHING) -> int:
        """Run it and return how many rows it changed."""
        return self._run(connection, values).rowcount

    def _run(self, connection: Connection, values: Mapping[str, object]) -> Cursor[Row]:
        if not connection.in_transaction():
            connection.begin()  # as SQLAlchemy's own statements do, so that what follows can commit
        cursor = _cursor(connection)
        try:
            return cursor.execute(self._sql, [values[name] for name in self._names])
        except psycopg.Error as error:
            if over := database.session_over(error):
                connection.invalidate(error)
                connection.engine.dispose()  # those that rest in the pool are no better
                raise over from error
            # The values are a post's words: no error shows them.
            raise DBAPIError.instance(None, None, error, psycopg.Error, dialect=connection.dialect) from error


def _cursor(connection: Connection) -> Cursor[Row]:
    """The cursor of the driver's connection; what it has selected is fetched before the next statement."""
    kept = connection.info
    if _CURSOR not in kept:
        kept[_CURSOR] = RawCursor(cast(psycopg.Connection[Row], connection.connection.driver_connection))
    return cast(Cursor[Row], kept[_CURSOR])
