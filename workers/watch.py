"""What the sweep looks at every second beside deadlines: steps, incidents, escalations, rooms, digests, risks.

Escalations and risks are looked for among the cases that changed lately, and once a minute among all that are open.

Deadlines and steps must go on whatever is wrong with one of these: a look that fails is told, rests for a minute, and
keeps nothing else from its turn; one that takes long, or waits for a case that somebody holds, does so beside them.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from escalation_bridge import ledger, outbox
from leitstand.clock import NEVER, is_due
from leitstand.model import Notice
from triage.incidents import life as incidents
from triage.policy import Policy
from triage.projects import opening, reminding
from triage.risk import estimates, ruling
from triage.runs import outcomes
from workers import digests, rooms
from workers.resting import Resting

log = structlog.get_logger()

EVERY = timedelta(seconds=1)
THROUGH = timedelta(minutes=1)
REST = timedelta(minutes=1)
Look = Callable[[Connection, Policy, datetime], Iterable[Notice]]


def _answers(connection: Connection, policy: Policy, now: datetime) -> tuple[Notice, ...]:
    outcomes.note_answers(connection, ledger.answers(connection), now)
    return ()


def _escalations(connection: Connection, policy: Policy, now: datetime) -> list[Notice]:
    lately = opening.sweep(connection, policy, now, all_open=False)
    return [*lately, *reminding.sweep(connection, policy, now)]


def _risks(connection: Connection, policy: Policy, now: datetime, *, all_open: bool = True) -> tuple[Notice, ...]:
    estimates.refresh(connection, policy, now, all_open=all_open)
    return ()


LOOKS: dict[str, Look] = {
    "answers": _answers,
    "incidents": incidents.evaluate,
    "escalations": _escalations,
    "rooms": rooms.tell,
    "digests": digests.sweep,
    "risks": partial(_risks, all_open=False),
    "rules on open cases": ruling.sweep,
}
LOOKS_THROUGH: dict[str, Look] = {"all-escalations": opening.sweep, "all-risks": _risks}


def _told(look: str) -> None:
    log.exception("a look failed and rests for a minute; deadlines go on", look=look)


@dataclass
class Watch:
    """Looks, each in a transaction of its own. `through_at` is when one that looks through all was done last: a slow
    sweep does it late, and never leaves it out.
    """

    engine: Engine
    policy: Policy
    resting: Resting = field(default_factory=lambda: Resting(REST, _told))
    through_at: dict[str, datetime] = field(default_factory=dict)

    def look(self, now: datetime) -> None:
        """Look once. Raises OperationalError where PostgreSQL is away."""
        for name, look in LOOKS.items():
            self.resting.do(name, partial(self._look, look), now)
        for name, look in LOOKS_THROUGH.items():
            if is_due(self.through_at.get(name, NEVER), THROUGH, now):
                self.resting.do(name, partial(self._look, look), now)
                self.through_at[name] = now

    def _look(self, look: Look, now: datetime) -> None:
        with self.engine.begin() as connection:
            outbox.add(connection, list(look(connection, self.policy, now)), now)


class Looks(Protocol):
    """Whoever looks when told to."""

    def look(self, now: datetime) -> None:
        """Look once, or see to it."""
        ...


class Aside:
    """Looks in a thread of its own, one at a time: whoever asks for the next one while it lasts does not wait."""

    def __init__(self, watch: Looks) -> None:
        self._watch = watch
        self._looking: threading.Thread | None = None

    def look(self, now: datetime) -> None:
        """Begin to look, unless the look before goes on."""
        if self._looking is None or not self._looking.is_alive():
            self._looking = threading.Thread(target=self._look, args=(now,), name="looks", daemon=True)
            self._looking.start()

    def leave(self, patience: float) -> bool:
        """Whether the look that goes on has ended, within so many seconds."""
        if self._looking:
            self._looking.join(patience)
        return not (self._looking and self._looking.is_alive())

    def _look(self, now: datetime) -> None:
        try:
            self._watch.look(now)
        except OperationalError as error:
            log.warning("looks wait for PostgreSQL", reason=type(error.orig).__name__)
        except Exception:  # the thread's outermost frame
            log.exception("looking failed; deadlines go on")
