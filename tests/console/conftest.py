"""The console in its two modes: with tokens, and open to whoever is on this machine. Each runs once a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from leitstand import database as leitstand_database
from tests.console.running import TOKENS, Console, empty, running, settings
from workers.embedded import redis_url as embedded_redis_url


@pytest.fixture(scope="session")
def console_database(postgres_url: str) -> Iterator[Engine]:
    """A migrated database of the consoles' own."""
    template = leitstand_database.engine(postgres_url, pool_size=1)
    url = template.url.set(drivername="postgresql")
    template.dispose()
    name = f"{url.database}_console"
    admin = leitstand_database.engine(url.set(database="postgres").render_as_string(hide_password=False), pool_size=1)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {url.database}"))
        engine = leitstand_database.engine(url.set(database=name).render_as_string(hide_password=False))
        yield engine
        engine.dispose()
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session")
def _console(console_database: Engine, services: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    config = settings(tmp_path_factory.mktemp("console"), tokens=dict(TOKENS))
    with running(config, console_database, embedded_redis_url(services)) as found:
        yield found


@pytest.fixture(scope="session")
def _open_console(
    console_database: Engine, services: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Console]:
    config = settings(tmp_path_factory.mktemp("open_console"))
    with running(config, console_database, embedded_redis_url(services)) as found:
        yield found


@pytest.fixture
def console(_console: Console, redis_url: str) -> Console:
    """A console whose callers need tokens, with nothing stored."""
    empty(_console.database)
    return _console


@pytest.fixture
def open_console(_open_console: Console, redis_url: str) -> Console:
    """A console on loopback without tokens: open; with nothing stored."""
    empty(_open_console.database)
    return _open_console
