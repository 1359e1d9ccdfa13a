"""What the daemon needs of this host: a folder to write to, room on the disk, an address to listen at."""

import errno
import os
import shutil
import socket
import tempfile
from pathlib import Path

from console.auth import listen_host
from console.health.finding import Finding, State
from leitstand.errors import ServiceError
from leitstand.settings import Settings
from monitoring.health import NO_ROOM
from workers.directories import claimed, make_data_dir

LITTLE_ROOM = 2_000_000_000


def data_dir(path: Path) -> tuple[Finding, bool]:
    """Whether the folder can be written to and has room, and whether a daemon runs on it."""
    part = "data_dir"
    try:
        make_data_dir(path)
        with tempfile.TemporaryFile(dir=path):
            pass
    except ServiceError as error:
        return Finding(part, State.FAIL, str(error)), False
    except OSError as error:
        advice = "use the user that owns it, or set server.data_dir to a folder you may write"
        return Finding(part, State.FAIL, f"cannot write to {path}: {error.strerror}", advice), False
    who = holder(path)
    runs = f"; Leitstand runs on it ({who})" if who else ""
    return _room(part, f"{path} can be written to{runs}", shutil.disk_usage(path).free), bool(who)


def _room(part: str, said: str, free: int) -> Finding:
    left = f"{said}, {free / 1e9:,.1f} GB free"
    if free < NO_ROOM:
        return Finding(part, State.FAIL, left, "PostgreSQL would stop soon: make room, or set another server.data_dir")
    return Finding(
        part, State.WARN if free < LITTLE_ROOM else State.OK, left, "" if free >= LITTLE_ROOM else "make room"
    )


def holder(path: Path) -> str:
    """Which other process runs on the folder, "" for none."""
    try:
        with claimed(path):
            return ""
    except ServiceError:
        pid = (path / "lock").read_text(errors="replace").strip()
        if pid == str(os.getpid()):  # a command that started the servers itself, since no daemon runs
            return ""
        return f"process {pid}" if pid else "another process"


def address(settings: Settings, *, runs: bool) -> Finding:
    """Whether the console's address is free; a daemon that `runs` may hold it."""
    part, listen = "address", settings.server.listen
    port = int(listen.rpartition(":")[2])
    try:
        found = socket.getaddrinfo(listen_host(settings) or None, port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, place in found[:1]:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(place)
    except (OSError, OverflowError) as error:
        if runs and getattr(error, "errno", None) == errno.EADDRINUSE:
            return Finding(part, State.OK, f"{settings.server.public_url} is served by the daemon that runs")
        why = getattr(error, "strerror", None) or str(error)
        return Finding(part, State.FAIL, f"cannot listen at {listen}: {why}", "free it, or set another server.listen")
    return Finding(part, State.OK, f"{settings.server.public_url} is free")
