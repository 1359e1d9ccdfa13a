"""The delivery loop: one for each target, so that a target that is slow, dead or pausing delays no other.

    woken (NOTIFY) ─► claim what the rate and the pauses allow ─► send, several cases at once ─► record what came of it

One attempt is attempt.py's, what follows from its failure is decided in decide.py; this module only acts.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from escalation_bridge import decide, outbox, pauses
from escalation_bridge.attempt import ExpiredError, Failure, attempt
from escalation_bridge.contract import Target
from escalation_bridge.outbox import Taken
from escalation_bridge.rate import Bucket
from escalation_bridge.recording import Recorder
from leitstand import clock
from leitstand.errors import DeliveryOutcome
from leitstand.model import Delivery, NoticeType, Receipt
from leitstand.settings import TargetSettings

log = structlog.get_logger()

T = TypeVar("T")

CONCURRENCY = 8
GRACE = timedelta(seconds=10)
# The net under a NOTIFY that got lost, and the step in which ends of pauses and back-offs are noticed.
LOOK_EVERY = 1.0
WAIT_AFTER_FAULT = 1.0
# A sender that dies leaves what it was sending to others after this long; a living one renews in time.
LEASE = timedelta(seconds=9)
RENEW_EVERY = 3.0
# Notices committed so soon after the case was opened are about the post itself, not about a deadline.
ABOUT_THE_POST = timedelta(seconds=5)
_random = random.SystemRandom().random


class Observer(Protocol):
    """Is told what happened, to count it."""

    def attempted(self, target: str, outcome: str) -> None:
        """An attempt ended: "sent", "expired" (too old, not tried again) or a DeliveryOutcome."""
        ...

    def delivered(self, target: str, seconds_since_received: float) -> None:
        """A notice about a new case was taken, so long after its post came in."""
        ...


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
    """What one loop holds: the deliveries under way, and its own threads for the database.

    The threads are its own because the default ones also resolve names, and one target's dead resolver would take all.
    """

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
        self.name, self.target, self.settings, self.observer = name, target, settings, observer
        self.engine, self.wake, self.concurrency = engine, wake, concurrency
        self.renewed = 0.0
        # Whether the last look took as much as it might, and how many there were.
        self.full, self.looks = False, 0
        self.recorder = Recorder(lambda taken: self._database(partial(self._mark_sent, taken)))
        self.bucket = Bucket(settings.rate, asyncio.get_running_loop().time())
        self.under_way: dict[asyncio.Task[bool], Delivery] = {}
        self.threads = ThreadPoolExecutor(2, thread_name_prefix=f"deliver-{name}")
        self.log = log.bind(target=name)

    async def start_due(self) -> float:
        """Start what is due and allowed; return after how many seconds to look again."""
        now = asyncio.get_running_loop().time()
        if not self.under_way:
            self.renewed = now
        elif now >= self.renewed + RENEW_EVERY:
            self.renewed = now
            await self._renew()
        tokens = self.bucket.take(self.concurrency - len(self.under_way), now)
        self.full, self.looks = True, self.looks + 1
        if not tokens:
            return LOOK_EVERY if len(self.under_way) >= self.concurrency else self.bucket.wait()
        try:
            claimed, limit = await self._database(partial(self._claim, tokens, len(self.under_way), clock.now()))
        except Exception as error:  # this target's outermost loop must outlive any fault
            self.bucket.put_back(tokens)
            self.log.error(
                "cannot claim deliveries", reason=type(error).__name__, exc_info=not isinstance(error, SQLAlchemyError)
            )
            return WAIT_AFTER_FAULT
        self.full = len(claimed) == limit
        self.bucket.put_back(tokens - len(claimed))
        for delivery in claimed:
            task = asyncio.create_task(self._deliver(delivery))
            self.under_way[task] = delivery
            task.add_done_callback(self._ended)
        return 0 if len(claimed) == tokens else LOOK_EVERY

    async def finish(self, grace: timedelta) -> None:
        """Let what is under way end within `grace`, then give it back as doubtful."""
        if self.under_way:
            await self._renew()
        if self.under_way:  # renewing took a moment, in which the last may have ended
            await asyncio.wait(list(self.under_way), timeout=grace.total_seconds())
        late = dict(self.under_way)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        try:
            for delivery in late.values():
                await self._database(partial(self._give_back, delivery, now=clock.now()))
        except SQLAlchemyError as error:
            self.log.warning("leases run out by themselves", count=len(late), reason=type(error).__name__)
        self.threads.shutdown(wait=False)

    async def _renew(self) -> None:
        mine = list(self.under_way.values())
        try:
            await self._database(lambda c: outbox.renew(c, mine, LEASE, clock.now()))
        except SQLAlchemyError as error:
            self.log.error("cannot renew leases", count=len(mine), reason=type(error).__name__)

    def _ended(self, task: asyncio.Task[bool]) -> None:
        delivery = self.under_way.pop(task)
        if not task.cancelled() and (fault := task.exception()):
            self.log.error("cannot end a delivery", key=delivery.key, exc_info=fault)
        if self.full or task.cancelled() or task.exception() or task.result():
            self.wake.set()

    async def _deliver(self, delivery: Delivery) -> bool:
        """Try it and record what came of it. True if something may be due that no look has seen."""
        result = await attempt(self.target, delivery, self.settings)
        give_up = clock.now() + LEASE
        while True:
            try:
                return await self._record(delivery, result)
            except SQLAlchemyError as error:
                self.log.error("cannot record a delivery", key=delivery.key, reason=type(error).__name__)
                if clock.now() >= give_up:
                    return True
                await asyncio.sleep(WAIT_AFTER_FAULT)

    async def _record(self, delivery: Delivery, result: Receipt | Failure) -> bool:
        now = clock.now()
        if isinstance(result, Receipt):
            looks = self.looks
            more = await self.recorder.record(Taken(delivery, result, now))
            if more is not None:
                self._tell_sent(delivery, now)
            return more is not False or self.looks != looks
        state, status = await self._database(partial(self._mark_failed, delivery, result, now))
        expired = isinstance(result.error, ExpiredError)
        self.observer.attempted(self.name, "expired" if expired else result.error.outcome.value)
        about = {"key": delivery.key, "case": delivery.case.number, "attempt": delivery.attempt}
        outcome = result.error.outcome.value
        if state == "dead":
            self.log.error("dead letter", **about, outcome=outcome, expired=expired)
        else:
            self.log.warning("not delivered", **about, outcome=outcome)
        if result.error.outcome is DeliveryOutcome.UNAUTHORISED:
            self.log.error("the target does not let us in", paused_until=status.paused_until)
        return True

    def _tell_sent(self, delivery: Delivery, now: datetime) -> None:
        self.observer.attempted(self.name, "sent")
        about_the_post = delivery.created_at - delivery.case.opened_at <= ABOUT_THE_POST
        if about_the_post and delivery.type in (NoticeType.CASE_OPENED, NoticeType.CASE_ESCALATED):
            self.observer.delivered(self.name, (now - delivery.case.opened_at).total_seconds())
        self.log.info("delivered", key=delivery.key, case=delivery.case.number, attempt=delivery.attempt)

    # The following run in a thread, each in one transaction.

    async def _database(self, work: Callable[[Connection], T]) -> T:
        def in_transaction() -> T:
            with self.engine.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self.threads, in_transaction)

    def _claim(self, tokens: int, under_way: int, now: datetime, connection: Connection) -> tuple[list[Delivery], int]:
        """What is due, and how much of it might be taken."""
        status = pauses.status(connection, self.name)
        limit = min(tokens, decide.may_send(status, under_way, self.concurrency, now))
        if not limit:
            return [], 0
        return outbox.claim(connection, self.name, limit, LEASE, now, probing=decide.probing(status)), limit

    def _mark_sent(self, taken: Sequence[Taken], connection: Connection) -> dict[int, bool]:
        """Which of them are recorded; True for those after which something may be due."""
        back = pauses.note_success(connection, self.name, taken[-1].at)
        return {number: more or back for number, more in outbox.mark_sent(connection, taken).items()}

    def _mark_failed(
        self, delivery: Delivery, failure: Failure, now: datetime, connection: Connection
    ) -> tuple[str, pauses.TargetStatus]:
        error, said = failure.error, str(failure.error)
        since = delivery.retried_at or delivery.created_at
        verdict = decide.after_failure(error, delivery.attempt, since, self.settings.max_age, now, _random)
        if verdict.state == "dead":
            outbox.mark_dead(connection, delivery, now, said)
        elif verdict.state == "unknown" or failure.doubtful:
            outbox.mark_unknown(connection, delivery, verdict.at, said)
        else:
            outbox.mark_retry(connection, delivery, verdict.at, said)
        if isinstance(error, ExpiredError):
            return verdict.state, pauses.status(connection, self.name)
        after = partial(decide.target_after_failure, error, now=now)
        return verdict.state, pauses.note_failure(connection, self.name, said, now, after)

    def _give_back(self, delivery: Delivery, connection: Connection, *, now: datetime) -> None:
        outbox.mark_unknown(connection, delivery, now, "the sender was stopped")


async def _sleep_or_event(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
