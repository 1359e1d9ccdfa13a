"""Connections to PostgreSQL and the state of its schema. The SQL itself belongs to the stages."""

import importlib
from functools import cache
from pathlib import Path

import msgspec
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from leitstand.errors import OutdatedError, ServiceError

# Taken while migrating, so that several roles that start together migrate once.
MIGRATION_LOCK = 7_134_001
MIGRATIONS = Path(__file__).parent / "migrations"
# By default the system notices after hours that a server is gone without a word: its host, or the way to it.
_WATCHED = {"keepalives_idle": "5", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "20000"}

# Longer than any job may take. Whoever stands still in a transaction for so long was stopped, or hangs, and others wait
# for the rows that it holds.
_OPTIONS = "-c timezone=UTC -c idle_in_transaction_session_timeout=180s"

# It was ended so, or the server became one that can only be read. To the driver neither is the server's doing, and the
# second leaves the connection as it is, for ever.
_SESSION_OVER = ("25P03", "25P04", "25006")

_OF_DATA = ("54000", "54001", "54011", "54023")  # a limit of PostgreSQL's: psycopg counts it as a fault of the server


def watched(url: str) -> URL:
    """The address, with which a server that is gone without a word is noticed within 20 seconds; its own options stay.

    Raises ServiceError if it is none.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ServiceError("the database URL is not of the form postgresql://user:password@host:port/name") from error
    return parsed.set(query=_WATCHED | dict(parsed.query))


def engine(url: str, *, pool_size: int = 4) -> Engine:
    """An engine for `url` (postgresql://…). It connects at first use, and notices and replaces dead connections."""
    made = create_engine(
        watched(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,  # what people write is in no error, and so in no log
        json_deserializer=msgspec.json.decode,  # a third of the time of the standard one, on every case that is read
        connect_args={"application_name": "leitstand", "connect_timeout": 5, "options": _OPTIONS},
    )
    event.listen(made, "handle_error", _leave)
    return made


def session_over(error: BaseException) -> OperationalError | None:
    """The error as whoever waits for PostgreSQL expects it, where another connection is needed."""
    over = getattr(error, "sqlstate", None) in _SESSION_OVER
    return OperationalError(None, None, error, hide_parameters=True, connection_invalidated=True) if over else None


def _leave(failed: ExceptionContext) -> BaseException | None:
    over = session_over(failed.original_exception)
    if over:
        failed.is_disconnect = True
    return over


def is_of_data(error: Exception) -> bool:
    """Whether an error follows from what is worked on, as a word too long to be indexed, and not from PostgreSQL."""
    return not isinstance(error, OperationalError) or getattr(error.orig, "sqlstate", None) in _OF_DATA


def in_words(error: DBAPIError) -> str:
    """What is wrong with PostgreSQL, in a line."""
    said = str(error.orig).strip() or type(error.orig).__name__
    return f"PostgreSQL cannot be used: {said.splitlines()[0]}; `leitstand check` says more"


def upgrade(database: Engine) -> None:
    """Bring the schema to the newest revision. Safe to call from several processes at once.

    Raises OutdatedError where a newer version of Leitstand was there already.
    """
    with database.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        have = revision(connection)
        if is_newer(have):
            raise OutdatedError(f"the database does not fit: {unfit(have)}")
        if have != newest_revision():
            # Imported by the one process that migrates: Alembic would cost each of the others 15 MB and a fifth second.
            importlib.import_module("leitstand.migrating").upgrade(connection)


def revision(connection: Connection) -> str | None:
    """The schema's revision, None for an empty database."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


@cache
def newest_revision() -> str:
    """The revision this version of Leitstand needs: each file in migrations/versions/ begins with its own."""
    return max(path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*.py"))


def is_newer(have: str | None) -> bool:
    """Whether a schema was made by a version of Leitstand that is newer than this one."""
    return have is not None and have > newest_revision()


def unfit(have: str | None) -> str:
    """What is wrong with a revision that is not the one this version needs, and what to do about it."""
    need = newest_revision()
    if is_newer(have):
        return f"revision {have} is of a newer version of Leitstand, this one needs {need}: start the newer one"
    return f"revision {have or 'none'}, this version needs {need}: run `leitstand db upgrade`"


def require_current(database: Engine) -> None:
    """Raise ServiceError, saying what to do, unless the schema is the one this version needs and can be written to.

    OutdatedError where it is of a newer one.
    """
    with database.connect() as connection:
        have, only_reads = revision(connection), connection.scalar(text("SHOW transaction_read_only")) == "on"
    if have != newest_revision():
        refused = OutdatedError if is_newer(have) else ServiceError
        raise refused(f"the database does not fit: {unfit(have)}")
    if only_reads:
        raise ServiceError("this PostgreSQL only lets us read, as a replica does: name the primary in database.url")
