"""Statements given to the driver behave as SQLAlchemy's own do in everything but cost."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from leitstand.statements import Statement
from tests.leitstand.test_database import read_only

ADD = Statement("INSERT INTO kept (name, times) VALUES (:name, :times)")
ALL = Statement("SELECT name, times FROM kept ORDER BY name")


@pytest.fixture
def kept(database: Engine) -> Iterator[Engine]:
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE kept (name text PRIMARY KEY, times int)"))
    yield database


def test_a_name_may_stand_in_several_places_and_beside_a_cast(database: Engine) -> None:
    said = Statement("SELECT :what || 'b', CAST(:what AS text), :number::int, 'at 12:30' WHERE :what <> ''")
    with database.connect() as connection:
        assert said.rows(connection, {"what": "a", "number": 7, "unused": 1}) == [("ab", "a", 7, "at 12:30")]


def test_what_it_does_is_committed_and_undone_with_all_else(kept: Engine) -> None:
    with kept.begin() as connection:
        connection.execute(text("INSERT INTO kept VALUES ('a', 1)"))
        with connection.begin_nested() as attempt:
            assert ADD.run(connection, {"name": "b", "times": 1}) == 1
            attempt.rollback()
        ADD.run(connection, {"name": "c", "times": 1})
    with kept.connect() as connection:
        ADD.run(connection, {"name": "d", "times": 1})
        connection.rollback()
        ADD.run(connection, {"name": "e", "times": 1})
        connection.commit()
        assert ALL.rows(connection) == [("a", 1), ("c", 1), ("e", 1)]


def test_its_errors_are_sqlalchemys_and_show_no_values(kept: Engine) -> None:
    with kept.begin() as connection:
        ADD.run(connection, {"name": "a", "times": 1})
    with pytest.raises(IntegrityError) as caught, kept.begin() as connection:
        ADD.run(connection, {"name": "a", "times": 48_151})
    assert "48151" not in str(caught.value)
    with pytest.raises(ProgrammingError), kept.begin() as connection:
        Statement("SELECT nothing").rows(connection)
    with kept.connect() as connection:
        assert ALL.rows(connection) == [("a", 1)]


def test_a_connection_that_was_cut_is_an_operational_error_and_the_next_one_works(database: Engine) -> None:
    one = Statement("SELECT 1")
    with pytest.raises(OperationalError), database.begin() as connection:
        one.rows(connection)
        cut(database, connection)
        one.rows(connection)
    with database.begin() as connection:
        assert one.value(connection) == 1


def test_a_server_that_can_only_be_read_by_now_is_left_for_another(kept: Engine) -> None:
    with read_only(kept) as connection:
        ADD.run(connection, {"name": "a", "times": 1})
    with kept.begin() as connection:
        assert ADD.run(connection, {"name": "a", "times": 2}) == 1
    with kept.connect() as connection:
        assert ALL.rows(connection) == [("a", 2)]


def cut(database: Engine, connection: Connection) -> None:
    """End the connection's process, as a restart of PostgreSQL does."""
    number = connection.scalar(text("SELECT pg_backend_pid()"))
    with database.begin() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": number})
