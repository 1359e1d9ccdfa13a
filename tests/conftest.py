"""Real PostgreSQL and Redis for every test that asks: one server a session, a fresh database a test."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import redis
from prometheus_client import values
from sqlalchemy import Engine, make_url, text

from leitstand import database as leitstand_database
from workers.embedded import database_url, embedded_services
from workers.embedded import redis_url as embedded_redis_url

_numbers = itertools.count(1)

# What commands print does not follow whose terminal or which service runs the tests; some of it is read only once.
for _name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE"):
    os.environ.pop(_name, None)

# Where a change is judged, examples are the same each time; whoever tests at the desk goes on exploring.
# How long one takes says nothing: the machine may be busy.
_at_ease = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("desk", _at_ease)
hypothesis.settings.register_profile("ci", _at_ease, derandomize=True, database=None, max_examples=50)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees what the developer's shell has set for Leitstand."""
    for name in [n for n in os.environ if n.startswith("LEITSTAND_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _counters_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a test has opened the counters that processes share, no later test counts into them."""
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data_dir of a running embedded PostgreSQL and Redis."""
    data_dir = tmp_path_factory.mktemp("services")
    with embedded_services(data_dir):
        yield data_dir


@pytest.fixture(scope="session")
def postgres_url(services: Path) -> Iterator[str]:
    """The URL of a database that is migrated and empty: the template of every test's own."""
    admin = leitstand_database.engine(database_url(services), pool_size=1)
    template = f"template_{os.getpid()}"
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for setting in ("fsync", "full_page_writes"):  # no test pulls the plug
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text(f"CREATE DATABASE {template}"))
    url = admin.url.set(database=template, drivername="postgresql").render_as_string(hide_password=False)
    migrated = leitstand_database.engine(url, pool_size=1)
    leitstand_database.upgrade(migrated)
    migrated.dispose()
    yield url
    admin.dispose()


@pytest.fixture(scope="session")
def _administer(postgres_url: str) -> Iterator[Callable[[str], None]]:
    """Does what cannot be done from inside a database: makes and drops them."""
    url = make_url(postgres_url).set(database="postgres").render_as_string(hide_password=False)
    engine = leitstand_database.engine(url, pool_size=1)

    def do(statement: str) -> None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))

    yield do
    engine.dispose()


@pytest.fixture
def database_url_of_test(postgres_url: str, _administer: Callable[[str], None]) -> Iterator[str]:
    """The URL of a fresh, migrated, empty database of this test's own."""
    template = make_url(postgres_url)
    name = f"test_{os.getpid()}_{next(_numbers)}"
    # Copied as files: a fifth of the work of copying through the log.
    _administer(f"CREATE DATABASE {name} TEMPLATE {template.database} STRATEGY FILE_COPY")
    yield template.set(database=name).render_as_string(hide_password=False)
    _administer(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url_of_test: str) -> Iterator[Engine]:
    """An engine on a fresh, migrated, empty database."""
    engine = leitstand_database.engine(database_url_of_test)
    yield engine
    engine.dispose()


@pytest.fixture
def redis_url(services: Path) -> Iterator[str]:
    """A real Redis, flushed."""
    url = embedded_redis_url(services)
    with redis.Redis.from_url(url) as connection:
        connection.flushall()
    yield url
