"""Working time: when a budget is used up, and how much of it lies between two moments.

`ALWAYS` is the calendar that never closes. A calendar is additive: what lies between a and c is what lies between a and
b plus what lies between b and c. All clock arithmetic rests on that.
"""

from datetime import datetime, timedelta
from typing import Protocol


class WorkingTime(Protocol):
    """When people work."""

    def after(self, start: datetime, work: timedelta) -> datetime:
        """The moment at which `work` of working time has passed since `start`."""

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from `start` to `end`; 0 where the end comes first."""


class _Always:
    def after(self, start: datetime, work: timedelta) -> datetime:
        return start + work

    def between(self, start: datetime, end: datetime) -> timedelta:
        return max(end - start, timedelta(0))


ALWAYS: WorkingTime = _Always()
