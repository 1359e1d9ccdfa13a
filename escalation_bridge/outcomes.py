"""Records what came of one target's attempts, and tells it: to the log, and to whoever counts.

taken  ──► one transaction for all that was taken meanwhile (recording.py) ──► sent
failed ──► what follows is decided (decide.py) ──► pending, unknown or dead, and how the target stands
"""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from escalation_bridge import decide, outbox, pauses
from escalation_bridge.attempt import ExpiredError, Failure
from escalation_bridge.outbox import Taken
from escalation_bridge.recording import Recorder
from escalation_bridge.transactions import Transactions
from leitstand import clock
from leitstand.errors import DeliveryOutcome
from leitstand.model import Delivery, NoticeType, Receipt

log = structlog.get_logger()

# Notices committed so soon after the case was opened are about the post itself, not about a deadline.
ABOUT_THE_POST = timedelta(seconds=5)
WAIT_AFTER_FAULT = 1.0
_random = random.SystemRandom().random


class Observer(Protocol):
    """Is told what happened, to count it."""

    def attempted(self, target: str, outcome: str) -> None:
        """An attempt ended: "sent", "expired" (too old, not tried again) or a DeliveryOutcome."""
        ...

    def delivered(self, target: str, seconds_since_received: float) -> None:
        """A notice about a new case was taken, so long after its post came in."""
        ...


class Outcomes:
    """Those of one target. `lease` is how long a delivery stays the sender's while its record cannot be written."""

    def __init__(
        self, target: str, max_age: timedelta, lease: timedelta, database: Transactions, observer: Observer
    ) -> None:
        self._target, self._max_age, self._lease = target, max_age, lease
        self._database, self._observer = database, observer
        self._recorder = Recorder(lambda taken: database.run(partial(_mark_sent, target, taken)))
        self._log = log.bind(target=target)

    async def record(self, delivery: Delivery, result: Receipt | Failure) -> bool:
        """Write it down, if need be again and again until the lease is over. True if more of the case may be due."""
        give_up = clock.now() + self._lease
        while True:
            try:
                if isinstance(result, Receipt):
                    return await self._taken(delivery, result, clock.now())
                return await self._failed(delivery, result, clock.now())
            except SQLAlchemyError as error:
                self._log.error("cannot record a delivery", key=delivery.key, reason=type(error).__name__)
                if clock.now() >= give_up:
                    return True
                await asyncio.sleep(WAIT_AFTER_FAULT)

    async def _taken(self, delivery: Delivery, receipt: Receipt, now: datetime) -> bool:
        more = await self._recorder.record(Taken(delivery, receipt, now))
        if more is None:  # it is another sender's by now, who records it
            return True
        self._observer.attempted(self._target, "sent")
        about_the_post = delivery.created_at - delivery.case.opened_at <= ABOUT_THE_POST
        if about_the_post and delivery.type in (NoticeType.CASE_OPENED, NoticeType.CASE_ESCALATED):
            self._observer.delivered(self._target, (now - delivery.case.opened_at).total_seconds())
        self._log.info("delivered", key=delivery.key, case=delivery.case.number, attempt=delivery.attempt)
        return more

    async def _failed(self, delivery: Delivery, failure: Failure, now: datetime) -> bool:
        marked = partial(_mark_failed, self._target, delivery, failure, self._max_age, now)
        state, status = await self._database.run(marked)
        error, expired = failure.error, isinstance(failure.error, ExpiredError)
        self._observer.attempted(self._target, "expired" if expired else error.outcome.value)
        about = {"key": delivery.key, "case": delivery.case.number, "attempt": delivery.attempt, "reason": str(error)}
        if state == "dead":
            self._log.error("dead letter", **about, outcome=error.outcome.value, expired=expired)
        else:
            self._log.warning("not delivered", **about, outcome=error.outcome.value)
        if error.outcome is DeliveryOutcome.UNAUTHORISED:
            self._log.error("the target does not let us in", paused_until=status.paused_until)
        return True


def _mark_sent(target: str, taken: Sequence[Taken], connection: Connection) -> dict[int, bool]:
    """Which of them are recorded; True for those after which something may be due."""
    back = pauses.note_success(connection, target, taken[-1].at)
    return {number: more or back for number, more in outbox.mark_sent(connection, taken).items()}


def _mark_failed(
    target: str, delivery: Delivery, failure: Failure, max_age: timedelta, now: datetime, connection: Connection
) -> tuple[str, pauses.TargetStatus]:
    error, said = failure.error, str(failure.error)
    if isinstance(error, ExpiredError):
        outbox.mark_expired(connection, delivery, now, said)
        return "dead", pauses.status(connection, target)
    since = delivery.retried_at or delivery.created_at
    verdict = decide.after_failure(error, delivery.attempt, since, max_age, now, _random)
    if verdict.state == "dead":
        outbox.mark_dead(connection, delivery, now, said)
    elif verdict.state == "unknown" or failure.doubtful:
        outbox.mark_unknown(connection, delivery, verdict.at, said)
    else:
        outbox.mark_retry(connection, delivery, verdict.at, said)
    after = partial(decide.target_after_failure, error, now=now)
    return verdict.state, pauses.note_failure(connection, target, said, now, after)
