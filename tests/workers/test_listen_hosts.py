"""Two real `listen` processes and kill -9: another goes on where the killed one stopped, nothing lost, none doubled."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

CONFIGURATION = """
[server]
data_dir = "{folder}"
[database]
url = "{database}"
[redis]
url = "{redis}"
[[watchlists]]
name = "brand"
query = "acme"
[listeners.posts]
kind = "file"
path = "{folder}/posts.jsonl"
"""


@contextmanager
def listening(config: Path, slot: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "workers.listen", str(config), slot], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def write(folder: Path, numbers: range) -> None:
    with (folder / "posts.jsonl").open("a") as file:
        file.writelines(json.dumps({"external_id": str(n), "text": f"acme {n}"}) + "\n" for n in numbers)


def wait_for(database: Engine, sql: str, wanted: object) -> None:
    pause, deadline = threading.Event(), time.monotonic() + 90
    while True:
        with database.connect() as connection:
            found = connection.scalar(text(sql))
        if found == wanted:
            return
        assert time.monotonic() < deadline, f"{sql}: {found!r}"
        pause.wait(0.1)


def holder(database: Engine) -> int:
    """The process that has the lease."""
    with database.connect() as connection:
        return int(str(connection.scalar(text("SELECT holder FROM listener_leases"))).split(" ")[1])


def test_kill_9_of_the_process_that_listens(
    database: Engine, database_url_of_test: str, redis_url: str, tmp_path: Path
) -> None:
    config = tmp_path / "leitstand.toml"
    config.write_text(CONFIGURATION.format(folder=tmp_path, database=database_url_of_test, redis=redis_url))
    write(tmp_path, range(500))
    with ExitStack() as stack:
        processes = [stack.enter_context(listening(config, f"listen-{n}")) for n in (1, 2)]
        wait_for(database, "SELECT count(*) FROM mentions", 500)
        first = holder(database)
        assert first in {process.pid for process in processes}
        os.kill(first, signal.SIGKILL)
        killed = time.monotonic()
        write(tmp_path, range(500, 1000))
        wait_for(database, "SELECT count(*) FROM mentions", 1000)
        print(f"taken over in {time.monotonic() - killed:.1f} s")
        second = holder(database)
    assert second != first
    wait_for(database, "SELECT count(*) FROM listener_gaps WHERE filled_at IS NOT NULL AND why LIKE '%ended'", 1)


def test_a_stopped_process_gives_its_lease_away(
    database: Engine, database_url_of_test: str, redis_url: str, tmp_path: Path
) -> None:
    config = tmp_path / "leitstand.toml"
    config.write_text(CONFIGURATION.format(folder=tmp_path, database=database_url_of_test, redis=redis_url))
    write(tmp_path, range(10))
    with listening(config, "listen-1") as process:
        wait_for(database, "SELECT count(*) FROM mentions", 10)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    wait_for(database, "SELECT released FROM listener_leases", True)
