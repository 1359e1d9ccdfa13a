"""A whole daemon to measure: embedded services, every match a case of its own, a webhook that counts."""

import secrets
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from console import spawn
from console.receiver import Received, receiver
from console.spawn import Daemon
from leitstand import database
from workers.embedded import database_url

CONFIGURATION = """
[server]
listen = "127.0.0.1:{port}"
[workers]
processes = {workers}
[[watchlists]]
name = "cloud"
query = "acme"
importance = "high"
[listeners.ingest]
kind = "api"
token = "${{LEITSTAND_TOKEN}}"
[api.tokens.bench]
token = "${{LEITSTAND_TOKEN}}"
scopes = ["read"]
[[rules]]
name = "every mention is a case"
when = {{}}
then = {{ case = "open" }}
[targets.sev1-group]
kind = "webhook"
url = "${{LEITSTAND_RECEIVER}}/sev1"
secret = "${{LEITSTAND_SECRET}}"
rate = 1000
[incidents]
minimum = 10000
minimum_impact = 10000
[escalation.sev1]
steps = [{{ notify = "sev1-group" }}]
{sla}
"""


WARM_UP = b'{"channel": "x", "external_id": "warm-up", "text": "acme: good morning"}'


@dataclass(frozen=True, slots=True)
class Furnished:
    """What a daemon needs to be started: its configuration, where it listens, and the secrets that it names."""

    config: Path
    port: int
    token: str
    environment: dict[str, str]


def furnished(folder: Path, *, workers: int, receiver: str, sla: str = "", secret: str = "") -> Furnished:
    """A configuration in a folder, whose one target is at `receiver`."""
    token, port = secrets.token_urlsafe(16), spawn.free_port()
    config = folder / "leitstand.toml"
    config.write_text(CONFIGURATION.format(port=port, workers=workers, sla=sla))
    environment = {
        "LEITSTAND_TOKEN": token,
        "LEITSTAND_RECEIVER": receiver,
        "LEITSTAND_SECRET": secret or signing_secret(),
    }
    return Furnished(config, port, token, environment)


def signing_secret() -> str:
    """A new secret of a webhook."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True)
class House:
    """A running daemon with its data, and how many seconds after its start it was ready."""

    daemon: Daemon
    data_dir: Path
    engine: Engine
    ready_after: float


@contextmanager
def house(told: Callable[[Received], None], *, workers: int, sla: str = "") -> Iterator[House]:
    """A daemon with `workers` work processes until the end of the block."""
    secret = signing_secret()
    with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder, receiver(secret, told) as address:
        planned = furnished(Path(folder), workers=workers, receiver=address, sla=sla, secret=secret)
        started = time.perf_counter()
        with spawn.daemon(planned.config, planned.port, planned.token, planned.environment) as running:
            running.wait_ready()
            ready_after = time.perf_counter() - started
            running.post("/api/v1/mentions", WARM_UP).raise_for_status()
            running.wait_handled(60)  # every worker has its pipeline
            data_dir = planned.config.parent / "var"
            engine = database.engine(database_url(data_dir), pool_size=1)
            yield House(running, data_dir, engine, ready_after)
            engine.dispose()
