"""Faults that PostgreSQL has with the rows of single cases, and nobody foresaw."""

from collections.abc import Callable

from sqlalchemy import Engine, text


def do(database: Engine, statements: str) -> None:
    """Execute these by themselves."""
    with database.begin() as connection:
        connection.execute(text(statements))


def refused(database: Engine, numbers: str, sqlstate: str = "P0001") -> Callable[[], None]:
    """PostgreSQL refuses what is written of these cases, after much has been written already."""
    do(
        database,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN RAISE 'refused' USING ERRCODE = '{sqlstate}'; END $$;"
        " CREATE TRIGGER refuse BEFORE INSERT ON deliveries FOR EACH ROW"
        f" WHEN (NEW.case_number IN ({numbers})) EXECUTE FUNCTION refuse()",
    )
    return lambda: do(database, "DROP TRIGGER refuse ON deliveries")


def beyond_a_limit(database: Engine, numbers: str) -> Callable[[], None]:
    """What is written of these cases is more than PostgreSQL can take."""
    return refused(database, numbers, "54000")
