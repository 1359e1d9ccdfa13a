"""Real servers on data directories of their own."""

import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from leitstand.errors import ServiceError
from workers import embedded
from workers.addresses import POSTGRES_SOCKET, REDIS_SOCKET, database_url, redis_url, socket_dir
from workers.directories import make_private
from workers.embedded import embedded_servers, embedded_services
from workers.redis_server import parse_version

_HOLDER = """
import sys, threading
from pathlib import Path
from workers.embedded import embedded_services
def hold():
    with embedded_services(Path(sys.argv[1])):
        print("up", flush=True)
        threading.Event().wait()
if sys.argv[2] == "main":
    hold()
else:
    threading.Thread(target=hold).start()
"""


def _answer(data_dir: Path, query: str) -> object:
    with psycopg.connect(database_url(data_dir), autocommit=True) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def _postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def test_both_servers_work_and_another_command_joins_them(services: Path) -> None:
    assert _answer(services, "SELECT lower('ÄÖ')") == "äö"
    assert _answer(services, "SHOW listen_addresses") == ""
    pid = _postmaster(services)
    with embedded_services(services) as joined, redis.Redis.from_url(joined.redis_url) as connection:
        assert connection.ping()
        assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert joined.database_url == database_url(services)
    assert _postmaster(services) == pid
    assert _answer(services, "SELECT 1") == 1


def test_full_text_search_knows_letters_from_signs(services: Path) -> None:
    assert _answer(services, "SELECT to_tsvector('german', 'Häuser 🔥 „jetzt!“ Ärger')::text") == "'arg':3 'haus':1"


def test_a_failed_statement_leaves_nothing_of_itself_in_the_log(services: Path) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        _answer(services, "WITH a AS (SELECT 1) SELECT 1; CREATE TEMP TABLE t (x text PRIMARY KEY);"
                "INSERT INTO t VALUES ('a private word'), ('a private word')")  # fmt: skip
    assert "private" not in (services / "logs" / "postgres.log").read_text()


@pytest.mark.parametrize(("least", "told"), [(0, False), (1 << 62, True)])
def test_a_server_that_does_not_start_on_a_full_disk_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least: int, told: bool
) -> None:
    monkeypatch.setattr(embedded, "_LEAST_ROOM", least)
    (server,) = embedded_servers(tmp_path, redis=False)
    (tmp_path / "logs").mkdir()
    said = embedded.startup_failure(server, 1, "it ended")
    assert said.startswith("postgres does not start: it ended with status 1")
    assert (f"the disk of {tmp_path / 'logs'} is full: make room" in said) is told


def test_data_outlives_a_stop_and_a_pid_file_that_names_a_stranger(tmp_path: Path) -> None:
    with embedded_services(tmp_path, redis=False):
        _answer(tmp_path, "CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(_postmaster(tmp_path), signal.SIGKILL)
    pid_file = tmp_path / "postgres" / "postmaster.pid"
    with subprocess.Popen(["sleep", "60"]) as stranger:
        _, *rest = pid_file.read_text().splitlines(keepends=True)
        pid_file.write_text("".join([f"{stranger.pid}\n", *rest]))
        with embedded_services(tmp_path, redis=False):
            assert _answer(tmp_path, "SELECT answer FROM kept") == 42
        assert stranger.poll() is None
        stranger.kill()
    assert not pid_file.exists()


@pytest.mark.parametrize("thread", ["main", "other"])
def test_after_a_kill_the_next_start_works_at_once(tmp_path: Path, thread: str) -> None:
    """Started by the main thread servers end with it; by another they outlive it, and the next start ends them."""
    command = [sys.executable, "-c", _HOLDER, str(tmp_path), thread]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout and holder.stdout.readline() == b"up\n"
        _answer(tmp_path, "CREATE TABLE kept AS SELECT 42 AS answer")
        first = _postmaster(tmp_path)
        with redis.Redis.from_url(redis_url(tmp_path)) as connection:
            servers = [os.pidfd_open(pid) for pid in (first, connection.info()["process_id"])]
        holder.kill()
    with embedded_services(tmp_path):
        assert _answer(tmp_path, "SELECT answer FROM kept") == 42
        assert _postmaster(tmp_path) != first
        for server in servers:
            assert select.select([server], [], [], 60)[0], "a server of before still runs"
            os.close(server)


def test_something_else_is_done_while_the_first_database_is_made(tmp_path: Path) -> None:
    made: list[bool] = []
    (server,) = embedded_servers(
        tmp_path, redis=False, meanwhile=lambda: made.append((tmp_path / "postgres" / "PG_VERSION").exists())
    )
    server.prepare()
    server.prepare()
    assert made == [False]
    assert (tmp_path / "postgres" / "PG_VERSION").exists()


def test_a_data_directory_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(ServiceError, match="made by PostgreSQL 15"), embedded_services(tmp_path, redis=False):
        raise AssertionError


def test_foreign_files_in_the_data_directory_are_kept(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "letter.txt").write_text("dear diary")
    with pytest.raises(ServiceError, match="new or empty"), embedded_services(tmp_path, redis=False):
        raise AssertionError
    assert (tmp_path / "postgres" / "letter.txt").exists()


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 30)
    try:
        with embedded_services(deep, postgres=False), redis.Redis.from_url(redis_url(deep)) as connection:
            assert connection.ping()
        assert socket_dir(deep).stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(socket_dir(deep))


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=120))
def test_every_socket_fits_and_the_url_leads_to_it(name: str) -> None:
    data_dir = Path("/srv") / f"x{name}"
    run = socket_dir(data_dir)
    assert len(os.fsencode(run / POSTGRES_SOCKET)) <= 103
    assert run == socket_dir(data_dir)
    assert psycopg.conninfo.conninfo_to_dict(database_url(data_dir))["host"] == str(run)
    arguments = redis.connection.parse_url(redis_url(data_dir))  # type: ignore[no-untyped-call]
    assert arguments["path"] == str(run / REDIS_SOCKET)


def test_a_link_in_place_of_the_socket_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ServiceError, match="belongs to somebody else"):
        make_private(tmp_path / "run", None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop root")
def test_as_root_the_servers_are_not_root_and_keep_only_what_reaching_their_files_takes(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    data_dir = tmp_path / "data"
    with embedded_services(data_dir, redis=False):
        status = Path(f"/proc/{_postmaster(data_dir)}/status").read_text().splitlines()
    fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    assert "0" not in fields["Uid"].split()
    assert int(fields["CapPrm"], 16) in {1 << 1, 1 << 2}


def test_who_has_no_redis_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("workers.redis_server.find_spec", lambda name: None)
    with pytest.raises(ServiceError, match="install redis-server or valkey-server"):
        embedded_servers(tmp_path)


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", (7, 0)),
        ("Valkey server v=8.1.1 sha=0 malloc=jemalloc", (8, 1)),
        ("", (0, 0)),
        ("malloc v=oops", (0, 0)),
    ],
)
def test_versions(told: str, version: tuple[int, int]) -> None:
    assert parse_version(told) == version
