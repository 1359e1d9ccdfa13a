"""Keeps a tree of processes alive: the embedded servers, then the roles of `leitstand run`.

One thread, woken by signals and due times only. What happens to a child next is decided in `restarts`; here it is
done. A child that ends for any reason is started again; when this process is told to end, roles end before servers,
and when it is killed the kernel tells the children.
"""

import math
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import structlog

from leitstand.errors import OUTDATED, OutdatedError, ServiceError
from workers.child_states import ChildState, clear_child_states, write_child_states
from workers.directories import claimed
from workers.embedded import STARTUP_LIMIT, embedded_servers, startup_failure
from workers.forking import HANDLED, Child, is_ignored
from workers.process import Command, Server, kill, kill_group, start
from workers.restarts import Life, Phase, asked_to_end, ended, started, to_kill, to_start

_PROBE_PACE = 0.02
_HOPELESS = 3  # first starts of a server that may fail: its predecessor may need a moment to leave

log = structlog.get_logger(__name__)


def supervise(
    data_dir: Path,
    roles: Sequence[Command],
    *,
    postgres: bool = True,
    redis: bool = True,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Run the embedded servers and the roles on a data directory until told to end by a signal; main thread only.

    `meanwhile` is what this process does while a first database is made, and again while the servers start, before
    the first role. Raises ServiceError when the data directory is taken or a server never works, OutdatedError when a
    role found that the database belongs to a newer version.
    """
    data_dir = data_dir.resolve()
    with claimed(data_dir):
        servers = embedded_servers(data_dir, postgres=postgres, redis=redis, meanwhile=meanwhile)
        try:
            Supervisor(roles, servers, lambda states: _publish(data_dir, states), meanwhile).run()
        finally:
            clear_child_states(data_dir)


def _publish(data_dir: Path, states: tuple[ChildState, ...]) -> None:
    try:
        write_child_states(data_dir, states)
    except OSError as error:  # a full disk must not take the tree down
        log.warning("states cannot be written", error=str(error))


@dataclass(slots=True)
class _Child:
    command: Command
    server: Server | None = None
    life: Life = field(default_factory=Life)
    process: Child | None = None
    works: bool = False
    status: int | None = None

    def state(self) -> ChildState:
        pid = self.process.pid if self.process else None
        return ChildState(self.command.name, str(self.life.phase), pid, self.life.starts, self.status)


class Supervisor:
    """The children and what is to happen to them. `report` is handed their states whenever one changes."""

    def __init__(
        self,
        roles: Sequence[Command],
        servers: Sequence[Server] = (),
        report: Callable[[tuple[ChildState, ...]], None] = lambda states: None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._servers = [_Child(server.command, server) for server in servers]
        self._roles = [_Child(role) for role in roles]
        self._report = report
        self._meanwhile = meanwhile
        self._reported: tuple[ChildState, ...] = ()
        self._up = not servers
        self._stops = 0
        self._why = ""
        self._told = False
        self._failure: ServiceError | None = None

    def run(self) -> None:
        """Keep everything running until a SIGTERM, SIGINT or SIGHUP; a second of the first two kills the roles at once.

        A terminal that is closed sends SIGHUP, sometimes twice. Where it is ignored from the start (nohup) it stays so.
        """
        with _woken(self._on_signal) as doorbell:
            try:
                for child in self._servers:
                    self._start(child, time.monotonic())
                self._meanwhile()
                self._turn(time.monotonic())
                while not self._over():
                    _wait(doorbell, self._due() - time.monotonic())
                    self._turn(time.monotonic())
            finally:
                for child in self._children():
                    if child.process:
                        kill(child.process)
                        child.process.wait()
        if self._failure:
            raise self._failure

    def _children(self) -> list[_Child]:
        return [*self._servers, *self._roles]

    def _over(self) -> bool:
        return all(child.life.phase is Phase.STOPPED for child in self._children())

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGCHLD:
            return
        self._why = self._why or signal.Signals(number).name
        self._stops = max(self._stops, 1) if number == signal.SIGHUP else self._stops + 1

    def _turn(self, now: float) -> None:
        for child in self._children():
            self._reap(child, now)
        _reap_strays({child.process.pid for child in self._children() if child.process})
        if self._stops:
            self._stop(now)
        else:
            self._keep_up(now)
        for child in self._children():
            if child.process and to_kill(child.life, now):
                log.warning("child killed", child=child.command.name, pid=child.process.pid)
                kill(child.process)
        if (states := tuple(child.state() for child in self._children())) != self._reported:
            self._report(states)
            self._reported = states

    def _reap(self, child: _Child, now: float) -> None:
        if child.process is None or (status := child.process.poll()) is None:
            return
        ran, asked = now - child.life.since, child.life.phase is Phase.STOPPING
        kill_group(child.process.pid)
        pid, child.process, child.status, child.works = child.process.pid, None, status, False
        child.life = ended(child.life, now)
        again = {} if asked else {"ran_s": round(ran, 1), "again_in_s": round(child.life.due - now, 1)}
        (log.info if asked else log.warning)("child ended", child=child.command.name, pid=pid, status=status, **again)
        if child.server and not self._up and child.life.failures >= _HOPELESS:
            self._give_up(ServiceError(startup_failure(child.server, status, "it ended")))
        if child.server is None and status == OUTDATED and not asked:
            self._give_up(OutdatedError("the database belongs to a newer version: start that one"))

    def _keep_up(self, now: float) -> None:
        for child in self._servers:
            self._start(child, now)
            self._probe(child, now)
        self._up = self._up or all(child.works for child in self._servers)
        if self._up:
            for child in self._roles:
                self._start(child, now)

    def _start(self, child: _Child, now: float) -> None:
        if not to_start(child.life, now):
            return
        try:
            if child.server:
                child.server.prepare()
            child.process = start(child.command)
        except (ServiceError, OSError) as error:
            if child.server and not self._up:
                self._give_up(ServiceError(str(error)))
            child.life = ended(child.life, now)
            log.error("child cannot be started", child=child.command.name, error=str(error))
        else:
            child.life = started(child.life, time.monotonic())
            log.info("child started", child=child.command.name, pid=child.process.pid)

    def _probe(self, child: _Child, now: float) -> None:
        if child.server is None or child.works or child.life.phase is not Phase.RUNNING:
            return
        obstacle = child.server.probe()
        if obstacle is None:
            child.works = True
            log.info("server works", child=child.command.name, after_s=round(time.monotonic() - child.life.since, 2))
        elif not self._up and now - child.life.since > STARTUP_LIMIT:
            self._give_up(ServiceError(startup_failure(child.server, None, obstacle)))

    def _give_up(self, failure: ServiceError) -> None:
        self._failure, self._why = self._failure or failure, self._why or str(failure).splitlines()[0]
        self._stops = max(self._stops, 1)

    def _stop(self, now: float) -> None:
        if not self._told:
            log.info("ending", why=self._why)
            self._told = True
        for child in self._roles:
            _ask_to_end(child, now, child.command.grace if self._stops == 1 else 0.0)
        if all(child.life.phase is Phase.STOPPED for child in self._roles):
            for child in self._servers:
                _ask_to_end(child, now, child.command.grace)

    def _due(self) -> float:
        now, waiting = time.monotonic(), self._children() if self._up or self._stops else self._servers
        probing = any(c.life.phase is Phase.RUNNING and not c.works for c in self._servers)
        return min(
            [child.life.due for child in waiting] + [now + _PROBE_PACE if probing else math.inf], default=math.inf
        )


def _reap_strays(children: set[int]) -> None:
    """As process 1 of a container, bury grandchildren whose parent is gone."""
    if os.getpid() != 1:
        return
    with suppress(ChildProcessError):
        while stray := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if stray.si_pid in children:  # it ended just now; its own turn comes next
                return
            os.waitpid(stray.si_pid, 0)


def _ask_to_end(child: _Child, now: float, grace: float) -> None:
    if child.life.phase is Phase.RUNNING and child.process:
        child.process.send_signal(child.command.stop_signal)
    child.life = asked_to_end(child.life, now, grace)


@contextmanager
def _woken(handler: Callable[[int, FrameType | None], None]) -> Iterator[socket.socket]:
    """A socket that becomes readable when a signal comes, so that none is missed between looking and waiting."""
    doorbell, button = socket.socketpair()
    with doorbell, button:
        doorbell.setblocking(False)
        button.setblocking(False)
        before = {number: signal.signal(number, handler) for number in HANDLED if not is_ignored(number)}
        wakeup = signal.set_wakeup_fd(button.fileno(), warn_on_full_buffer=False)
        try:
            yield doorbell
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, previous in before.items():
                signal.signal(number, previous)


def _wait(doorbell: socket.socket, seconds: float) -> None:
    ready, _, _ = select.select([doorbell], [], [], None if seconds == math.inf else max(0.0, seconds))
    if ready:
        doorbell.recv(4096)
