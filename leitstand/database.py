"""Connections to PostgreSQL and the state of its schema. The SQL itself belongs to the stages."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from leitstand.errors import ServiceError

# Taken while migrating, so that several roles that start together migrate once.
MIGRATION_LOCK = 7_134_001


def engine(url: str, *, pool_size: int = 4) -> Engine:
    """An engine for `url` (postgresql://…). It connects at first use, and notices and replaces dead connections."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ServiceError("the database URL is not of the form postgresql://user:password@host:port/name") from error
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args={"application_name": "leitstand", "connect_timeout": 5, "options": "-c timezone=UTC"},
    )


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(database: Engine) -> None:
    """Bring the schema to the newest revision. Safe to call from several processes at once."""
    with database.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        command.upgrade(_config(connection), "head")


def revision(connection: Connection) -> str | None:
    """The schema's revision, None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """The revision this version of Leitstand needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def require_current(database: Engine) -> None:
    """Raise ServiceError, saying what to do, unless the schema is the one this version needs."""
    with database.connect() as connection:
        have, need = revision(connection), newest_revision()
    if have != need:
        raise ServiceError(
            f"the database is at revision {have or 'none'}, this version needs {need}: run `leitstand db upgrade`"
        )
