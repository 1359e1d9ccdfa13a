"""Fires the deadlines that are due: together, and without one that cannot fire.

    due clocks ─ together ─► one commit
                    └─ fail ─► halved, down to the one that fails ─► told, left out, tried again alone after a pause

A clock that is left out stays due in PostgreSQL, so it is never lost; whether it has fired is decided there too, so
nothing is doubled. Only the pauses are remembered here: each sweeper has its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from escalation_bridge import outbox
from leitstand.clock import is_due
from leitstand.keeping import delay
from monitoring.metrics import Metrics
from triage import firing
from triage.firing import Due, Fired
from triage.policy import Policy
from triage.projects import opening

log = structlog.get_logger()

AT_ONCE = 500
MOST = 20  # where more than these fail in one turn it is no clock's fault


@dataclass(frozen=True, slots=True)
class Failed:
    """A clock that could not fire: when it was tried last, and how often."""

    at: datetime
    times: int

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be tried again."""
        return is_due(self.at, timedelta(seconds=delay(self.times)), now)


@dataclass
class Deadlines:
    """One sweeper's. `left_out` are the clocks that could not fire."""

    engine: Engine
    policy: Policy
    metrics: Metrics
    left_out: dict[Due, Failed] = field(default_factory=dict)

    def fire(self, now: datetime) -> bool:
        """Fire what is due: whether there may be more. Raises OperationalError, and a fault by which many fail."""
        try:
            together = partial(firing.fire_due, policy=self.policy, now=now, limit=AT_ONCE, but=self.left_out)
            claimed = self._fire(together, now)
        except OperationalError:
            raise
        except Exception as error:  # told of the clock that fails by it, or else here
            known = len(self.left_out)
            claimed = self._fire_without_the_faulty(now)
            if len(self.left_out) == known:
                log.warning("clocks that could not fire together have fired apart", exc_info=error)
        again = [[one] for one, failed in self.left_out.items() if failed.is_due(now)]
        self._fire_apart(again[:MOST], now)
        return claimed >= AT_ONCE

    def _fire_without_the_faulty(self, now: datetime) -> int:
        with self.engine.connect() as connection:
            waiting = firing.due(connection, now, AT_ONCE, but=self.left_out)
        self._fire_apart([waiting] if waiting else [], now)
        return len(waiting)

    def _fire_apart(self, parts: list[list[Due]], now: datetime) -> None:
        """Fire these parts, each in a transaction of its own, and the halves of those that fail."""
        most = len(self.left_out) + MOST
        while parts:
            part = parts.pop()
            try:
                claimed = self._fire(partial(firing.fire_these, policy=self.policy, now=now, these=part), now)
            except OperationalError:
                raise
            except Exception:
                if len(part) > 1:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
                    continue
                self._leave_out(part[0], now)
                if len(self.left_out) > most:
                    raise
            else:
                self._take_in(part, claimed)

    def _fire(self, fire: Callable[[Connection], Fired], now: datetime) -> int:
        """Fire in one transaction: how many were due."""
        with self.engine.begin() as connection:
            fired = fire(connection)
            numbers = [breach.number for breach in fired.breaches]
            outbox.add(connection, [*fired.notices, *opening.breached(connection, numbers, self.policy, now)], now)
        self._count(fired)
        return fired.claimed

    def _leave_out(self, one: Due, now: datetime) -> None:
        times = self.left_out[one].times + 1 if one in self.left_out else 1
        self.left_out[one] = Failed(now, times)
        if times == 1:
            log.exception("a clock cannot fire and is tried again; the others go on", case=one.number, clock=one.name)

    def _take_in(self, part: list[Due], claimed: int) -> None:
        for one in part:
            if self.left_out.pop(one, None) and claimed:
                log.info("a clock that could not fire has fired", case=one.number, clock=one.name)

    def _count(self, fired: Fired) -> None:
        for _, late in fired.delays:
            self.metrics.clock_fire_delay.observe(late)
        for breach in fired.breaches:
            channel = self.metrics.channels.label(breach.channel)
            self.metrics.sla_breaches.labels(breach.clock.value, channel, breach.severity.value).inc()
