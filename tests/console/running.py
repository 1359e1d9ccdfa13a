"""A real console on a loopback port, as the daemon runs it: real HTTP, real PostgreSQL, real Redis."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, text

from console.api.desk import Desk
from console.app import Server, create_app
from leitstand import clock
from leitstand.model import Assessment, Author, Intent, Mention, Reason, Sentiment, Urgency
from leitstand.settings import Settings
from listeners import store
from listeners.sources import api
from listeners.watchlists import Watchlists
from monitoring.health import Part
from monitoring.metrics import Metrics
from nlp import store as assessments
from triage import cases
from triage.policy import compile_policy
from workers.listen import Intake
from workers.queues import AssessQueue, connect

READ, ACT, INGEST, LISTENER = "read-token", "act-token", "ingest-token", "the-listeners-token"
TOKENS = {
    "wall": {"token": READ, "scopes": ["read"]},
    "desk": {"token": ACT, "scopes": ["read", "act"]},
    "feeder": {"token": INGEST, "scopes": ["ingest"]},
}
SECTIONS: dict[str, object] = {
    "brand": {"name": "Acme"},
    "watchlists": [{"name": "cloud", "query": "acme", "importance": "high", "team": "cloud-support"}],
    "targets": {"desk": {"kind": "log"}},
    "teams": {"cloud-support": {"forward": ["desk"]}},
}


def settings(data_dir: Path, *, tokens: dict[str, object] | None = None, **sections: object) -> Settings:
    """A configuration with a listener of kind api, and `tokens` as its [api.tokens]."""
    server = {"data_dir": data_dir, "listen": "127.0.0.1:0"}
    made = Settings.model_validate({**SECTIONS, "server": server, "api": {"tokens": tokens or {}}, **sections})
    return made.model_copy(update={"listeners": {"ingest": api.Settings(kind="api", token=SecretStr(LISTENER))}})


@dataclass
class Console:
    """The running console and what is behind it."""

    url: str
    database: Engine
    settings: Settings
    server: Server
    thread: threading.Thread
    queue: AssessQueue

    def client(self, token: str = "", **headers: str) -> httpx.Client:
        """A client, with a Bearer token if one is given."""
        given = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers={**given, **headers}, timeout=60)

    def open_case(self, *, minutes: float = 0, **post: object) -> int:
        """A case opened by a post that was written so many minutes ago; its number."""
        now = clock.now()
        at = now - timedelta(minutes=minutes)
        with self.database.begin() as connection:
            return open_case(connection, self.settings, at, now, **post)  # type: ignore[arg-type]


def routes(console: Console) -> list[Any]:
    """Everything that the console answers to."""
    found: list[Any] = []
    waiting = list(console.server.config.app.routes)  # type: ignore[union-attr]
    while waiting:
        route = waiting.pop()
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        if inner is None:
            found.append(route)
        else:
            waiting += inner
    return [route for route in found if hasattr(route, "methods")]


def empty(database: Engine) -> None:
    """Leave nothing stored by an earlier test, in whichever table: the order of tests is drawn anew each run.

    What a migration writes stays."""
    with database.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        for table in set(connection.scalars(text(tables))) - {"alembic_version", "marks"}:
            connection.execute(text(f'DELETE FROM "{table}"'))


def open_case(
    connection: Connection,
    config: Settings,
    at: datetime,
    now: datetime,
    *,
    words: str = "acme cloud is down",
    channel: str = "x",
    author: str = "shopkeeper",
    url: str = "https://x.example/1",
    title: str = "",
    urgency: Urgency = Urgency.HIGH,
    name: str = "",
) -> int:
    """Store a post, assess it as urgent because of its last word, and let triage open its case."""
    identity = f"{channel}-{author}-{at.timestamp()}"
    who = Author(author, author, name, 1200)
    mention = Mention(channel, identity, words, at, at, url=url, title=title, author=who)
    stored = store.store(connection, "ingest", [mention], Watchlists(config), part="", cursor=None, now=now)
    start = len(words) - len(words.split()[-1])
    reason = Reason("urgency", "outage", start, len(words), float(urgency))
    found = Assessment("en", Sentiment.NEGATIVE, -0.5, urgency, (Intent.OUTAGE,), True, (reason,), "test")
    assessments.store(connection, [(stored.new_ids[0], found)], now)
    matched = store.load(connection, stored.new_ids)
    outcome = cases.process(connection, [(matched[0], found)], compile_policy(config), now)
    return outcome.opened[0].number


def well() -> Sequence[Part]:
    """Everything is ready."""
    return [Part("database", "well", "PostgreSQL answers"), Part("redis", "well", "Redis answers")]


class _Waited(Server):
    """Says when it serves."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.serves = threading.Event()

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        self.serves.set()


@contextmanager
def running(
    config: Settings, database: Engine, redis_url: str, *, parts: Sequence[Part] | None = None
) -> Iterator[Console]:
    """Serve the console until the end of the block."""
    registry = CollectorRegistry()
    queue = AssessQueue(connect(redis_url))
    intake = Intake(database, Watchlists(config), queue, Metrics(registry))
    app = create_app(
        config,
        Desk(database, compile_policy(config)),
        take=intake.take,
        metrics=lambda: generate_latest(registry),
        health=well if parts is None else lambda: parts,
    )
    server = _Waited(app, config.server.listen)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.serves.wait(60)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Console(f"http://127.0.0.1:{port}", database, config, server, thread, queue)
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()
