"""The role `serve`: the console, the API, the probes and /metrics, on the address of `server.listen`."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from redis import Redis, RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from console.api.desk import Desk
from console.app import Server, create_app
from escalation_bridge import ledger
from leitstand import clock, database, plugins
from leitstand.settings import Settings
from listeners import budget, cursors, gaps, pending
from listeners.contract import Listens
from listeners.watchlists import Watchlists
from monitoring.business import ListenerFigures, business_collector
from monitoring.collector import StateCollector
from monitoring.health import Part, judge, look
from monitoring.metrics import Metrics, exposition, open_metrics, start_at_zero
from triage import views
from triage.incidents import views as incidents
from triage.knowledge import articles
from triage.policy import compile_policy
from workers import queues, setup, succession
from workers.intake import Intake
from workers.logs import configure_logging
from workers.queues import AssessQueue
from workers.setup import Place

log = structlog.get_logger()


def collector(settings: Settings, engine: Engine, metrics: Metrics, queue: AssessQueue) -> StateCollector:
    """What /metrics reads from SQL and Redis when it is asked."""
    listening = [
        name
        for name, entry in settings.listeners.items()
        if entry.enabled and isinstance(plugins.load(plugins.SOURCES, entry.kind), Listens)
    ]
    return business_collector(
        engine,
        settings,
        metrics,
        open_cases=views.open_cases,
        seconds_to_next_breach=views.seconds_to_next_breach,
        targets=ledger.summary,
        listeners=cursors.hearing,
        backlog=pending.backlog,
        queues={queues.ASSESS: queue.depth},
        listening=listening,
        figures=ListenerFigures(
            budgets=budget.remaining,
            shares=budget.shares,
            gaps=gaps.unfilled,
            waiting=gaps.waiting,
            looking_again=cursors.looking_again,
        ),
        incidents=incidents.open_by_watchlist,
    )


def health(engine: Engine, redis: Redis, metrics_dir: Path) -> Callable[[], Sequence[Part]]:
    """Whether the installation can do its work, part by part, with what to do where it cannot."""
    return lambda: judge(look(engine, lambda: ping(redis), metrics_dir))


def ping(redis: Redis) -> str:
    """What is wrong with Redis, "" where it answers."""
    try:
        redis.ping()
    except RedisError as error:
        return type(error).__name__
    return ""


def open_database(where: Place) -> Engine:
    """An engine; unlike the other roles this one also starts on a database that wants migrating, to say so.

    Raises ServiceError where an embedded one cannot be reached.
    """
    engine = database.engine(where.database_url, pool_size=8)
    try:
        if where.embedded_database:
            database.upgrade(engine)
    except OperationalError as error:
        raise setup.unreached(where, error) from None
    return engine


def shelve(settings: Settings, engine: Engine) -> None:
    """Bring the table of articles up to the folder; a file that cannot be read is named in the log."""
    if settings.knowledge.articles is None:
        return
    shelf = articles.read(settings.knowledge.articles)
    for problem in shelf.problems:
        log.warning("article left out", problem=problem)
    with engine.begin() as connection:
        articles.keep(connection, shelf.articles, clock.now())


def main(config: Path | str, slot: str = "serve") -> None:
    """Serve until SIGTERM, or until it is time to make way for a newer version."""
    configure_logging(slot)
    settings = setup.load(config)
    where = setup.place(settings)
    engine, redis = open_database(where), queues.connect(where.redis_url)
    if health(engine, redis, where.metrics_dir)()[1].ready:  # the schema
        shelve(settings, engine)
    queue, metrics = AssessQueue(redis), open_metrics(where.metrics_dir, slot)
    start_at_zero(metrics, settings)
    intake = Intake(engine, Watchlists(settings), queue, metrics)
    state = collector(settings, engine, metrics, queue)
    app = create_app(
        settings,
        Desk(engine, compile_policy(settings)),
        take=intake.take,
        metrics=lambda: exposition(where.metrics_dir, [state]),
        health=health(engine, redis, where.metrics_dir),
    )
    server = Server(app, settings.server.listen)
    with succession.current(engine, server.stop):
        asyncio.run(server.serve())
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:3])
