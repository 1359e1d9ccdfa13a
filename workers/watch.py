"""What the sweep looks at every second beside deadlines: steps, incidents, escalations, rooms, digests, risks.

Deadlines and steps must go on whatever is wrong with one of these: a look that fails is told, rests for a minute, and
keeps nothing else from its turn.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from escalation_bridge import ledger, outbox
from leitstand.model import Notice
from triage import doing
from triage.incidents import life as incidents
from triage.policy import Policy
from triage.projects import opening, reminding
from triage.risk import estimates, ruling
from workers import digests, rooms

log = structlog.get_logger()

EVERY = timedelta(seconds=1)
REST = timedelta(minutes=1)
Look = Callable[[Connection, Policy, datetime], Iterable[Notice]]


def _answers(connection: Connection, policy: Policy, now: datetime) -> tuple[Notice, ...]:
    doing.note_answers(connection, ledger.answers(connection), now)
    return ()


def _escalations(connection: Connection, policy: Policy, now: datetime) -> list[Notice]:
    return [*opening.sweep(connection, policy, now), *reminding.sweep(connection, policy, now)]


def _risks(connection: Connection, policy: Policy, now: datetime) -> tuple[Notice, ...]:
    estimates.refresh(connection, policy, now)
    return ()


LOOKS: dict[str, Look] = {
    "answers": _answers,
    "incidents": incidents.evaluate,
    "escalations": _escalations,
    "rooms": rooms.tell,
    "digests": digests.sweep,
    "risks": _risks,
    "rules on open cases": ruling.sweep,
}


@dataclass
class Watch:
    """Looks, each in a transaction of its own. `resting` is until when one that failed is left alone."""

    engine: Engine
    policy: Policy
    resting: dict[str, datetime] = field(default_factory=dict)

    def look(self, now: datetime) -> None:
        """Look once. Raises OperationalError where PostgreSQL is away."""
        for name, look in LOOKS.items():
            if now < self.resting.get(name, now):
                continue
            try:
                with self.engine.begin() as connection:
                    outbox.add(connection, list(look(connection, self.policy, now)), now)
            except OperationalError:
                raise
            except Exception:  # a fault in one must not make deadlines late
                self.resting[name] = now + REST
                log.exception("a look failed and rests for a minute; deadlines go on", look=name)
