"""The role `listen`: runs every source, commits what it hears together with its cursor, then enqueues the ids.

One task a listener; a listener that fails is started again from its stored cursor after a growing pause, alone.
"""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from redis import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from leitstand import clock, plugins
from leitstand.errors import LeitstandError
from leitstand.settings import ListenerSettings, Settings
from listeners import cursors, store
from listeners.contract import Batch, Listens
from listeners.watchlists import Watchlists
from monitoring.metrics import Metrics, open_metrics
from workers import queues, setup
from workers.logs import configure_logging
from workers.queues import AssessQueue

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0


@dataclass(frozen=True, slots=True)
class Intake:
    """Where heard mentions go: the same way for a source, the API and a replayed file."""

    engine: Engine
    watchlists: Watchlists
    queue: AssessQueue
    metrics: Metrics

    def take(self, listener: str, batch: Batch) -> store.Stored:
        """Commit mentions and cursor in one transaction, then enqueue. OperationalError if PostgreSQL is away."""
        now = clock.now()
        with self.engine.begin() as connection:
            stored = store.store(
                connection, listener, batch.mentions, self.watchlists, part=batch.part, cursor=batch.cursor, now=now
            )
            last_post_at = max((m.created_at for m in batch.mentions), default=None)
            cursors.report_status(
                connection, listener, batch.part, error=batch.error, last_post_at=last_post_at, now=now
            )
        self.handed_over(listener, batch, stored)
        return stored

    def handed_over(self, listener: str, batch: Batch, stored: store.Stored) -> None:
        """Count and enqueue what was committed. Without Redis it takes longer: the sweep enqueues it."""
        for channel, count in Counter(m.channel for m in batch.mentions).items():
            self.metrics.mentions_received.labels(listener, channel).inc(count)
        for watchlist, count in stored.matched.items():
            self.metrics.mentions_matched.labels(watchlist).inc(count)
        try:
            self.queue.enqueue(stored.new_ids)
        except RedisError as error:
            log.warning("not enqueued, the sweep will", mentions=len(stored.new_ids), reason=str(error))


def pause_after(failures: int, jitter: Callable[[], float] = random.random) -> float:
    """Seconds to wait before a listener that failed `failures` times in a row is started again: full jitter, capped."""
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures, 20))
    return longest * (0.5 + jitter() / 2)


async def listen(name: str, settings: ListenerSettings, source: Listens, intake: Intake) -> None:
    """Run one listener for ever."""
    failures = 0
    while True:
        try:
            heard = await asyncio.to_thread(_cursors, intake.engine, name)
            async for batch in source.listen(name, settings, heard):
                await asyncio.to_thread(intake.take, name, batch)
                failures = 0
        except OperationalError as error:
            log.warning("listener waits for PostgreSQL", listener=name, reason=type(error.orig).__name__)
        except LeitstandError as error:
            log.warning("listener failed", listener=name, reason=str(error))
            await asyncio.to_thread(_report, intake.engine, name, str(error))
        except Exception as error:  # the outermost loop of one listener: the others go on
            log.exception("listener failed", listener=name)
            await asyncio.to_thread(_report, intake.engine, name, f"internal error: {type(error).__name__}")
        failures += 1
        await asyncio.sleep(pause_after(failures))


def _cursors(engine: Engine, name: str) -> dict[str, str]:
    with engine.connect() as connection:
        return cursors.cursors(connection, name)


def _report(engine: Engine, name: str, error: str) -> None:
    try:
        with engine.begin() as connection:
            cursors.report_status(connection, name, "", error=error, last_post_at=None, now=clock.now())
    except OperationalError as failure:
        log.warning("listener's state not stored", listener=name, reason=type(failure.orig).__name__)


async def run(settings: Settings, intake: Intake) -> None:
    """Run every enabled listener until SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = []
    for name, entry in settings.listeners.items():
        source = plugins.load(plugins.SOURCES, entry.kind)
        if entry.enabled and isinstance(source, Listens):
            tasks.append(asyncio.create_task(listen(name, entry, source, intake), name=name))
    log.info("listening", listeners=[task.get_name() for task in tasks])
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def main(config: Path, slot: str = "listen") -> None:
    """Listen until SIGTERM."""
    configure_logging(slot)
    settings = setup.load(config)
    where = setup.place(settings)
    engine = setup.open_database(where, pool_size=4)
    queue = AssessQueue(queues.connect(where.redis_url))
    asyncio.run(run(settings, Intake(engine, Watchlists(settings), queue, open_metrics(where.metrics_dir, slot))))
    engine.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
