"""What YouTube lets a project read in a day, spread over that day. It begins at midnight in California."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from leitstand.errors import FetchError
from listeners.budget import Budget

PACIFIC: Final = ZoneInfo("America/Los_Angeles")


def day_of(now: datetime) -> str:
    """The day of the quota."""
    return now.astimezone(PACIFIC).date().isoformat()


def resets_at(now: datetime) -> datetime:
    """When the next day of the quota begins."""
    tomorrow = now.astimezone(PACIFIC).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), PACIFIC).astimezone(now.tzinfo)


@dataclass(slots=True)
class Quota:
    """`allowed` units a day, shared by all parts. Each keeps in its cursor what it has used; `used` has them all."""

    allowed: int
    day: str = ""
    used: dict[str, int] = field(default_factory=dict)

    def resume(self, part: str, day: str, used: int) -> None:
        """What a part's cursor says."""
        if day > self.day:
            self.day, self.used = day, {}
        if day == self.day:
            self.used[part] = used

    def spend(self, part: str, units: int, now: datetime) -> None:
        self._turn(now)
        self.used[part] = self.used.get(part, 0) + units

    def exhaust(self, part: str, now: datetime) -> None:
        """The network says that nothing is left, whatever we counted."""
        self.spend(part, self.left(now), now)

    def left(self, now: datetime) -> int:
        self._turn(now)
        return max(0, self.allowed - sum(self.used.values()))

    def check(self, now: datetime) -> None:
        """Raises FetchError if nothing is left."""
        if not self.left(now):
            reset = resets_at(now)
            raise FetchError(f"the day's quota is used up; it goes on at {reset:%H:%M} UTC", retry_after=reset - now)

    def pause(self, cost: float, now: datetime) -> float:
        """Seconds between two rounds of this cost, so that what is left lasts until the day ends."""
        return (resets_at(now) - now).total_seconds() * cost / max(1, self.left(now))

    def told(self, now: datetime) -> Budget:
        """For people."""
        left = self.left(now)
        return Budget(left, self.allowed, resets_at(now), "" if left else "nothing is read until then")

    def _turn(self, now: datetime) -> None:
        if self.day != (today := day_of(now)):
            self.day, self.used = today, {}
