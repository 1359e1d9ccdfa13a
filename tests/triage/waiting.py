"""Waits for another transaction to stand before a lock."""

from sqlalchemy import Engine, text

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def until_somebody_waits(database: Engine) -> None:
    """Return as soon as a transaction of this database waits for another one."""
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.scalar(_WAITING):
            pass
