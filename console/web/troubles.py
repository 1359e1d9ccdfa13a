"""What the wall says of the house itself: who is not heard, and who cannot be told. An empty wall may be a deaf one."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from escalation_bridge import ledger
from leitstand.settings import Settings
from listeners import cursors

KEPT = timedelta(seconds=5)  # a wall is read anew with every change, by everybody


@dataclass(frozen=True, slots=True)
class Troubles:
    """How many listeners are not heard, and how many targets wait or have dead letters."""

    deaf: int
    stuck: int


class House:
    """Looks at most every few seconds, whoever asks."""

    def __init__(self, database: Engine, settings: Settings) -> None:
        self._database = database
        self._configured = {name for name, entry in settings.listeners.items() if entry.enabled}
        self._lock = threading.Lock()
        self._seen: tuple[datetime, Troubles] | None = None

    def troubles(self, now: datetime) -> Troubles:
        """How it is, or was a moment ago."""
        with self._lock:
            if self._seen is None or now - self._seen[0] >= KEPT:
                self._seen = now, self._look(now)
            return self._seen[1]

    def _look(self, now: datetime) -> Troubles:
        with self._database.connect() as connection:
            heard, told = cursors.hearing(connection), ledger.summary(connection)
        deaf = {state.listener for state in heard if not state.up} & self._configured
        stuck = [one for one in told if one.dead or (one.paused_until is not None and one.paused_until > now)]
        return Troubles(len(deaf), len(stuck))
