"""Deadlines as work that falls due: clocks fire, and what follows from that is told."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Engine

from escalation_bridge import outbox
from monitoring.metrics import Metrics
from triage import firing
from triage.firing import Due, Fired
from triage.policy import Policy
from triage.projects import opening


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Fires clocks."""

    engine: Engine
    policy: Policy
    metrics: Metrics

    def do(self, now: datetime, limit: int, but: Collection[Due]) -> int:
        """Fire the clocks that are due, but none of these."""
        return self._fire(partial(firing.fire_due, policy=self.policy, now=now, limit=limit, but=but), now)

    def do_these(self, now: datetime, these: Sequence[Due]) -> int:
        """Fire those of these that are due still."""
        return self._fire(partial(firing.fire_these, policy=self.policy, now=now, these=these), now)

    def due(self, now: datetime, limit: int, but: Collection[Due]) -> list[Due]:
        """The clocks that are due, but none of these."""
        with self.engine.connect() as connection:
            return firing.due(connection, now, limit, but=but)

    def named(self, one: Due) -> Mapping[str, int | str]:
        """A clock, as the log names it."""
        return {"case": one.number, "clock": one.name}

    def _fire(self, fire: Callable[[Connection], Fired], now: datetime) -> int:
        """Fire in one transaction: how many were due."""
        with self.engine.begin() as connection:
            fired = fire(connection)
            numbers = [breach.number for breach in fired.breaches]
            outbox.add(connection, [*fired.notices, *opening.breached(connection, numbers, self.policy, now)], now)
        self._count(fired)
        return fired.claimed

    def _count(self, fired: Fired) -> None:
        for _, late in fired.delays:
            self.metrics.clock_fire_delay.observe(late)
        for breach in fired.breaches:
            channel = self.metrics.channels.label(breach.channel)
            self.metrics.sla_breaches.labels(breach.clock.value, channel, breach.severity.value).inc()
