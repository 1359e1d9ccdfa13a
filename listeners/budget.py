"""What a network lets us read in a period, and what is left of it. The table listener_budgets keeps it for people.

A source counts in its own cursor, which is committed with what it read; the table only repeats it for the gauges and
`leitstand listeners status`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection, text

_KEEP = text(
    "INSERT INTO listener_budgets (listener, part, remaining, allowed, resets_at, note)"
    " VALUES (:listener, :part, :remaining, :allowed, :resets_at, :note) ON CONFLICT (listener, part) DO UPDATE SET"
    " remaining = excluded.remaining, allowed = excluded.allowed, resets_at = excluded.resets_at, note = excluded.note"
)
_READ = text("SELECT listener, part, remaining, allowed, resets_at, note FROM listener_budgets ORDER BY listener, part")


SHARE = "watchlist "  # how the part of a watchlist with a budget of its own begins


@dataclass(frozen=True, slots=True)
class Budget:
    """`remaining` of `allowed` reads until `resets_at`. `note` says what is left undone to save, "" for nothing.

    `part` is whose it is, where it comes from the table.
    """

    remaining: int
    allowed: int
    resets_at: datetime
    note: str = ""
    part: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class DayBudget:
    """Reads counted by the UTC day. `allowed` 0 means that nobody set a limit."""

    allowed: int
    day: str = ""
    used: int = 0

    def on(self, now: datetime) -> "DayBudget":
        """The budget of this day: a new day begins with nothing used."""
        today = now.astimezone(UTC).date().isoformat()
        return self if self.day == today else replace(self, day=today, used=0)

    def on_day(self, day: str) -> int:
        """What was used on a day, as far as this knows."""
        return self.used if self.day == day else 0

    def spent(self, reads: int, now: datetime) -> "DayBudget":
        """After so many more reads."""
        today = self.on(now)
        return replace(today, used=today.used + reads)

    def left(self, now: datetime) -> int | None:
        """How many may still be read today; None without a limit."""
        return max(0, self.allowed - self.on(now).used) if self.allowed else None

    def share_left(self, now: datetime) -> float:
        """The part of the day's budget that is left, 1 without a limit."""
        left = self.left(now)
        return 1.0 if left is None else left / self.allowed

    def told(self, now: datetime, note: str = "") -> Budget | None:
        """For people; None without a limit."""
        left = self.left(now)
        return None if left is None else Budget(left, self.allowed, next_day(now), note)


def next_day(now: datetime) -> datetime:
    """The next midnight in UTC."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)


def keep(connection: Connection, listener: str, part: str, budget: Budget) -> None:
    """Remember what is left for a part of a listener."""
    values = {"remaining": budget.remaining, "allowed": budget.allowed, "resets_at": budget.resets_at}
    connection.execute(_KEEP, {"listener": listener, "part": part, "note": budget.note, **values})


def budgets(connection: Connection, now: datetime) -> Mapping[str, list[Budget]]:
    """What is left, by listener; a period that is over has begun anew."""
    found: dict[str, list[Budget]] = {}
    for listener, part, remaining, allowed, resets_at, note in connection.execute(_READ):
        fresh = resets_at <= now
        left = Budget(allowed, allowed, resets_at) if fresh else Budget(remaining, allowed, resets_at, note)
        left = replace(left, part=part)
        found.setdefault(listener, []).append(left)
    return found


def of_part(budgets: Sequence[Budget], part: str) -> Sequence[Budget]:
    """The budgets that concern a part: a watchlist's own, or those of all others."""
    return [b for b in budgets if b.part == part or (not part.startswith(SHARE) and not b.part.startswith(SHARE))]


def remaining(connection: Connection, now: datetime) -> dict[str, int]:
    """What each listener that counts may still read: the least of its parts, watchlists' shares apart."""
    by_listener = {name: of_part(parts, "") for name, parts in budgets(connection, now).items()}
    return {name: min(b.remaining for b in parts) for name, parts in by_listener.items() if parts}


def shares(connection: Connection, now: datetime) -> dict[tuple[str, str], int]:
    """What a listener may still read for each watchlist that has a share of its own."""
    return {
        (name, share.part.removeprefix(SHARE)): share.remaining
        for name, parts in budgets(connection, now).items()
        for share in parts
        if share.part.startswith(SHARE)
    }
