"""When something was written, as networks write times. Pure."""

from datetime import UTC, datetime


def time_of(text: str, now: datetime) -> datetime:
    """The time in UTC, also where no zone is said; never in the future, and now where nothing sensible is said."""
    try:
        said = datetime.fromisoformat(text)
        written = min(said if said.tzinfo else said.replace(tzinfo=UTC), now).astimezone(UTC)
    except (ValueError, OverflowError):
        return now
    return written if written.year >= 1970 else now
