"""When to look at a feed again: pure arithmetic.

A feed is asked about four times in the time that usually lies between two of its items, within the operator's bounds.
What it says itself (ttl, sy:updatePeriod, Cache-Control, Expires) makes that longer, but never longer than the longest:
a feed that promises to change once a day must not silence a watch. Only Retry-After can do that.
"""

import random
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from statistics import fmean
from typing import Final

ITEMS_LOOKED_AT: Final = 10
ASKED_PER_ITEM: Final = 4
LONGEST_AFTER_FAILURE: Final = timedelta(hours=1)
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The operator's limits."""

    shortest: timedelta
    longest: timedelta

    def clamp(self, seconds: float) -> float:
        return min(max(seconds, self.shortest.total_seconds()), self.longest.total_seconds())


def every(written: Iterable[datetime | None], now: datetime, hint: float, bounds: Bounds) -> float:
    """Seconds between two looks, from the dates of a feed's items (None: undated) and from what it says itself."""
    dates = sorted((d for d in written if d is not None and d <= now), reverse=True)[:ITEMS_LOOKED_AT]
    gaps = [(later - earlier).total_seconds() for later, earlier in pairwise([now, *dates])]
    if len(gaps) < 2:
        # Nothing to go by: the geometric middle.
        usual = (bounds.shortest.total_seconds() * bounds.longest.total_seconds()) ** 0.5
    else:
        usual = fmean(gaps) / ASKED_PER_ITEM
    return bounds.clamp(max(usual, hint))


def hint(headers: Mapping[str, str], now: datetime) -> float:
    """For how many seconds a server says that its answer stays fresh; 0 where it does not say."""
    control = headers.get("cache-control", "").lower()
    if "no-cache" in control or "no-store" in control:
        return 0.0
    if found := _MAX_AGE.search(control):
        return max(0.0, float(found[1]) - _seconds(headers.get("age", "")))
    try:
        until = parsedate_to_datetime(headers.get("expires", ""))
    except ValueError:
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def after_failure(
    failures: int, bounds: Bounds, retry_after: timedelta | None, jitter: Callable[[], float] = random.random
) -> float:
    """Seconds to wait after so many failures in a row: doubling, and never before the server wants it."""
    longest = max(bounds.longest, min(LONGEST_AFTER_FAILURE, bounds.longest * 4)).total_seconds()
    wait = min(longest, bounds.shortest.total_seconds() * 2.0 ** min(failures, 20))
    return max(spread(wait, jitter), retry_after.total_seconds() if retry_after else 0.0)


def spread(seconds: float, jitter: Callable[[], float] = random.random) -> float:
    """Up to a tenth earlier or later, so that feeds do not march in step."""
    return seconds * (0.9 + 0.2 * jitter())


def _seconds(value: str) -> float:
    return float(value[:9]) if value.isascii() and value.isdigit() else 0.0
