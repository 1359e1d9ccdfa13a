"""What may be read of X today, since each post costs, and what is left undone when it gets short. In this order:

a watchlist's share used up   it is taken out of the stream and of the search until midnight (UTC), the others go on
under 40 % left               posts of open cases are not looked up again before midnight
under 25 % left               what was missed is not fetched before midnight
under 10 % left               the stream pauses until midnight, only own mentions are read, at a fifth of the price
nothing left                  nothing is read until midnight
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from listeners.budget import Budget, DayBudget

LOOK_AGAIN: Final = 0.40
CATCH_UP: Final = 0.25
STREAM: Final = 0.10
PAGE, LEAST = 100, 10
OVER: Final = "its share of the day's budget is used up: it is not listened for before midnight UTC"
OWN_PRICE: Final = 5  # so many own mentions cost as much as one post


@dataclass
class Spending:
    """The budget that all parts of a listener share. `shares` are those of watchlists that may not have all of it.

    `looks_again`: posts are looked up again, so far as there is something left for it.
    """

    day: DayBudget
    shares: dict[str, DayBudget] = field(default_factory=dict)
    looks_again: bool = False

    def over(self, now: datetime) -> frozenset[str]:
        """The watchlists that have used up their share."""
        return frozenset(name for name, share in self.shares.items() if share.left(now) == 0)

    def shares_used(self) -> dict[str, int]:
        """What each of these watchlists has used on the day."""
        return {name: share.on_day(self.day.day) for name, share in self.shares.items()}

    def shares_told(self, now: datetime) -> tuple[tuple[str, Budget], ...]:
        """What each of these watchlists has left, for people."""
        told = ((name, share.told(now, OVER if share.left(now) == 0 else "")) for name, share in self.shares.items())
        return tuple((name, budget) for name, budget in told if budget)

    def again(self, now: datetime) -> int:
        """How many posts may be looked up again."""
        left = self.day.left(now)
        return PAGE if left is None else max(0, min(PAGE, left - int(self.day.allowed * LOOK_AGAIN)))

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

    def posts(self, count: int, now: datetime, by: Iterable[Collection[str]] = ()) -> None:
        """So many posts were read. `by` are the watchlists for which each was read; it counts for all of them."""
        self.day = self.day.spent(count, now)
        for names in by if self.shares else ():
            for name in names:
                if name in self.shares:
                    self.shares[name] = self.shares[name].spent(1, now)

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
        if self.looks_again and not self.again(now):
            return "the day's budget gets short: posts of open cases are not looked up again before midnight UTC"
        return ""
