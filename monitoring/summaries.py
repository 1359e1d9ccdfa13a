"""What the stages' own summaries must tell to become gauges. What has the fields fits; the stages need not know."""

from datetime import datetime
from typing import Protocol


class OpenCases(Protocol):
    """How many open cases there are of one severity, channel and state."""

    @property
    def severity(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def count(self) -> int: ...


class TargetSummary(Protocol):
    """How one target stands. `oldest_at` is when the oldest of the pending notices was committed."""

    @property
    def target(self) -> str: ...
    @property
    def pending(self) -> int: ...
    @property
    def dead(self) -> int: ...
    @property
    def oldest_at(self) -> datetime | None: ...
    @property
    def paused_until(self) -> datetime | None: ...


class ListenerState(Protocol):
    """How one part of a listener is."""

    @property
    def listener(self) -> str: ...
    @property
    def up(self) -> bool: ...
    @property
    def last_success_at(self) -> datetime | None: ...
    def lag(self, now: datetime) -> float:
        """Seconds for which it has not been heard; 0 where it is well."""
        ...


class Backlog(Protocol):
    """What waits to be assessed."""

    @property
    def pending(self) -> int: ...
    @property
    def oldest_received_at(self) -> datetime | None: ...
