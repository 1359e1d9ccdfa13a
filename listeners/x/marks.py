"""The cursors of X's parts: how far each has heard, and what the listener read on which day, as it knew by then."""

from typing import Self

import msgspec

from listeners.x.posts import UNREADABLE
from listeners.x.spending import Spending


class Spent(msgspec.Struct, frozen=True):
    """What was read on a day (UTC), in all and by watchlist. By itself, the cursor of a part that has no other mark."""

    day: str = ""
    used: int = 0
    shares: dict[str, int] = {}

    @classmethod
    def parse(cls, cursor: str) -> Self:
        """The beginning for what is no cursor of ours."""
        try:
            return msgspec.json.decode(cursor, type=cls)
        except UNREADABLE:
            return cls()

    def spent(self, spending: Spending) -> Self:
        """The same mark, with what was read by now."""
        day = spending.day
        return msgspec.structs.replace(self, day=day.day, used=day.used, shares=spending.shares_used())

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()


class Mark(Spent, frozen=True):
    """The stream's: the number up to which all was heard; 0: from now on."""

    since: int = 0

    def moved(self, since: int) -> "Mark":
        """The mark moved on."""
        return msgspec.structs.replace(self, since=since)


class Marks(Spent, frozen=True):
    """That of own mentions: the newest number heard of each account."""

    since: dict[str, int] = {}

    def moved(self, user: str, since: int) -> "Marks":
        """The mark of one account moved on."""
        return msgspec.structs.replace(self, since={**self.since, user: since})


def latest(*marks: Spent) -> Spent:
    """The mark that knows most of what was read."""
    return max(marks, key=lambda mark: (mark.day, mark.used))
