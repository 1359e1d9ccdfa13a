"""The role `listen`: runs every source whose lease this process holds, and commits what it hears with its cursor.

One task a listener; a listener that fails is started again from its stored cursor after a growing pause, alone.
"""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from leitstand import clock, plugins
from leitstand.errors import FetchError, LeaseLostError, LeitstandError
from leitstand.keeping import keep
from leitstand.settings import ListenerSettings, Settings
from listeners import cursors, gaps
from listeners.contract import Asks, Batch, Listens
from listeners.leases import Lease
from listeners.watchlists import Watchlists, trees
from monitoring.metrics import open_metrics
from workers import calendars, queues, setup, succession
from workers.intake import Intake
from workers.leasing import TURN, Leases
from workers.logs import configure_logging
from workers.queues import AssessQueue
from workers.rechecking import listening

__all__ = ["Intake", "listen", "main", "pause_after", "run"]

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
HOPELESS_PAUSE = 3600.0  # only a person can mend it; it is looked at again in case one did


def pause_after(
    failures: int, error: LeitstandError | None = None, jitter: Callable[[], float] = random.random
) -> float:
    """Seconds to wait before a listener that failed `failures` times in a row is started again: full jitter, capped.

    Longer if the source asked for more, or if only a person can mend the fault.
    """
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures, 20))
    pause = longest * (0.5 + jitter() / 2)
    if isinstance(error, FetchError):
        asked = error.retry_after.total_seconds() if error.retry_after else 0.0
        return max(pause, asked, HOPELESS_PAUSE if error.permanent else 0.0)
    return pause


async def listen(
    name: str, settings: ListenerSettings, source: Listens, intake: Intake, lease: Lease | None = None
) -> None:
    """Run one listener until its lease is lost, for ever without one."""
    failures = 0
    while True:
        failure: LeitstandError | None = None
        try:
            heard = await asyncio.to_thread(_cursors, intake.engine, name)
            running = listening(intake.engine, name, source, settings, heard)
            async with aclosing(cast(AsyncGenerator[Batch, None], running)) as batches:
                async for batch in batches:
                    await asyncio.to_thread(intake.take, name, batch, lease)
                    failures = 0
        except OperationalError as error:
            log.warning("listener waits for PostgreSQL", listener=name, reason=type(error.orig).__name__)
        except LeaseLostError as error:
            log.warning("listener stops", listener=name, reason=str(error))
            return
        except LeitstandError as error:
            failure = error
            log.warning("listener failed", listener=name, reason=str(error))
            await asyncio.to_thread(_report, intake.engine, name, str(error), lease)
        except Exception as error:  # the outermost loop of one listener: the others go on
            log.exception("listener failed", listener=name)
            await asyncio.to_thread(_report, intake.engine, name, f"internal error: {type(error).__name__}", lease)
        failures += 1
        await asyncio.sleep(pause_after(failures, failure))


def _cursors(engine: Engine, name: str) -> dict[str, str]:
    with engine.connect() as connection:
        return cursors.cursors(connection, name)


def _report(engine: Engine, name: str, error: str, lease: Lease | None) -> None:
    try:
        with engine.begin() as connection:
            now = clock.now()
            cursors.report_status(connection, name, "", error=error, last_post_at=None, now=now)
            if lease:
                gaps.begin(connection, name, "", error, now)
    except SQLAlchemyError as failure:  # also where all connections of this process are taken
        log.warning("listener's state not stored", listener=name, reason=type(failure).__name__)


@dataclass
class Crew:
    """The listeners of this process: a task for each lease it holds."""

    sources: Mapping[str, tuple[ListenerSettings, Listens]]
    intake: Intake
    leases: Leases
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    # Its own thread: however many listeners wait for PostgreSQL, the leases are looked after.
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    async def tend(self) -> None:
        """Look after the leases: start what was won, stop what was lost."""
        loop = asyncio.get_running_loop()
        lost: tuple[str, ...]
        try:
            turn = loop.run_in_executor(self.thread, self.leases.turn)
            async with asyncio.timeout(self.leases.ttl.total_seconds()):
                lost = await turn
        except (SQLAlchemyError, TimeoutError) as error:
            log.warning("leases cannot be renewed", reason=type(error).__name__)
            lost = self.leases.overdue()
        ended = [name for name, task in self.tasks.items() if task.done()]
        await self._stop((*lost, *ended))
        won = [lease for name, lease in self.leases.held.items() if name not in self.tasks]
        for lease in won:
            settings, source = self.sources[lease.listener]
            running = partial(listen, lease.listener, settings, source, self.intake, lease)
            kept = keep(f"listen to {lease.listener}", running)
            self.tasks[lease.listener] = asyncio.create_task(kept, name=lease.listener)
        if won or lost:
            log.info("listening", listeners=sorted(self.tasks))

    async def leave(self) -> None:
        """Stop all, and let others have the leases."""
        await self._stop(tuple(self.tasks))
        with suppress(SQLAlchemyError):
            await asyncio.get_running_loop().run_in_executor(self.thread, self.leases.release)
        self.thread.shutdown(wait=False)

    async def _stop(self, names: tuple[str, ...]) -> None:
        tasks = [self.tasks.pop(name) for name in names if name in self.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def sources(settings: Settings) -> dict[str, tuple[ListenerSettings, Listens]]:
    """The enabled listeners that fetch by themselves, told the watchlists where their network filters for us."""
    found: dict[str, tuple[ListenerSettings, Listens]] = {}
    for name, entry in settings.listeners.items():
        source = plugins.load(plugins.SOURCES, entry.kind)
        if entry.enabled and isinstance(source, Listens):
            found[name] = (source.asking(entry, trees(settings)) if isinstance(source, Asks) else entry, source)
    return found


async def run(settings: Settings, intake: Intake) -> None:
    """Run what is this process's to run until SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    heard = sources(settings)
    crew = Crew(heard, intake, Leases(intake.engine, tuple(heard)))
    fetching = partial(calendars.keep_fresh, settings.rotas, intake.engine, intake.metrics)
    fresh = asyncio.create_task(keep("calendars", fetching), name="calendars")
    log.info("ready to listen", listeners=sorted(heard))
    while not stop.is_set():
        await crew.tend()
        with suppress(TimeoutError):
            async with asyncio.timeout(TURN):
                await stop.wait()
    fresh.cancel()
    await crew.leave()


def main(config: Path | str, slot: str = "listen") -> None:
    """Listen until SIGTERM, or until it is time to make way for a newer version."""
    configure_logging(slot)
    settings = setup.load(config)
    where = setup.place(settings)
    engine = setup.open_database(where, pool_size=4)
    queue = AssessQueue(queues.connect(where.redis_url))
    intake = Intake(engine, Watchlists(settings), queue, open_metrics(where.metrics_dir, slot))
    with succession.current(engine):
        asyncio.run(run(settings, intake))
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:3])
