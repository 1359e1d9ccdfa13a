"""A whole daemon for a test: real processes on a configuration of the test's own, with a receiver that verifies."""

import os
import secrets
import signal
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
import pytest
from sqlalchemy import text

from console import spawn
from console.receiver import Received, receiver
from console.spawn import Daemon
from leitstand import database as leitstand_database
from workers.child_states import read_child_states
from workers.embedded import database_url, embedded_services

CONFIGURATION = """
[brand]
name = "Acme"
own_accounts = ["x:acmehelp"]
[server]
listen = "127.0.0.1:{port}"
[workers]
processes = {workers}
[[watchlists]]
name = "cloud"
query = 'acme OR "acme cloud"'
importance = "high"
team = "cloud-support"
[listeners.ingest]
kind = "api"
token = "${{LEITSTAND_TOKEN}}"
[api.tokens.test]
token = "${{LEITSTAND_TOKEN}}"
scopes = ["ingest", "read", "act"]
[targets.sev1-group]
kind = "webhook"
url = "${{LEITSTAND_RECEIVER}}/sev1"
secret = "${{LEITSTAND_SECRET}}"
rate = 1000
[targets.support]
kind = "webhook"
url = "${{LEITSTAND_RECEIVER}}/support"
secret = "${{LEITSTAND_SECRET}}"
rate = 1000
[teams.cloud-support]
forward = []
[incidents]
minimum = 10000
minimum_impact = 10000
[escalation.sev1]
steps = [{{ notify = "sev1-group" }}]
"""


@dataclass
class Told:
    """What the receiver verified, in the order in which it came; `arrived` is set at each."""

    notices: list[Received] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, notice: Received) -> None:
        with self.arrived:
            self.notices.append(notice)
            self.arrived.notify_all()

    def wait_for(self, count: int, limit: float = 120.0) -> list[Received]:
        """At least `count` notices. Fails if they do not come."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.notices) >= count, limit), f"{len(self.notices)} of {count}"
            return list(self.notices)

    def of(self, author: str) -> list[Received]:
        """What was told so far of the posts of one author."""
        with self.arrived:
            return [notice for notice in self.notices if notice.body["data"]["case"]["author"]["id"] == author]

    def wait_for_one_of(self, author: str, limit: float = 120.0) -> Received:
        """The first notice on a post of one author. Fails if none comes."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.of(author), limit), f"nothing was told of {author}"
            return self.of(author)[0]


@dataclass(frozen=True)
class House:
    """A running daemon, its data directory, and what its targets were told."""

    daemon: Daemon
    data_dir: Path
    told: Told


def send(house: House, batch: list[dict[str, object]]) -> None:
    """Send until it is answered: what a sender does whose peer is killed under it."""
    pause = threading.Event()
    body = msgspec.json.encode({"mentions": batch})
    for _ in range(600):
        try:
            answer = house.daemon.post("/api/v1/mentions", body)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code == httpx.codes.ACCEPTED:
            return
        pause.wait(0.1)
    raise AssertionError("the API did not come back")


def kill(house: House, role: str) -> None:
    """Kill -9 a role, once it runs. One that has just been killed may still be among the states."""
    deadline, pause = time.monotonic() + 120, threading.Event()
    while not any(_killed(s.pid) for s in read_child_states(house.data_dir) if s.name == role and s.pid):
        assert time.monotonic() < deadline, f"{role} does not run"
        pause.wait(0.05)


def _killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


StartHouse = Callable[..., House]
Furnish = Callable[[Path], None]


@pytest.fixture(scope="session")
def furnish(tmp_path_factory: pytest.TempPathFactory) -> Furnish:
    """Gives a new data directory its PostgreSQL, made and migrated once; it does not wait for the disk."""
    made = tmp_path_factory.mktemp("house")
    with embedded_services(made, redis=False):
        engine = leitstand_database.engine(database_url(made), pool_size=1)
        leitstand_database.upgrade(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for setting in ("fsync", "full_page_writes"):  # what is killed here are processes
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        engine.dispose()

    def copy(data_dir: Path) -> None:
        data_dir.mkdir()
        subprocess.run(["cp", "-a", made / "postgres", data_dir], check=True)

    return copy


@contextmanager
def starting(folder: Path, furnish: Furnish) -> Iterator[StartHouse]:
    """Starts daemons in a folder on CONFIGURATION plus what the caller adds; stopped at the end of the block."""
    with ExitStack() as running:

        def start(extra: str = "", *, workers: int = 1) -> House:
            told, token, port = Told(), secrets.token_urlsafe(16), spawn.free_port()
            secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
            address = running.enter_context(receiver(secret, told))
            config = folder / "leitstand.toml"
            config.write_text(CONFIGURATION.format(port=port, workers=workers) + extra)
            environment = {"LEITSTAND_TOKEN": token, "LEITSTAND_RECEIVER": address, "LEITSTAND_SECRET": secret}
            if not (folder / "var").exists():
                furnish(folder / "var")
            daemon = running.enter_context(spawn.daemon(config, port, token, environment))
            daemon.wait_ready()
            return House(daemon, folder / "var", told)

        yield start


@pytest.fixture
def start_house(tmp_path: Path, furnish: Furnish) -> Iterator[StartHouse]:
    """Start a daemon on CONFIGURATION plus what the test adds; stopped at the end of the test."""
    with starting(tmp_path, furnish) as start:
        yield start


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, furnish: Furnish) -> Iterator[House]:
    """One daemon with two workers for all tests of a module that only send posts and look at what comes out."""
    with starting(tmp_path_factory.mktemp("shared"), furnish) as start:
        yield start(workers=2)
