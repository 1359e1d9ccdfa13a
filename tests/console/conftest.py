"""The console in its two modes, with tokens and open to whoever is on this machine: each runs once a session; and the
command line, with an installation for the commands that need one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text

from console import starter
from leitstand import database as leitstand_database
from monitoring.metrics import Metrics
from nlp import pipeline
from tests.console.commanding import Leitstand, commander
from tests.console.running import TOKENS, Console, empty, running, settings
from triage.policy import compile_policy
from workers import setup
from workers.embedded import redis_url as embedded_redis_url
from workers.line import Line


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


@pytest.fixture
def leitstand(capsys: pytest.CaptureFixture[str]) -> Leitstand:
    """Runs a command."""
    return commander(capsys)


@pytest.fixture
def installation(tmp_path: Path, database_url_of_test: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `init` writes, on the test's database and Redis: the configuration that every command of the test reads."""
    for _ in starter.write(tmp_path):
        pass
    path = tmp_path / "leitstand.toml"
    services = f'\n[database]\nurl = "{database_url_of_test}"\n[redis]\nurl = "{redis_url}"\n'
    path.write_text(path.read_text() + services)
    monkeypatch.setenv("LEITSTAND_CONFIG", str(path))
    return path


@pytest.fixture
def handled(leitstand: Leitstand, installation: Path, database: Engine) -> Leitstand:
    """Runs a command on an installation whose sample was replayed and moved along the line."""
    assert leitstand("replay", installation.parent / "sample.jsonl").code == 0
    line = Line(database, pipeline.load(), compile_policy(setup.load(installation)), Metrics(CollectorRegistry()))
    with database.connect() as connection:
        ids = list(connection.scalars(text("SELECT mention_id FROM pending_mentions")))
    assert len(ids) == 10
    assert line.move(ids) == ()
    return leitstand
