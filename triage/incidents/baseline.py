"""How many authors are usual at an hour: pure arithmetic on what is known of a watchlist so far.

    the same hour of earlier weeks → the same hour of the last days → the last hour or so → nothing

From the first day on there is something to compare with: each answer falls back to the next. Hours and minutes of an
incident are never learned from.
"""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

HOUR = timedelta(hours=1)
WEEKS, DAYS = 6, 7
_ENOUGH_WEEKS = 2
# After so long half of what the last hour says is forgotten; below so many minutes it says nothing yet.
_HALF_LIFE, _ENOUGH_MINUTES = 60.0, 30.0
# The chances that quiet times look like a spike in one window: where more than the number speaks for one, and where
# nothing else does.
SELDOM, NEVER = 2e-4, 1e-6

Source = Literal["week", "day", "hour", "nothing"]
Hours = Mapping[datetime, float]


@dataclass(frozen=True, slots=True)
class Usual:
    """How many authors a minute are usual, and by what that is known."""

    rate: float
    source: Source


@dataclass(frozen=True, slots=True)
class Lately:
    """The last minutes, those long ago weighing less: authors and minutes as weighed."""

    authors: float = 0.0
    minutes: float = 0.0

    def learn(self, count: int) -> "Lately":
        """With one more minute."""
        kept = 0.5 ** (1 / _HALF_LIFE)
        return Lately(self.authors * kept + count, self.minutes * kept + 1)

    @property
    def known(self) -> bool:
        """Whether it says anything yet."""
        return self.minutes >= _ENOUGH_MINUTES

    @property
    def rate(self) -> float:
        """Authors a minute."""
        return self.authors / self.minutes if self.minutes else 0.0


def remembered(hours: Hours, at: datetime) -> Usual | None:
    """What earlier weeks or days say of a time. `hours` are the mean authors a minute of the known complete hours."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    weeks = [around for back in range(1, WEEKS + 1) if (around := _around(hours, hour - back * timedelta(weeks=1)))]
    if len(weeks) >= _ENOUGH_WEEKS:
        # One more author in all that is known: never having heard any does not mean that none is to be expected.
        seen = sum(map(len, weeks))
        return Usual(statistics.median(sum(around) / len(around) for around in weeks) + 1 / (60 * seen), "week")
    days = [rate for back in range(1, DAYS + 1) for rate in _around(hours, hour - back * timedelta(days=1))]
    return Usual(max(days), "day") if days else None


def usual(known: Usual | None, lately: Lately) -> Usual:
    """What is usual now: what earlier weeks say, else the more of what earlier days and the last hour say."""
    if known is not None:
        return known if known.source == "week" else Usual(max(known.rate, lately.rate), "day")
    return Usual(lately.rate, "hour") if lately.known else Usual(0.0, "nothing")


def threshold(expected: float, minimum: int, factor: float, by_chance: float) -> int:
    """From how many authors on it is a spike: at least the minimum, and beyond what chance makes of `factor` times the
    expected number."""
    mean = expected * factor
    if mean > 200:
        return max(minimum, math.ceil(mean + 5 * math.sqrt(mean)))
    count, chance, below = 0, math.exp(-mean), 0.0
    while 1 - below > by_chance:
        below += chance
        count += 1
        chance *= mean / count
    return max(minimum, count)


def _around(hours: Hours, hour: datetime) -> list[float]:
    """The hour and those beside it: rhythms move by some minutes."""
    return [hours[h] for h in (hour - HOUR, hour, hour + HOUR) if h in hours]
