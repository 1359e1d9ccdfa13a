"""Steps of escalations as work that falls due: runs take them, and what follows from that is done and told."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Engine

from escalation_bridge import outbox
from triage.policy import Policy
from triage.runs import advancing, outcomes, store
from triage.runs.advancing import Steps
from triage.runs.store import DueRun


@dataclass(frozen=True, slots=True)
class EscalationSteps:
    """Has runs take their steps."""

    engine: Engine
    policy: Policy

    def do(self, now: datetime, limit: int, but: Collection[DueRun]) -> int:
        """Take the steps that are due, but none of these runs'."""
        return self._take(partial(advancing.advance_due, policy=self.policy, now=now, limit=limit, but=but), now)

    def do_these(self, now: datetime, these: Sequence[DueRun]) -> int:
        """Take the steps of those of these runs that are due still."""
        return self._take(partial(advancing.advance_these, policy=self.policy, now=now, these=these), now)

    def due(self, now: datetime, limit: int, but: Collection[DueRun]) -> list[DueRun]:
        """The runs whose step is due, but none of these."""
        with self.engine.connect() as connection:
            return store.due(connection, now, limit, but=but)

    def named(self, one: DueRun) -> Mapping[str, int | str]:
        """A run, as the log names it."""
        return {"case": one.case_number, "run": one.id}

    def _take(self, take: Callable[[Connection], Steps], now: datetime) -> int:
        """Take steps in one transaction: how many were due."""
        with self.engine.begin() as connection:
            steps = take(connection)
            outbox.add(connection, [*steps.notices, *outcomes.do(connection, steps.does, self.policy, now)], now)
        return len(steps.delays)
