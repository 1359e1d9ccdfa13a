"""Two real Redis servers on loopback, one following the other, and real Sentinels that watch over them."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from console.spawn import free_port
from workers.redis_server import redis_server

SERVICE = "mymaster"
_SOON = ["down-after-milliseconds", "300"], ["failover-timeout", "3000"]


@dataclass(frozen=True)
class Watched:
    """`nodes` are the servers by their ports."""

    nodes: dict[int, subprocess.Popen[bytes]]
    sentinels: tuple[int, ...]
    password: str = ""

    @property
    def url(self) -> str:
        """As a configuration names them."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        return f"redis+sentinel://{f':{self.password}@' if self.password else ''}{hosts}/{SERVICE}/0"

    def primary(self) -> int:
        """The port of the primary, as the first Sentinel has it."""
        with asking(self.sentinels[0]) as sentinel:
            return int(_state(sentinel)["port"])

    def kill_primary(self) -> int:
        """Kill -9, as a host that is gone. The port it had."""
        port = self.primary()
        self.nodes[port].kill()
        self.nodes[port].wait()
        return port

    def wait_for_another_than(self, port: int) -> None:
        """Until every Sentinel names another primary."""
        for each in self.sentinels:
            with asking(each) as sentinel:
                _wait(lambda asked=sentinel: _state(asked)["port"] != port)  # type: ignore[misc]

    def wait_for_none(self) -> None:
        """Until every Sentinel has noticed that the primary is gone; nobody is left to take its place."""
        for each in self.sentinels:
            with asking(each) as sentinel:
                _wait(lambda asked=sentinel: _state(asked)["is_sdown"])  # type: ignore[misc]


@contextmanager
def watched_redis(folder: Path, *, sentinels: int = 1, password: str = "") -> Iterator[Watched]:
    """A primary, its replica in step with it, and Sentinels that know of both and of one another."""
    secret = ["--requirepass", password, "--masterauth", password] if password else []
    with ExitStack() as running:
        first, primary = running.enter_context(_node(folder, *secret))
        second, replica = running.enter_context(_node(folder, *secret, "--replicaof", "127.0.0.1", str(first)))
        with asking(first, password) as connection:
            _wait(lambda: connection.info("replication").get("slave0", {}).get("state") == "online")
        ports = tuple(
            running.enter_context(_sentinel(folder, first, sentinels // 2 + 1, password)) for _ in range(sentinels)
        )
        for port in ports:
            with asking(port) as asked:
                _wait(lambda asked=asked: _is_complete(asked, sentinels - 1))  # type: ignore[misc]
        yield Watched({first: primary, second: replica}, ports, password)


def _is_complete(sentinel: Redis, others: int) -> bool:
    state = _state(sentinel)
    replicas = cast(list[dict[str, object]], sentinel.sentinel_slaves(SERVICE))
    return state["num-other-sentinels"] == others and [one["master-link-status"] for one in replicas] == ["ok"]


def _state(sentinel: Redis) -> dict[str, Any]:
    return cast(dict[str, dict[str, Any]], sentinel.sentinel_masters())[SERVICE]


def asking(port: int, password: str = "") -> Redis:
    """A connection that says at once what is wrong."""
    return Redis(port=port, password=password or None, retry=Retry(NoBackoff(), 0))


@contextmanager
def _node(folder: Path, *options: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    with _started(lambda port: ["--port", str(port), "--dir", str(folder), "--save", "", *options]) as found:
        yield found


@contextmanager
def _sentinel(folder: Path, primary: int, quorum: int, password: str) -> Iterator[int]:
    def options(port: int) -> list[str]:
        lines = [f"port {port}", f"dir {folder}", f"sentinel monitor {SERVICE} 127.0.0.1 {primary} {quorum}"]
        lines += [f"sentinel {key} {SERVICE} {value}" for key, value in _SOON]
        lines += [f"sentinel auth-pass {SERVICE} {password}"] if password else []
        (file := folder / f"sentinel-{port}.conf").write_text("\n".join(lines) + "\n")
        return [str(file), "--sentinel"]

    with _started(options) as (port, _):
        yield port


@contextmanager
def _started(options: Callable[[int], list[str]]) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A server that answers; one whose port somebody else took meanwhile is started on another."""
    binary = redis_server(Path("nowhere")).command.argv[0]
    while True:
        port = free_port()
        words = [binary, *options(port), "--bind", "127.0.0.1"]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
            try:
                if _answers(port, process):
                    yield port, process
                    return
            finally:
                process.kill()


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    pause = threading.Event()
    while process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return not pause.wait(0.02) and process.poll() is None
        pause.wait(0.02)
    return False


def _wait(until: Callable[[], object], limit: float = 60.0) -> None:
    pause, deadline = threading.Event(), time.monotonic() + limit
    while True:
        try:
            if until():
                return
        except RedisError:
            pass
        assert time.monotonic() < deadline, "it did not come about"
        pause.wait(0.02)
