"""Child processes: how one is described, started and stopped."""

import os
import pwd
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from leitstand.errors import ServiceError
from workers.forking import Child, fork

_LAUNCHER = str(Path(__file__).with_name("launcher.py"))
_LOG_LIMIT = 5_000_000
_SERVICE_USERS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class User:
    """Whom a process runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, and how to end it.

    With `module`, `argv` are the arguments of its `main`, which runs in a fork of this process.
    `stop_signal` asks it to end, on our orders or when this process dies; after `grace` seconds it is killed. `user` is
    set when root must be dropped; `reach` are the paths which that user must get at. `log` is where its output goes.
    """

    name: str
    argv: tuple[str, ...]
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 30.0
    user: User | None = None
    reach: tuple[Path, ...] = ()
    environment: Mapping[str, str] | None = None
    directory: Path | None = None
    log: Path | None = None
    module: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs for one data directory.

    `prepare` must succeed before each start; `probe` connects and says what still keeps the server from working, None
    when nothing does.
    """

    command: Command
    prepare: Callable[[], None]
    probe: Callable[[], str | None]


def service_user(owned: Path) -> User | None:
    """Whom servers run as: this user, or, as root, the one that owns `owned` already, else `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return None
    if owned.exists() and (owner := owned.stat()).st_uid != 0:
        return User(owner.st_uid, owner.st_gid)
    for name in _SERVICE_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(entry.pw_uid, entry.pw_gid)
    raise ServiceError(
        "PostgreSQL does not run as root, and there is no user `nobody`: start Leitstand as an ordinary user"
    )


def launched(command: Command) -> list[str]:
    """The full command line: through the launcher, which drops root and ties the child's life to this process."""
    # The kernel ties a child to the thread that started it, so only the main thread, which lasts, may do so.
    tied = threading.current_thread() is threading.main_thread()
    death = str(int(command.stop_signal)) if tied else "0"
    user = [str(command.user.uid), str(command.user.gid)] if command.user else ["-", "-"]
    reach = [str(path) for path in command.reach]
    launcher = [sys.executable, "-I", "-S", _LAUNCHER, str(os.getpid()), death, *user, *reach, "--"]
    return [*launcher, *command.argv]


def start(command: Command) -> Child:
    """Start it in a session of its own, so that a Ctrl-C reaches this process alone and children end in order."""
    return fork(command.name, command.module, command.argv, command.stop_signal) if command.module else spawn(command)


def spawn(command: Command) -> subprocess.Popen[bytes]:
    """Start a command line."""
    log = _open_log(command.log) if command.log else None
    try:
        return subprocess.Popen(
            launched(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=command.environment,
            cwd=command.directory,
            start_new_session=True,
        )
    finally:
        if log is not None:
            os.close(log)


def stop(process: subprocess.Popen[bytes], command: Command) -> int:
    """Ask it to end, kill it after its grace; the exit status."""
    process.send_signal(command.stop_signal)
    try:
        return process.wait(command.grace)
    except subprocess.TimeoutExpired:
        kill(process)
        return process.wait()


def kill(process: Child) -> None:
    """Kill it with everything it started; nothing if it has ended."""
    if process.poll() is None:
        kill_group(process.pid)


def kill_group(leader: int) -> None:
    """Kill what is left of the process group of a child."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def tail(path: Path, lines: int = 12) -> str:
    """The last lines of a log."""
    with path.open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - 4096))
        return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])


def _open_log(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    if os.fstat(log).st_size > _LOG_LIMIT:
        os.ftruncate(log, 0)
    return log
