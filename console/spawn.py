"""A whole daemon as a child process, for the demo and for whoever must see the real thing from outside."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from leitstand.errors import ServiceError
from monitoring.collector import FRESH

READY_LIMIT, STOP_LIMIT = 120.0, 45.0


@dataclass(frozen=True, slots=True)
class Daemon:
    """A running `leitstand run` and how to reach it. `client` carries the token."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    client: httpx.Client

    def get(self, path: str) -> httpx.Response:
        """A GET with the token. Raises httpx.HTTPStatusError for anything but a success."""
        return self.client.get(path).raise_for_status()

    def post(self, path: str, body: bytes) -> httpx.Response:
        """A POST of JSON with the token, whatever the answer."""
        return self.client.post(path, content=body, headers={"content-type": "application/json"})

    def wait_ready(self) -> None:
        """Until it answers ready. Raises ServiceError with the end of its log if it does not."""
        deadline, pause = time.monotonic() + READY_LIMIT, threading.Event()
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.client.get("/readyz").is_success:
                    return
            except httpx.TransportError:
                pass  # not listening yet
            pause.wait(0.05)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
        raise ServiceError(f"the daemon did not get ready; the end of {self.log}:\n{tail}")

    def wait_handled(self, limit: float) -> None:
        """Until nothing waits to be assessed or delivered. Raises ServiceError after `limit` seconds."""
        started, pause = time.monotonic(), threading.Event()
        pause.wait(FRESH)  # a scrape may tell what was read so long ago, before what is waited for came in
        while time.monotonic() < started + limit:
            if self._has_handled_all():
                return
            pause.wait(0.2)
        raise ServiceError(f"work was still waiting after {limit:.0f} s; see {self.log}")

    def _has_handled_all(self) -> bool:
        """Whether nothing waits; a scrape that could not read all of it does not know."""
        shown = self.get("/metrics").text
        is_whole = all(_samples(shown, "leitstand_scrape_ok"))
        waiting = _samples(shown, "leitstand_mentions_pending", "leitstand_outbox_pending", "leitstand_queue_depth")
        return is_whole and bool(waiting) and not any(waiting)

    def cases(self) -> list[dict[str, object]]:
        """Every case as the API tells it, page by page."""
        found: list[dict[str, object]] = []
        cursor = ""
        while True:
            page = self.get(f"/api/v1/cases?limit=200&cursor={cursor}").json()
            found += page["cases"]
            if not page["next"]:
                return found
            cursor = page["next"]


def _samples(shown: str, *names: str) -> list[float]:
    return [float(line.rsplit(" ", 1)[1]) for line in shown.splitlines() if line.startswith(names)]


def free_port(wanted: int = 0) -> int:
    """`wanted` if nobody has it on loopback, else any free one.

    One below those that systems give to outgoing connections, so that none of them takes it before it is used.
    """
    for port in (*filter(None, [wanted]), *random.SystemRandom().sample(range(20_000, 32_000), 20), 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServiceError("no free port on 127.0.0.1")


@contextmanager
def daemon(config: Path, port: int, token: str, environment: Mapping[str, str]) -> Iterator[Daemon]:
    """`leitstand run` on a configuration that listens on `port`, stopped at the end of the block."""
    log = config.parent / "daemon.log"
    argv = [sys.executable, "-m", "console", "run", "--config", str(config)]
    with (
        log.open("ab") as output,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"authorization": f"Bearer {token}"}, timeout=30
        ) as client,
    ):
        process = subprocess.Popen(
            argv, env={**os.environ, **environment}, stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
        try:
            yield Daemon(f"http://127.0.0.1:{port}", process, log, client)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
