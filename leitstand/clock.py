"""The one place that reads the wall clock. Everything else is handed a `now`."""

from datetime import UTC, datetime, timedelta
from typing import Final

NEVER: Final = datetime.min.replace(tzinfo=UTC)


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def is_due(last: datetime, every: timedelta, now: datetime) -> bool:
    """Whether what was done at `last` is to be done again; also where the clock was set back since: it may be hours."""
    return not last <= now < last + every
