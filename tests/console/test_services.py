"""PostgreSQL and Redis of one's own: what can be used, and what is said of what cannot."""

import asyncio
import queue
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, text

from console.health import servers, services
from console.health.finding import Finding, State
from console.health.servers import PostgresFacts, judge_postgres, judge_redis
from leitstand.errors import ServiceError
from leitstand.settings import Settings
from tests.console.commanding import commander
from tests.listeners.servers_keys import certificate
from workers import queues, setup
from workers.redis_server import redis_server

TOP = Path(__file__).parents[2]
STANDALONE = {"redis_version": "7.2.4", "redis_mode": "standalone", "role": "master", "maxmemory_policy": "noeviction"}


def redis_at(url: str) -> Finding:
    return services.redis(Settings.model_validate({"redis": {"url": url}}))


def postgres_at(url: str) -> Finding:
    return services.postgres(Settings.model_validate({"database": {"url": url}}))


@contextmanager
def a_redis(*options: str) -> Iterator[str]:
    """A real Redis on a socket of its own, set up as it should not be."""
    with TemporaryDirectory(prefix="redis") as folder:  # the address of a socket must be short
        address, binary = f"{folder}/s", redis_server(Path(folder)).command.argv[0]
        words = ["--port", "0", "--unixsocket", address, "--dir", folder, "--save", "", *options]
        yield from answering([binary, *words], address)


def answering(command: list[str], address: str) -> Iterator[str]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                while probe.connect_ex(address) and process.poll() is None:
                    pass
            yield f"unix://{address}"
        finally:
            process.kill()


@contextmanager
def encrypted(url: str, folder: Path) -> Iterator[int]:
    """A port that speaks TLS, and leads to the Redis of a socket."""
    context = certificate(folder)
    ports: queue.Queue[int] = queue.Queue()
    loop, over = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_unix_connection(urlsplit(url).path)
            try:
                await asyncio.gather(copy(reader, back), copy(there, writer))
            finally:
                back.transport.abort()
                writer.transport.abort()

        server = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context)
        ports.put(server.sockets[0].getsockname()[1])
        await over.wait()
        server.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for _ in range(5):  # what is aborted closes its socket a turn later
            await asyncio.sleep(0)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        yield ports.get(timeout=60)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
    writer.close()


def test_redis_behind_tls_is_used_where_its_certificate_is_known(redis_url: str, tmp_path: Path) -> None:
    with encrypted(redis_url, tmp_path) as port:
        known = redis_at(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={tmp_path}/certificate.pem")
        unknown = redis_at(f"rediss://127.0.0.1:{port}/0")
        with queues.connect(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={tmp_path}/certificate.pem") as connection:
            assert connection.ping()
    assert known.state is State.OK
    assert unknown.state is State.FAIL
    assert unknown.said == "it cannot be reached: its certificate is not valid: self-signed certificate"
    assert "SSL_CERT_FILE" in unknown.advice


def test_redis_that_speaks_no_tls_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        found = redis_at(f"rediss://127.0.0.1:{mute.getsockname()[1]}")
    assert found.said == "it cannot be reached: it does not answer"
    assert "redis and rediss" in found.advice


def test_redis_with_a_password() -> None:
    with a_redis("--requirepass", "geheim") as url:
        assert redis_at(url.replace("//", "//:geheim@")).state is State.OK
        none, wrong = redis_at(url), redis_at(url.replace("//", "//:hunter2@"))
    assert (none.state, none.said) == (State.FAIL, "it wants a password")
    assert "redis://user:password@host" in none.advice
    assert wrong.said.startswith("it does not let us in: ")
    assert "hunter2" not in wrong.said + wrong.advice


def test_an_option_of_redis_that_is_none(redis_url: str) -> None:
    found = redis_at(f"{redis_url}{'&' if '?' in redis_url else '?'}colour=red")
    assert (found.state, found.said) == (State.FAIL, "there is no option colour")


def test_redis_that_is_part_of_a_cluster() -> None:
    with a_redis("--cluster-enabled", "yes") as url:
        assert redis_at(url).said == "this Redis is a cluster, which cannot be used: name one server that stands alone"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"redis_version": "6.0.16"}, "Redis 6.0.16 is too old: 6.2 or newer is needed"),
        ({"redis_mode": "sentinel"}, "is a sentinel, which cannot be used"),
        ({"role": "slave"}, "is a replica"),
    ],
)
def test_redis_that_cannot_be_used(told: dict[str, str], said: str) -> None:
    with pytest.raises(ServiceError, match=re.escape(said)):
        judge_redis(STANDALONE | told)


def test_redis_that_forgets_is_doubtful() -> None:
    assert judge_redis(STANDALONE) is None
    assert judge_redis(STANDALONE | {"maxmemory_policy": "allkeys-lru", "maxmemory": 0}) is None
    doubt = judge_redis(STANDALONE | {"maxmemory_policy": "allkeys-lru", "maxmemory": 10**9})
    assert doubt and "allkeys-lru" in doubt.said


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (PostgresFacts("14.11", "UTF8", 100, 0), "PostgreSQL 14.11 is too old: 15 or newer is needed"),
        (PostgresFacts("16.2", "LATIN1", 100, 0), "the database is in LATIN1"),
    ],
)
def test_postgres_that_cannot_be_used(facts: PostgresFacts, said: str) -> None:
    with pytest.raises(ServiceError, match=re.escape(said)):
        judge_postgres(facts, 1)


def test_postgres_with_few_connections_is_doubtful() -> None:
    assert judge_postgres(PostgresFacts("18.0", "UTF8", 97, 10), 4) is None
    doubt = judge_postgres(PostgresFacts("18.0", "UTF8", 97, 60), 4)
    assert doubt and doubt.said == "it lets us open 37 connections, and a daemon may want 61"


def test_as_many_connections_as_the_roles_may_open_are_counted() -> None:
    """Twice its pool for each role, one to be told by PostgreSQL; and what a command may want beside the daemon."""
    files = [TOP / f"workers/{role}.py" for role in ("listen", "deliver", "sweep")] + [TOP / "console/serve.py"]
    pools = [int(re.findall(r"pool_size=(\d+)", path.read_text())[0]) for path in files]
    assert 2 * sum(pools) + 1 == servers.OF_A_DAEMON
    (worker,) = re.findall(r"pool_size=(\d+)", (TOP / "workers/work.py").read_text())
    assert 2 * int(worker) == servers.OF_A_WORKER


def test_postgres_of_ones_own_is_used(database_url_of_test: str) -> None:
    for url in (database_url_of_test, database_url_of_test.replace("postgresql://", "postgresql+psycopg://")):
        found = postgres_at(url)
        assert found.state is State.OK, found.said
        place = setup.place(Settings.model_validate({"database": {"url": url}}))
        assert place.database_url.startswith("postgresql://"), "the library that is told by it knows no drivers"


def test_postgres_without_the_tls_that_is_asked_for(database_url_of_test: str) -> None:
    found = postgres_at(f"{database_url_of_test.replace('?', '?sslmode=require&')}&hostaddr=127.0.0.1&port=1")
    assert found.state is State.FAIL
    assert found.advice == "is database.url right, and does PostgreSQL run?"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("ALTER DATABASE {} SET default_transaction_read_only = on", "only lets us read"),
        ("UPDATE alembic_version SET version_num = '9999'", "of a newer version of Leitstand"),
    ],
)
def test_postgres_that_is_not_to_be_written_to(
    database: Engine, database_url_of_test: str, statement: str, said: str
) -> None:
    with database.begin() as connection:
        connection.execute(text(statement.format(database.url.database)))
    found = postgres_at(database_url_of_test)
    assert found.state is State.FAIL
    assert said in found.said


def test_an_upgrade_says_in_a_line_why_it_cannot_be(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = tmp_path / "leitstand.toml"
    config.write_text('[database]\nurl = "postgresql://x@127.0.0.1:1/x"\n[redis]\nurl = "redis://127.0.0.1:1"\n')
    ended = commander(capsys)("db", "upgrade", "--config", config)
    assert ended.code == 1
    assert ended.err.startswith("leitstand: PostgreSQL cannot be used: ") and len(ended.err.splitlines()) == 1


def test_whoever_meets_the_database_of_a_newer_version_ends_with_a_status_of_its_own(
    database: Engine, database_url_of_test: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    config = tmp_path / "leitstand.toml"
    config.write_text(f'[database]\nurl = "{database_url_of_test}"\n[redis]\nurl = "redis://127.0.0.1:1"\n')
    ended = commander(capsys)("db", "upgrade", "--config", config)
    assert ended.code == 75
    assert "of a newer version of Leitstand" in ended.err and len(ended.err.splitlines()) == 1
