"""Two real `deliver` processes share a target: its rate is one for both, and so is the pause that it asks for."""

import queue
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from escalation_bridge import outbox
from leitstand import clock
from tests.escalation_bridge.receivers import Reply, Request, receiver
from tests.escalation_bridge.words import notice

RATE, NOTICES = 2, 10
LIMITED = Reply(429, {"Retry-After": "300"})
CONFIGURATION = """
[server]
data_dir = "{folder}"
[database]
url = "{database}"
[targets.group]
kind = "webhook"
url = "{address}/group"
secret = "whsec_bGVpdHN0YW5kbGVpdHN0YW5kbGVpdHN0YW5k"
rate = {rate}
[targets.limited]
kind = "webhook"
url = "{address}/limited"
secret = "whsec_bGVpdHN0YW5kbGVpdHN0YW5kbGVpdHN0YW5k"
rate = 1000
"""


@contextmanager
def delivering(config: Path, slot: str) -> Iterator[None]:
    """A process that is ready."""
    command = [sys.executable, "-m", "workers.deliver", str(config), slot]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            assert any('"delivering"' in line for line in process.stderr)
            yield
        finally:
            process.kill()


def add(database: Engine, target: str, numbers: range) -> None:
    with database.begin() as connection:
        outbox.add(connection, [notice(target, n) for n in numbers], clock.now())


def test_two_hosts_keep_one_rate_and_one_pause(database: Engine, database_url_of_test: str, tmp_path: Path) -> None:
    arrived: queue.Queue[str] = queue.Queue()

    def respond(request: Request) -> Reply:
        if request.path == "/limited":
            return LIMITED
        arrived.put(request.headers["webhook-id"])
        return Reply()

    config = tmp_path / "leitstand.toml"
    with receiver(respond) as server, ExitStack() as stack:
        address = {"folder": tmp_path, "database": database_url_of_test, "address": server.url, "rate": RATE}
        config.write_text(CONFIGURATION.format(**address))
        for number in (1, 2):
            stack.enter_context(delivering(config, f"deliver-{number}"))
        begun = time.monotonic()
        add(database, "group", range(NOTICES))
        got = [arrived.get(timeout=60) for _ in range(NOTICES)]
        assert len(set(got)) == NOTICES
        took = time.monotonic() - begun
        print(f"{NOTICES} notices in {took:.1f} s")
        assert took >= (NOTICES - RATE) / RATE  # one second's worth at once, the rest at the rate
        add(database, "limited", range(1))
        with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not connection.scalar(text("SELECT asked_until FROM target_status WHERE target = 'limited'")):
                pass
        add(database, "limited", range(1, 20))
        add(database, "group", range(NOTICES, NOTICES + 2 * RATE))
        for _ in range(2 * RATE):
            arrived.get(timeout=60)
        with database.connect() as connection:
            tried = text("SELECT sum(attempts) FROM deliveries WHERE target = 'limited'")
            assert connection.scalar(tried) == 1
