"""Which listeners this process runs: those whose leases it holds. It takes what is free and lets go when it ends.

A process that died on this host is known to be dead at once; one of another host when its lease has run out.
"""

import os
import secrets
import socket
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import Engine

from leitstand import clock
from listeners import cursors, gaps, leases
from listeners.leases import TTL, Lease

SETTLED = timedelta(minutes=10)  # by then every part has said how it is
TURN = 2.5  # with the TTL of 9 s, a listener is taken over at most 12 s after its host died


def new_holder() -> str:
    """A name that no other process has ever had: host, what its process numbers belong to, number, its start."""
    pid = os.getpid()
    return f"{_house()} {pid} {psutil.Process(pid).create_time():.2f} {secrets.token_hex(4)}"


def is_dead(holder: str) -> bool:
    """Whether the process of this name surely lives no more; False where that cannot be seen from here."""
    parts = holder.split(" ")
    if len(parts) != 4 or parts[0] != _house() or not parts[1].isdigit():
        return False
    try:
        process = psutil.Process(int(parts[1]))
        return process.status() == psutil.STATUS_ZOMBIE or f"{process.create_time():.2f}" != parts[2]
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def _house() -> str:
    """Host, boot and process namespace: two processes with the same one can see each other."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()}/{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # no Linux: one boot cannot be told from the next, so a dead process is waited for
        return f"{socket.gethostname()}/{secrets.token_hex(4)}"


@dataclass
class Leases:
    """The leases of one process. `wanted` are the listeners it would run; `renewed_at` is when it last could renew."""

    engine: Engine
    wanted: Collection[str]
    holder: str = field(default_factory=new_holder)
    ttl: timedelta = TTL
    held: dict[str, Lease] = field(default_factory=dict)
    renewed_at: float = field(default_factory=time.monotonic)
    since: dict[str, datetime] = field(default_factory=dict)

    def turn(self) -> tuple[str, ...]:
        """Renew what is held, claim what is free. The names of what was held and no longer is, as it was."""
        began = time.monotonic()
        with self.engine.begin() as connection:
            terms = leases.renew(connection, self.holder, self.ttl)
            lost = tuple(name for name, lease in self.held.items() if terms.get(name) != lease.term)
        self.renewed_at = began
        self._forget(lost)
        self._claim()
        self._tidy()
        return lost

    def overdue(self) -> tuple[str, ...]:
        """What may be another's by now because nothing could be renewed for so long; given up."""
        if time.monotonic() - self.renewed_at < self.ttl.total_seconds():
            return ()
        lost = tuple(self.held)
        self._forget(lost)
        return lost

    def release(self) -> None:
        """Let go of everything."""
        with self.engine.begin() as connection:
            leases.release(connection, self.holder)
        self.held = {}

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            self.held.pop(name, None)  # a turn that took too long may end after it was given up

    def _claim(self) -> None:
        with self.engine.connect() as connection:
            free, holders = leases.free(connection, [name for name in self.wanted if name not in self.held])
        dead = {holder for holder in set(holders.values()) - {self.holder} if is_dead(holder)}
        for name in [*free, *(name for name, holder in holders.items() if holder in dead)]:
            with self.engine.begin() as connection:
                lease = leases.claim(connection, name, self.holder, list(dead), self.ttl)
                if lease and lease.since:
                    gaps.begin(connection, name, "", _why(lease), clock.now(), lease.since)
            if lease:
                self.held[name], self.since[name] = lease, clock.now()

    def _tidy(self) -> None:
        """Once, when a listener has run for a while: what is left of parts that are configured no more."""
        now = clock.now()
        for name in [n for n, since in self.since.items() if n in self.held and now - since > SETTLED]:
            since = self.since.pop(name)
            with self.engine.begin() as connection:
                gaps.drop(connection, name, cursors.forget(connection, name, since), now)


def _why(lease: Lease) -> str:
    if lease.released:
        return "it was stopped"
    host = lease.before.partition("/")[0]
    return f"its process on {host} ended" if host == socket.gethostname() else f"{host} no longer answered"
