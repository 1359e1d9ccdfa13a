"""The role `deliver`: one task a target, each alone with its rate, its pauses and its failures.

PostgreSQL itself says that the outbox has something new (NOTIFY, sent when the case change commits), so a page goes out
even while Redis is away; a look every second is the net under it.
"""

import asyncio
import signal
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import psycopg
import structlog
from sqlalchemy import Engine

from escalation_bridge import contract, delivery, outbox
from leitstand import database
from leitstand.keeping import keep
from leitstand.settings import Settings
from monitoring.metrics import Metrics, open_metrics
from workers import setup, succession
from workers.logs import configure_logging

log = structlog.get_logger()

RECONNECT = 2.0


class Count:
    """Counts what the delivery loop observes."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def attempted(self, target: str, outcome: str) -> None:
        """One attempt ended."""
        self._metrics.deliveries.labels(target, outcome).inc()

    def delivered(self, target: str, seconds_since_received: float) -> None:
        """A notice was taken."""
        self._metrics.post_to_notice.labels(target).observe(seconds_since_received)


async def wake_on_notify(url: str, wakes: Mapping[str, asyncio.Event]) -> None:
    """Set a target's event when something is committed for it. Reconnects for ever."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                await connection.execute(f"LISTEN {outbox.NOTIFY_CHANNEL}")
                for wake in wakes.values():
                    wake.set()  # what came while nobody listened
                async for notify in connection.notifies():
                    for target in notify.payload.split(","):
                        if target in wakes:
                            wakes[target].set()
        except psycopg.OperationalError as error:
            log.warning("not told of new notices, looking every second", reason=type(error).__name__)
        await asyncio.sleep(RECONNECT)


async def run(settings: Settings, engine: Engine, url: str, metrics: Metrics) -> None:
    """Deliver to every target until SIGTERM; then finish what is under way."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    wakes = {name: asyncio.Event() for name in settings.targets}
    listener = asyncio.create_task(keep("wake on notify", partial(wake_on_notify, url, wakes)))
    observer = Count(metrics)

    async def deliver_to(name: str) -> None:
        entry = settings.targets[name]
        target = contract.connect(name, entry, settings.server.language)
        await delivery.run_target(name, target, entry, engine, wakes[name], stop, observer)

    loops = [
        asyncio.create_task(keep(f"deliver to {name}", partial(deliver_to, name), stop), name=name) for name in wakes
    ]
    log.info("delivering", targets=list(wakes))
    await stop.wait()
    await asyncio.gather(*loops)
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)


def main(config: Path | str, slot: str = "deliver") -> None:
    """Deliver until SIGTERM, or until it is time to make way for a newer version."""
    configure_logging(slot)
    settings = setup.load(config)
    where = setup.place(settings)
    engine = setup.open_database(where, pool_size=8)
    metrics = open_metrics(where.metrics_dir, slot)
    url = database.watched(where.database_url).render_as_string(hide_password=False)
    with succession.current(engine):
        asyncio.run(run(settings, engine, url, metrics))
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:3])
