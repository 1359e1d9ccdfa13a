"""What may be read of X today, since each post costs, and what is left undone when it gets short. In this order:

under 25 % left   what was missed is not fetched before midnight (UTC)
under 10 % left   the stream pauses until midnight, only own mentions are read, at a fifth of the price
nothing left      nothing is read until midnight
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from listeners.budget import Budget, DayBudget

CATCH_UP: Final = 0.25
STREAM: Final = 0.10
PAGE, LEAST = 100, 10
OWN_PRICE: Final = 5  # so many own mentions cost as much as one post


@dataclass
class Spending:
    """The budget that all parts of a listener share."""

    day: DayBudget

    def may_catch_up(self, now: datetime) -> bool:
        """Whether what was missed may be fetched."""
        return self.page(now) > 0

    def page(self, now: datetime) -> int:
        """How many posts a page of what was missed may have, 0 for no page. X gives 10 to 100."""
        left = self.day.left(now)
        room = PAGE if left is None else min(PAGE, left - int(self.day.allowed * CATCH_UP))
        return room if room >= LEAST else 0

    def may_stream(self, now: datetime) -> bool:
        """Whether the stream may run."""
        return self.day.share_left(now) >= STREAM

    def may_read(self, now: datetime) -> bool:
        """Whether anything may be read."""
        return self.day.share_left(now) > 0

    def posts(self, count: int, now: datetime) -> None:
        """So many posts were read."""
        self.day = self.day.spent(count, now)

    def own(self, count: int, now: datetime) -> None:
        """So many mentions of own accounts were read."""
        self.day = self.day.spent(-(-count // OWN_PRICE), now)

    def told(self, now: datetime) -> Budget | None:
        """What is left, and what is left undone."""
        return self.day.told(now, self.note(now))

    def note(self, now: datetime) -> str:
        """What is left undone, "" for nothing."""
        if not self.may_read(now):
            return "the day's budget is used up: nothing is read before midnight UTC"
        if not self.may_stream(now):
            return "the day's budget is nearly used up: only own mentions are read before midnight UTC"
        if not self.may_catch_up(now):
            return "the day's budget gets short: what was missed is not fetched before midnight UTC"
        return ""
