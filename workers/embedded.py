"""PostgreSQL and Redis for whoever has none: real servers, children of this process, on Unix sockets.

`leitstand run` lets its supervisor start and watch them; a short command joins those that run, or starts them for
as long as it needs them.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from leitstand.errors import ServiceError
from workers.addresses import database_url, redis_url, socket_dir
from workers.directories import claimed
from workers.postgres import postgres_server
from workers.process import Server, spawn, stop, tail
from workers.redis_server import redis_server

__all__ = ["EmbeddedServices", "database_url", "embedded_servers", "embedded_services", "redis_url", "socket_dir"]

STARTUP_LIMIT = 120.0  # recovery after a crash replays the log first
_JOIN_LIMIT = 30.0
_PACE = 0.01
_LEAST_ROOM = 16_000_000


@dataclass(frozen=True, slots=True)
class EmbeddedServices:
    """Where the servers of a data directory are."""

    database_url: str
    redis_url: str


def embedded_servers(
    data_dir: Path, *, postgres: bool = True, redis: bool = True, meanwhile: Callable[[], None] = lambda: None
) -> list[Server]:
    """The servers to run for a data directory. ServiceError, saying what to install, if there is no binary for one.

    `meanwhile` is what to do while a first database is made.
    """
    data_dir = data_dir.resolve()
    return [
        *([redis_server(data_dir)] if redis else []),
        *([postgres_server(data_dir, meanwhile)] if postgres else []),
    ]


@contextmanager
def embedded_services(data_dir: Path, *, postgres: bool = True, redis: bool = True) -> Iterator[EmbeddedServices]:
    """PostgreSQL and Redis that work: those that run on this data directory already, else our own until the end.

    Raises ServiceError, with the end of the server's log, when one does not start.
    """
    data_dir = data_dir.resolve()
    with ExitStack() as running:
        servers = embedded_servers(data_dir, postgres=postgres, redis=redis)
        if _claim_or_join(data_dir, servers, running):
            for server, process in [(server, _start(server, running)) for server in servers]:
                _wait(server, process)
        yield EmbeddedServices(database_url(data_dir), redis_url(data_dir))


def _claim_or_join(data_dir: Path, servers: list[Server], running: ExitStack) -> bool:
    """Whether the data directory is ours to run servers on. If not, another's servers work."""
    deadline = time.monotonic() + _JOIN_LIMIT
    while True:
        try:
            running.enter_context(claimed(data_dir))
        except ServiceError:
            # The holder may be on its way up or down.
            if all(server.probe() is None for server in servers):
                return False
            if time.monotonic() > deadline:
                raise
            time.sleep(_PACE)
        else:
            return True


def _start(server: Server, running: ExitStack) -> subprocess.Popen[bytes]:
    server.prepare()
    process = spawn(server.command)
    running.callback(stop, process, server.command)
    return process


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTUP_LIMIT
    while (obstacle := server.probe()) is not None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServiceError(startup_failure(server, process.poll(), obstacle))
        time.sleep(_PACE)


def startup_failure(server: Server, status: int | None, obstacle: str) -> str:
    """What to tell an operator about a server that does not start."""
    ended = f"it does not work yet ({obstacle})" if status is None else f"it ended with status {status}"
    log = server.command.log
    said = f"; the end of {log}:\n{tail(log)}" if log and log.exists() else ""
    full = f"; the disk of {log.parent} is full: make room" if log and _is_full(log.parent) else ""
    return f"{server.command.name} does not start: {ended}{full}{said}"


def _is_full(folder: Path) -> bool:
    """Whether not even a piece of PostgreSQL's log fits in."""
    return folder.exists() and shutil.disk_usage(folder).free < _LEAST_ROOM
