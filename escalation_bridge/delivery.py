"""The delivery loop: one for each target, so that a target that is slow, dead or pausing delays no other.

    woken (NOTIFY) ─► claim what the rate and the pauses allow ─► send, several cases at once ─► record what came of it
                      claiming.py                                 attempt.py                     outcomes.py

This module decides nothing: it holds what is under way, keeps its leases and gives it back at the end.
"""

import asyncio
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from escalation_bridge import claiming, outbox
from escalation_bridge.attempt import attempt
from escalation_bridge.contract import Target
from escalation_bridge.outcomes import Observer, Outcomes
from escalation_bridge.rate import SpentError
from escalation_bridge.transactions import Transactions
from leitstand import clock
from leitstand.model import Delivery
from leitstand.settings import TargetSettings

log = structlog.get_logger()

CONCURRENCY = 8
GRACE = timedelta(seconds=10)
# The net under a NOTIFY that got lost, and the step in which ends of pauses and back-offs are noticed.
LOOK_EVERY = 1.0
WAIT_AFTER_FAULT = 1.0
# A sender that dies leaves what it was sending to others after this long; a living one renews in time.
LEASE = timedelta(seconds=9)
RENEW_EVERY = 3.0


async def run_target(
    name: str,
    target: Target,
    settings: TargetSettings,
    engine: Engine,
    wake: asyncio.Event,
    stop: asyncio.Event,
    observer: Observer,
    *,
    concurrency: int = CONCURRENCY,
    grace: timedelta = GRACE,
) -> None:
    """Deliver to one target until `stop`. Then what is under way may finish within `grace`, and the rest is given back.

    `wake` says that there may be something new. The target is closed at the end.
    """
    sender = _Sender(name, target, settings, engine, wake, observer, concurrency)
    watch = asyncio.create_task(stop.wait())
    watch.add_done_callback(lambda _: wake.set())
    try:
        while not stop.is_set():
            wake.clear()
            await _sleep_or_event(wake, await sender.start_due())
    finally:
        watch.cancel()
        try:
            await sender.finish(grace)
        finally:
            await target.close()


class _Sender:
    """What one loop holds: the deliveries under way."""

    def __init__(
        self,
        name: str,
        target: Target,
        settings: TargetSettings,
        engine: Engine,
        wake: asyncio.Event,
        observer: Observer,
        concurrency: int,
    ) -> None:
        self._name, self._target, self._settings, self._wake = name, target, settings, wake
        self._concurrency = concurrency
        self._database = Transactions(engine, name)
        self._outcomes = Outcomes(name, settings.max_age, LEASE, self._database, observer)
        self._under_way: dict[asyncio.Task[bool], Delivery] = {}
        self._renewed = self._spent_until = 0.0
        # Whether the last look took as much as it might, and how many there were.
        self._full, self._looks = False, 0
        self.log = log.bind(target=name)

    async def start_due(self) -> float:
        """Start what is due and allowed; return after how many seconds to look again."""
        now = asyncio.get_running_loop().time()
        await self._renew_in_time(now)
        self._full, self._looks = True, self._looks + 1
        if len(self._under_way) >= self._concurrency:
            return LOOK_EVERY
        if now < self._spent_until:  # nobody gives back what was taken of the rate
            return min(LOOK_EVERY, self._spent_until - now)
        try:
            seen = await self._database.run(self._look)
        except SpentError:
            return 0
        except SQLAlchemyError as error:
            self.log.error("cannot claim deliveries", reason=type(error).__name__)
            return WAIT_AFTER_FAULT
        except Exception:  # this target's outermost loop must outlive any fault
            self.log.exception("cannot claim deliveries")
            return WAIT_AFTER_FAULT
        self._full, self._spent_until = seen.full, asyncio.get_running_loop().time() + seen.wait
        for delivery in seen.claimed:
            task = asyncio.create_task(self._deliver(delivery))
            self._under_way[task] = delivery
            task.add_done_callback(self._ended)
        return min(LOOK_EVERY, seen.wait) if seen.full and seen.wait else LOOK_EVERY

    async def finish(self, grace: timedelta) -> None:
        """Let what is under way end within `grace`, then give it back as doubtful."""
        if self._under_way:
            await self._renew()
        if self._under_way:  # renewing took a moment, in which the last may have ended
            await asyncio.wait(list(self._under_way), timeout=grace.total_seconds())
        late = dict(self._under_way)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        try:
            for delivery in late.values():
                await self._database.run(partial(_give_back, delivery))
        except SQLAlchemyError as error:
            self.log.warning("leases run out by themselves", count=len(late), reason=type(error).__name__)
        self._database.close()

    def _look(self, connection: Connection) -> claiming.Look:
        under_way, per_second = len(self._under_way), self._settings.rate
        return claiming.look(connection, self._name, per_second, under_way, self._concurrency, LEASE, clock.now())

    async def _deliver(self, delivery: Delivery) -> bool:
        """Try it and record what came of it. True if something may be due that no look has seen."""
        result = await attempt(self._target, delivery, self._settings)
        looks = self._looks
        more = await self._outcomes.record(delivery, result)
        return more or self._looks != looks

    def _ended(self, task: asyncio.Task[bool]) -> None:
        delivery = self._under_way.pop(task)
        if not task.cancelled() and (fault := task.exception()):
            self.log.error("cannot end a delivery", key=delivery.key, exc_info=fault)
        if self._full or task.cancelled() or task.exception() or task.result():
            self._wake.set()

    async def _renew_in_time(self, now: float) -> None:
        if not self._under_way:
            self._renewed = now
        elif now >= self._renewed + RENEW_EVERY:
            self._renewed = now
            await self._renew()

    async def _renew(self) -> None:
        mine = list(self._under_way.values())
        try:
            await self._database.run(lambda c: outbox.renew(c, mine, LEASE, clock.now()))
        except SQLAlchemyError as error:
            self.log.error("cannot renew leases", count=len(mine), reason=type(error).__name__)


def _give_back(delivery: Delivery, connection: Connection) -> None:
    outbox.mark_unknown(connection, delivery, clock.now(), "the sender was stopped")


async def _sleep_or_event(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
